"""Moving averages: one step each. A step takes a value and returns the average, NaN until there is one."""

from libc.math cimport NAN, fabs, isnan
from libc.stdint cimport int64_t

from btcore.indicators.windows cimport (
    Line, Mean, Total, mean_of, moment_of_weighted, new_line, new_mean, new_total, push_mean, push_total, push_weighted,
    total_of
)


cdef enum:
    MOVES = 64               # values after which `base` moves

cdef struct Smooth:          # exponential average, from the mean of the first `size` values on
    int64_t size
    int64_t seen             # values so far, up to size
    double share             # weight of the newest value
    double second            # weight of the value before it
    double keep              # weight of the average of two values ago
    double last              # value
    double before            # the average of two values ago
    double value             # the average; the sum of the values until there are `size`

# Averages of prices are of distances from `base`, the first price at first. Every MOVES values it moves to the average:
# so a price that stays gives exactly itself, and no average of a flat market crosses another.
cdef struct Ema:
    Smooth mean
    double base
    int64_t age              # values since `base` moved

cdef struct Dema:
    Smooth first
    Smooth second            # of the first
    double base
    int64_t age

cdef struct Tema:
    Smooth first
    Smooth second
    Smooth third
    double base
    int64_t age

cdef struct Wma:             # ring: size, and as much again for `wma_block`
    Line window
    double scale             # one over the sum of the weights

cdef struct Kama:            # ring: size changes, then size values
    Total way                # of the changes between values
    int64_t seen             # values so far, up to size
    int64_t at               # where the next value goes: the one of `size` steps ago
    double last              # value
    double last_share        # weight that it had
    double before            # the average of two values ago
    double value             # NaN until there is one
    double fast              # share of the fastest and the slowest average
    double slow


cdef inline double sma_step(Mean* s, double* ring, double x) noexcept nogil:
    push_mean(s, ring, x)
    return mean_of(s, ring)


cdef inline Smooth new_smooth(int64_t size, double share) noexcept nogil:
    cdef double rest = 1.0 - share
    return Smooth(
        size=size, seen=0, share=share, second=share * rest, keep=rest * rest, last=0.0, before=0.0, value=0.0
    )


cdef inline Smooth new_exponential(int64_t size) noexcept nogil:
    return new_smooth(size, 2.0 / (size + 1))


cdef inline Smooth new_wilder(int64_t size) noexcept nogil:
    return new_smooth(size, 1.0 / size)


cdef inline Ema new_ema(int64_t size) noexcept nogil:
    return Ema(mean=new_exponential(size), base=NAN, age=0)


cdef inline Dema new_dema(int64_t size) noexcept nogil:
    return Dema(first=new_exponential(size), second=new_exponential(size), base=NAN, age=0)


cdef inline Tema new_tema(int64_t size) noexcept nogil:
    return Tema(
        first=new_exponential(size), second=new_exponential(size), third=new_exponential(size), base=NAN, age=0
    )


cdef inline bint is_settled(const Smooth* s) noexcept nogil:
    return s.seen == s.size


cdef inline double smooth_step(Smooth* s, double x) noexcept nogil:
    if is_settled(s):
        return settled_step(s, s, x)
    s.value += x
    s.seen += 1
    if s.seen < s.size:
        return NAN
    s.value /= s.size
    s.before = s.last = s.value
    return s.value


cdef inline double settled_step(Smooth* s, const Smooth* w, double x) noexcept nogil:
    """The average from that of two values ago: so each value waits for the one before the last, not for the last.

    This is what two steps of `value + share * (x - value)` give. The weights are those of `w`, which averages of the
    same length share, to need fewer registers.
    """
    cdef double value = w.keep * s.before + (w.share * x + w.second * s.last)
    s.before, s.value, s.last = s.value, value, x
    return value


cdef inline void move(Smooth* s, double by) noexcept nogil:
    """Makes the values distances from a base that is larger by `by`.

    In a flat market they halve for ever: before arithmetic with such small numbers becomes slow, they become 0.
    """
    s.last -= by
    s.before = without_trace(s.before - by)
    s.value = without_trace(s.value - by)


