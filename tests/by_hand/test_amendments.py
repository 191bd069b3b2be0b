"""Cancels and amendments, by hand."""

from typing import Any

import pytest
from engines import ENGINES, EngineRun
from hand_cases import (
    QUOTES,
    RISING,
    both,
    buy,
    ends,
    fills,
    play,
    quotes,
    seconds,
    sell,
)

from btcore.config import Instrument
from btcore.errors import BtcoreError, StrategyError


def amend(order: int, **terms: Any) -> Any:
    return lambda ctx: ctx.amend(order, **terms)


def test_open_orders_expire_at_the_end_of_data(engine: EngineRun) -> None:
    plan = {1: both(buy(1, limit=50.0), buy(1, latency_ms=60_000))}
    outcome = play(engine, plan, {"A": QUOTES})
    assert ends(outcome) == [("EXPIRED", "end_of_data", 7)] * 2
    assert [seconds(o["ts_arrived"]) for o in outcome.orders] == [1, None]


def test_cancel_ends_an_open_order_arrived_or_not(engine: EngineRun) -> None:
    plan = {
        1: both(buy(1, limit=50.0), buy(1, latency_ms=4000), buy(1)),
        3: both(*(lambda ctx, n=n: ctx.cancel(n) for n in (1, 2, 3))),
    }
    outcome = play(engine, plan, {"A": QUOTES}, latency_ms=500)
    assert ends(outcome) == [("CANCELED", "requested", 3.5)] * 2 + [("FILLED", "", 1.5)]
    assert [seconds(o["ts_arrived"]) for o in outcome.orders] == [1.5, None, 1.5]


def test_an_amended_limit_meets_the_standing_quote_again(engine: EngineRun) -> None:
    plan = {1: buy(1, limit=99.0), 3: lambda ctx: ctx.amend(1, limit=105.0, quantity=2)}
    outcome = play(engine, plan, {"A": QUOTES}, latency_ms=500)
    assert fills(outcome) == [(3.5, 1, 2, 102, "taker")]


def test_an_amended_order_keeps_its_place(engine: EngineRun) -> None:
    # Both rest at 99; the first is amended at 2 s and still takes the one unit that is offered at 3 s.
    market = {"A": quotes((0, 100, 101, 9, 9), (2, 100, 101, 9, 9), (3, 98, 99, 9, 1), (4, 98, 99, 9, 1))}
    plan = {0: both(buy(1, limit=98.5), buy(1, limit=99.0)), 2: lambda ctx: ctx.amend(1, limit=99.0)}
    outcome = play(engine, plan, market, displayed_size=True)
    assert fills(outcome) == [(3, 1, 1, 99, "maker"), (4, 2, 1, 99, "maker")]


def test_an_amendment_to_the_filled_quantity_cancels(engine: EngineRun) -> None:
    market = {"A": quotes((0, 100, 101, 2, 2), (1, 100, 101, 2, 2), (2, 110, 111, 2, 2))}
    plan = {0: buy(5, limit=101.0), 1: lambda ctx: ctx.amend(1, quantity=4)}
    outcome = play(engine, plan, market, displayed_size=True)
    assert ends(outcome) == [("CANCELED", "requested", 1)]  # 2 at 0 s and 2 at 1 s were filled: 4 is reached
    assert outcome.orders[0]["filled"] == 4


def test_an_amendment_that_fails_the_checks_is_dropped_and_logged(engine: EngineRun) -> None:
    plan = {
        1: buy(4, limit=99.0),
        3: lambda ctx: ctx.amend(1, quantity=20),
        5: lambda ctx: ctx.amend(1, limit=98.7),
    }
    instruments = {"A": Instrument(tick_size=0.5)}
    outcome = play(engine, plan, {"A": QUOTES}, instruments, initial_capital=1000)
    assert outcome.logs == ["amend 1", "amend 1"]
    assert (outcome.orders[0]["quantity"], outcome.orders[0]["limit"]) == (4, 99)


def test_an_amended_order_is_not_counted_twice(engine: EngineRun) -> None:
    # 8 work at 100; 9 at 100 are 900 of 1000, though 8 + 9 would not be.
    plan = {1: buy(8, limit=100.0), 3: lambda ctx: ctx.amend(1, quantity=9)}
    outcome = play(engine, plan, {"A": QUOTES}, initial_capital=1000)
    assert outcome.logs == []
    assert outcome.orders[0]["quantity"] == 9


def test_an_unarrived_order_is_amended_unchecked(engine: EngineRun) -> None:
    plan = {1: both(buy(1, latency_ms=3000), lambda ctx: ctx.amend(1, quantity=1000))}
    outcome = play(engine, plan, {"A": QUOTES}, initial_capital=1000)
    assert outcome.logs == []
    assert ends(outcome) == [("REJECTED", "buying_power", 4)]


