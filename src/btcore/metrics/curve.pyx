"""A curve of equity that is still being written, for Python: see the header."""

cimport cython

import numpy as np


@cython.final
cdef class RunningCurve:
    """What is known of a curve so far; its points come in portions of any size, in the order of time.

    An instance belongs to one thread at a time.
    """

    cdef CurveStats _stats

    def __init__(self, int64_t timestamp, double equity):
        open_curve(&self._stats, timestamp, equity)

    def extend(self, timestamp, equity):
        """Takes the next points; ValueError for columns of different lengths."""
        cdef const int64_t[::1] ts = np.ascontiguousarray(timestamp, dtype=np.int64)
        cdef const double[::1] e = np.ascontiguousarray(equity, dtype=np.float64)
        if ts.shape[0] != e.shape[0]:
            raise ValueError(f"timestamp: {ts.shape[0]} values do not match {e.shape[0]} points")
        with nogil:
            extend_curve(&self._stats, &ts[0] if ts.shape[0] else NULL, 0, &e[0] if e.shape[0] else NULL, e.shape[0])

    def hold(self, timestamp, double equity):
        """Takes the next points, all of one equity."""
        cdef const int64_t[::1] ts = np.ascontiguousarray(timestamp, dtype=np.int64)
        with nogil:
            hold_curve(&self._stats, &ts[0] if ts.shape[0] else NULL, 0, equity, ts.shape[0])

    @property
    def count(self):
        """How many points there have been."""
        return self._stats.count

    @property
    def mean(self):
        """The mean of all points; NaN where one is not finite."""
        return mean_equity(&self._stats)

    @property
    def lowest(self):
        """The lowest point."""
        return self._stats.lowest

    @property
    def max_drawdown(self):
        """As `metrics.max_drawdown`."""
        return worst_fall(&self._stats)

    @property
    def max_drawdown_duration(self):
        """As `metrics.max_drawdown_duration`."""
        return longest_fall(&self._stats)


def lane_sums(values, int64_t first=0, bint plain=False):
    """The eight sums of values[i] by (first + i) % 8, the lowest and the highest; `plain`: without wide instructions.

    They are the same to the last bit.
    """
    cdef const double[::1] x = np.ascontiguousarray(values, dtype=np.float64)
    cdef double low, high
    lanes = np.zeros(LANES)
    cdef double[::1] out = lanes
    if plain:
        scan_plain(&out[0], first & (LANES - 1), &x[0] if x.shape[0] else NULL, x.shape[0], &low, &high)
    else:
        scan(&out[0], first & (LANES - 1), &x[0] if x.shape[0] else NULL, x.shape[0], &low, &high)
    return lanes, low + 0.0, high + 0.0
