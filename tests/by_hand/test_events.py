"""The order of events, latency and the equity curve, by hand."""

from typing import Any

import pytest
from engines import ENGINES, Case, EngineRun
from hand_cases import (
    QUOTES,
    RISING,
    at,
    bars,
    both,
    buy,
    fills,
    play,
    quotes,
    seconds,
    sell,
    trades,
)
from random_rows import SECOND

from btcore.errors import StrategyError

# Time and events


def test_bars_with_ends_of_their_own_are_delivered_at_them(engine: EngineRun) -> None:
    # Bars of 1, 3 and 2 s, then a gap of 4 s: of B's trades, that of 4 s comes after the bar that ends then.
    market = bars((0, 5, 5, 5, 5), (1, 6, 6, 6, 6), (4, 7, 7, 7, 7), (10, 8, 8, 8, 8))
    market["ends"] = {at(0): at(1), at(1): at(4), at(4): at(6), at(10): at(11)}
    streams = {"A": market, "B": trades((3, 9), (4, 9))}
    outcome = play(engine, {4: buy(1), 6: buy(1)}, streams)
    assert outcome.strategy.calls == [
        ("bar", 1), ("trade", 3), ("bar", 4), ("trade", 4), ("fill", 6), ("bar", 6), ("fill", 11),
        ("bar", 11),
    ]  # fmt: skip
    # The order sent at 4 s, at the end of the bar, takes part in the bar that opens then. That of 6 s waits
    # for the one after the gap.
    assert fills(outcome) == [(4, 1, 1, 7, "taker"), (10, 2, 1, 8, "taker")]


def test_a_fill_inside_a_bar_has_the_time_of_its_own_end(engine: EngineRun) -> None:
    market = bars((0, 5, 5, 5, 5), (1, 6, 9, 6, 8), (7, 8, 8, 8, 8)) | {
        "ends": {at(0): at(1), at(1): at(3.5), at(7): at(8)}
    }
    # The sell limit of 9 is reached in the bar from 1 to 3.5 s; a cancel at 2 s waits for that end.
    plan = {
        1: both(buy(1), sell(1, limit=9.0), lambda ctx: ctx.set_timer(at(2))),
        2: lambda ctx: ctx.cancel(2),
    }
    assert fills(play(engine, plan, {"A": market})) == [(1, 1, 1, 6, "taker"), (3.5, 2, -1, 9, "maker")]


def test_bars_of_regular_hours_end_at_the_close() -> None:
    # Bars of 4 s from 0 s on, sessions from 0 to 6 s and from 10 to 16 s: the bars of 4 s and 14 s last 2 s.
    rows = ((0, 5, 5, 5, 5), (4, 5, 5, 5, 5), (10, 5, 5, 5, 5), (14, 5, 5, 5, 5))
    sessions = ([at(0), at(10), at(20)], [at(6), at(16), at(26)])

    def calls(*bar_rows: tuple[float, ...]) -> Any:
        market = {"A": bars(*bar_rows, interval=4)}
        return play(ENGINES["reference"], {}, market, sessions=sessions).strategy.calls

    assert calls(*rows) == [("bar", 4), ("bar", 6), ("bar", 14), ("bar", 16)]
    # A bar at 8 s, when the market is closed: the data have other hours too.
    assert calls(*rows[:2], (8, 5, 5, 5, 5), *rows[3:]) == [("bar", 4), ("bar", 8), ("bar", 12), ("bar", 18)]


def test_events_come_by_delivery_then_symbol_then_kind(engine: EngineRun) -> None:
    # At 2 s: A's bar of 1 s closes, and B trades; A was given first, and a symbol's quote precedes its bar.
    streams = {"A": bars((1, 5, 5, 5, 5)) | quotes((2, 5, 6)), "B": trades((0, 9), (2, 9))}
    calls = play(engine, {}, streams).strategy.calls
    assert calls == [("trade", 0), ("quote", 2), ("bar", 2), ("trade", 2)]


