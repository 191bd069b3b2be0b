"""The loop: arrive -> match -> account -> ask the strategy -> mark equity."""

cimport cython
from libc.math cimport INFINITY, NAN
from libc.stdint cimport int32_t, int64_t, int8_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

import numpy as np

from btcore import model
from btcore.errors import ConfigError, StrategyError

from btcore.bars cimport on_bar
from btcore.blotter cimport (
    Queue, Report, clear, end_alone, free_blotter, hear_of_end, is_open, next_arrival, next_report, receive, register,
    send,
)
from btcore.contract cimport Handler
from btcore.dated cimport happen
from btcore.desk cimport handle, release_deferred
from btcore.exchange cimport meet_quote, on_quote, on_trade
from btcore.journal cimport free_journal, write_point
from btcore.margin cimport look
from btcore.model cimport (
    Account, BAR, BORROW_RATE, Dated, END, END_OF_DATA, ENTRY_LATENCY, EXPIRED, FILL, FILLED,
    Fill, Instrument, MARKET, NEVER, OPTIMISTIC, Order, PATH, PESSIMISTIC, Position, QUOTE, RESPONSE_LATENCY, Request,
    START,     SUBMIT, TIMER, Ticker,
)
from btcore.rules.accounting cimport Lots, apply_fill, equity, free_lots
from btcore.rules.admission cimport OpenQuantity
from btcore.rules.commission cimport Tier
from btcore.rules.latency cimport ENTRY, LatencyTerms, RESPONSE, delay
from btcore.tape cimport Stream, Tape, delivery, load
from btcore.venue cimport Pool, share_orders

cdef enum:
    MAX_ROUNDS = 10000

cdef enum Code:
    OK = 0
    NO_MEMORY = 1
    STRATEGY_FAILED = 2
    RAN_AWAY = 3


_INTRABAR = {"pessimistic": PESSIMISTIC, "optimistic": OPTIMISTIC, "path": PATH}


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


cdef void set_jitter(LatencyTerms* latency, int8_t direction, double jitter_ms, execution):
    latency.jitter = round(jitter_ms * 1e6)
    latency.seed = execution.seed
    latency.direction = direction
    latency.exponential = execution.jitter == "exponential"


