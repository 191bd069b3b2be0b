"""Statistics of the last values, and indicators of volume: one step each."""

from libc.math cimport NAN, isnan, sqrt
from libc.stdint cimport int64_t

from btcore.indicators.oscillators cimport typical
from btcore.indicators.windows cimport (
    Line, Pair, Spread, central_sums, deviation_of, distance_of, moment_of, new_line, new_pair, push_line, push_pair,
    push_spread, sum_of
)


cdef struct Regression:      # ring: 2 * size
    Line window
    double inverse           # 1 / n
    double scale             # 12 / (n * (n ** 2 - 1)): one over the squared distances of the places from their mean

cdef struct Beta:            # ring: 5 * size
    Pair window
    double asset             # prices of the last row; NaN before the first
    double benchmark

cdef struct Obv:
    double value
    double last              # close; NaN before the first

cdef struct Vwap:
    double session           # NaN before the first
    double money
    double volume


cdef inline double std_step(Spread* s, double* ring, double x) noexcept nogil:
    push_spread(s, ring, x)
    return deviation_of(s, ring, distance_of(s, ring))


cdef inline double zscore_step(Spread* s, double* ring, double x) noexcept nogil:
    cdef double distance, deviation
    push_spread(s, ring, x)
    distance = distance_of(s, ring)
    deviation = deviation_of(s, ring, distance)
    return 0.0 if deviation == 0.0 else (x - s.shift - distance) / deviation


cdef inline Regression new_regression(int64_t size) noexcept nogil:
    cdef double n = size
    return Regression(window=new_line(size), inverse=1.0 / n, scale=12.0 / (n * (n * n - 1.0)))


cdef inline void regression_step(Regression* s, double* ring, double x, double* out) noexcept nogil:
    """The line's value at the newest place, and its slope per row."""
    cdef double sum, slope, n = s.window.count
    push_line(&s.window, ring, x)
    sum = sum_of(&s.window, ring)
    slope = (moment_of(&s.window, ring) - 0.5 * (n + 1.0) * sum) * s.scale
    out[0] = s.window.shift + (sum * s.inverse + 0.5 * (n - 1.0) * slope)
    out[1] = slope


cdef inline double correlation_step(Pair* s, double* ring, double x, double y) noexcept nogil:
    cdef double xx = 0.0, yy = 0.0, xy = 0.0, r
    push_pair(s, ring, x, y)
    central_sums(s, ring, &xx, &yy, &xy)
    if xx <= 0.0 or yy <= 0.0:
        return 0.0
    r = xy / sqrt(xx * yy)
    r = 1.0 if r > 1.0 else r  # by rounding
    return -1.0 if r < -1.0 else r


cdef inline double beta_step(Beta* s, double* ring, double asset, double benchmark) noexcept nogil:
    """Of simple returns; the return from a price of 0 is 0."""
    cdef double last_asset = s.asset, last_benchmark = s.benchmark, xx = 0.0, yy = 0.0, xy = 0.0
    s.asset, s.benchmark = asset, benchmark
    if isnan(last_asset):
        return NAN
    push_pair(
        &s.window, ring, benchmark / last_benchmark - 1.0 if last_benchmark != 0.0 else 0.0,
        asset / last_asset - 1.0 if last_asset != 0.0 else 0.0,
    )
    central_sums(&s.window, ring, &xx, &yy, &xy)
    if isnan(xy):
        return NAN
    return xy / xx if xx > 0.0 else 0.0


cdef inline double obv_step(Obv* s, double close, double volume) noexcept nogil:
    """From the first volume on: volume added where the close rises, subtracted where it falls."""
    cdef double direction = <double> ((close > s.last) - (close < s.last))  # without branches, which prices decide
    s.value += volume if isnan(s.last) else direction * volume
    s.last = close
    return s.value


cdef inline double vwap_step(
    Vwap* s, double high, double low, double close, double volume, double session
) noexcept nogil:
    """Of the typical price, from the first row of a session on; NaN while the session has no volume."""
    if session != s.session:
        s.session, s.money, s.volume = session, 0.0, 0.0
    s.money += typical(high, low, close) * volume
    s.volume += volume
    return s.money / s.volume if s.volume > 0.0 else NAN
