"""Buys a price far below its rolling mean and sells when it has come back."""

from libc.math cimport isnan
from libc.stdint cimport int32_t, int8_t
from libc.stdlib cimport calloc, free

from btcore.contract cimport Handler, order_target_percent
from btcore.model cimport Account, BAR, Market, Outbox, QUOTE, TRADE
from btcore.strategies.window cimport Window, close_window, deviation, event_price, mean, open_window, push


cdef struct Symbol:
    Window past
    int8_t stance            # 1 long, -1 short, 0 flat

cdef struct State:
    double weight            # of equity, a symbol
    double entry_z
    double exit_z
    int8_t allow_short
    Symbol* symbols


cdef class MeanReversion(Handler):
    cdef State own
    cdef int32_t n_symbols

    def __init__(self, params, int32_t n_symbols):
        cdef int32_t i
        self.own.weight = params.weight / n_symbols
        self.own.entry_z = params.entry_z
        self.own.exit_z = params.exit_z
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
    cdef double px, centre, spread, z
    cdef int8_t stance
    if market.kind > BAR:
        return 0
    px = event_price(market)
    if isnan(px):
        return 0
    symbol = &own.symbols[market.symbol]
    if not push(&symbol.past, px):
        return 0
    centre, spread = mean(&symbol.past), deviation(&symbol.past)
    if spread <= 1e-9 * centre:  # a flat market: its rounding is no deviation
        return 0
    z = (px - centre) / spread
    stance = symbol.stance
    if stance > 0 and z >= -own.exit_z or stance < 0 and z <= own.exit_z:
        stance = 0
    if z <= -own.entry_z:
        stance = 1
    elif own.allow_short and z >= own.entry_z:
        stance = -1
    if stance == symbol.stance:
        return 0
    symbol.stance = stance
    return order_target_percent(market, account, out, market.symbol, stance * own.weight) < 0
