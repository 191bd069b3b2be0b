"""Holds while the return over the last lookback_period prices is above a threshold."""

cimport cython
from libc.stdint cimport int64_t, int8_t

from btcore.strategies.builtin.signal cimport Signal, scan_with
from btcore.strategies.builtin.window cimport Window, is_full, oldest, push
from btcore.feed.stream cimport Stream


cdef struct Terms:
    double threshold
    int8_t allow_short


@cython.final
cdef class Momentum(Signal):
    cdef Terms terms

    def __init__(self, params, int n_symbols):
        cdef Window* windows
        cdef int i
        self.terms.threshold = params.threshold
        self.terms.allow_short = params.allow_short
        self.follow(params, n_symbols, sizeof(Window), &self.terms, decide, scan)
        windows = <Window*> self.signal.symbols
        for i in range(n_symbols):
            self.open(&windows[i], params.lookback_period)


cdef int8_t decide(const void* terms, void* symbol, double px, int8_t stance) noexcept nogil:
    cdef Window* past = <Window*> symbol
    cdef const Terms* own = <const Terms*> terms
    cdef bint is_known = is_full(past)
    cdef double change = px / oldest(past) - 1.0 if is_known else 0.0
    push(past, px)
    if change > own.threshold:
        return 1
    return -1 if own.allow_short and change < -own.threshold else 0


cdef int64_t scan(void* state, const Stream* stream, int64_t row, int64_t end) noexcept nogil:
    return scan_with(decide, state, stream, row, end)
