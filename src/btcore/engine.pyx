"""The loop: arrive -> match -> account -> ask the strategy -> mark equity."""

cimport cython
from libc.math cimport INFINITY, NAN, isnan
from libc.stdint cimport int32_t, int64_t, int8_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

import numpy as np

from btcore import model

from btcore.blotter cimport (
    clear, end, enlist, free_blotter, is_open, next_arrival, receive, refresh, register, send
)
from btcore.contract cimport Handler
from btcore.exchange cimport admit, meet_quote, on_bar, on_quote, on_trade
from btcore.journal cimport free_journal, write_dropped, write_point
from btcore.model cimport (
    BAR, CANCELED, DAY, END, END_OF_DATA, EXPIRED, EquityPoint, Exposure, FILL, Fill, Instrument, MARKET,
    NEVER, NONE, Order, Position, QUOTE, REQUESTED, Request, START, SUBMIT, TIMER, TRADE, Ticker, CANCEL,
    LIMIT, STOP, STOP_LIMIT,
)
from btcore.exchange cimport Pool
from btcore.blotter cimport Queue
from btcore.rules.admission cimport OpenQuantity, check_buying_power, check_terms
from btcore.rules.accounting cimport equity
from btcore.rules.latency cimport arrival
from btcore.tape cimport Stream, Tape, delivery, load

cdef enum:
    MAX_ROUNDS = 10000

