"""The loop: arrive -> match -> account -> ask the strategy -> mark equity."""

cimport cython
from libc.math cimport INFINITY
from libc.stdint cimport int32_t, int64_t, int8_t
from libc.stdlib cimport free
from libc.string cimport memcpy

import numpy as np

from btcore import model
from btcore.errors import ConfigError, StrategyError

from btcore.engine.match_bars cimport on_bar
from btcore.engine.blotter cimport (
    Queue, Report, clear, end_alone, free_blotter, hear_of_end, is_open, next_arrival, next_report, receive, register,
    send,
)
from btcore.contract cimport Handler
from btcore.engine.scheduled cimport happen
from btcore.engine.requests cimport handle, release_deferred
from btcore.engine.match_ticks cimport meet_quote, on_quote, on_trade
from btcore.engine.journal cimport (
    count_exposures, count_points, free_journal, unfold_exposures, unfold_points, write_point, write_stretch,
)
from btcore.engine.margin cimport look
from btcore.model cimport (
    Account, BAR, BORROW_RATE, Dated, END, END_OF_DATA, ENTRY_LATENCY, EXPIRED, Exposure, FILL, FILLED, Fill,
    Instrument, MARKET, NEVER, Order, Position, QUOTE, REJECTED, Request, SPLIT, START, SUBMIT, TIMER, Ticker,
)
from btcore.engine.setup cimport set_account, set_terms, zeroed
from btcore.engine.skip cimport alarm_row, first_reached, watches_prices
from btcore.rules.accounting cimport apply_fill, equity, free_lots
from btcore.rules.admission cimport OpenQuantity
from btcore.rules.latency cimport delay
from btcore.feed.stream cimport Stream, delivery, load, stream_at
from btcore.feed.tape cimport Tape
from btcore.engine.state cimport Pool, share_orders

cdef enum:
    MAX_ROUNDS = 10000
    SHORT_REST = 4096            # rows

cdef enum Code:
    OK = 0
    NO_MEMORY = 1
    STRATEGY_FAILED = 2
    RAN_AWAY = 3


cdef inline int learn(Account* known, const Fill* fill) noexcept nogil:
    """A fill the strategy hears of, in its own books."""
    cdef Position* net = &known.positions[fill.symbol]
    cdef Position* position = net
    cdef int32_t s = fill.symbol
    cdef double point_value = net.point_value
    cdef int code
    if fill.leg != 0:
        position = &known.legs[2 * s + (fill.leg < 0)]
    position.point_value = fill.point_value  # it was paid for at that rate
    code = apply_fill(&known.cash, position, NULL, fill.side * fill.last_qty, fill.last_px, fill.commission)
    position.point_value = point_value
    if fill.leg != 0:
        net.qty = known.legs[2 * s].qty + known.legs[2 * s + 1].qty
    return code


cdef object copied(const void* items, int64_t count, object dtype):
    cdef char[::1] target
    array = np.empty(count, dtype)
    if count:
        target = array.view(np.uint8).view(np.int8)
        memcpy(&target[0], items, count * <size_t> dtype.itemsize)
    return array


