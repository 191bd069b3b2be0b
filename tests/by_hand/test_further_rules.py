"""Rules of latency, margin, families, sizes and payments that otherwise only random markets meet."""

from math import floor
from typing import Any

import pytest
from engines import EngineRun
from hand_cases import DIP, QUOTES, at, both, buy, ends, fills, play, quotes, sell, trades

from btcore.config import Instrument

SECOND = 10**9
# The first outputs of splitmix64 for the seed 1, which is stream 1 (responses) of seed 0.
RESPONSES = (10451216379200822465, 13757245211066428519)
FLAT = quotes(*((t, 100, 100) for t in range(8)))


def test_an_own_latency_of_zero_is_not_that_of_the_run(engine: EngineRun) -> None:
    # The first meets the standing quote of 1 s at once; the second arrives at 2.5 s, the third at 2 s.
    plan = {1: both(buy(1, latency_ms=0), buy(1), buy(1, latency_ms=1000))}
    outcome = play(engine, plan, {"A": QUOTES}, latency_ms=1500.0)
    assert fills(outcome) == [(1, 1, 1, 101, "taker"), (2, 3, 1, 101, "taker"), (2.5, 2, 1, 101, "taker")]


def test_an_own_latency_of_zero_takes_no_draw(engine: EngineRun) -> None:
    # The only draw, the first of seed 0's stream 0 (0.8833108...), is the second order's.
    plan = {1: both(buy(1, latency_ms=0), buy(1))}
    outcome = play(engine, plan, {"A": QUOTES}, latency_jitter_ms=1000.0, jitter="uniform")
    delays = [order["ts_arrived"] - at(1) for order in outcome.orders]
    assert delays[0] == 0
    assert delays[1] == floor(((16294208416658607535 >> 11) + 0.5) / 2**53 * SECOND)


def test_response_jitter_is_drawn_for_each_report(engine: EngineRun) -> None:
    # Fills at 1 s and 3 s. Two seconds times the draws 0.5666 and 0.7458: reported at 2.1331 s and 4.4916 s.
    draws = [((x >> 11) + 0.5) / 2**53 for x in RESPONSES]
    outcome = play(engine, {1: buy(1), 3: buy(1)}, {"A": QUOTES}, response_jitter_ms=2000.0, jitter="uniform")
    assert [row[0] for row in fills(outcome)] == [1, 3]
    reported = [when for name, when in outcome.strategy.calls if name == "fill"]
    whole = [
        (start * SECOND + floor(2 * u * SECOND)) / SECOND for start, u in zip((1, 3), draws, strict=True)
    ]
    assert reported == whole


@pytest.mark.parametrize(("quantity", "status"), [(15, "FILLED"), (16, "REJECTED")])
def test_another_symbol_counts_by_its_initial_margin(engine: EngineRun, quantity: float, status: str) -> None:
    # Equity of 1000 at a leverage of 2 is 2000. 10 of B at 100 count 2 * 0.25 of 1000, so 1500 are left for
    # A. By their whole notional 1000 would be left, or 10 of A.
    market = {"A": FLAT, "B": FLAT}
    plan = {0: lambda ctx: ctx.buy("B", 10), 2: buy(quantity)}
    outcome = play(
        engine, plan, market, {"B": Instrument(initial_margin=0.25)}, leverage=2.0, initial_capital=1000
    )
    assert [end[0] for end in ends(outcome)] == ["FILLED", status]


def test_children_share_by_their_parents_quantity_of_that_time(engine: EngineRun) -> None:
    # The entry of 10 is amended to 8 and takes 4: half of each child's 8 (of 10 it would be 3.2). The target
    # sells 1, which leaves 3 of the stop; with the other 4 each child is 8 less 1, and the stop sells 7.
    market = quotes(
        (0, 100, 101, 9, 9),
        (1, 100, 101, 9, 9),
        (2, 99, 100, 9, 4),
        (3, 104, 105, 1, 9),
        (4, 99, 100, 9, 4),
        (5, 94, 95, 9, 9),
    )
    exits = sell(8, limit=104.0, parent=1, oco=1), sell(8, stop=95.0, parent=1, oco=1)
    plan = {0: both(buy(10, limit=100.0), *exits), 1: lambda ctx: ctx.amend(1, quantity=8)}
    outcome = play(engine, plan, {"A": market}, displayed_size=True)
    assert fills(outcome) == [
        (2, 1, 4, 100, "maker"),
        (3, 2, -1, 104, "maker"),
        (4, 1, 4, 100, "maker"),
        (5, 3, -7, 94, "taker"),
    ]


