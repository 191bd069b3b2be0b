"""Splits, dividends, funding and accruals, and when they happen, by hand."""

from typing import Any

import pytest
from engines import ENGINES, EngineRun, Outcome
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
from random_rows import SECOND

from btcore.config import Instrument

INTEREST, BORROW_FEE, FUNDING, DIVIDEND, CASH_IN_LIEU = range(5)


def flows(outcome: Outcome) -> list[tuple[Any, ...]]:
    """(seconds, symbol, kind, amount)"""
    return [
        (seconds(f["ts"]), f["symbol"], f["kind"], pytest.approx(f["amount"])) for f in outcome.cash_flows
    ]


# Splits. Bid and ask are 101 / 102 from 3 s; the split is at 4 s; the market goes on at 51 / 52.
HALVED = quotes((0, 100, 101), (1, 100, 101), (3, 101, 102), (5, 51, 52), (7, 51, 52))
SPLIT = {"A": Instrument(splits=[(at(4), 2.0)], tick_size=0.25, lot_size=1)}


def test_a_split_restates_the_position_and_its_costs(engine: EngineRun) -> None:
    # 3 at 101 become 6 at 50.5; 3 sold at 51 bring 1.5.
    outcome = play(engine, {1: buy(3), 5: sell(3)}, {"A": HALVED}, SPLIT, initial_capital=1000)
    row = outcome.positions[0]
    assert (row["quantity"], row["avg_px"], row["realized_pnl"]) == (3, 50.5, 1.5)
    assert outcome.cash_flows == []
    assert outcome.equity[-1]["equity"] == 1000 - 303 + 153 + 3 * 51.5


def test_a_split_restates_the_standing_quote_and_its_sizes(engine: EngineRun) -> None:
    # At 4.5 s the ask of 102 is one of 51, and of the 2 offered there are 4.
    market = quotes((0, 100, 101, 2, 2), (3, 101, 102, 2, 2), (7, 51, 52, 9, 9))
    outcome = play(engine, {3: buy(9, latency_ms=1500)}, {"A": market}, SPLIT, displayed_size=True)
    assert fills(outcome)[0] == (4.5, 1, 4, 51, "taker")


def test_a_split_restates_open_orders_but_none_in_flight(engine: EngineRun) -> None:
    # A limit of 110 for 3 becomes one of 55 for 6, a trail of 10 one of 5 below the bid of 50.5: 45.5. In
    # percent it stays. The order that arrives at 5 s is not changed.
    plan = {
        1: both(
            sell(3, limit=110.0),
            sell(1, trail=10.0),
            sell(1, trail=10.0, trail_by="percent"),
            sell(1, limit=110.0, latency_ms=4000),
        )
    }
    outcome = play(engine, plan, {"A": HALVED}, SPLIT)
    assert [(o["quantity"], o["limit"]) for o in (outcome.orders[0], outcome.orders[3])] == [
        (6, 55),
        (1, 110),
    ]
    # The bid of 51 lifts them: 51 - 5, and 51 * 0.9 = 45.9 rounded down to a quarter.
    assert [(o["quantity"], o["stop"]) for o in outcome.orders[1:3]] == [(2, 46), (2, 45.75)]
    assert [o["trail"] for o in outcome.orders[1:3]] == [5, 10]


def test_a_split_restates_the_offset_of_a_trailing_limit(engine: EngineRun) -> None:
    # A trail of 10 and an offset of 2 become 5 and 1: the stop is at 46; triggered at 45, its limit is 45.
    market = quotes((0, 100, 101), (1, 101, 102), (5, 51, 52), (6, 45, 46), (7, 45, 46))
    outcome = play(engine, {0: sell(1, trail=10.0, limit_offset=2.0)}, {"A": market}, SPLIT)
    assert fills(outcome) == [(6, 1, -2, 45, "taker")]
    assert [outcome.orders[0][name] for name in ("limit", "limit_offset")] == [45, 1]


def test_parts_of_a_lot_are_paid_out(engine: EngineRun) -> None:
    # One for two: 3 at 101 become 1.5 at 202, marked at 203; half a share brings 101.5, a gain of 0.5. An
    # order for 3 becomes one for 1, one for 1 is cancelled.
    instruments = {"A": Instrument(splits=[(at(4), 0.5)], lot_size=1)}
    plan = {1: both(buy(3), sell(3, limit=150.0), sell(1, limit=150.0))}
    outcome = play(engine, plan, {"A": QUOTES}, instruments, initial_capital=1000)
    assert flows(outcome) == [(4, "A", CASH_IN_LIEU, 101.5)]
    row = outcome.positions[0]
    assert (row["quantity"], row["avg_px"], row["realized_pnl"]) == (1, 202, 0.5)
    assert (outcome.orders[1]["quantity"], outcome.orders[1]["limit"]) == (1, 300)
    assert ends(outcome)[2] == ("CANCELED", "requested", 4)
    assert outcome.equity[-1]["cash"] == 1000 - 303 + 101.5


