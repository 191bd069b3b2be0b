"""Cash accounts, margin, liquidation, hedging, cost basis and currencies, by hand."""

from typing import Any

import pytest
from engines import EngineRun, Outcome
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
    sell,
)

from btcore.config import Instrument

GAP = bars((0, 100, 100, 100, 100), (1, 110, 110, 110, 110), (2, 110, 110, 110, 110))


def position(outcome: Outcome, leg: int = 0) -> Any:
    """(quantity, average price, average cost, realised pnl)"""
    row = next(row for row in outcome.positions if row["leg"] == leg)
    return tuple(
        pytest.approx(row[name], nan_ok=True) for name in ("quantity", "avg_px", "avg_cost", "realized_pnl")
    )


# Netting


def test_average_price_and_realized_pnl_through_zero(engine: EngineRun) -> None:
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


# Cash accounts


def test_a_cash_account_cuts_a_buy_to_its_cash(engine: EngineRun) -> None:
    # 10 at the mark of 100 pass; the bar opens at 110, where 1000 buy 9 of them. A FOK order does not fill.
    lots = {"A": Instrument(lot_size=1)}
    terms = {"account": "cash", "initial_capital": 1000}
    outcome = play(engine, {1: buy(10)}, {"A": GAP}, lots, **terms)
    assert fills(outcome) == [(1, 1, 9, 110, "taker")]
    assert ends(outcome) == [("CANCELED", "cash", 1)]
    outcome = play(engine, {1: buy(10, time_in_force="FOK")}, {"A": GAP}, lots, **terms)
    assert ends(outcome) == [("CANCELED", "cash", 1)]
    assert fills(outcome) == []


def test_a_cash_account_pays_commission_too(engine: EngineRun) -> None:
    # The commission of 10 is 12: (1000 - 12) / 110 = 8.98, so 8 lots; their commission is 9.6.
    terms = {"account": "cash", "initial_capital": 1000, "commission_per_share": 1.2}
    outcome = play(engine, {1: buy(10)}, {"A": GAP}, {"A": Instrument(lot_size=1)}, **terms)
    assert fills(outcome) == [(1, 1, 8, 110, "taker")]
    assert outcome.equity[-1]["cash"] == pytest.approx(1000 - 880 - 9.6)


# Leverage 1: a fill that raises a position is cut to what equity pays


def test_without_credit_a_buy_is_cut_to_equity(engine: EngineRun) -> None:
    # 10 at the mark of 100 pass; the bar opens at 110, where 1000 pay for 9. A FOK order does not fill.
    lots = {"A": Instrument(lot_size=1)}
    outcome = play(engine, {1: buy(10)}, {"A": GAP}, lots, initial_capital=1000)
    assert fills(outcome) == [(1, 1, 9, 110, "taker")]
    assert ends(outcome) == [("CANCELED", "cash", 1)]
    outcome = play(engine, {1: buy(10, time_in_force="FOK")}, {"A": GAP}, lots, initial_capital=1000)
    assert fills(outcome) == []
    assert ends(outcome) == [("CANCELED", "cash", 1)]


def test_without_credit_a_fill_leaves_its_commission_within_equity(engine: EngineRun) -> None:
    # The commission of 10 is 12: (1000 - 12) / 110 = 8.98, so 8 lots; their commission is 9.6.
    terms = {"initial_capital": 1000, "commission_per_share": 1.2}
    outcome = play(engine, {1: buy(10)}, {"A": GAP}, {"A": Instrument(lot_size=1)}, **terms)
    assert fills(outcome) == [(1, 1, 8, 110, "taker")]
    assert outcome.equity[-1]["cash"] == pytest.approx(1000 - 880 - 9.6)


@pytest.mark.parametrize(
    ("terms", "instrument"),
    [({"leverage": 1.5}, Instrument()), ({}, Instrument(initial_margin=0.5))],
    ids=["leverage", "initial_margin"],
)
def test_with_credit_a_gap_is_not_cut(
    engine: EngineRun, terms: dict[str, Any], instrument: Instrument
) -> None:
    outcome = play(engine, {1: buy(10)}, {"A": GAP}, {"A": instrument}, initial_capital=1000, **terms)
    assert fills(outcome) == [(1, 1, 10, 110, "taker")]
    assert outcome.equity[-1]["cash"] == -100


