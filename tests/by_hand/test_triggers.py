"""If-touched orders and trailing stops, by hand."""

from typing import Any

import pytest
from engines import EngineRun
from hand_cases import (
    DIP,
    RISING,
    bars,
    both,
    buy,
    fills,
    play,
    quotes,
    sell,
    trades,
)

from btcore.config import Instrument


def amend(order: int, **terms: Any) -> Any:
    return lambda ctx: ctx.amend(order, **terms)


# Touch prices


def test_a_touch_price_lies_on_the_near_side(engine: EngineRun) -> None:
    # A buy triggers when the ask is at or below 98 and takes it; a sell of 103 when the bid is there.
    plan = {1: both(buy(1, touch=98.0), sell(1, touch=103.0), buy(1, touch=97.0))}
    assert fills(play(engine, plan, {"A": DIP})) == [(2, 1, 1, 98, "taker"), (6, 2, -1, 103, "taker")]


def test_limit_if_touched_becomes_a_limit_order(engine: EngineRun) -> None:
    # Touched at an ask of 98: a limit of 98.5 takes it, one of 97.5 rests and is never reached.
    plan = {1: both(buy(1, touch=99.0, limit=98.5), buy(1, touch=99.0, limit=97.5))}
    outcome = play(engine, plan, {"A": DIP})
    assert fills(outcome) == [(2, 1, 1, 98, "taker")]
    assert [o["type"] for o in outcome.orders] == ["limit-if-touched"] * 2


def test_the_trade_that_touches_does_not_fill(engine: EngineRun) -> None:
    market = {"A": trades((0, 100), (1, 98), (2, 99), (3, 97))}
    plan = {0: both(buy(1, touch=98.0), buy(1, touch=98.0, limit=98.0))}
    # 98 at 1 s touches. At 2 s the one takes 99; the other meets it, rests at 98 and is passed at 3 s.
    assert fills(play(engine, plan, market)) == [(2, 1, 1, 99, "taker"), (3, 2, 1, 98, "maker")]


def test_touch_prices_on_bars(engine: EngineRun) -> None:
    # Sell 101.5 is touched inside the bar of 1 s (101 to 102): filled there. Buy 101 triggers at its open.
    # Sell 102 / limit 103: touched inside, cannot fill, rests: the bar of 2 s reaches 103 in its range. With
    # a limit of 101.5 it takes 102.
    plan = {
        1: both(
            sell(1, touch=101.5),
            buy(1, touch=101.0),
            sell(1, touch=102.0, limit=103.0),
            sell(1, touch=102.0, limit=101.5),
        )
    }
    assert fills(play(engine, plan, {"A": RISING})) == [
        (1, 2, 1, 101, "taker"),
        (2, 1, -1, 101.5, "taker"),
        (2, 4, -1, 102, "taker"),
        (3, 3, -1, 103, "maker"),
    ]


# Trailing stops


def test_a_trailing_sell_follows_the_bid_and_never_falls(engine: EngineRun) -> None:
    # 2 below the best bid since 0 s: 98, then 101 once the bid is 103. A bid of 102 does not trigger.
    market = quotes((0, 100, 101), (1, 103, 104), (2, 102, 103), (3, 101, 102), (4, 90, 91))
    outcome = play(engine, {0: both(buy(1), sell(1, trail=2.0))}, {"A": market})
    assert fills(outcome)[1:] == [(3, 2, -1, 101, "taker")]
    assert (outcome.orders[1]["type"], outcome.orders[1]["stop"]) == ("trailing-stop", 101)


def test_a_trailing_buy_is_mirrored(engine: EngineRun) -> None:
    # 4 % above the lowest ask: 101 * 1.04 = 105.04, then 98 * 1.04 = 101.92; the ask of 104 at 6 s triggers.
    outcome = play(engine, {1: buy(1, trail=4.0, trail_by="percent")}, {"A": DIP})
    assert fills(outcome) == [(6, 1, 1, 104, "taker")]
    assert outcome.orders[0]["stop"] == pytest.approx(101.92)