def test_a_split_restates_fifo_lots_and_both_legs(engine: EngineRun) -> None:
    # Long 1 at 101 and 1 at 102, short 1 at 100; doubled: the long sells 2 at 51, which cost 50.5 each.
    plan = {1: both(buy(1), sell(1)), 3: buy(1), 5: sell(2, reduce_only=True)}
    outcome = play(engine, plan, {"A": HALVED}, SPLIT, position_mode="hedging", cost_basis="fifo")
    assert [(row["quantity"], row["avg_px"]) for row in outcome.positions] == [(2, 51), (-2, 50)]
    assert outcome.positions[0]["realized_pnl"] == 1


# Dividends


def test_a_dividend_is_paid_and_the_market_falls_by_it(engine: EngineRun) -> None:
    # Long 2: 3 are paid. At 4.5 s the bid of 101 is one of 99.5.
    instruments = {"A": Instrument(dividends=[(at(4), 1.5)])}
    plan = {1: buy(2), 3: sell(2, latency_ms=1500)}
    outcome = play(engine, plan, {"A": QUOTES}, instruments)
    assert flows(outcome) == [(4, "A", DIVIDEND, 3)]
    assert fills(outcome)[1:] == [(4.5, 2, -2, 99.5, "taker")]
    assert outcome.positions[0]["realized_pnl"] == -3  # bought at 101


def test_dividends_of_one_date_add_up(engine: EngineRun) -> None:
    # A regular and a special dividend of 100 shares: 3.00 and 0.08 are 308.
    dividends, funding = [(at(4), 3.0), (at(4), 0.08)], [(at(5), 0.1), (at(5), 0.2)]
    instruments = {"A": Instrument(dividends=dividends, funding=funding)}
    market = trades((0, 100), (1, 100), (2, 100), (5, 97), (7, 97))
    outcome = play(engine, {1: buy(100)}, {"A": market}, instruments)
    assert flows(outcome) == [(4, "A", DIVIDEND, 308), (5, "A", FUNDING, -100 * 96.92 * 0.3)]


def test_a_short_position_pays_the_dividend_at_its_point_value(engine: EngineRun) -> None:
    instruments = {"A": Instrument(dividends=[(at(4), 1.5)], multiplier=10, currency="EUR")}
    outcome = play(engine, {1: sell(2)}, {"A": QUOTES}, instruments, fx={"EUR": 2.0})
    assert flows(outcome) == [(4, "A", DIVIDEND, -60)]


def test_a_dividend_lowers_buy_limits_and_sell_stops(engine: EngineRun) -> None:
    # By 1.3 and down to halves: 90 to 88.5, 80 to 78.5. Sell limits and buy stops stay, and so does a limit
    # of 1, which would not stay positive, and what is in flight.
    instruments = {"A": Instrument(dividends=[(at(4), 1.3)], tick_size=0.5)}
    plan = {
        1: both(
            buy(1, limit=90.0),
            sell(1, stop=80.0),
            sell(1, limit=150.0),
            buy(1, stop=150.0),
            buy(1, limit=1.0),
            buy(1, limit=90.0, latency_ms=4000),
        )
    }
    outcome = play(engine, plan, {"A": QUOTES}, instruments)
    assert [o["limit"] for o in outcome.orders if o["type"] == "limit"] == [88.5, 150, 1, 90]
    assert [o["stop"] for o in outcome.orders if o["type"] == "stop"] == [78.5, 150]


# Funding


def test_funding_is_paid_by_longs_and_received_by_shorts(engine: EngineRun) -> None:
    # 1 % of 2 * 101.5 at 4 s, and the other way round at 6 s with the mark at 103.5.
    instruments = {"A": Instrument(funding=[(at(4), 0.01), (at(6), -0.01)])}
    outcome = play(engine, {1: buy(2)}, {"A": QUOTES}, instruments)
    assert flows(outcome) == [(4, "A", FUNDING, -2.03), (6, "A", FUNDING, 2.07)]
    outcome = play(engine, {1: sell(2)}, {"A": QUOTES}, instruments)
    assert flows(outcome)[0] == (4, "A", FUNDING, 2.03)


def test_without_a_position_there_are_no_cash_flows(engine: EngineRun) -> None:
    instruments = {"A": Instrument(funding=[(at(4), 0.01)], dividends=[(at(4), 1.0)], borrow_rate=0.5)}
    assert flows(play(engine, {}, {"A": QUOTES}, instruments)) == []


# Accruals. A rate of 0.365 a year is a thousandth a day.
DAY = 86400
DAYS = quotes((0, 100, 100), (10, 100, 100), (DAY + 1, 100, 100), (2 * DAY + 1, 100, 100))


def test_interest_accrues_at_midnight(engine: EngineRun) -> None:
    # On 1000 for a day: 1; on 1001: 1.001. Cash below zero pays: 1000 - 15 * 100 is -500.
    outcome = play(engine, {}, {"A": DAYS}, cash_rate=0.365, initial_capital=1000)
    assert flows(outcome) == [(DAY, None, INTEREST, 1), (2 * DAY, None, INTEREST, 1.001)]
    terms = {"cash_rate": 9.0, "debit_rate": 0.365, "leverage": 2, "initial_capital": 1000}
    outcome = play(engine, {10: buy(15)}, {"A": DAYS}, **terms)
    assert flows(outcome)[0] == (DAY, None, INTEREST, -0.5)


