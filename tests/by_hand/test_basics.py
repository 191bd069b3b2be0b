"""The rules of docs/simulation.md worked by hand, for the oracle and the engine: the plain ones.

The newer ones are in `test_reference_*.py`.
"""

from dataclasses import replace
from typing import Any

import pytest
from hand_cases import (
    QUOTES,
    RISING,
    at,
    bars,
    both,
    buy,
    ends,
    fills,
    play,
    quotes,
    seconds,
    sell,
    trades,
)
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from markets import ENGINES, EXAMPLES, SECOND, Action, Case, EngineRun, Script, assert_same, cases, scripted
from reference import sequence

from btcore.config import Instrument
from btcore.errors import BtcoreError, StrategyError


@pytest.fixture(params=["reference", "btcore"])
def engine(request: pytest.FixtureRequest) -> EngineRun:
    return ENGINES[request.param]


# Time and events


def test_events_come_by_delivery_then_symbol_then_kind(engine: EngineRun) -> None:
    # At 2 s: A's bar of 1 s closes, and B prints; A was given first, and a symbol's quote precedes its bar.
    streams = {"A": bars((1, 5, 5, 5, 5)) | quotes((2, 5, 6)), "B": trades((0, 9), (2, 9))}
    heard = play(engine, {}, streams).strategy.heard
    assert heard == [("trade", 0), ("quote", 2), ("bar", 2), ("trade", 2)]


def test_fills_are_heard_before_their_event_and_zero_latency_after_it(engine: EngineRun) -> None:
    # The order sent on the quote of 1 s meets that quote at once.
    plan = {1: buy(1), 5: sell(1)}
    heard = play(engine, plan, {"A": QUOTES}).strategy.heard
    assert heard[1:3] == [("quote", 1), ("fill", 1)]
    # A market order of a trades-only symbol waits for the next print, and is heard of before it.
    heard = play(engine, {0: buy(1)}, {"A": trades((0, 9), (1, 9))}).strategy.heard
    assert heard == [("trade", 0), ("fill", 1), ("trade", 1)]


def test_wake_ups_precede_the_event_and_arrivals_precede_timers(engine: EngineRun) -> None:
    # Sent at 1 s with 2 s of latency, so due at 3 s, as are a timer and a quote: fill on the old ask,
    # timer, quote.
    plan = {1: both(lambda ctx: ctx.set_timer(at(3)), buy(1), lambda ctx: ctx.set_timer(at(2)))}
    outcome = play(engine, plan, {"A": QUOTES}, latency_ms=2000)
    assert outcome.strategy.heard[2:6] == [("timer", 2), ("fill", 3), ("timer", 3), ("quote", 3)]
    assert fills(outcome) == [(3, 1, 1, 101, "taker")]


def test_a_timer_that_is_due_already_fires_before_the_next_event(engine: EngineRun) -> None:
    plan = {1: lambda ctx: ctx.set_timer(at(0))}
    assert play(engine, plan, {"A": QUOTES}).strategy.heard[1:4] == [("quote", 1), ("timer", 1), ("quote", 3)]


def test_a_timer_at_a_bars_close_fires_before_the_bar(engine: EngineRun) -> None:
    plan = {"start": lambda ctx: ctx.set_timer(at(1))}
    assert play(engine, plan, {"A": RISING}).strategy.heard[:2] == [("timer", 1), ("bar", 1)]


def test_a_strategy_that_never_comes_to_rest_is_stopped(engine: EngineRun) -> None:
    def make(base: type) -> type:
        def again(self: Any, ctx: Any, _: Any) -> None:
            ctx.buy("A", 0.001)

        return type("Restless", (base,), {"on_quote": again, "on_fill": again})

    with pytest.raises(StrategyError):
        engine(Case({"A": QUOTES}), make)


# Orders


def test_an_order_arrives_after_its_latency(engine: EngineRun) -> None:
    outcome = play(engine, {1: both(buy(1), buy(1, latency_ms=2500))}, {"A": QUOTES}, latency_ms=250)
    assert [(seconds(o["ts_sent"]), seconds(o["ts_arrived"])) for o in outcome.orders] == [
        (1, 1.25),
        (1, 3.5),
    ]
    # The second meets the quote that stands at 3.5 s.
    assert fills(outcome) == [(1.25, 1, 1, 101, "taker"), (3.5, 2, 1, 102, "taker")]


