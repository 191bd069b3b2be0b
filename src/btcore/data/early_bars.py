"""Bars that end too early: their prices are those of finer rows after their end."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .columns import Floats
from .containers import Bars
from .source import AnyContainer
from .tick_bars import mid_or_price


def early_row(bars: Bars, finer: AnyContainer) -> tuple[int, int] | None:
    """The first bar whose prices are those of finer rows after its end, and the time of the last of these.

    Its high, low or close is not that of the rows from its begin to its end, but all three are those of the
    rows until the next bar begins, or of the rows of the next bar. None if there is no such bar.
    """
    times = finer.end if isinstance(finer, Bars) else finer.timestamp
    prices = _prices_of(finer)
    # The rows of a bar: finer bars that end by then, ticks before then.
    side: Literal["left", "right"] = "right" if isinstance(finer, Bars) else "left"
    begins = np.append(bars.timestamp, bars.end[-1:])
    first = np.searchsorted(finer.timestamp, begins)
    until_end = np.searchsorted(times, bars.end, side)
    until_next = np.searchsorted(times, begins[1:], side)
    own = _have_prices(bars, prices, first[:-1], until_end)
    longer = _have_prices(bars, prices, first[:-1], until_next)
    shifted = np.zeros(len(bars), bool)
    shifted[:-1] = _have_prices(bars, prices, first[1:-1], until_end[1:], slice(0, -1))
    found = np.flatnonzero(~own & (longer | shifted) & (first[:-1] < until_end))
    if not len(found):
        return None
    row = int(found[0])
    last = until_next[row] if longer[row] else until_end[row + 1]
    return row, int(times[last - 1])


def _have_prices(
    bars: Bars,
    prices: tuple[Floats, Floats, Floats],
    first: NDArray[np.intp],
    until: NDArray[np.intp],
    rows: slice = slice(None),
) -> NDArray[np.bool_]:
    """Whether high, low and close of bars are those of the finer rows from `first` to `until`."""
    low, high, close = prices
    filled = first < until
    found = np.zeros(len(first), bool)
    if not filled.any():
        return found
    begin, end = first[filled], until[filled]
    edges = np.column_stack([begin, np.minimum(end, len(low) - 1)]).ravel()
    lowest, highest = np.minimum.reduceat(low, edges)[::2], np.maximum.reduceat(high, edges)[::2]
    lowest, highest = np.minimum(lowest, low[end - 1]), np.maximum(highest, high[end - 1])
    found[filled] = (
        (bars.low[rows][filled] == lowest)
        & (bars.high[rows][filled] == highest)
        & (bars.close[rows][filled] == close[end - 1])
    )
    return found


def _prices_of(finer: AnyContainer) -> tuple[Floats, Floats, Floats]:
    """Low, high and close of each row."""
    if isinstance(finer, Bars):
        return finer.low, finer.high, finer.close
    price = mid_or_price(finer.columns)
    return price, price, price
