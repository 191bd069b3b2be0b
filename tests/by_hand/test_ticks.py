"""Matching against quotes and trades, by hand."""

from engines import EngineRun
from hand_cases import (
    HOUR,
    QUOTES,
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

# Quotes


def test_market_orders_meet_the_standing_quote(engine: EngineRun) -> None:
    # Zero latency: the quote of the event. With 500 ms: the same quote, stamped with the arrival.
    plan = {1: both(buy(1), sell(2))}
    assert fills(play(engine, plan, {"A": QUOTES})) == [(1, 1, 1, 101, "taker"), (1, 2, -2, 100, "taker")]
    assert fills(play(engine, plan, {"A": QUOTES}, latency_ms=500))[0] == (1.5, 1, 1, 101, "taker")


def test_without_a_standing_quote_an_order_waits_for_the_first(engine: EngineRun) -> None:
    assert fills(play(engine, {"start": buy(1)}, {"A": QUOTES})) == [(0, 1, 1, 101, "taker")]


def test_a_limit_is_a_taker_at_its_meeting_and_a_maker_later(engine: EngineRun) -> None:
    # A buy limit of 105 takes the ask of 101. A sell limit of 102 rests at 1 s; the bid reaches 103 at 5 s:
    # 102.
    plan = {1: both(buy(1, limit=105.0), sell(1, limit=102.0))}
    assert fills(play(engine, plan, {"A": QUOTES})) == [(1, 1, 1, 101, "taker"), (5, 2, -1, 102, "maker")]
    # Reached exactly is enough: a sell limit of 103.
    assert fills(play(engine, {1: sell(1, limit=103.0)}, {"A": QUOTES})) == [(5, 1, -1, 103, "maker")]


def test_stops_trigger_on_the_side_they_would_trade(engine: EngineRun) -> None:
    # A buy stop of 102 uses the ask: 102 at 3 s. A stop of 101 triggers on arrival. A stop-limit of 102
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


def test_a_trade_beside_quotes_fills_only_resting_limits(engine: EngineRun) -> None:
    # The buy limit of 100 rests; a trade at 100 does not go through it, one at 99 does, and fills it at 100.
    # The sell stop of 99 ignores trades, and the mark stays the quote's mid.
    market = {"A": quotes((0, 100, 101), (9, 100, 101)) | trades((1, 100), (2, 99), (3, 99))}
    plan = {0: both(buy(1, limit=100.0), sell(1, stop=99.0)), 2: buy(1)}
    outcome = play(engine, plan, market)
    assert fills(outcome) == [(2, 1, 1, 100, "maker"), (2, 3, 1, 101, "taker")]
    assert outcome.positions[0]["mark"] == 100.5
    assert fills(play(engine, plan, market, limit_fill="touch"))[0] == (1, 1, 1, 100, "maker")


def test_a_resting_limit_may_need_a_quote_beyond_it(engine: EngineRun) -> None:
    # The ask comes to 100 at 2 s and to 99.5 at 3 s. At its meeting equality is enough, for the order of 4 s.
    market = {"A": quotes((1, 100, 101), (2, 99, 100), (3, 98, 99.5), (4, 99, 100))}
    plan = {1: buy(1, limit=100.0), 4: buy(1, limit=100.0)}
    taken = (4, 2, 1, 100, "taker")
    assert fills(play(engine, plan, market)) == [(2, 1, 1, 100, "maker"), taken]
    assert fills(play(engine, plan, market, limit_fill="touch")) == [(2, 1, 1, 100, "maker"), taken]
    assert fills(play(engine, plan, market, limit_fill="through")) == [(3, 1, 1, 100, "maker"), taken]


def test_a_stale_quote_fills_nothing(engine: EngineRun) -> None:
    # With events of B at 2 and 3 s: at 2 s the quote of A is 2 s old, which is allowed, at 3 s it is not. The
    # market order waits for the quote of 4 s, the stop does not trigger before it, and IOC is cancelled.
    market = {"A": quotes((0, 100, 101), (4, 102, 103)), "B": quotes((2, 9, 9), (3, 9, 9))}
    plan = {2: buy(1), 3: both(buy(2), buy(3, stop=101.0), buy(4, time_in_force="IOC"))}
    outcome = play(engine, plan, market, max_quote_age="2s")
    assert fills(outcome) == [(2, 1, 1, 101, "taker"), (4, 2, 2, 103, "taker"), (4, 3, 3, 103, "taker")]
    assert ends(outcome)[3] == ("CANCELED", "stale_quote", 3)


def test_the_close_of_a_session_does_not_take_a_stale_quote(engine: EngineRun) -> None:
    market = {"A": quotes((20 * HOUR, 100, 101), (25 * HOUR, 100, 101))}
    plan = {20 * HOUR: buy(1, time_in_force="CLS")}
    assert ends(play(engine, plan, market, max_quote_age="3h")) == [("CANCELED", "stale_quote", 24 * HOUR)]
    assert ends(play(engine, plan, market, max_quote_age="4h")) == [("FILLED", "", 24 * HOUR)]


def test_bars_beside_ticks_match_nothing(engine: EngineRun) -> None:
    market = {"A": trades((0, 100), (5, 100)) | bars((1, 90, 200, 10, 90))}
    outcome = play(engine, {0: both(buy(1, limit=95.0), buy(1))}, market)
    assert fills(outcome) == [(5, 2, 1, 100, "taker")]
    assert outcome.positions[0]["mark"] == 100
    assert outcome.strategy.calls[1] == ("bar", 2)


def test_crossed_quotes_are_used_as_they_are(engine: EngineRun) -> None:
    # At 1 s bid 104, ask 102: the buy takes 102, the sell 104; marked at 103, long 2 - 1 = 1.
    market = {"A": quotes((0, 100, 101), (1, 104, 102), (3, 98, 97), (4, 98, 97))}
    plan = {1: both(buy(2), sell(1), buy(1, limit=97.5), sell(1, stop=99.0), buy(1, stop=102.5))}
    outcome = play(engine, plan, market)
    # At 3 s the ask of 97 reaches the resting limit, the bid of 98 the stop; the buy stop sees asks alone.
    assert fills(outcome) == [
        (1, 1, 2, 102, "taker"),
        (1, 2, -1, 104, "taker"),
        (3, 3, 1, 97.5, "maker"),
        (3, 4, -1, 98, "taker"),
    ]
    # 1,000,000 - 204 + 104 - 97.5 + 98 and 1 at the mid of 97.5
    assert outcome.equity[-1]["equity"] == 999_998.0


def test_a_mark_outside_a_crossed_quote_fails_the_margin(engine: EngineRun) -> None:
    # Short 20 from 100 with 1000: equity is 3000 - 20 * mark, 0 at 150. Bid 170, ask 140: the mid is 155,
    # above the ask. The position is bought back at 140.
    terms = {"initial_capital": 1000.0, "leverage": 5.0}
    market = {"A": quotes((0, 100, 101), (1, 100, 101), (2, 170, 140), (3, 170, 140))}
    outcome = play(engine, {1: sell(20)}, market, **terms)
    assert fills(outcome) == [(1, 1, -20, 100, "taker"), (2, 2, 20, 140, "taker")]
    # Long 40 from 101: equity is 40 * mark - 3040, 0 at 76. Bid 80, ask 70: the mid is 75, below the bid.
    market = {"A": quotes((0, 100, 101), (1, 100, 101), (2, 80, 70), (3, 80, 70))}
    outcome = play(engine, {1: buy(40)}, market, **terms)
    assert fills(outcome) == [(1, 1, 40, 101, "taker"), (2, 2, -40, 80, "taker")]


# Trades


def test_orders_wait_for_the_next_trade(engine: EngineRun) -> None:
    # Two trades at 1 s: the order sent on the first fills on the second.
    market = {"A": trades((0, 100), (1, 101), (1, 102), (2, 103))}
    assert fills(play(engine, {1: buy(1)}, market)) == [(1, 1, 1, 102, "taker")]
    # Due at 2 s exactly: the arrival comes before the trade.
    assert fills(play(engine, {0: buy(1)}, market, latency_ms=2000)) == [(2, 1, 1, 103, "taker")]


def test_a_resting_limit_fills_when_a_trade_goes_through(engine: EngineRun) -> None:
    # It meets the trade of 1 s (101, not marketable); 100 touches it, 99 passes.
    market = {"A": trades((0, 101), (1, 101), (2, 100), (3, 99))}
    plan = {0: buy(1, limit=100.0)}
    assert fills(play(engine, plan, market)) == [(3, 1, 1, 100, "maker")]
    assert fills(play(engine, plan, market, limit_fill="touch")) == [(2, 1, 1, 100, "maker")]


def test_a_limit_takes_the_trade_it_meets(engine: EngineRun) -> None:
    # At the meeting equality is enough.
    market = {"A": trades((0, 101), (1, 100), (2, 99))}
    assert fills(play(engine, {0: buy(1, limit=100.0)}, market)) == [(1, 1, 1, 100, "taker")]


def test_the_trade_that_triggers_does_not_fill(engine: EngineRun) -> None:
    market = {"A": trades((0, 100), (1, 102), (2, 105), (3, 101))}
    plan = {0: both(buy(1, stop=102.0), buy(1, stop=102.0, limit=103.0))}
    # The stop takes 105 at 2 s. The stop-limit meets 105, rests at 103, and 101 passes it at 3 s.
    assert fills(play(engine, plan, market)) == [(2, 1, 1, 105, "taker"), (3, 2, 1, 103, "maker")]