def test_amendments_and_cancels_inside_a_bar_wait_for_its_end(engine: EngineRun) -> None:
    # Limits of 95 rest. At 2.5 s, inside the bar of 2 s, one is raised to 101.5, which that bar's range
    # (101 to 103) holds and the next one's does not, and one is cancelled.
    plan = {
        1: both(buy(1, limit=95.0), buy(1, limit=95.0)),
        2: both(lambda ctx: ctx.amend(1, limit=101.5), lambda ctx: ctx.cancel(2)),
    }
    outcome = play(engine, plan, {"A": RISING}, latency_ms=500)
    assert fills(outcome) == []
    assert ends(outcome) == [("EXPIRED", "end_of_data", 5), ("CANCELED", "requested", 3)]


def test_a_price_the_order_does_not_have_is_an_error(engine: EngineRun) -> None:
    for order, terms in ((buy(1), {"limit": 99.0}), (buy(1, limit=90.0), {"stop": 99.0})):
        plan = {1: both(order, lambda ctx, terms=terms: ctx.amend(1, **terms))}
        with pytest.raises(BtcoreError):
            play(engine, plan, {"A": QUOTES})


# Trailing orders


def test_a_new_distance_moves_the_stop_towards_the_market_only(engine: EngineRun) -> None:
    # The stop of the sell is 100 - 5. With 3 it is 97 at once. With 8 it stays 97, and 110 - 8 is 102 later.
    market = {"A": quotes(*((t, bid, bid + 1) for t, bid in enumerate((100, 100, 100, 110, 101, 101))))}
    plan = {
        0: both(buy(1), sell(1, trail=5.0)),
        1: lambda ctx: ctx.amend(2, trail=3.0),
        2: lambda ctx: ctx.amend(2, trail=8.0),
    }
    outcome = play(engine, plan, market)
    assert outcome.orders[1]["stop"] == 102
    assert fills(outcome)[1] == (4, 2, -1, 101, "taker")


def test_a_smaller_distance_follows_prices_below_the_best_of_the_old_one(engine: EngineRun) -> None:
    # The best bid is 110, the stop 110 - 20. With 4 at 105 it is 101, and 108 moves it to 104.
    market = {"A": quotes(*((t, bid, bid + 1) for t, bid in enumerate((100, 110, 105, 107, 108, 105, 103))))}
    plan = {0: both(buy(1), sell(1, trail=20.0)), 2: lambda ctx: ctx.amend(2, trail=4.0)}
    outcome = play(engine, plan, market)
    assert outcome.orders[1]["stop"] == 104
    assert fills(outcome)[1] == (6, 2, -1, 103, "taker")


def test_a_new_offset_is_that_of_the_limit_at_the_trigger(engine: EngineRun) -> None:
    # The stop of 95 triggers at 94 with a limit of 95 - 3, which fills at the bid.
    market = {"A": quotes(*((t, bid, bid + 1) for t, bid in enumerate((100, 100, 94, 94))))}
    plan = {
        0: both(buy(1), sell(1, trail=5.0, limit_offset=0.0)),
        1: lambda ctx: ctx.amend(2, limit_offset=3.0),
    }
    outcome = play(engine, plan, market)
    assert (outcome.orders[1]["limit"], fills(outcome)[1]) == (92, (2, 2, -1, 94, "taker"))


def test_the_limit_of_a_triggered_trailing_order_can_be_amended(engine: EngineRun) -> None:
    # Before the trigger it has no limit, and the amendment is refused. At 94 the limit is 95, which does not
    # fill; 93 does.
    market = {"A": quotes(*((t, bid, bid + 1) for t, bid in enumerate((100, 100, 94, 94, 94))))}
    amend_limit = lambda ctx: ctx.amend(2, limit=93.0)  # noqa: E731
    plan = {0: both(buy(1), sell(1, trail=5.0, limit_offset=0.0)), 1: amend_limit, 3: amend_limit}
    outcome = play(engine, plan, market)
    assert fills(outcome)[1] == (3, 2, -1, 94, "taker")
    assert outcome.logs == ["amend 2"]


def test_a_distance_of_an_order_that_has_none_is_an_error() -> None:
    plan = {0: both(buy(1, limit=50.0), lambda ctx: ctx.amend(1, trail=1.0))}
    with pytest.raises(StrategyError, match="a limit order has no trailing distance to amend"):
        play(ENGINES["btcore"], plan, {"A": quotes((0, 100, 101), (1, 100, 101))})
