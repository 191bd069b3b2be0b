"""Children whose prices are fractions of the price of their parent, by hand."""

from typing import Any

import numpy as np
import pytest
from engines import EngineRun
from hand_cases import DIP, at, bars, both, buy, ends, fills, play, quotes, sell

import btcore as bt
from btcore.config import Instrument

EXITS: dict[str, Any] = {"parent": 1, "oco": 7, "from_fill": True}


def prices(outcome: Any) -> list[tuple[float, float]]:
    return [(o["limit"], o["stop"]) for o in outcome.orders]


def test_prices_follow_from_the_fill_and_act_in_its_bar(engine: EngineRun) -> None:
    # The entry fills at the open of 110. The stop is 110 * 0.9 = 99, which the low of 98 reaches; the target
    # of 110 * 1.25 = 137.5 is not reached, so the bar is not ambiguous.
    rows = bars((0, 100, 100, 100, 100), (1, 110, 120, 98, 100), (2, 100, 100, 100, 100))
    plan = {1: both(buy(10), sell(10, limit=0.25, **EXITS), sell(10, stop=-0.1, **EXITS))}
    outcome = play(engine, plan, {"A": rows})
    assert fills(outcome) == [(1, 1, 10, 110, "taker"), (2, 3, -10, 99, "taker")]
    assert ends(outcome)[1:] == [("CANCELED", "oco", 2), ("FILLED", "", 2)]
    assert outcome.ambiguous_bars == 0


def test_of_a_stop_and_a_target_in_one_bar_the_stop_fills_and_the_bar_is_counted(engine: EngineRun) -> None:
    # 110 * 1.0625 = 116.875 is reached too.
    rows = bars((0, 100, 100, 100, 100), (1, 110, 110, 110, 110), (2, 110, 120, 98, 100), (3, 1, 1, 1, 1))
    plan = {1: both(buy(10), sell(10, limit=0.0625, **EXITS), sell(10, stop=-0.1, **EXITS))}
    outcome = play(engine, plan, {"A": rows})
    assert fills(outcome) == [(1, 1, 10, 110, "taker"), (3, 3, -10, 99, "taker")]
    assert outcome.ambiguous_bars == 1


def test_the_price_is_that_after_slippage(engine: EngineRun) -> None:
    # The open of 100 costs 1 %: 101. The target is 101 * 1.5 = 151.5.
    rows = bars((0, 100, 100, 100, 100), (1, 100, 100, 100, 100), (2, 100, 160, 100, 100))
    plan = {1: both(buy(10), sell(10, limit=0.5, **EXITS))}
    outcome = play(engine, plan, {"A": rows}, slippage_bps=100)
    assert fills(outcome) == [(1, 1, 10, 101, "taker"), (3, 2, -10, 151.5, "maker")]


def test_a_short_is_mirrored(engine: EngineRun) -> None:
    # Sold at 100: the stop is 100 * 1.125 = 112.5.
    rows = bars((0, 100, 100, 100, 100), (1, 100, 113, 100, 100), (2, 100, 100, 100, 100))
    plan = {1: both(sell(10), buy(10, limit=-0.25, **EXITS), buy(10, stop=0.125, **EXITS))}
    outcome = play(engine, plan, {"A": rows})
    assert fills(outcome) == [(1, 1, -10, 100, "taker"), (2, 3, 10, 112.5, "taker")]


def test_prices_are_on_the_tick(engine: EngineRun) -> None:
    # 101 * 0.95 = 95.95, a stop to sell: 95.5. 101 * 1.05 = 106.05, a limit to sell: 106.5.
    market = quotes((0, 100, 101), (1, 100, 101), (2, 100, 101))
    plan = {1: both(buy(10), sell(10, limit=0.05, **EXITS), sell(10, stop=-0.05, **EXITS))}
    outcome = play(engine, plan, {"A": market}, {"A": Instrument(tick_size=0.5)})
    assert [o["limit"] for o in outcome.orders][1] == 106.5
    assert [o["stop"] for o in outcome.orders][2] == 95.5


def test_the_average_price_at_the_release_counts(engine: EngineRun) -> None:
    # The child arrives after both fills, 4 at 100 and 4 at 102: 101 * 1.25 = 126.25.
    market = quotes((0, 99, 100, 9, 4), (2, 101, 102, 9, 9), (5, 126, 127, 9, 9), (6, 127, 128, 9, 9))
    plan = {0: both(buy(8), sell(8, limit=0.25, latency_ms=3000, parent=1, from_fill=True))}
    outcome = play(engine, plan, {"A": market}, displayed_size=True)
    assert fills(outcome)[:2] == [(0, 1, 4, 100, "taker"), (2, 1, 4, 102, "taker")]
    assert outcome.orders[1]["limit"] == 126.25


