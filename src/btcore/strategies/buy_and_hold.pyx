"""Buys each symbol at its first event and holds it."""

cimport cython
from libc.stdint cimport int8_t

from btcore.strategies.signal cimport Signal


@cython.final
cdef class BuyAndHold(Signal):
    def __init__(self, params, int n_symbols):
        self.follow(params, n_symbols, 0, NULL, decide)


cdef int8_t decide(const void* terms, void* symbol, double px, int8_t stance) noexcept nogil:
    return 1