@cython.final
cdef class Engine:
    """One run over a tape. It owns all its state, so N runs may go on in N threads.

    `advance` does the work in portions; between them the caller may look, report or stop.
    """

    def __cinit__(self, Tape tape not None, *args, **kwargs):
        cdef int64_t n = tape.n_symbols
        self.ex.tickers = <Ticker*> zeroed(n, sizeof(Ticker))
        self.ex.pools = <Pool*> zeroed(n, sizeof(Pool))
        self.ex.account.positions = <Position*> zeroed(n, sizeof(Position))
        self.ex.blotter.queues = <Queue*> zeroed(n, sizeof(Queue))
        self.ex.blotter.open_qty = <OpenQuantity*> zeroed(n, sizeof(OpenQuantity))
        self.ex.blotter.pending = <double*> zeroed(n, sizeof(double))
        self.ex.instruments = <Instrument*> zeroed(n, sizeof(Instrument))
        self.ex.quotes = <int32_t*> zeroed(n, sizeof(int32_t))
        self.rows = <int64_t*> zeroed(tape.n_streams, sizeof(int64_t))

    def __dealloc__(self):
        free(self.ex.tickers)
        free(self.ex.pools)
        free(self.ex.account.positions)
        free(self.ex.account.legs)
        free(self.ex.known.positions)
        free(self.ex.known.legs)
        free_lots(self.ex.lots, self.ex.n_books)
        free(self.ex.terms.commission.tiers)
        free_blotter(&self.ex.blotter)
        free_journal(&self.ex.journal)
        free(self.ex.instruments)
        free(self.ex.quotes)
        free(self.rows)
        free(self.out.items)

    def __init__(
        self, Tape tape not None, Handler handler not None, instruments, execution, double initial_capital,
        int64_t start, int64_t mark_every, const int64_t[::1] opens not None, const int64_t[::1] closes not None,
        dated,
    ):
        cdef int32_t i
        cdef Stream* stream
        if handler.is_spent:
            raise ConfigError("strategy: this handler has played a run already, and remembers it; make another")
        handler.is_spent = True
        self.tape = tape
        self.handler = handler
        self.sessions = (opens, closes)
        self.ex.opens = &opens[0]
        self.ex.closes = &closes[0]
        self.ex.n_sessions = closes.shape[0]
        self.dated = dated
        self.n_dated = len(dated)
        self.mark_every = mark_every
        self.market.now = start
        set_terms(&self.ex, execution, dated)
        set_account(&self.ex, tape.n_symbols, instruments, execution, initial_capital)
        for i in range(tape.n_symbols):
            self.ex.tickers[i].source = BAR
            self.ex.pools[i] = Pool(ask=INFINITY, bid=INFINITY)
            self.ex.blotter.queues[i].head = self.ex.blotter.queues[i].tail = -1
            self.ex.blotter.queues[i].floor = -INFINITY
            self.ex.blotter.queues[i].ceiling = INFINITY
            clear(&self.ex.blotter.queues[i], &self.ex.blotter.open_qty[i])
        for i in range(tape.n_streams):
            stream = &tape.streams[i]
            if stream.kind < self.ex.tickers[stream.symbol].source:  # quotes before trades before bars
                self.ex.tickers[stream.symbol].source = stream.kind
            if stream.kind == QUOTE:
                self.ex.quotes[stream.symbol] = i
            if stream.kind == BAR and stream.n > 0:
                self.ex.tickers[stream.symbol].next_open = stream.ts[0]
        for i in range(tape.n_symbols):
            self.ex.blotter.queues[i].source = self.ex.tickers[i].source
        self.ex.streams = tape.streams
        self.ex.rows = self.rows
        self.ex.sized = (  # strategies that scan look at prices alone, and arrays of orders at nothing
            (handler.scan == NULL and not handler.ignores_sizes)
            or execution.displayed_size or bool((dated["kind"] == SPLIT).any())
        )
        self.ex.meet = meet_quote
        self.ex.calls = &self.market.calls
        self.ex.event = &self.n_done
        self.ex.next_id = &self.out.next_id
        self.ex.blotter.now = &self.market.now
        self.ex.last_accrual = start
        self.out.next_id = 1
        self.out.next_timer = NEVER
        self.out.pending = self.ex.blotter.pending
        self.out.n_symbols = tape.n_symbols
        self.market.tickers = self.ex.tickers
        self.market.rows = self.rows
        self.market.n_symbols = tape.n_symbols
        self.mark_due = NEVER
        if tape.n_streams == 1:
            stream = &tape.streams[0]
            self.hears = handler.kinds >> stream.kind & 1
            self.restful = (not self.hears or handler.scan != NULL) and (mark_every > 0 or stream.kind == BAR)
        with nogil:
            self.skip_dated(start)
            self.mark(start)
            self.ask(START)
            self.settle()
            self.plan()
        self.check()

    # -- the clock ------------------------------------------------------------------------------------------

    cdef void loop(self, int64_t n) noexcept nogil:
        cdef int64_t end = self.n_done + n
        while self.n_done < end and self.code == 0:
            if self.restful:
                self.rest(end)
                if self.n_done == end:
                    return
            self.step()

    cdef void step(self) noexcept nogil:
        """The next event."""
        cdef int32_t s = stream_at(&self.tape.turns, self.n_done)
        cdef Stream* stream
        cdef int64_t row, t
        cdef int outcome
        stream = &self.tape.streams[s]
        row = self.rows[s]
        t = delivery(stream, row)
        if t >= self.next_wake:
            self.wake(t)
            if self.code:
                return
        self.rows[s] = row + 1
        outcome = self.bring(stream, row, t)
        if outcome:
            self.follow_up(stream.symbol, stream.kind, outcome < 0)
            if self.code:
                return
        self.market.symbol = stream.symbol
        if self.handler.kinds >> stream.kind & 1:
            self.ask(stream.kind)
        if self.out.count:
            self.settle()
            self.plan()
        elif self.out.next_timer < self.next_wake:
            self.plan()
        if self.mark_due == NEVER:
            self.touch()
            self.plan()
        if self.code == 0:
            self.n_done += 1

    cdef int bring(self, const Stream* stream, int64_t row, int64_t t) noexcept nogil:
        """A row to the market. Not 0 if it concerned an order; below without memory."""
        load(stream, row, &self.ex.tickers[stream.symbol], self.ex.sized)
        self.market.now = t
        if stream.kind == QUOTE:
            return on_quote(&self.ex, stream.symbol)
        if stream.kind == BAR:
            return on_bar(&self.ex, stream.symbol, t) or self.ex.blotter.n_deferred > 0
        return on_trade(&self.ex, stream.symbol)

    cdef void rest(self, int64_t end) noexcept nogil:
        """Skips the events that concern nobody, up to number `end`: all that they change is the newest price.

        Every one of them, taken by `step`, would have left the same; the last one is brought to the market in full.
        """
        cdef const Stream* stream = self.tape.streams
        cdef Queue* queue = &self.ex.blotter.queues[0]
        cdef int64_t row = self.n_done, due = self.next_wake
        cdef bint by_bars = self.mark_every == 0  # then each row is a point of the curve
        if self.mark_due == NEVER or queue.eager or self.ex.blotter.n_deferred or not self.ex.tickers[0].priced:
            return
        if by_bars:
            due = self.next_due()
        if due != NEVER:
            end = min(end, alarm_row(&self.wake_alarm, stream, row, due - stream.interval))
        if queue.next_expiry != NEVER:
            end = min(end, alarm_row(&self.expiry_alarm, stream, row, queue.next_expiry))
        if watches_prices(queue):
            if self.handler.scan != NULL:
                end = min(end, row + SHORT_REST)  # what is behind the strategy's next act would be looked at again
            end = first_reached(queue, stream, row, end)
        if self.hears and end > row:
            end = self.handler.scan(self.handler.state, stream, row, end)
            self.market.calls += end - row
        if end > row:
            self.pass_over(stream, row, end, by_bars)

    cdef void pass_over(self, const Stream* stream, int64_t row, int64_t end, bint by_bars) noexcept nogil:
        """Rows [row, end) have been."""
        if by_bars:
            self.mark(self.mark_due)
            if end - row > 1 and write_stretch(&self.ex.journal, &self.ex.account, row, end - 1) < 0:
                self.code = NO_MEMORY
        self.rows[0] = end
        self.n_done = end - 1
        self.bring(stream, end - 1, delivery(stream, end - 1))
        self.market.symbol = 0
        if self.hears:
            self.market.kind = stream.kind
        self.n_done = end
        if by_bars:
            self.touch()
            self.plan()

    cdef void follow_up(self, int32_t symbol, int kind, int failed) noexcept nogil:
        """After an event that concerned orders: the margin, what waited for the bar's end, the strategy's reports."""
        cdef Exchange* ex = &self.ex
        if ex.stirred:
            failed |= look(ex, self.market.now)
        if kind == BAR and ex.blotter.n_deferred:
            failed |= release_deferred(ex, symbol, self.market.now)
        if failed | ex.blotter.failed:
            self.code = NO_MEMORY
            return
        self.report()
        if ex.blotter.delayed:
            self.plan()

    cdef void wake(self, int64_t t) noexcept nogil:
        """What is due at or before `t`: dated items, arrivals, reports and timers, and marks before `t`."""
        cdef int64_t x, dated
        while self.code == 0:
            dated = self.next_dated(t)
            x = max(self.out.next_timer, self.market.now)  # one set for the past is due now
            x = min(min(next_arrival(&self.ex.blotter), next_report(&self.ex.blotter)), x)
            if self.mark_due < min(min(x, dated), t):
                self.mark(self.mark_due)
                continue
            if min(x, dated) > t:
                break
            if dated <= x:
                self.market.now = max(self.market.now, dated)
                self.pass_dated(dated)
            else:
                self.market.now = max(self.market.now, x)
                if min(next_arrival(&self.ex.blotter), next_report(&self.ex.blotter)) > x:
                    self.out.next_timer = NEVER
                    self.ask(TIMER)
            self.settle()
        self.plan()

    cdef int64_t next_dated(self, int64_t t) noexcept nogil:
        """When the next dated item is due; one due at `t` waits for the bars delivered then."""
        cdef int64_t due = self.dated[self.at_dated].ts if self.at_dated < self.n_dated else NEVER
        cdef Stream* stream
        cdef int32_t s
        if due == t:
            for s in range(self.tape.n_streams):
                stream = &self.tape.streams[s]
                if stream.kind == BAR and self.rows[s] < stream.n and delivery(stream, self.rows[s]) == t:
                    return NEVER
        return due

    cdef void pass_dated(self, int64_t ts) noexcept nogil:
        """The items of that moment."""
        cdef int64_t fills = self.ex.journal.n_fills
        cdef int failed = 0
        while self.at_dated < self.n_dated and self.dated[self.at_dated].ts <= ts:
            failed |= happen(&self.ex, &self.dated[self.at_dated])
            self.at_dated += 1
            if self.ex.stirred:
                failed |= look(&self.ex, ts)
        if failed:
            self.code = NO_MEMORY
        if self.ex.journal.n_fills != fills and self.mark_due == NEVER:
            self.touch()

    cdef void skip_dated(self, int64_t start) noexcept nogil:
        """Before the run: rates take their values, the rest has been."""
        cdef const Dated* item
        while self.at_dated < self.n_dated and self.dated[self.at_dated].ts <= start:
            item = &self.dated[self.at_dated]
            self.at_dated += 1
            if ENTRY_LATENCY <= item.kind <= BORROW_RATE:
                happen(&self.ex, item)
        self.ex.stirred = 0

    cdef int64_t next_due(self) noexcept nogil:
        """When something is due besides a mark."""
        cdef int64_t due = min(next_arrival(&self.ex.blotter), self.out.next_timer)
        due = min(due, next_report(&self.ex.blotter))
        return min(due, self.dated[self.at_dated].ts) if self.at_dated < self.n_dated else due

    cdef void plan(self) noexcept nogil:
        self.next_wake = self.next_due()
        if self.mark_due < self.next_wake:
            self.next_wake = self.mark_due + 1

    cdef void ask(self, int kind) noexcept nogil:
        """Calls the strategy."""
        cdef const Account* account = &self.ex.account
        cdef int32_t i
        if self.ex.blotter.delayed:
            account = &self.ex.known
            for i in range(account.n_symbols):  # prices are seen at once
                self.ex.known.positions[i].mark = self.ex.account.positions[i].mark
        self.market.kind = <int8_t> kind
        self.market.calls += 1
        if self.handler.on_event(self.handler.state, &self.market, account, &self.out) != 0:
            self.code = STRATEGY_FAILED

    cdef void report(self) noexcept nogil:
        """Tells the strategy of its new fills, or of what has reached it by now."""
        if self.ex.blotter.delayed:
            while next_report(&self.ex.blotter) <= self.market.now and self.code == 0:
                self.hear(&self.ex.blotter.reports[self.ex.blotter.next_report])
                self.ex.blotter.next_report += 1
            return
        if not self.handler.kinds >> FILL & 1:
            self.ex.journal.n_reported = self.ex.journal.n_fills
        while self.ex.journal.n_reported < self.ex.journal.n_fills and self.code == 0:
            self.ex.journal.n_reported += 1
            self.tell(self.ex.journal.n_reported - 1)

    cdef void hear(self, Report* report) noexcept nogil:
        """A report arrives: what the strategy knows changes, by the same rules as what is."""
        cdef Order* order = &self.ex.blotter.orders[report.order_id - 1]
        cdef Fill* fill
        if report.fill < 0:
            if not report.applied:
                hear_of_end(&self.ex.blotter, order, report.status)
            return
        fill = &self.ex.journal.fills[report.fill]
        if not report.applied:
            self.ex.blotter.failed |= learn(&self.ex.known, fill)
            if order.order_type == MARKET:
                self.ex.blotter.pending[fill.symbol] -= fill.side * fill.last_qty
            if report.status == FILLED:
                order.known_status = FILLED
                if order.order_type == MARKET:
                    self.ex.blotter.pending[fill.symbol] -= order.side * (order.asked_qty - order.filled_qty)
        if self.handler.kinds >> FILL & 1:
            self.tell(report.fill)

    cdef void tell(self, int64_t i) noexcept nogil:
        self.market.fill = &self.ex.journal.fills[i]
        self.market.symbol = self.market.fill.symbol
        self.ask(FILL)

    cdef void settle(self) noexcept nogil:
        """Requests leave; what arrives by now is handled; its fills are reported; until nothing is left."""
        cdef Request request
        cdef int64_t fills
        cdef int failed = 0, _round
        for _round in range(MAX_ROUNDS):
            self.drain()
            fills = self.ex.journal.n_fills
            while next_arrival(&self.ex.blotter) <= self.market.now and self.code == 0:
                request = receive(&self.ex.blotter)
                failed |= handle(&self.ex, &request, self.market.now)
                if self.ex.stirred:
                    failed |= look(&self.ex, self.market.now)
                if failed | self.ex.blotter.failed:
                    self.code = NO_MEMORY
            if self.ex.journal.n_fills != fills and self.mark_due == NEVER:
                self.touch()
            self.report()
            if self.out.count == 0 or self.code:
                return
        self.code = RAN_AWAY

    cdef void drain(self) noexcept nogil:
        cdef Request* request
        cdef int64_t i
        for i in range(self.out.count):
            request = &self.out.items[i]
            request.ts_arrives = self.market.now + delay(&self.ex.terms.entry, request.latency, self.n_drawn)
            self.n_drawn += request.latency < 0
            request.seq = self.seq
            self.seq += 1
            if request.action == SUBMIT and register(&self.ex.blotter, request, self.market.now) < 0:
                self.code = NO_MEMORY
            if send(&self.ex.blotter, request) < 0:
                self.code = NO_MEMORY
        self.out.count = 0
        share_orders(&self.ex)

    # -- the curve ------------------------------------------------------------------------------------------

    cdef void touch(self) noexcept nogil:
        """The state has changed: when is it written down?"""
        cdef int64_t now = self.market.now
        if self.mark_every == 0:
            self.mark_due = now
            return
        self.mark_due = (now // self.mark_every + (now % self.mark_every > 0)) * self.mark_every
        if self.mark_due <= self.last_point:
            self.mark_due = NEVER

    cdef void mark(self, int64_t ts) noexcept nogil:
        if write_point(&self.ex.journal, &self.ex.account, ts) < 0:
            self.code = NO_MEMORY
        self.last_point = ts
        self.mark_due = NEVER

    # -- the door -------------------------------------------------------------------------------------------

    def take_each(self):
        """From here on every event is taken by itself, those that concern nobody too. The same comes of it."""
        self.restful = False

    def advance(self, int64_t n):
        """Runs up to `n` more events; True while some are left."""
        cdef int64_t left = self.tape.n_events - self.n_done
        if self.handler.keeps_gil:
            self.loop(min(n, left))
        else:
            with nogil:
                self.loop(min(n, left))
        self.check()
        return self.n_done < self.tape.n_events

    def finish(self):
        """After the last event: `on_end`, every open order expires, the last point is written."""
        cdef int64_t i
        cdef Order* order
        self.ask(END)
        self.drain()
        for i in range(self.ex.blotter.n_orders):
            order = &self.ex.blotter.orders[i]
            if is_open(order):
                end_alone(&self.ex.blotter, order, EXPIRED, END_OF_DATA, self.market.now)
        self.mark(self.market.now)
        self.check()

    def check(self):
        if self.code == NO_MEMORY:
            raise MemoryError("the run's journal does not fit into memory")
        if self.code:
            raise StrategyError(
                f"at {np.datetime64(self.market.now, 'ns')}Z: "
                + ("the strategy failed" if self.code == STRATEGY_FAILED
                   else f"{MAX_ROUNDS} rounds of orders within one event")
            )

    @property
    def now(self):
        """The run's clock, ns UTC."""
        return self.market.now

    @property
    def equity(self):
        """Equity at the present marks."""
        return equity(&self.ex.account)

    @property
    def ambiguous_bars(self):
        return self.ex.journal.ambiguous_bars

    def orders(self):
        return copied(self.ex.blotter.orders, self.ex.blotter.n_orders, model.ORDER_DTYPE)

    def fills(self):
        return copied(self.ex.journal.fills, self.ex.journal.n_fills, model.FILL_DTYPE)

    def curve(self):
        """Every point of the equity curve: its timestamps (int64, ns UTC) and equity (float64), and a maker of cash."""
        cdef int64_t count = count_points(&self.ex.journal)
        timestamp, worth = np.empty(count, np.int64), np.empty(count)
        cdef int64_t[::1] ts = timestamp
        cdef double[::1] e = worth
        with nogil:
            unfold_points(&self.ex.journal, self.tape.streams, &ts[0], &e[0], NULL)
        return timestamp, worth, self.cash

    def cash(self):
        """The cash at every point of the curve, float64."""
        column = np.empty(count_points(&self.ex.journal))
        cdef double[::1] c = column
        with nogil:
            unfold_points(&self.ex.journal, self.tape.streams, NULL, NULL, &c[0])
        return column

    def refusals(self):
        """How many orders were rejected, by reason."""
        cdef int64_t[256] counts
        cdef int64_t i
        for i in range(256):
            counts[i] = 0
        for i in range(self.ex.blotter.n_orders):
            if self.ex.blotter.orders[i].status == REJECTED:
                counts[self.ex.blotter.orders[i].reason] += 1
        return {i: counts[i] for i in range(256) if counts[i]}

    def exposures(self):
        cdef int64_t count = count_exposures(&self.ex.journal)
        cdef Exposure[::1] items
        array = np.empty(count, model.EXPOSURE_DTYPE)
        if count:
            items = array
            with nogil:
                unfold_exposures(&self.ex.journal, self.tape.streams, &items[0])
        return array

    def positions(self):
        """At the end: one a symbol, or in a hedging account two, the long one first."""
        cdef Account* account = &self.ex.account
        cdef int32_t i
        if account.legs == NULL:
            return copied(account.positions, self.tape.n_symbols, model.POSITION_DTYPE)
        for i in range(2 * self.tape.n_symbols):
            account.legs[i].mark = account.positions[i // 2].mark
        return copied(account.legs, 2 * self.tape.n_symbols, model.POSITION_DTYPE)

    def cash_flows(self):
        return copied(self.ex.journal.flows, self.ex.journal.n_flows, model.CASH_FLOW_DTYPE)

    def restatements(self):
        return copied(self.ex.journal.restatements, self.ex.journal.n_restatements, model.RESTATEMENT_DTYPE)

    def notes(self):
        return copied(self.ex.journal.notes, self.ex.journal.n_notes, model.NOTE_DTYPE)

    @property
    def lowest_cash(self):
        """The least cash there ever was."""
        return self.ex.journal.lowest_cash
