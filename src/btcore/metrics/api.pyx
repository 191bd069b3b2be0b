"""What a curve of equity is worth: each function is one formula over one array, as docs/metrics.md states it.

What is undefined (too few values, no dispersion, a value that is not finite) is NaN. Sums run in eight lanes by
index, added up in one fixed order, so the same numbers give the same bits on every machine.
"""

from libc.math cimport INFINITY, NAN, pow
from libc.stdint cimport int64_t

import numpy as np

from btcore.metrics cimport formulas
from btcore.metrics.curve cimport (
    BLOCK, CurveStats, extend_curve, longest_fall, mean_equity, open_curve, scan, worst_fall,
)
from btcore.metrics.formulas cimport Sample, compound, simple_returns, take

from btcore.times.zones import distinct, midnights

DAY_NS = 86_400 * 10**9


def _column(values, str name="returns"):
    """`values` as a contiguous column of doubles; ValueError unless one-dimensional."""
    column = np.ascontiguousarray(values, dtype=np.float64)
    if column.ndim != 1:
        raise ValueError(f"{name}: one dimension expected, not {column.ndim}")
    return column


def _clock(timestamp, Py_ssize_t size):
    """`timestamp` as a contiguous column of int64 nanoseconds, one for each point."""
    column = np.ascontiguousarray(timestamp, dtype=np.int64)
    if column.ndim != 1 or column.shape[0] != size:
        raise ValueError(f"timestamp: {column.shape} does not match {size} points")
    return column


cdef inline const double* _start(const double[::1] x) noexcept nogil:
    """Of a column's numbers; NULL where it has none."""
    return &x[0] if x.shape[0] else NULL


cdef Sample _sample(const double[::1] x) noexcept nogil:
    cdef Sample sample
    take(&sample, _start(x), x.shape[0])
    return sample


cdef CurveStats _stats(const int64_t* ts, const double[::1] equity) noexcept nogil:
    """Of at least one point."""
    cdef CurveStats curve
    open_curve(&curve, ts[0], equity[0])
    extend_curve(&curve, ts + 1, 0, &equity[0] + 1, equity.shape[0] - 1)
    return curve


cdef double _share(double cutoff) except -1.0:
    if not 0.0 <= cutoff <= 1.0:
        raise ValueError(f"cutoff: {cutoff} is not from 0 to 1")
    return cutoff


def returns(equity):
    """Simple returns, equity[i] / equity[i-1] - 1; NaN where the base is not above zero."""
    cdef const double[::1] e = _column(equity, "equity")
    result = np.empty(max(e.shape[0] - 1, 0))
    cdef double[::1] out = result
    with nogil:
        simple_returns(_start(e), e.shape[0], &out[0] if out.shape[0] else NULL)
    return result


def _closes(equity, base, ends):
    """The base, then the last equity before each of some sorted ends that has points before it."""
    ends = distinct(ends)
    return np.concatenate([[base], equity[ends[ends > 0] - 1]])


def daily_returns(timestamp, equity, str timezone="UTC"):
    """Returns from one local day's last equity to the next's; the first point is only the base.

    A point at t belongs to the day of t - 1 ns, so a bar closed at midnight belongs to the day it ends. Days
    without points are no periods.
    """
    points = _column(equity, "equity")
    clock = _clock(timestamp, points.shape[0])
    if points.shape[0] < 2:
        return np.empty(0)
    ends = np.searchsorted(clock[1:], midnights(int(clock[1]), int(clock[len(clock) - 1]), timezone), side="right")
    return returns(_closes(points[1:], points[0], np.append(ends, points.shape[0] - 1)))


def interval_returns(timestamp, equity, int64_t interval_ns):
    """As `daily_returns`, over the cells of a UTC grid; a point at t belongs to the cell of t - 1 ns."""
    points = _column(equity, "equity")
    cdef const int64_t[::1] t = _clock(timestamp, points.shape[0])
    cdef Py_ssize_t i, n = t.shape[0], count = 0
    cdef int64_t over  # the last moment of the present cell
    if interval_ns <= 0:
        raise ValueError(f"interval_ns: {interval_ns} is not above zero")
    if n < 2:
        return np.empty(0)
    lasts = np.empty(n, dtype=np.int64)
    cdef int64_t[::1] last = lasts
    with nogil:
        over = _cell_end(t[1], interval_ns)
        for i in range(2, n):
            if t[i] > over:
                last[count] = i - 1
                count += 1
                over = _cell_end(t[i], interval_ns)
        last[count] = n - 1
        count += 1
    return returns(points[np.append(0, lasts[:count])])


