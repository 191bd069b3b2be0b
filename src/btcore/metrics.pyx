"""What a curve of equity is worth: each function is one formula over one array, as docs/metrics.md states it.

Every sum runs in index order, so the same numbers give the same bits. What is undefined (too few values, no
dispersion, a value that is not finite) is NaN.
"""

from libc.math cimport INFINITY, NAN, fabs, floor, isfinite, log1p, pow, sqrt
from libc.stdint cimport int64_t

import numpy as np

from .data.zones import midnights

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


cdef bint _usable(const double[::1] x, Py_ssize_t least) noexcept nogil:
    cdef Py_ssize_t i
    if x.shape[0] < least:
        return False
    for i in range(x.shape[0]):
        if not isfinite(x[i]):
            return False
    return True


cdef bint _constant(const double[::1] x) noexcept nogil:
    """All equal: their deviation is zero, whatever rounding leaves of it."""
    cdef Py_ssize_t i
    for i in range(1, x.shape[0]):
        if x[i] != x[0]:
            return False
    return True


cdef double _mean(const double[::1] x) noexcept nogil:
    cdef Py_ssize_t i
    cdef double total = 0.0
    for i in range(x.shape[0]):
        total += x[i]
    return total / x.shape[0]


cdef double _moment(const double[::1] x, double center, int order) noexcept nogil:
    """sum((x - center) ** order), order 2 to 4."""
    cdef Py_ssize_t i
    cdef double total = 0.0, d, p
    for i in range(x.shape[0]):
        d = x[i] - center
        p = d * d
        if order == 3:
            p *= d
        elif order == 4:
            p *= p
        total += p
    return total


cdef double _deviation(const double[::1] x) noexcept nogil:
    """Sample standard deviation, ddof 1."""
    return sqrt(_moment(x, _mean(x), 2) / (x.shape[0] - 1))


cdef double _shortfall(const double[::1] x, double required) noexcept nogil:
    """sqrt(mean(min(x - required, 0) ** 2)) over all of x."""
    cdef Py_ssize_t i
    cdef double total = 0.0, d
    for i in range(x.shape[0]):
        d = x[i] - required
        if d < 0.0:
            total += d * d
    return sqrt(total / x.shape[0])


cdef double _growth(const double[::1] x) noexcept nogil:
    """The product of 1 + x."""
    cdef Py_ssize_t i
    cdef double wealth = 1.0
    for i in range(x.shape[0]):
        wealth *= 1.0 + x[i]
    return wealth


cdef double _quantile(const double[::1] ordered, double q) noexcept nogil:
    """The value at rank q * (n - 1) of sorted values, between neighbours by linear interpolation."""
    cdef double rank = q * (ordered.shape[0] - 1)
    cdef Py_ssize_t i = <Py_ssize_t> floor(rank)
    cdef double t = rank - i, gap
    if i + 1 >= ordered.shape[0]:
        return ordered[ordered.shape[0] - 1]
    gap = ordered[i + 1] - ordered[i]
    return ordered[i] + gap * t if t < 0.5 else ordered[i + 1] - gap * (1.0 - t)


cdef double _worst_fall(const double[::1] equity, double peak) noexcept nogil:
    """max((peak - equity) / peak) with the running peak, which starts at `peak`; NaN if a value is."""
    cdef Py_ssize_t i
    cdef double worst = 0.0, fall
    for i in range(equity.shape[0]):
        if equity[i] > peak:
            peak = equity[i]
        fall = (peak - equity[i]) / peak  # 1 - equity / peak, without its rounding
        if fall > worst or fall != fall:
            worst = fall
            if worst != worst:
                break
    return worst


def returns(equity):
    """Simple returns, equity[i] / equity[i-1] - 1; NaN where the base is not above zero."""
    cdef const double[::1] e = _column(equity, "equity")
    cdef Py_ssize_t i, n = e.shape[0] - 1 if e.shape[0] else 0
    result = np.empty(n)
    cdef double[::1] out = result
    with nogil:
        for i in range(n):
            out[i] = (e[i + 1] - e[i]) / e[i] if e[i] > 0.0 else NAN
    return result


