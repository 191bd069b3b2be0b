"""The loop: arrive -> match -> account -> ask the strategy -> mark equity."""

cimport cython
from libc.math cimport INFINITY, NAN
from libc.stdint cimport int32_t, int64_t, int8_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

import numpy as np

from btcore import model
from btcore.errors import ConfigError, StrategyError

from btcore.blotter cimport Queue, clear, end, free_blotter, is_open, next_arrival, receive, register, send
from btcore.contract cimport Handler
from btcore.desk cimport handle, release
from btcore.exchange cimport on_bar, on_quote, on_trade
from btcore.execution cimport Pool
from btcore.journal cimport free_journal, write_point
from btcore.model cimport (
    BAR, END, END_OF_DATA, EXPIRED, FILL, Fill, Instrument, NEVER, Order, Position, QUOTE, Request, START,
    SUBMIT, TIMER, Ticker,
)
from btcore.rules.accounting cimport equity
from btcore.rules.admission cimport OpenQuantity
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
        if handler.is_spent:
            raise ConfigError("strategy: this handler has played a run already, and remembers it; make another")
        handler.is_spent = True
        self.tape = tape
        self.handler = handler
        self.midnights = midnights
        self.ex.midnights = &midnights[0]
        self.ex.n_midnights = midnights.shape[0]
        self.mark_every = mark_every
        self.set_terms(execution)
        for i, instrument in enumerate(instruments):
            self.instruments[i] = Instrument(
                tick_size=instrument.tick_size, lot_size=instrument.lot_size, multiplier=instrument.multiplier
            )
        for i in range(tape.n_symbols):
            self.ex.tickers[i].source = BAR
            self.ex.pools[i] = Pool(ask=INFINITY, bid=INFINITY)
            self.ex.blotter.queues[i].head = self.ex.blotter.queues[i].tail = -1
            clear(&self.ex.blotter.queues[i], &self.ex.blotter.open_qty[i])
        for i in range(tape.n_streams):
            stream = &tape.streams[i]
            if stream.kind < self.ex.tickers[stream.symbol].source:  # quotes before trades before bars
                self.ex.tickers[stream.symbol].source = stream.kind
            if stream.kind == BAR and stream.n > 0:
                self.ex.tickers[stream.symbol].next_open = stream.ts[0]
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
                if ex.blotter.n_deferred and failed == 0:
                    failed = release(ex, symbol, t, self.market.calls)
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
        cdef int _round
        for _round in range(MAX_ROUNDS):
            self.drain()
            while next_arrival(&self.ex.blotter) <= self.market.now and self.code == 0:
                request = receive(&self.ex.blotter)
                if handle(&self.ex, &request, self.market.now, self.market.calls) < 0:
                    self.code = NO_MEMORY
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
        self.ex.account.orders = self.ex.blotter.orders
        self.ex.account.n_orders = self.ex.blotter.n_orders

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
        pairs = copied(self.ex.journal.dropped, 2 * self.ex.journal.n_dropped, np.dtype(np.int64))
        return pairs.reshape(-1, 2)