def test_a_split_before_the_release_leaves_the_fraction(engine: EngineRun) -> None:
    # After the split of 2 the entry of 98 is one of 49; the ask of 48.5 fills it. The target is 49 * 1.25.
    market = quotes((0, 100, 101), (1, 100, 101), (3, 50, 50.5), (5, 48, 48.5), (6, 62, 63))
    plan = {1: both(buy(10, limit=98.0), sell(10, limit=0.25, **EXITS))}
    outcome = play(engine, plan, {"A": market}, {"A": Instrument(splits=[(at(2), 2.0)])})
    assert fills(outcome) == [(5, 1, 20, 49, "maker"), (6, 2, -20, 61.25, "maker")]
    assert outcome.orders[1]["limit"] == 61.25


def test_fractions_cannot_be_amended(engine: EngineRun) -> None:
    plan = {
        0: both(buy(1, limit=98.0), sell(1, limit=0.5, **EXITS)),
        1: lambda ctx: ctx.amend(2, limit=120.0),
    }
    outcome = play(engine, plan, {"A": DIP})
    assert outcome.orders[1]["limit"] == 147.0


def test_an_order_that_was_not_released_has_no_price() -> None:
    class Limits(bt.Strategy):
        def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
            entry = ctx.buy("A", 1, limit=1.0)
            ctx.sell("A", 1, stop=-0.5, parent=entry, from_fill=True)

    result = bt.run({"A": bt.sample_bars("A", "2024-01-02", "2024-01-05")}, Limits)
    assert np.isnan(result.orders["stop_price"][1])
    assert result.explain(2).startswith("order 2: sell 1 A stop GTC, child of order 1\n")


def test_a_strategy_sees_no_price_before_the_release() -> None:
    seen = []

    class Watches(bt.Strategy):
        def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
            if not ctx.open_orders():
                ctx.sell("A", 1, stop=-0.5, parent=ctx.buy("A", 1), from_fill=True)
            seen.append(ctx.order(2).stop_price)

    rows = bt.sample_bars("A", "2024-01-02", "2024-01-05")
    bt.run({"A": rows}, Watches)
    assert seen[:2] == [None, 0.5 * rows.open[1]]


def at_levels(sent: Any, from_fill: Any) -> bt.Orders:
    return bt.Orders(
        sent["sent_at"], "A", ["buy", "sell", "sell"], 10, limit_price=[np.nan, 0.02, np.nan],
        stop_price=[np.nan, np.nan, -0.01], parent=[-1, 0, 0], oco=[0, 1, 1],
        from_fill=from_fill,
    )  # fmt: skip


def test_columns_of_orders_fill_as_callbacks() -> None:
    class Entry(bt.Strategy):
        def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
            if bar.timestamp == rows.timestamp[0]:
                entry = ctx.buy("A", 10)
                ctx.sell("A", 10, limit=0.02, parent=entry, oco=1, from_fill=True)
                ctx.sell("A", 10, stop=-0.01, parent=entry, oco=1, from_fill=True)

    rows = bt.sample_bars("A", "2024-01-02", "2024-06-30")
    first = bt.run({"A": rows}, Entry).orders
    found = bt.run({"A": rows}, at_levels(first, from_fill=[0, 1, 1]))
    assert found.orders.tobytes() == first.tobytes()
    assert (found.orders["status"] == "filled").sum() == 2
    assert found.fingerprint != bt.run({"A": rows}, at_levels(first, from_fill=0)).fingerprint


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"stop": -0.1}, "A: from_fill needs a parent"),
        ({"parent": 1}, "A: from_fill needs a limit, stop or touch"),
        ({"parent": 1, "stop": -1.0}, r"A: -1.0 is not a fraction of the parent's price above -1"),
        ({"parent": 1, "limit": float("nan")}, "A: nan is not a fraction"),
    ],
)
def test_invalid_terms_are_refused(terms: dict[str, Any], message: str) -> None:
    class Bad(bt.Strategy):
        def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
            ctx.buy("A", 1)
            ctx.sell("A", 1, from_fill=True, **terms)

    with pytest.raises(bt.StrategyError, match=message):
        bt.run({"A": bt.sample_bars("A", "2024-01-02", "2024-01-05")}, Bad)
