"""Moving averages: one step each. A step takes a value and returns the average, NaN until there is one."""

from libc.math cimport NAN, fabs, isnan
from libc.stdint cimport int64_t

from btcore.indicators.windows cimport (
    Line, Mean, Total, mean_of, moment_of, new_line, new_mean, new_total, push_line, push_mean, push_total, total_of
)


# Integers and doubles alternate in structs of averages: the compiler would pack two doubles side by side into a vector,
# and shuffling it would lengthen the chain from value to value.
cdef struct Smooth:          # exponential, from the mean of the first `size` values on
    double value             # the average; the sum of the values until there are `size`
    int64_t size
    double before            # the average of two values ago
    int64_t seen             # values so far, up to size
    double last              # value
    int64_t unused
    double share             # weight of the newest value
    double second            # weight of the value before it

cdef struct Wilder:          # likewise, with share 1 / size
    Smooth mean
    double keep              # weight of the average of two values ago

cdef struct Dema:
    Smooth first
    Smooth second            # of the first

cdef struct Tema:
    Smooth first
    Smooth second
    Smooth third

cdef struct Wma:             # ring: 2 * size
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
    return Smooth(
        value=0.0, size=size, before=0.0, seen=0, last=0.0, unused=0, share=share, second=share * (1.0 - share)
    )


cdef inline Smooth new_ema(int64_t size) noexcept nogil:
    return new_smooth(size, 2.0 / (size + 1))


cdef inline Wilder new_wilder(int64_t size) noexcept nogil:
    cdef double share = 1.0 / size
    return Wilder(mean=new_smooth(size, share), keep=(1.0 - share) * (1.0 - share))


cdef inline double smooth_step(Smooth* s, double x) noexcept nogil:
    return weighted_step(s, s.share, s.second, x)


cdef inline double weighted_step(Smooth* s, double share, double second, double x) noexcept nogil:
    return settled_step(s, share, second, x) if s.seen == s.size else seed(s, x)


cdef inline double settled_step(Smooth* s, double share, double second, double x) noexcept nogil:
    """The average from that of two values ago: so each value waits for the one before the last, not for the last.

    This is what two steps of `value + share * (x - value)` give. A constant series has exactly its own value.
    """
    cdef double value = s.before + (share * (x - s.before) + second * (s.last - s.before))
    s.before, s.value, s.last = s.value, value, x
    return value


cdef inline double seed(Smooth* s, double x) noexcept nogil:
    """One of the first `size` values."""
    s.value += x
    s.seen += 1
    if s.seen < s.size:
        return NAN
    s.value /= s.size
    s.before = s.last = s.value
    return s.value


cdef inline double wilder_step(Wilder* s, double x) noexcept nogil:
    return settled_wilder(s, x) if s.mean.seen == s.mean.size else seed(&s.mean, x)


cdef inline double settled_wilder(Wilder* s, double x) noexcept nogil:
    """As `settled_step`, in a form with a shorter chain, in which a sum of positive values has no cancellation."""
    cdef double value = s.keep * s.mean.before + (s.mean.share * x + s.mean.second * s.mean.last)
    s.mean.before, s.mean.value, s.mean.last = s.mean.value, value, x
    return value


cdef inline double dema_step(Dema* s, double x) noexcept nogil:
    cdef double first
    if s.second.seen == s.second.size:
        return settled_dema(s, x)
    first = smooth_step(&s.first, x)
    if isnan(first):
        return NAN
    return 2.0 * first - smooth_step(&s.second, first)


cdef inline double settled_dema(Dema* s, double x) noexcept nogil:
    cdef double share = s.first.share, second = s.first.second, first = settled_step(&s.first, share, second, x)
    return 2.0 * first - settled_step(&s.second, share, second, first)


cdef inline double tema_step(Tema* s, double x) noexcept nogil:
    cdef double first, second
    if s.third.seen == s.third.size:
        return settled_tema(s, x)
    first = smooth_step(&s.first, x)
    if isnan(first):
        return NAN
    second = smooth_step(&s.second, first)
    if isnan(second):
        return NAN
    return 3.0 * (first - second) + smooth_step(&s.third, second)


cdef inline double settled_tema(Tema* s, double x) noexcept nogil:
    cdef double share = s.first.share, weight = s.first.second, first, second
    first = settled_step(&s.first, share, weight, x)
    second = settled_step(&s.second, share, weight, first)
    return 3.0 * (first - second) + settled_step(&s.third, share, weight, second)


cdef inline Wma new_wma(int64_t size) noexcept nogil:
    return Wma(window=new_line(size), scale=2.0 / (size * (size + 1.0)))


cdef inline double wma_step(Wma* s, double* ring, double x) noexcept nogil:
    push_line(&s.window, ring, x)
    return s.window.shift + moment_of(&s.window, ring) * s.scale


cdef inline Kama new_kama(int64_t size, int64_t fast, int64_t slow) noexcept nogil:
    return Kama(
        way=new_total(size), seen=0, at=0, last=0.0, last_share=0.0, before=NAN, value=NAN, fast=2.0 / (fast + 1),
        slow=2.0 / (slow + 1),
    )


cdef inline double kama_step(Kama* s, double* ring, double x) noexcept nogil:
    """The step of `weighted_step`, with a share of its own at each value."""
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