def _closes(equity, base, ends):
    """The base, then the last equity before each end that has points before it."""
    ends = np.unique(ends)
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


def interval_returns(timestamp, equity, interval_ns):
    """As `daily_returns`, over the cells of a UTC grid; a point at t belongs to the cell of t - 1 ns."""
    points = _column(equity, "equity")
    clock = _clock(timestamp, points.shape[0])
    if points.shape[0] < 2:
        return np.empty(0)
    cell = (clock[1:] - 1) // int(interval_ns)
    ends = np.append(np.flatnonzero(cell[1:] != cell[:-1]) + 1, points.shape[0] - 1)
    return returns(_closes(points[1:], points[0], ends))


def drawdown(equity):
    """(peak - equity) / peak at each point, with the running peak."""
    cdef const double[::1] e = _column(equity, "equity")
    cdef Py_ssize_t i
    cdef double peak = -INFINITY
    result = np.empty(e.shape[0])
    cdef double[::1] out = result
    with nogil:
        for i in range(e.shape[0]):
            if e[i] > peak:
                peak = e[i]
            out[i] = (peak - e[i]) / peak
    return result


def max_drawdown(equity):
    """max((peak - equity) / peak) with the running peak, 0 or more."""
    cdef const double[::1] e = _column(equity, "equity")
    return _worst_fall(e, -INFINITY) if e.shape[0] else NAN


def max_drawdown_duration(timestamp, equity):
    """The longest time in ns from a peak until equity is back at it, or to the end if it never is."""
    cdef const double[::1] e = _column(equity, "equity")
    cdef const int64_t[::1] t = _clock(timestamp, e.shape[0])
    cdef Py_ssize_t i, at = 0
    cdef int64_t longest = 0
    cdef bint under = False
    with nogil:
        for i in range(1, e.shape[0]):
            if e[i] < e[at]:
                under = True
            if under and t[i] - t[at] > longest:
                longest = t[i] - t[at]
            if e[i] >= e[at]:
                at = i
                under = False
    return longest


def sharpe_ratio(returns, double risk_free=0.0, double periods=252.0):
    """mean(r - risk_free) / std(r, ddof 1) * sqrt(periods); risk_free is per period."""
    cdef const double[::1] r = _column(returns)
    if not _usable(r, 2) or _constant(r):
        return NAN
    return (_mean(r) - risk_free) / _deviation(r) * sqrt(periods)


def downside_risk(returns, double required_return=0.0, double periods=252.0):
    """sqrt(mean(min(r - required_return, 0) ** 2)) * sqrt(periods), the mean over all periods."""
    cdef const double[::1] r = _column(returns)
    return _shortfall(r, required_return) * sqrt(periods) if _usable(r, 1) else NAN


def sortino_ratio(returns, double required_return=0.0, double periods=252.0):
    """mean(r - required_return) * periods / downside_risk; NaN without a shortfall."""
    cdef const double[::1] r = _column(returns)
    cdef double risk
    if not _usable(r, 2):
        return NAN
    risk = _shortfall(r, required_return) * sqrt(periods)
    return (_mean(r) - required_return) * periods / risk if risk > 0.0 else NAN


def annual_return(returns, double periods=252.0):
    """prod(1 + r) ** (periods / n) - 1."""
    cdef const double[::1] r = _column(returns)
    cdef double wealth
    if not _usable(r, 1):
        return NAN
    wealth = _growth(r)
    return pow(wealth, periods / r.shape[0]) - 1.0 if wealth >= 0.0 else NAN


def annual_volatility(returns, double periods=252.0):
    """std(r, ddof 1) * sqrt(periods)."""
    cdef const double[::1] r = _column(returns)
    return _deviation(r) * sqrt(periods) if _usable(r, 2) else NAN


