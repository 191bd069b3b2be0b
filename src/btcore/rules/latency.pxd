"""How long what is sent is under way."""

from libc.math cimport fmin, log
from libc.stdint cimport int64_t, int8_t, uint64_t

cdef enum:
    ENTRY = 0
    RESPONSE = 1


cdef struct LatencyTerms:    # ns, of one direction
    int64_t base
    double jitter
    uint64_t seed
    int8_t direction
    int8_t exponential


cdef inline double uniform(uint64_t seed, int direction, uint64_t k) noexcept nogil:
    """Draw `k` in (0, 1): the output of splitmix64 (Steele, Lea, Flood 2014)."""
    cdef uint64_t x = 2 * seed + <uint64_t> direction + (k + 1) * <uint64_t> 0x9E3779B97F4A7C15
    x = (x ^ (x >> 30)) * <uint64_t> 0xBF58476D1CE4E5B9
    x = (x ^ (x >> 27)) * <uint64_t> 0x94D049BB133111EB
    x ^= x >> 31
    return (<double> (x >> 11) + 0.5) / 9007199254740992.0


cdef inline int64_t delay(const LatencyTerms* terms, int64_t own, int64_t k) noexcept nogil:
    """Of message `k`; `own` is the order's own latency, negative if it has none."""
    cdef double u
    if own >= 0:
        return own
    if terms.jitter == 0.0:
        return terms.base
    u = uniform(terms.seed, terms.direction, <uint64_t> k)
    if terms.exponential:
        return terms.base + <int64_t> fmin(-terms.jitter * log(u), 86400e9)
    return terms.base + <int64_t> (terms.jitter * u)
