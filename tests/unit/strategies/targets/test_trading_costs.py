"""Point values, spreads, costs and latencies of the symbols of a run."""

import numpy as np
import pytest

import btcore as bt
from btcore.strategies.targets.trading_costs import TradingCosts

START = 1_704_067_200 * 10**9
SECOND, DAY = 10**9, 86400 * 10**9

TIMES = START + SECOND * np.array([1, 3])
QUOTES = bt.Quotes(TIMES, [99.0, 49.0], [101.0, 51.0])
TRADES = bt.Trades(TIMES - 7 * SECOND, [100.0, 100.0])
BARS = bt.Bars(START + DAY * np.arange(2), [1.0, 1.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0], interval="1d")


def trading_costs(*instruments: bt.Instrument, **terms: object) -> TradingCosts:
    fx = terms.pop("fx", None)
    markets = [(f"S{i}", (BARS,)) for i in range(len(instruments))]
    return TradingCosts(markets, instruments, "America/New_York", bt.Execution(**terms), fx)


def test_the_first_mark_is_that_of_the_source_that_marks():
    markets = [("A", (BARS,)), ("B", (BARS, TRADES)), ("C", (TRADES, BARS, QUOTES))]
    found = TradingCosts(markets, [bt.Instrument()] * 3, "UTC", bt.Execution())
    assert [found.first_mark_time(i) for i in range(3)] == [START + DAY, TIMES[0] - 7 * SECOND, TIMES[0]]


def test_half_spreads_are_of_the_quotes_before():
    found = TradingCosts([("A", (QUOTES,)), ("B", (BARS,))], [bt.Instrument()] * 2, "UTC", bt.Execution())
    assert found.half_spreads(TIMES[0]).tolist() == [
        0.0,
        0.0,
    ]  # that quote comes after a timer of its instant
    assert found.half_spreads(TIMES[0] + 1).tolist() == [0.01, 0.0]
    assert found.half_spreads(TIMES[1]).tolist() == [0.01, 0.0]
    assert found.half_spreads(TIMES[1] + 1).tolist() == [0.02, 0.0]


def test_points_are_worth_what_their_currency_is():
    """Steps hold from their moment on, in the run's timezone where they name no offset."""
    fx = {"EUR": 1.25, "JPY": [(START, 0.0075), ("2024-01-02", 0.0125)]}
    terms = [
        {"multiplier": 10.0},
        {"currency": "EUR", "min_notional": 8.0},
        {"currency": "JPY", "multiplier": 100.0},
    ]
    found = trading_costs(*(bt.Instrument(**one) for one in terms), fx=fx)
    step = START + DAY + 5 * 3600 * SECOND  # midnight in New York
    assert found.point_values(step - 1).tolist() == [10.0, 1.25, 0.75]
    assert found.point_values(step).tolist() == [10.0, 1.25, 1.25]
    assert found.point_values(START - DAY).tolist() == [10.0, 1.25, 0.75]
    assert found.min_notionals(step).tolist() == [0.0, 10.0, 0.0]


def test_costs_are_a_takers():
    one = bt.Instrument(multiplier=10.0, tick_size=0.5)
    price = np.array([100.0])
    assert trading_costs(one, slippage_bps=2, commission_bps=3).costs(price, START) == pytest.approx([5e-4])
    assert trading_costs(one, commission_bps=3, taker_bps=7).costs(price, START) == pytest.approx([7e-4])
    assert trading_costs(one, commission_bps=3, taker_bps=-7, maker_bps=9).costs(price, START).tolist() == [
        0.0
    ]
    # 0.2 of money a unit of 1,000, and two ticks of 0.5 on 100
    assert trading_costs(one, commission_per_share=0.2).costs(price, START) == pytest.approx([2e-4])
    assert trading_costs(one, slippage_ticks=2).costs(price, START) == pytest.approx([1e-2])
    assert trading_costs(one, commission_min=3.0).fees.tolist() == [3.0]
    assert trading_costs(one, commission_min=3.0, commission_per_order=4.0).fees.tolist() == [4.0]


def test_costs_of_an_instrument_go_before_those_of_the_run():
    own = bt.Instrument(
        commission=bt.Commission(bps=10, per_order=2.0), slippage=bt.Slippage(bps=5, entry_bps=1)
    )
    rate = bt.Instrument(taker_bps=4)
    costs = trading_costs(own, rate, commission_bps=50, slippage_bps=20, commission_min=1.0)
    assert costs.costs(np.array([100.0, 100.0]), START) == pytest.approx([16e-4, 24e-4])
    assert costs.fees.tolist() == [2.0, 1.0]


def test_an_order_travels_at_most_so_long():
    one = bt.Instrument()
    assert trading_costs(one).max_round_trip() == 0
    assert trading_costs(one, latency_ms=1.5, response_latency_ms=2).max_round_trip() == 3_500_000
    assert trading_costs(one, latency_ms=[(START, 1.0), (START + DAY, 4.0)]).max_round_trip() == 4_000_000
    assert trading_costs(one, latency_jitter_ms=1, jitter="uniform").max_round_trip() == 1_000_000
    assert trading_costs(one, latency_jitter_ms=1).max_round_trip() == 10_000_000


def test_margin_counts_in_buying_power():
    future = bt.Instrument(initial_margin=0.1)
    assert trading_costs(bt.Instrument(), future, leverage=2.0).margin_weights.tolist() == [1.0, 0.2]
    assert trading_costs(bt.Instrument(), leverage=2.0).leverage == 2.0
    assert trading_costs(bt.Instrument(), leverage=2.0, account="cash").leverage == 1.0
