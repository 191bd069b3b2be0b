"""Metrics of a journal, each by another formula than the compiled one; streaming sums against tables."""

import math
import warnings

import numpy as np
import pandas as pd
import pytest
from bookkeeper import DAY, START, keep_books, random_journal, records
from fill_queues import event_lists, play
from hypothesis import given
from hypothesis import strategies as st

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import empyrical

from scipy import stats

from btcore import metrics
from btcore.metrics.annual import AnnualSettings, Basis, Year
from btcore.metrics.period_returns import PERIODS, Period
from btcore.metrics.round_trips import match_fills
from btcore.metrics.run_metrics import RUN_METRICS_DTYPE, statistics_of
from btcore.model import FILL_DTYPE
from btcore.results.journal import Curve
from btcore.results.summary import summarize

YEAR = Year(Period.DAY, 252.0, Basis.GIVEN, True)
ANNUAL = {"annual_return", "annual_volatility", "calmar_ratio"}


def test_periods_have_their_names():
    assert [(p.name.lower(), int(p)) for p in Period] == [(name, i) for i, name in enumerate(PERIODS)]


def test_the_struct_is_the_dict():
    assert list(RUN_METRICS_DTYPE.names) == list(summarize(keep_books([])))


@pytest.mark.parametrize("days", [2, 3, 20, 21, 22, 70, 252, 300])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_performance_is_what_empyrical_says(seed, days):
    journal = random_journal(seed, days=days)
    m, equity = summarize(journal, annual=AnnualSettings(252.0)), journal.curve.equity
    peak = np.maximum.accumulate(equity)
    r = pd.Series(equity[1:] / equity[:-1] - 1)
    expected = {
        "annual_return": 100 * empyrical.annual_return(r),
        "annual_volatility": 100 * empyrical.annual_volatility(r),
        "sharpe_ratio": empyrical.sharpe_ratio(r),
        "sortino_ratio": empyrical.sortino_ratio(r),
        "calmar_ratio": empyrical.calmar_ratio(r),
        "omega_ratio": empyrical.omega_ratio(r),
        "max_drawdown": 100 * ((peak - equity) / peak).max(),
        "downside_risk": 100 * empyrical.downside_risk(r),
        "value_at_risk_95": 100 * empyrical.value_at_risk(r),
        "conditional_value_at_risk_95": 100 * empyrical.conditional_value_at_risk(r),
        "tail_ratio": empyrical.tail_ratio(r),
        "stability": empyrical.stability_of_timeseries(r),
        "skew": stats.skew(r),
        "kurtosis": stats.kurtosis(r),
    }
    assert m["periods"] == days
    undefined = ANNUAL if days < 30 else set()
    for name, value in expected.items():
        if m[name] is None:
            assert name in undefined or not math.isfinite(value), name
        else:
            assert m[name] == pytest.approx(value, rel=1e-10), name


@given(st.integers(0, 2**32 - 1), st.integers(1, 400))
def test_a_journals_numbers_are_those_of_the_array_functions(seed, days):
    """Equal to the last bit, as both use the same formula."""
    journal = random_journal(seed, days=days)
    rate = 1.0001**252 - 1
    m = summarize(journal, annual=AnnualSettings(252.0, rate))
    f = (1.0 + rate) ** (1 / 252) - 1.0
    ts, equity, _ = journal.curve
    r = metrics.daily_returns(ts, equity)
    free = np.full(len(r), f)
    assert m["risk_free"] == pytest.approx(0.0001, rel=1e-9)
    if m["period"] != "day":
        return

    def as_metric(value, scale=1.0):
        return scale * value if math.isfinite(value) else None

    assert m["sharpe_ratio"] == as_metric(metrics.sharpe_ratio(r, free))
    assert m["sortino_ratio"] == as_metric(metrics.sortino_ratio(r, free))
    assert m["omega_ratio"] == as_metric(metrics.omega_ratio(r, free))
    if days >= 30:
        assert m["calmar_ratio"] == as_metric(metrics.calmar_ratio(r))
    assert m["downside_risk"] == as_metric(metrics.downside_risk(r, free), 100.0)
    assert m["value_at_risk_95"] == as_metric(metrics.value_at_risk(r), 100.0)
    assert m["conditional_value_at_risk_95"] == as_metric(metrics.conditional_value_at_risk(r), 100.0)
    assert m["tail_ratio"] == as_metric(metrics.tail_ratio(r))
    assert m["stability"] == as_metric(metrics.stability(r))
    assert m["skew"] == as_metric(metrics.skew(r))
    assert m["kurtosis"] == as_metric(metrics.kurtosis(r))
    assert m["turnover"] == as_metric(metrics.turnover(m["traded_notional"], equity))