def test_requests_due_together_arrive_in_the_order_they_were_sent(engine: EngineRun) -> None:
    # Only one unit is shown: the first sent takes it, though both are due at 2 s.
    market = {"A": quotes((0, 100, 101, 1, 1), (1, 100, 101, 1, 1), (5, 100, 101, 1, 1))}
    plan = {0: buy(1, latency_ms=2000), 1: buy(1, latency_ms=1000)}
    outcome = play(engine, plan, market, displayed_size=True)
    assert fills(outcome) == [(2, 1, 1, 101, "taker"), (5, 2, 1, 101, "taker")]


@pytest.mark.parametrize(
    ("quantity", "prices", "reason"),
    [
        (3, {"limit": 100.3}, "lot_size"),
        (2, {"limit": 100.3}, "tick_size"),
        (2, {"limit": 100.5, "stop": 100.7}, "tick_size"),
        (200, {"limit": 100.5}, "buying_power"),
    ],
)
def test_the_first_failing_check_names_the_reason(
    engine: EngineRun, quantity: float, prices: dict[str, float], reason: str
) -> None:
    instruments = {"A": Instrument(tick_size=0.5, lot_size=2)}
    outcome = play(engine, {1: buy(quantity, **prices)}, {"A": QUOTES}, instruments, initial_capital=10_000)
    assert ends(outcome) == [("REJECTED", reason, 1)]


NONSENSE = pytest.mark.parametrize(
    ("quantity", "prices", "reason"),
    [
        (0, {}, "invalid_quantity"),
        (-1, {}, "invalid_quantity"),
        (float("nan"), {}, "invalid_quantity"),
        (float("inf"), {"limit": -1.0}, "invalid_quantity"),
        (2, {"limit": 0.0}, "invalid_price"),
        (3, {"stop": float("inf")}, "invalid_price"),
        (2, {"limit": 100.0, "stop": -5.0}, "invalid_price"),
        (2, {"limit": float("nan")}, "invalid_price"),
    ],
)


@NONSENSE
def test_nonsense_is_rejected_on_arrival(quantity: float, prices: dict[str, float], reason: str) -> None:
    outcome = play(ENGINES["reference"], {1: buy(quantity, **prices)}, {"A": QUOTES})
    assert ends(outcome) == [("REJECTED", reason, 1)]


@NONSENSE
def test_nonsense_from_python_is_refused_before_it_is_sent(
    quantity: float, prices: dict[str, float], reason: str
) -> None:
    with pytest.raises(StrategyError, match=reason.removeprefix("invalid_")):
        play(ENGINES["btcore"], {1: buy(quantity, **prices)}, {"A": QUOTES})


def test_steps_are_checked_to_a_millionth(engine: EngineRun) -> None:
    # 0.3 / 0.1 and 100.1 / 0.1 are no whole numbers in binary, and pass.
    instruments = {"A": Instrument(tick_size=0.1, lot_size=0.1)}
    outcome = play(engine, {1: buy(0.3, limit=100.1)}, {"A": QUOTES}, instruments)
    assert ends(outcome) == [("EXPIRED", "end_of_data", 7)]


def test_before_the_first_price_an_order_waits_for_admission(engine: EngineRun) -> None:
    # Sent at the start for the bar that opens at 100: 10 cost 1000 and pass, 11 would cost 1100.
    plan = {"start": both(buy(10), buy(1))}
    outcome = play(engine, plan, {"A": RISING}, initial_capital=1000)
    assert fills(outcome) == [(0, 1, 10, 100, "taker")]
    assert ends(outcome) == [("FILLED", "", 0), ("REJECTED", "buying_power", 1)]
    assert [seconds(o["ts_arrived"]) for o in outcome.orders] == [0, 0]


def test_buying_power_counts_working_orders_at_the_limit_of_the_new_one(engine: EngineRun) -> None:
    # 5 at 90 work. With 5 more at 100 the worst is 10 * 100 = 1000, just allowed; then 1 at 1 makes 11 * 1
    # = 11, which passes too: the whole symbol is priced by the order that asks. 1 at the ask (101) makes 12
    # * 101.
    plan = {1: both(buy(5, limit=90.0), buy(5, limit=100.0), buy(1, limit=1.0), buy(1))}
    outcome = play(engine, plan, {"A": QUOTES}, initial_capital=1000)
    assert [end[:2] for end in ends(outcome)] == [("EXPIRED", "end_of_data")] * 3 + [
        ("REJECTED", "buying_power")
    ]


def test_buying_power_looks_at_each_side_alone(engine: EngineRun) -> None:
    # Buys of 9 and sells of 9 do not add up: max(|0 + 9|, |0 - 9|) is 9. A stop is priced at its stop
    # price.
    plan = {1: both(buy(9, limit=100.0), sell(9, limit=110.0), sell(1, stop=99.0))}
    outcome = play(engine, plan, {"A": QUOTES}, initial_capital=1000)
    assert [end[0] for end in ends(outcome)] == ["EXPIRED"] * 3  # 9 * 110 = 990; (9 + 1) * 99 = 990


