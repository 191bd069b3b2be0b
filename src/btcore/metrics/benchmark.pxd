"""The formulas of a run beside a benchmark, over one sample of returns of each; an undefined result is NaN.

`x` are the returns of the run and `y` those of the benchmark, of the same periods. Sums run in eight lanes.
"""

from libc.math cimport NAN, isfinite, pow, sqrt
from libc.stdint cimport int64_t

from btcore.metrics.curve cimport LANES, total
from btcore.metrics.formulas cimport sum_of


cdef inline double mean_of(const double* x, int64_t n) noexcept nogil:
    return sum_of(x, n) / n if n > 0 else NAN


cdef inline double covariance(const double* x, const double* y, int64_t n) noexcept nogil:
    """Sample covariance, ddof 1; NaN for fewer than two values, or one that is not finite."""
    cdef double lanes[8]
    cdef double mx, my
    cdef int64_t i
    if n < 2:
        return NAN
    mx, my = mean_of(x, n), mean_of(y, n)
    for i in range(LANES):
        lanes[i] = 0.0
    for i in range(n):
        lanes[i & (LANES - 1)] += (x[i] - mx) * (y[i] - my)
    return total(lanes) / (n - 1)


cdef inline double beta(const double* x, const double* y, int64_t n) noexcept nogil:
    cdef double variance = covariance(y, y, n)
    return covariance(x, y, n) / variance if variance > 0.0 else NAN


cdef inline double alpha(const double* x, const double* y, int64_t n, double periods) noexcept nogil:
    """(1 + mean(x) - beta * mean(y)) ** periods - 1."""
    cdef double each = 1.0 + mean_of(x, n) - beta(x, y, n) * mean_of(y, n)
    return pow(each, periods) - 1.0 if each >= 0.0 else NAN


cdef inline double correlation(const double* x, const double* y, int64_t n) noexcept nogil:
    cdef double spread = covariance(x, x, n) * covariance(y, y, n)
    return covariance(x, y, n) / sqrt(spread) if spread > 0.0 else NAN


cdef inline double tracking_error(const double* active, int64_t n, double periods) noexcept nogil:
    """Annualized deviation of the differences x - y."""
    return sqrt(covariance(active, active, n) * periods)


cdef inline double information_ratio(const double* active, int64_t n, double periods) noexcept nogil:
    """Annualized mean of the differences x - y over their deviation."""
    cdef double variance = covariance(active, active, n)
    return mean_of(active, n) / sqrt(variance) * sqrt(periods) if variance > 0.0 else NAN


cdef inline double capture(const double* x, const double* y, int64_t n, double side) noexcept nogil:
    """Ratio of the geometric mean returns over the periods in which side * y is above 0."""
    cdef double wealth_x = 1.0, wealth_y = 1.0, mean_y
    cdef int64_t i, count = 0
    for i in range(n):
        if side * y[i] > 0.0:
            wealth_x *= 1.0 + x[i]
            wealth_y *= 1.0 + y[i]
            count += 1
    if count == 0 or not (wealth_x >= 0.0 and wealth_y >= 0.0):
        return NAN
    mean_y = pow(wealth_y, 1.0 / count) - 1.0
    return (pow(wealth_x, 1.0 / count) - 1.0) / mean_y if mean_y != 0.0 else NAN
