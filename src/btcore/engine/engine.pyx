"""One run: its memory, and copies of its records. The loop itself is in `loop.pxd`."""

cimport cython
from libc.math cimport INFINITY
from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport free
from libc.string cimport memcpy

import numpy as np

from btcore import model
from btcore.errors import ConfigError, StrategyError

from btcore.contract cimport Handler
from btcore.engine.blotter cimport Queue, free_blotter
from btcore.engine.cost_calls cimport CostCalls
from btcore.engine.journal cimport count_exposures, count_points, expand_exposures, expand_points, free_journal
from btcore.engine.loop cimport finish, process_events, start
from btcore.engine.match_ticks cimport match_standing
from btcore.engine.queues cimport WALK_LIMIT, reset_queue
from btcore.engine.resting cimport Index, reset_index
from btcore.engine.run cimport OUT_OF_MEMORY, Run, STRATEGY_FAILED
from btcore.engine.setup cimport set_account, set_terms
from btcore.engine.state cimport Costs, Exchange, Pool, Trading
from btcore.engine.strategy_calls cimport MAX_ROUNDS
from btcore.feed.staged cimport LINE, Staged, are_crowded, place_columns
from btcore.feed.stream cimport Sides, Stream
from btcore.feed.tape cimport Tape
from btcore.memory cimport zeroed
from btcore.model cimport (
    Account, BAR, Exposure, Instrument, NEVER, NO_CASH, ORDER_ENDED, ORDER_REJECTED, ORDER_TRIGGERED, OTHER_BAR,
    Position, QUOTE, REJECTED, SPLIT, Ticker
)
from btcore.rules.accounting cimport equity, free_lots
from btcore.rules.admission cimport OpenQuantity


