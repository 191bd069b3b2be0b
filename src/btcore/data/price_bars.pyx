"""Where bars of a price range and of Renko bricks begin, in one pass over ticks."""

from libc.math cimport floor
from libc.stdint cimport int64_t

import numpy as np

cdef double ROUNDING = 1e-9      # of a size: ten steps of 0.1 are a range of 1


def range_bars(const int64_t[::1] times not None, const double[::1] prices not None, double size):
    """The first row of each bar whose high less low reaches `size`, intp, and the number of rows in these bars.

    A bar ends with the first nanosecond in which it does, all of whose ticks it takes.
    """
    cdef int64_t i, n = times.shape[0], count = 0, begin = 0
    cdef double low = 0.0, high = 0.0, need = size * (1.0 - ROUNDING)
    first = np.empty(n, np.intp)
    cdef Py_ssize_t[::1] found = first
    with nogil:
        for i in range(n):
            if i == begin:
                low = high = prices[i]
            low, high = min(low, prices[i]), max(high, prices[i])
            if high - low >= need and (i + 1 == n or times[i + 1] != times[i]):
                found[count] = begin
                count += 1
                begin = i + 1
    return first[:count].copy(), begin


def renko_bars(const int64_t[::1] times not None, const double[::1] prices not None, double size):
    """The first row of each bar, intp, open, high, low and close of each in bricks, and the number of rows in them.

    The grid is the multiples of `size`, and the first level is the one nearest to the first price. A brick in the
    direction of the last one is complete when the price is `size` beyond its close; one against it, which begins at
    the open of the last, when the price is `size` beyond that. A bar takes the bricks of one nanosecond, one or more.
    """
    cdef int64_t i, n = times.shape[0], count = 0, begin = 0, level = 0, at, way = 0, opened = 0, high = 0, low = 0
    cdef bint is_open = False
    first, levels = np.empty(n, np.intp), np.empty((4, n), np.int64)
    cdef Py_ssize_t[::1] found = first
    cdef int64_t[:, ::1] out = levels
    if n:
        level = <int64_t> floor(prices[0] / size + 0.5)
    with nogil:
        for i in range(n):
            at = reached(prices[i] / size, level, way)
            if at != level:
                if not is_open:
                    opened = high = low = level if (at > level) == (way >= 0) or way == 0 else level - way
                    is_open = True
                way = 1 if at > level else -1
                level = at
                high, low = max(high, level), min(low, level)
            if is_open and (i + 1 == n or times[i + 1] != times[i]):
                found[count] = begin
                out[0, count], out[1, count], out[2, count], out[3, count] = opened, high, low, level
                count += 1
                begin = i + 1
                is_open = False
    return first[:count].copy(), levels[:, :count].copy(), begin


cdef inline int64_t reached(double price, int64_t level, int64_t way) noexcept nogil:
    """The close of the last brick that a price, in bricks, completes; `level`, that of the brick before, if none."""
    cdef int64_t above = <int64_t> floor(price + ROUNDING), below = -<int64_t> floor(-price + ROUNDING)
    if above >= level + (2 if way < 0 else 1):
        return above
    if below <= level - (2 if way > 0 else 1):
        return below
    return level
