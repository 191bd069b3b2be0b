"""The formulas of `formulas.pxd` and `curve.pxd`, callable from Python: each is one formula over one array.

docs/metrics.md states each formula with its source. Returns, ratios and drawdowns are fractions, not percent. A
result is NaN where it is undefined: too few values, no dispersion, or a value that is not finite. An argument that is
not one-dimensional raises ValueError. Sums run in eight lanes by index and are added in a fixed order, so equal
numbers give equal bits on every machine.
"""

from libc.math cimport INFINITY, NAN, pow
from libc.stdint cimport int64_t

import numpy as np

from btcore.metrics cimport benchmark as bench
from btcore.metrics cimport formulas
from btcore.metrics.curve cimport (
    BLOCK, CurveStats, extend_curve, longest_drawdown, mean_equity, open_curve, scan, worst_drawdown,
)
from btcore.metrics.formulas cimport Sample, compound, take_sample

from btcore.metrics.period_returns import as_column as _column, as_times as _times


cdef inline const double* _start(const double[::1] x) noexcept nogil:
    """Pointer to the numbers of a column; NULL if it is empty."""
    return &x[0] if x.shape[0] else NULL


cdef Sample _sample(const double[::1] x) noexcept nogil:
    """Count, mean and moments of a column."""
    cdef Sample sample
    take_sample(&sample, _start(x), x.shape[0])
    return sample


cdef CurveStats _stats(const int64_t* ts, const double[::1] equity) noexcept nogil:
    """Statistics of a curve of at least one point."""
    cdef CurveStats curve
    open_curve(&curve, ts[0], equity[0])
    extend_curve(&curve, ts + 1, 0, &equity[0] + 1, equity.shape[0] - 1)
    return curve


cdef double _share(double cutoff) except -1.0:
    """`cutoff` itself; ValueError if it is not from 0 to 1."""
    if not 0.0 <= cutoff <= 1.0:
        raise ValueError(f"cutoff: {cutoff} is not from 0 to 1")
    return cutoff


def drawdown(equity):
    """Drawdown (peak - equity) / peak at each point from the running peak, float64, 0 or more."""
    cdef const double[::1] e = _column(equity, "equity")
    cdef Py_ssize_t i, start = 0, stop
    cdef double peak = -INFINITY, low, high
    cdef double[8] lanes = [0.0] * 8  # `scan` adds to them; the sums are not used
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
    """Largest drawdown (peak - equity) / peak from the running peak, 0 or more. NaN for an empty array."""
    cdef const double[::1] e = _column(equity, "equity")
    cdef const int64_t[::1] t = np.zeros(e.shape[0], dtype=np.int64)
    cdef CurveStats curve
    if e.shape[0] == 0:
        return NAN
    with nogil:
        curve = _stats(&t[0], e)
    return worst_drawdown(&curve)


def max_drawdown_duration(timestamp, equity):
    """Longest time in ns from a peak until equity is back at it, or until the end if it never is; 0 without points.

    `timestamp` is in ns UTC and sorted. Raises ValueError if it does not have one time per point.
    """
    cdef const double[::1] e = _column(equity, "equity")
    cdef const int64_t[::1] t = _times(timestamp, e.shape[0])
    cdef CurveStats curve
    if e.shape[0] == 0:
        return 0
    with nogil:
        curve = _stats(&t[0], e)
    return longest_drawdown(&curve)


cdef tuple _over(returns, required):
    """The column of returns and a number to be subtracted from them; of an array, the difference and 0.

    ValueError if the array does not have one number per return.
    """
    column = _column(returns)
    if np.ndim(required) == 0:
        return column, float(required)
    rates = _column(required, "risk_free")
    if rates.shape != column.shape:
        raise ValueError(f"risk_free: {len(rates)} values for {len(column)} returns")
    return column - rates, 0.0


def sharpe_ratio(returns, risk_free=0.0, double periods=252.0):
    """mean(r - risk_free) / std(r - risk_free, ddof 1) * sqrt(periods).

    `risk_free` is a return per period: a number, or an array with one for each return.
    """
    column, rate = _over(returns, risk_free)
    cdef Sample r = _sample(column)
    return formulas.sharpe(&r, rate, periods)