def test_fills_are_delivered_before_their_event_or_at_once_with_zero_latency(engine: EngineRun) -> None:
    # The order sent on the quote of 1 s meets that quote at once.
    plan = {1: buy(1), 5: sell(1)}
    calls = play(engine, plan, {"A": QUOTES}).strategy.calls
    assert calls[1:3] == [("quote", 1), ("fill", 1)]
    # A market order of a trades-only symbol waits for the next trade, and its fill is delivered before it.
    calls = play(engine, {0: buy(1)}, {"A": trades((0, 9), (1, 9))}).strategy.calls
    assert calls == [("trade", 0), ("fill", 1), ("trade", 1)]


def test_wake_ups_precede_the_event_and_arrivals_precede_timers(engine: EngineRun) -> None:
    # Sent at 1 s with 2 s of latency, so due at 3 s, as are a timer and a quote: fill on the old ask,
    # timer, quote.
    plan = {1: both(lambda ctx: ctx.set_timer(at(3)), buy(1), lambda ctx: ctx.set_timer(at(2)))}
    outcome = play(engine, plan, {"A": QUOTES}, latency_ms=2000)
    assert outcome.strategy.calls[2:6] == [("timer", 2), ("fill", 3), ("timer", 3), ("quote", 3)]
    assert fills(outcome) == [(3, 1, 1, 101, "taker")]


def test_a_timer_that_is_due_already_fires_before_the_next_event(engine: EngineRun) -> None:
    plan = {1: lambda ctx: ctx.set_timer(at(0))}
    assert play(engine, plan, {"A": QUOTES}).strategy.calls[1:4] == [("quote", 1), ("timer", 1), ("quote", 3)]


def test_a_timer_at_a_bars_close_fires_before_the_bar(engine: EngineRun) -> None:
    plan = {"start": lambda ctx: ctx.set_timer(at(1))}
    assert play(engine, plan, {"A": RISING}).strategy.calls[:2] == [("timer", 1), ("bar", 1)]


def test_endless_requests_within_one_event_are_an_error(engine: EngineRun) -> None:
    def make(base: type) -> type:
        def again(self: Any, ctx: Any, _: Any) -> None:
            ctx.buy("A", 0.001)

        return type("Restless", (base,), {"on_quote": again, "on_fill": again})

    with pytest.raises(StrategyError):
        engine(Case({"A": QUOTES}), make)


# Latency


def test_an_order_arrives_after_its_latency(engine: EngineRun) -> None:
    outcome = play(engine, {1: both(buy(1), buy(1, latency_ms=2500))}, {"A": QUOTES}, latency_ms=250)
    assert [(seconds(o["ts_sent"]), seconds(o["ts_arrived"])) for o in outcome.orders] == [
        (1, 1.25),
        (1, 3.5),
    ]
    # The second meets the standing quote of 3.5 s.
    assert fills(outcome) == [(1.25, 1, 1, 101, "taker"), (3.5, 2, 1, 102, "taker")]


def test_requests_due_together_arrive_in_the_order_they_were_sent(engine: EngineRun) -> None:
    # Only one unit is shown: the first sent takes it, though both are due at 2 s.
    market = {"A": quotes((0, 100, 101, 1, 1), (1, 100, 101, 1, 1), (5, 100, 101, 1, 1))}
    plan = {0: buy(1, latency_ms=2000), 1: buy(1, latency_ms=1000)}
    outcome = play(engine, plan, market, displayed_size=True)
    assert fills(outcome) == [(2, 1, 1, 101, "taker"), (5, 2, 1, 101, "taker")]


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


def test_with_ticks_points_lie_on_a_grid_where_something_happened(engine: EngineRun) -> None:
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


def test_the_first_point_is_at_start(engine: EngineRun) -> None:
    outcome = play(engine, {}, {"A": RISING}, start=at(-10))
    assert [seconds(p["ts"]) for p in outcome.equity] == [-10, 1, 2, 3, 4, 5]
