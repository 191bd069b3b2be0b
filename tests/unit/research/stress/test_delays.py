"""Requests that arrive a bar later, whatever the gaps between bars, for every kind of strategy."""

from typing import Any

import numpy as np
import pytest

import btcore as bt
from btcore.backtest.opening import prepare_run
from btcore.research.stress.delays import delay_of_a_bar, with_own_latency

HOUR = 3600 * 10**9
DAY = 24 * HOUR
FRIDAY = int(np.datetime64("2024-01-05T15:00", "ns").astype(np.int64))
# Three bars of an hour with a gap, a weekend that is longer than any latency may be, three more.
OPENS = FRIDAY + np.array([0, HOUR, 3 * HOUR, 66 * HOUR, 67 * HOUR, 68 * HOUR])
PRICES = np.array([100.0, 101.0, 102.0, 103.0, 104.0, 105.0])
BARS = bt.Bars(OPENS, PRICES, PRICES + 0.5, PRICES - 0.5, PRICES, np.full(6, 1e6), interval="1h")
NOTHING: dict[str, Any] = {
    "spread_bps": None,
    "commission_bps": None,
    "latency_ms": None,
    "volume_share": None,
    "draws": 2,
    "progress": False,
}


class BuysAt(bt.Strategy):
    """Buys one at the end of bar `row`."""

    row: int = 0

    def on_bar(self, ctx: Any, bar: Any) -> None:
        if bar.symbol == "A" and bar.timestamp == OPENS[self.row]:
            ctx.buy(bar.symbol, 1)


def delayed_price(strategy: Any, params: Any = None, data: Any = None, **terms: Any) -> float:
    """The price of one unit bought, with requests that arrive a bar later; the mark at the end is 105."""
    ladder = bt.ladder({"A": BARS} if data is None else data, strategy, params, **NOTHING, **terms)
    metrics = ladder.stresses[1].metrics
    assert metrics is not None, ladder.stresses[1].reason
    assert metrics["total_trades"] == 1
    return 105.0 - float(metrics["final_equity"] or 0) + float(metrics["initial_capital"] or 0)


@pytest.mark.parametrize("row", [0, 1, 2, 3])
def test_an_order_takes_part_in_the_bar_after_the_next(row: int) -> None:
    # Without a delay an order of bar `row` fills at the open of bar row + 1.
    assert delayed_price(BuysAt, {"row": row}) == pytest.approx(PRICES[row + 2])


def test_an_order_before_the_last_bar_never_fills() -> None:
    ladder = bt.ladder({"A": BARS}, BuysAt, {"row": 4}, **NOTHING)
    assert ladder.climbed[-1].metrics is not None
    assert ladder.climbed[-1].metrics["total_trades"] == 1
    assert ladder.stresses[1].metrics is not None
    assert ladder.stresses[1].metrics["total_trades"] == 0


class BuysFirst(bt.Strategy):
    def on_start(self, ctx: Any) -> None:
        ctx.buy("A", 1)


@pytest.mark.parametrize("start", [None, "2024-01-05T15:00", "2024-01-05T14:59:59", "2024-01-02"])
def test_an_order_at_the_start_misses_the_first_bar(start: str | None) -> None:
    assert bt.run({"A": BARS}, BuysFirst, start=start).trades["price"][0] == PRICES[0]
    assert delayed_price(BuysFirst, start=start) == pytest.approx(PRICES[1])


@pytest.mark.parametrize("row", [0, 1, 2, 3])
@pytest.mark.parametrize("latency_ms", [None, 1000])
def test_orders_in_columns_are_delayed_too(row: int, latency_ms: int | None) -> None:
    orders = bt.Orders(BARS.end[[row]], "A", "buy", 1, latency_ms=latency_ms)
    late = (
        row in (0, 3) and latency_ms is not None
    )  # where the next bar begins at once, it misses that bar too
    if late and row == 3:
        return  # it would fill after the data
    assert delayed_price(orders) == pytest.approx(PRICES[row + 2 + late])