cdef int64_t _cell_end(int64_t ts, int64_t interval) noexcept nogil:
    cdef int64_t cell = (ts - 1) // interval
    if (ts - 1) % interval < 0:
        cell -= 1  # C rounds towards zero
    return (cell + 1) * interval


def drawdown(equity):
    """(peak - equity) / peak at each point, with the running peak."""
    cdef const double[::1] e = _column(equity, "equity")
    cdef Py_ssize_t i, start = 0, stop
    cdef double peak = -INFINITY, low, high
    cdef double[8] lanes = [0.0] * 8  # what they add up to is of no use here
    result = np.empty(e.shape[0])
    cdef double[::1] out = result
    with nogil:
        while start < e.shape[0]:
            stop = min(start + <Py_ssize_t> BLOCK, e.shape[0])
            scan(lanes, 0, &e[start], stop - start, &low, &high)
            if high > peak:
                for i in range(start, stop):
                    if e[i] > peak:
                        peak = e[i]
                    out[i] = (peak - e[i]) / peak
            else:
                for i in range(start, stop):
                    out[i] = (peak - e[i]) / peak
            start = stop
    return result


def max_drawdown(equity):
    """max((peak - equity) / peak) with the running peak, 0 or more."""
    cdef const double[::1] e = _column(equity, "equity")
    cdef const int64_t[::1] t = np.zeros(e.shape[0], dtype=np.int64)
    cdef CurveStats curve
    if e.shape[0] == 0:
        return NAN
    with nogil:
        curve = _stats(&t[0], e)
    return worst_fall(&curve)


def max_drawdown_duration(timestamp, equity):
    """The longest time in ns from a peak until equity is back at it, or to the end if it never is."""
    cdef const double[::1] e = _column(equity, "equity")
    cdef const int64_t[::1] t = _clock(timestamp, e.shape[0])
    cdef CurveStats curve
    if e.shape[0] == 0:
        return 0
    with nogil:
        curve = _stats(&t[0], e)
    return longest_fall(&curve)


def sharpe_ratio(returns, double risk_free=0.0, double periods=252.0):
    """mean(r - risk_free) / std(r, ddof 1) * sqrt(periods); risk_free is per period."""
    cdef Sample r = _sample(_column(returns))
    return formulas.sharpe(&r, risk_free, periods)


def downside_risk(returns, double required_return=0.0, double periods=252.0):
    """sqrt(mean(min(r - required_return, 0) ** 2)) * sqrt(periods), the mean over all periods."""
    cdef const double[::1] x = _column(returns)
    cdef Sample r = _sample(x)
    return formulas.downside(&r, _start(x), required_return, periods)


def sortino_ratio(returns, double required_return=0.0, double periods=252.0):
    """mean(r - required_return) * periods / downside_risk; NaN without a shortfall."""
    cdef const double[::1] x = _column(returns)
    cdef Sample r = _sample(x)
    cdef double risk = formulas.downside(&r, _start(x), required_return, periods)
    return formulas.sortino(&r, risk, required_return, periods)


def annual_return(returns, double periods=252.0):
    """prod(1 + r) ** (periods / n) - 1."""
    cdef const double[::1] x = _column(returns)
    cdef Sample r = _sample(x)
    cdef double wealth, worst
    compound(_start(x), r.n, &wealth, &worst)
    return formulas.annual(&r, wealth, periods)


def annual_volatility(returns, double periods=252.0):
    """std(r, ddof 1) * sqrt(periods)."""
    cdef Sample r = _sample(_column(returns))
    return formulas.volatility(&r, periods)