cdef enum Code:
    OK = 0
    NO_MEMORY = 1
    STRATEGY_FAILED = 2
    RAN_AWAY = 3


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
        self.instruments = <Instrument*> zeroed(n, sizeof(Instrument))
        self.rows = <int64_t*> zeroed(tape.n_streams, sizeof(int64_t))

    def __dealloc__(self):
        free(self.ex.tickers)
        free(self.ex.pools)
        free(self.ex.account.positions)
        free_blotter(&self.ex.blotter)
        free_journal(&self.ex.journal)
        free(self.instruments)
        free(self.rows)
        free(self.out.items)

    def __init__(
        self, Tape tape not None, Handler handler not None, instruments, execution, double initial_capital,
        int64_t start, int64_t mark_every, const int64_t[::1] midnights not None,
    ):
        cdef int32_t i
        cdef Stream* stream
        self.tape = tape
        self.handler = handler
        self.midnights = midnights
        self.mark_every = mark_every
        self.set_terms(execution)
        for i, instrument in enumerate(instruments):
            self.instruments[i] = Instrument(
                tick_size=instrument.tick_size, lot_size=instrument.lot_size, multiplier=instrument.multiplier
            )
        for i in range(tape.n_symbols):
            self.ex.tickers[i].source = BAR
            self.ex.blotter.queues[i].head = self.ex.blotter.queues[i].tail = -1
            clear(&self.ex.blotter.queues[i], &self.ex.blotter.open_qty[i])
        for i in range(tape.n_streams):
            stream = &tape.streams[i]
            if stream.kind < self.ex.tickers[stream.symbol].source:  # quotes before trades before bars
                self.ex.tickers[stream.symbol].source = stream.kind
        self.ex.account.cash = initial_capital
        self.ex.account.instruments = self.instruments
        self.ex.account.n_symbols = tape.n_symbols
        self.out.next_id = 1
        self.out.next_timer = NEVER
        self.out.pending = self.ex.blotter.pending
        self.market.tickers = self.ex.tickers
        self.market.n_symbols = tape.n_symbols
        self.market.now = start
        self.mark_due = NEVER
        with nogil:
            self.mark(start)
            self.ask(START)
            self.settle()
            self.plan()
        self.check()

    cdef set_terms(self, execution):
        terms = &self.ex.terms
        bps = execution.commission_bps
        terms.commission.maker_bps = bps if execution.maker_bps is None else execution.maker_bps
        terms.commission.taker_bps = bps if execution.taker_bps is None else execution.taker_bps
        terms.commission.per_share = execution.commission_per_share
        terms.commission.minimum = -INFINITY if execution.commission_min is None else execution.commission_min
        terms.commission.maximum = INFINITY if execution.commission_max is None else execution.commission_max
        terms.slippage_bps = execution.slippage_bps
        terms.volume_share = NAN if execution.volume_share is None else execution.volume_share
        terms.latency = execution.latency_ns
        terms.displayed_size = execution.displayed_size
        terms.touch = execution.limit_fill == "touch"
        self.ex.account.leverage = execution.leverage
        self.ex.account.cost_rate = (terms.slippage_bps + max(0.0, terms.commission.taker_bps)) / 10000.0

    # -- the clock ------------------------------------------------------------------------------------------

    cdef void loop(self, int64_t n) noexcept nogil:
        cdef Exchange* ex = &self.ex
        cdef Stream* stream
        cdef int64_t k, row, t
        cdef int32_t s = 0, symbol, failed
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
                failed = on_quote(ex, symbol)
            elif stream.kind == BAR:
                failed = on_bar(ex, symbol, t)
            else:
                failed = on_trade(ex, symbol)
            if failed:
                self.code = NO_MEMORY
                return
            if ex.journal.n_reported != ex.journal.n_fills:
                self.report()
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

    cdef void wake(self, int64_t t) noexcept nogil:
        """What is due at or before `t`: arrivals and timers, each at its own time, and marks before `t`."""
        cdef int64_t x
        while self.code == 0:
            x = min(next_arrival(&self.ex.blotter), self.out.next_timer)
            if self.mark_due < min(x, t):
                self.mark(self.mark_due)
                continue
            if x > t:
                break
            self.market.now = max(self.market.now, x)
            if next_arrival(&self.ex.blotter) > x:
                self.out.next_timer = NEVER
                self.ask(TIMER)
            self.settle()
        self.plan()

    cdef void plan(self) noexcept nogil:
        self.next_wake = min(next_arrival(&self.ex.blotter), self.out.next_timer)
        if self.mark_due < self.next_wake:
            self.next_wake = self.mark_due + 1

    cdef void ask(self, int kind) noexcept nogil:
        """Calls the strategy."""
        self.market.kind = <int8_t> kind
        self.market.calls += 1
        self.ex.account.orders = self.ex.blotter.orders
        self.ex.account.n_orders = self.ex.blotter.n_orders
        if self.handler.on_event(self.handler.state, &self.market, &self.ex.account, &self.out) != 0:
            self.code = STRATEGY_FAILED

    cdef void report(self) noexcept nogil:
        """Tells the strategy of its new fills."""
        cdef Fill* fill
        if not self.handler.kinds >> FILL & 1:
            self.ex.journal.n_reported = self.ex.journal.n_fills
        while self.ex.journal.n_reported < self.ex.journal.n_fills and self.code == 0:
            fill = &self.ex.journal.fills[self.ex.journal.n_reported]
            self.ex.journal.n_reported += 1
            self.market.fill = fill
            self.market.symbol = fill.symbol
            self.ask(FILL)

    cdef void settle(self) noexcept nogil:
        """Requests leave; what arrives by now is handled; its fills are reported; until nothing is left."""
        cdef Request request
        cdef int rounds
        for rounds in range(MAX_ROUNDS):
            self.drain()
            while next_arrival(&self.ex.blotter) <= self.market.now and self.code == 0:
                request = receive(&self.ex.blotter)
                self.handle(&request)
            if self.ex.journal.n_reported != self.ex.journal.n_fills and self.mark_due == NEVER:
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
            request.ts_arrives = arrival(self.market.now, request.latency, self.ex.terms.latency)
            request.seq = self.seq
            self.seq += 1
            if request.action == SUBMIT and register(&self.ex.blotter, request, self.market.now) < 0:
                self.code = NO_MEMORY
            if send(&self.ex.blotter, request) < 0:
                self.code = NO_MEMORY
        self.out.count = 0

    # -- requests -------------------------------------------------------------------------------------------

    cdef void handle(self, const Request* request) noexcept nogil:
        cdef Order* order
        if request.order_id < 1 or request.order_id > self.ex.blotter.n_orders:
            return
        order = &self.ex.blotter.orders[request.order_id - 1]
        if not is_open(order):
            return
        if request.action == SUBMIT:
            self.arrive(request)
        elif request.action == CANCEL:
            end(&self.ex.blotter, order, CANCELED, REQUESTED, self.market.now)
        else:
            self.amend(request)
        refresh(&self.ex.blotter, order.symbol)

    cdef void arrive(self, const Request* request) noexcept nogil:
        cdef Order* order = &self.ex.blotter.orders[request.order_id - 1]
        cdef Ticker* ticker = &self.ex.tickers[order.symbol]
        order.ts_arrived = self.market.now
        if order.time_in_force == DAY:
            order.ts_expires = self.next_midnight()
        enlist(&self.ex.blotter, order)
        if ticker.priced and admit(&self.ex, order, self.market.now):
            self.meet_standing(order)

    cdef void meet_standing(self, Order* order) noexcept nogil:
        """Where quotes stand, an order need not wait for the next event."""
        cdef Ticker* ticker = &self.ex.tickers[order.symbol]
        if ticker.source == QUOTE and ticker.quoted and meet_quote(&self.ex, order, self.market.now) < 0:
            self.code = NO_MEMORY

    cdef int64_t next_midnight(self) noexcept nogil:
        """The first local midnight after now."""
        cdef int64_t low = 0, high = self.midnights.shape[0], middle
        while low < high:
            middle = (low + high) // 2
            if self.midnights[middle] > self.market.now:
                high = middle
            else:
                low = middle + 1
        return self.midnights[low] if low < self.midnights.shape[0] else NEVER

    cdef void amend(self, const Request* request) noexcept nogil:
        """New terms for an open order, or none at all if it could not have been sent with them."""
        cdef Order* order = &self.ex.blotter.orders[request.order_id - 1]
        cdef Order before = order[0]
        cdef bint has_limit = order.order_type == LIMIT or order.order_type == STOP_LIMIT
        cdef bint has_stop = order.order_type == STOP or order.order_type == STOP_LIMIT
        cdef int reason = NONE
        if request.qty <= order.filled_qty:  # never for NaN
            end(&self.ex.blotter, order, CANCELED, REQUESTED, self.market.now)
            return
        if (not isnan(request.limit_px) and not has_limit) or (not isnan(request.stop_px) and not has_stop):
            self.drop(order)
            return
        order.qty = order.qty if isnan(request.qty) else request.qty
        order.limit_px = order.limit_px if isnan(request.limit_px) else request.limit_px
        order.stop_px = order.stop_px if isnan(request.stop_px) else request.stop_px
        if order.admitted:
            order.admitted = 0  # so that it is not counted among the open orders it is checked against
            refresh(&self.ex.blotter, order.symbol)
            reason = check_terms(order, &self.instruments[order.symbol])
            if reason == NONE:
                reason = check_buying_power(
                    order, &self.ex.account, self.ex.blotter.open_qty, &self.ex.tickers[order.symbol]
                )
            order.admitted = 1
            if reason != NONE:
                order.qty, order.limit_px, order.stop_px = before.qty, before.limit_px, before.stop_px
                self.drop(order)
                return
            order.met = 0
        if order.order_type == MARKET:
            self.ex.blotter.pending[order.symbol] += order.side * (order.qty - before.qty)
        if order.admitted:
            self.meet_standing(order)

    cdef void drop(self, const Order* order) noexcept nogil:
        if write_dropped(&self.ex.journal, self.market.calls, order.id) < 0:
            self.code = NO_MEMORY

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
                end(&self.ex.blotter, order, EXPIRED, END_OF_DATA, self.market.now)
        self.mark(self.market.now)
        self.check()

    def check(self):
        if self.code == NO_MEMORY:
            raise MemoryError("the run's journal does not fit into memory")
        if self.code:
            from btcore.errors import StrategyError
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
        return copied(self.ex.account.positions, self.tape.n_symbols, model.POSITION_DTYPE)

    def dropped(self):
        """(calls of the strategy before it, order id) of each amendment that was refused."""
        return copied(self.ex.journal.dropped, 2 * self.ex.journal.n_dropped, np.dtype(np.int64)).reshape(-1, 2)