def downside_risk(returns, required_return=0.0, double periods=252.0):
    """sqrt(mean(min(r - required_return, 0) ** 2)) * sqrt(periods), with the mean over all returns.

    `required_return` is per period: a number, or an array with one for each return.
    """
    column, required = _over(returns, required_return)
    cdef const double[::1] x = column
    cdef Sample r = _sample(x)
    return formulas.downside(&r, _start(x), required, periods)


def sortino_ratio(returns, required_return=0.0, double periods=252.0):
    """mean(r - required_return) * periods / downside_risk; NaN if no return is below the required one.

    `required_return` is as in `downside_risk`.
    """
    column, required = _over(returns, required_return)
    cdef const double[::1] x = column
    cdef Sample r = _sample(x)
    cdef double risk = formulas.downside(&r, _start(x), required, periods)
    return formulas.sortino(&r, risk, required, periods)


def annual_return(returns, double periods=252.0):
    """prod(1 + r) ** (periods / n) - 1; `periods` is the number of returns in a year."""
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
    """annual_return / largest drawdown of the compounded returns; NaN if there is no drawdown."""
    cdef const double[::1] x = _column(returns)
    cdef Sample r = _sample(x)
    cdef double wealth, worst
    compound(_start(x), r.n, &wealth, &worst)
    return formulas.calmar(formulas.annual(&r, wealth, periods), worst)


def omega_ratio(returns, risk_free=0.0, double required_return=0.0, double periods=252.0):
    """sum of gains / sum of losses of r - risk_free - h, where (1 + h) ** periods = 1 + required_return.

    `risk_free` is as in `sharpe_ratio`.
    """
    column, rate = _over(returns, risk_free)
    cdef const double[::1] x = column
    cdef Sample r = _sample(x)
    if required_return <= -1.0:
        return NAN
    hurdle = required_return if periods == 1.0 else pow(1.0 + required_return, 1.0 / periods) - 1.0
    return formulas.omega(&r, _start(x), rate, hurdle)


def value_at_risk(returns, double cutoff=0.05):
    """The `cutoff` quantile of returns, by linear interpolation; a loss is negative.

    ValueError if `cutoff` is not from 0 to 1.
    """
    cdef const double[::1] x = _column(returns)
    cdef double[::1] scratch = np.empty(max(x.shape[0], 1))
    cdef Sample r = _sample(x)
    return formulas.quantile(&r, _start(x), _share(cutoff), &scratch[0])


def conditional_value_at_risk(returns, double cutoff=0.05):
    """Mean of the floor((n - 1) * cutoff) + 1 lowest returns; a loss is negative.

    ValueError if `cutoff` is not from 0 to 1.
    """
    cdef const double[::1] x = _column(returns)
    cdef double[::1] scratch = np.empty(max(x.shape[0], 1))
    cdef Sample r = _sample(x)
    return formulas.expected_shortfall(&r, _start(x), _share(cutoff), &scratch[0])


def tail_ratio(returns):
    """|95 % quantile| / |5 % quantile|; NaN if the latter is 0."""
    cdef const double[::1] x = _column(returns)
    cdef double[::1] scratch = np.empty(max(x.shape[0], 1))
    cdef Sample r = _sample(x)
    low = formulas.quantile(&r, _start(x), 0.05, &scratch[0])
    return formulas.tail_ratio(low, formulas.quantile(&r, _start(x), 0.95, &scratch[0]))


def skew(returns):
    """m3 / m2 ** 1.5, where mk = mean((r - mean) ** k)."""
    cdef Sample r = _sample(_column(returns))
    return formulas.skewness(&r)


def kurtosis(returns):
    """m4 / m2 ** 2 - 3, where mk = mean((r - mean) ** k): 0 for a normal distribution."""
    cdef Sample r = _sample(_column(returns))
    return formulas.excess_kurtosis(&r)


def probabilistic_sharpe_ratio(returns, double target=0.0, risk_free=0.0):
    """Probability, 0 to 1, that the true Sharpe ratio exceeds `target`, a ratio per period.

    Bailey and Lopez de Prado (2012), with the sample deviation (ddof 1), population skew and Pearson kurtosis.
    `risk_free` is as in `sharpe_ratio`.
    """
    column, rate = _over(returns, risk_free)
    cdef Sample r = _sample(np.subtract(column, rate) if rate else column)
    return formulas.probabilistic_sharpe(&r, target)