@pytest.mark.parametrize("row", [0, 1, 2, 3])
def test_an_order_at_the_open_of_a_bar_takes_the_next_open(row: int) -> None:
    assert delayed_price(bt.Orders(OPENS[[row]], "A", "buy", 1)) == pytest.approx(PRICES[row + 1])


@pytest.mark.parametrize("row", [0, 1, 2, 3])
def test_targets_are_delayed_too(row: int) -> None:
    # At the end of the first bar there is no price yet: the order is sent after the open of the second.
    targets = bt.Targets(BARS.end[[row]], ["A"], [1], kind="units")
    assert delayed_price(targets) == pytest.approx(PRICES[max(row + 2, 3)])


@pytest.mark.parametrize("row", [0, 1, 2, 3])
def test_signals_are_delayed_too(row: int) -> None:
    entry = np.arange(6) == row
    assert delayed_price(bt.Signals(BARS, entry, size=1)) == pytest.approx(PRICES[row + 2])


def test_a_latency_of_the_run_is_added() -> None:
    # A latency of 1 s already misses the open of bar 1, which begins at once: bar 2, and one more is bar 3.
    execution = bt.Execution(latency_ms=1000)
    assert delayed_price(BuysAt, {"row": 0}, execution=execution) == pytest.approx(PRICES[3])


def test_steps_of_latency_are_added() -> None:
    steps = [("2024-01-05T15:00", 0.0), ("2024-01-08T00:00", 1000.0)]
    execution = bt.Execution(latency_ms=steps)
    assert delayed_price(BuysAt, {"row": 0}, execution=execution) == pytest.approx(PRICES[2])
    assert delayed_price(BuysAt, {"row": 2}, execution=execution) == pytest.approx(PRICES[4])


def test_the_longest_gap_of_several_symbols_counts() -> None:
    # B begins at once where A has a gap.
    opens = FRIDAY + HOUR * np.arange(8)
    flat = np.full(8, 10.0)
    other = bt.Bars(opens, flat, flat, flat, flat, interval="1h")
    assert delayed_price(BuysAt, {"row": 1}, {"A": BARS, "B": other}) == pytest.approx(PRICES[3])
    prepared = prepare_run({"A": BARS, "B": other})
    delay = delay_of_a_bar(prepared)
    assert delay is not None
    assert delay.at(np.array([OPENS[2] - HOUR])) == HOUR + 1  # of A; that of B is an hour


def test_ticks_have_no_bar() -> None:
    quotes = bt.Quotes(FRIDAY + HOUR * np.arange(3), [10.0] * 3, [10.1] * 3)
    assert delay_of_a_bar(prepare_run({"A": quotes})) is None


def test_ticks_are_delayed_by_a_time() -> None:
    # The asks are 10, 11 and 12 by the hour; the last mid is 11.5.
    times = FRIDAY + HOUR * np.arange(4)
    quotes = bt.Quotes(times, [9.0, 10.0, 11.0, 11.0], [10.0, 11.0, 12.0, 12.0])
    orders = bt.Orders(times[:1], "A", "buy", 1)
    for delay_ms, price in ((1.0, 10.0), (3_600_001.0, 11.0), (7_200_001.0, 12.0)):
        ladder = bt.ladder({"A": quotes}, orders, **NOTHING, displayed_size=False, delay_ms=delay_ms)
        found = ladder.stresses[1].metrics or {}
        assert float(found["final_equity"] or 0) - 1e6 == pytest.approx(11.5 - price)
        assert ladder.stresses[1].words.endswith(f"arrives {delay_ms:.10g} ms later")


def test_the_orders_of_the_caller_do_not_change() -> None:
    orders = bt.Orders(BARS.end[:2], "A", "buy", 1, latency_ms=[5, np.nan])
    before = orders.latency.copy()
    stripped = with_own_latency(orders, None)
    assert stripped.latency.tolist() == [-1, -1]
    assert orders.latency.tolist() == before.tolist()
