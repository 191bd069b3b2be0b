"""Orders known before the run, in plain terms: played from order to order, not from event to event.

An order that comes between two events is checked with the mark the first has left. On quotes it meets the one that
stands, at once; on prints and bars the first that begins no earlier than it came. What came before the first event
waits for it. Between orders the marks are looked at only where one of them could end the account.
"""

cimport cython
from libc.math cimport INFINITY
from libc.stdint cimport int64_t, int8_t

import numpy as np

from btcore.fastpath.account cimport NOT_MINE, arrive, fill, is_at_risk, keep, open_book, risks, see, see_quote, settle
from btcore.fastpath.order_records cimport OrderRecords
from btcore.feed.prices cimport first_from, mark_of, seen_px, seen_size
from btcore.model cimport END_OF_DATA, NONE, QUOTE
from btcore.feed.tape cimport Stream, Tape, delivery


@cython.final
cdef class OrderRun(OrderRecords):
    """One run of orders over a tape of one stream, driven and read as an `Engine` is.

    `sent` (by time), `side` and `quantity` are columns of one length. Once it has `given_up`, it stands for nothing:
    something rare has come up, and the run is the engine's.
    """
    cdef int64_t at                  # the next order
    cdef int64_t head                # the first that may still wait
    cdef int64_t seen                # events before the present moment
    cdef int64_t looked              # the first event whose mark has not been looked at with the present position
    cdef double lowest               # of all marks; inf until they are asked for
    cdef double highest
    cdef bint minds_size             # slippage grows with the share of what is shown
    cdef readonly bint given_up

    def __init__(
        self, Tape tape not None, const int64_t[::1] sent not None, const int8_t[:] side not None,
        const double[:] quantity not None, instrument, execution, double initial_capital, int64_t start,
        int64_t mark_every,
    ):
        if tape.n_streams != 1 or tape.n_events == 0 or not sent.shape[0] == side.shape[0] == quantity.shape[0]:
            raise ValueError("one stream with rows, and columns of one length are needed")
        self.tape = tape
        self.stream = tape.streams[0]
        self.sent, self.side, self.quantity = sent, side, quantity
        self.rows = np.empty(sent.shape[0], np.int64)
        self.reasons = np.empty(sent.shape[0], np.int8)
        self.instrument, self.execution, self.capital = instrument, execution, initial_capital
        self.start = self.now = start
        self.mark_every = mark_every
        self.lowest, self.highest = INFINITY, -INFINITY
        self.minds_size = execution.slippage_volume or execution.slippage_sqrt
        open_book(&self.book, instrument, execution, initial_capital, self.stream.kind)

    def advance(self, int64_t n):
        """Plays up to `n` more orders; True while some are left."""
        cdef bint is_over
        with nogil:
            is_over = self.play(n)
        return not is_over

    def finish(self):
        """The events after the last order: what still waits expires."""
        with nogil:
            self.end()

    cdef bint play(self, int64_t n) noexcept nogil:
        """True if nothing is left to be played."""
        cdef int64_t last = delivery(&self.stream, self.stream.n - 1), moment, stop
        stop = min(self.at + n, self.sent.shape[0])
        while self.at < stop:
            moment = max(self.sent[self.at], self.start)
            if moment > last:
                return True
            if not self.pass_events(
                first_from(self.stream.ts, self.stream.n, self.stream.interval, self.seen, moment)
            ) or not self.receive(self.at, moment):
                self.given_up = True
                return True
            self.at += 1
            self.now = moment
        return self.at == self.sent.shape[0]

    cdef bint receive(self, int64_t i, int64_t moment) noexcept nogil:
        """An order arrives. False if this is not for us; likewise below."""
        cdef const Stream* stream = &self.stream
        cdef int64_t row = self.seen - 1
        self.n_sent = i + 1
        self.rows[i] = -1
        self.reasons[i] = NONE
        if self.seen == 0:
            return True  # it waits for a price
        if stream.kind != QUOTE:
            see(&self.book, mark_of(stream, row))
            self.reasons[i] = <int8_t> arrive(&self.book, self.side[i], self.quantity[i])
            return True
        see_quote(&self.book, stream.a[row], stream.b[row])
        self.reasons[i] = <int8_t> arrive(&self.book, self.side[i], self.quantity[i])
        self.head = i + 1
        if self.reasons[i] != NONE:
            return True
        if not self.margin_holds(self.seen) or not self.execute(i, row, moment):
            return False
        self.looked = row
        settle(&self.book)
        return True

    cdef bint pass_events(self, int64_t stop) noexcept nogil:
        """The events before row `stop`: those that fill orders, one by one."""
        cdef int64_t row
        while self.head < self.n_sent:
            if self.reasons[self.head] != NONE:
                self.head += 1
                continue
            row = 0
            if self.book.ticker.priced:
                row = first_from(self.stream.ts, self.stream.n, 0, self.seen, self.sent[self.head])
            if row >= stop:
                break
            if not self.meet(row):
                return False
            self.seen = row + 1
        self.seen = stop
        return True

    cdef bint meet(self, int64_t row) noexcept nogil:
        """An event that orders wait for."""
        cdef const Stream* stream = &self.stream
        cdef int64_t i
        if not self.book.ticker.priced:
            self.admit_waiting()
        if not self.margin_holds(row):
            return False
        while self.head < self.n_sent and self.sent[self.head] <= stream.ts[row]:
            if self.reasons[self.head] == NONE and not self.execute(self.head, row, stream.ts[row]):
                return False
            self.head += 1
        see(&self.book, mark_of(stream, row))
        self.looked = row
        settle(&self.book)
        for i in range(self.head, self.n_sent):
            if self.reasons[i] == NONE:
                keep(&self.book, self.side[i], self.quantity[i])
        return True

    cdef void admit_waiting(self) noexcept nogil:
        """The first event: what came before it is checked at the price it brings."""
        cdef int64_t i
        if self.stream.kind == QUOTE:
            see_quote(&self.book, self.stream.a[0], self.stream.b[0])
        else:
            see(&self.book, seen_px(&self.stream, 0, 1))
        for i in range(self.head, self.n_sent):
            self.reasons[i] = <int8_t> arrive(&self.book, self.side[i], self.quantity[i])

    cdef bint execute(self, int64_t i, int64_t row, int64_t ts) noexcept nogil:
        cdef const Stream* stream = &self.stream
        cdef int8_t side = self.side[i]
        cdef double size = seen_size(stream, row, side) if self.minds_size else INFINITY
        self.rows[i] = row
        self.n_filled += 1
        return fill(&self.book, side, self.quantity[i], seen_px(stream, row, side), size, ts) != NOT_MINE

    cdef bint margin_holds(self, int64_t stop) noexcept nogil:
        """No mark before row `stop` has ended the account with the present position."""
        cdef int64_t row
        if not is_at_risk(&self.book):
            return True
        if self.lowest > self.highest:
            self.find_extremes()
        if not risks(&self.book, self.lowest if self.book.position.qty > 0.0 else self.highest):
            return True
        for row in range(self.looked, stop):
            if risks(&self.book, mark_of(&self.stream, row)):
                return False
        return True

    cdef void find_extremes(self) noexcept nogil:
        cdef const Stream* stream = &self.stream
        cdef double mark, lowest = INFINITY, highest = -INFINITY
        cdef int64_t row
        for row in range(stream.n):
            mark = mark_of(stream, row)
            lowest = mark if mark < lowest else lowest
            highest = mark if mark > highest else highest
        self.lowest, self.highest = lowest, highest

    cdef void end(self) noexcept nogil:
        cdef int64_t i, n = self.stream.n
        if self.given_up or not self.pass_events(n) or not self.margin_holds(n):
            self.given_up = True
            return
        see(&self.book, mark_of(&self.stream, n - 1))
        self.now = delivery(&self.stream, n - 1)
        self.n_done = n
        for i in range(self.head, self.n_sent):
            if self.reasons[i] == NONE:
                self.reasons[i] = END_OF_DATA
