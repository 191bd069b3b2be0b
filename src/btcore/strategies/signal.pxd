"""What the built-in strategies share: each turns a symbol's prices into a stance, and the stance into an order."""

from libc.math cimport NAN
from libc.stdint cimport int64_t, int8_t

from btcore.contract cimport Handler
from btcore.model cimport Market, QUOTE, TRADE, Ticker
from btcore.strategies.window cimport Window

# The next stance (1 long, -1 short, 0 flat), from the parameters, the symbol's memory, its newest price and its stance.
ctypedef int8_t (*decide_t)(const void* terms, void* symbol, double px, int8_t stance) noexcept nogil


cdef struct SignalState:
    decide_t decide
    const void* terms
    char* symbols            # one record of `size` bytes a symbol
    size_t size
    int8_t* stances
    double weight            # of equity, a symbol


cdef class Signal(Handler):
    cdef SignalState signal
    cdef list blocks         # owns the memory

    cdef void* allot(self, Py_ssize_t count, size_t size) except NULL
    cdef int open(self, Window* window, int64_t size) except -1
    cdef int follow(self, params, int n_symbols, size_t size, const void* terms, decide_t decide) except -1


cdef inline double event_price(const Market* market) noexcept nogil:
    """Mid, last trade or close; NaN for a stream that does not mark its symbol, and for what is no market event."""
    cdef const Ticker* ticker = &market.tickers[market.symbol]
    if market.kind != ticker.source:
        return NAN
    if market.kind == QUOTE:
        return 0.5 * (ticker.quote.bid + ticker.quote.ask)
    return ticker.trade.px if market.kind == TRADE else ticker.bar.close
