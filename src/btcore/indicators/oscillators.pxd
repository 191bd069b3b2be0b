"""Oscillators: one step each. Those with several values write them to `out`, NaN until there are all."""

from libc.math cimport NAN, fabs, isnan
from libc.stdint cimport int64_t

from btcore.indicators.averages cimport MOVES, Smooth, is_settled, move, settled_step, smooth_step
from btcore.indicators.windows cimport (
    Extreme, Mean, Total, mean_of, new_max, new_mean, new_min, new_total, push_max, push_mean, push_min, push_total,
    total_of
)
from btcore.rules.rounding cimport larger, smaller


cdef struct Rsi:
    Smooth rise              # of Wilder
    Smooth fall
    double last              # NaN before the first value

cdef struct Macd:
    Smooth fast
    Smooth slow
    Smooth signal
    int64_t skip             # values until the fast average starts: its seed ends with that of the slow one
    double base              # of fast and slow, as in averages.pxd
    int64_t age

cdef struct Adx:
    int64_t size
    int64_t seen             # changes so far, up to 2 * size
    double keep              # 1 - 1 / size
    double high              # of the last bar; NaN before the first
    double low
    double close
    double plus              # smoothed sums
    double minus
    double range
    double value             # the average of DX; its sum until there are `size`

cdef struct Stochastic:      # ring: 2 * size, then those of the two means
    Extreme high
    Extreme low
    Mean k
    Mean d

cdef struct Cci:             # ring: size of the mean, then size values
    Mean mean
    int64_t at

cdef struct Mfi:             # ring: 2 * size
    Total up
    Total down
    double last              # typical price; NaN before the first


cdef inline double typical(double high, double low, double close) noexcept nogil:
    return (high + low + close) / 3.0


cdef inline double rsi_step(Rsi* s, double x) noexcept nogil:
    cdef double change = x - s.last, rise, fall
    if is_settled(&s.fall):
        return settled_rsi(s, x)
    s.last = x
    if isnan(change):
        return NAN
    rise = smooth_step(&s.rise, larger(change, 0.0))
    fall = smooth_step(&s.fall, larger(-change, 0.0))
    return NAN if isnan(rise) else share_of(rise, fall)


cdef inline double settled_rsi(Rsi* s, double x) noexcept nogil:
    cdef double change = x - s.last, rise, fall
    s.last = x
    rise = settled_step(&s.rise, &s.rise, larger(change, 0.0))
    fall = settled_step(&s.fall, &s.rise, larger(-change, 0.0))
    return share_of(rise, fall)


cdef inline double share_of(double up, double down) noexcept nogil:
    """`up` in percent of both; 0 if both are."""
    return 100.0 * up / (up + down) if up + down > 0.0 else 0.0


cdef inline void macd_step(Macd* s, double x, double* out) noexcept nogil:
    cdef double slow, fast, signal
    if is_settled(&s.signal):
        settled_macd(s, x, out)
        return
    out[0] = out[1] = out[2] = NAN
    if isnan(s.base):
        s.base = x
    slow = smooth_step(&s.slow, x - s.base)
    if s.skip > 0:
        s.skip -= 1
        return
    fast = smooth_step(&s.fast, x - s.base)
    if isnan(slow):
        return
    signal = smooth_step(&s.signal, fast - slow)
    if not isnan(signal):
        out[0], out[1], out[2] = fast - slow, signal, fast - slow - signal


cdef inline void settled_macd(Macd* s, double x, double* out) noexcept nogil:
    cdef double line = settled_step(&s.fast, &s.fast, x - s.base) - settled_step(&s.slow, &s.slow, x - s.base), by
    cdef double signal = settled_step(&s.signal, &s.signal, line)
    out[0], out[1], out[2] = line, signal, line - signal
    s.age += 1
    if s.age == MOVES:
        by = s.base + s.slow.value - s.base
        move(&s.fast, by)
        move(&s.slow, by)
        move(&s.signal, 0.0)
        s.base, s.age = s.base + by, 0


cdef inline Adx new_adx(int64_t size) noexcept nogil:
    return Adx(
        size=size, seen=0, keep=1.0 - 1.0 / size, high=NAN, low=NAN, close=NAN, plus=0.0, minus=0.0, range=0.0,
        value=0.0,
    )