def test_the_part_of_a_fill_that_closes_is_never_cut(engine: EngineRun) -> None:
    # Short 5 at 100 with 1000: cash 1500. At 150 equity is 750. A buy of 12 closes 5; 750 pay for 5 of 7.
    flat = (0, 100, 100, 100, 100), (1, 100, 100, 100, 100)
    lots = {"A": Instrument(lot_size=1)}
    rows = bars(*flat, (2, 150, 150, 150, 150), (3, 150, 150, 150, 150))
    outcome = play(engine, {1: sell(5), 2: buy(12)}, {"A": rows}, lots, initial_capital=1000)
    assert fills(outcome) == [(1, 1, -5, 100, "taker"), (2, 2, 10, 150, "taker")]
    assert ends(outcome)[1] == ("CANCELED", "cash", 2)
    assert outcome.positions[0]["quantity"] == 5
    # At 350 equity is -250 before the fill: the close fills whole, and nothing is opened.
    rows = bars(*flat, (2, 350, 350, 350, 350), (3, 350, 350, 350, 350))
    outcome = play(engine, {1: sell(5), 2: buy(12)}, {"A": rows}, lots, initial_capital=1000)
    assert fills(outcome)[1] == (2, 2, 5, 350, "taker")


def test_a_short_sale_without_credit_is_cut_to_equity(engine: EngineRun) -> None:
    # Sales of 5, then 5 more: short 10 at 110 are 1100, and equity is 1000 - 5 * 10 = 950: 8 are covered.
    rows = bars((0, 100, 100, 100, 100), (1, 100, 100, 100, 100), (2, 110, 110, 110, 110))
    lots = {"A": Instrument(lot_size=1)}
    outcome = play(engine, {1: sell(5), 2: sell(5)}, {"A": rows}, lots, initial_capital=1000)
    assert fills(outcome) == [(1, 1, -5, 100, "taker"), (2, 2, -3, 110, "taker")]


def test_the_other_positions_count_at_their_marks(engine: EngineRun) -> None:
    # 5 of B are worth 500. A opens at 110, where the other 500 pay for 4 of 5.
    lots = {"A": Instrument(lot_size=1), "B": Instrument(lot_size=1)}
    flat = bars(*((t, 100, 100, 100, 100) for t in range(4)))
    rows = bars((0, 100, 100, 100, 100), (1, 100, 100, 100, 100), (2, 110, 110, 110, 110))
    plan = {1: lambda ctx: ctx.buy("B", 5), 2: buy(5)}
    outcome = play(engine, plan, {"A": rows, "B": flat}, lots, initial_capital=1000)
    assert [fill["quantity"] for fill in outcome.fills] == [5, 4]
    assert outcome.equity[-1]["cash"] == 60


def test_what_market_orders_will_close_is_free_for_other_symbols(engine: EngineRun) -> None:
    # All of 1000 is in B. Its sale and the buy of A are sent together. A fills first, as its bar comes first:
    # at 110 the 1000 of the sale, which fills at the same time, pay for 9.
    lots = {"A": Instrument(lot_size=1), "B": Instrument(lot_size=1)}
    flat = bars(*((t, 100, 100, 100, 100) for t in range(5)))
    rows = bars(
        *((t, 100, 100, 100, 100) for t in range(3)), (3, 110, 110, 110, 110), (4, 110, 110, 110, 110)
    )
    plan = {1: lambda ctx: ctx.buy("B", 10), 3: both(lambda ctx: ctx.sell("B", 10), buy(10))}
    outcome = play(engine, plan, {"A": rows, "B": flat}, lots, initial_capital=1000)
    assert [(fill["side"], fill["quantity"]) for fill in outcome.fills] == [(1, 10), (1, 9), (-1, 10)]
    assert outcome.equity[-1]["cash"] == 10


def test_a_cash_account_sells_what_it_holds_beside_its_open_sells(engine: EngineRun) -> None:
    # Of 5 held, 3 are in an open sell: 2 more pass, 1 more does not; nor does a reduce-only one.
    plan = {
        1: both(
            buy(5),
            sell(3, limit=150.0),
            sell(2, limit=150.0),
            sell(1, limit=150.0),
            sell(1, limit=150.0, reduce_only=True),
        )
    }
    outcome = play(engine, plan, {"A": QUOTES}, account="cash")
    assert [end[1] for end in ends(outcome)] == ["", "end_of_data", "end_of_data", "short_sale", "short_sale"]


def test_in_a_cash_account_leverage_counts_as_one(engine: EngineRun) -> None:
    plan = {1: both(buy(10, limit=100.0), buy(1, limit=100.0))}
    outcome = play(engine, plan, {"A": QUOTES}, account="cash", leverage=5, initial_capital=1000)
    assert [end[1] for end in ends(outcome)] == ["end_of_data", "buying_power"]


# Margin