def calmar_ratio(returns, double periods=252.0):
    """annual_return / the largest drawdown of the compounded returns; NaN without a drawdown."""
    cdef const double[::1] x = _column(returns)
    cdef Sample r = _sample(x)
    cdef double wealth, worst
    compound(_start(x), r.n, &wealth, &worst)
    return formulas.calmar(formulas.annual(&r, wealth, periods), worst)


def omega_ratio(returns, double risk_free=0.0, double required_return=0.0, double periods=252.0):
    """sum of gains / sum of losses of r - risk_free - h, where (1 + h) ** periods = 1 + required_return."""
    cdef const double[::1] x = _column(returns)
    cdef Sample r = _sample(x)
    if required_return <= -1.0:
        return NAN
    hurdle = required_return if periods == 1.0 else pow(1.0 + required_return, 1.0 / periods) - 1.0
    return formulas.omega(&r, _start(x), risk_free, hurdle)


def value_at_risk(returns, double cutoff=0.05):
    """The `cutoff` quantile of returns (linear interpolation); a loss is negative."""
    cdef const double[::1] x = _column(returns)
    cdef double[::1] scratch = np.empty(max(x.shape[0], 1))
    cdef Sample r = _sample(x)
    return formulas.quantile(&r, _start(x), _share(cutoff), &scratch[0])


def conditional_value_at_risk(returns, double cutoff=0.05):
    """The mean of the floor((n - 1) * cutoff) + 1 worst returns; a loss is negative."""
    cdef const double[::1] x = _column(returns)
    cdef double[::1] scratch = np.empty(max(x.shape[0], 1))
    cdef Sample r = _sample(x)
    return formulas.expected_shortfall(&r, _start(x), _share(cutoff), &scratch[0])


def tail_ratio(returns):
    """|95 % quantile| / |5 % quantile|; NaN if the latter is zero."""
    cdef const double[::1] x = _column(returns)
    cdef double[::1] scratch = np.empty(max(x.shape[0], 1))
    cdef Sample r = _sample(x)
    low = formulas.quantile(&r, _start(x), 0.05, &scratch[0])
    return formulas.tails(low, formulas.quantile(&r, _start(x), 0.95, &scratch[0]))


def skew(returns):
    """m3 / m2 ** 1.5, where mk = mean((r - mean) ** k)."""
    cdef Sample r = _sample(_column(returns))
    return formulas.skewness(&r)


def kurtosis(returns):
    """m4 / m2 ** 2 - 3, where mk = mean((r - mean) ** k): 0 for a normal distribution."""
    cdef Sample r = _sample(_column(returns))
    return formulas.excess_kurtosis(&r)


def stability(returns):
    """R squared of a straight line through the cumulative log returns."""
    cdef const double[::1] x = _column(returns)
    cdef double[::1] scratch = np.empty(max(x.shape[0], 1))
    cdef Sample r = _sample(x)
    return formulas.straightness(&r, _start(x), &scratch[0])


def turnover(double traded_notional, equity):
    """traded_notional / mean(equity); NaN unless the mean is above zero."""
    cdef const double[::1] e = _column(equity, "equity")
    cdef const int64_t[::1] t = np.zeros(e.shape[0], dtype=np.int64)
    cdef CurveStats curve
    if e.shape[0] == 0:
        return NAN
    with nogil:
        curve = _stats(&t[0], e)
    level = mean_equity(&curve)
    return traded_notional / level if level > 0.0 else NAN


def exposure_time(entry, exit, int64_t start, int64_t end):
    """The share of [start, end] that the intervals [entry, exit] cover together; NaN for an empty span."""
    starts = np.ascontiguousarray(entry, dtype=np.int64)
    order = np.argsort(starts, kind="stable")
    cdef const int64_t[::1] a = starts[order]
    cdef const int64_t[::1] b = _clock(exit, a.shape[0])[order]
    cdef int64_t held = 0, until = start, left, right
    cdef Py_ssize_t i
    for i in range(a.shape[0]):
        left = a[i] if a[i] > until else until
        right = b[i] if b[i] < end else end
        if right > left:
            held += right - left
            until = right
    return held / <double> (end - start) if end > start else NAN
