"""Latency in both directions, slippage, commission and liquidity, by hand."""

from math import floor, log
from typing import Any

import pytest
from engines import EngineRun
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

from btcore.config import Commission, CommissionTier, Instrument, Slippage

# Latency


def test_latency_steps_and_begins_with_its_first_value(engine: EngineRun) -> None:
    steps = [(at(2), 250.0), (at(4), 500.0)]
    outcome = play(engine, {1: buy(1), 3: buy(1), 5: buy(1)}, {"A": QUOTES}, latency_ms=steps)
    assert [seconds(o["ts_arrived"]) for o in outcome.orders] == [1.25, 3.25, 5.5]


def test_a_step_at_a_bars_end_applies_after_its_requests(engine: EngineRun) -> None:
    # The step of 2 s comes after the bar that ends then.
    steps = [(at(0), 250.0), (at(2), 500.0)]
    outcome = play(engine, {2: buy(1), 3: buy(1)}, {"A": RISING}, latency_ms=steps)
    assert [seconds(o["ts_arrived"]) for o in outcome.orders] == [2.25, 3.5]


# The first outputs of splitmix64 from the state 0, as its authors publish them.
SPLITMIX = (0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4)


def test_jitter_is_drawn_for_each_request_without_a_latency_of_its_own(engine: EngineRun) -> None:
    draws = [((x >> 11) + 0.5) / 2**53 for x in SPLITMIX]
    plan = {1: both(buy(1), buy(1, latency_ms=100), buy(1))}
    jitter = {"latency_ms": 250.0, "latency_jitter_ms": 1000.0}
    outcome = play(engine, plan, {"A": QUOTES}, jitter="uniform", **jitter)
    delays = [o["ts_arrived"] - at(1) for o in outcome.orders]
    quarter, tenth = SECOND // 4, SECOND // 10
    assert delays == [quarter + floor(draws[0] * SECOND), tenth, quarter + floor(draws[1] * SECOND)]
    outcome = play(engine, plan, {"A": QUOTES}, **jitter)
    assert outcome.orders[0]["ts_arrived"] - at(1) == quarter + floor(-log(draws[0]) * SECOND)


def record(notes: list[Any]) -> Any:
    """Records what the strategy sees: position, cash, equity, open orders."""
    return lambda ctx: notes.append((ctx.position("A"), ctx.cash, ctx.equity, list(ctx.open_orders())))


def test_the_strategy_sees_what_has_been_reported(engine: EngineRun) -> None:
    # Bought at 101 at 1 s, reported at 3.5 s. The price of 101.5 at 3 s is visible at once.
    notes: list[Any] = []
    plan = {1: buy(1), 3: record(notes), 5: record(notes)}
    outcome = play(engine, plan, {"A": QUOTES}, initial_capital=1000, response_latency_ms=2500)
    assert notes == [(0, 1000, 1000, [1]), (1, 899, 1002.5, [])]
    assert ("fill", 3.5) in outcome.strategy.calls


def test_a_cancel_is_reported_later(engine: EngineRun) -> None:
    notes: list[Any] = []
    plan = {0: buy(1, limit=90.0), 1: lambda ctx: ctx.cancel(1), 3: record(notes), 5: record(notes)}
    play(engine, plan, {"A": QUOTES}, response_latency_ms=3000)
    assert [note[3] for note in notes] == [[1], []]


def test_no_report_overtakes_the_one_before(engine: EngineRun) -> None:
    # The fill of 1 s is reported at 5 s, and that of 3 s too, though its own latency is 0 by then.
    steps = [(at(0), 4000.0), (at(2), 0.0)]
    outcome = play(engine, {1: buy(1), 3: sell(1)}, {"A": QUOTES}, response_latency_ms=steps)
    assert [when for hook, when in outcome.strategy.calls if hook == "fill"] == [5, 5]


def test_a_split_applies_pending_reports(engine: EngineRun) -> None:
    # Bought at 1 s, split at 2 s, reported at 6 s: at 3 s the strategy sees 2 shares.
    notes: list[Any] = []
    plan = {1: buy(1), 3: record(notes)}
    instruments = {"A": Instrument(splits=[(at(2), 2.0)])}
    outcome = play(engine, plan, {"A": QUOTES}, instruments, initial_capital=1000, response_latency_ms=5000)
    assert (notes[0][0], notes[0][1], notes[0][3]) == (2, 899, [])
    assert ("fill", 6) in outcome.strategy.calls


# Slippage


def test_slippage_in_ticks(engine: EngineRun) -> None:
    # Two ticks of 0.5 to the worse; a limit of 101.5 stops it at that.
    plan = {1: both(buy(1), sell(1), buy(1, limit=101.5))}
    outcome = play(engine, plan, {"A": QUOTES}, {"A": Instrument(tick_size=0.5)}, slippage_ticks=2)
    assert [fill["price"] for fill in outcome.fills] == [102, 99, 101.5]


