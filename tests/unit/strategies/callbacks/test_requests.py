"""Requests are orders or lines of the log; times are of the run's timezone; costs are said."""

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

import btcore as bt

DAY = 86_400 * 10**9
START = 1_704_067_200 * 10**9  # 2024-01-01
NY = "America/New_York"


def flat(n: int = 6, price: float = 100.0, **columns: Any) -> bt.Bars:
    p = np.full(n, price)
    return bt.Bars(START + DAY * np.arange(n), p, p, p, p, interval="1d", **columns)


def once(act: Any) -> type[bt.Strategy]:
    """A strategy that acts at its first bar."""

    class Once(bt.Strategy):
        def on_start(self, ctx: bt.Context) -> None:
            self.left, self.rang = 1, []

        def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
            if self.left:
                self.left = 0
                self.got = act(ctx)

        def on_timer(self, ctx: bt.Context) -> None:
            self.rang.append(ctx.now)

    return Once


def play(act: Any, data: Any = None, **terms: Any) -> bt.Result:
    return bt.run({"A": flat() if data is None else data}, once(act), progress=False, **terms)


# Orders by weight


def test_a_weight_beyond_the_buying_power_is_clipped_and_said() -> None:
    result = play(lambda ctx: ctx.order_target_percent("A", 50.0), initial_capital=1000.0)
    assert result.orders["quantity"].tolist() == [10.0]
    assert result.order_events[["order_id", "event", "value"]].tolist() == [(1, "clipped", 500.0)]
    assert (
        "1 orders by weight are smaller than asked, as buying power allows no more; the first is order 1, of "
        "which 500 was asked"
    ) in result.logs
    assert "smaller than asked, as buying power allows no more; 500 was asked" in result.explain(1)


def test_within_the_buying_power_nothing_is_clipped() -> None:
    costs = bt.Execution(slippage_bps=10, commission_bps=5)
    result = play(lambda ctx: ctx.order_target_percent("A", 1.0), execution=costs)
    assert len(result.order_events) == 0
    assert not [line for line in result.logs if "weight" in line]


def test_a_built_in_is_clipped_likewise_and_a_sweep_has_its_figures() -> None:
    data = {"A": flat(40)}
    result = bt.run(data, "buy_and_hold", {"weight": 3.0}, progress=False)
    assert result.order_events["event"].tolist() == ["clipped"]
    swept = bt.sweep(data, "buy_and_hold", {"weight": [1.0, 3.0]}, progress=False)
    assert [run.metrics["orders"] for run in swept] == [1, 1]
    assert swept[1].metrics == result.metrics


def test_what_is_less_than_a_lot_is_counted() -> None:
    lots = {"A": bt.Instrument(lot_size=10.0)}
    result = play(lambda ctx: ctx.order_target_percent("A", 0.5), instruments=lots, initial_capital=1000.0)
    assert result.strategy.got is None
    assert "1 targets by weight are less than one lot: no order was sent" in result.logs


def test_weights_are_checked_before_anything_is_sent() -> None:
    def act(ctx: bt.Context) -> None:
        for weights, text in (
            ({"A": 0.5, "B": 0.5}, "'B' is not in this run"),
            ({"A": float("nan")}, "A: weight nan is not a finite number"),
        ):
            with pytest.raises(bt.OrderError, match=text):
                ctx.order_target_weights(weights)

    assert len(play(act).orders) == 0


# Times


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (START + 3 * DAY + 7, START + 3 * DAY + 7),
        (datetime(2024, 1, 4, 12), "2024-01-04T17:00"),
        (datetime(2024, 1, 4, 12, tzinfo=UTC), "2024-01-04T12:00"),
        ("2024-01-04T12:00", "2024-01-04T17:00"),
        ("2024-01-04T12:00+01:00", "2024-01-04T11:00"),
        (date(2024, 1, 4), "2024-01-04T05:00"),
        (pd.Timestamp("2024-01-04T12:00"), "2024-01-04T17:00"),
        (np.datetime64("2024-01-04T12:00"), "2024-01-04T17:00"),
    ],
)
def test_times_without_an_offset_are_local_in_the_run(given: Any, expected: Any) -> None:
    at = expected if isinstance(expected, int) else int(np.datetime64(expected, "ns").astype(np.int64))

    def act(ctx: bt.Context) -> None:
        ctx.set_timer(given)
        ctx.buy("A", 1, limit=1.0, time_in_force="GTD", expires=given)

    result = play(act, timezone=NY)
    assert result.strategy.rang == [at]
    assert result.orders["expires_at"].tolist() == [at]


@pytest.mark.parametrize("bad", ["tomorrow", "12:00", 1.5, True, None, [START]])
def test_what_is_no_time_is_refused(bad: Any) -> None:
    def act(ctx: bt.Context) -> None:
        with pytest.raises(bt.OrderError, match=r"^moment: .* is not an "):
            ctx.set_timer(bad)
        if bad is not None:
            with pytest.raises(bt.OrderError, match=r"^expires: .* is not an "):
                ctx.buy("A", 1, limit=1.0, time_in_force="GTD", expires=bad)

    assert len(play(act).orders) == 0


