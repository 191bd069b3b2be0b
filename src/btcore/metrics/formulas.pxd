"""The formulas of docs/metrics.md, each over one sample of returns; an undefined result is NaN.

Sums run in eight lanes by index, as in `curve.pxd`. `take_sample` computes count, mean and moments once; the other
functions use them. `periods` is the number of returns in a year. `api.pyx` is the Python side.
"""

from libc.math cimport NAN, erf, fabs, floor, isfinite, log1p, pow, sqrt
from libc.stdint cimport int64_t

from btcore.metrics.curve cimport LANES, total

cdef extern from *:
    """
    #define BTCORE_NORMAL_95 1.6448536269514722
    """
    const double NORMAL_95 "BTCORE_NORMAL_95"    # the 95 % quantile of the normal distribution

cdef struct Sample:
    int64_t n                # number of returns
    bint usable              # all returns are finite
    bint constant            # all are equal: the deviation is zero, even if rounding gives another number
    double mean
    double m2                # sum of squared deviations from the mean
    double m3                # sum of cubed deviations
    double m4                # sum of fourth powers


cdef inline void simple_returns(const double* equity, int64_t n, double* out) noexcept nogil:
    """Writes the n - 1 returns equity[i + 1] / equity[i] - 1; NaN where the base is not above zero."""
    cdef int64_t i
    for i in range(n - 1):
        out[i] = (equity[i + 1] - equity[i]) / equity[i] if equity[i] > 0.0 else NAN


cdef inline double sum_of(const double* x, int64_t n) noexcept nogil:
    """The sum in eight lanes."""
    cdef int64_t i
    cdef double lanes[8]
    for i in range(LANES):
        lanes[i] = 0.0
    for i in range(n):
        lanes[i & (LANES - 1)] += x[i]
    return total(lanes)


cdef inline void take_sample(Sample* sample, const double* x, int64_t n) noexcept nogil:
    """Computes the count, mean and moments of n returns."""
    cdef int64_t i
    cdef int k
    cdef double d, q
    cdef double m2[8]
    cdef double m3[8]
    cdef double m4[8]
    sample.n = n
    sample.usable = sample.constant = True
    for i in range(n):
        sample.usable &= isfinite(x[i]) != 0
        sample.constant &= x[i] == x[0]
    sample.mean = sum_of(x, n) / n if n > 0 else NAN
    for k in range(LANES):
        m2[k] = m3[k] = m4[k] = 0.0
    for i in range(n):
        k = i & (LANES - 1)
        d = x[i] - sample.mean
        q = d * d
        m2[k] += q
        m3[k] += q * d
        m4[k] += q * q
    sample.m2 = total(m2)
    sample.m3 = total(m3)
    sample.m4 = total(m4)


cdef inline double deviation(const Sample* r) noexcept nogil:
    """Sample standard deviation, ddof 1."""
    return sqrt(r.m2 / (r.n - 1))


cdef inline double downside_deviation(const double* x, int64_t n, double required) noexcept nogil:
    """sqrt(mean(min(x - required, 0) ** 2)) over all of x."""
    cdef int64_t i
    cdef double lanes[8]
    cdef double d
    for i in range(LANES):
        lanes[i] = 0.0
    for i in range(n):
        d = x[i] - required
        if d < 0.0:
            lanes[i & (LANES - 1)] += d * d
    return sqrt(total(lanes) / n)


cdef inline void compound(const double* x, int64_t n, double* wealth, double* worst) noexcept nogil:
    """Writes the product of all 1 + x (wealth) and the largest drawdown of that product, which starts at 1."""
    cdef int64_t i
    cdef double w = 1.0, peak = 1.0, fall
    worst[0] = 0.0
    for i in range(n):
        w *= 1.0 + x[i]
        if w > peak:
            peak = w
        fall = (peak - w) / peak
        if fall > worst[0] or fall != fall:
            worst[0] = fall
    wealth[0] = w