def test_a_trailing_stop_is_rounded_away_from_the_price(engine: EngineRun) -> None:
    # 3 ticks of 0.5 under a bid of 100 are 98.5. 1 % under it are 99. 1.2 under it are 98.8: 98.5. A buy 1.2
    # above the ask of 101: 102.2, so 102.5.
    plan = {
        1: both(
            sell(1, trail=3.0, trail_by="ticks"),
            sell(1, trail=1.0, trail_by="percent"),
            sell(1, trail=1.2),
            buy(1, trail=1.2),
        )
    }
    market = {"A": quotes((0, 100, 101), (1, 100, 101), (2, 100, 101))}
    outcome = play(engine, plan, market, {"A": Instrument(tick_size=0.5)})
    assert [o["stop"] for o in outcome.orders] == [98.5, 99, 98.5, 102.5]


def test_a_trailing_stop_may_start_nearer(engine: EngineRun) -> None:
    # Given 99, which is above 100 - 5: the bid of 97 triggers. Given 90: it starts at 95.
    plan = {1: both(sell(1, trail=5.0, stop=99.0), sell(1, trail=5.0, stop=90.0))}
    outcome = play(engine, plan, {"A": DIP})
    assert fills(outcome) == [(2, 1, -1, 97, "taker")]
    assert outcome.orders[1]["stop"] == 98  # 103 - 5


def test_a_trailing_stop_limit_makes_its_limit_when_it_triggers(engine: EngineRun) -> None:
    # Both stops are at 98 and trigger at a bid of 97: a limit of 98 - 1 = 97 takes it, one of 98 - 0.5 rests
    # until the bid is there, at 4 s: a maker at 97.5.
    plan = {1: both(sell(1, trail=2.0, limit_offset=1.0), sell(1, trail=2.0, limit_offset=0.5))}
    outcome = play(engine, plan, {"A": DIP})
    assert fills(outcome) == [(2, 1, -1, 97, "taker"), (4, 2, -1, 97.5, "maker")]
    assert [o["limit"] for o in outcome.orders] == [97, 97.5]


def test_the_trade_that_triggers_a_trailing_stop_does_not_fill(engine: EngineRun) -> None:
    market = {"A": trades((0, 100), (1, 104), (2, 102), (3, 99))}
    assert fills(play(engine, {0: sell(1, trail=2.0)}, market)) == [(3, 1, -1, 99, "taker")]


def test_a_trailing_stop_on_bars_moves_after_the_range(engine: EngineRun) -> None:
    # Sent at 1 s with the mark at 100: stop 98; at the open of 101 it moves to 99; the low of 99.5 is above
    # it and the high of 105 lifts it to 103 only when the bar is over. The next bar opens at 103.5 and falls
    # to 102: 103.
    market = bars((0, 100, 100, 100, 100), (1, 101, 105, 99.5, 104), (2, 103.5, 104, 102, 103))
    outcome = play(engine, {1: sell(1, trail=2.0)}, {"A": market})
    assert fills(outcome) == [(3, 1, -1, 103, "taker")]


def test_at_the_open_a_trailing_stop_triggers_before_it_moves(engine: EngineRun) -> None:
    # Stop 98; the bar opens at 97 and goes to 110: sold at 97.
    market = bars((0, 100, 100, 100, 100), (1, 97, 110, 97, 110))
    assert fills(play(engine, {1: sell(1, trail=2.0)}, {"A": market})) == [(1, 1, -1, 97, "taker")]


def test_amending_a_trailing_order_moves_its_current_stop(engine: EngineRun) -> None:
    # From 95 up to 99.5; the bid of 97 triggers it.
    plan = {0: sell(1, trail=5.0), 1: amend(1, stop=99.5)}
    assert fills(play(engine, plan, {"A": DIP})) == [(2, 1, -1, 97, "taker")]
