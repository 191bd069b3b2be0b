"""Long while the short exponential mean of prices is above the long one."""

cimport cython
from libc.stdint cimport int64_t, int8_t

from btcore.feed.stream cimport Stream
from btcore.memory cimport AHEAD, prefetch
from btcore.model cimport BAR, QUOTE, TRADE
from btcore.strategies.builtin.signal cimport Signal, SignalState, scan_with


cdef enum:
    LINE = 8                 # prices in a cache line

cdef struct Params:
    double short_share       # weight of the newest price: 2 / (period + 1)
    double long_share
    int64_t period           # of the long mean: prices until the first decision
    int8_t below             # stance while the short mean is below: 0 or -1

cdef struct Symbol:
    double short             # the short mean
    double long              # the long mean
    int64_t count            # prices so far


@cython.final
cdef class EmaCrossover(Signal):
    cdef Params params

    def __init__(self, params, int n_symbols):
        self.params.short_share = 2.0 / (params.short_period + 1)
        self.params.long_share = 2.0 / (params.long_period + 1)
        self.params.period = params.long_period
        self.params.below = -1 if params.allow_short else 0
        self.setup(params, n_symbols, sizeof(Symbol), &self.params, decide, scan)


cdef int8_t decide(const void* params, void* symbol, double px, int8_t stance) noexcept nogil:
    """Must equal `scan_rows` below, which is `decide` in a loop over rows."""
    cdef Symbol* means = <Symbol*> symbol
    cdef const Params* p = <const Params*> params
    if means.count == 0:
        means.short = means.long = px
    means.count += 1
    means.short += p.short_share * (px - means.short)  # exact where the price equals the mean
    means.long += p.long_share * (px - means.long)
    if means.count < p.period:
        return stance
    # Without branches, which the CPU cannot predict when many symbols alternate.
    return <int8_t> (
        (means.short > means.long) + (means.short < means.long) * p.below + (means.short == means.long) * stance
    )


cdef inline int64_t scan_rows(
    int kind, bint held_above, const Params* p, Symbol* symbol, const Stream* stream, int64_t row, int64_t end
) noexcept nogil:
    """The first row at which the short mean crosses the long one, which it is above if `held_above`; `end` if none.

    Must equal `decide` at each row, once it has seen `period` prices. `kind` and `held_above` are constants of the
    loop, in which only the two means change from row to row; rows are prefetched by cache lines.
    """
    cdef double short = symbol.short, long = symbol.long, px
    cdef double short_share = p.short_share, long_share = p.long_share
    cdef const double* column = stream.d if kind == BAR else stream.a
    cdef int64_t i = row, until
    cdef bint crosses = False
    while i < end and not crosses:
        prefetch(column + i + AHEAD)
        if kind == QUOTE:
            prefetch(stream.b + i + AHEAD)
        until = min(end, i + LINE)
        while i < until:
            px = 0.5 * (column[i] + stream.b[i]) if kind == QUOTE else column[i]
            short += short_share * (px - short)
            long += long_share * (px - long)
            if (short < long) if held_above else (short > long):
                crosses = True
                break
            i += 1
    symbol.short, symbol.long = short, long
    symbol.count += i - row + crosses
    return i


cdef inline int64_t scan_kind(
    int kind, SignalState* signal, const Stream* stream, int64_t row, int64_t end
) noexcept nogil:
    """Runs `scan_rows`; until the means have crossed once, which decides the first stance, it runs `decide`."""
    cdef const Params* p = <const Params*> signal.params
    cdef Symbol* symbol = <Symbol*> (signal.symbols + stream.symbol * signal.size)
    cdef int8_t held = signal.stances[stream.symbol]
    cdef int64_t i
    if held == 1:
        i = scan_rows(kind, True, p, symbol, stream, row, end)
    elif held == p.below:
        i = scan_rows(kind, False, p, symbol, stream, row, end)
    else:
        return scan_with(decide, signal, stream, row, end)
    if i < end:
        signal.scanned_next = 1
        signal.next_stance = p.below if held == 1 else 1
    return i


cdef int64_t scan(void* state, const Stream* stream, int64_t row, int64_t end) noexcept nogil:
    """Runs `decide` until the means are known, then the loop of `scan_kind` for the kind of row."""
    cdef SignalState* signal = <SignalState*> state
    cdef const Symbol* symbol = <const Symbol*> (signal.symbols + stream.symbol * signal.size)
    cdef int64_t known = min(end, row + max((<const Params*> signal.params).period - symbol.count, 0))
    cdef int64_t i = scan_with(decide, state, stream, row, known)
    if i < known or i == end:
        return i
    if stream.kind == QUOTE:
        return scan_kind(QUOTE, signal, stream, i, end)
    if stream.kind == TRADE:
        return scan_kind(TRADE, signal, stream, i, end)
    return scan_kind(BAR, signal, stream, i, end)