def test_an_order_that_does_not_raise_the_worst_exposure_passes(engine: EngineRun) -> None:
    # Long 9 at 101; the market halves, and equity is 1000 - 909 + 9 * 49.5 = 536.5. A buy of 1 at 45 makes
    # max(|9 + 1|, |9|) * 45 = 450. Sells of 18 at 60 and 1 at 70 leave the worst at 10, so nobody asks
    # whether 10 * 60 is too much; one more makes |9 - 20| = 11, and 11 * 70 is.
    market = {"A": quotes((0, 100, 101), (1, 49, 50), (2, 49, 50))}
    orders = both(buy(1, limit=45.0), sell(18, limit=60.0), sell(1, limit=70.0), sell(1, limit=70.0))
    outcome = play(engine, {0: buy(9), 1: orders}, market, initial_capital=1000)
    assert [end[0] for end in ends(outcome)] == ["FILLED", "EXPIRED", "EXPIRED", "EXPIRED", "REJECTED"]


def test_buying_power_sums_the_symbols_with_leverage_and_multiplier(engine: EngineRun) -> None:
    # 2 of B cost 2 * 10 * 100 = 2000 of 2 * 2000. At the mark of 99.5 they are 1990, equity is 1990, and
    # 2 * 1990 - 1990 leaves 1990: 20 of A at 99.5 fit exactly, and 1 more does not.
    streams = {"A": QUOTES, "B": quotes((0, 99, 100), (7, 99, 100))}
    plan = {0: lambda ctx: ctx.buy("B", 2), 1: both(buy(20, limit=99.5), buy(1, limit=99.5))}
    instruments = {"B": Instrument(multiplier=10)}
    outcome = play(engine, plan, streams, instruments, initial_capital=2000, leverage=2)
    assert [end[:2] for end in ends(outcome)] == [
        ("FILLED", ""),
        ("EXPIRED", "end_of_data"),
        ("REJECTED", "buying_power"),
    ]


def test_what_is_open_at_the_end_of_data_expires(engine: EngineRun) -> None:
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


def test_an_amended_limit_meets_the_standing_quote_anew(engine: EngineRun) -> None:
    plan = {1: buy(1, limit=99.0), 3: lambda ctx: ctx.amend(1, limit=105.0, quantity=2)}
    outcome = play(engine, plan, {"A": QUOTES}, latency_ms=500)
    assert fills(outcome) == [(3.5, 1, 2, 102, "taker")]


def test_an_amended_order_keeps_its_place(engine: EngineRun) -> None:
    # Both rest at 99; the first is amended at 2 s and still takes the one unit that is offered at 3 s.
    market = {"A": quotes((0, 100, 101, 9, 9), (2, 100, 101, 9, 9), (3, 98, 99, 9, 1), (4, 98, 99, 9, 1))}
    plan = {0: both(buy(1, limit=98.5), buy(1, limit=99.0)), 2: lambda ctx: ctx.amend(1, limit=99.0)}
    outcome = play(engine, plan, market, displayed_size=True)
    assert fills(outcome) == [(3, 1, 1, 99, "maker"), (4, 2, 1, 99, "maker")]


def test_an_amendment_to_what_is_filled_cancels(engine: EngineRun) -> None:
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


def test_changes_that_arrive_inside_a_bar_wait_for_its_end(engine: EngineRun) -> None:
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


def test_day_orders_end_at_the_local_midnight(engine: EngineRun) -> None:
    # Midnight in New York is 05:00 UTC. The one that arrives at 05:00 sharp lives until the next midnight.
    hour = 3600
    market = {"A": quotes(*((t * hour, 100, 101) for t in (3, 5, 6, 28, 29)))}
    plan = {
        3 * hour: buy(1, limit=90.0, time_in_force="DAY"),
        5 * hour: buy(1, limit=90.0, time_in_force="DAY"),
    }
    outcome = play(engine, plan, market, timezone="America/New_York")
    assert ends(outcome) == [("EXPIRED", "day", 5 * hour), ("EXPIRED", "day", 29 * hour)]


def test_a_day_order_takes_part_in_the_bar_that_opens_before_midnight(engine: EngineRun) -> None:
    # A bar of 20 hours from 22:00: midnight falls inside it, its open is before, so the order still takes
    # part.
    hour = 3600
    market = {
        "A": bars(
            (2 * hour, 9, 9, 9, 9), (22 * hour, 9, 9, 8, 9), (42 * hour, 9, 9, 8, 9), interval=20 * hour
        )
    }
    plan = {22 * hour: both(buy(1, limit=8.0, time_in_force="DAY"), buy(1, limit=7.0, time_in_force="DAY"))}
    outcome = play(engine, plan, market)
    assert ends(outcome) == [("FILLED", "", 42 * hour), ("EXPIRED", "day", 24 * hour)]


