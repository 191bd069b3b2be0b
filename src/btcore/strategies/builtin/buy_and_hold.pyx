"""Buys each symbol at its first event and holds it to the end."""

cimport cython
from libc.stdint cimport int64_t, int8_t

from btcore.feed.stream cimport Stream
from btcore.strategies.builtin.signal cimport Signal, SignalState, scan_with


@cython.final
cdef class BuyAndHold(Signal):
    def __init__(self, params, int n_symbols):
        self.setup(params, n_symbols, 0, NULL, decide, scan)


cdef int8_t decide(const void* params, void* symbol, double px, int8_t stance) noexcept nogil:
    """Always long."""
    return 1


cdef int64_t scan(void* state, const Stream* stream, int64_t row, int64_t end) noexcept nogil:
    """Must equal `decide` at every row."""
    cdef SignalState* signal = <SignalState*> state
    if signal.stances[stream.symbol] == 1 or row == end:
        return end  # long already
    return scan_with(decide, state, stream, row, end)
