"""A plain run of market orders known in advance, simulated from order to order instead of event to event.

An order between two events is checked at the mark of the first. On quotes it fills at once at the current quote. On
trades and bars it fills at the first one that begins at or after the order's time. An order before the first event
waits for that event. Marks between orders are read only if one of them could cause a margin call.
"""

cimport cython
from libc.math cimport INFINITY
from libc.stdint cimport int64_t, int8_t

import numpy as np

from btcore.fastpath.account cimport (
    add_open, admit, clear_open, fill_order, is_at_risk, margin_may_fail, open_plain_account, set_mark, set_quote
)
from btcore.fastpath.order_records cimport OrderRecords
from btcore.feed.prices cimport mark_of, market_px, size_of
from btcore.feed.search cimport first_at
from btcore.feed.stream cimport first_delivered
from btcore.feed.tape cimport Stream, Tape, delivery
from btcore.model cimport END_OF_DATA, NONE, NO_CASH, QUOTE


@cython.final
cdef class OrderRun(OrderRecords):
    """One run of market orders over a tape of one stream, with the interface of `Engine`.

    `sent` (ns UTC, ascending), `side` (1 or -1) and `quantity` are columns of one length. If `needs_engine` becomes
    True, the run has a case that only the engine simulates, and no record of this object is valid.
    """
    cdef int64_t next_order          # index of the next order to send
    cdef int64_t first_open          # index of the first order that may still be open
    cdef int64_t n_seen              # events before the current time
    cdef int64_t unchecked           # first event whose mark was not yet checked for margin with the current position
    cdef double lowest               # of all marks; inf until they are needed
    cdef double highest              # of all marks; -inf until they are needed
    cdef bint needs_size             # slippage depends on the size shown
    cdef readonly bint needs_engine

    def __init__(
        self, Tape tape not None, const int64_t[::1] sent not None, const int8_t[:] side not None,
        const double[:] quantity not None, instrument, execution, double initial_capital, int64_t start,
        int64_t mark_every,
    ):
        if tape.n_streams != 1 or tape.n_events == 0 or not sent.shape[0] == side.shape[0] == quantity.shape[0]:
            raise ValueError(
                f"order run: {tape.n_streams} streams, {tape.n_events} rows, columns of {sent.shape[0]}, "
                f"{side.shape[0]} and {quantity.shape[0]} orders; 1 stream with rows and equal lengths are required"
            )
        self.tape = tape
        self.stream = tape.streams[0]
        self.sent, self.side, self.quantity = sent, side, quantity
        self.rows = np.empty(sent.shape[0], np.int64)
        self.reasons = np.empty(sent.shape[0], np.int8)
        self.paid = np.empty(sent.shape[0])
        self.instrument, self.execution, self.capital = instrument, execution, initial_capital
        self.start = self.now = start
        self.mark_every = mark_every
        self.lowest, self.highest = INFINITY, -INFINITY
        self.needs_size = execution.slippage_volume or execution.slippage_sqrt
        open_plain_account(&self.plain, instrument, execution, initial_capital, self.stream.kind)

    def advance(self, int64_t n):
        """Processes up to `n` more orders. Returns True while orders are left."""
        cdef bint is_over
        with nogil:
            is_over = self.play_orders(n)
        return not is_over

    def finish(self):
        """Processes the events after the last order; orders still open expire."""
        with nogil:
            self.end_run()

    cdef bint play_orders(self, int64_t n) noexcept nogil:
        """Processes up to `n` orders. Returns True if none is left, or if the engine is needed."""
        cdef int64_t last = delivery(&self.stream, self.stream.n - 1), moment, stop
        stop = min(self.next_order + n, self.sent.shape[0])
        while self.next_order < stop:
            moment = max(self.sent[self.next_order], self.start)
            if moment > last:
                return True
            if not self.play_events(
                first_delivered(&self.stream, self.n_seen, moment)
            ) or not self.receive_order(self.next_order, moment):
                self.needs_engine = True
                return True
            self.next_order += 1
            self.now = moment
        return self.next_order == self.sent.shape[0]

    cdef bint receive_order(self, int64_t i, int64_t moment) noexcept nogil:
        """Handles the arrival of order `i`. Returns False if the engine is needed, as do the methods below."""
        cdef const Stream* stream = &self.stream
        cdef int64_t row = self.n_seen - 1
        self.n_sent = i + 1
        self.rows[i] = -1
        self.reasons[i] = NONE
        if self.n_seen == 0:
            return True  # it waits for the first price
        if stream.kind != QUOTE:
            set_mark(&self.plain, mark_of(stream, row))
            self.reasons[i] = <int8_t> admit(&self.plain, self.side[i], self.quantity[i])
            return True
        set_quote(&self.plain, stream.a[row], stream.b[row])
        self.reasons[i] = <int8_t> admit(&self.plain, self.side[i], self.quantity[i])
        self.first_open = i + 1
        if self.reasons[i] != NONE:
            return True
        if not self.margin_holds(self.n_seen):
            return False
        self.execute(i, row, moment)
        self.unchecked = row
        clear_open(&self.plain)
        return True

    cdef bint play_events(self, int64_t stop) noexcept nogil:
        """Processes the events before row `stop`; only rows that fill orders are read."""
        cdef int64_t row
        while self.first_open < self.n_sent:
            if self.reasons[self.first_open] != NONE:
                self.first_open += 1
                continue
            row = 0
            if self.plain.ticker.priced:
                row = first_at(self.stream.ts, self.n_seen, self.stream.n, self.sent[self.first_open])
            if row >= stop:
                break
            if not self.fill_waiting(row):
                return False
            self.n_seen = row + 1
        self.n_seen = stop
        return True

    cdef bint fill_waiting(self, int64_t row) noexcept nogil:
        """Fills the orders that wait for the event at `row`, then sets its mark."""
        cdef const Stream* stream = &self.stream
        cdef int64_t i
        if not self.plain.ticker.priced:
            self.admit_waiting()
        if not self.margin_holds(row):
            return False
        while self.first_open < self.n_sent and self.sent[self.first_open] <= stream.ts[row]:
            if self.reasons[self.first_open] == NONE:
                self.execute(self.first_open, row, stream.ts[row])
            self.first_open += 1
        set_mark(&self.plain, mark_of(stream, row))
        self.unchecked = row
        clear_open(&self.plain)
        for i in range(self.first_open, self.n_sent):
            if self.reasons[i] == NONE:
                add_open(&self.plain, self.side[i], self.quantity[i])
        return True

    cdef void admit_waiting(self) noexcept nogil:
        """At the first event: checks the orders sent before it, at the price they will fill at."""
        cdef int64_t i
        if self.stream.kind == QUOTE:
            set_quote(&self.plain, self.stream.a[0], self.stream.b[0])
        else:
            set_mark(&self.plain, market_px(&self.stream, 0, 1))
        for i in range(self.first_open, self.n_sent):
            self.reasons[i] = <int8_t> admit(&self.plain, self.side[i], self.quantity[i])

    cdef void execute(self, int64_t i, int64_t row, int64_t ts) noexcept nogil:
        """Fills order `i` at the price of `row`, or the part that can be paid."""
        cdef const Stream* stream = &self.stream
        cdef int8_t side = self.side[i]
        cdef double size = size_of(stream, row, side) if self.needs_size else INFINITY
        cdef double qty = self.quantity[i]
        cdef double filled = fill_order(&self.plain, side, qty, market_px(stream, row, side), size, ts)
        self.rows[i] = row
        if filled < qty:
            self.reasons[i] = NO_CASH
            self.paid[i] = filled
            self.n_cut += 1
        self.n_filled += filled > 0.0

    cdef bint margin_holds(self, int64_t stop) noexcept nogil:
        """True if no mark before row `stop` may cause a margin call with the current position."""
        cdef int64_t row
        if not is_at_risk(&self.plain):
            return True
        if self.lowest > self.highest:
            self.find_extremes()
        if not margin_may_fail(&self.plain, self.lowest if self.plain.position.qty > 0.0 else self.highest):
            return True
        for row in range(self.unchecked, stop):
            if margin_may_fail(&self.plain, mark_of(&self.stream, row)):
                return False
        return True

    cdef void find_extremes(self) noexcept nogil:
        """Finds the lowest and the highest of all marks."""
        cdef const Stream* stream = &self.stream
        cdef double mark, lowest = INFINITY, highest = -INFINITY
        cdef int64_t row
        for row in range(stream.n):
            mark = mark_of(stream, row)
            lowest = mark if mark < lowest else lowest
            highest = mark if mark > highest else highest
        self.lowest, self.highest = lowest, highest

    cdef void end_run(self) noexcept nogil:
        """Processes the remaining events; orders still open expire with END_OF_DATA."""
        cdef int64_t i, n = self.stream.n
        if self.needs_engine or not self.play_events(n) or not self.margin_holds(n):
            self.needs_engine = True
            return
        set_mark(&self.plain, mark_of(&self.stream, n - 1))
        self.now = delivery(&self.stream, n - 1)
        self.n_done = n
        for i in range(self.first_open, self.n_sent):
            if self.reasons[i] == NONE:
                self.reasons[i] = END_OF_DATA
        self.n_arrived = self.n_sent
        for i in range(self.n_sent, self.sent.shape[0]):
            self.rows[i] = -1
            self.reasons[i] = END_OF_DATA
        self.n_sent = self.sent.shape[0]