def test_ioc_keeps_what_fills_at_the_meeting(engine: EngineRun) -> None:
    market = {"A": quotes((0, 100, 101, 3, 3), (1, 100, 101, 3, 3))}
    plan = {0: both(buy(5, time_in_force="IOC"), buy(1, limit=100.0, time_in_force="IOC"))}
    outcome = play(engine, plan, market, displayed_size=True)
    assert fills(outcome) == [(0, 1, 3, 101, "taker")]
    assert ends(outcome) == [("CANCELED", "ioc", 0)] * 2


def test_fok_fills_whole_or_not_at_all(engine: EngineRun) -> None:
    market = {"A": quotes((0, 100, 101, 3, 3), (1, 100, 101, 3, 3))}
    plan = {0: both(buy(4, time_in_force="FOK"), buy(3, time_in_force="FOK"))}
    outcome = play(engine, plan, market, displayed_size=True)
    assert fills(outcome) == [(0, 2, 3, 101, "taker")]
    assert ends(outcome) == [("CANCELED", "fok", 0), ("FILLED", "", 0)]


def test_on_stops_ioc_and_fok_speak_from_the_trigger_on(engine: EngineRun) -> None:
    # Both sleep until the ask is 102 at 3 s. The stop-limit then meets 102 with a limit of 101.5, and is
    # done.
    plan = {
        1: both(buy(1, stop=102.0, time_in_force="FOK"), buy(1, stop=102.0, limit=101.5, time_in_force="IOC"))
    }
    outcome = play(engine, plan, {"A": QUOTES})
    assert ends(outcome) == [("FILLED", "", 3), ("CANCELED", "ioc", 3)]


def test_any_fill_cancels_the_others_of_its_group_arrived_or_not(engine: EngineRun) -> None:
    plan = {
        1: both(
            buy(1, limit=99.0, oco=7),
            buy(1, stop=102.0, oco=7),
            buy(1, latency_ms=5000, oco=7),
            buy(1, limit=99.0, oco=8),
        )
    }
    outcome = play(engine, plan, {"A": QUOTES})
    canceled = ("CANCELED", "oco", 3)
    assert ends(outcome) == [canceled, ("FILLED", "", 3), canceled, ("EXPIRED", "end_of_data", 7)]


# Matching: quotes


def test_market_orders_meet_the_standing_quote(engine: EngineRun) -> None:
    # Zero latency: the quote the strategy saw. With 500 ms: the same quote, stamped with the arrival.
    plan = {1: both(buy(1), sell(2))}
    assert fills(play(engine, plan, {"A": QUOTES})) == [(1, 1, 1, 101, "taker"), (1, 2, -2, 100, "taker")]
    assert fills(play(engine, plan, {"A": QUOTES}, latency_ms=500))[0] == (1.5, 1, 1, 101, "taker")


def test_without_a_standing_quote_an_order_waits_for_the_first(engine: EngineRun) -> None:
    assert fills(play(engine, {"start": buy(1)}, {"A": QUOTES})) == [(0, 1, 1, 101, "taker")]


def test_a_limit_takes_at_its_meeting_and_makes_after_it(engine: EngineRun) -> None:
    # A buy limit of 105 takes the ask of 101. A sell limit of 102 rests at 1 s; the bid reaches 103 at 5 s:
    # 102.
    plan = {1: both(buy(1, limit=105.0), sell(1, limit=102.0))}
    assert fills(play(engine, plan, {"A": QUOTES})) == [(1, 1, 1, 101, "taker"), (5, 2, -1, 102, "maker")]
    # Reached exactly is enough: a sell limit of 103.
    assert fills(play(engine, {1: sell(1, limit=103.0)}, {"A": QUOTES})) == [(5, 1, -1, 103, "maker")]


def test_stops_trigger_on_the_side_they_would_trade(engine: EngineRun) -> None:
    # A buy stop of 102 looks at the ask: 102 at 3 s. A stop of 101 triggers on arrival. A stop-limit of 102
    # / 103 takes 102; one of 102 / 101.5 meets 102, rests at 101.5 and is never reached.
    plan = {
        1: both(
            buy(1, stop=102.0),
            buy(1, stop=101.0),
            buy(1, stop=102.0, limit=103.0),
            buy(1, stop=102.0, limit=101.5),
        )
    }
    assert fills(play(engine, plan, {"A": QUOTES})) == [
        (1, 2, 1, 101, "taker"),
        (3, 1, 1, 102, "taker"),
        (3, 3, 1, 102, "taker"),
    ]