@pytest.mark.parametrize("leverage", [1, 2])
def test_an_initial_margin_limits_the_position(engine: EngineRun, leverage: float) -> None:
    # A quarter of 4000 is the equity of 1000, whatever the leverage; 1 more at 100 is too much.
    plan = {1: both(buy(40, limit=100.0), buy(1, limit=100.0))}
    instruments = {"A": Instrument(initial_margin=0.25)}
    outcome = play(engine, plan, {"A": QUOTES}, instruments, leverage=leverage, initial_capital=1000)
    assert [end[1] for end in ends(outcome)] == ["end_of_data", "buying_power"]


FALLING = quotes((0, 100, 100), (1, 100, 100), (2, 90, 90), (3, 95, 95), (4, 95, 95))
GEARED = {"leverage": 5, "initial_capital": 1000}


def test_below_its_margin_the_account_is_liquidated(engine: EngineRun) -> None:
    # 40 at 100 and 1000 of equity; at 90 there are 600 left, and a fifth of 3600 is 720. All open orders end,
    # arrived or not, and 40 are sold at the standing quote by a forced order.
    plan = {1: both(buy(40), buy(1, limit=50.0), sell(1, limit=150.0, latency_ms=9000))}
    outcome = play(engine, plan, {"A": FALLING}, maintenance_margin=0.2, **GEARED)
    assert fills(outcome) == [(1, 1, 40, 100, "taker"), (2, 4, -40, 90, "taker")]
    assert ends(outcome)[1:3] == [("CANCELED", "liquidation", 2)] * 2
    assert [o["flags"] for o in outcome.orders] == [0, 0, 0, 4]
    assert outcome.equity[-1]["cash"] == 600


def test_the_margin_of_an_instrument_takes_precedence(engine: EngineRun) -> None:
    # 600 are more than a tenth of 3600.
    instruments = {"A": Instrument(maintenance_margin=0.1)}
    outcome = play(engine, {1: buy(40)}, {"A": FALLING}, instruments, maintenance_margin=0.2, **GEARED)
    assert len(outcome.fills) == 1


def test_without_a_margin_equity_below_zero_is_liquidated(engine: EngineRun) -> None:
    # 50 at 100; at 90 there are 500, at 79 nothing is left: 1000 - 50 * 21 = -50.
    market = quotes((0, 100, 100), (1, 100, 100), (2, 90, 90), (3, 79, 79), (4, 90, 90))
    outcome = play(engine, {1: buy(50)}, {"A": market}, **GEARED)
    assert fills(outcome)[1:] == [(3, 2, -50, 79, "taker")]
    assert outcome.equity[-1]["equity"] == -50


def test_on_bars_a_liquidation_waits_for_the_next_open(engine: EngineRun) -> None:
    # Liquidated at 90, the close of the bar of 1 s; sold at the next open, 92. The order that the strategy
    # sends in between comes after it.
    market = bars((0, 100, 100, 100, 100), (1, 100, 100, 90, 90), (2, 92, 92, 92, 92), (3, 92, 92, 92, 92))
    outcome = play(engine, {1: buy(40)}, {"A": market}, maintenance_margin=0.2, **GEARED)
    assert fills(outcome) == [(1, 1, 40, 100, "taker"), (2, 2, -40, 92, "taker")]


def test_the_margin_is_checked_at_scheduled_events(engine: EngineRun) -> None:
    # A funding of a fifth of 4000 at 1.5 s leaves 200 of 1000: below a tenth of 4000.
    instruments = {"A": Instrument(funding=[(at(1.5), 0.2)])}
    outcome = play(engine, {1: buy(40)}, {"A": FALLING}, instruments, maintenance_margin=0.1, **GEARED)
    assert fills(outcome)[1:] == [(1.5, 2, -40, 100, "taker")]


# Hedging


def test_hedging_holds_both_sides(engine: EngineRun) -> None:
    # Long 2 at 101, short 1 at 100; then the long sells 1 at 103, and the short buys 1 at 104.
    plan = {1: both(buy(2), sell(1)), 5: both(sell(1, reduce_only=True), buy(1, reduce_only=True))}
    outcome = play(engine, plan, {"A": QUOTES}, position_mode="hedging")
    assert position(outcome, 1) == (1, 101, 101, 2)
    assert position(outcome, -1)[0::3] == (0, -4)
    assert [fill["leg"] for fill in outcome.fills] == [1, -1, 1, -1]


def test_hedging_shows_both_positions_and_their_sum(engine: EngineRun) -> None:
    notes: list[Any] = []
    look = lambda ctx: notes.append([ctx.position("A", leg=leg) for leg in (None, "long", "short")])  # noqa: E731
    outcome = play(engine, {1: both(buy(2), sell(3)), 3: look}, {"A": QUOTES}, position_mode="hedging")
    assert notes == [[-1, 2, -3]]
    assert [(e["leg"], e["quantity"]) for e in outcome.exposures[-2:]] == [(1, 2), (-1, -3)]