cdef void* zeroed(int64_t count, size_t size) except NULL:
    cdef void* items = calloc(count if count > 0 else 1, size)
    if items == NULL:
        raise MemoryError
    return items


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
        self.rows = <int64_t*> zeroed(tape.n_streams, sizeof(int64_t))

    def __dealloc__(self):
        free(self.ex.tickers)
        free(self.ex.pools)
        free(self.ex.account.positions)
        free(self.ex.account.legs)
        free(self.ex.known.positions)
        free(self.ex.known.legs)
        free_lots(self.ex.lots, self.n_books)
        free(self.ex.terms.commission.tiers)
        free_blotter(&self.ex.blotter)
        free_journal(&self.ex.journal)
        free(self.ex.instruments)
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
        self.set_terms(execution, dated)
        self.set_account(instruments, execution, initial_capital)
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
            if stream.kind == BAR and stream.n > 0:
                self.ex.tickers[stream.symbol].next_open = stream.ts[0]
        for i in range(tape.n_symbols):
            self.ex.blotter.queues[i].source = self.ex.tickers[i].source
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
        with nogil:
            self.skip_dated(start)
            self.mark(start)
            self.ask(START)
            self.settle()
            self.plan()
        self.check()

    cdef set_terms(self, execution, dated):
        terms = &self.ex.terms
        bps = execution.commission_bps
        terms.commission.maker_bps = bps if execution.maker_bps is None else execution.maker_bps
        terms.commission.taker_bps = bps if execution.taker_bps is None else execution.taker_bps
        terms.commission.per_share = execution.commission_per_share
        terms.commission.minimum = -INFINITY if execution.commission_min is None else execution.commission_min
        terms.commission.maximum = INFINITY if execution.commission_max is None else execution.commission_max
        terms.commission.tiers = <Tier*> zeroed(len(execution.commission_tiers), sizeof(Tier))
        for tier in execution.commission_tiers:
            terms.commission.tiers[terms.commission.n_tiers] = Tier(
                notional=tier.notional, maker_bps=tier.maker_bps, taker_bps=tier.taker_bps
            )
            terms.commission.n_tiers += 1
        terms.slippage.bps = execution.slippage_bps
        terms.slippage.ticks = execution.slippage_ticks
        terms.slippage.volume = execution.slippage_volume
        terms.slippage.root = execution.slippage_sqrt
        set_jitter(&terms.entry, ENTRY, execution.latency_jitter_ms, execution)
        set_jitter(&self.ex.blotter.response, RESPONSE, execution.response_jitter_ms, execution)
        responses = dated["value"][dated["kind"] == RESPONSE_LATENCY]
        self.ex.blotter.delayed = execution.response_jitter_ms > 0 or bool((responses > 0).any())
        terms.volume_share = NAN if execution.volume_share is None else execution.volume_share
        terms.displayed_size = execution.displayed_size
        terms.touch = execution.limit_fill == "touch"
        terms.intrabar = _INTRABAR[execution.intrabar]
        terms.is_cash = execution.account == "cash"
        terms.snap = execution.off_step == "snap"

    cdef set_account(self, instruments, execution, double initial_capital):
        cdef int32_t i
        cdef int64_t n = self.tape.n_symbols
        account = &self.ex.account
        hedging = execution.position_mode == "hedging"
        self.n_books = 2 * n if hedging else n
        account.leverage = 1.0 if execution.account == "cash" else execution.leverage
        account.cost_rate = (
            self.ex.terms.slippage.bps + max(0.0, self.ex.terms.commission.taker_bps)
        ) / 10000.0
        account.cash = initial_capital
        account.instruments = self.ex.instruments
        account.n_symbols = n
        self.ex.journal.lowest_cash = initial_capital
        if hedging:
            account.legs = <Position*> zeroed(2 * n, sizeof(Position))
        if execution.cost_basis == "fifo":
            self.ex.lots = <Lots*> zeroed(self.n_books, sizeof(Lots))
        for i, instrument in enumerate(instruments):
            margin, maintenance = instrument.initial_margin, instrument.maintenance_margin
            self.ex.instruments[i] = Instrument(
                tick_size=instrument.tick_size, lot_size=instrument.lot_size, multiplier=instrument.multiplier,
                min_notional=instrument.min_notional,
                margin_weight=1.0 if margin is None or execution.account == "cash" else account.leverage * margin,
                maintenance=execution.maintenance_margin if maintenance is None else maintenance,
                borrow_rate=0.0, negative_prices=instrument.negative_prices,
            )
            if self.ex.instruments[i].maintenance > 0.0 or instrument.negative_prices:
                self.ex.terms.guarded = True
            account.positions[i].symbol = i
            account.positions[i].point_value = instrument.multiplier
            if hedging:
                account.legs[2 * i] = account.legs[2 * i + 1] = account.positions[i]
                account.legs[2 * i].leg = 1
                account.legs[2 * i + 1].leg = -1
        if self.ex.blotter.delayed:
            known = &self.ex.known
            known[0] = account[0]
            known.positions = <Position*> zeroed(n, sizeof(Position))
            memcpy(known.positions, account.positions, n * sizeof(Position))
            if hedging:
                known.legs = <Position*> zeroed(2 * n, sizeof(Position))
                memcpy(known.legs, account.legs, 2 * n * sizeof(Position))

    # -- the clock ------------------------------------------------------------------------------------------

    cdef void loop(self, int64_t n) noexcept nogil:
        cdef Exchange* ex = &self.ex
        cdef Stream* stream
        cdef int64_t k, row, t
        cdef int32_t s = 0, symbol
        cdef int outcome
        for k in range(self.n_done, self.n_done + n):
            if self.tape.order != NULL:
                s = self.tape.order[k]
            stream = &self.tape.streams[s]
            row = self.rows[s]
            t = delivery(stream, row)
            if t >= self.next_wake:
                self.wake(t)
                if self.code:
                    return
            self.rows[s] = row + 1
            symbol = stream.symbol
            load(stream, row, &ex.tickers[symbol])
            self.market.now = t
            if stream.kind == QUOTE:
                outcome = on_quote(ex, symbol)
            elif stream.kind == BAR:
                outcome = on_bar(ex, symbol, t) or ex.blotter.n_deferred > 0
            else:
                outcome = on_trade(ex, symbol)
            if outcome:
                self.follow_up(symbol, stream.kind, outcome < 0)
                if self.code:
                    return
            self.market.symbol = symbol
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
            if self.code:
                return
            self.n_done = k + 1

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

    cdef void plan(self) noexcept nogil:
        self.next_wake = min(next_arrival(&self.ex.blotter), self.out.next_timer)
        self.next_wake = min(self.next_wake, next_report(&self.ex.blotter))
        if self.at_dated < self.n_dated:
            self.next_wake = min(self.next_wake, self.dated[self.at_dated].ts)
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

    def points(self):
        return copied(self.ex.journal.points, self.ex.journal.n_points, model.EQUITY_DTYPE)

    def exposures(self):
        return copied(self.ex.journal.exposures, self.ex.journal.n_exposures, model.EXPOSURE_DTYPE)

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
