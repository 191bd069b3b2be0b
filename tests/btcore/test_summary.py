"""The dict of metrics: each number by hand, each name on the page."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from journals import DAY, START, keep_books, random_journal

from btcore import metrics
from btcore.model import ORDER_DTYPE
from btcore.summary import period_returns, show, summarize

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
WEEK = [
    ("fill", START, 0, 10, 20.0, 1.0),
    ("mark", START + DAY, 22.0),
    ("mark", START + 2 * DAY, 18.0),
    ("fill", START + 2 * DAY, 0, -4, 18.0, 1.0),
    ("mark", START + 3 * DAY, 19.0),
    ("fill", START + 3 * DAY, 0, -8, 25.0, 2.0),
    ("mark", START + 4 * DAY, 25.0),
]


def test_every_number_by_hand():
    m = summarize(keep_books(WEEK))
    equity = np.array([1000.0, 1019.0, 979.0, 984.0, 1018.0])
    r = equity[1:] / equity[:-1] - 1
    assert m["total_return"] == pytest.approx(1.8, rel=1e-12)
    assert m["annual_return"] == pytest.approx(100 * (1.018 ** (252 / 4) - 1), rel=1e-12)
    assert m["annual_volatility"] == pytest.approx(100 * r.std(ddof=1) * 252**0.5, rel=1e-12)
    assert m["sharpe_ratio"] == pytest.approx(r.mean() / r.std(ddof=1) * 252**0.5, rel=1e-12)
    assert m["calmar_ratio"] == pytest.approx(m["annual_return"] / m["max_drawdown"], rel=1e-12)
    assert m["max_drawdown"] == pytest.approx(100 * (1 - 979 / 1019), rel=1e-12)
    assert m["max_drawdown_duration_days"] == 3.0
    assert m["value_at_risk_95"] == pytest.approx(100 * np.percentile(r, 5), rel=1e-12)
    # Trips: 4 long 20 to 18; 6 long 20 to 25. Two units short at 25 are left.
    first = -8 - 0.4 - 1.0
    second = 30 - 0.6 - 1.5
    assert (m["round_trips"], m["win_rate"], m["total_trades"]) == (2, 50.0, 3)
    assert m["profit_factor"] == pytest.approx(second / -first)
    assert m["expectancy"] == pytest.approx((first + second) / 2)
    assert (m["best_trade"], m["worst_trade"]) == pytest.approx((second, first))
    assert (m["average_win"], m["average_loss"]) == pytest.approx((second, first))
    assert m["average_duration_seconds"] == 2.5 * 86400
    assert m["exposure_time"] == 100.0
    assert m["traded_notional"] == 200 + 72 + 200
    assert m["turnover"] == pytest.approx(472 / equity.mean())
    assert (m["total_commission"], m["realized_pnl"], m["unrealized_pnl"]) == (4.0, 22.0, 0.0)
    assert (m["initial_capital"], m["final_equity"]) == (1000.0, 1018.0)
    assert (m["orders"], m["orders_filled"], m["orders_rejected"]) == (3, 3, 0)
    assert (m["period"], m["periods"], m["periods_per_year"]) == ("day", 4, 252)
    assert (m["risk_free"], m["ddof"], m["ambiguous_bars"], m["events"]) == (0.0, 1, 0, 7)


def test_every_metric_has_its_row_on_the_page_and_the_reverse():
    rows = re.findall(r"^\| `([a-z0-9_]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) == len(set(rows))
    assert set(rows) == set(summarize(keep_books(WEEK)))


def test_a_trip_without_gain_or_loss_is_neither():
    scratch = [("fill", START, 0, quantity, 20.0, 0.0) for quantity in (10, -10, 5)]
    actions = [*scratch, ("fill", START, 0, -5, 18.0, 0.0), ("mark", START + DAY, 18.0)]
    m = summarize(keep_books(actions))
    assert (m["round_trips"], m["win_rate"], m["average_win"], m["average_loss"]) == (2, 0.0, None, -10.0)
    assert (m["profit_factor"], m["expectancy"], m["exposure_time"]) == (0.0, -5.0, 0.0)


def test_the_first_loss_counts():
    lost = [("fill", START, 0, 10, 50.0, 0.0), ("mark", START + DAY, 40.0), ("mark", START + 2 * DAY, 41.0)]
    m = summarize(keep_books(lost))
    assert m["max_drawdown"] == pytest.approx(10.0)
    assert m["total_return"] == pytest.approx(-9.0)


def test_without_trades_what_is_undefined_is_none():
    m = summarize(keep_books([("mark", START + i * DAY, 1.0) for i in range(1, 5)]))
    undefined = {name for name, value in m.items() if value is None}
    assert undefined >= {"sharpe_ratio", "sortino_ratio", "win_rate", "profit_factor", "best_trade", "skew"}
    assert (m["total_return"], m["max_drawdown"], m["exposure_time"], m["turnover"]) == (0.0, 0.0, 0.0, 0.0)
    assert json.loads(json.dumps(m, allow_nan=False)) == m


def test_a_run_of_one_point_is_told():
    m = summarize(keep_books([]))
    assert (m["period"], m["periods"], m["total_return"], m["exposure_time"]) == ("point", 0, 0.0, None)


@pytest.mark.parametrize(
    ("step", "period", "count"),
    [(30 * 60, "hour", 2), (20, "minute", 2), (0.25, "second", 2), (0.01, "point", 5)],
)
def test_a_short_span_names_its_period_and_is_not_annualised(step, period, count):
    t = START + DAY // 2 + np.arange(1, 6) * int(step * 1e9)
    # five points, the last of which begins the next cell but one
    prices = [10.0, 12.0, 11.0, 12.0, 13.0]
    actions = [("mark", int(when), price) for when, price in zip(t, prices, strict=True)]
    actions.insert(0, ("fill", START + DAY // 2, 0, 10, 10.0, 0.0))
    journal = keep_books(actions, start=START + DAY // 2)
    m = summarize(journal)
    name, r = period_returns(journal.equity, "UTC")
    assert (m["period"], name, m["periods_per_year"]) == (period, period, 1)
    assert m["periods"] == len(r) >= count
    assert m["sharpe_ratio"] == pytest.approx(r.mean() / r.std(ddof=1), rel=1e-12)
    assert (m["annual_return"], m["annual_volatility"], m["calmar_ratio"]) == (None, None, None)


def test_the_timezone_draws_the_days():
    journal = random_journal(3)
    journal.equity["timestamp"][1:] += 4 * 3600 * 10**9  # 04:00 UTC: the evening before in New York
    utc, york = (summarize(journal, timezone=zone) for zone in ("UTC", "America/New_York"))
    assert utc["periods"] == york["periods"] == 300
    journal.equity["timestamp"][1::2] -= 5 * 3600 * 10**9
    assert summarize(journal)["periods"] != summarize(journal, timezone="America/New_York")["periods"]


@given(st.integers(0, 2**32 - 1))
def test_the_books_balance(seed):
    journal = random_journal(seed, days=40)
    m = summarize(journal, multipliers=[1.0, 10.0])
    moved = m["realized_pnl"] + m["unrealized_pnl"] - m["total_commission"]
    assert m["final_equity"] - m["initial_capital"] == pytest.approx(moved, abs=1e-6)


def test_equals_the_array_functions_on_daily_returns():
    journal = random_journal(1)
    m = summarize(journal, multipliers=[1.0, 10.0], periods_per_year=365)
    r = metrics.daily_returns(journal.equity["timestamp"], journal.equity["equity"])
    assert m["periods"] == len(r) == 300
    assert m["sharpe_ratio"] == metrics.sharpe_ratio(r, periods=365)
    assert m["sortino_ratio"] == metrics.sortino_ratio(r, periods=365)
    assert m["omega_ratio"] == metrics.omega_ratio(r)
    assert m["stability"] == metrics.stability(r)
    assert m["periods_per_year"] == 365


def test_orders_are_counted_by_their_end():
    journal = keep_books(WEEK)
    journal.orders = np.zeros(10, ORDER_DTYPE)
    journal.orders["status"] = [2, 2, 2, 2, 3, 3, 3, 4, 4, 5]
    m = summarize(journal)
    ends = [m[f"orders_{end}"] for end in ("filled", "canceled", "expired", "rejected")]
    assert (m["orders"], ends) == (10, [4, 3, 2, 1])


def test_a_small_loss_is_not_minus_nothing():
    assert show(-0.001) == "0.00"
    assert show(-1234.5) == "-1,234.50"
