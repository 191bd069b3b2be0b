"""Buys when the relative strength index (RSI, Wilder 1978) is low, and sells when it is high."""

cimport cython
from libc.math cimport fmax
from libc.stdint cimport int64_t, int8_t

from btcore.feed.stream cimport Stream
from btcore.strategies.builtin.signal cimport Signal, scan_with


cdef struct Params:
    int64_t period
    double share             # weight of the newest change: 1 / period
    double oversold
    double overbought
    int8_t above             # stance when overbought: 0 or -1

cdef struct Symbol:
    double last              # price
    double gain              # smoothed mean of the rises; their sum until there are `period` changes
    double loss              # likewise of the falls, positive
    int64_t count            # prices so far


@cython.final
cdef class Rsi(Signal):
    cdef Params params

    def __init__(self, params, int n_symbols):
        self.params.period = params.period
        self.params.share = 1.0 / params.period
        self.params.oversold = params.oversold
        self.params.overbought = params.overbought
        self.params.above = -1 if params.allow_short else 0
        self.setup(params, n_symbols, sizeof(Symbol), &self.params, decide, scan)


cdef inline double next_rsi(Symbol* s, const Params* p, double px) noexcept nogil:
    """RSI after `px`, 0 to 100; 50 if no price has changed; -1 until there are `period` changes."""
    cdef double change = px - s.last
    s.last = px
    s.count += 1
    if s.count == 1:
        return -1.0
    if s.count <= p.period + 1:
        s.gain += fmax(change, 0.0)
        s.loss += fmax(-change, 0.0)
        if s.count <= p.period:
            return -1.0
        s.gain *= p.share
        s.loss *= p.share
    else:
        s.gain += (fmax(change, 0.0) - s.gain) * p.share
        s.loss += (fmax(-change, 0.0) - s.loss) * p.share
    if s.gain + s.loss == 0.0:
        return 50.0
    return 100.0 * s.gain / (s.gain + s.loss)


cdef int8_t decide(const void* params, void* symbol, double px, int8_t stance) noexcept nogil:
    cdef const Params* p = <const Params*> params
    cdef double rsi = next_rsi(<Symbol*> symbol, p, px)
    if rsi < 0.0:
        return stance
    if rsi <= p.oversold:
        return 1
    return p.above if rsi >= p.overbought else stance


cdef int64_t scan(void* state, const Stream* stream, int64_t row, int64_t end) noexcept nogil:
    return scan_with(decide, state, stream, row, end)
