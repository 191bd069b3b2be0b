"""A plain run of market orders, simulated from order to order instead of event to event.

The orders are known in advance, or a signal strategy sends them: its `scan` finds the next row at which it changes its
stance, and rows before that are not looked at again.

An order between two events is checked at the mark of the first. On quotes it fills at once at the current quote. On
trades and bars it fills at the first one that begins at or after the order's time. An order before the first event
waits for that event. Marks between orders are read only if one of them could cause a margin call.
"""

cimport cython
from libc.math cimport INFINITY, fabs, isnan
from libc.stdint cimport int64_t, int8_t
from libc.stdlib cimport free

import numpy as np

from btcore.errors import ConfigError

from btcore.strategies.builtin import registry

from btcore.contract cimport scan_t
from btcore.fastpath.account cimport (
    PlainAccount, add_open, admit, clear_open, fill_order, is_at_risk, margin_may_fail, open_plain_account, set_mark,
    set_quote, target_percent,
)
from btcore.fastpath.decisions cimport BLOCK, Decider, Decisions, SLACK, find_crossings
from btcore.fastpath.plain_curve cimport PlainCurve
from btcore.fastpath.plain_records cimport LOOK_AHEAD
from btcore.fastpath.rolling_means cimport Mean, advance_two, open_mean
from btcore.fastpath.simd cimport kernels_of, widest
from btcore.feed.prices cimport mark_of, market_px, size_of
from btcore.feed.search cimport first_at
from btcore.feed.stream cimport BLOCK as BLOCK_ROWS
from btcore.feed.tape cimport Stream, Tape, delivery
from btcore.memory cimport prefetch, zeroed
from btcore.metrics.curve cimport find_range
from btcore.model cimport BAR, END_OF_DATA, NONE, NO_CASH, QUOTE
from btcore.strategies.builtin.signal cimport Signal, SignalState

cdef enum:
    PORTION = 1 << 16        # rows that a signal strategy is played over before there is room for the orders of more

cdef struct Crossings:       # of the means of `ma_crossover`, found in blocks as a sweep does
    Decider decider
    Decisions found
    Mean[2] means
    double[2 * (BLOCK + SLACK)] values  # of the means


