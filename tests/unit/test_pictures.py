"""What notebooks show: one line of text, a picture of few points, the first rows; at once for any size."""

import re
from typing import Any

import numpy as np
import pytest
from html_pages import PageText

import btcore as bt
from btcore.pictures import POINTS, count_picture, curve_picture, line_picture, shown, text_table

BARS = bt.sample_bars("A")
ROWS = np.arange(len(BARS))
EVIL = "<img src=x>&"


def objects() -> dict[str, Any]:
    side = np.where(ROWS % 2, 1, -1)
    return {
        "bars": BARS,
        "quotes": bt.sample_quotes("A"),
        "trades": bt.sample_trades("A"),
        "orders": bt.Orders(bars=BARS, symbol="A", side=side, quantity=2.0, limit_price=100.0),
        "targets": bt.Targets(BARS.end, "A", 0.5),
        "signals": bt.Signals(BARS, ROWS % 9 == 0, ROWS % 9 == 4),
        "result": bt.run({"A": BARS}, "buy_and_hold"),
    }


OBJECTS = objects()


@pytest.mark.parametrize("name", OBJECTS)
def test_the_text_is_one_short_line_and_html_begins_with_it(name: str) -> None:
    made = OBJECTS[name]
    text = repr(made)
    assert len(text) < 200
    assert "\n" not in text
    page = PageText(made._repr_html_())
    assert page.text.startswith(text)
    assert page.loads == []
    assert {"svg", "table"} <= set(page.tags)
    assert len(made._repr_html_()) < 20_000


def test_a_picture_has_the_first_the_last_and_at_most_500_points() -> None:
    times = np.arange(100_001, dtype=np.int64)
    svg = curve_picture(times, times.astype(np.float64))
    points = re.findall(r"([\d.]+),([\d.]+)", svg.partition('points="')[2].partition('"')[0])
    assert len(points) == POINTS
    assert points[0] == ("1.0", "62.0")
    assert points[-1] == ("419.0", "2.0")
    assert "1 in 200 of 100,001 rows" in svg
    assert ">100,000</text>" in svg


@pytest.mark.parametrize(
    ("value", "text"),
    [(1_113_373.09, "1,113,373"), (985_654.3, "985,654"), (1.23456789, "1.23457"), (0.00001, "1e-05")],
)
def test_the_highest_value_is_written_without_an_exponent_if_it_is_large(value: float, text: str) -> None:
    assert f">{text}</text>" in line_picture(np.array([0.0, 1.0]), np.array([-1.0, value]))


def test_quotes_are_drawn_at_their_middle() -> None:
    svg = curve_picture(np.array([0, 1]), np.array([1.0, 2.0]), np.array([3.0, 6.0]))
    assert ">4</text>" in svg
    assert ">2</text>" in svg


@pytest.mark.parametrize(
    ("times", "values"),
    [([], []), ([1], [1.0]), ([1, 2], [np.nan, 1.0]), ([5, 5], [1.0, 2.0])],
)
def test_what_cannot_be_drawn_has_no_picture(times: list[int], values: list[float]) -> None:
    assert curve_picture(np.array(times, np.int64), np.array(values)) == ""


def test_a_flat_line_is_in_the_middle() -> None:
    assert 'points="1.0,32.0 419.0,32.0"' in line_picture(np.array([0.0, 1.0]), np.array([7.0, 7.0]))


def test_rows_are_counted_in_equal_intervals() -> None:
    start = np.iinfo(np.int64).min  # "from the start", which has no place in time
    times = np.array([start, 0, 1, 2, 60])
    columns = re.findall(
        r'<rect x="([\d.]+)" y="([\d.]+)" width="6.0" height="([\d.]+)"', count_picture(times)
    )
    assert columns == [
        ("0.0", "0.0", "64.0"),
        ("7.0", "0.0", "64.0"),
        ("14.0", "0.0", "64.0"),
        ("413.0", "0.0", "64.0"),
    ]
    assert count_picture(np.array([start, start])) == ""


def test_cells_are_escaped_and_columns_without_values_left_out() -> None:
    columns = {
        "timestamp": np.array([0, np.iinfo(np.int64).min]),
        "symbol": np.array([EVIL, "B"]),
        "limit_price": np.array([np.nan, np.nan]),
        "tag": np.array(["", ""]),
        "quantity": np.array([1.5, np.nan]),
    }
    page = PageText(shown(EVIL, "", columns))
    assert "img" not in page.tags
    assert page.tags.count("th") == 3
    assert page.text == f"{EVIL}timestampsymbolquantity1970-01-01T00:00:00Z{EVIL}1.5startB"


def test_side_and_time_in_force_are_words() -> None:
    page = PageText(OBJECTS["orders"]._repr_html_())
    assert "AsellA" not in page.text
    assert "Asell2100GTC" in page.text
    assert f"and {len(BARS) - 5:,} more rows" in page.text
    assert "long_entry" in OBJECTS["signals"]._repr_html_()


def test_empty_objects_are_shown() -> None:
    none = np.zeros(0, np.int64)
    for made in (
        bt.Trades([], []),
        bt.Orders(none, [], [], []),
        bt.Signals(BARS, ROWS < 0),
        bt.Targets(none, [], []),
    ):
        assert "0 rows" in repr(made)
        assert PageText(made._repr_html_()).text == repr(made)


class Counted(np.ndarray):
    """A column that counts the values that are taken from it."""

    taken = 0

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        Counted.taken += np.size(found)
        return np.asarray(found)


def test_a_column_of_millions_is_not_read_or_copied() -> None:
    size = 3_000_000
    columns = {
        "timestamp": np.arange(size).view(Counted),
        "price": np.ones(size).view(Counted),
        "size": np.ones(size).view(Counted),
    }
    Counted.taken = 0
    bt.Trades._trusted(columns)._repr_html_()
    assert 0 < Counted.taken < 2000


def test_short_texts_of_named_tuples() -> None:
    bounds = bt.run({"A": BARS}, "ma_crossover", execution=bt.Execution(intrabar="bounds")).bounds
    assert re.fullmatch(r"Bounds\(total_return \S+ to \S+, ambiguous_bars=\d+\)", repr(bounds))


def test_a_table_of_texts_is_aligned() -> None:
    assert text_table([["name", "x"], ["a", "10"], ["long name", "5"]], words=1) == (
        "name        x\na          10\nlong name   5"
    )
