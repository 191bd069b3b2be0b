"""What the built-in strategies share: each turns a symbol's prices into a stance, and the stance into an order."""

from cpython.bytearray cimport PyByteArray_AS_STRING
from libc.math cimport isnan
from libc.stdint cimport int32_t, int64_t, int8_t

from btcore.contract cimport Handler, order_target_percent, scan_t
from btcore.model cimport Account, BAR, Market, Outbox, QUOTE, TRADE
from btcore.strategies.builtin.window cimport Window, open_window


cdef class Signal(Handler):
    """Keeps a stance a symbol; on a change, orders `weight` of equity, shared equally, to that side."""

    cdef void* allot(self, Py_ssize_t count, size_t size) except NULL:
        """Zeroed memory that lives as long as the strategy."""
        block = bytearray(max(1, count * <Py_ssize_t> size))
        if self.blocks is None:
            self.blocks = []
        self.blocks.append(block)
        return PyByteArray_AS_STRING(block)

    cdef int open(self, Window* window, int64_t size) except -1:
        open_window(window, <double*> self.allot(size, sizeof(double)), size)
        return 0

    cdef int follow(
        self, params, int n_symbols, size_t size, const void* terms, decide_t decide, scan_t scan
    ) except -1:
        """Makes ready: `size` bytes of memory a symbol, and `decide` to be asked at every price."""
        self.signal.weight = params.weight / n_symbols
        self.signal.decide = decide
        self.signal.act = act
        self.signal.terms = terms
        self.signal.size = size
        self.signal.symbols = <char*> self.allot(n_symbols, size)
        self.signal.stances = <int8_t*> self.allot(n_symbols, sizeof(int8_t))
        self.state = &self.signal
        self.on_event = on_event
        self.scan = scan
        self.kinds = 1 << BAR | 1 << QUOTE | 1 << TRADE
        return 0


cdef int on_event(void* state, const Market* market, const Account* account, Outbox* out) noexcept nogil:
    cdef SignalState* own = <SignalState*> state
    cdef int32_t s = market.symbol
    cdef int8_t stance
    cdef double px
    if own.ahead:
        own.ahead = 0
        stance = own.decided
    else:
        px = event_price(market)
        if isnan(px):
            return 0
        stance = own.decide(own.terms, own.symbols + s * own.size, px, own.stances[s])
    if stance == own.stances[s]:
        return 0
    return own.act(own, market, account, out, stance)


cdef int act(void* state, const Market* market, const Account* account, Outbox* out, int8_t stance) noexcept nogil:
    cdef SignalState* own = <SignalState*> state
    own.stances[market.symbol] = stance
    return order_target_percent(market, account, out, market.symbol, stance * own.weight) < 0
