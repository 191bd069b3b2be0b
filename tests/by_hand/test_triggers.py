"""Order types, admission and time in force by hand, for the oracle and the engine."""

from typing import Any

import pytest
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
from markets import ENGINES, EngineRun

from btcore.config import Instrument


@pytest.fixture(params=["reference", "btcore"])
def engine(request: pytest.FixtureRequest) -> EngineRun:
    return ENGINES[request.param]


def amend(order: int, **terms: Any) -> Any:
    return lambda ctx: ctx.amend(order, **terms)


# Touch prices


def test_a_touch_price_lies_on_the_near_side(engine: EngineRun) -> None:
    # A buy speaks when the ask is at or below 98 and takes it; a sell of 103 when the bid is there.
    plan = {1: both(buy(1, touch=98.0), sell(1, touch=103.0), buy(1, touch=97.0))}
    assert fills(play(engine, plan, {"A": DIP})) == [(2, 1, 1, 98, "taker"), (6, 2, -1, 103, "taker")]


def test_limit_if_touched_goes_on_as_a_limit_order(engine: EngineRun) -> None:
    # Touched at an ask of 98: a limit of 98.5 takes it, one of 97.5 rests and is never reached.
    plan = {1: both(buy(1, touch=99.0, limit=98.5), buy(1, touch=99.0, limit=97.5))}
    outcome = play(engine, plan, {"A": DIP})
    assert fills(outcome) == [(2, 1, 1, 98, "taker")]
    assert [o["type"] for o in outcome.orders] == ["limit-if-touched"] * 2


def test_a_touch_price_on_prints_spends_the_print(engine: EngineRun) -> None:
    market = {"A": trades((0, 100), (1, 98), (2, 99), (3, 97))}
    plan = {0: both(buy(1, touch=98.0), buy(1, touch=98.0, limit=98.0))}
    # 98 at 1 s touches. At 2 s the one takes 99; the other meets it, rests at 98 and is passed at 3 s.
    assert fills(play(engine, plan, market)) == [(2, 1, 1, 99, "taker"), (3, 2, 1, 98, "maker")]


def test_touch_prices_on_bars(engine: EngineRun) -> None:
    # Sell 101.5 is touched inside the bar of 1 s (101 to 102): filled there. Buy 101 speaks at its open.
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
    # 2 below the best bid since 0 s: 98, then 101 once the bid is 103; a bid of 102 is silent, 101 triggers.
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
    # Given 99, which is above 100 - 5; the bid of 97 triggers. Given 90, it starts at 95 and is silent.
    plan = {1: both(sell(1, trail=5.0, stop=99.0), sell(1, trail=5.0, stop=90.0))}
    outcome = play(engine, plan, {"A": DIP})
    assert fills(outcome) == [(2, 1, -1, 97, "taker")]
    assert outcome.orders[1]["stop"] == 98  # 103 - 5


def test_a_trailing_stop_limit_makes_its_limit_when_it_triggers(engine: EngineRun) -> None:
    # Both stand at 98 and trigger at a bid of 97: a limit of 98 - 1 = 97 takes it, one of 98 - 0.5 rests
    # until the bid is there, at 4 s, and makes at 97.5.
    plan = {1: both(sell(1, trail=2.0, limit_offset=1.0), sell(1, trail=2.0, limit_offset=0.5))}
    outcome = play(engine, plan, {"A": DIP})
    assert fills(outcome) == [(2, 1, -1, 97, "taker"), (4, 2, -1, 97.5, "maker")]
    assert [o["limit"] for o in outcome.orders] == [97, 97.5]


def test_a_trailing_stop_on_prints_spends_the_print(engine: EngineRun) -> None:
    market = {"A": trades((0, 100), (1, 104), (2, 102), (3, 99))}
    assert fills(play(engine, {0: sell(1, trail=2.0)}, market)) == [(3, 1, -1, 99, "taker")]


def test_a_trailing_stop_on_bars_moves_after_the_range(engine: EngineRun) -> None:
    # Sent at 1 s with the mark at 100: stop 98; at the open of 101 it moves to 99; the low of 99.5 is above
    # it and the high of 105 lifts it to 103 only when the bar is over. The next bar opens at 103.5 and falls
    # to 102: 103.
    market = bars((0, 100, 100, 100, 100), (1, 101, 105, 99.5, 104), (2, 103.5, 104, 102, 103))
    outcome = play(engine, {1: sell(1, trail=2.0)}, {"A": market})
    assert fills(outcome) == [(3, 1, -1, 103, "taker")]


def test_at_the_open_a_trailing_stop_speaks_first(engine: EngineRun) -> None:
    # Stop 98; the bar opens at 97 and goes to 110: sold at 97.
    market = bars((0, 100, 100, 100, 100), (1, 97, 110, 97, 110))
    assert fills(play(engine, {1: sell(1, trail=2.0)}, {"A": market})) == [(1, 1, -1, 97, "taker")]


