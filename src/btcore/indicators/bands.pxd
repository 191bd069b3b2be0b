"""Bands and channels, and the average true range: one step each. Those with several values write them to `out`."""

from libc.math cimport NAN, isnan
from libc.stdint cimport int64_t

from btcore.indicators.averages cimport Ema, Smooth, ema_step, is_settled, settled_step, smooth_step
from btcore.indicators.windows cimport (
    Extreme, Spread, deviation_of, distance_of, new_max, new_min, push_max, push_min, push_spread
)
from btcore.rules.rounding cimport larger, smaller


cdef struct Bollinger:       # ring: 2 * size
    Spread window
    double deviations        # width of each band, in standard deviations

cdef struct Atr:
    Smooth mean              # of Wilder
    double close             # of the last bar; NaN before the first

cdef struct Keltner:
    Ema middle
    Atr atr
    double multiplier

cdef struct Supertrend:
    Atr atr
    double multiplier
    double upper             # the bands
    double lower
    double direction         # 1 up, -1 down, 0 before the first

cdef struct Donchian:        # ring: 2 * size, then 2 * offset
    Extreme high
    Extreme low
    int64_t offset           # bars by which the channel is late
    int64_t at               # place of the channel of `offset` bars ago
    int64_t kept             # channels kept, up to offset


cdef inline void bollinger_step(Bollinger* s, double* ring, double x, double* out) noexcept nogil:
    cdef double distance, middle, width
    push_spread(&s.window, ring, x)
    distance = distance_of(&s.window, ring)
    middle = s.window.shift + distance
    width = s.deviations * deviation_of(&s.window, ring, distance)
    out[0], out[1], out[2] = middle + width, middle, middle - width


cdef inline double atr_step(Atr* s, double high, double low, double close) noexcept nogil:
    cdef double last = s.close
    if is_settled(&s.mean):
        return settled_atr(s, high, low, close)
    s.close = close
    return NAN if isnan(last) else smooth_step(&s.mean, true_range(high, low, last))


cdef inline double settled_atr(Atr* s, double high, double low, double close) noexcept nogil:
    cdef double last = s.close
    s.close = close
    return settled_step(&s.mean, &s.mean, true_range(high, low, last))


cdef inline double true_range(double high, double low, double last) noexcept nogil:
    return larger(high, last) - smaller(low, last)


cdef inline void keltner_step(Keltner* s, double high, double low, double close, double* out) noexcept nogil:
    cdef double middle = ema_step(&s.middle, close), width = s.multiplier * atr_step(&s.atr, high, low, close)
    out[0] = out[1] = out[2] = NAN
    if not isnan(middle) and not isnan(width):
        out[0], out[1], out[2] = middle + width, middle, middle - width


cdef inline void supertrend_step(Supertrend* s, double high, double low, double close, double* out) noexcept nogil:
    """Value and direction. A band only moves towards the price, until a close is beyond it."""
    cdef double last = s.atr.close, atr = atr_step(&s.atr, high, low, close)
    cdef double upper, lower
    out[0] = out[1] = NAN
    if isnan(atr):
        return
    upper = 0.5 * (high + low) + s.multiplier * atr
    lower = 0.5 * (high + low) - s.multiplier * atr
    if s.direction == 0.0:
        s.direction = -1.0
    else:
        if upper >= s.upper and last <= s.upper:
            upper = s.upper
        if lower <= s.lower and last >= s.lower:
            lower = s.lower
        if s.direction < 0.0:
            s.direction = 1.0 if close > upper else -1.0
        else:
            s.direction = -1.0 if close < lower else 1.0
    s.upper, s.lower = upper, lower
    out[0] = lower if s.direction > 0.0 else upper
    out[1] = s.direction


cdef inline Donchian new_donchian(int64_t size, int64_t offset) noexcept nogil:
    return Donchian(high=new_max(size), low=new_min(size), offset=offset, at=0, kept=0)


cdef inline void donchian_step(Donchian* s, double* ring, double high, double low, double* out) noexcept nogil:
    cdef double upper = push_max(&s.high, ring, high), lower = push_min(&s.low, ring + s.high.size, low)
    cdef double* late = ring + 2 * s.high.size + 2 * s.at
    cdef double held_upper, held_lower
    out[0] = out[1] = out[2] = NAN
    if s.offset > 0:
        held_upper, held_lower = late[0], late[1]
        late[0], late[1] = upper, lower
        upper, lower = held_upper, held_lower
        s.at += 1
        if s.at == s.offset:
            s.at = 0
        if s.kept < s.offset:
            s.kept += 1
            return
    if not isnan(upper):
        out[0], out[1], out[2] = upper, 0.5 * (upper + lower), lower
