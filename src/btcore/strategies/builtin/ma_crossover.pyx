"""Long while the mean of the last `short_period` prices is above the mean of the last `long_period`.

The rule exists three times and all must decide the same: `decide` (one price), `scan_rows` (a loop over rows), and
`find_crossings` in `fastpath/decisions.pxd` (64 bars at once).
"""

cimport cython
from libc.math cimport fabs
from libc.stdint cimport int64_t, int8_t

from btcore.feed.prices cimport next_mark
from btcore.feed.stream cimport Stream
from btcore.model cimport BAR, QUOTE, TRADE
from btcore.strategies.builtin.signal cimport Signal, SignalState, scan_with
from btcore.strategies.builtin.window cimport Window, is_full, mean, push


cdef struct Params:
    int8_t below             # stance while the short mean is below: 0 or -1

cdef struct Symbol:
    Window short
    Window long


@cython.final
cdef class MaCrossover(Signal):
    cdef Params params

    def __init__(self, params, int n_symbols):
        cdef Symbol* symbols
        cdef int i
        self.params.below = -1 if params.allow_short else 0
        self.setup(params, n_symbols, sizeof(Symbol), &self.params, decide, scan)
        symbols = <Symbol*> self.signal.symbols
        for i in range(n_symbols):
            self.open_window(&symbols[i].short, params.short_period)
            self.open_window(&symbols[i].long, params.long_period)


cdef inline int8_t stance_of(double fast, double slow, int8_t below, int8_t stance) noexcept nogil:
    """1 or `below`, by which mean is higher; unchanged if they are equal up to rounding."""
    if fabs(fast - slow) <= 1e-12 * slow:
        return stance
    return 1 if fast > slow else below


cdef int8_t decide(const void* params, void* symbol, double px, int8_t stance) noexcept nogil:
    """Must equal `scan_rows` below and `find_crossings` in `fastpath/decisions.pxd`."""
    cdef Symbol* windows = <Symbol*> symbol
    push(&windows.short, px)
    push(&windows.long, px)
    if not is_full(&windows.long):
        return stance
    return stance_of(mean(&windows.short), mean(&windows.long), (<const Params*> params).below, stance)


cdef inline int64_t scan_rows(
    int kind, SignalState* signal, Symbol* symbol, const Stream* stream, int64_t row, int64_t end
) noexcept nogil:
    """Must equal `decide` at each row. The windows are full and do not wrap within the rows."""
    cdef double* shorts = symbol.short.items + symbol.short.at - row
    cdef double* longs = symbol.long.items + symbol.long.at - row
    cdef double short = symbol.short.sum, long = symbol.long.sum, px
    cdef double inverse_short = symbol.short.inverse, inverse_long = symbol.long.inverse
    cdef int8_t below = (<const Params*> signal.params).below, held = signal.stances[stream.symbol], stance = held
    cdef int64_t i = row
    while i < end and stance == held:
        px = next_mark(kind, stream, i)
        short += px - shorts[i]
        long += px - longs[i]
        shorts[i] = longs[i] = px
        stance = stance_of(short * inverse_short, long * inverse_long, below, held)
        i += 1
    symbol.short.sum, symbol.long.sum = short, long
    symbol.short.at += i - row
    symbol.long.at += i - row
    if stance == held:
        return i
    signal.scanned_next = 1
    signal.next_stance = stance
    return i - 1


cdef inline int64_t scan_kind(
    int kind, SignalState* signal, const Stream* stream, int64_t row, int64_t end
) noexcept nogil:
    """Runs `scan_rows` between wraps of the windows, and `decide` at a row where one wraps."""
    cdef Symbol* symbol = <Symbol*> (signal.symbols + stream.symbol * signal.size)
    cdef int64_t until
    while row < end and not signal.scanned_next:
        until = row
        if is_full(&symbol.long):
            until += min(symbol.short.size - symbol.short.at, symbol.long.size - symbol.long.at) - 1
        if until > row:
            row = scan_rows(kind, signal, symbol, stream, row, min(until, end))
        else:
            row = scan_with(decide, signal, stream, row, row + 1)
    return row


cdef int64_t scan(void* state, const Stream* stream, int64_t row, int64_t end) noexcept nogil:
    if stream.kind == QUOTE:
        return scan_kind(QUOTE, <SignalState*> state, stream, row, end)
    if stream.kind == TRADE:
        return scan_kind(TRADE, <SignalState*> state, stream, row, end)
    return scan_kind(BAR, <SignalState*> state, stream, row, end)