cdef inline double sharpe(const Sample* r, double risk_free, double periods) noexcept nogil:
    """Annualized Sharpe ratio; `risk_free` is a return per period."""
    if r.n < 2 or not r.usable or r.constant:
        return NAN
    return (r.mean - risk_free) / deviation(r) * sqrt(periods)


cdef inline double volatility(const Sample* r, double periods) noexcept nogil:
    """Annualized standard deviation."""
    return deviation(r) * sqrt(periods) if r.n >= 2 and r.usable else NAN


cdef inline double downside(const Sample* r, const double* x, double required, double periods) noexcept nogil:
    """Annualized downside deviation below the `required` return per period."""
    return downside_deviation(x, r.n, required) * sqrt(periods) if r.n >= 1 and r.usable else NAN


cdef inline double sortino(const Sample* r, double risk, double required, double periods) noexcept nogil:
    """Sortino ratio; `risk` is the result of `downside`, `required` a return per period."""
    return (r.mean - required) * periods / risk if r.n >= 2 and risk > 0.0 else NAN


cdef inline double annual(const Sample* r, double wealth, double periods) noexcept nogil:
    """Annualized return; `wealth` is from `compound`."""
    if r.n < 1 or not r.usable or not wealth >= 0.0:
        return NAN
    return pow(wealth, periods / r.n) - 1.0


cdef inline double calmar(double annual_return, double worst) noexcept nogil:
    """Calmar ratio; `worst` is the largest drawdown, from `compound`."""
    cdef double ratio = annual_return / worst if worst > 0.0 else NAN
    return ratio if isfinite(ratio) else NAN


cdef inline double omega(const Sample* r, const double* x, double risk_free, double hurdle) noexcept nogil:
    """Gains over losses of x - risk_free - hurdle, all per period."""
    cdef int64_t i
    cdef int k
    cdef double gains[8]
    cdef double losses[8]
    cdef double d
    if r.n < 2 or not r.usable:
        return NAN
    for k in range(LANES):
        gains[k] = losses[k] = 0.0
    for i in range(r.n):
        k = i & (LANES - 1)
        d = x[i] - risk_free - hurdle
        if d > 0.0:
            gains[k] += d
        else:
            losses[k] -= d
    return total(gains) / total(losses) if total(losses) > 0.0 else NAN


cdef inline double skewness(const Sample* r) noexcept nogil:
    """Population skewness m3 / m2 ** 1.5."""
    cdef double variance = r.m2 / r.n
    if r.n < 2 or not r.usable or r.constant:
        return NAN
    return r.m3 / r.n / (variance * sqrt(variance))


cdef inline double excess_kurtosis(const Sample* r) noexcept nogil:
    """Population kurtosis m4 / m2 ** 2, less the 3 of a normal distribution."""
    cdef double variance = r.m2 / r.n
    if r.n < 2 or not r.usable or r.constant:
        return NAN
    return r.m4 / r.n / (variance * variance) - 3.0


cdef inline double sharpe_error(const Sample* r, double ratio) noexcept nogil:
    """1 - skew * S + (kurtosis - 1) / 4 * S ** 2: n - 1 times the variance of an estimated Sharpe ratio S."""
    return 1.0 - skewness(r) * ratio + (excess_kurtosis(r) + 2.0) / 4.0 * ratio * ratio


cdef inline double probabilistic_sharpe(const Sample* r, double target) noexcept nogil:
    """Probability that the true Sharpe ratio per period exceeds `target`."""
    cdef double ratio = sharpe(r, 0.0, 1.0), error = sharpe_error(r, ratio)
    if not error > 0.0:
        return NAN
    return 0.5 * (1.0 + erf((ratio - target) * sqrt((r.n - 1) / error) / sqrt(2.0)))


cdef inline double minimum_track_record(const Sample* r, double target, double normal) noexcept nogil:
    """Number of returns from which on the Sharpe ratio exceeds `target` at the confidence of the normal quantile."""
    cdef double ratio = sharpe(r, 0.0, 1.0), error = sharpe_error(r, ratio)
    if not (error > 0.0 and ratio > target):
        return NAN
    return 1.0 + error * (normal / (ratio - target)) ** 2


