"""The synthetic market in levels: days, then the minutes of a day, then the ticks of a minute.

The days of a symbol are one random walk from 1990 on. The 390 minutes of a day are a path from its open to
its close that touches its high and low; the ticks of a minute, at most one per second, are such a path within
the minute. So the bars of every resolution are exact aggregates of the ticks, and no level needs those below
it. Prices are integers of cents, and volumes integers of shares.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.times.intervals import HOUR_NS, MINUTE_NS

from .noise import Keys, derived, key, normal, uniform

EPOCH_DAY = 7305  # 1990-01-01, a Monday
END_DAY = 47482  # 2100-01-01
OPEN_NS = 14 * HOUR_NS + 30 * MINUTE_NS  # 14:30 UTC, every weekday
MINUTES = 390
SECONDS = 60

_FOLD = 2.5  # the walk of log prices is reflected at this distance from its start
_LEAST = 50  # cents; far below the reflection

Ints = NDArray[np.int64]


class Candles(NamedTuple):
    """Prices in cents and volume in shares, arrays of one shape; `keys` seed the level below."""

    open: Ints
    high: Ints
    low: Ints
    close: Ints
    volume: Ints
    keys: Keys

    def part(self, rows: slice) -> "Candles":
        """Those rows of every array."""
        return Candles._make(column[rows] for column in self)

    def flat(self) -> "Candles":
        """Every array with one dimension."""
        return Candles._make(column.ravel() for column in self)


def weekdays(first_day: int, last_day: int) -> Ints:
    """The weekdays in [first_day, last_day), as days since 1970-01-01."""
    days = np.arange(max(first_day, EPOCH_DAY), min(last_day, END_DAY), dtype=np.int64)
    return days[(days - EPOCH_DAY) % 7 < 5]


def days_of(seed: int, symbol: str, first_day: int, last_day: int) -> tuple[Ints, Candles]:
    """The days in [first_day, last_day) and their candles."""
    days = weekdays(EPOCH_DAY, last_day)
    root = np.array([key("btcore sample market", seed, symbol)], np.uint64)
    traits = uniform(derived(root, 0), 4)[0]
    price = 3000.0 * 10.0 ** traits[0]  # 30 to 300
    sigma = 0.008 + 0.017 * traits[1]  # daily volatility: 13 to 40 percent a year
    drift = 0.0004 * traits[2]
    steps = normal(derived(root, 1), 2 * len(days)).reshape(-1, 2)  # overnight, then the session
    steps *= (0.4 * sigma, 0.9 * sigma)
    steps[:, 1] += drift
    walk = np.cumsum(steps.ravel()).reshape(-1, 2)
    wanted = slice(int(np.searchsorted(days, first_day)), None)
    days, walk = days[wanted], walk[wanted]
    folded = np.abs((walk - _FOLD) % (4 * _FOLD) - 2 * _FOLD) - _FOLD
    cents = np.maximum(np.rint(price * np.exp(folded)), 2 * _LEAST).astype(np.int64)
    keys = derived(root ^ derived(days.astype(np.uint64), 2), 3)
    chance = uniform(keys, 3)
    opened, closed = cents[:, 0].copy(), cents[:, 1].copy()
    reach = (0.8 * sigma) * np.maximum(opened, closed)
    high = np.maximum(opened, closed) + np.rint(reach * chance[:, 0] ** 2).astype(np.int64)
    low = np.minimum(opened, closed) - np.rint(reach * chance[:, 1] ** 2).astype(np.int64)
    busy = 200_000 + 4_000_000 * traits[3] * (0.5 + chance[:, 2])
    candles = Candles(opened, high, np.maximum(low, _LEAST), closed, np.rint(busy).astype(np.int64), keys)
    return days, candles


def minutes_of(days: Candles) -> Candles:
    """The minutes of each day: arrays of shape (days, 390)."""
    keys = derived(days.keys[:, None] + np.arange(MINUTES, dtype=np.uint64)[None, :], 4)
    span = (days.high - days.low)[:, None]
    knots: Ints = np.rint(_bridge(derived(days.keys, 5), days, MINUTES + 1, 0.8)).astype(np.int64)
    opened, closed = knots[:, :-1], knots[:, 1:]
    top, bottom = np.maximum(opened, closed), np.minimum(opened, closed)
    chance = uniform(derived(days.keys, 6), 2 * MINUTES).reshape(-1, 2, MINUTES)
    reach = np.rint(chance * chance * (0.04 * span)[:, :, None]).astype(np.int64)
    high = np.minimum(top + reach[:, 0], days.high[:, None])
    low = np.maximum(bottom - reach[:, 1], days.low[:, None])
    rows = np.arange(len(days.keys))
    high[rows, top.argmax(axis=1)] = days.high
    low[rows, bottom.argmin(axis=1)] = days.low
    weights = uniform(derived(days.keys, 7), MINUTES) + np.linspace(-1.0, 1.0, MINUTES) ** 2 + 0.2
    # A minute has up to 60 trades of at least one share.
    volume = SECONDS + _split(days.volume - MINUTES * SECONDS, weights)
    return Candles(opened, high, low, closed, volume, keys)


class Ticks(NamedTuple):
    """Trades in time order with a quote before each: prices and spreads in cents, sizes in shares."""

    row: NDArray[np.intp]  # index of the minute
    second: Ints
    price: Ints
    size: Ints
    spread: Ints
    side: NDArray[np.int8]
    quote_ms: Ints  # within the second; the trade hits this quote
    trade_ms: Ints


def ticks_of(minutes: Candles) -> Ticks:
    """The ticks of flat minutes: the open first, the close last, the high and the low between them."""
    count = len(minutes.keys)
    path = _bridge(derived(minutes.keys, 8), minutes, SECONDS, 0.7)
    rows = np.arange(count)
    inner = path[:, 1:-1]
    highest, lowest = inner.argmax(axis=1) + 1, inner.argmin(axis=1) + 1
    lowest = np.where(lowest == highest, highest % (SECONDS - 2) + 1, lowest)
    price = np.rint(path).astype(np.int64)
    price[rows, highest] = minutes.high
    price[rows, lowest] = minutes.low
    chance = derived(minutes.keys, 9)[:, None] + np.arange(SECONDS, dtype=np.uint64)[None, :]
    bits = derived(chance, 10)
    active = (bits & np.uint64(15)) < np.uint64(9)
    active[:, 0] = active[:, -1] = True
    active[rows, highest] = active[rows, lowest] = True
    weights = np.where(active, ((bits >> np.uint64(4)) & np.uint64(63)) + 1.0, 0.0)
    size = active + _split(minutes.volume - active.sum(axis=1), weights)
    row, second = np.nonzero(active)
    drawn = bits[active]

    def field(shift: int, below: int) -> Ints:
        return ((drawn >> np.uint64(shift)) % np.uint64(below)).astype(np.int64)

    quote_ms = field(40, 500)
    return Ticks(
        row=row,
        second=second,
        price=price[active],
        size=size[active],
        spread=1 + field(10, 4) // 2,
        side=np.where(drawn >> np.uint64(63), np.int8(1), np.int8(-1)),
        quote_ms=quote_ms,
        trade_ms=quote_ms + 1 + field(20, 499),
    )


def _bridge(keys: Keys, candles: Candles, points: int, roughness: float) -> NDArray[np.float64]:
    """For each candle a random path of `points` prices from its open to its close, within its range."""
    walk = np.cumsum(normal(keys, points), axis=1)
    along = np.arange(points) / (points - 1)
    walk -= walk[:, :1]
    walk -= walk[:, -1:] * along
    span = (candles.high - candles.low).astype(np.float64)[:, None]
    walk *= span * (roughness / points**0.5)
    walk += candles.open[:, None] + (candles.close - candles.open)[:, None] * along
    low, high = candles.low[:, None], candles.high[:, None]
    # Points outside the range are reflected at its edge, and clipped if that is outside too.
    np.subtract(2.0 * high, walk, out=walk, where=walk > high)
    np.subtract(2.0 * low, walk, out=walk, where=walk < low)
    clipped: NDArray[np.float64] = np.clip(walk, low, high)
    clipped[:, 0], clipped[:, -1] = candles.open, candles.close
    return clipped


def _split(total: Ints, weights: NDArray[np.float64]) -> Ints:
    """Each total split into integers in proportion to the weights; weight 0 gets 0, and the sum is exact."""
    ends = np.cumsum(weights, axis=1)
    ends *= (total / ends[:, -1])[:, None]
    whole = ends.astype(np.int64)
    # Rounding could lose a share at the end, so the last positive weight ends at the total.
    whole = np.where(ends >= ends[:, -1:], total[:, None], whole)
    return np.diff(whole, axis=1, prepend=0)
