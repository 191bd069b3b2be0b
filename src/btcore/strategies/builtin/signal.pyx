"""Base of the built-in strategies: memory, and the C function that the engine calls."""

from cpython.bytearray cimport PyByteArray_AS_STRING
from libc.math cimport isnan
from libc.stdint cimport int32_t, int64_t, int8_t

from btcore.contract cimport Handler, order_target_percent, scan_t
from btcore.feed.stream cimport Stream
from btcore.feed.tape cimport Tape
from btcore.model cimport Account, BAR, Market, Outbox, QUOTE, TRADE
from btcore.strategies.builtin.window cimport Window, open_window as open_empty_window


cdef class Signal(Handler):
    """Base class. It has one stance per symbol; a change sends an order for the symbol's equal part of `weight`."""

    cdef void* allocate(self, Py_ssize_t count, size_t size) except NULL:
        """Zeroed memory that lives as long as the handler."""
        block = bytearray(max(1, count * <Py_ssize_t> size))
        if self.blocks is None:
            self.blocks = []
        self.blocks.append(block)
        return PyByteArray_AS_STRING(block)

    cdef int open_window(self, Window* window, int64_t size) except -1:
        """Gives a window its memory for `size` prices."""
        open_empty_window(window, <double*> self.allocate(size, sizeof(double)), size)
        return 0

    cdef int setup(
        self, given, int n_symbols, size_t size, const void* params, decide_t decide, scan_t scan
    ) except -1:
        """Sets up the handler: `size` bytes of state per symbol, and `params` for `decide`.

        `given` is the strategy's parameter struct of `registry`.
        """
        self.given, self.n_symbols = given, n_symbols
        self.signal.weight = given.weight / n_symbols
        self.signal.decide = decide
        self.signal.act = act
        self.signal.params = params
        self.signal.size = size
        self.signal.symbols = <char*> self.allocate(n_symbols, size)
        self.signal.stances = <int8_t*> self.allocate(n_symbols, sizeof(int8_t))
        self.state = &self.signal
        self.on_event = on_event
        self.scan = scan
        self.kinds = 1 << BAR | 1 << QUOTE | 1 << TRADE
        return 0

    def renewed(self):
        """A handler of the same parameters for another run."""
        return type(self)(self.given, self.n_symbols)

    def see_history(self, Tape tape not None):
        """Takes the prices of the rows before the run; no stance changes, so that the run begins flat."""
        cdef const Stream* stream
        cdef int64_t row, end
        cdef int32_t i, symbol = -1
        for i in range(tape.n_streams):
            stream = &tape.streams[i]
            if stream.symbol == symbol:
                continue  # the first stream of a symbol sets its mark
            symbol = stream.symbol
            row, end = 0, tape.history[i]
            while row < end:
                row = self.scan(self.state, stream, row, end)
                if row < end:  # at this row a stance would change
                    self.signal.scanned_next = 0
                    row += 1


cdef int on_event(void* state, const Market* market, const Account* account, Outbox* out) noexcept nogil:
    """Decides the stance at an event that sets the mark of its symbol, and sends an order if it has changed."""
    cdef SignalState* signal = <SignalState*> state
    cdef int32_t s = market.symbol
    cdef int8_t stance
    cdef double px
    if signal.scanned_next:
        signal.scanned_next = 0
        stance = signal.next_stance
    else:
        px = event_price(market)
        if isnan(px):
            return 0
        stance = signal.decide(signal.params, signal.symbols + s * signal.size, px, signal.stances[s])
    if stance == signal.stances[s]:
        return 0
    return signal.act(signal, market, account, out, stance)


cdef int act(void* state, const Market* market, const Account* account, Outbox* out, int8_t stance) noexcept nogil:
    """Stores the new stance and sends its order."""
    cdef SignalState* signal = <SignalState*> state
    signal.stances[market.symbol] = stance
    return order_target_percent(market, account, out, market.symbol, stance * signal.weight) < 0
