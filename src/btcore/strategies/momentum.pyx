"""Holds while the return over the last lookback_period prices is above a threshold."""

from libc.math cimport isnan
from libc.stdint cimport int32_t, int8_t
from libc.stdlib cimport calloc, free

from btcore.contract cimport Handler, order_target_percent
from btcore.model cimport Account, BAR, Market, Outbox, QUOTE, TRADE
from btcore.strategies.window cimport Window, close_window, event_price, open_window, push


cdef struct Symbol:
    Window past
    int8_t stance            # 1 long, -1 short, 0 flat

cdef struct State:
    double weight            # of equity, a symbol
    double threshold
    int8_t allow_short
    Symbol* symbols


cdef class Momentum(Handler):
    cdef State own
    cdef int32_t n_symbols

    def __init__(self, params, int32_t n_symbols):
        cdef int32_t i
        self.own.weight = params.weight / n_symbols
        self.own.threshold = params.threshold
        self.own.allow_short = params.allow_short
        self.own.symbols = <Symbol*> calloc(n_symbols, sizeof(Symbol))
        if self.own.symbols == NULL:
            raise MemoryError
        self.n_symbols = n_symbols
        for i in range(n_symbols):
            if open_window(&self.own.symbols[i].past, params.lookback_period) < 0:
                raise MemoryError
        self.state = &self.own
        self.on_event = on_event
        self.kinds = 1 << BAR | 1 << QUOTE | 1 << TRADE

    def __dealloc__(self):
        cdef int32_t i
        for i in range(self.n_symbols):
            close_window(&self.own.symbols[i].past)
        free(self.own.symbols)


cdef int on_event(void* state, const Market* market, const Account* account, Outbox* out) noexcept nogil:
    cdef State* own = <State*> state
    cdef Symbol* symbol
    cdef double px, old, change
    cdef int8_t stance = 0
    if market.kind > BAR:
        return 0
    px = event_price(market)
    if isnan(px):
        return 0
    symbol = &own.symbols[market.symbol]
    old = symbol.past.items[symbol.past.at]  # lookback_period prices ago, once the window is full
    if symbol.past.count == symbol.past.size:
        change = px / old - 1.0
        if change > own.threshold:
            stance = 1
        elif own.allow_short and change < -own.threshold:
            stance = -1
    push(&symbol.past, px)
    if stance == symbol.stance:
        return 0
    symbol.stance = stance
    return order_target_percent(market, account, out, market.symbol, stance * own.weight) < 0
