"""Time in force, post-only and reduce-only, by hand."""

from typing import Any

import pytest
from engines import ENGINES, EngineRun
from hand_cases import (
    DIP,
    HOUR,
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
    sell,
    trades,
)

from btcore.config import Instrument, TradingHours
from btcore.times.hours import DAYS

SECONDS_OF_DAY = TradingHours(
    timezone="UTC",
    week={day: [("00:00:02", "00:00:04"), ("00:00:06", "00:00:09")] for day in DAYS},
)


def amend(order: int, **terms: Any) -> Any:
    return lambda ctx: ctx.amend(order, **terms)


# DAY, IOC and FOK


def test_day_orders_end_at_the_local_midnight(engine: EngineRun) -> None:
    # Midnight in New York is 05:00 UTC. An order that arrives at 05:00 expires at the next midnight.
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


def test_on_stops_ioc_and_fok_apply_from_the_trigger_on(engine: EngineRun) -> None:
    # Both trigger at the ask of 102 at 3 s. The stop-limit then meets 102 with a limit of 101.5, and ends.
    plan = {
        1: both(buy(1, stop=102.0, time_in_force="FOK"), buy(1, stop=102.0, limit=101.5, time_in_force="IOC"))
    }
    outcome = play(engine, plan, {"A": QUOTES})
    assert ends(outcome) == [("FILLED", "", 3), ("CANCELED", "ioc", 3)]


# GTD, at the opening and at the close


def test_gtd_is_removed_at_the_next_event(engine: EngineRun) -> None:
    plan = {
        1: both(
            buy(1, limit=99.0, time_in_force="GTD", expires=at(2.5)),
            buy(1, limit=98.0, time_in_force="GTD", expires=at(2)),
            buy(1, limit=99.0, time_in_force="GTD", expires=at(0.5)),
        )
    }
    outcome = play(engine, plan, {"A": DIP})
    # At 2 s sharp the second has ended before the ask of 98 comes; the third ends as it arrives.
    assert fills(outcome) == [(2, 1, 1, 99, "maker")]
    assert ends(outcome)[1:] == [("EXPIRED", "gtd", 2), ("EXPIRED", "gtd", 1)]


@pytest.mark.parametrize(
    "request_it",
    [
        lambda ctx: ctx.amend(1, limit=102.0),  # it would fill at the standing ask of 101
        lambda ctx: ctx.amend(1, quantity=2),
        lambda ctx: ctx.cancel(1),
    ],
    ids=["amend the limit", "amend the quantity", "cancel"],
)
@pytest.mark.parametrize(("lifetime", "reason"), [({"time_in_force": "GTD"}, "gtd"), ({}, "day")])
def test_a_request_after_the_expiry_finds_the_order_expired(
    engine: EngineRun, request_it: Any, lifetime: dict[str, Any], reason: str
) -> None:
    # The order expires at 24 h (GTD) or at midnight (DAY); its symbol's next event comes at 26 h, and the
    # request at 25 h, with an event of another symbol.
    terms = lifetime | {"expires": at(24 * HOUR)} if lifetime else {"time_in_force": "DAY"}
    market = {
        "A": quotes((20 * HOUR, 100, 101), (26 * HOUR, 100, 101)),
        "B": quotes((25 * HOUR, 50, 51)),
    }
    outcome = play(engine, {20 * HOUR: buy(1, limit=99.0, **terms), 25 * HOUR: request_it}, market)
    assert fills(outcome) == []
    assert ends(outcome) == [("EXPIRED", reason, 24 * HOUR)]
    assert [order["quantity"] for order in outcome.orders] == [1]


def test_a_request_after_the_expiry_of_a_held_child_finds_it_expired(engine: EngineRun) -> None:
    market = {"A": quotes((0, 100, 101), (6, 100, 101)), "B": quotes((4, 50, 51))}
    child = sell(1, limit=110.0, parent=1, time_in_force="GTD", expires=at(3))
    plan = {0: both(buy(1, limit=90.0), child), 4: lambda ctx: ctx.amend(2, limit=120.0)}
    assert ends(play(engine, plan, market)) == [("EXPIRED", "end_of_data", 6), ("EXPIRED", "gtd", 3)]


OVERNIGHT = quotes(*((t * HOUR, 100 + t, 101 + t) for t in (20, 22, 24, 25)))


def test_at_the_opening_meets_the_first_event_of_the_session(engine: EngineRun) -> None:
    # The next session opens at 24 h: the market order takes 125, the limit of 121 is left and cancelled.
    plan = {20 * HOUR: both(buy(1, time_in_force="OPG"), buy(1, limit=121.0, time_in_force="OPG"))}
    outcome = play(engine, plan, {"A": OVERNIGHT})
    assert fills(outcome) == [(24 * HOUR, 1, 1, 125, "taker")]
    assert ends(outcome)[1] == ("CANCELED", "opening", 24 * HOUR)