@cython.final
cdef class PlainRun(PlainCurve):
    """One run of market orders over a tape of one stream, with the interface of `Engine`.

    `source` is a new `Signal` handler, or the columns (sent, side, quantity) of an order array, which have one length:
    `sent` in ns UTC, ascending, and `side` 1 or -1. If `needs_engine` becomes True, the run has a case that only the
    engine simulates, and no record of this object is valid.
    """
    cdef Signal signal               # None: the orders are given
    cdef bint signal_orders          # 1: it sends them; until the run ends `sent` has the row of each, not its time
    cdef SignalState* state
    cdef scan_t scan
    cdef Crossings* crossings        # NULL: `scan` finds the changes of stance
    cdef int64_t[::1] new_sent       # the columns of orders as a signal strategy fills them
    cdef int8_t[::1] new_side
    cdef double[::1] new_quantity
    cdef int64_t next_order          # index of the next given order to send
    cdef int64_t stride              # rows between the last two orders: the guess for the next one
    cdef int64_t first_open          # index of the first order that may still be open
    cdef int64_t n_seen              # events before the current time
    cdef int64_t unchecked           # first event whose mark was not yet checked for margin with the current position
    cdef int64_t block_end           # the row after the block of rows of which the bounds below are
    cdef bint block_is_long          # 1: the bound is for a long position
    cdef double worst_mark           # no mark of the block is more adverse
    cdef bint may_cross              # quotes may be crossed
    cdef bint needs_size             # slippage depends on the size shown
    cdef readonly bint needs_engine

    def __init__(
        self, Tape tape not None, source, instrument, execution, double initial_capital, int64_t start,
        int64_t mark_every,
    ):
        if tape.n_streams != 1 or tape.n_events == 0:
            raise ValueError(
                f"plain run: {tape.n_streams} streams with {tape.n_events} rows; 1 stream with rows is required"
            )
        self.tape = tape
        self.stream = tape.streams[0]
        self.instrument, self.execution, self.capital = instrument, execution, initial_capital
        self.start = self.now = start
        self.mark_every = mark_every
        self.block_end = -1
        self.may_cross = self.stream.kind == QUOTE and tape.containers[0].crossed == "keep"
        self.needs_size = execution.slippage_volume or execution.slippage_sqrt
        open_plain_account(&self.plain, instrument, execution, initial_capital, self.stream.kind)
        self.rows, self.reasons = np.empty(0, np.int64), np.empty(0, np.int8)
        self.paid = self.px = self.cost = np.empty(0)
        if isinstance(source, Signal):
            self.signal = source
            if self.signal.is_spent:
                raise ConfigError("strategy: this handler has already been used for a run; create a new one")
            self.signal.is_spent = True
            self.state, self.scan = &self.signal.signal, self.signal.scan
            self.signal_orders = True
            self.answers_quotes = self.stream.kind == QUOTE
            if self.stream.kind != QUOTE and isinstance(self.signal.given, registry.MaCrossover):
                self.open_crossings()
            self.new_sent, self.new_side, self.new_quantity = np.empty(0, np.int64), np.empty(0, np.int8), np.empty(0)
        else:
            self.sent, self.side, self.quantity = source
            self.n_given = self.sent.shape[0]
            if not self.n_given == self.side.shape[0] == self.quantity.shape[0]:
                raise ValueError(
                    f"plain run: columns of {self.n_given}, {self.side.shape[0]} and {self.quantity.shape[0]} orders"
                )
            self.make_results(self.n_given)

    def __dealloc__(self):
        free(self.crossings)

    cdef open_crossings(self):
        """Sets up the means of the strategy."""
        cdef Crossings* crossings = <Crossings*> zeroed(1, sizeof(Crossings))
        given = self.signal.given
        self.crossings = crossings
        crossings.found.kernels = kernels_of(widest())
        open_mean(&crossings.means[0], given.short_period, crossings.values)
        open_mean(&crossings.means[1], given.long_period, crossings.values + (BLOCK + SLACK))
        crossings.decider.fast, crossings.decider.slow = &crossings.means[0], &crossings.means[1]
        crossings.decider.below = -1 if given.allow_short else 0

    def advance(self, int64_t n):
        """Processes up to `n` more given orders, or `n` more rows of a signal strategy. True while some are left."""
        cdef bint is_over
        cdef int64_t stop, end
        if self.signal is None:
            with nogil:
                is_over = self.play_orders(n)
            return not is_over
        end = min(self.n_done + n, self.stream.n)
        while self.n_done < end and not self.needs_engine:
            stop = min(self.n_done + PORTION, end)
            self.make_room(stop - self.n_done)
            with nogil:
                if self.crossings != NULL:
                    self.play_crossings(stop)
                else:
                    self.play_signal(stop)
        return self.n_done < self.stream.n and not self.needs_engine

    def finish(self):
        """Processes the events after the last order; orders still open expire."""
        with nogil:
            self.end_run()

    cdef make_results(self, int64_t capacity):
        """Memory for what becomes of `capacity` orders; that of earlier ones is kept."""
        self.rows = grown(self.rows, capacity, np.int64)
        self.reasons = grown(self.reasons, capacity, np.int8)
        self.paid = grown(self.paid, capacity, np.float64)
        self.px = grown(self.px, capacity, np.float64)
        self.cost = grown(self.cost, capacity, np.float64)

    cdef make_room(self, int64_t n):
        """Makes room for `n` more orders of the strategy."""
        cdef int64_t capacity = self.n_sent + n
        if capacity > self.new_sent.shape[0]:
            capacity = max(max(capacity, 2 * self.new_sent.shape[0]), min(self.stream.n, <int64_t> PORTION))
            self.sent = self.new_sent = grown(self.new_sent, capacity, np.int64)
            self.side = self.new_side = grown(self.new_side, capacity, np.int8)
            self.quantity = self.new_quantity = grown(self.new_quantity, capacity, np.float64)
            self.make_results(capacity)

    # -- a signal strategy --------------------------------------------------------------------------------------

    cdef void play_signal(self, int64_t stop) noexcept nogil:
        """Processes the rows before `stop`: the strategy looks at each, and acts at few."""
        cdef int64_t row = self.n_done
        while row < stop:
            row = self.scan(self.state, &self.stream, row, stop)
            if row == stop:
                break
            self.state.scanned_next = 0
            self.state.stances[0] = self.state.next_stance
            if not self.act(row, self.state.next_stance):
                self.needs_engine = True
                return
            row += 1
        self.n_done = row
        self.now = delivery(&self.stream, row - 1)

    cdef void play_crossings(self, int64_t stop) noexcept nogil:
        """As `play_signal`, for crossings of two means."""
        cdef const double* px = self.stream.d if self.stream.kind == BAR else self.stream.a
        cdef Decisions* found = &self.crossings.found
        cdef int64_t k
        while self.n_done < stop:
            found.begin, found.n = self.n_done, min(stop - self.n_done, <int64_t> BLOCK)
            found.n_changes = 0
            advance_two(self.crossings.means, px, found.zeros, found.begin, found.n)
            find_crossings(found, &self.crossings.decider)
            for k in range(found.n_changes):  # an order fills at the next open, which nothing has read
                prefetch(self.stream.a + found.begin + found.changes[k].at + 1)
            for k in range(found.n_changes):
                if not self.act(found.begin + found.changes[k].at, found.changes[k].stance):
                    self.needs_engine = True
                    return
            self.n_done += found.n
        self.now = delivery(&self.stream, self.n_done - 1)

    cdef bint act(self, int64_t row, int8_t stance) noexcept nogil:
        """Sends the order for the new stance at `row`. Returns False if the engine is needed.

        Each order has filled or ended before the strategy looks at the row after the next one, so no other is pending.
        """
        cdef PlainAccount* plain = &self.plain
        cdef int64_t i = self.n_sent
        cdef double qty
        if not self.play_events(row + 1):
            return False
        plain.pending = 0.0
        if self.stream.kind == QUOTE:
            set_quote(plain, self.stream.a[row], self.stream.b[row])
        else:
            set_mark(plain, mark_of(&self.stream, row))
        qty = target_percent(plain, stance * self.state.weight)
        if qty == 0.0:
            return True
        if not isnan(plain.unclipped):
            return False  # the engine notes the quantity asked for
        self.new_sent[i] = row
        self.new_side[i] = 1 if qty > 0.0 else -1
        self.new_quantity[i] = fabs(qty)
        return self.receive_order(i)

    cdef void date_orders(self) noexcept nogil:
        """Sets the times of the orders, of which only the rows were kept: times are not near what the run reads."""
        cdef int64_t i
        for i in range(self.n_sent):
            if i + LOOK_AHEAD < self.n_sent:
                prefetch(self.stream.ends + self.new_sent[i + LOOK_AHEAD])
            self.new_sent[i] = delivery(&self.stream, self.new_sent[i])

    # -- given orders -------------------------------------------------------------------------------------------

    cdef bint play_orders(self, int64_t n) noexcept nogil:
        """Processes up to `n` orders. Returns True if none is left, or if the engine is needed."""
        cdef int64_t last = delivery(&self.stream, self.stream.n - 1), moment, stop, row
        stop = min(self.next_order + n, self.n_given)
        while self.next_order < stop:
            moment = max(self.sent[self.next_order], self.start)
            if moment > last:
                return True
            row = first_at(self.stream.ends, self.n_seen, self.stream.n, moment - self.stream.interval, self.stride)
            self.stride = max(row - self.n_seen, <int64_t> 1)
            if not self.play_events(row) or not self.receive_order(self.next_order):
                self.needs_engine = True
                return True
            self.next_order += 1
            self.now = moment
        return self.next_order == self.n_given

    # -- orders and events --------------------------------------------------------------------------------------

    cdef bint receive_order(self, int64_t i) noexcept nogil:
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
        self.execute(i, row)
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
            if self.signal_orders:
                row = self.n_seen
            elif self.plain.ticker.priced:
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
        while self.first_open < self.n_sent and (self.signal_orders or self.sent[self.first_open] <= stream.ts[row]):
            if self.reasons[self.first_open] == NONE:
                self.execute(self.first_open, row)
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

    cdef void execute(self, int64_t i, int64_t row) noexcept nogil:
        """Fills order `i` at the price of `row`, or the part that can be paid."""
        cdef const Stream* stream = &self.stream
        cdef int8_t side = self.side[i]
        cdef double size = size_of(stream, row, side) if self.needs_size else INFINITY
        cdef double qty = self.quantity[i]
        cdef double filled = fill_order(&self.plain, side, qty, market_px(stream, row, side), size)
        self.rows[i] = row
        self.px[i], self.cost[i] = self.plain.last_px, self.plain.last_cost
        if filled < qty:
            self.reasons[i] = NO_CASH
            self.paid[i] = filled
            self.n_cut += 1
        self.n_filled += filled > 0.0

    cdef bint margin_holds(self, int64_t stop) noexcept nogil:
        """True if no mark before row `stop` may cause a margin call with the current position.

        Single rows are read only in blocks whose extremes may cause one.
        """
        cdef int64_t row = self.unchecked, offset = 0 if self.stream.index == NULL else self.stream.index.offset, end
        if not is_at_risk(&self.plain):
            return True
        while row < stop:
            self.see_block((row + offset) // BLOCK_ROWS, offset, self.plain.position.qty > 0.0)
            end = min(stop, self.block_end)
            if margin_may_fail(&self.plain, self.worst_mark):
                for row in range(row, end):
                    if margin_may_fail(&self.plain, mark_of(&self.stream, row)):
                        return False
            row = end
        return True

    cdef void see_block(self, int64_t block, int64_t offset, bint is_long) noexcept nogil:
        """Sets `worst_mark` to a bound of the marks of a block of rows, and `block_end` to the row after it.

        It is the lowest bid or the highest ask of quotes; where they may be crossed, the mid is between both.
        """
        cdef const Stream* stream = &self.stream
        cdef const double* column = stream.d if stream.kind == BAR else stream.a
        cdef int64_t row = max(block * BLOCK_ROWS - offset, <int64_t> 0)
        cdef int64_t end = min((block + 1) * BLOCK_ROWS - offset, stream.n)
        cdef double low, high, other_low, other_high
        if end == self.block_end and is_long == self.block_is_long:
            return
        self.block_end, self.block_is_long = end, is_long
        if stream.index != NULL:
            low = min(stream.index.buy_low[block], stream.index.sell_low[block])
            high = max(stream.index.buy_high[block], stream.index.sell_high[block])
        else:
            if stream.kind == QUOTE and not is_long:
                column = stream.b
            find_range(column + row, end - row, &low, &high)
            if stream.kind == QUOTE and self.may_cross:
                find_range((stream.a if column == stream.b else stream.b) + row, end - row, &other_low, &other_high)
                low, high = min(low, other_low), max(high, other_high)
        self.worst_mark = low if is_long else high

    cdef void end_run(self) noexcept nogil:
        """Processes the remaining events; orders still open expire with END_OF_DATA."""
        cdef int64_t i, n = self.stream.n
        if self.needs_engine or not self.play_events(n) or not self.margin_holds(n):
            self.needs_engine = True
            return
        if self.signal_orders:
            self.date_orders()
        set_mark(&self.plain, mark_of(&self.stream, n - 1))
        self.now = delivery(&self.stream, n - 1)
        self.n_done = n
        for i in range(self.first_open, self.n_sent):
            if self.reasons[i] == NONE:
                self.reasons[i] = END_OF_DATA
        self.n_arrived = self.n_sent
        for i in range(self.n_sent, self.n_given):
            self.rows[i] = -1
            self.reasons[i] = END_OF_DATA
        self.n_sent = max(self.n_sent, self.n_given)


cdef grown(column, int64_t capacity, dtype):
    """An array of `capacity` items that begins with those of `column`."""
    bigger = np.empty(capacity, dtype)
    bigger[:len(column)] = column
    return bigger