def in_order(column):
    return float(np.cumsum(column)[-1]) if len(column) else 0.0


@given(event_lists)
def test_statistics_of_trips_are_those_of_their_table(happened):
    fills, restatements, _ = play(happened)
    journal = keep_books([("mark", START + DAY, 1.0)], start=0)
    journal.fills, journal.restatements = fills, restatements
    m = summarize(journal)
    trips, lots = match_fills(fills, restatements)
    pnl = trips["pnl"]
    assert m["round_trips"] == len(pnl)
    assert m["expectancy"] == (in_order(pnl) / len(pnl) if len(pnl) else None)
    wins, losses = pnl[pnl > 0], pnl[pnl < 0]
    assert m["average_win"] == (in_order(wins) / len(wins) if len(wins) else None)
    assert m["average_loss"] == (in_order(losses) / len(losses) if len(losses) else None)
    assert m["profit_factor"] == (-in_order(wins) / in_order(losses) if len(losses) else None)
    assert (m["best_trade"], m["worst_trade"]) == ((pnl.max(), pnl.min()) if len(pnl) else (None, None))
    held = (trips["exit_ts"] - trips["entry_ts"]) / 1e9
    assert m["average_duration_seconds"] == (in_order(held) / len(held) if len(held) else None)
    assert m["traded_notional"] == in_order(
        fills["last_qty"] * np.abs(fills["last_px"]) * fills["point_value"]
    )
    assert m["total_commission"] == in_order(fills["commission"])
    start, end = (int(journal.curve.timestamp[i]) for i in (0, -1))
    entries = np.concatenate([trips["entry_ts"], lots["entry_ts"]])
    exits = np.concatenate([trips["exit_ts"], np.full(len(lots), end)])
    assert m["exposure_time"] == 100.0 * metrics.exposure_time(entries, exits, start, end)


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 2), st.sampled_from([-2, -1, 1, 3])), max_size=30)
)
def test_exposure_is_right_whatever_the_order_of_stamps(rows):
    """A daily bar's fill at its open is written after, and stamped before, an hourly bar's in between."""
    journal = keep_books([("mark", 20, *[1.0] * 3)], symbols="ABC", multipliers=(1.0,) * 3, start=5)
    journal.fills = records(
        FILL_DTYPE,
        [
            {"ts": ts, "symbol": symbol, "side": 1 if q > 0 else -1, "last_qty": abs(q), "last_px": 1.0}
            for ts, symbol, q in rows
        ],
    )
    trips, lots = match_fills(journal.fills)
    entries, exits = (
        np.append(trips["entry_ts"], lots["entry_ts"]),
        np.append(trips["exit_ts"], [20] * len(lots)),
    )
    held = {t for a, b in zip(entries, exits, strict=True) for t in range(max(a, 5), min(b, 20))}
    assert summarize(journal)["exposure_time"] == pytest.approx(100 * len(held) / 15, rel=1e-12)


def test_a_journal_without_points_or_of_uneven_columns_is_refused():
    journal = keep_books([])
    journal.curve = Curve(np.zeros(2, np.int64), np.ones(1), np.ones(1))
    with pytest.raises(ValueError, match="curve: 2 times and 1 values"):
        statistics_of(journal, np.zeros(0, np.int64))
    journal.curve = Curve(np.zeros(0, np.int64), np.ones(0), np.ones(0))
    with pytest.raises(ValueError, match="curve: 0 times"):
        statistics_of(journal, np.zeros(0, np.int64))
