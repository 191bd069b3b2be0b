"""Buys each symbol at its first event and holds it."""

cimport cython
from libc.stdint cimport int64_t, int8_t

from btcore.strategies.builtin.signal cimport Signal, SignalState, scan_with
from btcore.feed.stream cimport Stream


@cython.final
cdef class BuyAndHold(Signal):
    def __init__(self, params, int n_symbols):
        self.follow(params, n_symbols, 0, NULL, decide, scan)


cdef int8_t decide(const void* terms, void* symbol, double px, int8_t stance) noexcept nogil:
    return 1


cdef int64_t scan(void* state, const Stream* stream, int64_t row, int64_t end) noexcept nogil:
    cdef SignalState* own = <SignalState*> state
    if own.stances[stream.symbol] == 1 or row == end:
        return end  # nothing changes its mind
    return scan_with(decide, state, stream, row, end)
