"""Returns of an equity curve by period, and the choice of the period.

A period return goes from the last equity of one period to the last of the next. The first point of the curve is the
base of the first return. A point at time t belongs to the period of t - 1 ns, so a bar that closes at midnight belongs
to the day it ends. Periods without points are left out.
"""

from libc.stdint cimport int64_t

import numpy as np

from btcore.metrics.formulas cimport simple_returns

from btcore.times.intervals import RESOLUTION_NS as _RESOLUTION_NS
from btcore.times.zones import distinct, midnights

PERIODS = tuple(period.name.lower() for period in Period)  # the index is the code

cdef enum:
    MOST_CELLS = 1 << 20

cdef tuple _GRIDS = tuple((Period[name.upper()], _RESOLUTION_NS[name]) for name in ("hour", "minute", "second"))


def as_column(values, str name="returns"):
    """`values` as a contiguous float64 array. ValueError if it is not one-dimensional."""
    column = np.ascontiguousarray(values, dtype=np.float64)
    if column.ndim != 1:
        raise ValueError(f"{name}: expected one dimension, not {column.ndim}")
    return column


def as_times(timestamp, Py_ssize_t size):
    """`timestamp` as a contiguous int64 array of nanoseconds. ValueError if it does not have `size` items."""
    column = np.ascontiguousarray(timestamp, dtype=np.int64)
    if column.ndim != 1 or column.shape[0] != size:
        raise ValueError(f"timestamp: {column.shape} does not match {size} points")
    return column


def returns(equity):
    """Simple returns equity[i] / equity[i-1] - 1, float64, one fewer than points; NaN where the base is not above 0."""
    cdef const double[::1] e = as_column(equity, "equity")
    result = np.empty(max(e.shape[0] - 1, 0))
    cdef double[::1] out = result
    if e.shape[0] > 1:
        with nogil:
            simple_returns(&e[0], e.shape[0], &out[0])
    return result


def daily_returns(timestamp, equity, str timezone="UTC"):
    """Returns by day of the time zone, float64. `timestamp` is in ns UTC and sorted.

    Raises ValueError if `timestamp` does not have one time per point.
    """
    points = as_column(equity, "equity")
    times = as_times(timestamp, points.shape[0])
    return returns_at(points, _day_ends(times[1:], timezone))


def session_returns(timestamp, equity, closes):
    """Returns by trading session, float64. `closes` are the sorted session closes, ns UTC.

    A point belongs to the session with the first close at or after it: between two sessions it counts for the later
    one, and after the last close for a session that is still open. With local midnights as closes these are the
    `daily_returns`.
    """
    points = as_column(equity, "equity")
    times = as_times(timestamp, points.shape[0])
    return returns_at(points, _ends_before(times[1:], closes))


def interval_returns(timestamp, equity, int64_t interval_ns):
    """Returns by cell of a UTC grid of `interval_ns`, float64. `timestamp` is in ns UTC and sorted.

    Raises ValueError if the interval is not above 0, or if `timestamp` does not have one time per point.
    """
    points = as_column(equity, "equity")
    times = as_times(timestamp, points.shape[0])
    if interval_ns <= 0:
        raise ValueError(f"interval_ns: {interval_ns} is not above zero")
    return returns_at(points, _cell_ends(times[1:], interval_ns))


def period_ends(timestamp, str timezone="UTC", closes=None):
    """The `Period` whose returns describe a curve, and the index of the last point of each period (int64).

    `timestamp` has the sorted times of the points in ns UTC, without the base. Periods are local days, or sessions
    where their `closes` are given. If there are fewer than two, they are hours, else minutes, else seconds; if none
    of these gives two, each point is a period.
    """
    times = np.ascontiguousarray(timestamp, dtype=np.int64)
    ends = _day_ends(times, timezone) if closes is None else _ends_before(times, closes)
    if len(ends) >= 2:
        return (Period.DAY if closes is None else Period.SESSION), ends
    for period, interval in _GRIDS:
        ends = _cell_ends(times, interval)
        if len(ends) >= 2:
            return period, ends
    return Period.POINT, np.arange(len(times))


def closes_between(int64_t first, int64_t last, str timezone="UTC", closes=None):
    """The periods that `period_ends` tries, in turn, and when each of theirs ends (int64 ns UTC, ascending).

    `last` is the time of the last point of a curve, and `first` is at or before that of the first. Left out are those
    that have one period for all points, and the points themselves.
    """
    given = midnights(first, last, timezone) if closes is None else np.ascontiguousarray(closes, np.int64)
    if ((given >= first) & (given < last)).any():
        yield (Period.DAY if closes is None else Period.SESSION), given
    for period, interval in _GRIDS:
        if (last - first) // interval < MOST_CELLS:
            given = np.arange(_cell_end(first, interval), last + interval, interval, dtype=np.int64)
            if given[0] < last:
                yield period, given


def period_returns(timestamp, equity, str timezone="UTC", closes=None):
    """Name of the period chosen by `period_ends`, and the returns by that period (float64)."""
    points = as_column(equity, "equity")
    times = as_times(timestamp, points.shape[0])
    period, ends = period_ends(times[1:], timezone, closes)
    return PERIODS[period], returns_at(points, ends)


def returns_at(points, ends):
    """Returns between the first of `points` and those at 1 + `ends`."""
    return returns(points[np.append(0, ends + 1)]) if len(ends) else np.empty(0)


def _day_ends(times, str timezone):
    """Index of the last time in each local day."""
    if not len(times):
        return np.empty(0, np.int64)
    return _ends_before(times, midnights(int(times[0]), int(times[len(times) - 1]), timezone))


def _ends_before(times, closes):
    """Index of the last time at or before each close, and of the last time of all."""
    counts = distinct(np.append(np.searchsorted(times, np.asarray(closes, dtype=np.int64), side="right"), len(times)))
    return counts[counts > 0] - 1


def _cell_ends(const int64_t[::1] t, int64_t interval):
    """Index of the last time in each cell of the grid."""
    cdef Py_ssize_t i, n = t.shape[0], count = 0
    cdef int64_t cell_end
    ends = np.empty(n, dtype=np.int64)
    cdef int64_t[::1] end = ends
    if n == 0:
        return ends
    with nogil:
        cell_end = _cell_end(t[0], interval)
        for i in range(1, n):
            if t[i] > cell_end:
                end[count] = i - 1
                count += 1
                cell_end = _cell_end(t[i], interval)
        end[count] = n - 1
        count += 1
    return ends[:count]


cdef int64_t _cell_end(int64_t ts, int64_t interval) noexcept nogil:
    """The last nanosecond of the cell of `ts` - 1."""
    cdef int64_t cell = (ts - 1) // interval
    if (ts - 1) % interval < 0:
        cell -= 1  # C division rounds towards zero
    return (cell + 1) * interval
