"""Buys each symbol at its first event and holds it."""

from libc.stdint cimport int32_t, int8_t
from libc.stdlib cimport calloc, free

from btcore.contract cimport Handler, order_target_percent
from btcore.model cimport Account, BAR, Market, Outbox, QUOTE, TRADE


cdef struct State:
    double weight            # of equity, a symbol
    int8_t* is_bought


cdef class BuyAndHold(Handler):
    cdef State own

    def __init__(self, params, int32_t n_symbols):
        self.own.weight = params.weight / n_symbols
        self.own.is_bought = <int8_t*> calloc(n_symbols, sizeof(int8_t))
        if self.own.is_bought == NULL:
            raise MemoryError
        self.state = &self.own
        self.on_event = on_event
        self.kinds = 1 << BAR | 1 << QUOTE | 1 << TRADE

    def __dealloc__(self):
        free(self.own.is_bought)


cdef int on_event(void* state, const Market* market, const Account* account, Outbox* out) noexcept nogil:
    cdef State* own = <State*> state
    if market.kind > BAR or own.is_bought[market.symbol] or not market.tickers[market.symbol].priced:
        return 0
    own.is_bought[market.symbol] = 1
    return order_target_percent(market, account, out, market.symbol, own.weight) < 0