@cython.final
cdef class Engine:
    """One run of a strategy over a tape: `advance` until it returns False, then `finish`, then read the records.

    It owns all of its state, so that any number of runs can go on in as many threads. Between two calls of `advance`
    the caller may read records, report progress or stop.
    """

    def __cinit__(self, Tape tape not None, *args, **kwargs):
        cdef Exchange* ex = &self.run.ex
        cdef int64_t n = tape.n_symbols
        ex.tickers = <Ticker*> zeroed(n, sizeof(Ticker))
        ex.pools = <Pool*> zeroed(n, sizeof(Pool))
        ex.sides = <Sides*> zeroed(n, sizeof(Sides))
        ex.costs = <Costs*> zeroed(n, sizeof(Costs))
        ex.trading = <Trading*> zeroed(n, sizeof(Trading))
        ex.account.positions = <Position*> zeroed(n, sizeof(Position))
        ex.blotter.queues = <Queue*> zeroed(n, sizeof(Queue))
        ex.blotter.resting = <Index*> zeroed(n, sizeof(Index))
        ex.blotter.open_qty = <OpenQuantity*> zeroed(n, sizeof(OpenQuantity))
        ex.blotter.pending = <double*> zeroed(n, sizeof(double))
        ex.instruments = <Instrument*> zeroed(n, sizeof(Instrument))
        ex.quote_streams = <int32_t*> zeroed(n, sizeof(int32_t))
        self.run.rows = <int64_t*> zeroed(tape.n_streams, sizeof(int64_t))

    def __dealloc__(self):
        cdef Exchange* ex = &self.run.ex
        free(ex.tickers)
        free(ex.pools)
        free(ex.sides)
        free(ex.account.positions)
        free(ex.account.legs)
        free(ex.known.positions)
        free(ex.known.legs)
        free_lots(ex.lots, ex.n_lots)
        free(ex.terms.tiers)
        free(ex.costs)
        free(ex.trading)
        free(ex.arrivals)
        free_blotter(&ex.blotter, ex.account.n_symbols)
        free_journal(&ex.journal)
        free(ex.instruments)
        free(ex.quote_streams)
        free(self.run.rows)
        free(self.block)
        free(self.run.out.items)

    def __init__(
        self, Tape tape not None, Handler handler not None, instruments, execution, double initial_capital,
        int64_t start_ts, int64_t mark_every, const int64_t[::1] opens not None, const int64_t[::1] closes not None,
        const int64_t[:, ::1] sessions not None, scheduled, CostCalls cost_calls=None, other_bars=None,
    ):
        """Sets up the run and calls `on_start`.

        Times are ns UTC; `mark_every` is ns, 0 marks at every distinct time. `opens` and `closes` are those of the
        sessions, of which symbol s has the rows sessions[s, 0] to sessions[s, 1], at least one. `scheduled` are sorted
        records of `model.DATED_DTYPE`. `cost_calls` are the user's cost models. `other_bars` are the bars of other
        resolutions, records of `model.OTHER_BAR_DTYPE` sorted by end, all of which end after `start_ts`.

        ConfigError for a handler that was used in another run. `__init__`, `advance` and `finish` raise StrategyError
        if the strategy fails and MemoryError if memory runs out.
        """
        cdef Run* run = &self.run
        cdef int32_t i
        if handler.is_spent:
            raise ConfigError("strategy: this handler has already been used for a run; create a new one")
        handler.is_spent = True
        self.tape = tape
        self.handler = handler
        if sessions.shape[0] != tape.n_symbols or sessions.shape[1] != 2:
            raise ValueError("sessions: one row of two numbers is needed for each symbol")
        self.sessions = (opens, closes, sessions)
        self.scheduled = scheduled
        run.on_event, run.scan, run.strategy = handler.on_event, handler.scan, handler.state
        run.kinds = handler.kinds
        run.n_streams = tape.n_streams
        run.event_order = tape.event_order
        for i in range(tape.n_streams):
            run.rows[i] = tape.history[i]
        run.n_done = tape.n_history
        run.n_scheduled = self.scheduled.shape[0]
        if run.n_scheduled:
            run.scheduled = &self.scheduled[0]
        if other_bars is not None and run.kinds >> OTHER_BAR & 1:
            self.other_bars = other_bars
            run.n_others = self.other_bars.shape[0]
            run.others = &self.other_bars[0] if run.n_others else NULL
        run.mark_every = mark_every
        run.mark_due = NEVER
        run.ex.opens = &opens[0]
        run.ex.closes = &closes[0]
        run.ex.sessions = &sessions[0, 0]
        run.ex.last_accrual = run.market.now = start_ts
        run.ex.load_sizes = (  # strategies that scan read prices alone, and order arrays read nothing
            (handler.scan == NULL and not handler.ignores_sizes)
            or execution.caps_size or bool((scheduled["kind"] == SPLIT).any())
        )
        self.cost_calls = cost_calls
        if cost_calls is not None:
            cost_calls.connect(&run.ex.models)
        set_terms(&run.ex, execution, scheduled)
        set_account(&run.ex, tape.n_symbols, instruments, execution, initial_capital)
        connect(run, tape)
        run.market.delayed = run.ex.blotter.in_flight.delayed
        run.ex.blotter.in_flight.reports_ends = (
            run.market.delayed or (run.kinds & (1 << ORDER_REJECTED | 1 << ORDER_ENDED | 1 << ORDER_TRIGGERED)) != 0
        )
        run.ex.blotter.in_flight.reports_triggers = run.kinds >> ORDER_TRIGGERED & 1
        if are_crowded(tape.streams, tape.n_streams):
            self.place_rows()
        with nogil:
            start(run)
        self.check()

    cdef place_rows(self):
        """Makes room for copies of the next rows of each stream."""
        cdef Run* run = &self.run
        cdef Staged unplaced
        cdef int64_t head = run.n_streams * sizeof(Staged) // sizeof(int64_t), taken = head
        cdef size_t first
        cdef int32_t i
        for i in range(run.n_streams):
            taken = place_columns(&unplaced, &self.tape.streams[i], run.ex.load_sizes, NULL, taken)
        self.block = zeroed(taken + LINE // sizeof(int64_t), sizeof(int64_t))
        first = (<size_t> self.block + LINE - 1) // LINE * LINE
        run.staged = <Staged*> first
        taken = head
        for i in range(run.n_streams):
            taken = place_columns(
                &run.staged[i], &self.tape.streams[i], run.ex.load_sizes, <int64_t*> first, taken
            )

    def process_every_event(self):
        """Turns off skipping and the loop over ticks. The results are identical."""
        self.run.skips = self.run.plays_ticks = False

    def limit_walks(self, int32_t n):
        """Lets queues of more than `n` orders move those that rest to the index. The results are identical."""
        self.run.ex.blotter.walk_limit = n

    def advance(self, int64_t n):
        """Processes up to `n` more events; True if some are left."""
        cdef int64_t count = min(n, self.tape.n_events - self.run.n_done)
        if self.handler.keeps_gil:
            process_events(&self.run, count)
        else:
            with nogil:
                process_events(&self.run, count)
        self.check()
        return self.run.n_done < self.tape.n_events

    def finish(self):
        """After the last event: calls `on_end`, lets open orders expire and writes the last point of the curve."""
        finish(&self.run)
        self.check()

    cdef int check(self) except -1:
        """Raises the error that has stopped the run."""
        if self.run.ex.models.invalid:
            raise StrategyError(
                f"at {np.datetime64(self.run.market.now, 'ns')}Z: {self.cost_calls.fault}"
            ) from self.cost_calls.error
        if self.run.error == OUT_OF_MEMORY:
            raise MemoryError("the records of the run do not fit into memory")
        if self.run.error:
            self.handler.note_failure(self.run.code, self.run.out.fault)
            raise StrategyError(
                f"at {np.datetime64(self.run.market.now, 'ns')}Z: "
                + ("the strategy failed" if self.run.error == STRATEGY_FAILED
                   else f"more than {MAX_ROUNDS} rounds of requests within one event")
            )
        return 0

    @property
    def copies_rows(self):
        """True if the columns lie so that rows are copied before they are read; the results are identical."""
        return self.run.staged != NULL

    @property
    def order_ids(self):
        """The id of each row of `Orders`, int64; None where it is the row, counted from 1."""
        ids = getattr(self.handler, "ids", None)
        return ids if ids is not None and len(ids) else None

    @property
    def n_done(self):
        """Events processed so far."""
        return self.run.n_done - self.tape.n_history

    @property
    def now(self):
        """The clock of the run, ns UTC."""
        return self.run.market.now

    @property
    def equity(self):
        """Equity at the latest marks."""
        return equity(&self.run.ex.account)

    @property
    def ambiguous_bars(self):
        """Number of stop fills in bars where a limit order might have filled first; see docs/simulation.md."""
        return self.run.ex.journal.ambiguous_bars

    @property
    def lowest_cash(self):
        """The lowest cash balance of the run so far."""
        return self.run.ex.journal.lowest_cash

    @property
    def spread_cost(self):
        """Half the spread of each quote that a taker met, in money."""
        return self.run.ex.journal.spread_cost

    @property
    def n_small(self):
        """Number of targets by weight that were less than one lot, for which no order was sent."""
        return self.run.out.n_small

    @property
    def n_beyond_shown(self):
        """Number of fills that are larger than the size that their event showed."""
        cdef int64_t i, count = 0
        for i in range(self.run.ex.journal.n_fills):
            count += self.run.ex.journal.fills[i].last_qty > self.run.ex.journal.fills[i].size_seen
        return count

    @property
    def n_walked(self):
        """Number of orders visited while queues were walked; an order counts once per walk."""
        return self.run.ex.blotter.n_walked

    @property
    def n_cut(self):
        """Number of orders of which the account could pay only a part."""
        cdef int64_t i, count = 0
        for i in range(self.run.ex.blotter.n_orders):
            count += self.run.ex.blotter.orders[i].reason == NO_CASH
        return count

    def orders(self):
        """All orders, `model.ORDER_DTYPE`, by id. A copy; likewise below."""
        return copy_records(self.run.ex.blotter.orders, self.run.ex.blotter.n_orders, model.ORDER_DTYPE)

    def fills(self):
        """All fills, `model.FILL_DTYPE`, in order of time."""
        fills = copy_records(self.run.ex.journal.fills, self.run.ex.journal.n_fills, model.FILL_DTYPE)
        if self.tape.n_history:
            fills["event"] -= self.tape.n_history
        return fills

    def curve(self):
        """The equity curve: timestamps (int64, ns UTC), equity (float64), and the method that computes its cash."""
        cdef int64_t n = count_points(&self.run.ex.journal)
        timestamps, equities = np.empty(n, np.int64), np.empty(n)
        cdef int64_t[::1] ts = timestamps
        cdef double[::1] values = equities
        with nogil:
            expand_points(&self.run.ex.journal, self.tape.streams, &ts[0], &values[0], NULL)
        return timestamps, equities, self.cash

    def cash(self):
        """The cash balance at every point of the equity curve, float64."""
        column = np.empty(count_points(&self.run.ex.journal))
        cdef double[::1] values = column
        with nogil:
            expand_points(&self.run.ex.journal, self.tape.streams, NULL, NULL, &values[0])
        return column

    def exposures(self):
        """The open positions at every point of the equity curve, `model.EXPOSURE_DTYPE`."""
        cdef int64_t n = count_exposures(&self.run.ex.journal)
        cdef Exposure[::1] items
        array = np.empty(n, model.EXPOSURE_DTYPE)
        if n:
            items = array
            with nogil:
                expand_exposures(&self.run.ex.journal, self.tape.streams, &items[0])
        return array

    def rejections(self):
        """Number of rejected orders by Reason, without reasons that did not occur."""
        cdef int64_t[256] counts
        cdef int64_t i
        for i in range(256):
            counts[i] = 0
        for i in range(self.run.ex.blotter.n_orders):
            if self.run.ex.blotter.orders[i].status == REJECTED:
                counts[self.run.ex.blotter.orders[i].reason] += 1
        return {i: counts[i] for i in range(256) if counts[i]}

    def positions(self):
        """Positions at the latest marks, `model.POSITION_DTYPE`: one per symbol; if hedging two, long before short."""
        cdef Account* account = &self.run.ex.account
        cdef int32_t i
        if account.legs == NULL:
            return copy_records(account.positions, self.tape.n_symbols, model.POSITION_DTYPE)
        for i in range(2 * self.tape.n_symbols):
            account.legs[i].mark = account.positions[i // 2].mark
        return copy_records(account.legs, 2 * self.tape.n_symbols, model.POSITION_DTYPE)

    def cash_flows(self):
        """Payments that are not trades, `model.CASH_FLOW_DTYPE`, in order of time."""
        return copy_records(self.run.ex.journal.flows, self.run.ex.journal.n_flows, model.CASH_FLOW_DTYPE)

    def restatements(self):
        """Splits of open positions, `model.RESTATEMENT_DTYPE`, in order of time."""
        return copy_records(
            self.run.ex.journal.restatements, self.run.ex.journal.n_restatements, model.RESTATEMENT_DTYPE
        )

    def notes(self):
        """Journal entries other than orders and fills, `model.NOTE_DTYPE`, in order of time."""
        return copy_records(self.run.ex.journal.notes, self.run.ex.journal.n_notes, model.NOTE_DTYPE)


cdef void connect(Run* run, Tape tape):
    """Sets the starting values by symbol and stream, and the pointers between the parts of the run."""
    cdef Exchange* ex = &run.ex
    cdef Ticker* ticker
    cdef Queue* queue
    cdef Stream* stream
    cdef int32_t i
    for i in range(tape.n_symbols):
        ex.tickers[i].source = BAR
        ex.pools[i] = Pool(ask=INFINITY, bid=INFINITY)
    for i in range(tape.n_streams):
        stream = &tape.streams[i]
        ticker = &ex.tickers[stream.symbol]
        if stream.kind < ticker.source:  # orders trade against quotes, else trades, else bars
            ticker.source = stream.kind
        if stream.kind == QUOTE:
            ex.quote_streams[stream.symbol] = i
            ex.blotter.queues[stream.symbol].may_cross = tape.containers[i].crossed == "keep"
        if stream.two_sided:
            ex.blotter.queues[stream.symbol].may_cross = True
        if stream.kind == BAR:
            ex.blotter.queues[stream.symbol].rests_on_bars = ex.terms.resting_on_bars
            if stream.n > run.rows[i]:
                ticker.next_open = stream.ts[run.rows[i]]
    for i in range(tape.n_symbols):
        queue = &ex.blotter.queues[i]
        queue.bar_end = NEVER
        queue.head = queue.tail = -1
        queue.margin_floor = -INFINITY
        queue.margin_ceiling = INFINITY
        queue.source = ex.tickers[i].source
        queue.rests_on_bars &= queue.source == QUOTE
        reset_queue(queue, &ex.blotter.open_qty[i])
        reset_index(&ex.blotter.resting[i])
    ex.blotter.walk_limit = WALK_LIMIT
    ex.streams = tape.streams
    ex.rows = run.market.rows = run.rows
    ex.match_standing = match_standing
    ex.n_calls = &run.market.calls
    ex.event = &run.n_done
    ex.next_id = &run.out.next_id
    ex.blotter.now = &run.market.now
    run.out.next_id = 1
    run.out.next_timer = NEVER
    run.out.pending = ex.blotter.pending
    run.out.n_symbols = run.market.n_symbols = tape.n_symbols
    run.market.tickers = ex.tickers


cdef object copy_records(const void* items, int64_t count, object dtype):
    """An array of `dtype` with a copy of `count` C structs."""
    cdef char[::1] target
    array = np.empty(count, dtype)
    if count:
        target = array.view(np.uint8).view(np.int8)
        memcpy(&target[0], items, count * <size_t> dtype.itemsize)
    return array
