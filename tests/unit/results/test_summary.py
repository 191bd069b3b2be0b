"""The metrics of a run: values computed by hand, and the names in docs/metrics.md."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from bookkeeper import DAY, START, keep_books, random_journal, records
from hypothesis import given
from hypothesis import strategies as st

import btcore as bt
from btcore import metrics
from btcore.metrics.annual import AnnualSettings
from btcore.metrics.period_returns import period_returns
from btcore.model import CASH_FLOW_DTYPE, NOTE_DTYPE, ORDER_DTYPE
from btcore.results.summary import format_metric, summarize

PAGE = Path(__file__).parents[3] / "docs" / "metrics.md"
WEEK = [
    ("fill", START, 0, 10, 20.0, 1.0),
    ("mark", START + DAY, 22.0),
    ("mark", START + 2 * DAY, 18.0),
    ("fill", START + 2 * DAY, 0, -4, 18.0, 1.0),
    ("mark", START + 3 * DAY, 19.0),
    ("fill", START + 3 * DAY, 0, -8, 25.0, 2.0),
    ("mark", START + 4 * DAY, 25.0),
]


def test_metrics_computed_by_hand():
    m = summarize(keep_books(WEEK), annual=AnnualSettings(252.0))
    equity = np.array([1000.0, 1019.0, 979.0, 984.0, 1018.0])
    r = equity[1:] / equity[:-1] - 1
    assert m["total_return"] == pytest.approx(1.8, rel=1e-12)
    assert (m["annual_return"], m["annual_volatility"], m["calmar_ratio"]) == (None, None, None)  # 4 days
    assert m["sharpe_ratio"] == pytest.approx(r.mean() / r.std(ddof=1) * 252**0.5, rel=1e-12)
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


def test_the_documented_metrics_are_those_of_a_run():
    numbers = PAGE.read_text(encoding="utf-8").split("## The tables")[0]
    rows = re.findall(r"^\| `([a-z0-9_]+)` \|", numbers, re.MULTILINE)
    assert len(rows) == len(set(rows))
    assert set(rows) == set(summarize(keep_books(WEEK)))


def test_a_trip_without_gain_or_loss_counts_as_neither():
    scratch = [("fill", START, 0, quantity, 20.0, 0.0) for quantity in (10, -10, 5)]
    actions = [*scratch, ("fill", START, 0, -5, 18.0, 0.0), ("mark", START + DAY, 18.0)]
    m = summarize(keep_books(actions))
    assert (m["round_trips"], m["win_rate"], m["average_win"], m["average_loss"]) == (2, 0.0, None, -10.0)
    assert (m["profit_factor"], m["expectancy"], m["exposure_time"]) == (0.0, -5.0, 0.0)


def test_a_loss_of_the_first_period_counts():
    lost = [("fill", START, 0, 10, 50.0, 0.0), ("mark", START + DAY, 40.0), ("mark", START + 2 * DAY, 41.0)]
    m = summarize(keep_books(lost))
    assert m["max_drawdown"] == pytest.approx(10.0)
    assert m["total_return"] == pytest.approx(-9.0)


def test_without_trades_undefined_metrics_are_none():
    m = summarize(keep_books([("mark", START + i * DAY, 1.0) for i in range(1, 5)]))
    undefined = {name for name, value in m.items() if value is None}
    assert undefined >= {"sharpe_ratio", "sortino_ratio", "win_rate", "profit_factor", "best_trade", "skew"}
    assert (m["total_return"], m["max_drawdown"], m["exposure_time"], m["turnover"]) == (0.0, 0.0, 0.0, 0.0)
    assert json.loads(json.dumps(m, allow_nan=False)) == m


def test_a_run_of_one_point():
    m = summarize(keep_books([]))
    assert (m["period"], m["periods"], m["total_return"], m["exposure_time"]) == ("point", 0, 0.0, None)


@pytest.mark.parametrize(
    ("step", "period", "count"),
    [(30 * 60, "hour", 2), (20, "minute", 2), (0.25, "second", 2), (0.01, "point", 5)],
)
def test_a_short_run_has_shorter_periods_and_is_not_annualised(step, period, count):
    t = START + DAY // 2 + np.arange(1, 6) * int(step * 1e9)
    # five points, the last of which begins the next cell but one
    prices = [10.0, 12.0, 11.0, 12.0, 13.0]
    actions = [("mark", int(when), price) for when, price in zip(t, prices, strict=True)]
    actions.insert(0, ("fill", START + DAY // 2, 0, 10, 10.0, 0.0))
    journal = keep_books(actions, start=START + DAY // 2)
    m = summarize(journal)
    name, r = period_returns(journal.curve.timestamp, journal.curve.equity, "UTC")
    assert (m["period"], name, m["periods_per_year"]) == (period, period, None)
    assert m["periods"] == len(r) >= count
    assert m["sharpe_ratio"] == pytest.approx(r.mean() / r.std(ddof=1), rel=1e-12)
    assert (m["annual_return"], m["annual_volatility"], m["calmar_ratio"]) == (None, None, None)


def test_days_begin_at_local_midnight():
    journal = random_journal(3)
    journal.curve.timestamp[1:] += 4 * 3600 * 10**9  # 04:00 UTC: the evening before in New York
    utc, york = (summarize(journal, timezone=zone) for zone in ("UTC", "America/New_York"))
    assert utc["periods"] == york["periods"] == 300
    journal.curve.timestamp[1::2] -= 5 * 3600 * 10**9
    assert summarize(journal)["periods"] != summarize(journal, timezone="America/New_York")["periods"]


@given(st.integers(0, 2**32 - 1))
def test_metrics_add_up_to_the_equity(seed):
    journal = random_journal(seed, days=40)
    m = summarize(journal)
    moved = m["realized_pnl"] + m["unrealized_pnl"] - m["total_commission"]
    assert m["final_equity"] - m["initial_capital"] == pytest.approx(moved, abs=1e-6)


def test_flows_are_summed_by_kind():
    journal = keep_books(WEEK)
    kinds = [(0, 5.0), (0, -2.0), (1, -4.0), (2, -1.5), (3, 7.0), (4, 33.0), (3, 0.5)]
    journal.cash_flows = records(CASH_FLOW_DTYPE, [{"kind": k, "amount": a, "symbol": -1} for k, a in kinds])
    journal.notes = records(NOTE_DTYPE, [{"kind": kind} for kind in (0, 6, 2, 6, 5)])
    m = summarize(journal)
    names = ["net_interest", "borrow_fees", "funding", "dividends", "cash_in_lieu", "liquidations"]
    assert [m[name] for name in names] == [3.0, 4.0, -1.5, 7.5, 33.0, 2]


class InAndOut(bt.Strategy):
    """Long 7 of A, short 5 of B; some of both closed before and after the split."""

    def on_start(self, ctx):
        self.days = 0

    def on_bar(self, ctx, bar):
        self.days += bar.symbol == "A"
        if bar.symbol == "A" and self.days in (1, 3, 9):
            buy_a, buy_b = {1: (7, -5), 3: (-2, 1), 9: (-4, 2)}[self.days]
            for symbol, quantity in (("A", buy_a), ("B", buy_b)):
                (ctx.buy if quantity > 0 else ctx.sell)(symbol, abs(quantity))


def abroad(**terms):
    """A run in dollars of two shares in euros: a split with cash in lieu, dividends, funding, interest."""
    days = np.datetime64("2024-01-01", "ns") + np.arange(12) * np.timedelta64(1, "D")
    price = 100.0 + np.arange(12.0)
    price[4:] /= 1.5
    bars = bt.Bars(days, price, price + 1, price - 1, price + 0.5, np.full(12, 1e4), interval="1d")
    dated = {"currency": "EUR", "splits": [("2024-01-05", 1.5)], "dividends": [("2024-01-08", 0.5)]}
    dated |= {"funding": [("2024-01-07", 0.001)], "borrow_rate": 0.05}
    return bt.run(
        {"A": bars, "B": bars},
        InAndOut(),
        initial_capital=10_000.0,
        execution=bt.Execution(commission_bps=2.0, slippage_bps=5.0, cash_rate=0.03, leverage=4.0, **terms),
        instruments={
            "A": bt.Instrument(lot_size=1.0, multiplier=2.0, **dated),
            "B": bt.Instrument(lot_size=1.0, **dated),
        },
        fx={"EUR": [("2024-01-01", 1.1), ("2024-01-03", 1.15), ("2024-01-10", 1.05)]},
        progress=False,
    )


@pytest.mark.parametrize("cost_basis", ["average", "fifo"])
@pytest.mark.parametrize("position_mode", ["netting", "hedging"])
def test_metrics_add_up_with_currencies_splits_and_flows(position_mode, cost_basis):
    result = abroad(position_mode=position_mode, cost_basis=cost_basis)
    m = result.metrics
    flows = m["net_interest"] - m["borrow_fees"] + m["funding"] + m["dividends"]
    moved = m["realized_pnl"] + m["unrealized_pnl"] - m["total_commission"] + flows
    assert m["final_equity"] == pytest.approx(m["initial_capital"] + moved, abs=1e-8)
    assert min(abs(m[name]) for name in ("net_interest", "borrow_fees", "funding", "dividends")) > 0.01
    assert m["traded_notional"] == pytest.approx(
        sum(row["last_qty"] * row["last_px"] * row["point_value"] for row in result.journal.fills)
    )
    assert m["expectancy"] == summarize(result.journal)["expectancy"]
    if cost_basis == "fifo":  # the account matches the same lots as the round trips
        closed = result.round_trips
        assert (closed["pnl"] + closed["commission"]).sum() == pytest.approx(m["realized_pnl"], abs=1e-8)


def test_cash_in_lieu_of_a_split_across_lots_is_paid_once():
    """5 of A became 7.5, and 4 short of B became 6: half a share of A is paid at the mark before."""
    result = abroad()
    paid = result.cash_flows[result.cash_flows["kind"] == "cash_in_lieu"]
    assert paid["symbol"].tolist() == ["A"]
    assert paid["amount"] == pytest.approx([0.5 * (103.5 / 1.5) * 2.0 * 1.15])
    assert result.metrics["cash_in_lieu"] == pytest.approx(paid["amount"].sum())
    (trip,) = result.round_trips[result.round_trips["exit_order_id"] == 0]
    assert (trip["symbol"], trip["quantity"], trip["exit_price"]) == ("A", 0.5, 103.5 / 1.5)
    through = result.round_trips["exit_timestamp"] >= np.datetime64("2024-01-05", "ns").astype(int)
    assert np.isnan(result.round_trips["mae"]).tolist() == through.tolist()
    assert through.sum() > 2


def test_a_calendar_makes_the_periods_sessions():
    journal = random_journal(4, days=60)
    journal.closes = START + np.arange(1, 60, 7) * DAY  # once a week
    m = summarize(journal, annual=AnnualSettings(sessions_a_year=52))
    assert (m["period"], m["periods"], m["periods_per_year"]) == ("session", 10, 52.0)
    ends = np.append(journal.curve.equity[[0, *range(1, 60, 7)]], journal.curve.equity[-1])
    r = ends[1:] / ends[:-1] - 1
    assert m["sharpe_ratio"] == pytest.approx(r.mean() / r.std(ddof=1) * 52**0.5, rel=1e-12)
    assert m["annual_return"] is not None
    journal.closes = journal.closes[:0]
    assert summarize(journal)["period"] == "hour"


def test_equals_the_array_functions_on_daily_returns():
    journal = random_journal(1)
    m = summarize(journal, annual=AnnualSettings(365.0))
    r = metrics.daily_returns(journal.curve.timestamp, journal.curve.equity)
    assert m["periods"] == len(r) == 300
    assert m["sharpe_ratio"] == metrics.sharpe_ratio(r, periods=365)
    assert m["sortino_ratio"] == metrics.sortino_ratio(r, periods=365)
    assert m["omega_ratio"] == metrics.omega_ratio(r)
    assert m["stability"] == metrics.stability(r)
    assert m["periods_per_year"] == 365


def test_orders_are_counted_by_status():
    journal = keep_books(WEEK)
    journal.orders = np.zeros(10, ORDER_DTYPE)
    journal.orders["status"] = [2, 2, 2, 2, 3, 3, 3, 4, 4, 5]
    m = summarize(journal)
    ends = [m[f"orders_{end}"] for end in ("filled", "canceled", "expired", "rejected")]
    assert (m["orders"], ends) == (10, [4, 3, 2, 1])


def test_a_small_loss_is_shown_without_a_sign():
    assert format_metric(-0.001) == "0.00"
    assert format_metric(-1234.5) == "-1,234.50"
