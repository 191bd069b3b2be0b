"""Lengths of time."""

import re
from pathlib import Path

import pytest

import btcore
from btcore.errors import DataError
from btcore.times.intervals import DAY_NS, HOUR_NS, bar_length, interval_ns


def test_a_day_has_the_same_length_in_c() -> None:
    header = (Path(btcore.__file__).parent / "model.pxd").read_text()
    lengths = re.findall(r"#define BTCORE_DAY_NS INT64_C\((\d+)\)", header)
    assert [int(length) for length in lengths] == [DAY_NS]


@pytest.mark.parametrize(
    ("text", "ns", "months"),
    [
        ("5min", HOUR_NS // 12, 0),
        ("90min", HOUR_NS * 3 // 2, 0),
        ("day", DAY_NS, 0),
        ("2w", 14 * DAY_NS, 0),
        ("1mo", 0, 1),
        ("2q", 0, 6),
        ("10y", 0, 120),
    ],
)
def test_lengths_of_bars(text: str, ns: int, months: int) -> None:
    length = bar_length(text)
    assert (length.ns, length.months, length.weeks) == (ns, months, text.endswith("w"))


@pytest.mark.parametrize("text", ["5min", "90min", "4h", "1d", "2w", "1mo", "5mo", "1q", "3q", "1y"])
def test_the_name_of_a_length_is_its_text(text: str) -> None:
    assert bar_length(text).name == text


@pytest.mark.parametrize(
    "text", ["1M", "1Q", "month", "1 mo", "0mo", "-1w", "1m", "", "147y", "1000000000mo"]
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(DataError, match=f"interval: {text!r} is "):
        bar_length(text)


def test_months_are_no_fixed_length() -> None:
    assert interval_ns("1w") == 7 * DAY_NS
    with pytest.raises(
        DataError, match="interval: '1mo' is no fixed length of time; second, minute, hour, day or a"
    ):
        interval_ns("1mo")


def test_lengths_of_more_than_an_hour_follow_a_clock() -> None:
    assert [bar_length(x).follows_clock for x in ("1h", "61min", "2h", "1d", "1w", "1mo")] == [False] + [
        True
    ] * 5