def test_shorts_pay_to_borrow(engine: EngineRun) -> None:
    instruments = {"A": Instrument(borrow_rate=0.365, multiplier=10)}
    outcome = play(engine, {10: sell(2)}, {"A": DAYS}, instruments)
    assert flows(outcome) == [(day * DAY, "A", BORROW_FEE, -2) for day in (1, 2)]
    assert flows(play(engine, {10: buy(2)}, {"A": DAYS}, instruments)) == []


def test_a_rate_that_steps_accrues_until_then(engine: EngineRun) -> None:
    # Half a day of 1000 at a thousandth, and nothing after it.
    steps = [(at(0), 0.365), (at(DAY / 2), 0.0)]
    outcome = play(engine, {}, {"A": DAYS}, cash_rate=steps, initial_capital=1000)
    assert flows(outcome) == [(DAY / 2, None, INTEREST, 0.5)]


def test_local_midnights_accrue(engine: EngineRun) -> None:
    # In New York it is 05:00 UTC: 5 hours, then a day.
    outcome = play(engine, {}, {"A": DAYS}, cash_rate=8.76, initial_capital=1000, timezone="America/New_York")
    assert flows(outcome)[0] == (5 * 3600, None, INTEREST, 5)  # a thousandth an hour
    assert flows(outcome)[1] == (29 * 3600, None, INTEREST, 24.12)


def test_the_closes_of_a_calendar_accrue() -> None:
    outcome = play(
        ENGINES["reference"],
        {},
        {"A": DAYS},
        cash_rate=8.76,
        initial_capital=1000,
        sessions=([at(9 * 3600)], [at(16 * 3600)]),
    )
    assert flows(outcome) == [(16 * 3600, None, INTEREST, 16)]


# Time of scheduled events


def test_an_event_at_a_bars_end_comes_after_the_bar(engine: EngineRun) -> None:
    # The bar of 1 s reaches the sell limit of 102 before the split of 2 s would have halved it.
    market = bars((0, 100, 100, 100, 100), (1, 101, 102, 101, 102), (2, 51, 51, 51, 51), (3, 51, 51, 51, 51))
    plan = {1: both(buy(2), sell(1, limit=102.0))}
    instruments = {"A": Instrument(splits=[(at(2), 2.0)])}
    outcome = play(engine, plan, {"A": market}, instruments, initial_capital=1000)
    assert fills(outcome) == [(1, 1, 2, 101, "taker"), (2, 2, -1, 102, "maker")]
    # The point of 2 s is written after it: 900 in cash and 2 shares at 51.
    assert [(seconds(p["ts"]), p["equity"]) for p in outcome.equity][2] == (2, 1002)
    assert [e["quantity"] for e in outcome.exposures] == [2, 2, 2]


def test_an_event_at_a_ticks_time_comes_before_the_tick(engine: EngineRun) -> None:
    # The order that arrives at 3 s does so after the dividend of 3 s, which lowers the standing ask of 101
    # to 99.
    instruments = {"A": Instrument(dividends=[(at(3), 2.0)])}
    outcome = play(engine, {1: buy(1, latency_ms=2000)}, {"A": QUOTES}, instruments)
    assert fills(outcome) == [(3, 1, 1, 99, "taker")]


def test_an_event_waits_for_the_last_bar_of_its_time(engine: EngineRun) -> None:
    # At 2 s A has a trade and then B a bar: A's dividend of 2 s comes after both.
    notes: list[float] = []
    look = lambda ctx: notes.append(ctx.cash)  # noqa: E731
    streams = {"A": trades((0, 10), (1, 10), (2, 10), (3, 10)), "B": bars((1, 5, 5, 5, 5))}
    instruments = {"A": Instrument(dividends=[(at(2), 1.0)])}
    outcome = play(engine, {0: buy(1), 2: look, 3: look}, streams, instruments, initial_capital=100)
    assert notes == [90, 91]
    assert flows(outcome) == [(2, "A", DIVIDEND, 1)]


def test_events_after_the_last_bar_or_before_the_start_do_not_happen(engine: EngineRun) -> None:
    instruments = {"A": Instrument(dividends=[(at(-1), 1.0), (at(0), 1.0), (at(5), 1.0)])}
    outcome = play(engine, {1: buy(1)}, {"A": RISING}, instruments)
    assert flows(outcome) == []


def test_a_scheduled_event_alone_adds_no_point(engine: EngineRun) -> None:
    instruments = {"A": Instrument(funding=[(at(4), 0.01)])}
    outcome = play(engine, {1: buy(1)}, {"A": QUOTES}, instruments, mark_every=SECOND)
    assert [seconds(p["ts"]) for p in outcome.equity] == [0, 1, 3, 5, 7]
