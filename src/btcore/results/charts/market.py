"""The prices that a chart shows: the rows of a symbol, in steps of equal numbers of rows."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.data.containers import Bars
from btcore.data.source import AnyContainer
from btcore.results.tables import Table

Times = NDArray[np.int64]
Floats = NDArray[np.float64]


class Prices(NamedTuple):
    """Prices over time: each row lasts from `start` to `end`, ns UTC, and is `step` rows of the data.

    `kind` is that of the data: "bars", "quotes" (their mids) or "trades". `volume` is None if unknown; of
    ticks it is the size traded.
    """

    symbol: str
    kind: str
    step: int
    start: Times
    end: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats | None


def prices_of(symbol: str, data: AnyContainer) -> Prices:
    """Every row of the data."""
    if isinstance(data, Bars):
        candles = data.open, data.high, data.low, data.close
        return Prices(symbol, data.kind, 1, data.timestamp, data.end, *candles, data.volume)
    columns = data.columns
    price = 0.5 * (columns["bid"] + columns["ask"]) if data.kind == "quotes" else columns["price"]
    return Prices(
        symbol, data.kind, 1, data.timestamp, data.timestamp, price, price, price, price, columns.get("size")
    )


def stepped(prices: Prices, step: int) -> Prices:
    """The same in runs of `step` rows: first, highest, lowest and last price, summed volume."""
    if step <= 1:
        return prices
    first = np.arange(0, len(prices.start), step)
    last = np.minimum(first + step, len(prices.start)) - 1
    return prices._replace(
        step=step * prices.step,
        start=prices.start[first],
        end=prices.end[last],
        open=prices.open[first],
        high=np.maximum.reduceat(prices.high, first) if len(first) else prices.high,
        low=np.minimum.reduceat(prices.low, first) if len(first) else prices.low,
        close=prices.close[last],
        volume=None if prices.volume is None or not len(first) else np.add.reduceat(prices.volume, first),
    )


def at_most(prices: Prices, rows: int) -> Prices:
    """The prices in the smallest equal steps that give no more than `rows` rows."""
    return stepped(prices, -(-len(prices.start) // max(rows, 1)))


def levels_of(prices: Prices, rows: int, factor: int = 8) -> Iterator[Prices]:
    """The prices in steps from the finest of `at_most` to about a thousand rows, each `factor` longer."""
    level = at_most(prices, rows)
    yield level
    while len(level.start) > 1000:
        level = stepped(level, factor)
        yield level


def ranges_near(times: Times, moments: Times, around: int) -> list[tuple[int, int]]:
    """The ranges of rows within `around` rows of the moments, joined where they overlap."""
    found: list[tuple[int, int]] = []
    for row in np.searchsorted(times, np.unique(moments)).tolist():
        first, last = max(row - around, 0), min(row + around + 1, len(times))
        if found and first <= found[-1][1]:
            found[-1] = found[-1][0], last
        else:
            found.append((first, last))
    return found


def rows_of(prices: Prices, first: int, last: int) -> Prices:
    """The rows from `first` to `last`, without the last."""
    part = slice(first, last)
    columns = {name: getattr(prices, name)[part] for name in ("start", "end", "open", "high", "low", "close")}
    return prices._replace(volume=None if prices.volume is None else prices.volume[part], **columns)


def fill_times(trades: Table, symbol: str) -> Times:
    """When the fills of a symbol happened, ns UTC."""
    times: Times = trades["timestamp"][trades["symbol"] == symbol]
    return times
