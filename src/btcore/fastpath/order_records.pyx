"""What was written down of an order array's run, a row and a reason an order, and the records it stands for.

They are those that `Engine` keeps, made when they are asked for: the laws say again what each fill came to.
"""

from libc.math cimport NAN
from libc.stdint cimport int64_t, int8_t

import numpy as np

from btcore import model

from btcore.fastpath.account cimport Book, close_book, fill, fill_cost, fill_px, open_book, see
from btcore.feed.prices cimport first_from, mark_of, seen_px, seen_size
from btcore.model cimport (
    BAR, BAR_OPEN, END_OF_DATA, EXPIRED, Exposure, FILLED, Fill, GTC, MARKET, NEVER, NONE, Order, PRINT_TAKEN, Position,
    QUOTE, QUOTE_TAKEN, REJECTED, STANDING_QUOTE, TAKER,
)
from btcore.rules.accounting cimport equity, position_value
from btcore.feed.tape cimport Stream, delivery


cdef inline void write_point(Trace* trace, const Book* book, int64_t ts) noexcept nogil:
    if trace.timestamp != NULL:
        trace.timestamp[trace.n_points] = ts
        trace.equity[trace.n_points] = equity(&book.account)
        trace.cash[trace.n_points] = book.account.cash
    trace.n_points += 1
    if trace.held != NULL and book.position.qty != 0.0:
        trace.held[trace.n_held] = Exposure(
            timestamp=ts, quantity=book.position.qty, value=position_value(&book.position), symbol=0, leg=0
        )
        trace.n_held += 1