@pytest.mark.parametrize(
    ("end", "is_date"), [("2024-01-04", True), (date(2024, 1, 4), True), ("2024-01-04T00:00", False)]
)
def test_an_end_that_is_a_date_excludes_its_day_and_the_log_says_so(end: Any, is_date: bool) -> None:
    result = play(lambda ctx: None, end=end)
    assert result.metrics["events"] == 3
    line = "end 2024-01-04 is the beginning of that day, which is not part of the run"
    assert (line in result.logs) == is_date


def test_a_request_says_it_too() -> None:
    request = bt.RunRequest(symbols=["A"], start_date="2024-01-01", end_date="2024-02-01")
    assert (
        "end 2024-02-01 is the beginning of that day, which is not part of the run"
        in bt.run_request(request, bt.SampleMarket()).logs
    )


# Costs and sizes


@pytest.mark.parametrize(
    ("terms", "free"),
    [
        ({}, True),
        ({"commission_max": 5.0}, True),
        ({"slippage_bps": 1.0}, False),
        ({"slippage_ticks": 1.0}, False),
        ({"commission_per_share": 0.01}, False),
        ({"maker_bps": -0.5}, False),
        ({"latency_ms": 5.0}, False),
        ({"commission_tiers": [bt.CommissionTier(notional=1.0, maker_bps=0, taker_bps=1)]}, False),
    ],
)
def test_a_run_without_costs_says_so(terms: dict[str, Any], free: bool) -> None:
    result = bt.run({"A": flat()}, "buy_and_hold", execution=bt.Execution(**terms), progress=False)
    assert ("no costs: no spread, slippage, commission or latency" in result.logs) == free


def test_a_spread_is_a_cost() -> None:
    quotes = bt.Quotes(START + np.arange(3), np.full(3, 99.0), np.full(3, 101.0))
    assert not [x for x in bt.run({"A": quotes}, "buy_and_hold", progress=False).logs if "no costs" in x]


def test_the_report_says_no_costs_in_its_headline(tmp_path: Any) -> None:
    result = bt.run({"A": flat()}, "buy_and_hold", progress=False)
    headline = result.report(tmp_path / "r.html").read_text().split("<h2>")[0]
    assert "no costs" in headline
    costs = bt.run({"A": flat()}, "buy_and_hold", execution=bt.Execution(slippage_bps=1), progress=False)
    assert "no costs" not in costs.report(tmp_path / "r.html").read_text().split("<h2>")[0]


@pytest.mark.parametrize("strategy", ["orders", "callback", "built-in"])
def test_fills_beyond_the_size_shown_are_counted(strategy: str) -> None:
    def run(**columns: Any) -> bt.Result:
        data = flat(**columns)
        given: Any = {
            "orders": bt.Orders(bars=data, symbol="A", side="buy", quantity=[6.0, 5.0, 4.0, 7.0, 1.0, 1.0]),
            "callback": once(lambda ctx: [ctx.buy("A", 6.0), ctx.buy("A", 5.0), ctx.buy("A", 7.0)]),
            "built-in": "buy_and_hold",
        }[strategy]
        return bt.run({"A": data}, given, progress=False)

    shown = run(volume=np.full(6, 5.0))
    beyond = np.count_nonzero(shown.trades["quantity"] > 5.0)
    assert beyond == {"orders": 2, "callback": 2, "built-in": 1}[strategy]
    assert shown.metrics["fills_beyond_shown"] == beyond
    assert f"{beyond} fills are larger than the size that their event showed" in shown.logs
    unknown = run()
    assert unknown.metrics["fills_beyond_shown"] is None
    assert not [line for line in unknown.logs if "larger than the size" in line]


# Round trips


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_trip_that_breaks_even_is_neither_a_win_nor_a_loss(side: str) -> None:
    """A thousand trips whose commission is the whole profit, in decimals that binary numbers do not hold."""
    rng = np.random.default_rng(0)
    n = 1000
    entry = np.round(rng.uniform(10, 500, n), 2)
    gain = np.round(rng.uniform(0.02, 2.0, n), 2)
    exit_ = np.round(entry + gain if side == "buy" else entry - gain, 2)
    price = np.ravel(np.column_stack([entry, exit_]))
    trades = bt.Trades(START + np.arange(2 * n), price)
    other = "sell" if side == "buy" else "buy"
    for trip in range(0, n, 50):
        rows = slice(2 * trip, 2 * trip + 2)
        result = bt.run(
            {"A": trades.slice(START + rows.start, START + rows.stop)},
            bt.Orders(trades.timestamp[rows], "A", [side, other], 7.0),
            execution=bt.Execution(commission_per_share=gain[trip] / 2),
            initial_capital=1e6,
            progress=False,
        )
        assert result.round_trips["pnl"].tolist() == [0.0]
        assert (result.metrics["win_rate"], result.metrics["average_loss"]) == (0.0, None)
