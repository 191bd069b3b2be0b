"""What the built-in strategies share: each turns a symbol's prices into a stance, and the stance into an order."""

from libc.math cimport NAN
from libc.stdint cimport int64_t, int8_t

from btcore.contract cimport Handler, scan_t
from btcore.model cimport Account, BAR, Market, Outbox, QUOTE, TRADE, Ticker
from btcore.strategies.builtin.window cimport Window
from btcore.feed.prices cimport next_mark
from btcore.feed.stream cimport Stream

# The next stance (1 long, -1 short, 0 flat), from the parameters, the symbol's memory, its newest price and its stance.
ctypedef int8_t (*decide_t)(const void* terms, void* symbol, double px, int8_t stance) noexcept nogil


# Takes a new stance. A pointer, so that what is rare stays out of the way of what is asked at every event.
ctypedef int (*act_t)(
    void* state, const Market* market, const Account* account, Outbox* out, int8_t stance
) noexcept nogil


cdef struct SignalState:
    decide_t decide
    act_t act
    const void* terms
    char* symbols            # one record of `size` bytes a symbol
    size_t size
    int8_t* stances
    double weight            # of equity, a symbol
    int8_t ahead             # a scan has taken in the event to come, and decided
    int8_t decided


cdef class Signal(Handler):
    cdef SignalState signal
    cdef list blocks         # owns the memory

    cdef void* allot(self, Py_ssize_t count, size_t size) except NULL
    cdef int open(self, Window* window, int64_t size) except -1
    cdef int follow(
        self, params, int n_symbols, size_t size, const void* terms, decide_t decide, scan_t scan
    ) except -1


cdef inline double event_price(const Market* market) noexcept nogil:
    """Mid, last trade or close; NaN for a stream that does not mark its symbol, and for what is no market event."""
    cdef const Ticker* ticker = &market.tickers[market.symbol]
    if market.kind != ticker.source:
        return NAN
    if market.kind == QUOTE:
        return 0.5 * (ticker.quote.bid + ticker.quote.ask)
    return ticker.trade.px if market.kind == TRADE else ticker.bar.close


cdef inline int64_t scan_kind(
    int kind, decide_t decide, void* state, const Stream* stream, int64_t row, int64_t end
) noexcept nogil:
    cdef SignalState* own = <SignalState*> state
    cdef void* symbol = own.symbols + stream.symbol * own.size
    cdef int8_t held = own.stances[stream.symbol], stance
    cdef int64_t i
    cdef double px
    for i in range(row, end):
        px = next_mark(kind, stream, i)
        stance = decide(own.terms, symbol, px, held)
        if stance != held:
            own.ahead = 1
            own.decided = stance
            return i
    return end


cdef inline int64_t scan_with(
    decide_t decide, void* state, const Stream* stream, int64_t row, int64_t end
) noexcept nogil:
    """The scan of a strategy that is all in `decide`: a loop a kind, so that nothing but prices is asked in it."""
    if stream.kind == QUOTE:
        return scan_kind(QUOTE, decide, state, stream, row, end)
    if stream.kind == TRADE:
        return scan_kind(TRADE, decide, state, stream, row, end)
    return scan_kind(BAR, decide, state, stream, row, end)