@pytest.mark.parametrize(
    ("quantity", "terms", "price"),
    [
        (50, {"slippage_volume": 0.1}, 103.525),  # half of 100: 101 * (1 + 0.1 * 0.25)
        (25, {"slippage_sqrt": 0.1}, 106.05),  # a quarter: 101 * (1 + 0.1 * 0.5)
        (400, {"slippage_sqrt": 0.1}, 111.1),  # never more than all of it
        (50, {"slippage_volume": 0.1, "slippage_bps": 100}, 104.535),  # and 1 % of 101
    ],
)
def test_slippage_by_the_share_of_the_volume(
    engine: EngineRun, quantity: float, terms: dict[str, float], price: float
) -> None:
    assert fills(play(engine, {1: buy(quantity)}, {"A": RISING}, **terms)) == [
        (1, 1, quantity, price, "taker")
    ]


def test_slippage_without_a_size_and_with_none_shown(engine: EngineRun) -> None:
    # Quotes without sizes: none. A bar of no volume counts as taken whole: 101 * 1.1.
    assert fills(play(engine, {1: buy(9)}, {"A": QUOTES}, slippage_sqrt=0.1)) == [(1, 1, 9, 101, "taker")]
    empty = bars((0, 100, 100, 100, 100), (1, 101, 101, 101, 101, 0))
    assert fills(play(engine, {1: buy(9)}, {"A": empty}, slippage_sqrt=0.1)) == [(1, 1, 9, 111.1, "taker")]


def test_impact_is_based_on_the_size_before_fills(engine: EngineRun) -> None:
    # 8 are offered; each of the two takes 2, a quarter of it: 101 * (1 + 0.5 * 0.5) = 126.25.
    market = quotes((0, 100, 101, 8, 8), (1, 100, 101, 8, 8), (2, 100, 101, 8, 8))
    outcome = play(engine, {1: both(buy(2), buy(2))}, {"A": market}, slippage_sqrt=0.5, displayed_size=True)
    assert [fill["price"] for fill in outcome.fills] == [126.25, 126.25]


# Commission


TIERS = [
    CommissionTier(notional=1000, maker_bps=1, taker_bps=5),
    CommissionTier(notional=2000, maker_bps=-1, taker_bps=2),
]


def test_tiers_depend_on_the_notional_traded_before_in_the_month(engine: EngineRun) -> None:
    # 10 at 101 are 1010 each: 10 bps, then 5, then 2; on 2 February the count starts again.
    february = 18 * 86400
    market = quotes((0, 100, 101), (1, 100, 101), (february, 100, 101), (february + 9, 100, 101))
    plan = {1: both(buy(10), buy(10), buy(10)), february: buy(10)}
    outcome = play(engine, plan, {"A": market}, taker_bps=10, commission_tiers=TIERS)
    assert [fill["commission"] for fill in outcome.fills] == pytest.approx([1.01, 0.505, 0.202, 1.01])


def test_tiers_have_maker_rates_and_count_in_the_runs_currency(engine: EngineRun) -> None:
    # 10 at 101 are 1010 at 1: the limit of 103 makes at 1 bp of 1030. At an exchange rate of 2 they are 2020,
    # so it earns 1 bp of 2060.
    plan = {1: both(buy(10), sell(10, limit=103.0))}
    for rate, commission in ((1.0, 0.103), (2.0, -0.206)):
        instruments = {"A": Instrument(currency="EUR")}
        outcome = play(engine, plan, {"A": QUOTES}, instruments, commission_tiers=TIERS, fx={"EUR": rate})
        assert outcome.fills[1]["commission"] == pytest.approx(commission)


def test_slippage_worsens_takers_but_not_past_the_limit(engine: EngineRun) -> None:
    # 100 bps: 101 * 1.01 = 102.01; a limit of 101.5 stops it; a sale at 100 * 0.99 = 99.
    plan = {1: both(buy(1), buy(1, limit=101.5), sell(1), sell(1, limit=103.0))}
    outcome = play(engine, plan, {"A": QUOTES}, slippage_bps=100)
    assert [fill["price"] for fill in outcome.fills] == pytest.approx([102.01, 101.5, 99, 103])


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
def test_commission_rates_minimum_and_maximum(
    engine: EngineRun, terms: dict[str, float], taker: float, maker: float
) -> None:
    # 10 are bought at 202 and sold by a resting limit at 206, 10 money per point.
    market = {"A": quotes((0, 200, 202), (1, 200, 202), (3, 206, 207))}
    plan = {1: both(buy(10), sell(10, limit=206.0))}
    outcome = play(engine, plan, market, {"A": Instrument(multiplier=10)}, **terms)
    assert [fill["commission"] for fill in outcome.fills] == pytest.approx([taker, maker])
    assert outcome.positions[0]["commission"] == pytest.approx(taker + maker)


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
    # 5 are offered at 1 s: 3 to the first, 2 to the second, whose remainder fills at 3 s.
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