cdef class OrderRecords:
    """The records of a run over one stream, as `Engine` gives them."""

    def __init__(self, *args, **kwargs):
        raise TypeError("OrderRun makes them")

    def __dealloc__(self):
        close_book(&self.book)

    cdef int64_t sent_at(self, int64_t i) noexcept nogil:
        """One for the past leaves at the start."""
        return max(self.sent[i], self.start)

    cdef bint met_standing(self, int64_t i) noexcept nogil:
        """A filled order has met the quote that stood when it came."""
        return self.stream.kind == QUOTE and self.stream.ts[self.rows[i]] < self.sent_at(i)

    cdef double px(self, int64_t i) noexcept nogil:
        """What a filled order got."""
        cdef int8_t side = self.side[i]
        return fill_px(
            &self.book, side, self.quantity[i], seen_px(&self.stream, self.rows[i], side),
            seen_size(&self.stream, self.rows[i], side),
        )

    cdef int64_t filled_at(self, int64_t i) noexcept nogil:
        return self.sent_at(i) if self.met_standing(i) else self.stream.ts[self.rows[i]]

    cdef int fill_again(self, Book* book, int64_t i) noexcept nogil:
        cdef int8_t side = self.side[i]
        cdef int64_t row = self.rows[i]
        return fill(
            book, side, self.quantity[i], seen_px(&self.stream, row, side), seen_size(&self.stream, row, side),
            self.filled_at(i),
        )

    # -- orders and fills -----------------------------------------------------------------------------------

    def orders(self):
        """Records of `btcore.model.ORDER_DTYPE`."""
        table = np.zeros(self.n_sent, model.ORDER_DTYPE)
        cdef Order[::1] orders = table
        cdef int64_t i
        with nogil:
            for i in range(self.n_sent):
                self.write_order(&orders[i], i)
        return table

    cdef void write_order(self, Order* order, int64_t i) noexcept nogil:
        cdef int8_t reason = self.reasons[i]
        order.id = i + 1
        order.ts_sent = order.ts_arrived = self.sent_at(i)
        order.ts_expires = order.ts_opening = NEVER
        order.qty = order.asked_qty = self.quantity[i]
        order.limit_px = order.stop_px = order.trail = order.limit_offset = NAN
        order.best_px = order.release_px = order.avg_px = NAN
        order.side = self.side[i]
        order.order_type, order.time_in_force = MARKET, GTC
        order.next = order.prev = -1
        order.active = 1
        order.reason = reason
        if reason == NONE:
            order.status = FILLED
            order.filled_qty = order.qty
            order.avg_px = self.px(i)
            order.ts_closed = self.filled_at(i)
            order.admitted = order.met = 1
        elif reason == END_OF_DATA:
            order.status = EXPIRED
            order.ts_closed = self.now
            order.admitted = 1
        else:
            order.status = REJECTED
            order.ts_closed = max(order.ts_arrived, delivery(&self.stream, 0))  # where it had to wait for a price
        order.known_status = order.status

    def fills(self):
        """Records of `btcore.model.FILL_DTYPE`."""
        table = np.zeros(self.n_filled, model.FILL_DTYPE)
        cdef Fill[::1] fills = table
        cdef int64_t i, n = 0
        with nogil:
            for i in range(self.n_sent):
                if self.reasons[i] == NONE:
                    self.write_fill(&fills[n], i)
                    n += 1
        return table

    cdef void write_fill(self, Fill* made, int64_t i) noexcept nogil:
        cdef int64_t row = self.rows[i]
        made.ts = self.filled_at(i)
        made.order_id = i + 1
        made.event = row
        made.ts_event = self.stream.ts[row]
        made.last_qty = self.quantity[i]
        made.last_px = self.px(i)
        made.commission = fill_cost(&self.book, made.last_qty, made.last_px, made.ts)
        made.reference_px = seen_px(&self.stream, row, self.side[i])
        made.size_seen = seen_size(&self.stream, row, self.side[i])
        made.point_value = self.book.position.point_value
        made.side = self.side[i]
        made.liquidity = TAKER
        if self.stream.kind == QUOTE:
            made.rule = STANDING_QUOTE if self.met_standing(i) else QUOTE_TAKEN
        else:
            made.rule = BAR_OPEN if self.stream.kind == BAR else PRINT_TAKEN

    # -- the curve ------------------------------------------------------------------------------------------

    def curve(self):
        """timestamp (int64 ns), equity and cash (float64): a point at the start, at every mark, at the end."""
        n = self.most_points()
        timestamp, worth, cash = np.empty(n, np.int64), np.empty(n), np.empty(n)
        cdef int64_t[::1] t = timestamp
        cdef double[::1] e = worth
        cdef double[::1] c = cash
        cdef Trace trace = Trace(timestamp=&t[0], equity=&e[0], cash=&c[0], held=NULL, n_points=0, n_held=0)
        self.play_again(&trace)
        return tuple(column[:trace.n_points] for column in (timestamp, worth, cash))

    def points(self):
        """The curve as records of `btcore.model.EQUITY_DTYPE`."""
        timestamp, worth, cash = self.curve()
        table = np.empty(len(timestamp), model.EQUITY_DTYPE)
        table["timestamp"], table["equity"], table["cash"] = timestamp, worth, cash
        table["positions"] = worth - cash
        return table

    def exposures(self):
        """Records of `btcore.model.EXPOSURE_DTYPE`: the position at every point of the curve that has one."""
        table = np.empty(self.most_points(), model.EXPOSURE_DTYPE)
        cdef Exposure[::1] held = table
        cdef Trace trace = Trace(timestamp=NULL, equity=NULL, cash=NULL, held=&held[0], n_points=0, n_held=0)
        self.play_again(&trace)
        return table[:trace.n_held]

    def most_points(self):
        """No curve of this run has more: one an event and fill, or one a step of the grid, and its two ends."""
        n = self.stream.n + (self.n_filled if self.stream.kind == QUOTE else 0)
        return 2 + (min(n, (self.now - self.start) // self.mark_every + 2) if self.mark_every else n)

    cdef play_again(self, Trace* trace):
        cdef Book book
        open_book(&book, self.instrument, self.execution, self.capital, self.stream.kind)
        with nogil:
            self.follow(trace, &book)
        close_book(&book)

    cdef void follow(self, Trace* trace, Book* book) noexcept nogil:
        """The account through its fills and marks, as the engine's clock meets them."""
        cdef const Stream* stream = &self.stream
        cdef int64_t row = 0, i = self.next_fill(0), due = NEVER, last = self.start, now, quiet
        cdef bint standing
        write_point(trace, book, self.start)
        while True:
            standing = i < self.n_sent and self.rows[i] < row  # the next order comes before the next event
            if not standing and row == stream.n:
                break
            now = self.sent_at(i) if standing else delivery(stream, row)
            if due < now:
                write_point(trace, book, due)
                last, due = due, NEVER
            if standing:
                self.fill_again(book, i)
                i = self.next_fill(i + 1)
            else:
                while i < self.n_sent and self.rows[i] == row and not self.met_standing(i):
                    self.fill_again(book, i)
                    i = self.next_fill(i + 1)
                see(book, mark_of(stream, row))
                row += 1
            if due == NEVER:
                due = self.next_mark(now, last)
            if self.mark_every and due != NEVER:  # of the marks until then, and until the next fill, the last counts
                quiet = stream.n if i == self.n_sent else self.rows[i] + self.met_standing(i)
                quiet = min(first_from(stream.ts, stream.n, stream.interval, row, due + 1), quiet)
                if quiet > row:
                    see(book, mark_of(stream, quiet - 1))
                    row = quiet
        write_point(trace, book, self.now)

    cdef int64_t next_fill(self, int64_t i) noexcept nogil:
        """The first order from the i-th on that has filled."""
        while i < self.n_sent and self.reasons[i] != NONE:
            i += 1
        return i

    cdef int64_t next_mark(self, int64_t now, int64_t last) noexcept nogil:
        """When a change at `now` is written down; NEVER if it has been."""
        cdef int64_t due = now
        if self.mark_every == 0:
            return due
        due = (now // self.mark_every + (now % self.mark_every > 0)) * self.mark_every
        return due if due > last else NEVER

    # -- the rest -------------------------------------------------------------------------------------------

    def positions(self):
        """At the end: one record of `btcore.model.POSITION_DTYPE`."""
        table = np.zeros(1, model.POSITION_DTYPE)
        cdef Position[::1] positions = table
        positions[0] = self.book.position
        return table

    def cash_flows(self):
        return np.empty(0, model.CASH_FLOW_DTYPE)

    def restatements(self):
        return np.empty(0, model.RESTATEMENT_DTYPE)

    def notes(self):
        return np.empty(0, model.NOTE_DTYPE)

    def refusals(self):
        """How many orders were rejected, by reason."""
        counts = np.bincount(np.asarray(self.reasons)[:self.n_sent])
        return {code: int(n) for code, n in enumerate(counts) if n and code not in (NONE, END_OF_DATA)}

    @property
    def equity(self):
        """Equity at the present mark."""
        return equity(&self.book.account)

    @property
    def lowest_cash(self):
        """The least cash there ever was."""
        return self.book.lowest_cash

    @property
    def ambiguous_bars(self):
        return 0
