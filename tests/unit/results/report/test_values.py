"""Every value of a report is that of the result, and its text is that value rounded."""

import re
from pathlib import Path

import numpy as np
import pytest
from report_values import Page, Shown, value_in

from btcore.results.tables import TIME_COLUMNS

UNITS_NS = {
    "days": 86_400e9,
    "day": 86_400e9,
    "h": 3600e9,
    "min": 60e9,
    "s": 1e9,
    "ms": 1e6,
    "µs": 1e3,
    "ns": 1.0,
}
# The unit of each metric, as docs/metrics.md has it.
PAGE = (Path(__file__).parents[4] / "docs" / "metrics.md").read_text()
UNITS = dict(re.findall(r"^\| `(\w+)` \| ([^|]*) \|", PAGE, re.MULTILINE))
PERCENT = {name for name, unit in UNITS.items() if unit.startswith("percent")}
MONEY = {name for name, unit in UNITS.items() if unit == "money"} | {
    "pnl",
    "mae",
    "mfe",
    "commission",
    "amount",
}
DURATIONS = {"seconds": 1e9, "days of 24 h": 86_400e9}
NUMBER = re.compile(r"-?[\d,]+(?:\.\d+)?(?:e-?\d+)?")


def nanoseconds(text: str) -> tuple[float, float]:
    """A duration in words as ns, and the last unit of its text."""
    total, last = 0.0, 0.0
    for count, unit in re.findall(r"([\d.,]+) (\S+)", text):
        digits = count.replace(",", "")
        total += float(digits) * UNITS_NS[unit]
        last = UNITS_NS[unit] * 10.0 ** -len(digits.partition(".")[2])
    return total, last


def duration(shown: Shown, value: float) -> float | None:
    """The nanoseconds that a value is, if it is a duration."""
    name = shown.place.get("key") or shown.place.get("col", "")
    if UNITS.get(name) in DURATIONS:
        return value * DURATIONS[UNITS[name]]
    if shown.of == "drawdowns" and name == "days":
        return value * 86_400e9
    return value if name == "duration" else None


def check_text(shown: Shown, value: float | int) -> None:
    """The text is the value, rounded, with the unit of its kind."""
    name = shown.place.get("key") or shown.place.get("col", "")
    elapsed = duration(shown, value)
    if elapsed is not None:
        near, last = nanoseconds(shown.text)
        assert near == pytest.approx(elapsed, abs=last / 2 * 1.0001, rel=1e-9), shown
        assert last <= max(UNITS_NS["day"], elapsed / 20), shown
        return
    if name == "group":
        assert shown.text == f"{value}:00", shown
        return
    numbers = NUMBER.findall(shown.text)
    assert numbers, shown
    digits = numbers[-1].replace(",", "")
    places = len(digits.partition(".")[2])
    written, has_unit = float(digits), "%" in shown.text
    is_fraction = (shown.of == "round_trips" and name == "return") or name == "risk_free"
    value = 100.0 * value if is_fraction else value
    if isinstance(value, int):
        assert written == value, shown
    elif name in MONEY or name in PERCENT or name in ("return", "depth", "win_rate") or shown.of == "costs":
        assert places == (4 if 1e-4 <= abs(value) < 0.01 and has_unit else 2), shown
        assert written == pytest.approx(value, abs=0.50001 * 10.0**-places), shown
    elif shown.of in ("metrics", "bounds") or name == "mean":
        assert written == pytest.approx(value, abs=0.5 * 10.0**-places * 1.00001 or 0.005), shown
        assert places >= 1 or value == int(value), shown
    else:
        assert written == pytest.approx(value, abs=5.00001e-5 if abs(value) >= 1 else 0, rel=5e-6), shown
    assert has_unit == (
        name in PERCENT
        or name in ("depth", "win_rate", "risk_free", "mean")
        or (name == "return" and (shown.of == "round_trips" or has_unit))
    ), shown


def test_every_value_is_that_of_the_result(any_result):
    page = Page(str(any_result.report()))
    assert len(page.values) > 50
    for shown in page.values:
        value = value_in(any_result, shown)
        if isinstance(value, str):
            assert shown.text == value, shown
            continue
        if value is None:
            assert (shown.exact, shown.text) == ("", "n/a"), shown
            continue
        assert shown.exact == (repr(value) if isinstance(value, float) else str(value)), shown
        column = shown.place.get("col") or shown.place.get("key", "").rpartition(".")[2]
        if column in TIME_COLUMNS or column in ("first", "last"):
            assert shown.text == "" if value < 0 else same_time(shown.text, value), shown
        elif isinstance(value, bool) or not np.isfinite(value):
            assert shown.text == ("n/a" if isinstance(value, float) else str(value)), shown
        else:
            check_text(shown, value)


def same_time(text: str, ns: int) -> bool:
    return int(np.datetime64(text.replace(" ", "T"), "ns").astype(np.int64)) == ns


def test_every_cell_with_a_number_says_where_it_is_from(any_result):
    assert Page(str(any_result.report())).unexplained == []


def test_all_metrics_are_shown_and_all_rows_of_short_tables(results):
    result = results["random records"]
    values = Page(str(result.report())).values
    of_benchmark = {"benchmark_return", "alpha", "beta", "correlation", "tracking_error", "information_ratio"}
    of_benchmark |= {"up_capture", "down_capture", "treynor_ratio"}
    shown = {each.place["key"] for each in values if each.of == "metrics"}
    assert shown == set(result.metrics) - of_benchmark
    for name in ("round_trips", "trades", "cash_flows", "monthly", "yearly"):
        rows = {int(each.place["row"]) for each in values if each.of == name}
        assert rows == set(range(len(getattr(result, name)))), name
    deepest = np.argsort(-result.drawdowns["depth"], kind="stable")[:10]
    assert {int(v.place["row"]) for v in values if v.of == "drawdowns"} == set(deepest.tolist())
    assert {v.place["key"] for v in values if v.of == "costs"} == set(result.costs)
    for group in ("symbol", "hour", "weekday"):
        rows = [v for v in values if v.of == "profit_by" and v.place["group"] == group]
        assert len(rows) == 5 * len(result.profit_by(group))


@pytest.mark.parametrize("name", ["random records", "sample market", "both readings"])
def test_the_orders_of_all_ends_add_up(results, name):
    values = [shown for shown in Page(str(results[name].report())).values if shown.of == "orders"]
    assert sum(value_in(results[name], shown) for shown in values) == len(results[name].orders) > 0
    assert len(values) == (1 if name == "random records" else 3 if name == "both readings" else 2)


def test_the_units_of_the_page_are_read():
    assert len(PERCENT) >= 15
    assert {"expectancy", "total_commission"} <= MONEY
    assert [name for name, unit in UNITS.items() if unit in DURATIONS] == [
        "max_drawdown_duration_days",
        "average_duration_seconds",
    ]
