"""Holds while the short exponential mean of prices is above the long one."""

cimport cython
from libc.math cimport INFINITY
from libc.stdint cimport int64_t, int8_t

from btcore.model cimport BAR, QUOTE, TRADE
from btcore.feed.prices cimport next_mark
from btcore.strategies.builtin.signal cimport Signal, SignalState, scan_with
from btcore.feed.stream cimport Stream


cdef struct Terms:
    double short_share       # of the newest price: 2 / (period + 1)
    double long_share
    int64_t period           # the long one: prices until the first decision
    int8_t below             # the stance while the short mean is below

cdef struct Symbol:
    double short
    double long
    int64_t count            # prices so far


@cython.final
cdef class EmaCrossover(Signal):
    cdef Terms terms

    def __init__(self, params, int n_symbols):
        self.terms.short_share = 2.0 / (params.short_period + 1)
        self.terms.long_share = 2.0 / (params.long_period + 1)
        self.terms.period = params.long_period
        self.terms.below = -1 if params.allow_short else 0
        self.follow(params, n_symbols, sizeof(Symbol), &self.terms, decide, scan)


cdef int8_t decide(const void* terms, void* symbol, double px, int8_t stance) noexcept nogil:
    cdef Symbol* own = <Symbol*> symbol
    cdef const Terms* given = <const Terms*> terms
    if own.count == 0:
        own.short = own.long = px
    own.count += 1
    own.short += given.short_share * (px - own.short)  # a flat market leaves both where they are, without rounding
    own.long += given.long_share * (px - own.long)
    if own.count < given.period:
        return stance
    # Without a branch: of many symbols in turn none could be foreseen.
    return <int8_t> (
        (own.short > own.long) + (own.short < own.long) * given.below + (own.short == own.long) * stance
    )


cdef inline int64_t scan_kind(
    int kind, SignalState* own, const Stream* stream, int64_t row, int64_t end
) noexcept nogil:
    """As `decide`, once it has seen enough: the two means are all there is to carry from price to price."""
    cdef const Terms* terms = <const Terms*> own.terms
    cdef Symbol* symbol = <Symbol*> (own.symbols + stream.symbol * own.size)
    cdef int8_t held = own.stances[stream.symbol]
    cdef double above = INFINITY if held == 1 else 0.0  # where the difference of the means would change the stance
    cdef double below = -INFINITY if held == terms.below else 0.0
    cdef double short = symbol.short, long = symbol.long, px
    cdef double short_share = terms.short_share, long_share = terms.long_share
    cdef int64_t i = row
    while i < end:
        px = next_mark(kind, stream, i)
        short += short_share * (px - short)
        long += long_share * (px - long)
        if short - long > above or short - long < below:
            own.ahead = 1
            own.decided = 1 if short > long else terms.below
            break
        i += 1
    symbol.short, symbol.long = short, long
    symbol.count += i - row + (i < end)
    return i


cdef int64_t scan(void* state, const Stream* stream, int64_t row, int64_t end) noexcept nogil:
    cdef SignalState* own = <SignalState*> state
    cdef const Symbol* symbol = <const Symbol*> (own.symbols + stream.symbol * own.size)
    cdef int64_t known = min(end, row + max((<const Terms*> own.terms).period - symbol.count, 0))
    cdef int64_t i = scan_with(decide, state, stream, row, known)
    if i < known or i == end:
        return i
    if stream.kind == QUOTE:
        return scan_kind(QUOTE, own, stream, i, end)
    if stream.kind == TRADE:
        return scan_kind(TRADE, own, stream, i, end)
    return scan_kind(BAR, own, stream, i, end)