def test_the_size_of_a_trade_caps_fills(engine: EngineRun) -> None:
    market = {"A": trades((0, 100, 1), (1, 100, 2), (2, 99, 2), (3, 98, 9))}
    plan = {0: both(buy(3), buy(2, limit=99.5))}
    outcome = play(engine, plan, market, displayed_size=True)
    assert fills(outcome) == [
        (1, 1, 2, 100, "taker"),
        (2, 1, 1, 99, "taker"),
        (2, 2, 1, 99.5, "maker"),
        (3, 2, 1, 99.5, "maker"),
    ]


# Costs of one instrument, and more terms of both


def test_a_fee_is_charged_once_for_an_order(engine: EngineRun) -> None:
    # 4 of 10 at the first quote, 6 at the second, with 1 % of each fill: 2 + 4, then 6.
    market = {"A": quotes((0, 99, 100, 9, 4), (1, 99, 100, 9, 9))}
    terms = {"commission_per_order": 2.0, "commission_bps": 100.0, "displayed_size": True}
    outcome = play(engine, {0: buy(10)}, market, **terms)
    assert [fill["commission"] for fill in outcome.fills] == [pytest.approx(6), pytest.approx(6)]


@pytest.mark.parametrize(
    ("quantity", "charged"),
    [(1, 0.33), (50, 1.0), (1000, 5.0), (1001, 5.01), (999, 5.0)],  # 5.005 and 4.995 are rounded up
)
def test_a_percentage_with_minimum_and_cap_is_rounded_to_the_cent(
    engine: EngineRun, quantity: float, charged: float
) -> None:
    # Half a cent a share, at least 1, at most 1 % of the trade: 0.3333 for one share of 33.33.
    own = Commission(per_share=0.005, minimum=1.0, maximum_bps=100.0, round_to=0.01)
    market = {"A": quotes((0, 33.33, 33.33), (1, 33.33, 33.33))}
    outcome = play(engine, {0: buy(quantity)}, market, {"A": Instrument(commission=own)}, commission_bps=50)
    assert outcome.fills[0]["commission"] == pytest.approx(charged, abs=1e-9)


def test_rebates_are_rounded_away_from_zero(engine: EngineRun) -> None:
    # -1.5 bps of 1000 is -0.15, with steps of 0.1 it is -0.2.
    market = {"A": quotes((0, 100, 101), (1, 99, 100), (2, 99, 100))}
    outcome = play(engine, {0: buy(10, limit=100.0)}, market, maker_bps=-1.5, commission_round_to=0.1)
    assert outcome.fills[0]["commission"] == pytest.approx(-0.2)


def test_rates_of_an_instrument_go_before_the_tiers_of_the_run(engine: EngineRun) -> None:
    # The tier of 1 bps begins at 0.01; A has its own rate for takers, B has not.
    tiers = [CommissionTier(notional=0.01, maker_bps=1, taker_bps=1)]
    market = {name: quotes((0, 100, 100), (1, 100, 100)) for name in ("A", "B")}
    plan = {0: both(buy(1), buy(100), lambda ctx: ctx.buy("B", 100))}
    outcome = play(engine, plan, market, {"A": Instrument(taker_bps=7)}, commission_tiers=tiers, taker_bps=9)
    assert [fill["commission"] for fill in outcome.fills] == [pytest.approx(x) for x in (0.07, 7.0, 1.0)]


def test_slippage_at_entries_is_for_what_opens_or_raises(engine: EngineRun) -> None:
    # 0.9 % for the 10 that open; 5 of the 15 sold open a short position: a third of 0.9 %; a close has none.
    plan = {0: buy(10), 1: sell(15), 2: buy(5)}
    market = {"A": quotes(*((t, 100, 100) for t in range(4)))}
    outcome = play(engine, plan, market, slippage_entry_bps=90)
    assert [fill["price"] for fill in outcome.fills] == [pytest.approx(x) for x in (100.9, 99.7, 100)]


def test_a_position_of_a_hedging_account_is_entered_by_its_own_side(engine: EngineRun) -> None:
    plan = {0: buy(10), 1: sell(10), 2: sell(10, reduce_only=True)}
    market = {"A": quotes(*((t, 100, 100) for t in range(4)))}
    outcome = play(engine, plan, market, slippage_entry_bps=100, position_mode="hedging", leverage=5.0)
    assert [fill["price"] for fill in outcome.fills] == [pytest.approx(x) for x in (101, 99, 100)]


def test_slippage_of_an_instrument_goes_before_that_of_the_run(engine: EngineRun) -> None:
    instruments = {"A": Instrument(tick_size=0.5, slippage=Slippage(bps=100, ticks=1))}
    market = {name: quotes((0, 100, 100), (1, 100, 100)) for name in ("A", "B")}
    plan = {0: both(buy(1), lambda ctx: ctx.buy("B", 1))}
    outcome = play(engine, plan, market, instruments, slippage_bps=50)
    assert [fill["price"] for fill in outcome.fills] == [pytest.approx(x) for x in (101.5, 100.5)]