def minimum_track_record_length(returns, double target=0.0, double confidence=0.95, risk_free=0.0):
    """Number of returns needed for the Sharpe ratio to exceed `target` with that confidence; NaN if it does not.

    The same source and terms as `probabilistic_sharpe_ratio`. ValueError if `confidence` is not between 0 and 1.
    """
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence: {confidence} is not between 0 and 1")
    from statistics import NormalDist  # loads fractions and decimal

    column, rate = _over(returns, risk_free)
    cdef Sample r = _sample(np.subtract(column, rate) if rate else column)
    return formulas.minimum_track_record(&r, target, NormalDist().inv_cdf(confidence))


def stability(returns):
    """R squared of a linear fit to the cumulative log returns."""
    cdef const double[::1] x = _column(returns)
    cdef double[::1] scratch = np.empty(max(x.shape[0], 1))
    cdef Sample r = _sample(x)
    return formulas.r_squared(&r, _start(x), &scratch[0])


cdef tuple _pair(returns, benchmark):
    """Both columns; ValueError if they do not have one length."""
    x, y = _column(returns), _column(benchmark, "benchmark")
    if x.shape != y.shape:
        raise ValueError(f"benchmark: {len(y)} returns for {len(x)}")
    return x, y


def beta(returns, benchmark, risk_free=0.0):
    """Covariance of both over the variance of the benchmark (ddof 1), of returns over `risk_free`.

    `benchmark` are returns of the same periods, here and below; ValueError for another number of them. `risk_free` is
    as in `sharpe_ratio`.
    """
    x, y = _pair(returns, benchmark)
    cdef const double[::1] a = np.subtract(x, risk_free)
    cdef const double[::1] b = np.subtract(y, risk_free)
    return bench.beta(_start(a), _start(b), a.shape[0])


def alpha(returns, benchmark, risk_free=0.0, double periods=252.0):
    """(1 + mean(x) - beta * mean(y)) ** periods - 1, with x and y the returns over `risk_free`."""
    x, y = _pair(returns, benchmark)
    cdef const double[::1] a = np.subtract(x, risk_free)
    cdef const double[::1] b = np.subtract(y, risk_free)
    return bench.alpha(_start(a), _start(b), a.shape[0], periods)


def correlation(returns, benchmark):
    """Pearson's coefficient of both."""
    x, y = _pair(returns, benchmark)
    cdef const double[::1] a = x
    cdef const double[::1] b = y
    return bench.correlation(_start(a), _start(b), a.shape[0])


def tracking_error(returns, benchmark, double periods=252.0):
    """std(r - benchmark, ddof 1) * sqrt(periods)."""
    x, y = _pair(returns, benchmark)
    cdef const double[::1] active = np.subtract(x, y)
    return bench.tracking_error(_start(active), active.shape[0], periods)


def information_ratio(returns, benchmark, double periods=252.0):
    """mean(r - benchmark) / std(r - benchmark, ddof 1) * sqrt(periods)."""
    x, y = _pair(returns, benchmark)
    cdef const double[::1] active = np.subtract(x, y)
    return bench.information_ratio(_start(active), active.shape[0], periods)


def up_capture(returns, benchmark):
    """Geometric mean return over that of the benchmark, of the periods in which the benchmark rises."""
    x, y = _pair(returns, benchmark)
    cdef const double[::1] a = x
    cdef const double[::1] b = y
    return bench.capture(_start(a), _start(b), a.shape[0], 1.0)


def down_capture(returns, benchmark):
    """Geometric mean return over that of the benchmark, of the periods in which the benchmark falls."""
    x, y = _pair(returns, benchmark)
    cdef const double[::1] a = x
    cdef const double[::1] b = y
    return bench.capture(_start(a), _start(b), a.shape[0], -1.0)


def turnover(double traded_notional, equity):
    """traded_notional / mean(equity), both in the same currency; NaN if the mean is not above 0."""
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
    """Share of the time from `start` to `end` covered by at least one interval [entry, exit]; all in ns.

    NaN if `end` is not after `start`.
    """
    starts = np.ascontiguousarray(entry, dtype=np.int64)
    order = np.argsort(starts, kind="stable")
    cdef const int64_t[::1] a = starts[order]
    cdef const int64_t[::1] b = _times(exit, a.shape[0])[order]
    cdef int64_t held = 0, until = start, left, right
    cdef Py_ssize_t i
    for i in range(a.shape[0]):
        left = a[i] if a[i] > until else until
        right = b[i] if b[i] < end else end
        if right > left:
            held += right - left
            until = right
    return held / <double> (end - start) if end > start else NAN
