"""The records of a plain run, computed from a row and a reason per order.

They equal the records of `Engine`, and are created when they are read.
"""

from libc.math cimport NAN
from libc.stdint cimport int64_t, int8_t

import numpy as np

from btcore import model

from btcore.feed.prices cimport market_px, size_of
from btcore.feed.tape cimport delivery
from btcore.memory cimport prefetch
from btcore.model cimport (
    BAR, BAR_OPEN, CANCELED, END_OF_DATA, EXPIRED, FILLED, Fill, GTC, MARKET, NEVER, NONE, NO_CASH, Order,
    PRINT_TAKEN, Position, QUOTE, QUOTE_TAKEN, REJECTED, STANDING_QUOTE, TAKER,
)
from btcore.rules.accounting cimport equity


cdef class PlainRecords:
    """The records of a run over one stream, with the methods of `Engine` that return records."""

    def __init__(self, *args, **kwargs):
        raise TypeError("PlainRecords cannot be created directly; PlainRun is its only subclass")

    cdef int64_t sent_at(self, int64_t i) noexcept nogil:
        """When the order was sent, ns UTC: not before the start, and not after the end."""
        return max(self.sent[i], self.start) if i < self.n_arrived else self.now

    cdef double filled_quantity(self, int64_t i) noexcept nogil:
        """Quantity that has filled, at the end of the run."""
        if self.reasons[i] == NONE:
            return self.quantity[i]
        return self.paid[i] if self.reasons[i] == NO_CASH else 0.0

    cdef bint filled_on_arrival(self, int64_t i) noexcept nogil:
        """True if a filled order filled at the quote in force when it arrived, not at a later event."""
        return self.stream.kind == QUOTE and (
            self.answers_quotes or self.stream.ts[self.rows[i]] < self.sent_at(i)
        )

    cdef void look_ahead(self, int64_t i) noexcept nogil:
        """Prefetches the row of a later fill: fills are far apart, and each would wait for memory."""
        cdef int64_t row
        if i + LOOK_AHEAD < self.n_sent:
            row = max(self.rows[i + LOOK_AHEAD], <int64_t> 0)
            prefetch(self.stream.ts + row)
            prefetch(self.stream.a + row)
            prefetch(self.stream.b + row)
            if self.stream.kind == QUOTE:
                prefetch((self.stream.d if self.side[i + LOOK_AHEAD] > 0 else self.stream.c) + row)
            elif self.stream.kind == BAR:
                prefetch(self.stream.e + row)

    cdef int64_t filled_at(self, int64_t i) noexcept nogil:
        """When a filled order filled, ns UTC."""
        return self.sent_at(i) if self.filled_on_arrival(i) else self.stream.ts[self.rows[i]]

    # -- orders and fills -----------------------------------------------------------------------------------

    def orders(self):
        """Records of `btcore.model.ORDER_DTYPE`."""
        table = np.zeros(self.n_sent, model.ORDER_DTYPE)
        cdef Order[::1] orders = table
        cdef int64_t i
        with nogil:
            for i in range(self.n_sent):
                self.look_ahead(i)
                self.write_order(&orders[i], i)
        return table

    cdef int8_t status_of(self, int64_t i) noexcept nogil:
        """Status of the order at the end of the run."""
        cdef int8_t reason = self.reasons[i]
        if reason == NONE:
            return FILLED
        if reason == NO_CASH:
            return CANCELED
        return EXPIRED if reason == END_OF_DATA else REJECTED

    cdef void write_order(self, Order* order, int64_t i) noexcept nogil:
        """Writes the fields of order `i` into a record of zeros."""
        cdef int8_t reason = self.reasons[i]
        order.id = i + 1
        order.status = self.status_of(i)
        order.ts_sent = order.ts_arrived = self.sent_at(i)
        order.ts_expires = order.ts_opening = NEVER
        order.qty = order.asked_qty = self.quantity[i]
        order.limit_px = order.stop_px = order.trail = order.limit_offset = NAN
        order.best_px = order.release_px = order.avg_px = order.known_avg_px = NAN
        order.side = self.side[i]
        order.order_type, order.time_in_force = MARKET, GTC
        order.next = order.prev = -1
        order.active = 1
        order.reason = reason
        if reason == NONE or reason == NO_CASH:
            order.filled_qty = self.filled_quantity(i)
            order.avg_px = self.px[i] if order.filled_qty > 0.0 else NAN
            order.known_filled_qty, order.known_avg_px = order.filled_qty, order.avg_px
            order.ts_closed = self.filled_at(i)
            order.admitted = order.met = 1
        elif reason == END_OF_DATA:
            order.ts_closed = self.now
            order.admitted = i < self.n_arrived
            if i >= self.n_arrived:
                order.ts_arrived = -1
        else:
            order.ts_closed = max(order.ts_arrived, delivery(&self.stream, 0))  # it waits for the first event
        order.known_status = order.status

    def fills(self):
        """Records of `btcore.model.FILL_DTYPE`."""
        table = np.zeros(self.n_filled, model.FILL_DTYPE)
        cdef Fill[::1] fills = table
        cdef int64_t i, n = 0
        with nogil:
            for i in range(self.n_sent):
                self.look_ahead(i)
                if self.filled_quantity(i) > 0.0:
                    self.write_fill(&fills[n], i)
                    n += 1
        return table

    cdef void write_fill(self, Fill* fill, int64_t i) noexcept nogil:
        """Writes the fill of order `i`."""
        cdef int64_t row = self.rows[i]
        fill.ts = self.filled_at(i)
        fill.order_id = i + 1
        fill.event = row
        fill.ts_event = self.stream.ts[row]
        fill.last_qty = self.filled_quantity(i)
        fill.last_px = self.px[i]
        fill.commission = self.cost[i]
        fill.reference_px = market_px(&self.stream, row, self.side[i])
        fill.size_seen = size_of(&self.stream, row, self.side[i])
        fill.point_value = self.plain.position.point_value
        fill.side = self.side[i]
        fill.liquidity = TAKER
        if self.stream.kind == QUOTE:
            fill.rule = STANDING_QUOTE if self.filled_on_arrival(i) else QUOTE_TAKEN
        else:
            fill.rule = BAR_OPEN if self.stream.kind == BAR else PRINT_TAKEN

    cdef int64_t next_fill(self, int64_t i) noexcept nogil:
        """The first filled order from the i-th on; n_sent if there is none."""
        while i < self.n_sent and self.filled_quantity(i) <= 0.0:
            i += 1
        return i

    # -- other records -------------------------------------------------------------------------------------------

    def positions(self):
        """The position at the end: one record of `btcore.model.POSITION_DTYPE`."""
        table = np.zeros(1, model.POSITION_DTYPE)
        cdef Position[::1] positions = table
        positions[0] = self.plain.position
        return table

    def cash_flows(self):
        """Empty: in a plain run only fills move money."""
        return np.empty(0, model.CASH_FLOW_DTYPE)

    def restatements(self):
        """Empty: a plain run has no splits."""
        return np.empty(0, model.RESTATEMENT_DTYPE)

    def notes(self):
        """Empty: a plain run has no amendments, triggers or liquidations."""
        return np.empty(0, model.NOTE_DTYPE)

    def rejections(self):
        """Number of rejected orders by `btcore.model.Reason`."""
        counts = np.bincount(np.asarray(self.reasons)[:self.n_sent])
        return {code: int(n) for code, n in enumerate(counts) if n and code not in (NONE, END_OF_DATA, NO_CASH)}

    @property
    def spread_cost(self):
        """Half the spread of each quote that a taker met, in money."""
        cdef int64_t i
        cdef double cost = 0.0
        if self.stream.kind == QUOTE:
            for i in range(self.n_sent):
                if self.filled_quantity(i) > 0.0:
                    cost += (
                        0.5 * (self.stream.b[self.rows[i]] - self.stream.a[self.rows[i]]) * self.filled_quantity(i)
                        * self.plain.position.point_value
                    )
        return cost

    @property
    def n_small(self):
        """Number of targets by weight that were less than one lot, for which no order was sent."""
        return self.plain.out.n_small

    @property
    def n_beyond_shown(self):
        """Number of fills that are larger than the size that their event showed."""
        cdef int64_t i, count = 0
        with nogil:
            for i in range(self.n_sent):
                count += self.filled_quantity(i) > 0.0 and self.filled_quantity(i) > size_of(
                    &self.stream, self.rows[i], self.side[i]
                )
        return count

    @property
    def equity(self):
        """Equity at the latest mark."""
        return equity(&self.plain.account)

    @property
    def lowest_cash(self):
        """The lowest cash of the run."""
        return self.plain.lowest_cash

    @property
    def ambiguous_bars(self):
        """0: market orders fill at the open, whatever happens within the bar."""
        return 0