def test_at_the_opening_on_bars_takes_the_first_open(engine: EngineRun) -> None:
    # Bars of an hour that open at 22, 23 and 24 h.
    market = bars(*((t * HOUR, t, t + 0.5, t, t + 0.5) for t in (22, 23, 24, 25)), interval=HOUR)
    outcome = play(engine, {23 * HOUR: buy(1, time_in_force="OPG")}, {"A": market})
    assert fills(outcome) == [(24 * HOUR, 1, 1, 24, "taker")]


def test_the_bar_that_has_the_open_inside_is_the_opening(engine: EngineRun) -> None:
    # Sessions from 2 to 4 s and from 6 to 9 s, bars of 3 s from 1, 4 and 7 s. Of two orders of 4 s the one
    # that comes at 5 s is too late for the bar of 4 s, which has the open of 6 s inside.
    market = bars((1, 10, 10, 10, 10), (4, 20, 20, 20, 20), (7, 30, 30, 30, 30), interval=3)
    plan = {4: both(buy(1, time_in_force="OPG"), buy(1, time_in_force="OPG", latency_ms=1000))}
    outcome = play(engine, plan, {"A": market}, {"A": Instrument(sessions=SECONDS_OF_DAY)})
    assert fills(outcome) == [(4, 1, 1, 20, "taker")]
    assert ends(outcome) == [("FILLED", "", 4), ("CANCELED", "opening", 6)]


def test_a_day_without_data_is_no_session(engine: EngineRun) -> None:
    # Bars of an hour on the first and the fourth day. What is sent at the end of the first day lives on the
    # fourth: the limit fills there at 72 h, and the close is that of 73 h.
    rows = (22, 120), (23, 120), (72, 90), (73, 95), (96, 99)
    market = bars(*((t * HOUR, px, px, px, px) for t, px in rows), interval=HOUR)
    plan = {
        23 * HOUR: buy(1, limit=100.0, time_in_force="DAY"),
        24 * HOUR: both(buy(1, limit=100.0, time_in_force="DAY"), buy(1, time_in_force="CLS")),
    }
    outcome = play(engine, plan, {"A": market})
    assert fills(outcome) == [(72 * HOUR, 2, 1, 90, "taker"), (74 * HOUR, 3, 1, 95, "taker")]
    assert ends(outcome)[0] == ("EXPIRED", "day", 24 * HOUR)


def test_only_the_data_that_orders_meet_make_a_session(engine: EngineRun) -> None:
    # Orders of A meet its quotes, which have no row on the second day; B has data on each.
    market = {
        "A": quotes((20 * HOUR, 100, 101), (50 * HOUR, 100, 101))
        | bars((30 * HOUR, 9, 9, 9, 9), interval=HOUR),
        "B": quotes((24 * HOUR, 50, 51), (50 * HOUR, 50, 51)),
    }
    send = both(buy(1, limit=9.0, time_in_force="DAY"), lambda ctx: ctx.buy("B", 1, time_in_force="CLS"))
    outcome = play(engine, {24 * HOUR: send}, market)
    assert ends(outcome) == [("EXPIRED", "end_of_data", 50 * HOUR), ("FILLED", "", 48 * HOUR)]


def test_at_the_close_on_quotes_takes_the_standing_quote(engine: EngineRun) -> None:
    # At 24 h, before the quote of 24 h: the standing ask of 22 h is 123. A limit of 122 does not fill.
    plan = {20 * HOUR: both(buy(1, time_in_force="CLS"), buy(1, limit=122.0, time_in_force="CLS"))}
    outcome = play(engine, plan, {"A": OVERNIGHT})
    assert fills(outcome) == [(24 * HOUR, 1, 1, 123, "taker")]
    assert ends(outcome)[1] == ("CANCELED", "closing", 24 * HOUR)
    assert outcome.strategy.calls[-3:] == [("fill", 24 * HOUR), ("quote", 24 * HOUR), ("quote", 25 * HOUR)]


def test_at_the_close_on_trades_takes_the_last_one(engine: EngineRun) -> None:
    market = {"A": trades((20 * HOUR, 7), (23 * HOUR, 8), (25 * HOUR, 9))}
    outcome = play(engine, {20 * HOUR: buy(1, time_in_force="CLS")}, market)
    assert fills(outcome) == [(24 * HOUR, 1, 1, 8, "taker")]


def test_at_the_close_on_bars_takes_the_last_close_of_the_session(engine: EngineRun) -> None:
    # Of the bars of 22, 23 and 24 h the one of 23 h is the last of the day. An order that comes at 23.5 h is
    # too late for it and ends with the session, as is seen at the bar of 24 h.
    market = bars(*((t * HOUR, t, t + 0.5, t, t + 0.5) for t in (22, 23, 24, 25)), interval=HOUR)
    plan = {
        23 * HOUR: both(sell(1, time_in_force="CLS"), sell(1, time_in_force="CLS", latency_ms=HOUR * 500))
    }
    outcome = play(engine, plan, {"A": market})
    assert fills(outcome) == [(24 * HOUR, 1, -1, 23.5, "taker")]
    assert ends(outcome)[1] == ("CANCELED", "closing", 24 * HOUR)


