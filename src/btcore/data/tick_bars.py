"""Where bars of a number of ticks, a volume, a value, a range or Renko bricks begin."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.errors import DataError

from .columns import Floats
from .containers import Bars, Quotes, Trades
from .price_bars import range_bars, renko_bars
from .tables.names import PRICES

MOST = 1e15  # of an amount
LEAST = 1e-9  # of a range or a brick, as a share of the prices
_ROUNDING = 1e-9  # ten trades of 0.1 are a volume of 1


def full_bars(data: Bars | Quotes | Trades, measure: str, amount: Any) -> tuple[NDArray[np.intp], int]:
    """The first row of each bar, and the number of rows at the end that fill none.

    `measure` is "ticks", "volume" or "value", and a bar is full with `amount` of it. DataError for bars,
    unknown sizes, or an amount that is not a positive number.
    """
    weights = _weights(data, measure)
    limit = _checked(measure, amount)
    times = data.timestamp
    if len(times) == 0:
        return np.zeros(0, np.intp), 0
    lasts = np.append(np.flatnonzero(times[1:] != times[:-1]), len(times) - 1)  # of each nanosecond
    # Extended precision: the sum of a long run of trades is far larger than a bar.
    total = (
        np.arange(1, len(times) + 1)[lasts]
        if weights is None
        else np.cumsum(weights, dtype=np.longdouble)[lasts]
    )
    need = limit if weights is None else np.longdouble(limit) * (1 - _ROUNDING)
    first, done, row = [], total[0] * 0, 0
    while row < len(times):
        last = int(np.searchsorted(total, done + need, "left"))
        if last == len(lasts):
            break
        first.append(row)
        row, done = int(lasts[last]) + 1, total[last]
    return np.array(first, np.intp), len(times) - row


class Bricks(NamedTuple):
    """The prices of Renko bars, by name, and a note if some are of several bricks."""

    prices: dict[str, Floats]
    notes: tuple[str, ...]


def price_bars(
    data: Bars | Quotes | Trades, measure: str, size: Any
) -> tuple[NDArray[np.intp], int, Bricks | None]:
    """As `full_bars` for the measures "range" and "renko"; of Renko the bricks too."""
    if isinstance(data, Bars):
        raise DataError(f"resample: bars of a {measure} are made of trades or quotes, not of bars")
    limit = _checked(measure, size)
    prices = np.ascontiguousarray(mid_or_price(data.columns))
    if len(prices) and limit < LEAST * float(np.abs(prices).max()):
        raise DataError(f"{measure}: {size!r} is too small for prices of {float(np.abs(prices).max()):g}")
    if measure == "range":
        first, rows = range_bars(data.timestamp, prices, limit)
        return first, len(data) - rows, None
    first, levels, rows = renko_bars(data.timestamp, prices, limit)
    several = int(np.count_nonzero(np.abs(levels[3] - levels[0]) != 1))
    notes = (f"resample: {several} of {len(first)} bars are of several bricks",) if several else ()
    return first, len(data) - rows, Bricks(dict(zip(PRICES, levels * limit, strict=True)), notes)


def mid_or_price(columns: Mapping[str, NDArray[Any]]) -> Floats:
    """The prices of trades, the mids of quotes, as the engine marks a position."""
    price: Floats = columns["price"] if "price" in columns else 0.5 * (columns["bid"] + columns["ask"])
    return price


def _weights(data: Bars | Quotes | Trades, measure: str) -> NDArray[np.float64] | None:
    """What each row adds to a bar; None: one."""
    if measure == "ticks":
        if isinstance(data, Bars):
            raise DataError("resample: bars of ticks are made of trades or quotes, not of bars")
        return None
    if not isinstance(data, Trades):
        raise DataError(f"resample: bars of a {measure} are made of trades, not of {data.kind}")
    if data.size is None:
        raise DataError(f"resample: bars of a {measure} need the sizes of the trades, which are unknown")
    return data.size if measure == "volume" else np.abs(data.price) * data.size


def _checked(measure: str, amount: Any) -> int | float:
    number = isinstance(amount, int | float | np.number) and not isinstance(amount, bool)
    if measure == "ticks" and not (number and amount >= 1 and amount == int(amount)):
        raise DataError(f"ticks: {amount!r} is not a whole number of at least 1")
    if not number or not 0 < amount < float("inf"):
        raise DataError(f"{measure}: {amount!r} is not a positive number")
    if amount > MOST:
        raise DataError(f"{measure}: {amount!r} is more than {MOST:g}")
    return int(amount) if measure == "ticks" else float(amount)
