"""Base of the built-in strategies: a symbol's prices determine a stance, and a change of stance sends an order.

A stance is 1 long, 0 flat or -1 short. A price is the mid of a quote, the price of a trade or the close of a bar.
"""

from libc.math cimport NAN
from libc.stdint cimport int64_t, int8_t

from btcore.contract cimport Handler, scan_t
from btcore.feed.prices cimport next_mark
from btcore.feed.stream cimport Stream
from btcore.model cimport Account, BAR, Market, Outbox, QUOTE, TRADE, Ticker
from btcore.strategies.builtin.window cimport Window

# Returns the next stance, from the strategy's parameters, the symbol's state, its newest price and current stance.
ctypedef int8_t (*decide_t)(const void* params, void* symbol, double px, int8_t stance) noexcept nogil

# Sends the order for a new stance. Called by pointer, so that this rare code is not inlined into the common path.
ctypedef int (*act_t)(
    void* state, const Market* market, const Account* account, Outbox* out, int8_t stance
) noexcept nogil


cdef struct SignalState:
    decide_t decide
    act_t act
    const void* params
    char* symbols            # state of each symbol: one record of `size` bytes
    size_t size
    int8_t* stances          # current stance, by symbol
    double weight            # share of equity per symbol
    int8_t scanned_next      # 1: a scan has processed the next event already; its stance is `next_stance`
    int8_t next_stance


cdef class Signal(Handler):
    cdef SignalState signal
    cdef list blocks         # owns the memory of the state
    cdef object given        # the strategy's parameters
    cdef int n_symbols

    cdef void* allocate(self, Py_ssize_t count, size_t size) except NULL
    cdef int open_window(self, Window* window, int64_t size) except -1
    cdef int setup(
        self, given, int n_symbols, size_t size, const void* params, decide_t decide, scan_t scan
    ) except -1


cdef inline double event_price(const Market* market) noexcept nogil:
    """Price of the event; NaN if the event is not of the kind that sets its symbol's mark."""
    cdef const Ticker* ticker = &market.tickers[market.symbol]
    if market.kind != ticker.source:
        return NAN
    if market.kind == QUOTE:
        return 0.5 * (ticker.quote.bid + ticker.quote.ask)
    return ticker.trade.px if market.kind == TRADE else ticker.bar.close


cdef inline int64_t scan_kind(
    int kind, decide_t decide, void* state, const Stream* stream, int64_t row, int64_t end
) noexcept nogil:
    """Runs `decide` over rows of one kind. Returns the first row that changes the stance, or `end`."""
    cdef SignalState* signal = <SignalState*> state
    cdef void* symbol = signal.symbols + stream.symbol * signal.size
    cdef int8_t held = signal.stances[stream.symbol], stance
    cdef int64_t i
    cdef double px
    for i in range(row, end):
        px = next_mark(kind, stream, i)
        stance = decide(signal.params, symbol, px, held)
        if stance != held:
            signal.scanned_next = 1
            signal.next_stance = stance
            return i
    return end


cdef inline int64_t scan_with(
    decide_t decide, void* state, const Stream* stream, int64_t row, int64_t end
) noexcept nogil:
    """A `scan_t` that runs `decide` over rows. One loop per kind of row keeps the inner loop free of branches."""
    if stream.kind == QUOTE:
        return scan_kind(QUOTE, decide, state, stream, row, end)
    if stream.kind == TRADE:
        return scan_kind(TRADE, decide, state, stream, row, end)
    return scan_kind(BAR, decide, state, stream, row, end)
