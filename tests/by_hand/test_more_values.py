"""Values worked out first: margin of two symbols, cuts, trails, steps, tiers, dust, counts."""

from datetime import UTC, datetime

import numpy as np
import pytest
from engines import EngineRun
from hand_cases import at, bars, both, buy, ends, fills, play, quotes, sell, trades

import btcore as bt
from btcore.config import CommissionTier, Instrument


def test_two_symbols_lose_their_margin_together(engine: EngineRun) -> None:
    # 10 of each at 100 leave -1000. With A at 70 equity is 700, of which 425 are needed; with B at 61 it is
    # 310, and a quarter of 1310 is 327.5: both are sold, A at its bid of 70.
    market = {"A": quotes((0, 100, 100), (1, 70, 70), (4, 70, 70)), "B": quotes((0, 100, 100), (2, 61, 61))}
    plan = {0: both(buy(10), lambda ctx: ctx.buy("B", 10))}
    terms = {"leverage": 5.0, "maintenance_margin": 0.25, "initial_capital": 1000}
    outcome = play(engine, plan, market, **terms)
    assert fills(outcome)[2:] == [(2, 3, -10, 70, "taker"), (2, 4, -10, 61, "taker")]


def test_the_cut_of_a_cash_account_counts_the_multiplier(engine: EngineRun) -> None:
    # 1 * 99 * 10 is below 1000 on arrival; at the open of 110 cash pays 1000 / 1100.
    market = {"A": bars((0, 99, 99, 99, 99), (1, 110, 110, 110, 110))}
    outcome = play(
        engine, {1: buy(1)}, market, {"A": Instrument(multiplier=10)}, account="cash", initial_capital=1000
    )
    assert fills(outcome) == [(1, 1, pytest.approx(1000 / 1100), 110, "taker")]
    assert ends(outcome) == [("CANCELED", "cash", 1)]


def test_a_dividend_lowers_what_a_trailing_sell_follows(engine: EngineRun) -> None:
    # The stop is 110 - 5; the dividend of 2 makes it 103, the bid of 109 makes it 104, and 103.5 is below it.
    rows = ((0, 110), (1, 110), (2, 108), (3, 109), (4, 103.5), (5, 103.5))
    market = {"A": quotes(*((t, bid, bid + 1) for t, bid in rows))}
    plan = {0: both(buy(1), sell(1, trail=5.0))}
    outcome = play(engine, plan, market, {"A": Instrument(dividends=[(at(1.5), 2.0)])})
    assert fills(outcome)[1] == (4, 2, -1, 103.5, "taker")


def test_sizes_of_three_tenths_fill_lots_of_a_tenth(engine: EngineRun) -> None:
    # 0.3 / 0.1 is 2.9999999999999996, which is three lots.
    market = {"A": quotes(*((t, 99, 100, 9, size) for t, size in enumerate((0.3, 0.3, 0.5))))}
    outcome = play(engine, {0: buy(1)}, market, {"A": Instrument(lot_size=0.1)}, displayed_size=True)
    assert [fill["quantity"] for fill in outcome.fills] == [
        pytest.approx(x, abs=1e-12) for x in (0.3, 0.3, 0.4)
    ]
    assert ends(outcome) == [("FILLED", "", 2)]


def test_a_trail_of_two_ticks_of_a_tenth_is_reached(engine: EngineRun) -> None:
    # 100.3 - 0.2 is 100.1 to within a rounding error, and the bid of 100.1 triggers it.
    market = {"A": quotes((0, 100.3, 100.4), (1, 100.3, 100.4), (2, 100.1, 100.2))}
    plan = {0: both(buy(1), sell(1, trail=0.2))}
    outcome = play(engine, plan, market, {"A": Instrument(tick_size=0.1)})
    assert fills(outcome)[1] == (2, 2, -1, 100.1, "taker")


@pytest.mark.parametrize("year", [2023, 2024, 1965, 1999, 2000, 2100])
def test_a_month_of_tiers_begins_at_its_first_midnight(year: int) -> None:
    # In each month 1 is traded a nanosecond before the month ends and 1 at the next midnight: the first is in
    # a month with turnover, at 1 bps, the second in a new month, at 9 bps.
    firsts = [datetime(year + m // 12, m % 12 + 1, 1, tzinfo=UTC) for m in range(13)]
    midnights = [int(first.timestamp()) * 10**9 for first in firsts]
    times = sorted(t for first in midnights for t in (first - 1, first))
    prices = np.full(len(times), 100.0)
    orders = bt.Orders(times, "A", "buy", 1.0)
    execution = bt.Execution(
        taker_bps=9.0,
        commission_tiers=[CommissionTier(notional=50, maker_bps=1, taker_bps=1)],
        leverage=1000.0,
    )
    result = bt.run({"A": bt.Trades(times, prices)}, orders, execution=execution, progress=False)
    bps = result.trades["commission"] / result.trades["price"] * 1e4
    by_time = dict(zip(result.trades["timestamp"].tolist(), bps.round(9).tolist(), strict=True))
    assert [by_time[first] for first in midnights] == [9.0] * 13
    assert [by_time[first - 1] for first in midnights[1:]] == [1.0] * 12


def test_dust_is_zero_and_small_quantities_are_not(engine: EngineRun) -> None:
    # 3 * 100,000.1 is 300,000.30000000005; 300,000.3 sold leave nothing. 5e-13 less 2e-13 stay.
    market = {"A": trades(*((t, 1) for t in range(6)))}
    plan = {0: buy(100_000.1), 1: buy(100_000.1), 2: buy(100_000.1), 3: sell(300_000.3)}
    assert play(engine, plan, market).positions[0]["quantity"] == 0.0
    small = play(engine, {0: buy(5e-13), 1: sell(2e-13)}, market)
    assert small.positions[0]["quantity"] == pytest.approx(3e-13, rel=1e-9)


def test_a_bar_with_a_stop_and_two_limits_counts_once(engine: EngineRun) -> None:
    # The stop of 98 fills and ends both limits, 103 and 104, which the bar reaches too.
    market = {"A": bars((0, 100, 100, 100, 100), (1, 100, 105, 97, 100), (2, 100, 100, 100, 100))}
    group = [sell(1, limit=103.0, oco=1), sell(1, limit=104.0, oco=1), sell(1, stop=98.0, oco=1)]
    outcome = play(engine, {1: both(buy(1), *group)}, market)
    assert fills(outcome)[1] == (2, 4, -1, 98, "taker")
    assert outcome.ambiguous_bars == 1


def test_a_drawdown_begins_at_the_end_of_a_flat_stretch() -> None:
    # Equity is 100, 110, 110, 105, 110, 111 at the ends of six days: at its peak until day 3, and on day 5.
    close = [100.0, 110.0, 110.0, 105.0, 110.0, 111.0]
    data = bt.Bars(np.arange(6) * 86_400 * 10**9, close, close, close, close, interval="1d")
    orders = bt.Orders([0], "A", "buy", 1.0)
    result = bt.run({"A": data}, orders, initial_capital=100.0, progress=False)
    assert result.metrics["max_drawdown_duration_days"] == 2.0