cdef inline double r_squared(const Sample* r, const double* x, double* y) noexcept nogil:
    """R squared of a linear fit to the cumulative log returns; y has room for n."""
    cdef int64_t i, n = r.n
    cdef int k
    cdef double middle = (n - 1) / 2.0, level, sum_xx, sum_xy, sum_yy, d, e, log_wealth = 0.0
    cdef double xx[8]
    cdef double xy[8]
    cdef double yy[8]
    if n < 2 or not r.usable:
        return NAN
    for i in range(n):
        log_wealth += log1p(x[i])
        y[i] = log_wealth
    level = sum_of(y, n) / n
    for k in range(LANES):
        xx[k] = xy[k] = yy[k] = 0.0
    for i in range(n):
        k = i & (LANES - 1)
        d = i - middle
        e = y[i] - level
        xx[k] += d * d
        xy[k] += d * e
        yy[k] += e * e
    sum_xx = total(xx)
    sum_xy = total(xy)
    sum_yy = total(yy)
    return sum_xy * sum_xy / (sum_xx * sum_yy) if sum_yy > 0.0 else NAN


cdef inline void _sift(double* heap, int64_t at, int64_t n) noexcept nogil:
    """Moves the value at `at` down to its place in a max-heap."""
    cdef double value = heap[at]
    cdef int64_t child = 2 * at + 1
    while child < n:
        if child + 1 < n and heap[child + 1] > heap[child]:
            child += 1
        if heap[child] <= value:
            break
        heap[at] = heap[child]
        at = child
        child = 2 * at + 1
    heap[at] = value


cdef inline void lowest(const double* x, int64_t n, double sign, int64_t k, double* out) noexcept nogil:
    """Writes the k lowest of sign * x in ascending order."""
    cdef int64_t i
    cdef double value
    for i in range(k):
        out[i] = sign * x[i]
    for i in range(k // 2 - 1, -1, -1):
        _sift(out, i, k)
    for i in range(k, n):
        value = sign * x[i]
        if value < out[0]:
            out[0] = value
            _sift(out, 0, k)
    for i in range(k - 1, 0, -1):
        value = out[i]
        out[i] = out[0]
        out[0] = value
        _sift(out, 0, i)


cdef inline double _interpolate(double below, double above, double t) noexcept nogil:
    """Linear interpolation, exact at both ends."""
    cdef double gap = above - below
    return below + gap * t if t < 0.5 else above - gap * (1.0 - t)


cdef inline double quantile(const Sample* r, const double* x, double q, double* scratch) noexcept nogil:
    """The value at rank q * (n - 1), interpolated linearly between neighbours; scratch has room for n."""
    cdef double rank = q * (r.n - 1)
    cdef int64_t i = <int64_t> floor(rank), k
    if r.n < 1 or not r.usable:
        return NAN
    if i + 2 <= r.n - i:
        lowest(x, r.n, 1.0, i + 2, scratch)
        return _interpolate(scratch[i], scratch[i + 1], rank - i)
    k = r.n - i
    lowest(x, r.n, -1.0, k, scratch)
    return _interpolate(-scratch[k - 1], -scratch[k - 2], rank - i) if k > 1 else -scratch[0]


cdef inline double expected_shortfall(const Sample* r, const double* x, double q, double* scratch) noexcept nogil:
    """The mean of the floor(q * (n - 1)) + 1 lowest; scratch has room for n."""
    cdef int64_t k = <int64_t> (q * (r.n - 1)) + 1
    if r.n < 1 or not r.usable:
        return NAN
    lowest(x, r.n, 1.0, k, scratch)
    return sum_of(scratch, k) / k


cdef inline double tail_ratio(double low_quantile, double high_quantile) noexcept nogil:
    """|high quantile| / |low quantile|."""
    return fabs(high_quantile) / fabs(low_quantile) if fabs(low_quantile) > 0.0 else NAN
