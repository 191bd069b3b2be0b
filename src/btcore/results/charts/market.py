"""The prices that a chart shows: the rows of a symbol, in steps of equal numbers, and those near fills."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.data.containers import Bars
from btcore.data.source import AnyContainer

Times = NDArray[np.int64]
Floats = NDArray[np.float64]
UNITS = {"bars": "bar", "quotes": "quote", "trades": "trade"}  # a row, by the kind of the data


class Ranges(NamedTuple):
    """Ranges of rows, in order and apart from each other: from `first` to `last`, without the last."""

    first: NDArray[np.int64]
    last: NDArray[np.int64]

    def rows(self) -> int:
        """How many rows they have in all."""
        return int((self.last - self.first).sum())

    def indexes(self) -> NDArray[np.int64]:
        """All of their rows."""
        lengths = self.last - self.first
        before = np.cumsum(lengths) - lengths
        found: NDArray[np.int64] = np.arange(self.rows()) + np.repeat(self.first - before, lengths)
        return found


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


def between(prices: Prices, first: int, last: int) -> Prices:
    """The rows that end at `first`, ns UTC, or later, and begin at `last` or earlier."""
    return rows_of(
        prices, slice(np.searchsorted(prices.end, first), np.searchsorted(prices.start, last, "right"))
    )


def at_most(prices: Prices, rows: int) -> Prices:
    """The prices in the smallest equal steps that give no more than `rows` rows."""
    return stepped(prices, -(-len(prices.start) // max(rows, 1)))


def rows_near(ends: Times, moments: Times, around: int, step: int = 1) -> Ranges:
    """The ranges of rows within `around` rows of those in which the moments are, joined where they overlap.

    Rows are dated by their ends. A range begins and ends at multiples of `step`, or at the end of the rows.
    """
    return _ranges(_rows_at(ends, moments), len(ends), around, step)


def _rows_at(ends: Times, moments: Times) -> Times:
    """The rows in which the moments are, each once, in order."""
    rows = np.searchsorted(ends, np.sort(moments))
    new = np.diff(rows, prepend=-1) > 0
    return rows[new & (rows < len(ends))]


def _ranges(rows: Times, size: int, around: int, step: int) -> Ranges:
    first = np.maximum(rows - around, 0) // step * step
    last = np.minimum(-(-(rows + around + 1) // step) * step, size)
    apart = first[1:] > last[:-1]
    return Ranges(first[np.append(True, apart)[: len(rows)]], last[np.append(apart, True)[: len(rows)]])


def most_rows_near(ends: Times, moments: Times, around: int, most: int, step: int = 1) -> tuple[int, Ranges]:
    """The ranges of `rows_near`, with a smaller `around` if they had more than `most` rows in all.

    Returns that number, -1 with no ranges if even the rows of the moments are too many.
    """
    rows = _rows_at(ends, moments)
    low, high, middle = -1, around, around  # the number asked for is tried first
    found = Ranges(rows[:0], rows[:0])
    while low < high:
        ranges = _ranges(rows, len(ends), middle, step)
        if ranges.rows() <= most:
            low, found = middle, ranges
        else:
            high = middle - 1
        middle = (low + high + 1) // 2
    return low, found


def rows_of(prices: Prices, part: "slice | NDArray[np.int64]") -> Prices:
    """Some of the rows."""
    columns = {name: getattr(prices, name)[part] for name in ("start", "end", "open", "high", "low", "close")}
    return prices._replace(volume=None if prices.volume is None else prices.volume[part], **columns)