def calmar_ratio(returns, double periods=252.0):
    """annual_return / the largest drawdown of the compounded returns; NaN without a drawdown."""
    column = _column(returns)
    cdef double fall = _worst_fall(np.cumprod(1.0 + column), 1.0)
    cdef double ratio = annual_return(column, periods) / fall if fall > 0.0 else NAN
    return ratio if isfinite(ratio) else NAN


def omega_ratio(returns, double risk_free=0.0, double required_return=0.0, double periods=252.0):
    """sum of gains / sum of losses of r - risk_free - h, where (1 + h) ** periods = 1 + required_return."""
    cdef const double[::1] r = _column(returns)
    cdef double hurdle, gains = 0.0, losses = 0.0, d
    cdef Py_ssize_t i
    if not _usable(r, 2) or required_return <= -1.0:
        return NAN
    hurdle = required_return if periods == 1.0 else pow(1.0 + required_return, 1.0 / periods) - 1.0
    for i in range(r.shape[0]):
        d = r[i] - risk_free - hurdle
        if d > 0.0:
            gains += d
        else:
            losses -= d
    return gains / losses if losses > 0.0 else NAN


def value_at_risk(returns, double cutoff=0.05):
    """The `cutoff` quantile of returns (linear interpolation); a loss is negative."""
    column = _column(returns)
    return _quantile(np.sort(column), cutoff) if _usable(column, 1) else NAN


def conditional_value_at_risk(returns, double cutoff=0.05):
    """The mean of the floor((n - 1) * cutoff) + 1 worst returns; a loss is negative."""
    column = _column(returns)
    if not _usable(column, 1):
        return NAN
    return _mean(np.sort(column)[: int((column.shape[0] - 1) * cutoff) + 1])


def tail_ratio(returns):
    """|95 % quantile| / |5 % quantile|; NaN if the latter is zero."""
    column = _column(returns)
    if not _usable(column, 1):
        return NAN
    cdef const double[::1] ordered = np.sort(column)
    cdef double loss = fabs(_quantile(ordered, 0.05))
    return fabs(_quantile(ordered, 0.95)) / loss if loss > 0.0 else NAN


def skew(returns):
    """m3 / m2 ** 1.5, where mk = mean((r - mean) ** k)."""
    cdef const double[::1] r = _column(returns)
    cdef double center, variance
    if not _usable(r, 2) or _constant(r):
        return NAN
    center = _mean(r)
    variance = _moment(r, center, 2) / r.shape[0]
    return _moment(r, center, 3) / r.shape[0] / (variance * sqrt(variance))


def kurtosis(returns):
    """m4 / m2 ** 2 - 3, where mk = mean((r - mean) ** k): 0 for a normal distribution."""
    cdef const double[::1] r = _column(returns)
    cdef double center, variance
    if not _usable(r, 2) or _constant(r):
        return NAN
    center = _mean(r)
    variance = _moment(r, center, 2) / r.shape[0]
    return _moment(r, center, 4) / r.shape[0] / (variance * variance) - 3.0


def stability(returns):
    """R squared of a straight line through the cumulative log returns."""
    cdef const double[::1] r = _column(returns)
    cdef Py_ssize_t i, n = r.shape[0]
    cdef double middle = (n - 1) / 2.0, level, sxx = 0.0, sxy = 0.0, syy
    if not _usable(r, 2):
        return NAN
    logs = np.empty(n)
    cdef double[::1] y = logs
    y[0] = log1p(r[0])
    for i in range(1, n):
        y[i] = y[i - 1] + log1p(r[i])
    level = _mean(y)
    syy = _moment(y, level, 2)
    for i in range(n):
        sxx += (i - middle) * (i - middle)
        sxy += (i - middle) * (y[i] - level)
    return sxy * sxy / (sxx * syy) if syy > 0.0 else NAN


def turnover(double traded_notional, equity):
    """traded_notional / mean(equity); NaN unless the mean is above zero."""
    cdef const double[::1] e = _column(equity, "equity")
    cdef double level = _mean(e) if _usable(e, 1) else NAN
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
