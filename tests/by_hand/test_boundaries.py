"""Values at the boundaries of rules: months, steps of time, sizes, and what an event leaves behind."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from engines import ENGINES, EngineRun
from hand_cases import HOUR, at, bars, both, buy, ends, fills, play, quotes, sell

import btcore as bt
from btcore.config import CommissionTier, Instrument, TradingHours
from btcore.model import Reason, Rule
from btcore.times.hours import DAYS

SECOND = 10**9
SESSIONS = TradingHours(timezone="UTC", week={day: [("00:00:06", "00:00:09")] for day in DAYS})


def test_the_turnover_of_a_month_starts_from_zero() -> None:
    # 100 is traded on each day. In January the third trade is above the tier of 150; in February the first
    # two are below it again.
    days = [(1, 10), (1, 11), (1, 12), (2, 10), (2, 11), (2, 12)]
    times = [int(datetime(2024, month, day, tzinfo=UTC).timestamp()) * SECOND for month, day in days]
    execution = bt.Execution(
        taker_bps=9.0, commission_tiers=[CommissionTier(notional=150, maker_bps=1, taker_bps=1)]
    )
    orders = bt.Orders(times, "A", "buy", 1.0)
    result = bt.run(
        {"A": bt.Trades(np.array(times), np.full(6, 100.0))}, orders, execution=execution, progress=False
    )
    assert result.trades["commission"].tolist() == pytest.approx([0.09, 0.09, 0.01] * 2)


def test_on_a_path_a_stop_limit_triggers_where_its_limit_is_not_crossed(engine: EngineRun) -> None:
    # The path is 104, 101, 107, 102. It triggers the stop of 105 on the way up, where a limit of 103 cannot
    # fill, and crosses the limit on the way down.
    market = {"A": bars((0, 100, 100, 100, 100), (1, 104, 107, 101, 102), (2, 102, 102, 102, 102))}
    outcome = play(
        engine, {1: buy(1, stop=105.0, limit=103.0)}, market, intrabar="path", limit_fill="through"
    )
    assert fills(outcome) == [(2, 1, 1, 103, "maker")]


def test_a_point_comes_before_an_event_a_nanosecond_later(engine: EngineRun) -> None:
    # 1 bought at 100 is worth 105 at the point of 1 s, and 95 a nanosecond later, at the end.
    market = {"A": quotes((0, 100, 100), (1, 105, 105), (1.0000000015, 95, 95))}
    outcome = play(engine, {0: buy(1)}, market, initial_capital=1000, mark_every=SECOND)
    assert [point["equity"] for point in outcome.equity][-2:] == [1005, 995]


def test_an_opening_order_that_arrives_at_the_open_takes_it(engine: EngineRun) -> None:
    # The session opens at 6 s: an order of 6 s is in time, and meets the next quote.
    market = {"A": quotes(*((t, 100 + t, 101 + t) for t in range(9)))}
    sessions = {"A": Instrument(sessions=SESSIONS)}
    outcome = play(engine, {6: buy(1, time_in_force="OPG")}, market, sessions)
    assert fills(outcome) == [(7, 1, 1, 108, "taker")]


def test_after_a_liquidation_a_target_counts_nothing_as_open() -> None:
    # 40 at 100 and 1000 of equity; at 90 a fifth of 3600 is more than 600. Then 1 is wanted, and 1 bought.
    market = {"A": quotes((0, 100, 100), (1, 90, 90), (2, 90, 90), (3, 90, 90))}
    plan = {0: buy(40), 2: lambda ctx: ctx.order_target("A", 1)}
    terms = {"leverage": 5.0, "maintenance_margin": 0.2, "initial_capital": 1000}
    outcome = play(ENGINES["btcore"], plan, market, **terms)
    assert fills(outcome)[1:] == [(1, 2, -40, 90, "taker"), (2, 3, 1, 90, "taker")]


def test_equity_equal_to_the_margin_is_enough(engine: EngineRun) -> None:
    # 40 bought at 100 with 1000: at 93.75 equity is 750, a fifth of 3750; at 93.5 it is 740 of 748.
    market = {"A": quotes(*((t, px, px) for t, px in enumerate((100, 93.75, 93.5, 93.5))))}
    terms = {"leverage": 5.0, "maintenance_margin": 0.2, "initial_capital": 1000}
    outcome = play(engine, {0: buy(40)}, market, **terms)
    assert fills(outcome)[1:] == [(2, 2, -40, 93.5, "taker")]


def test_the_margin_is_checked_where_the_multiplier_moves_equity(engine: EngineRun) -> None:
    # 4 of ten units each bought at 100 with 1000: at 90 equity is 600, and a fifth of 3600 is more.
    market = {"A": quotes((0, 100, 100), (1, 90, 90), (2, 90, 90))}
    terms = {"leverage": 5.0, "maintenance_margin": 0.2, "initial_capital": 1000}
    outcome = play(engine, {0: buy(4)}, market, {"A": Instrument(multiplier=10)}, **terms)
    assert fills(outcome)[1:] == [(1, 2, -4, 90, "taker")]


def test_a_liquidation_that_waits_is_not_started_again(engine: EngineRun) -> None:
    # 20 of A and of B bought at 100 with 1000. At 3 s A closes at 60: equity is 200, and a fifth of 3200 is
    # needed. B is sold at its quote, A at its next open; in between a fifth of 1200 is still more than 200,
    # and an order that arrives then stays.
    market = {
        "A": bars(
            (0, 100, 100, 100, 100), (1, 100, 100, 100, 100), (2, 100, 100, 60, 60), (3, 60, 60, 60, 60)
        ),
        "B": quotes(*((t, 100, 100) for t in (0.5, 1.5, 3.2, 3.4))),
    }
    plan = {1: both(buy(20), lambda ctx: ctx.buy("B", 20)), 3.2: lambda ctx: ctx.buy("B", 1, limit=50.0)}
    terms = {"leverage": 5.0, "maintenance_margin": 0.2, "initial_capital": 1000}
    outcome = play(engine, plan, market, **terms)
    assert sorted(fill[1:4] for fill in fills(outcome)) == [
        (1, 20, 100),
        (2, 20, 100),
        (3, -20, 60),
        (4, -20, 100),
    ]
    assert len(outcome.orders) == 5
    assert ends(outcome)[4][:2] == ("EXPIRED", "end_of_data")


def test_a_cancel_does_not_wait_for_the_close_that_fills_the_order(engine: EngineRun) -> None:
    # A tenth of the volume of 50 fills at the close of 1 s. The rest waits for the close of 2 s, and is
    # cancelled at 1.7 s.
    flat = (100, 100, 100, 100, 50)
    market = {"A": bars((0, *flat), (1, *flat), (2, *flat)), "B": quotes((1.7, 10, 11), (3, 10, 11))}
    plan = {1: buy(8), 1.7: lambda ctx: ctx.cancel(1)}
    outcome = play(engine, plan, market, bar_fill="close", volume_share=0.1)
    assert fills(outcome) == [(1, 1, 5, 100, "taker")]
    assert ends(outcome) == [("CANCELED", "requested", 1.7)]


def rules(data: dict[str, Any], orders: bt.Orders, **terms: Any) -> list[Rule]:
    """What each fill of a run follows from."""
    result = bt.run(data, orders, execution=bt.Execution(**terms), progress=False)
    return [Rule(code) for code in result.journal.fills["rule"].tolist()]


def test_a_fill_at_the_end_of_the_data_names_its_rule() -> None:
    times = at(0) + SECOND * np.arange(3)
    data = {"A": bt.Trades(times, np.full(3, 100.0))}
    found = rules(data, bt.Orders(times[:1], "A", "buy", 1.0), close_at_end=True)
    assert found == [Rule.PRINT_TAKEN, Rule.DATA_END]


def test_a_print_at_a_limit_and_one_beyond_it_have_their_rules() -> None:
    # Buys at 99 and at 100 rest below 101. The print of 100 touches the one, that of 98 goes through the
    # other.
    times = at(0) + SECOND * np.arange(3)
    data = {"A": bt.Trades(times, np.array([101.0, 100.0, 98.0]))}
    orders = bt.Orders(times[:1].repeat(2), "A", "buy", 1.0, limit_price=np.array([99.0, 100.0]))
    assert rules(data, orders, limit_fill="touch") == [Rule.PRINT_TOUCHED, Rule.PRINT_THROUGH]


def test_a_close_of_one_symbol_fills_no_order_of_another(engine: EngineRun) -> None:
    # A closes at 9 s. B has an order that expired at 8 s, unseen, and one for its own close at midnight.
    market = {
        "A": quotes(*((t, 100, 101) for t in range(12))),
        "B": quotes(*((t, 10, 11) for t in (0, 7, 11))),
    }
    plan = {
        7: both(
            lambda ctx: ctx.buy("B", 1, limit=9.0, time_in_force="GTD", expires=at(8)),
            lambda ctx: ctx.buy("B", 1, time_in_force="CLS"),
        )
    }
    outcome = play(engine, plan, market, {"A": Instrument(sessions=SESSIONS)})
    assert fills(outcome) == []
    assert ends(outcome)[1] == ("EXPIRED", "end_of_data", 11)


def test_a_sell_at_the_close_takes_the_size_of_the_bid(engine: EngineRun) -> None:
    market = {"A": quotes((20 * HOUR, 99, 100, 3, 9), (25 * HOUR, 99, 100, 3, 9))}
    outcome = play(engine, {20 * HOUR: sell(5, time_in_force="CLS")}, market, displayed_size=True)
    assert fills(outcome) == [(24 * HOUR, 1, -3, 99, "taker")]


def test_an_account_is_liquidated_a_second_time(engine: EngineRun) -> None:
    # 40 sold at 90 leave 600. 24 bought at 90 are worth a fifth of 1920 at 80, where equity is 360.
    market = {"A": quotes(*((t, px, px) for t, px in enumerate((100, 90, 90, 85, 80, 80))))}
    terms = {"leverage": 5.0, "maintenance_margin": 0.2, "initial_capital": 1000}
    outcome = play(engine, {0: buy(40), 2: buy(24)}, market, **terms)
    assert fills(outcome)[2:] == [(2, 3, 24, 90, "taker"), (4, 4, -24, 80, "taker")]


def test_slippage_sees_the_size_of_the_side_that_is_taken(engine: EngineRun) -> None:
    # Of 8 offered 4 are a half, of 4 wanted 1 is a quarter: 10 % / 4 and 10 % / 16 of 100.
    market = {"A": quotes((0, 100, 100, 4, 8), (1, 100, 100, 4, 8), (2, 100, 100, 4, 8))}
    outcome = play(engine, {0: buy(4), 1: sell(1)}, market, slippage_volume=0.1)
    assert [fill["price"] for fill in outcome.fills] == [pytest.approx(102.5), pytest.approx(99.375)]


def test_bars_without_a_volume_show_no_size() -> None:
    times, flat = at(0) + SECOND * np.arange(4), np.full(4, 100.0)
    orders = bt.Orders(times[:1], "A", "buy", 1.0)
    terms = {
        "execution": bt.Execution(latency_ms=1.0),
        "progress": False,
    }  # not the fast path of order arrays
    result = bt.run({"A": bt.Bars(times, flat, flat, flat, flat, interval="1s")}, orders, **terms)
    assert result.journal.fills["size_seen"].tolist() == [np.inf]


def test_an_opening_order_fills_at_the_open_where_others_fill_at_the_close(engine: EngineRun) -> None:
    market = {"A": bars(*((t, 100 + t, 101 + t, 99 + t, 100.5 + t) for t in range(9)))}
    sessions = {"A": Instrument(sessions=SESSIONS)}
    outcome = play(engine, {3: buy(1, time_in_force="OPG")}, market, sessions, bar_fill="close")
    assert fills(outcome) == [(6, 1, 1, 106, "taker")]


def test_a_late_report_has_the_rate_of_its_fill(engine: EngineRun) -> None:
    # 1 at 100 costs 100 at a rate of 1. The report arrives when the rate is 2.
    seen: list[float] = []
    market = {"A": quotes(*((t, 100, 100) for t in range(5)))}
    outcome = play(
        engine,
        {1: buy(1), 3: lambda ctx: seen.append(ctx.cash)},
        market,
        {"A": Instrument(currency="EUR")},
        fx={"EUR": [(at(0), 1.0), (at(2), 2.0)]},
        initial_capital=1000,
        response_latency_ms=1500,
    )
    assert fills(outcome) == [(1, 1, 1, 100, "taker")]
    assert seen == [900]


def test_a_reported_fill_is_no_longer_open_for_a_target() -> None:
    market = {"A": quotes(*((t, 100, 100) for t in range(4)))}
    plan = {0: buy(5), 2: lambda ctx: ctx.order_target("A", 5)}
    outcome = play(ENGINES["btcore"], plan, market, response_latency_ms=500)
    assert len(outcome.orders) == 1


def test_rows_are_skipped_up_to_an_expiry() -> None:
    # Nothing but its expiry at 5 s ends the order.
    times, px = at(0) + SECOND * np.arange(11), np.full(11, 100.0)
    orders = bt.Orders(times[:1], "A", "buy", 1.0, limit_price=50.0, time_in_force="GTD", expires=times[5:6])
    row = bt.run({"A": bt.Quotes(times, px, px)}, orders, progress=False).journal.orders[0]
    assert (Reason(row["reason"]), row["ts_closed"]) == (Reason.GTD_OVER, times[5])


def test_rows_are_skipped_up_to_an_opening() -> None:
    times = at(0) + SECOND * np.arange(11)
    px = 100.0 + np.arange(11)
    orders = bt.Orders(times[3:4], "A", "buy", 1.0, time_in_force="OPG")
    terms = {"instruments": {"A": Instrument(sessions=SESSIONS)}, "progress": False}
    found = bt.run({"A": bt.Quotes(times, px, px)}, orders, **terms).journal.fills
    assert found[["ts", "last_px"]].tolist() == [(times[6], 106.0)]


def test_orders_of_an_array_are_checked_at_the_mid() -> None:
    # 5 bought at 102 leave 490, and equity is 990 at the mid of 100: 9.7 at 102 are 989.4. At the bid it
    # would be 980.
    times = at(0) + SECOND * np.arange(4)
    data = {"A": bt.Quotes(times, np.full(4, 98.0), np.full(4, 102.0))}
    orders = bt.Orders(times[:2], "A", "buy", np.array([5.0, 4.7]))
    found = bt.run(data, orders, initial_capital=1000.0, progress=False).journal.fills
    assert found["last_qty"].tolist() == [5, 4.7]