def test_the_release_before_the_parents_rest_is_its_share(engine: EngineRun) -> None:
    # As above, but the stop acts before the second fill: it has 4 less 1.
    market = quotes(
        (0, 100, 101, 9, 9), (1, 100, 101, 9, 9), (2, 99, 100, 9, 4), (3, 104, 105, 1, 9), (4, 94, 105, 9, 9)
    )
    exits = sell(8, limit=104.0, parent=1, oco=1), sell(8, stop=95.0, parent=1, oco=1)
    plan = {0: both(buy(10, limit=100.0), *exits), 1: lambda ctx: ctx.amend(1, quantity=8)}
    outcome = play(engine, plan, {"A": market}, displayed_size=True)
    assert fills(outcome)[2:] == [(4, 3, -3, 94, "taker")]


@pytest.mark.parametrize(("expires", "end"), [(1.5, ("EXPIRED", "gtd", 1.5)), (9, ("FILLED", "", 6))])
def test_a_held_child_that_is_good_till_a_date(
    engine: EngineRun, expires: float, end: tuple[str, str, float]
) -> None:
    # The parent fills at 2 s. A child that expires at 1.5 s ends there, held; another sells at 6 s.
    child = sell(1, limit=102.0, parent=1, time_in_force="GTD", expires=at(expires))
    outcome = play(engine, {0: both(buy(1, limit=99.0), child)}, {"A": DIP})
    assert fills(outcome)[0] == (2, 1, 1, 99, "maker")
    assert ends(outcome)[1] == end


def test_orders_share_the_size_of_a_print(engine: EngineRun) -> None:
    # 5 are printed at 1 s: 3 for the first, 2 for the second, whose last 1 is of the print at 2 s. The sell
    # limit of 101.5 meets that print too and takes the 1 that is left; the print of 103 goes through it.
    market = {"A": trades((0, 100, 9), (1, 101, 5), (2, 102, 2), (3, 103, 9))}
    plan = {0: both(buy(3), buy(3)), 1: sell(2, limit=101.5)}
    outcome = play(engine, plan, market, displayed_size=True)
    assert fills(outcome) == [
        (1, 1, 3, 101, "taker"),
        (1, 2, 2, 101, "taker"),
        (2, 2, 1, 102, "taker"),
        (2, 3, -1, 102, "taker"),
        (3, 3, -1, 101.5, "maker"),
    ]


def test_a_dividend_lowers_the_mark_and_the_limits_on_prints(engine: EngineRun) -> None:
    # 10 bought at 100: the dividend of 2 pays 20 and the mark is 98, so equity stays. The limit of 95 is 93:
    # the print of 94 goes through 95 and not through 93, that of 92 through both.
    seen: list[float] = []
    market = {"A": trades((0, 100), (1, 100), (4, 94), (5, 92), (6, 92))}
    plan: dict[Any, Any] = {
        "start": lambda ctx: ctx.set_timer(at(3)),
        0: buy(10),
        1: buy(1, limit=95.0),
        3: lambda ctx: seen.extend((ctx.cash, ctx.equity)),
    }
    outcome = play(engine, plan, market, {"A": Instrument(dividends=[(at(2), 2.0)])}, initial_capital=10_000)
    assert seen == [10_000 - 1000 + 20, 10_000 - 1000 + 20 + 980]
    assert fills(outcome) == [(1, 1, 10, 100, "taker"), (5, 2, 1, 93, "maker")]


def test_a_delayed_strategy_sees_payments_and_rates_at_once(engine: EngineRun) -> None:
    # 10 at 100 EUR are bought at 1 s, at a rate of 1.0, and reported at 6 s. The dividend of 1 EUR pays 10 at
    # 2 s, and from 3 s on the rate is 1.2. At 4 s the strategy has 10 more of cash and no position. At 7 s it
    # has 1000 less, as paid at the old rate, and a position of 990 EUR, which is worth 1188.
    seen: list[tuple[float, ...]] = []

    def look(ctx: Any) -> None:
        seen.append((ctx.position("A"), ctx.cash, ctx.equity))

    market = {"A": quotes((0, 100, 100), (1, 100, 100), (4, 99, 99), (7, 99, 99))}
    outcome = play(
        engine,
        {1: buy(10), 4: look, 7: look},
        market,
        {"A": Instrument(currency="EUR", dividends=[(at(2), 1.0)])},
        initial_capital=10_000,
        response_latency_ms=5000.0,
        fx={"EUR": [(at(0), 1.0), (at(3), 1.2)]},
    )
    assert fills(outcome) == [(1, 1, 10, 100, "taker")]
    assert seen == [(0, 10_010, 10_010), (10, pytest.approx(9010), pytest.approx(9010 + 1188))]
