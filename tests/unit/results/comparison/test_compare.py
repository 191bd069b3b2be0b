"""`compare`: figures with differences, what differs, and what cannot be compared."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bookkeeper import DAY, START, keep_books
from html_pages import PageText

import btcore as bt
from btcore.results.comparison.figures import COMMON, indexed
from btcore.results.comparison.page import MOST_DRAWN
from btcore.results.comparison.terms import differing_terms
from btcore.results.result import Result

BARS = {"A": bt.sample_bars("A")}
EVIL = "<img src=x onerror=alert(1)>"


def cross(short: int, long: int, **terms: Any) -> bt.Result:
    return bt.run(BARS, "ma_crossover", {"short_period": short, "long_period": long}, **terms)


SLOW, FAST = cross(10, 30), cross(5, 20, execution=bt.Execution(commission_bps=5))
LATE = bt.run(BARS, "buy_and_hold", start="2024-03-01")


@pytest.fixture(scope="module")
def both() -> bt.Comparison:
    return bt.compare([SLOW, FAST], names=["slow", "fast"])


def test_the_table_has_every_metric_of_each_run(both: bt.Comparison) -> None:
    assert both.table["run"].tolist() == ["slow", "fast"]
    assert set(both.table.dtype.names) == {"run", *SLOW.metrics}
    for i, result in enumerate((SLOW, FAST)):
        for name, value in result.metrics.items():
            found = both.table[name][i]
            assert found == value or (value is None and np.isnan(found)), name
    assert both.to_pandas()["sharpe_ratio"].tolist() == [r.metrics["sharpe_ratio"] for r in (SLOW, FAST)]
    assert both.to_polars()["run"].to_list() == ["slow", "fast"]


def test_differences_are_to_the_first_run(both: bt.Comparison) -> None:
    for name in ("total_return", "final_equity", "total_trades", "total_commission", "sharpe_ratio"):
        change = FAST.metrics[name] - SLOW.metrics[name]
        assert both.differences[name].tolist() == [0.0, change]
    assert np.isnan(both.differences["alpha"]).all()
    assert "period" not in both.differences.dtype.names


def test_the_text_is_an_aligned_table(both: bt.Comparison) -> None:
    head, names, *lines = repr(both).splitlines()
    assert head == "Comparison of 2 runs"
    assert names.split() == ["slow", "fast", "difference"]
    assert len({len(line) for line in [names, *lines]}) == 1
    cells = {line.split()[0]: line.split()[1:] for line in lines}
    assert cells["total_trades"] == ["9", "11", "+2"]
    assert cells["total_commission"] == ["0.00", "5,957.97", "+5,957.97"]
    assert cells["slippage_cost"] == ["0.00", "0.00", "0.00"]


def test_terms_that_differ_and_only_these(both: bt.Comparison) -> None:
    assert both.terms == {
        "strategy.params.short_period": ["10", "5"],
        "strategy.params.long_period": ["30", "20"],
        "execution.commission_bps": ["0.0", "5.0"],
    }
    assert both.notes == []
    assert bt.compare([SLOW, SLOW]).terms == {}
    assert "Nothing: settings" in bt.compare([SLOW, SLOW]).report().html


def test_terms_of_data_name_the_stream_and_a_term_of_one_run_alone_is_listed() -> None:
    one = {
        "run": {"start": 0, "fx": {"EUR": [1, 2]}},
        "data": [{"symbol": "A", "kind": "bars", "sha256": "a" * 64}],
    }
    two = {
        "run": {"start": None},
        "data": [{"symbol": "A", "kind": "bars", "sha256": "b" * 64, "notes": ["x"]}],
    }
    assert differing_terms([one, two]) == {
        "start": ["1970-01-01T00:00:00Z", "none"],
        "fx.EUR": ["[1, 2]", "-"],
        "data.A.bars.sha256": ["a" * 12, "b" * 12],
    }


def test_runs_of_different_spans_are_compared_over_the_common_span_alone() -> None:
    found = bt.compare([SLOW, LATE])
    (note,) = found.notes
    assert note.startswith("the runs have different spans")
    assert "2024-03-01T00:00:00Z to 2024-12-31T00:00:00Z" in note
    assert np.isnan(found.differences["total_return"]).all()
    curve = SLOW.equity_curve
    at_start = curve["equity"][np.flatnonzero(curve["timestamp"] <= found.first)[-1]]
    assert found.common["return"][0] == pytest.approx(100.0 * (curve["equity"][-1] / at_start - 1.0))
    assert found.common["return"][1] == pytest.approx(LATE.metrics["total_return"])
    assert found.common["max_drawdown"][1] == pytest.approx(LATE.metrics["max_drawdown"])
    assert "return in common span" in repr(found)


def test_an_indexed_curve_begins_with_100_at_the_common_start() -> None:
    found = bt.compare([SLOW, LATE])
    for result in found.results:
        times, values = indexed(result, found.first, found.last)
        assert (times[0], values[0]) == (found.first, 100.0)
        assert times[-1] == found.last
    assert values[-1] == pytest.approx(100.0 + LATE.metrics["total_return"])
    between = found.first + 3600 * 10**9  # no point of the curve
    times, values = indexed(SLOW, between, found.last)
    assert (times[0], values[0]) == (between, 100.0)


def test_runs_without_a_common_span_say_so() -> None:
    early = bt.run(BARS, "buy_and_hold", end="2024-02-01")
    found = bt.compare([early, LATE])
    assert "they have no common span" in found.notes[0]
    assert np.isnan(found.common["return"]).all()
    assert found.common.dtype == COMMON
    assert "100 at the common start" not in found.report().html
    assert "common span" in repr(found)


def test_money_of_different_currencies_is_not_compared() -> None:
    found = bt.compare([SLOW, cross(5, 20, currency="EUR")])
    assert found.notes == ["the accounts have different currencies (USD, EUR): money is not compared"]
    assert np.isnan(found.differences["final_equity"]).all()
    assert not np.isnan(found.differences["total_return"]).any()
    assert "Equity, USD" not in found.report().html


def test_other_capital_and_other_conventions_are_noted() -> None:
    (note,) = bt.compare([SLOW, cross(5, 20, initial_capital=5000.0)]).notes
    assert note == "the capital differs (1,000,000.00, 5,000.00): compare returns, not money"
    found = bt.compare([SLOW, cross(5, 20, periods_per_year=365)])
    assert found.notes == [
        "periods_per_year is 252.0 and 365.0: annual and periodic figures are not compared"
    ]
    assert np.isnan(found.differences["sharpe_ratio"]).all()
    assert found.differences["total_return"][1] != 0.0


def test_the_page_is_whole_loads_nothing_and_has_curves_figures_and_months(
    both: bt.Comparison, tmp_path: Path
) -> None:
    path = both.report(tmp_path / "both.html")
    text = path.read_text()
    page = PageText(text)
    assert page.loads == []
    assert "script" not in page.tags
    for words in (
        "Equity, 100 at the common start",
        "Equity, USD",
        "Drawdown, %",
        "What differs",
        "slow",
        "fast",
    ):
        assert words in page.text
    assert "+5,957.97" in page.text
    month = SLOW.monthly["return"][2]
    assert f"{month:+.2f}" in page.text
    assert text.count('class="bp-line"') == 3 * 2 + 2  # three charts, and the key


def test_six_runs_are_drawn_and_more_are_in_the_table() -> None:
    many = bt.compare([SLOW, FAST] * 4)
    assert many.report().html.count('class="bp-line"') == 4 * MOST_DRAWN
    assert "The first 6 are drawn" in many.report().html
    assert len(repr(many).splitlines()) == 2 + 8
    assert "the first 6 are drawn" in many._repr_html_()


def test_names_are_the_strategies_with_what_varies() -> None:
    assert bt.compare([SLOW, cross(5, 30)]).names == (
        "ma_crossover(short_period=10)",
        "ma_crossover(short_period=5)",
    )
    assert bt.compare([SLOW, SLOW]).names == ("1: ma_crossover", "2: ma_crossover")


def test_names_stay_different_where_they_are_cut() -> None:
    runs = [cross(short, long) for short in (5, 10) for long in (30, 300)]
    for results in (runs, runs * 2):  # as columns, as rows
        text = repr(bt.compare(results))
        for end in ("=5, long_period=30)", "=5, long_period=300)", "=10, long_period=30)"):
            assert len(re.findall(rf"ma_\w+….{{,5}}{re.escape(end)}", text)) == len(results) // 4
    names = ["a" * 30 + middle + "b" * 30 for middle in "xy"]
    heads = repr(bt.compare(runs[:2], names)).splitlines()[1].split()
    assert [head.strip("ab…") for head in heads[:2]] == ["x", "y"]  # what differs is in the middle
    assert "…" not in repr(bt.compare(runs[:2]))


def test_long_names_are_wrapped_inside_their_columns() -> None:
    html = bt.compare([SLOW, cross(5, 30)]).report().html
    assert html.count("<th>ma_crossover(<wbr>short_period=10)</th>") == 4  # not in the table of runs
    heads = re.search(r"thead th\{[^}]*\}", html)
    assert heads is not None
    assert "white-space:normal" in heads[0]
    assert "overflow-wrap:break-word" in heads[0]


def test_names_are_escaped() -> None:
    page = PageText(bt.compare([SLOW, FAST], names=[EVIL, "b"]).report().html)
    assert "img" not in page.tags
    assert EVIL in page.text
    assert "img" not in PageText(bt.compare([SLOW, FAST], names=[EVIL, "b"])._repr_html_()).tags


def test_a_saved_result_can_be_compared(tmp_path: Path) -> None:
    SLOW.save(tmp_path / "slow.npz")
    found = bt.compare([bt.load_result(tmp_path / "slow.npz"), FAST])
    for name in found.differences.dtype.names[1:]:
        np.testing.assert_array_equal(found.differences[name], bt.compare([SLOW, FAST]).differences[name])
    assert found.terms == bt.compare([SLOW, FAST]).terms


@pytest.mark.parametrize(
    ("results", "names", "message"),
    [
        (SLOW, None, "results: Result is not a sequence of results"),
        ([SLOW], None, "results: 1 given; two or more are compared"),
        ([], None, "results: 0 given"),
        ([SLOW, "run.npz"], None, "results[1]: str is not a Result of run or load_result"),
        ([SLOW, FAST], ["a"], "names: 1 names for 2 results"),
        ([SLOW, FAST], "ab", "names: 'ab' is not a sequence of texts"),
        ([SLOW, FAST], ["a", "a"], "names[1]: 'a' is the name of another result"),
        ([SLOW, FAST], ["a", ""], "names[1]: '' is not a text"),
        ([SLOW, FAST], ["a", 3], "names[1]: 3 is not a text"),
    ],
)
def test_invalid_input_is_refused(results: Any, names: Any, message: str) -> None:
    with pytest.raises(bt.ConfigError, match=re.escape(message)):
        bt.compare(results, names)


def test_a_notebook_shows_the_page_in_a_frame(both: bt.Comparison, tmp_path: Path) -> None:
    made = both.report()
    assert repr(made) == f"<Page: Comparison of 2 runs, {len(made.html) / 1000:,.0f} kB of HTML>"
    assert both.report(tmp_path / "both.html").read_text() == str(made)
    frame = PageText(made._repr_html_())
    assert frame.tags == ["iframe"]
    assert frame.text == ""


def test_results_of_one_point_or_below_zero_are_compared() -> None:
    one = Result.from_journal(keep_books([]), manifest={}, fingerprint="0")
    fill = ("fill", START, 0, 100, 10.0, 0.0)
    marks = [("mark", START + n * DAY, price) for n, price in enumerate((9.0, -5000.0, 3.0), 1)]
    ruined = Result.from_journal(keep_books([fill, *marks]), manifest={}, fingerprint="1")
    for results in ([one, one], [one, ruined], [ruined, ruined], [SLOW, ruined], [one, SLOW]):
        found = bt.compare(results)
        page = PageText(found.report().html)
        assert page.loads == []
        assert not re.search(r"\bnan\b", found.report().html)
        assert repr(found).startswith("Comparison of 2 runs")
        PageText(found._repr_html_())


def test_a_page_of_another_suffix_is_refused(both: bt.Comparison, tmp_path: Path) -> None:
    with pytest.raises(bt.ConfigError, match=r"does not end in \.html"):
        both.report(tmp_path / "both.pdf")