def test_a_print_beside_quotes_fills_resting_limits_alone(engine: EngineRun) -> None:
    # The buy limit of 100 rests; a print at 100 does not pass it, one at 99 does, and fills it at 100. The
    # sell stop of 99 does not listen to prints, and the mark stays the quote's mid.
    market = {"A": quotes((0, 100, 101), (9, 100, 101)) | trades((1, 100), (2, 99), (3, 99))}
    plan = {0: both(buy(1, limit=100.0), sell(1, stop=99.0)), 2: buy(1)}
    outcome = play(engine, plan, market)
    assert fills(outcome) == [(2, 1, 1, 100, "maker"), (2, 3, 1, 101, "taker")]
    assert outcome.positions[0]["mark"] == 100.5
    assert fills(play(engine, plan, market, limit_fill="touch"))[0] == (1, 1, 1, 100, "maker")


def test_bars_beside_ticks_match_nothing(engine: EngineRun) -> None:
    market = {"A": trades((0, 100), (5, 100)) | bars((1, 90, 200, 10, 90))}
    outcome = play(engine, {0: both(buy(1, limit=95.0), buy(1))}, market)
    assert fills(outcome) == [(5, 2, 1, 100, "taker")]
    assert outcome.positions[0]["mark"] == 100
    assert outcome.strategy.heard[1] == ("bar", 2)


# Matching: trades


def test_orders_wait_for_the_next_print(engine: EngineRun) -> None:
    # Two prints at 1 s: the order sent on the first fills on the second.
    market = {"A": trades((0, 100), (1, 101), (1, 102), (2, 103))}
    assert fills(play(engine, {1: buy(1)}, market)) == [(1, 1, 1, 102, "taker")]
    # Due at 2 s exactly: the arrival comes before the print.
    assert fills(play(engine, {0: buy(1)}, market, latency_ms=2000)) == [(2, 1, 1, 103, "taker")]


def test_a_resting_limit_fills_when_a_print_goes_through(engine: EngineRun) -> None:
    # Its meeting is the print of 1 s (101, not marketable); 100 touches it, 99 passes.
    market = {"A": trades((0, 101), (1, 101), (2, 100), (3, 99))}
    plan = {0: buy(1, limit=100.0)}
    assert fills(play(engine, plan, market)) == [(3, 1, 1, 100, "maker")]
    assert fills(play(engine, plan, market, limit_fill="touch")) == [(2, 1, 1, 100, "maker")]


def test_a_limit_takes_the_print_it_meets(engine: EngineRun) -> None:
    # At the meeting equality is enough.
    market = {"A": trades((0, 101), (1, 100), (2, 99))}
    assert fills(play(engine, {0: buy(1, limit=100.0)}, market)) == [(1, 1, 1, 100, "taker")]


def test_the_print_that_triggers_is_spent(engine: EngineRun) -> None:
    market = {"A": trades((0, 100), (1, 102), (2, 105), (3, 101))}
    plan = {0: both(buy(1, stop=102.0), buy(1, stop=102.0, limit=103.0))}
    # The stop takes 105 at 2 s. The stop-limit meets 105, rests at 103, and 101 passes it at 3 s.
    assert fills(play(engine, plan, market)) == [(2, 1, 1, 105, "taker"), (3, 2, 1, 103, "maker")]


# Matching: bars


def test_a_market_order_fills_at_the_next_open(engine: EngineRun) -> None:
    # Sent on the bar that closes at 1 s, it takes part in the bar that opens at 1 s, at 101, stamped 1 s.
    assert fills(play(engine, {1: buy(1)}, {"A": RISING})) == [(1, 1, 1, 101, "taker")]
    # With 1 ns of latency it has missed that open.
    assert fills(play(engine, {1: buy(1)}, {"A": RISING}, latency_ms=1e-6)) == [(2, 1, 1, 102, "taker")]


def test_a_limit_at_the_open_takes_first_and_makes_later(engine: EngineRun) -> None:
    # 105 is marketable at the open of 101. 99 rests; the second bar opens below it, at 98: filled there,
    # unslipped.
    market = {"A": bars((0, 100, 100, 100, 100), (1, 101, 101, 100, 100), (2, 98, 99, 97, 98))}
    plan = {1: both(buy(1, limit=105.0), buy(1, limit=99.0))}
    outcome = play(engine, plan, market, slippage_bps=100)
    assert fills(outcome) == [(1, 1, 1, 102.01, "taker"), (2, 2, 1, 98, "maker")]  # 101 * 1.01 = 102.01


