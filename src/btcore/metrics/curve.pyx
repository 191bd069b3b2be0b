"""Running statistics of an equity curve, callable from Python; the formulas are in the header."""

cimport cython

import numpy as np


@cython.final
cdef class RunningCurve:
    """Statistics of an equity curve that grows: points are added in time order, in portions of any size.

    An instance may be used by one thread at a time.
    """

    cdef CurveStats _stats

    def __init__(self, int64_t timestamp, double equity):
        open_curve(&self._stats, timestamp, equity)

    def extend(self, timestamp, equity):
        """Adds the next points: times in ns UTC, and equity. ValueError if the columns differ in length."""
        cdef const int64_t[::1] ts = np.ascontiguousarray(timestamp, dtype=np.int64)
        cdef const double[::1] e = np.ascontiguousarray(equity, dtype=np.float64)
        if ts.shape[0] != e.shape[0]:
            raise ValueError(f"timestamp: {ts.shape[0]} values do not match {e.shape[0]} points")
        with nogil:
            extend_curve(&self._stats, &ts[0] if ts.shape[0] else NULL, 0, &e[0] if e.shape[0] else NULL, e.shape[0])

    def hold(self, timestamp, double equity):
        """Adds one point per timestamp, all with the same equity."""
        cdef const int64_t[::1] ts = np.ascontiguousarray(timestamp, dtype=np.int64)
        with nogil:
            hold_curve(&self._stats, &ts[0] if ts.shape[0] else NULL, 0, equity, ts.shape[0])

    @property
    def count(self):
        """Number of points so far."""
        return self._stats.count

    @property
    def mean(self):
        """Mean equity; NaN if a point is not finite or a peak is zero."""
        return mean_equity(&self._stats)

    @property
    def lowest(self):
        """Lowest equity."""
        return self._stats.lowest

    @property
    def max_drawdown(self):
        """Largest drawdown, as `metrics.max_drawdown`."""
        return worst_drawdown(&self._stats)

    @property
    def max_drawdown_duration(self):
        """Longest drawdown in ns, as `metrics.max_drawdown_duration`."""
        return longest_drawdown(&self._stats)


def lane_sums(values, int64_t first=0, bint plain=False):
    """The sums of values[i] by lane (first + i) % 8 (float64 of shape (8,)), the lowest and the highest value.

    `plain` uses no vector instructions; the result is equal bit for bit. For tests.
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