cdef inline void adx_step(Adx* s, double high, double low, double close, double* out) noexcept nogil:
    """ADX, +DI and -DI, as TA-Lib has them: the first sums are of size - 1 changes, the first ADX of size DX."""
    cdef double up = high - s.high, down = s.low - low, plus_di, minus_di, both
    cdef double true_range = larger(high, s.close) - smaller(low, s.close)
    s.high, s.low, s.close = high, low, close
    out[0] = out[1] = out[2] = NAN
    if isnan(up):
        return
    if s.seen < s.size - 1:
        s.seen += 1
    else:
        s.plus *= s.keep
        s.minus *= s.keep
        s.range *= s.keep
        if s.seen < 2 * s.size:
            s.seen += 1
    s.plus += up if up > 0.0 and up > down else 0.0
    s.minus += down if down > 0.0 and down > up else 0.0
    s.range += true_range
    if s.seen < s.size:
        return
    plus_di = 100.0 * s.plus / s.range if s.range > 0.0 else 0.0
    minus_di = 100.0 * s.minus / s.range if s.range > 0.0 else 0.0
    out[1], out[2] = plus_di, minus_di
    both = plus_di + minus_di
    if s.seen < 2 * s.size:
        s.value += 100.0 * fabs(plus_di - minus_di) / both if both > 0.0 else 0.0
        if s.seen < 2 * s.size - 1:
            return
        s.value /= s.size
    elif both > 0.0:
        s.value += (100.0 * fabs(plus_di - minus_di) / both - s.value) / s.size
    out[0] = s.value


cdef inline Stochastic new_stochastic(int64_t size, int64_t smooth_k, int64_t smooth_d) noexcept nogil:
    return Stochastic(high=new_max(size), low=new_min(size), k=new_mean(smooth_k), d=new_mean(smooth_d))


cdef inline void stochastic_step(
    Stochastic* s, double* ring, double high, double low, double close, double* out
) noexcept nogil:
    cdef double top = push_max(&s.high, ring, high), bottom = push_min(&s.low, ring + s.high.size, low), k, d
    cdef double* k_ring = ring + 2 * s.high.size
    out[0] = out[1] = NAN
    if isnan(top):
        return
    push_mean(&s.k, k_ring, 100.0 * (close - bottom) / (top - bottom) if top != bottom else 0.0)
    k = mean_of(&s.k, k_ring)
    if isnan(k):
        return
    push_mean(&s.d, k_ring + s.k.size, k)
    d = mean_of(&s.d, k_ring + s.k.size)
    if not isnan(d):
        out[0], out[1] = k, d


cdef inline double cci_step(Cci* s, double* ring, double high, double low, double close) noexcept nogil:
    cdef double x = typical(high, low, close), mean, spread
    cdef double* values = ring + s.mean.size
    values[s.at] = x
    s.at += 1
    if s.at == s.mean.size:
        s.at = 0
    push_mean(&s.mean, ring, x)
    mean = mean_of(&s.mean, ring)
    if isnan(mean):
        return NAN
    spread = absolute_deviations(values, s.mean.size, mean)
    return (x - mean) / (0.015 * (spread * s.mean.inverse)) if spread > 0.0 else 0.0


cdef inline double absolute_deviations(const double* values, int64_t size, double mean) noexcept nogil:
    """Sum of the distances from `mean`, in four lanes by index, which the compiler can add at once."""
    cdef double a = 0.0, b = 0.0, c = 0.0, d = 0.0
    cdef int64_t i, end = size - size % 4
    for i in range(0, end, 4):
        a += fabs(values[i] - mean)
        b += fabs(values[i + 1] - mean)
        c += fabs(values[i + 2] - mean)
        d += fabs(values[i + 3] - mean)
    for i in range(end, size):
        a += fabs(values[i] - mean)
    return (a + b) + (c + d)


cdef inline double mfi_step(
    Mfi* s, double* ring, double high, double low, double close, double volume
) noexcept nogil:
    """Typical prices that differ by no more than the rounding error of their sums are equal."""
    cdef double x = typical(high, low, close), change = x - s.last, flow = x * volume, up, down
    cdef double rounding = 4e-16 * (fabs(high) + fabs(low) + fabs(close))
    s.last = x
    if isnan(change):
        return NAN
    push_total(&s.up, ring, flow if change > rounding else 0.0)
    push_total(&s.down, ring + s.up.size, flow if change < -rounding else 0.0)
    up, down = total_of(&s.up, ring), total_of(&s.down, ring + s.up.size)
    return NAN if isnan(up) else share_of(up, down)