def test_a_limit_rests_in_the_range_of_the_bar_whose_open_it_met(engine: EngineRun) -> None:
    # Open 101, low 100: the limit of 100 is touched, which is enough on a bar; stamped with the close, 2 s.
    assert fills(play(engine, {1: buy(1, limit=100.0)}, {"A": RISING})) == [(2, 1, 1, 100, "maker")]


def test_a_stop_fills_at_the_worse_of_open_and_stop(engine: EngineRun) -> None:
    # Opens 101 102 103, highs 102 103 104. 102 is reached inside the bar of 1 s; 101 is passed at its open;
    # sells at 99.5 see lows of 100, 101, ... and never trigger.
    plan = {1: both(buy(1, stop=102.0), buy(1, stop=100.5), sell(1, stop=99.5))}
    assert fills(play(engine, plan, {"A": RISING})) == [(1, 2, 1, 101, "taker"), (2, 1, 1, 102, "taker")]


def test_stop_limits_on_bars(engine: EngineRun) -> None:
    # Bar of 1 s: open 100, range 98 to 104. Of stop / limit, 102/103 fills at 102. 103/101 triggers inside
    # and rests from the next bar on, which opens at 101.5 and dips to 100.5: 101. 99/100.5 triggers at the
    # open and takes it; 100/99 triggers at the open, does not take it, rests, and the range reaches 99.
    market = {"A": bars((0, 100, 100, 100, 100), (1, 100, 104, 98, 101), (2, 101.5, 102, 100.5, 101))}
    plan = {
        1: both(
            buy(1, stop=102.0, limit=103.0),
            buy(1, stop=103.0, limit=101.0),
            buy(1, stop=99.0, limit=100.5),
            buy(1, stop=100.0, limit=99.0),
        )
    }
    assert fills(play(engine, plan, market)) == [
        (1, 3, 1, 100, "taker"),
        (2, 1, 1, 102, "taker"),
        (2, 4, 1, 99, "maker"),
        (3, 2, 1, 101, "maker"),
    ]


def test_inside_a_bar_the_stop_comes_first_and_is_counted(engine: EngineRun) -> None:
    # Long 1 with a target of 104 and a stop of 97; the bar of 2 s reaches both, then only the target is in
    # reach.
    market = {
        "A": bars(
            (0, 100, 100, 100, 100), (1, 100, 101, 99, 100), (2, 100, 105, 96, 100), (3, 99, 99, 99, 99)
        )
    }
    plan = {1: both(buy(1), sell(1, limit=104.0, oco=1), sell(1, stop=97.0, oco=1))}
    outcome = play(engine, plan, market)
    assert fills(outcome)[1:] == [(3, 3, -1, 97, "taker")]
    assert ends(outcome)[1] == ("CANCELED", "oco", 3)
    assert outcome.ambiguous_bars == 1


def test_a_stop_out_of_the_targets_reach_is_not_ambiguous(engine: EngineRun) -> None:
    market = {"A": bars((0, 100, 100, 100, 100), (1, 100, 101, 99, 100), (2, 100, 103, 96, 100))}
    plan = {1: both(buy(1), sell(1, limit=104.0, oco=1), sell(1, stop=97.0, oco=1))}
    assert play(engine, plan, market).ambiguous_bars == 0


def test_immediate_orders_end_at_the_open(engine: EngineRun) -> None:
    # The limit of 100.5 is above the low of the bar (100) but below its open (101): cancelled, stamped 1 s.
    plan = {1: both(buy(1, limit=100.5, time_in_force="IOC"), buy(1, limit=100.5, time_in_force="FOK"))}
    assert ends(play(engine, plan, {"A": RISING})) == [("CANCELED", "ioc", 1), ("CANCELED", "fok", 1)]


# Slippage


def test_slippage_worsens_takers_but_not_past_the_limit(engine: EngineRun) -> None:
    # 100 bps: 101 * 1.01 = 102.01; a limit of 101.5 stops it; a sale at 100 * 0.99 = 99.
    plan = {1: both(buy(1), buy(1, limit=101.5), sell(1), sell(1, limit=103.0))}
    outcome = play(engine, plan, {"A": QUOTES}, slippage_bps=100)
    assert [fill["price"] for fill in outcome.fills] == pytest.approx([102.01, 101.5, 99, 103])


# Liquidity


