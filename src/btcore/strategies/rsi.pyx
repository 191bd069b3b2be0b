"""Buys when Wilder's relative strength index is low and sells when it is high."""

from libc.math cimport fmax, isnan
from libc.stdint cimport int32_t, int64_t, int8_t
from libc.stdlib cimport calloc, free

from btcore.contract cimport Handler, order_target_percent
from btcore.model cimport Account, BAR, Market, Outbox, QUOTE, TRADE
from btcore.strategies.window cimport event_price


cdef struct Symbol:
    double last
    double gain              # Wilder's mean of the rises; a plain sum until `period` changes are in
    double loss
    int64_t count            # prices so far
    int8_t stance            # 1 long, -1 short, 0 flat

cdef struct State:
    double weight            # of equity, a symbol
    int64_t period
    double oversold
    double overbought
    int8_t allow_short
    Symbol* symbols


cdef class Rsi(Handler):
    cdef State own

    def __init__(self, params, int32_t n_symbols):
        self.own.weight = params.weight / n_symbols
        self.own.period = params.period
        self.own.oversold = params.oversold
        self.own.overbought = params.overbought
        self.own.allow_short = params.allow_short
        self.own.symbols = <Symbol*> calloc(n_symbols, sizeof(Symbol))
        if self.own.symbols == NULL:
            raise MemoryError
        self.state = &self.own
        self.on_event = on_event
        self.kinds = 1 << BAR | 1 << QUOTE | 1 << TRADE

    def __dealloc__(self):
        free(self.own.symbols)


cdef double next_rsi(Symbol* symbol, int64_t period, double px) noexcept nogil:
    """The index after `px`, 0 to 100; 50 in a market that has not moved; negative until `period` changes are in."""
    cdef double change = px - symbol.last
    symbol.last = px
    symbol.count += 1
    if symbol.count == 1:
        return -1.0
    if symbol.count <= period + 1:
        symbol.gain += fmax(change, 0.0)
        symbol.loss += fmax(-change, 0.0)
        if symbol.count <= period:
            return -1.0
        symbol.gain /= period
        symbol.loss /= period
    else:
        symbol.gain += (fmax(change, 0.0) - symbol.gain) / period
        symbol.loss += (fmax(-change, 0.0) - symbol.loss) / period
    if symbol.gain + symbol.loss == 0.0:
        return 50.0
    return 100.0 * symbol.gain / (symbol.gain + symbol.loss)


cdef int on_event(void* state, const Market* market, const Account* account, Outbox* out) noexcept nogil:
    cdef State* own = <State*> state
    cdef Symbol* symbol
    cdef double px, rsi
    cdef int8_t stance
    if market.kind > BAR:
        return 0
    px = event_price(market)
    if isnan(px):
        return 0
    symbol = &own.symbols[market.symbol]
    rsi = next_rsi(symbol, own.period, px)
    if rsi < 0.0:
        return 0
    stance = symbol.stance
    if rsi <= own.oversold:
        stance = 1
    elif rsi >= own.overbought:
        stance = -1 if own.allow_short else 0
    if stance == symbol.stance:
        return 0
    symbol.stance = stance
    return order_target_percent(market, account, out, market.symbol, stance * own.weight) < 0