def test_hedging_reduces_no_more_than_its_side(engine: EngineRun) -> None:
    plan = {1: both(buy(2), sell(1), sell(5, reduce_only=True))}
    outcome = play(engine, plan, {"A": QUOTES}, position_mode="hedging")
    assert fills(outcome)[2:] == [(1, 3, -2, 100, "taker")]
    assert ends(outcome)[2] == ("CANCELED", "reduce_only", 1)


def test_a_liquidation_closes_the_long_and_then_the_short(engine: EngineRun) -> None:
    # Long 45, short 5 at 100; at 90: 1000 - 450 + 50 = 600, below a fifth of 40 * 90 = 720.
    plan = {1: both(buy(45), sell(5))}
    outcome = play(engine, plan, {"A": FALLING}, position_mode="hedging", maintenance_margin=0.2, **GEARED)
    assert fills(outcome)[2:] == [(2, 3, -45, 90, "taker"), (2, 4, 5, 90, "taker")]
    assert [row["quantity"] for row in outcome.positions] == [0, 0]


# Cost basis


@pytest.mark.parametrize(
    ("basis", "expected"), [("average", (1, 101.5, 101.5, 1.5)), ("fifo", (1, 102, 102, 2))]
)
def test_the_cost_basis_decides_what_a_reduction_closes(
    engine: EngineRun, basis: str, expected: tuple[float, ...]
) -> None:
    # 1 at 101, 1 at 102, and 1 sold at 103.
    outcome = play(engine, {1: buy(1), 3: buy(1), 5: sell(1)}, {"A": QUOTES}, cost_basis=basis)
    assert position(outcome) == expected


def test_first_in_first_out_through_zero(engine: EngineRun) -> None:
    # Short 2 at 100 and 2 at 101; of 3 bought at 104 two close the first, one the second: -8 - 3. Then 2 more
    # close the last, -3, and open 1 at 104.
    plan = {1: sell(2), 3: sell(2), 5: both(buy(3), buy(2))}
    outcome = play(engine, plan, {"A": QUOTES}, cost_basis="fifo")
    assert position(outcome) == (1, 104, 104, -14)


# Currencies


def test_money_is_paid_at_the_rate_of_the_moment(engine: EngineRun) -> None:
    # 1 at 101 for 202; the euro rises from 2 to 3 at 4 s: marked at 103.5 it is worth 310.5, sold at 103 it
    # brings 309.
    instruments = {"A": Instrument(currency="EUR")}
    fx = {"EUR": [(at(0), 2.0), (at(4), 3.0)]}
    outcome = play(engine, {1: buy(1)}, {"A": QUOTES}, instruments, fx=fx, initial_capital=1000)
    assert outcome.equity[-1]["equity"] == 1108.5
    assert position(outcome) == (1, 101, 202, 0)
    outcome = play(engine, {1: buy(1), 5: sell(1)}, {"A": QUOTES}, instruments, fx=fx, initial_capital=1000)
    assert position(outcome)[3] == 107
    assert outcome.positions[0]["point_value"] == 3


def test_buying_power_counts_in_the_runs_money(engine: EngineRun) -> None:
    # 5 at 100 are 1000 at a rate of 2.
    plan = {1: both(buy(5, limit=100.0), buy(1, limit=100.0))}
    instruments = {"A": Instrument(currency="EUR")}
    outcome = play(engine, plan, {"A": QUOTES}, instruments, fx={"EUR": 2.0}, initial_capital=1000)
    assert [end[1] for end in ends(outcome)] == ["end_of_data", "buying_power"]


def test_the_runs_own_currency_needs_no_rate(engine: EngineRun) -> None:
    outcome = play(engine, {1: buy(1)}, {"A": RISING}, {"A": Instrument(currency="GBP")}, currency="GBP")
    assert outcome.positions[0]["point_value"] == 1


def test_a_cash_account_pays_the_commission_at_a_price_of_zero(engine: EngineRun) -> None:
    # 1 of cash does not pay a commission of 5, whatever the quantity.
    market = {"A": bars((0, 1, 1, 0, 0), (1, 0, 0, 0, 0), (2, 0, 0, 0, 0))}
    outcome = play(
        engine, {1: buy(1)}, market, {"A": Instrument(negative_prices=True)},
        account="cash", initial_capital=1, commission_per_order=5,
    )  # fmt: skip
    assert fills(outcome) == []
    assert ends(outcome)[0][:2] == ("CANCELED", "cash")