def test_volume_share_caps_what_all_orders_take_of_a_bar(engine: EngineRun) -> None:
    # A quarter of 18 is 4.5, in lots of 2: 4 a bar. The first order takes 4, then 2 more; the second what
    # is left.
    market = {"A": bars(*((t, 100, 100, 100, 100, 18) for t in range(4)))}
    plan = {1: both(buy(6), buy(4))}
    outcome = play(engine, plan, market, {"A": Instrument(lot_size=2)}, volume_share=0.25)
    assert [fill[:3] for fill in fills(outcome)] == [(1, 1, 4), (2, 1, 2), (2, 2, 2), (3, 2, 2)]
    # Without lots nothing is rounded: 4.5 a bar.
    assert play(engine, {1: buy(6)}, market, volume_share=0.25).fills[0]["quantity"] == 4.5


def test_the_standing_quotes_size_is_shared(engine: EngineRun) -> None:
    # 5 are offered at 1 s: 3 to the first, 2 to the second, whose rest goes on at 3 s, ahead of nobody.
    market = {"A": quotes((0, 100, 101, 5, 5), (1, 100, 101, 5, 5), (3, 101, 102, 5, 5), (4, 101, 102, 5, 5))}
    outcome = play(engine, {1: both(buy(3), buy(3), sell(1))}, market, displayed_size=True)
    assert fills(outcome) == [
        (1, 1, 3, 101, "taker"),
        (1, 2, 2, 101, "taker"),
        (1, 3, -1, 100, "taker"),
        (3, 2, 1, 102, "taker"),
    ]


def test_a_partly_filled_limit_rests_and_makers_draw_on_the_same_size(engine: EngineRun) -> None:
    # The limit of 101 takes 2 of 5 at 1 s; at 3 s it makes 2 more, and the market order behind it finds
    # nothing.
    market = {"A": quotes((0, 99, 101, 2, 2), (1, 99, 101, 2, 2), (3, 99, 100, 2, 2), (4, 99, 101, 2, 2))}
    outcome = play(engine, {1: both(buy(5, limit=101.0), buy(1))}, market, displayed_size=True)
    assert fills(outcome) == [
        (1, 1, 2, 101, "taker"),
        (3, 1, 2, 101, "maker"),
        (4, 1, 1, 101, "maker"),
        (4, 2, 1, 101, "taker"),
    ]


def test_a_prints_size_caps(engine: EngineRun) -> None:
    market = {"A": trades((0, 100, 1), (1, 100, 2), (2, 99, 2), (3, 98, 9))}
    plan = {0: both(buy(3), buy(2, limit=99.5))}
    outcome = play(engine, plan, market, displayed_size=True)
    assert fills(outcome) == [
        (1, 1, 2, 100, "taker"),
        (2, 1, 1, 99, "taker"),
        (2, 2, 1, 99.5, "maker"),
        (3, 2, 1, 99.5, "maker"),
    ]


# Commission


@pytest.mark.parametrize(
    ("terms", "taker", "maker"),
    [
        ({"commission_bps": 10}, 20.2, 20.6),  # 10 bps of 10 * 10 * 202 and 10 * 10 * 206
        ({"commission_bps": 10, "maker_bps": -1}, 20.2, -2.06),
        ({"taker_bps": 5, "commission_per_share": 0.01}, 10.2, 0.1),  # 10.1 + 10 * 0.01
        ({"commission_bps": 10, "commission_min": 20.5}, 20.5, 20.6),
        ({"commission_bps": 10, "commission_max": 20.5}, 20.2, 20.5),
        ({"maker_bps": -1, "commission_min": 1}, 1, 1),
    ],
)
def test_commission(engine: EngineRun, terms: dict[str, float], taker: float, maker: float) -> None:
    # 10 are bought at 202 and sold by a resting limit at 206, 10 money per point.
    market = {"A": quotes((0, 200, 202), (1, 200, 202), (3, 206, 207))}
    plan = {1: both(buy(10), sell(10, limit=206.0))}
    outcome = play(engine, plan, market, {"A": Instrument(multiplier=10)}, **terms)
    assert [fill["commission"] for fill in outcome.fills] == pytest.approx([taker, maker])
    assert outcome.positions[0]["commission"] == pytest.approx(taker + maker)


# Accounting


def test_average_price_realized_pnl_and_the_way_through_zero(engine: EngineRun) -> None:
    # 2 at 101, 2 at 102: average 101.5. Sell 1 at 103: +1.5. Sell 5 at 103: closes 3, +4.5, and opens -2 at
    # 103.
    plan = {1: buy(2), 3: buy(2), 5: both(sell(1), sell(5))}
    outcome = play(engine, plan, {"A": QUOTES}, initial_capital=10_000)
    position = outcome.positions[0]
    assert (position["quantity"], position["avg_px"], position["realized_pnl"]) == (-2, 103, pytest.approx(6))
    # cash: 10000 - 202 - 204 + 103 + 515 = 10212; marked at 103.5: equity = 10212 - 2 * 103.5 = 10005.
    last = outcome.equity[-1]
    assert (last["cash"], last["positions"], last["equity"]) == (10212, -207, 10005)
    assert outcome.orders[0]["avg_px"] == 101