def test_sessions_of_a_calendar_decide() -> None:
    # A session from 2 to 4 s and one from 6 to 9 s: DAY ends at 4 s, OPG meets the quote of 6 s, CLS the
    # standing quote at 4 s.
    market = quotes(*((t, 100 + t, 101 + t) for t in range(8)))
    plan = {
        3: both(buy(1, limit=9.0, time_in_force="DAY"), *(buy(1, time_in_force=t) for t in ("OPG", "CLS")))
    }
    sessions = ([at(2), at(6)], [at(4), at(9)])
    outcome = play(ENGINES["reference"], plan, {"A": market}, sessions=sessions)
    assert ends(outcome)[0] == ("EXPIRED", "day", 4)
    assert fills(outcome) == [(4, 3, 1, 104, "taker"), (6, 2, 1, 107, "taker")]


def test_the_sessions_of_an_instrument_go_before_those_of_the_run(engine: EngineRun) -> None:
    # The instrument has sessions from 2 to 4 s and from 6 to 9 s after midnight; those of the run are days.
    market = quotes(*((t, 100 + t, 101 + t) for t in range(8)))
    plan = {
        3: both(buy(1, limit=9.0, time_in_force="DAY"), *(buy(1, time_in_force=t) for t in ("OPG", "CLS")))
    }
    outcome = play(engine, plan, {"A": market}, {"A": Instrument(sessions=SECONDS_OF_DAY)})
    assert ends(outcome)[0] == ("EXPIRED", "day", 4)
    assert fills(outcome) == [(4, 3, 1, 104, "taker"), (6, 2, 1, 107, "taker")]


def test_each_symbol_has_its_own_sessions(engine: EngineRun) -> None:
    # A closes at 4 s; B has the days of the run, so that its orders stay open.
    market = quotes(*((t, 100 + t, 101 + t) for t in range(8)))

    def order_both(ctx: Any) -> None:
        for symbol in ("A", "B"):
            ctx.buy(symbol, 1, limit=9.0, time_in_force="DAY")

    outcome = play(
        engine, {3: order_both}, {"A": market, "B": market}, {"A": Instrument(sessions=SECONDS_OF_DAY)}
    )
    assert ends(outcome)[0] == ("EXPIRED", "day", 4)
    assert ends(outcome)[1] == ends(play(engine, {3: order_both}, {"A": market, "B": market}))[1]


def test_bars_end_with_the_sessions_of_their_instrument(engine: EngineRun) -> None:
    # Sessions from 2 to 4 s and from 6 to 9 s: the bars of 2 s that begin at 2, 6 and 8 s last 2, 2 and 1 s.
    market = bars(*((t, 10, 10, 10, 10) for t in (2, 6, 8)), interval=2)
    outcome = play(engine, {}, {"A": market}, {"A": Instrument(sessions=SECONDS_OF_DAY)})
    assert outcome.strategy.calls == [("bar", 4), ("bar", 8), ("bar", 9)]


# Post-only and reduce-only


def test_post_only_never_takes(engine: EngineRun) -> None:
    # 101 would take the ask of 1 s; 98 rests and makes. On bars the open is the meeting.
    plan = {1: both(buy(1, limit=101.0, post_only=True), buy(1, limit=98.0, post_only=True))}
    outcome = play(engine, plan, {"A": DIP})
    assert ends(outcome)[0] == ("REJECTED", "post_only", 1)
    assert fills(outcome) == [(2, 2, 1, 98, "maker")]
    outcome = play(engine, {1: buy(1, limit=101.0, post_only=True)}, {"A": RISING})
    assert ends(outcome) == [("REJECTED", "post_only", 1)]


def test_a_post_only_order_with_fills_is_cancelled(engine: EngineRun) -> None:
    # 1 of 3 fills as a maker at 2 s; amended to 100 it would take the ask of 4 s.
    market = quotes((0, 100, 101, 9, 9), (2, 97, 98, 9, 1), (3, 99, 100, 9, 9), (4, 99, 100, 9, 9))
    plan = {0: buy(3, limit=98.0, post_only=True), 3: amend(1, limit=100.0)}
    outcome = play(engine, plan, {"A": market}, displayed_size=True)
    assert fills(outcome) == [(2, 1, 1, 98, "maker")]
    assert ends(outcome) == [("CANCELED", "post_only", 3)]


def test_reduce_only_reduces_and_no_more(engine: EngineRun) -> None:
    # Long 2: of 5 only 2 are sold, the rest ends; a buy that reduces nothing ends too; a waiting one stays.
    plan = {
        1: both(
            buy(2),
            sell(9, limit=150.0, reduce_only=True),
            sell(5, reduce_only=True),
            buy(1, reduce_only=True),
        )
    }
    outcome = play(engine, plan, {"A": QUOTES})
    assert fills(outcome)[1:] == [(1, 3, -2, 100, "taker")]
    assert [end[1] for end in ends(outcome)] == ["", "end_of_data", "reduce_only", "reduce_only"]


def test_a_reduce_only_fok_needs_the_whole_position(engine: EngineRun) -> None:
    plan = {1: both(buy(2), *(sell(n, reduce_only=True, time_in_force="FOK") for n in (3, 2)))}
    outcome = play(engine, plan, {"A": QUOTES})
    assert [end[1] for end in ends(outcome)] == ["", "fok", ""]