cdef inline double without_trace(double x) noexcept nogil:
    return 0.0 if fabs(x) < 1e-200 else x


cdef inline double ema_step(Ema* s, double x) noexcept nogil:
    if is_settled(&s.mean):
        return settled_ema(s, x)
    if isnan(s.base):
        s.base = x
    return s.base + smooth_step(&s.mean, x - s.base)


cdef inline double settled_ema(Ema* s, double x) noexcept nogil:
    cdef double value = s.base + settled_step(&s.mean, &s.mean, x - s.base), by
    s.age += 1
    if s.age == MOVES:
        by = s.base + s.mean.value - s.base
        move(&s.mean, by)
        s.base, s.age = s.base + by, 0
    return value


cdef inline double dema_step(Dema* s, double x) noexcept nogil:
    cdef double first
    if is_settled(&s.second):
        return settled_dema(s, x)
    if isnan(s.base):
        s.base = x
    first = smooth_step(&s.first, x - s.base)
    if isnan(first):
        return NAN
    return s.base + (2.0 * first - smooth_step(&s.second, first))


cdef inline double settled_dema(Dema* s, double x) noexcept nogil:
    cdef double first = settled_step(&s.first, &s.first, x - s.base), by
    cdef double value = s.base + (2.0 * first - settled_step(&s.second, &s.first, first))
    s.age += 1
    if s.age == MOVES:
        by = s.base + first - s.base
        move(&s.first, by)
        move(&s.second, by)
        s.base, s.age = s.base + by, 0
    return value


cdef inline double tema_step(Tema* s, double x) noexcept nogil:
    cdef double first, second
    if is_settled(&s.third):
        return settled_tema(s, x)
    if isnan(s.base):
        s.base = x
    first = smooth_step(&s.first, x - s.base)
    if isnan(first):
        return NAN
    second = smooth_step(&s.second, first)
    if isnan(second):
        return NAN
    return s.base + (3.0 * (first - second) + smooth_step(&s.third, second))


cdef inline double settled_tema(Tema* s, double x) noexcept nogil:
    cdef double first = settled_step(&s.first, &s.first, x - s.base)
    cdef double second = settled_step(&s.second, &s.first, first), by
    cdef double value = s.base + (3.0 * (first - second) + settled_step(&s.third, &s.first, second))
    s.age += 1
    if s.age == MOVES:
        by = s.base + first - s.base
        move(&s.first, by)
        move(&s.second, by)
        move(&s.third, by)
        s.base, s.age = s.base + by, 0
    return value


cdef inline Wma new_wma(int64_t size) noexcept nogil:
    return Wma(window=new_line(size), scale=2.0 / (size * (size + 1.0)))


cdef inline double wma_step(Wma* s, double* ring, double x) noexcept nogil:
    push_weighted(&s.window, ring, x)
    return s.window.shift + moment_of_weighted(&s.window, ring) * s.scale


cdef inline Kama new_kama(int64_t size, int64_t fast, int64_t slow) noexcept nogil:
    return Kama(
        way=new_total(size), seen=0, at=0, last=0.0, last_share=0.0, before=NAN, value=NAN, fast=2.0 / (fast + 1),
        slow=2.0 / (slow + 1),
    )


cdef inline double kama_step(Kama* s, double* ring, double x) noexcept nogil:
    """As `settled_step`, with a share of its own at each value, in a form that gives a price that stays exactly."""
    cdef double* values = ring + s.way.size
    cdef double first = values[s.at], last = s.last, way, change, share, value
    values[s.at] = x
    s.last = x
    s.at += 1
    if s.at == s.way.size:
        s.at = 0
    if s.seen > 0:
        push_total(&s.way, ring, fabs(x - last))
    if s.seen < s.way.size:
        s.seen += 1
        s.before = s.value = x
        return NAN
    way, change = total_of(&s.way, ring), x - first
    share = 1.0 if way <= change or way == 0.0 else fabs(change) / way
    share = share * (s.fast - s.slow) + s.slow
    share *= share
    value = s.before + (share * (x - s.before) + (1.0 - share) * s.last_share * (last - s.before))
    s.before, s.value, s.last_share = s.value, value, share
    return value
