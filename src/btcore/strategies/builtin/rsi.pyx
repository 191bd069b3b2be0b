"""Buys when Wilder's relative strength index is low and sells when it is high."""

cimport cython
from libc.math cimport fmax
from libc.stdint cimport int64_t, int8_t

from btcore.strategies.builtin.signal cimport Signal, scan_with
from btcore.feed.stream cimport Stream


cdef struct Terms:
    int64_t period
    double share             # of the newest change: 1 / period
    double oversold
    double overbought
    int8_t above             # the stance of an overbought market

cdef struct Symbol:
    double last
    double gain              # Wilder's mean of the rises; a plain sum until `period` changes are in
    double loss
    int64_t count            # prices so far


@cython.final
cdef class Rsi(Signal):
    cdef Terms terms

    def __init__(self, params, int n_symbols):
        self.terms.period = params.period
        self.terms.share = 1.0 / params.period
        self.terms.oversold = params.oversold
        self.terms.overbought = params.overbought
        self.terms.above = -1 if params.allow_short else 0
        self.follow(params, n_symbols, sizeof(Symbol), &self.terms, decide, scan)


cdef inline double next_rsi(Symbol* own, const Terms* terms, double px) noexcept nogil:
    """The index after `px`, 0 to 100; 50 in a market that has not moved; negative until `period` changes are in."""
    cdef double change = px - own.last
    own.last = px
    own.count += 1
    if own.count == 1:
        return -1.0
    if own.count <= terms.period + 1:
        own.gain += fmax(change, 0.0)
        own.loss += fmax(-change, 0.0)
        if own.count <= terms.period:
            return -1.0
        own.gain *= terms.share
        own.loss *= terms.share
    else:
        own.gain += (fmax(change, 0.0) - own.gain) * terms.share
        own.loss += (fmax(-change, 0.0) - own.loss) * terms.share
    if own.gain + own.loss == 0.0:
        return 50.0
    return 100.0 * own.gain / (own.gain + own.loss)


cdef int8_t decide(const void* terms, void* symbol, double px, int8_t stance) noexcept nogil:
    cdef const Terms* own = <const Terms*> terms
    cdef double rsi = next_rsi(<Symbol*> symbol, own, px)
    if rsi < 0.0:
        return stance
    if rsi <= own.oversold:
        return 1
    return own.above if rsi >= own.overbought else stance


cdef int64_t scan(void* state, const Stream* stream, int64_t row, int64_t end) noexcept nogil:
    return scan_with(decide, state, stream, row, end)
