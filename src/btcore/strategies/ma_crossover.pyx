"""Holds while the mean of the last short_period prices is above that of the last long_period."""

from libc.math cimport fabs, isnan
from libc.stdint cimport int32_t, int8_t
from libc.stdlib cimport calloc, free

from btcore.contract cimport Handler, order_target_percent
from btcore.model cimport Account, BAR, Market, Outbox, QUOTE, TRADE
from btcore.strategies.window cimport Window, close_window, event_price, mean, open_window, push


cdef struct Symbol:
    Window short
    Window long
    int8_t trend             # 1 up, -1 down, 0 not known yet

cdef struct State:
    double weight            # of equity, a symbol
    int8_t allow_short
    Symbol* symbols


cdef class MaCrossover(Handler):
    cdef State own
    cdef int32_t n_symbols

    def __init__(self, params, int32_t n_symbols):
        cdef int32_t i
        self.own.weight = params.weight / n_symbols
        self.own.allow_short = params.allow_short
        self.own.symbols = <Symbol*> calloc(n_symbols, sizeof(Symbol))
        if self.own.symbols == NULL:
            raise MemoryError
        self.n_symbols = n_symbols
        for i in range(n_symbols):
            if open_window(&self.own.symbols[i].short, params.short_period) < 0:
                raise MemoryError
            if open_window(&self.own.symbols[i].long, params.long_period) < 0:
                raise MemoryError
        self.state = &self.own
        self.on_event = on_event
        self.kinds = 1 << BAR | 1 << QUOTE | 1 << TRADE

    def __dealloc__(self):
        cdef int32_t i
        for i in range(self.n_symbols):
            close_window(&self.own.symbols[i].short)
            close_window(&self.own.symbols[i].long)
        free(self.own.symbols)


cdef int on_event(void* state, const Market* market, const Account* account, Outbox* out) noexcept nogil:
    cdef State* own = <State*> state
    cdef Symbol* symbol
    cdef double px, fast, slow, target
    cdef int8_t trend
    if market.kind > BAR:
        return 0
    px = event_price(market)
    if isnan(px):
        return 0
    symbol = &own.symbols[market.symbol]
    push(&symbol.short, px)
    if not push(&symbol.long, px):
        return 0
    fast, slow = mean(&symbol.short), mean(&symbol.long)
    if fabs(fast - slow) <= 1e-12 * slow:  # a flat market's rounding is no crossing
        return 0
    trend = 1 if fast > slow else -1
    if trend == symbol.trend:
        return 0
    symbol.trend = trend
    target = own.weight if trend > 0 else (-own.weight if own.allow_short else 0.0)
    return order_target_percent(market, account, out, market.symbol, target) < 0
