"""Holds while the mean of the last short_period prices is above that of the last long_period."""

cimport cython
from libc.math cimport fabs
from libc.stdint cimport int64_t, int8_t

from btcore.model cimport BAR, QUOTE, TRADE
from btcore.feed.prices cimport next_mark
from btcore.strategies.builtin.signal cimport Signal, SignalState, scan_with
from btcore.strategies.builtin.window cimport Window, is_full, mean, push
from btcore.feed.stream cimport Stream


cdef struct Terms:
    int8_t below             # the stance while the short mean is below

cdef struct Symbol:
    Window short
    Window long


@cython.final
cdef class MaCrossover(Signal):
    cdef Terms terms

    def __init__(self, params, int n_symbols):
        cdef Symbol* symbols
        cdef int i
        self.terms.below = -1 if params.allow_short else 0
        self.follow(params, n_symbols, sizeof(Symbol), &self.terms, decide, scan)
        symbols = <Symbol*> self.signal.symbols
        for i in range(n_symbols):
            self.open(&symbols[i].short, params.short_period)
            self.open(&symbols[i].long, params.long_period)


cdef inline int8_t side(double fast, double slow, int8_t below, int8_t stance) noexcept nogil:
    if fabs(fast - slow) <= 1e-12 * slow:  # a flat market's rounding is no crossing
        return stance
    return 1 if fast > slow else below


cdef int8_t decide(const void* terms, void* symbol, double px, int8_t stance) noexcept nogil:
    cdef Symbol* own = <Symbol*> symbol
    push(&own.short, px)
    push(&own.long, px)
    if not is_full(&own.long):
        return stance
    return side(mean(&own.short), mean(&own.long), (<const Terms*> terms).below, stance)


cdef inline int64_t scan_laps(
    int kind, SignalState* own, Symbol* symbol, const Stream* stream, int64_t row, int64_t end
) noexcept nogil:
    """As `decide`, of full windows that come to no end: `push` without what it does there."""
    cdef double* shorts = symbol.short.items + symbol.short.at - row
    cdef double* longs = symbol.long.items + symbol.long.at - row
    cdef double short = symbol.short.sum, long = symbol.long.sum, px
    cdef double of_short = symbol.short.inverse, of_long = symbol.long.inverse
    cdef int8_t below = (<const Terms*> own.terms).below, held = own.stances[stream.symbol], stance = held
    cdef int64_t i = row
    while i < end and stance == held:
        px = next_mark(kind, stream, i)
        short += px - shorts[i]
        long += px - longs[i]
        shorts[i] = longs[i] = px
        stance = side(short * of_short, long * of_long, below, held)
        i += 1
    symbol.short.sum, symbol.long.sum = short, long
    symbol.short.at += i - row
    symbol.long.at += i - row
    if stance == held:
        return i
    own.ahead = 1
    own.decided = stance
    return i - 1


cdef inline int64_t scan_kind(
    int kind, SignalState* own, const Stream* stream, int64_t row, int64_t end
) noexcept nogil:
    cdef Symbol* symbol = <Symbol*> (own.symbols + stream.symbol * own.size)
    cdef int64_t until
    while row < end and not own.ahead:
        until = row
        if is_full(&symbol.long):
            until += min(symbol.short.size - symbol.short.at, symbol.long.size - symbol.long.at) - 1
        if until > row:
            row = scan_laps(kind, own, symbol, stream, row, min(until, end))
        else:
            row = scan_with(decide, own, stream, row, row + 1)
    return row


cdef int64_t scan(void* state, const Stream* stream, int64_t row, int64_t end) noexcept nogil:
    if stream.kind == QUOTE:
        return scan_kind(QUOTE, <SignalState*> state, stream, row, end)
    if stream.kind == TRADE:
        return scan_kind(TRADE, <SignalState*> state, stream, row, end)
    return scan_kind(BAR, <SignalState*> state, stream, row, end)