# The equity curve


def test_with_bars_alone_a_point_follows_every_delivery_time(engine: EngineRun) -> None:
    streams = {"A": RISING, "B": bars((1, 9, 9, 9, 9), (4, 9, 9, 9, 9))}
    outcome = play(engine, {1: buy(10)}, streams, initial_capital=2000)
    # Bought at 101; the closes after it are 101.5, 102.5, 103.5, 104.5.
    assert [(seconds(p["ts"]), p["equity"]) for p in outcome.equity] == [
        (0, 2000),
        (1, 2000),
        (2, 2005),
        (3, 2015),
        (4, 2025),
        (5, 2035),
    ]
    assert [(seconds(e["ts"]), e["symbol"], e["quantity"], e["value"]) for e in outcome.exposures] == [
        (2, "A", 10, 1015),
        (3, "A", 10, 1025),
        (4, "A", 10, 1035),
        (5, "A", 10, 1045),
    ]


def test_ticks_are_marked_on_a_grid_where_something_happened(engine: EngineRun) -> None:
    # By default every minute. Nothing happens from 61 to 240 s; the fill at 150 s, alone, is worth a point.
    market = {"A": quotes((10, 100, 102), (60, 100, 102), (61, 104, 106), (250, 104, 106), (290, 104, 106))}
    outcome = play(engine, {61: buy(1, latency_ms=89_000)}, market, initial_capital=1000)
    assert fills(outcome) == [(150, 1, 1, 106, "taker")]
    assert [(seconds(p["ts"]), p["equity"]) for p in outcome.equity] == [
        (10, 1000),
        (60, 1000),
        (120, 1000),
        (180, 999),
        (290, 999),
    ]


def test_mark_every_also_thins_out_bars(engine: EngineRun) -> None:
    outcome = play(engine, {}, {"A": RISING}, mark_every=2 * SECOND)
    assert [seconds(p["ts"]) for p in outcome.equity] == [0, 2, 4, 5]


def test_the_first_point_stands_at_start(engine: EngineRun) -> None:
    outcome = play(engine, {}, {"A": RISING}, start=at(-10))
    assert [seconds(p["ts"]) for p in outcome.equity] == [-10, 1, 2, 3, 4, 5]


# Nothing of the future


@settings(max_examples=max(EXAMPLES // 4, 1), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases(), st.integers(0, 100))
def test_what_comes_later_changes_nothing_before(drawn: tuple[Case, Script], percent: int) -> None:
    case, script = drawn
    script = replace(script, actions={call: [*map(by_day, todo)] for call, todo in script.actions.items()})
    events = sequence(case.streams)
    until = events[(len(events) - 1) * percent // 100].delivered
    streams = {symbol: cut(stream, until) for symbol, stream in case.streams.items()}
    assume(all(stream.keys() == case.streams[symbol].keys() for symbol, stream in streams.items()))
    for engine in ENGINES.values():
        whole = engine(case, scripted(script))
        part = engine(replace(case, streams=streams), scripted(script))
        seen = [call for call in part.strategy.seen if call["now"] <= until and call["told"] != ("end",)]
        heard = [call["told"] for call in seen if call["told"][0] == "fill"]
        assert_same(seen, whole.strategy.seen[: len(seen)], case.initial_capital, "seen")
        assert_same(part.fills[: len(heard)], whole.fills[: len(heard)], case.initial_capital, "fills")


def by_day(action: Action) -> Action:
    """An at-the-close order needs to know a session's last bar: to it the end of the data is news."""
    at_close = action.terms.get("time_in_force") == "CLS"
    return replace(action, terms=action.terms | {"time_in_force": "DAY"}) if at_close else action


def cut(stream: dict[str, Any], until: int) -> dict[str, Any]:
    """The stream as far as it has begun by then; a kind that has nothing yet is left out.

    A bar that has opened is kept: that it has is known, and a cancel waits for its end.
    """
    kept = {
        kind: [row for row in stream[kind] if row[0] < until or (row[0] == until and kind != "bars")]
        for kind in ("quotes", "trades", "bars")
        if kind in stream
    }
    kept = {kind: rows for kind, rows in kept.items() if rows}
    return kept | ({"interval": stream["interval"]} if "bars" in kept else {})