def test_amending_a_trailing_order_moves_its_present_stop(engine: EngineRun) -> None:
    # From 95 up to 99.5; the bid of 97 triggers it.
    plan = {0: sell(1, trail=5.0), 1: amend(1, stop=99.5)}
    assert fills(play(engine, plan, {"A": DIP})) == [(2, 1, -1, 97, "taker")]


# Admission


def test_min_notional_is_in_the_instruments_money(engine: EngineRun) -> None:
    # 2 * 100 * 10 = 2000 passes, at a limit of 99.5 it is 1990 and does not; the market order counts at 101.
    plan = {1: both(buy(2, limit=100.0), buy(2, limit=99.5), buy(2))}
    instruments = {"A": Instrument(multiplier=10, min_notional=2000, currency="EUR")}
    outcome = play(engine, plan, {"A": QUOTES}, instruments, fx={"EUR": 0.5})
    assert [end[1] for end in ends(outcome)] == ["end_of_data", "min_notional", ""]


def test_off_steps_can_be_snapped(engine: EngineRun) -> None:
    # Quantity down, a buy limit down, a sell limit up, a buy stop up, a buy's touch price down; 1 is no lot.
    plan = {
        1: both(
            buy(3, limit=99.3),
            sell(2, limit=110.3),
            buy(2, stop=110.3),
            buy(2, touch=90.3),
            buy(1),
        )
    }
    instruments = {"A": Instrument(tick_size=0.5, lot_size=2)}
    outcome = play(engine, plan, {"A": QUOTES}, instruments, off_step="snap")
    assert [(o["quantity"], o["limit"]) for o in outcome.orders[:2]] == [(2, 99), (2, 110.5)]
    assert [o["stop"] for o in outcome.orders[2:4]] == [110.5, 90]
    assert ends(outcome)[4][:2] == ("REJECTED", "lot_size")


def test_negative_prices_where_the_instrument_has_them(engine: EngineRun) -> None:
    # A sale at -2 brings -2; bought back at -5 it costs -5: 3 are earned. Buying power counts 5 by its size.
    market = {"A": quotes((0, -2, -1), (1, -2, -1), (2, -6, -5), (3, -6, -5))}
    plan = {1: sell(1, limit=-2.0), 2: both(buy(1, limit=-4.0), buy(21, limit=-5.0))}
    instruments = {"A": Instrument(negative_prices=True)}
    outcome = play(engine, plan, market, instruments, initial_capital=100)
    assert fills(outcome) == [(1, 1, -1, -2, "taker"), (2, 2, 1, -5, "taker")]
    assert ends(outcome)[2][:2] == ("REJECTED", "buying_power")
    assert outcome.equity[-1]["cash"] == 103


@pytest.mark.parametrize(
    "terms",
    [
        {"post_only": True},
        {"limit": 99.0, "post_only": True, "time_in_force": "IOC"},
        {"stop": 110.0, "time_in_force": "CLS"},
        {"touch": 90.0, "time_in_force": "OPG"},
        {"time_in_force": "GTD"},
    ],
)
def test_terms_that_exclude_each_other(terms: dict[str, Any]) -> None:
    assert ends(play(ENGINES["reference"], {1: buy(1, **terms)}, {"A": QUOTES}))[0][1] == "invalid_terms"


def test_ticks_need_a_tick_size(engine: EngineRun) -> None:
    outcome = play(engine, {1: sell(1, trail=2.0, trail_by="ticks")}, {"A": QUOTES})
    assert ends(outcome) == [("REJECTED", "invalid_price", 1)]


# Time in force


def test_gtd_ends_at_its_time_seen_at_the_next_event(engine: EngineRun) -> None:
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


def test_at_the_close_on_quotes_takes_the_standing_quote(engine: EngineRun) -> None:
    # At 24 h, before the quote of 24 h: the standing ask of 22 h is 123. A limit of 122 does not fill.
    plan = {20 * HOUR: both(buy(1, time_in_force="CLS"), buy(1, limit=122.0, time_in_force="CLS"))}
    outcome = play(engine, plan, {"A": OVERNIGHT})
    assert fills(outcome) == [(24 * HOUR, 1, 1, 123, "taker")]
    assert ends(outcome)[1] == ("CANCELED", "closing", 24 * HOUR)
    assert outcome.strategy.heard[-3:] == [("fill", 24 * HOUR), ("quote", 24 * HOUR), ("quote", 25 * HOUR)]


def test_at_the_close_on_prints_takes_the_last_one(engine: EngineRun) -> None:
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


def test_sessions_can_be_listed() -> None:
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
    # 1 of 3 is made at 2 s; amended to 100 it would take the ask of 4 s.
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


def test_reduce_only_is_not_counted_in_buying_power(engine: EngineRun) -> None:
    # Nothing is held; 50 of 100 pass unasked, and the 9 that follow count alone.
    plan = {1: both(sell(50, limit=110.0, reduce_only=True), sell(9, limit=110.0), sell(1, limit=110.0))}
    outcome = play(engine, plan, {"A": QUOTES}, initial_capital=1000)
    assert [end[1] for end in ends(outcome)] == ["end_of_data", "end_of_data", "buying_power"]
