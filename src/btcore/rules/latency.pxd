"""The latency of a message: base latency plus jitter."""

from libc.math cimport fmin, log
from libc.stdint cimport int64_t, int8_t, uint64_t

from btcore.model cimport DAY_NS

cdef enum:               # direction
    ENTRY = 0            # strategy to market
    RESPONSE = 1         # market to strategy


cdef struct LatencyTerms:    # one direction
    int64_t base             # ns, added to every message
    double jitter            # ns: upper bound of a uniform draw, or mean of an exponential one
    uint64_t seed
    int8_t direction         # ENTRY or RESPONSE
    int8_t exponential       # 1: exponential jitter; 0: uniform


cdef inline double uniform(uint64_t seed, int direction, uint64_t k) noexcept nogil:
    """Draw `k` of a repeatable uniform sequence in (0, 1), by splitmix64 (Steele, Lea and Flood, 2014)."""
    cdef uint64_t x = 2 * seed + <uint64_t> direction + (k + 1) * <uint64_t> 0x9E3779B97F4A7C15
    x = (x ^ (x >> 30)) * <uint64_t> 0xBF58476D1CE4E5B9
    x = (x ^ (x >> 27)) * <uint64_t> 0x94D049BB133111EB
    x ^= x >> 31
    return (<double> (x >> 11) + 0.5) / 9007199254740992.0


cdef inline int64_t delay(const LatencyTerms* terms, int64_t order_latency, int64_t k) noexcept nogil:
    """Latency of message `k` in ns. An `order_latency` of 0 or more replaces base and jitter.

    Exponential jitter is cut off at one day.
    """
    cdef double u
    if order_latency >= 0:
        return order_latency
    if terms.jitter == 0.0:
        return terms.base
    u = uniform(terms.seed, terms.direction, <uint64_t> k)
    if terms.exponential:
        return terms.base + <int64_t> fmin(-terms.jitter * log(u), <double> DAY_NS)
    return terms.base + <int64_t> (terms.jitter * u)
