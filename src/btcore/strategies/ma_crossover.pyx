"""Holds while the mean of the last short_period prices is above that of the last long_period."""

cimport cython
from libc.math cimport fabs
from libc.stdint cimport int64_t, int8_t

from btcore.strategies.signal cimport Signal, scan_with
from btcore.strategies.window cimport Window, is_full, mean, push
from btcore.stream cimport Stream


cdef struct Terms:
    int8_t below             # the stance while the short mean is below

cdef struct Symbol:
    Window short
    Window long


@cython.final
cdef class MaCrossover(Signal):
    cdef Terms terms

    def __init__(self, params, int n_symbols):
        cdef Symbol* symbols
        cdef int i
        self.terms.below = -1 if params.allow_short else 0
        self.follow(params, n_symbols, sizeof(Symbol), &self.terms, decide, scan)
        symbols = <Symbol*> self.signal.symbols
        for i in range(n_symbols):
            self.open(&symbols[i].short, params.short_period)
            self.open(&symbols[i].long, params.long_period)


cdef int8_t decide(const void* terms, void* symbol, double px, int8_t stance) noexcept nogil:
    cdef Symbol* own = <Symbol*> symbol
    cdef double fast, slow
    push(&own.short, px)
    push(&own.long, px)
    if not is_full(&own.long):
        return stance
    fast, slow = mean(&own.short), mean(&own.long)
    if fabs(fast - slow) <= 1e-12 * slow:  # a flat market's rounding is no crossing
        return stance
    return 1 if fast > slow else (<const Terms*> terms).below


cdef int64_t scan(void* state, const Stream* stream, int64_t row, int64_t end) noexcept nogil:
    return scan_with(decide, state, stream, row, end)
