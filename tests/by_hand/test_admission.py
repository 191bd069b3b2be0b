"""Admission checks and buying power, by hand."""

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
    trades,
)

from btcore.config import Instrument
from btcore.errors import StrategyError

# Checks


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


INVALID = pytest.mark.parametrize(
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


@INVALID
def test_invalid_numbers_are_rejected_on_arrival(
    quantity: float, prices: dict[str, float], reason: str
) -> None:
    outcome = play(ENGINES["reference"], {1: buy(quantity, **prices)}, {"A": QUOTES})
    assert ends(outcome) == [("REJECTED", reason, 1)]


@INVALID
def test_invalid_numbers_from_python_raise_before_sending(
    quantity: float, prices: dict[str, float], reason: str
) -> None:
    with pytest.raises(StrategyError, match=reason.removeprefix("invalid_")):
        play(ENGINES["btcore"], {1: buy(quantity, **prices)}, {"A": QUOTES})


def test_steps_are_checked_to_a_millionth(engine: EngineRun) -> None:
    # 0.3 / 0.1 and 100.1 / 0.1 are no whole numbers in binary, and pass.
    instruments = {"A": Instrument(tick_size=0.1, lot_size=0.1)}
    outcome = play(engine, {1: buy(0.3, limit=100.1)}, {"A": QUOTES}, instruments)
    assert ends(outcome) == [("EXPIRED", "end_of_data", 7)]


def test_many_small_lots_have_a_rounding_error(engine: EngineRun) -> None:
    # 4,553.94143631 is 455,394,143,631 lots of 1e-8, and the quotient in binary is off by 6e-5. Half a lot
    # more is no multiple. Of lots of 1e-3 that error would be no rounding: 4,553.94100006 is refused.
    assert 4553.94143631 / 1e-8 != 455_394_143_631
    plan = {1: both(buy(4553.94143631), buy(4553.941436315))}
    outcome = play(engine, plan, {"A": QUOTES}, {"A": Instrument(lot_size=1e-8)})
    assert [end[:2] for end in ends(outcome)] == [("FILLED", ""), ("REJECTED", "lot_size")]
    outcome = play(engine, {1: buy(4553.94100006)}, {"A": QUOTES}, {"A": Instrument(lot_size=1e-3)})
    assert ends(outcome)[0][:2] == ("REJECTED", "lot_size")


def test_before_the_first_price_an_order_waits_for_admission(engine: EngineRun) -> None:
    # Sent at the start for the bar that opens at 100: 10 cost 1000 and pass, 11 would cost 1100.
    plan = {"start": both(buy(10), buy(1))}
    outcome = play(engine, plan, {"A": RISING}, initial_capital=1000)
    assert fills(outcome) == [(0, 1, 10, 100, "taker")]
    assert ends(outcome) == [("FILLED", "", 0), ("REJECTED", "buying_power", 1)]
    assert [seconds(o["ts_arrived"]) for o in outcome.orders] == [0, 0]


def test_min_notional_is_in_the_instruments_money(engine: EngineRun) -> None:
    # 2 * 100 * 10 = 2000 passes, at a limit of 99.5 it is 1990 and does not; the market order counts at 101.
    plan = {1: both(buy(2, limit=100.0), buy(2, limit=99.5), buy(2))}
    instruments = {"A": Instrument(multiplier=10, min_notional=2000, currency="EUR")}
    outcome = play(engine, plan, {"A": QUOTES}, instruments, fx={"EUR": 0.5})
    assert [end[1] for end in ends(outcome)] == ["end_of_data", "min_notional", ""]


def test_a_notional_is_compared_as_it_is_written(engine: EngineRun) -> None:
    # 0.29 * 100 is 29 and passes a minimum of 29, though it is less in binary; 0.28 * 100 is 28.
    market = quotes((0, 100, 100), (1, 100, 100), (3, 100, 100))
    instruments = {"A": Instrument(min_notional=29, lot_size=0.01)}
    outcome = play(engine, {1: both(buy(0.29), buy(0.28))}, {"A": market}, instruments)
    assert [end[1] for end in ends(outcome)] == ["", "min_notional"]


def test_a_cash_account_sells_what_it_bought_in_parts(engine: EngineRun) -> None:
    # 0.1 + 0.2 is 0.30000000000000004 in binary, and 0.7 + 0.1 is 0.7999999999999999.
    plan = {1: both(buy(0.7), buy(0.1)), 3: sell(0.8)}
    outcome = play(engine, plan, {"A": QUOTES}, account="cash")
    assert [end[1] for end in ends(outcome)] == ["", "", ""]


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


def test_negative_prices_where_the_instrument_allows_them(engine: EngineRun) -> None:
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
def test_terms_that_exclude_each_other_are_rejected(terms: dict[str, Any]) -> None:
    assert ends(play(ENGINES["reference"], {1: buy(1, **terms)}, {"A": QUOTES}))[0][1] == "invalid_terms"


def test_ticks_need_a_tick_size(engine: EngineRun) -> None:
    outcome = play(engine, {1: sell(1, trail=2.0, trail_by="ticks")}, {"A": QUOTES})
    assert ends(outcome) == [("REJECTED", "invalid_price", 1)]


# Buying power


def test_buying_power_counts_working_orders_at_the_limit_of_the_new_one(engine: EngineRun) -> None:
    # 5 at 90 work. With 5 more at 100 the worst is 10 * 100 = 1000, just allowed; then 1 at 1 makes 11 * 1
    # = 11, which passes too: the whole symbol is priced by the new order. 1 at the ask (101) makes 12
    # * 101.
    plan = {1: both(buy(5, limit=90.0), buy(5, limit=100.0), buy(1, limit=1.0), buy(1))}
    outcome = play(engine, plan, {"A": QUOTES}, initial_capital=1000)
    assert [end[:2] for end in ends(outcome)] == [("EXPIRED", "end_of_data")] * 3 + [
        ("REJECTED", "buying_power")
    ]


def test_a_triggered_stop_counts_as_a_market_order(engine: EngineRun) -> None:
    # Long 9; the trade of 94 triggers the stop, which waits for the next one. So q is 0, and 9 bought at 94
    # are 846 of 946; as an order that might not fill, the stop would leave 18 * 94. Both fill at 90.
    market = {"A": trades((0, 100), (1, 100), (2, 94), (3, 90))}
    plan = {0: buy(9), 1: sell(9, stop=95.0), 2: buy(9, limit=94.0)}
    outcome = play(engine, plan, market, initial_capital=1000)
    assert fills(outcome)[1:] == [(3, 2, -9, 90, "taker"), (3, 3, 9, 90, "taker")]


def test_a_cash_account_refuses_on_arrival_and_cuts_at_the_fill(engine: EngineRun) -> None:
    # 11 * 100 is more than 1000; 6 and 4 are not, nor is a limit that is far below the market. At 125
    # the first 6 cost 750, and 250 are left for 2 of 4.
    market = {"A": trades((0, 100), (1, 125))}
    plan = {0: both(buy(11), buy(6), buy(4), buy(1, limit=50.0))}
    outcome = play(engine, plan, market, initial_capital=1000, account="cash")
    assert [end[:2] for end in ends(outcome)] == [
        ("REJECTED", "buying_power"),
        ("FILLED", ""),
        ("CANCELED", "cash"),
        ("EXPIRED", "end_of_data"),
    ]
    assert fills(outcome) == [(1, 2, 6, 125, "taker"), (1, 3, 2, 125, "taker")]


def test_buying_power_counts_each_side_separately(engine: EngineRun) -> None:
    # Buys of 9 and sells of 9 do not add up: max(|0 + 9|, |0 - 9|) is 9. A stop is priced at its stop
    # price.
    plan = {1: both(buy(9, limit=100.0), sell(9, limit=110.0), sell(1, stop=99.0))}
    outcome = play(engine, plan, {"A": QUOTES}, initial_capital=1000)
    assert [end[0] for end in ends(outcome)] == ["EXPIRED"] * 3  # 9 * 110 = 990; (9 + 1) * 99 = 990


def test_an_order_that_does_not_raise_the_worst_exposure_passes(engine: EngineRun) -> None:
    # Long 9 at 101; the market halves, and equity is 1000 - 909 + 9 * 49.5 = 536.5. A buy of 1 at 45 makes
    # max(|9 + 1|, |9|) * 45 = 450. Sells of 18 at 60 and 1 at 70 leave the worst at 10, so 10 * 60
    # is not checked; one more makes |9 - 20| = 11, and 11 * 70 is.
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


def test_reduce_only_is_not_counted_in_buying_power(engine: EngineRun) -> None:
    # Nothing is held; 50 of 100 pass unchecked, and the 9 that follow count alone.
    plan = {1: both(sell(50, limit=110.0, reduce_only=True), sell(9, limit=110.0), sell(1, limit=110.0))}
    outcome = play(engine, plan, {"A": QUOTES}, initial_capital=1000)
    assert [end[1] for end in ends(outcome)] == ["end_of_data", "end_of_data", "buying_power"]


# Pre-trade limits

STILL = {"A": quotes(*((t / 4, 100, 100) for t in range(12))), "B": quotes((0, 50, 50), (3, 50, 50))}


def reasons(engine: EngineRun, plan: Any, market: Any = None, **terms: Any) -> list[str]:
    return [end[1] for end in ends(play(engine, plan, market or STILL, **terms))]


def test_an_order_has_a_largest_quantity(engine: EngineRun) -> None:
    plan = {0: both(buy(5), buy(5.1), lambda ctx: ctx.buy("B", 6))}
    assert reasons(engine, plan, max_order=5.0) == ["", "max_order", "max_order"]


def test_a_position_has_a_largest_quantity(engine: EngineRun) -> None:
    # 4 are held and 2 may be bought at 90; 1 more could make 7. A sale of 10 would leave 6 short, of 11 7;
    # other symbols have their own 6. Reduce-only orders raise nothing.
    orders = [buy(4), buy(2, limit=90.0), buy(1, limit=80.0), sell(10, limit=110.0), sell(1, limit=110.0)]
    plan = {0: both(*orders, sell(9, stop=50.0, reduce_only=True), lambda ctx: ctx.buy("B", 6))}
    found = reasons(engine, plan, max_position=6.0)
    assert found == ["", "end_of_data", "max_position", "end_of_data", "max_position", "end_of_data", ""]


def test_after_a_loss_nothing_raises_a_position(engine: EngineRun) -> None:
    # 10 bought at 100 are worth 95 at 2 s: 50 lost. Closing is allowed, and so is what equals the position.
    market = {"A": quotes((0, 100, 100), (1, 96, 96), (2, 95, 95), (3, 95, 95))}
    plan = {0: buy(10), 1: buy(1), 2: both(buy(1), sell(11), sell(22), sell(23))}
    found = reasons(engine, plan, market, max_loss=50.0)
    assert found == ["", "", "max_loss", "", "max_loss", "max_loss"]


def test_the_number_of_open_orders_counts_all_symbols(engine: EngineRun) -> None:
    at_ask = lambda ctx: ctx.buy("B", 1, limit=40.0)  # noqa: E731
    first = both(buy(1, limit=90.0), at_ask, buy(1, limit=80.0), buy(1))
    plan = {0.25: first, 1: lambda ctx: ctx.cancel(1), 1.5: buy(1)}
    found = reasons(engine, plan, max_open_orders=2)
    assert found == ["requested", "end_of_data", "max_open_orders", "max_open_orders", ""]


def test_orders_within_a_second_are_counted(engine: EngineRun) -> None:
    # Two a second: at 0, 0.25 and 0.5 s the third is too many; at 1 s the first of 0 s is a second ago. What
    # another check rejects does not count.
    plan = {0: both(buy(1), buy(-1 + 1e9)), 0.25: buy(1), 0.5: buy(1), 1: buy(1), 1.1: buy(1)}
    found = reasons(engine, plan, max_orders_per_second=2, leverage=2.0)
    assert found == ["", "buying_power", "", "order_rate", "", ""]
