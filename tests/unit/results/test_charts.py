"""What charts show: prices in steps keep extremes; fills, levels and lines are those of the result."""

import numpy as np
import pytest

import btcore as bt
from btcore.results.charts.events import fills_of, levels_of_orders, lines_of, names_of, position_of
from btcore.results.charts.market import at_most, between, most_rows_near, prices_of, rows_near, stepped

HOURS = bt.sample_bars("AAPL", "2024-01-02", "2024-03-10", "1h")


class Traded(bt.Strategy):
    """Buys every tenth bar with a target and a stop, and amends one limit."""

    def on_start(self, ctx: bt.Context) -> None:
        self.mean = ctx.indicator("sma", "AAPL", 5)
        self.rsi = ctx.indicator("rsi", "AAPL", 14)
        self.bars = ctx.indicator("bollinger", "AAPL", 5)
        self.count = 0

    def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
        self.count += 1
        if self.count % 10 == 1:
            ctx.bracket("AAPL", 10, take_profit=1.01 * bar.close, stop_loss=0.99 * bar.close, tag="in")
        if self.count == 5:
            self.low = ctx.buy("AAPL", 1, limit=0.5 * bar.close)
        if self.count == 8:
            self.low.amend(limit=0.6 * bar.close)


RESULT = bt.run({"AAPL": HOURS}, Traded)


def test_steps_keep_extremes_and_volume() -> None:
    prices = prices_of("AAPL", HOURS)
    for step in (1, 2, 7, 1000):
        found = stepped(prices, step)
        assert found.step == step
        assert len(found.start) == -(-len(HOURS) // step)
        for i, first in enumerate(range(0, len(HOURS), step)):
            part = slice(first, first + step)
            assert found.open[i] == HOURS.open[first]
            assert found.high[i] == HOURS.high[part].max()
            assert found.low[i] == HOURS.low[part].min()
            assert found.close[i] == HOURS.close[part][-1]
            assert found.end[i] == HOURS.end[part][-1]
            assert found.volume is not None
            assert found.volume[i] == pytest.approx(HOURS.volume[part].sum())


def test_at_most_takes_the_smallest_step_that_fits() -> None:
    ticks = bt.Trades(np.arange(100_000), 100 + np.sin(np.arange(100_000)), np.ones(100_000))
    prices = prices_of("A", ticks)
    assert [at_most(prices, rows).step for rows in (100_000, 99_999, 20_000, 1)] == [1, 2, 5, 100_000]
    assert len(at_most(prices, 20_000).start) == 20_000
    assert at_most(prices, 100).high.max() == prices.high.max()
    part = between(prices, 3, 5)
    assert part.start.tolist() == [3, 4, 5]
    assert part.open.tolist() == prices.open[3:6].tolist()


def test_rows_near_moments_are_joined_and_aligned() -> None:
    ends = np.arange(1000, dtype=np.int64)
    moments = np.array([500, 3, 505, 999])
    near = rows_near(ends, moments, 10)
    assert near.first.tolist() == [0, 490, 989]
    assert near.last.tolist() == [14, 516, 1000]
    assert near.rows() == len(near.indexes()) == 14 + 26 + 11
    assert near.indexes().tolist() == [*range(14), *range(490, 516), *range(989, 1000)]
    coarse = rows_near(ends, moments, 10, 8)
    assert coarse.first.tolist() == [0, 488, 984]
    assert coarse.last.tolist() == [16, 520, 1000]
    assert rows_near(ends, np.array([], np.int64), 10).rows() == 0
    assert rows_near(ends, np.array([5000]), 10).rows() == 0
    assert rows_near(ends[:0], moments, 10).rows() == 0


def test_fewer_rows_near_moments_if_they_are_too_many() -> None:
    ends = np.arange(100_000, dtype=np.int64)
    moments = np.arange(500, 100_000, 1000)
    for most, expected in ((100 * 401, 200), (100 * 401 - 1, 199), (100 * 7, 3), (100, 0), (99, -1)):
        around, near = most_rows_near(ends, moments, 200, most)
        assert around == expected
        assert near.rows() == (100 * (2 * around + 1) if around >= 0 else 0)


def test_fills_have_the_profit_of_the_trips_that_they_end() -> None:
    fills = fills_of(RESULT, "AAPL")
    assert fills.order_id.tolist() == RESULT.trades["order_id"].tolist()
    assert np.nansum(fills.profit) == pytest.approx(RESULT.round_trips["pnl"].sum())
    assert set(fills.tag.tolist()) == {"in"}
    times, held = position_of(fills, 7)
    assert (times[0], held[0]) == (7, 0.0)
    assert times[1:].tolist() == fills.time.tolist()
    assert held[-1] == pytest.approx(RESULT.exposures["quantity"][-1] if len(RESULT.exposures) else 0.0)


def test_levels_are_those_of_working_orders() -> None:
    last = int(HOURS.end[-1])
    levels = levels_of_orders(RESULT, "AAPL", last)
    (amended,) = np.flatnonzero(levels.order_id == 4)
    assert levels.price[amended] == pytest.approx(0.6 * HOURS.close[7])
    assert levels.start[amended] == HOURS.end[7]
    assert levels.end[amended] == RESULT.orders["closed_at"][3]
    stops = levels.kind == "stop"
    assert stops.any()
    assert set(levels.price[stops].tolist()) <= set(RESULT.orders["stop_price"].tolist())
    assert np.all(levels.end > levels.start)
    assert np.all(np.diff(levels.start) >= 0)
    assert len(levels_of_orders(RESULT, "MSFT", last).start) == 0


def test_lines_say_where_they_belong() -> None:
    found = {line.name: line.on_prices for line in lines_of(RESULT, "AAPL")}
    assert found == {
        "sma_5": True, "rsi_14": False,
        **{f"bollinger_5_2 {field}": True for field in ("upper", "middle", "lower")},
    }  # fmt: skip
    assert names_of(RESULT) == ["AAPL"]
    assert RESULT.markets["AAPL"] is HOURS
