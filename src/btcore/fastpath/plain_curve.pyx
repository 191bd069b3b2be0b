"""The equity curve of a plain run; the header describes it."""

from libc.stdint cimport int64_t, int8_t

import numpy as np

from btcore import model

from btcore.fastpath.account cimport PlainAccount, open_plain_account, set_mark
from btcore.fastpath.plain_records cimport PlainRecords
from btcore.feed.prices cimport mark_of, market_px, size_of
from btcore.feed.search cimport first_at
from btcore.feed.stream cimport Stream, delivery
from btcore.metrics.curve cimport extend_curve, open_curve
from btcore.metrics.round_trips cimport close_matcher, match_fill, open_matcher
from btcore.metrics.run_metrics cimport RunStatistics, add_order, add_position
from btcore.model cimport BAR, Exposure, Fill, NEVER, QUOTE, TAKER
from btcore.rules.accounting cimport apply_fill, equity, position_value


cdef enum:
    ROOM = 1024                  # points that are added to the statistics of the curve together
    DENSE = 16                   # rows in a cell of the grid, from which on the row after it is searched for

cdef struct Clock:               # when points are due
    int64_t every                # ns between points; 0: a point at every distinct time
    int64_t due                  # time of the next point; NEVER: nothing has changed since the last
    int64_t last                 # time of the last point
    int64_t cell                 # the latest multiple of `every` that was due
    bint is_dense                # 1: cells have so few rows that `edge` is not searched for
    int64_t edge                 # the first row after `cell`
    int64_t width                # rows from the change that made the point due to the edge


cdef inline void add_points(CurveSum* sums, Points* points) noexcept nogil:
    """Adds the points to the sums, and empties their columns."""
    cdef const int64_t* ts = points.ts
    cdef int64_t n = points.n, i = 0
    extend_curve(&sums.curve, ts, 0, points.equity, n)
    while sums.next_close < sums.n_closes and n and ts[n - 1] > sums.closes[sums.next_close]:
        while ts[i] <= sums.closes[sums.next_close]:
            sums.n_new += 1
            i += 1
        if sums.n_new:
            if i:
                end_period(sums, ts[i - 1], points.equity[i - 1])
            else:
                end_period(sums, sums.end_ts[sums.n_ends], sums.end_equity[sums.n_ends])
        sums.next_close += 1
    sums.n_new += n - i
    if n:  # the period that is still open may end with this point
        sums.end_ts[sums.n_ends], sums.end_equity[sums.n_ends] = ts[n - 1], points.equity[n - 1]
    points.n = 0


cdef inline void end_period(CurveSum* sums, int64_t ts, double worth) noexcept nogil:
    """Ends a period with its last point."""
    sums.end_ts[sums.n_ends], sums.end_equity[sums.n_ends] = ts, worth
    sums.n_ends += 1
    sums.n_new = 0


cdef inline void write_point(Points* points, const PlainAccount* plain, int64_t ts) noexcept nogil:
    """Appends a point of the curve, and the exposure if there is a position."""
    if points.exposures != NULL and plain.position.qty != 0.0:
        points.exposures[points.n_exposures] = Exposure(
            timestamp=ts, quantity=plain.position.qty, value=position_value(&plain.position), symbol=0, leg=0
        )
        points.n_exposures += 1
    if points.ts == NULL:
        points.n += 1
        return
    if points.n == points.capacity:
        add_points(points.sums, points)
    points.ts[points.n] = ts
    points.equity[points.n] = equity(&plain.account)
    if points.cash != NULL:
        points.cash[points.n] = plain.account.cash
    points.n += 1


cdef inline void reach(Clock* clock, Points* points, const PlainAccount* plain, int64_t now) noexcept nogil:
    """Moves the clock to `now`: a point that was due before is written."""
    if clock.due < now:
        write_point(points, plain, clock.due)
        clock.last, clock.due = clock.due, NEVER


cdef inline void set_due(Clock* clock, const Stream* stream, int64_t row, int64_t now) noexcept nogil:
    """After a change at `now`: the next point is due, unless one is or that of its time is written already.

    `row` is the next row. Fills of one cell of the grid have the same edge, so it is searched for once.
    """
    if clock.due != NEVER:
        return
    if clock.every == 0:
        clock.due = now
        return
    if not clock.cell - clock.every < now <= clock.cell:
        if clock.cell < now <= clock.cell + clock.every:
            clock.cell += clock.every
        else:
            clock.cell = (now // clock.every + (now % clock.every > 0)) * clock.every
        if not clock.is_dense:
            clock.edge = first_at(stream.ends, row, stream.n, clock.cell + 1 - stream.interval, clock.width)
            clock.width = max(clock.edge - row, <int64_t> 1)
    clock.due = clock.cell if clock.cell > clock.last else NEVER


cdef int apply_all(PlainRecords run, PlainAccount* plain, Points* points) noexcept nogil:
    """Applies fills and marks to `plain`, a new account, in the order of the engine's clock.

    Returns 0, or -1 if memory runs out.
    """
    cdef const Stream* stream = &run.stream
    cdef int64_t row = 0, i = run.next_fill(0), until
    cdef bint on_arrival
    cdef Clock clock = Clock(every=run.mark_every, due=NEVER, last=run.start, cell=0, edge=0, width=1)
    clock.is_dense = clock.every > 0 and clock.every < DENSE * ((run.now - run.start) // stream.n)
    if points.sums == NULL:  # the sums begin with the first point
        write_point(points, plain, run.start)
    while True:
        on_arrival = i < run.n_sent and run.filled_on_arrival(i)
        until = run.rows[i] + on_arrival if i < run.n_sent else stream.n
        row = hold(stream, row, until, &clock, plain, points)
        if i == run.n_sent:
            break
        reach(&clock, points, plain, run.sent_at(i) if on_arrival else delivery(stream, row))
        if on_arrival:
            if replay_fill(run, plain, i, points.sums) < 0:
                return -1
            set_due(&clock, stream, row, run.sent_at(i))
            i = run.next_fill(i + 1)
            continue
        while i < run.n_sent and run.rows[i] == row and not run.filled_on_arrival(i):
            if replay_fill(run, plain, i, points.sums) < 0:
                return -1
            i = run.next_fill(i + 1)
        set_mark(plain, mark_of(stream, row))
        row += 1
        set_due(&clock, stream, row, delivery(stream, row - 1))
    write_point(points, plain, run.now)
    return 0


cdef inline int64_t hold(
    const Stream* stream, int64_t row, int64_t until, Clock* clock, PlainAccount* plain, Points* points
) noexcept nogil:
    """Marks the account at the rows [row, until), before which no order fills. Returns `until`."""
    cdef int64_t now
    while row < until:
        if clock.due != NEVER and clock.edge > row:  # of the rows before the edge only the last one counts
            row = min(clock.edge, until)
            set_mark(plain, mark_of(stream, row - 1))
            continue
        if stream.kind == BAR and clock.every == 0 and clock.due != NEVER and points.sums != NULL:
            row = hold_bars(stream, row, until, clock, plain, points)
            continue
        if clock.is_dense and clock.due != NEVER and points.sums != NULL:
            row = hold_cells(stream, row, until, clock, plain, points)
            continue
        now = delivery(stream, row)
        reach(clock, points, plain, now)
        set_mark(plain, mark_of(stream, row))
        row += 1
        set_due(clock, stream, row, now)
    return until


cdef inline int64_t hold_bars(
    const Stream* stream, int64_t row, int64_t until, Clock* clock, PlainAccount* plain, Points* points
) noexcept nogil:
    """As `hold`, for bars with a point at each, in one loop over the rows for which the columns have room.

    The point of a bar is written with the next one; they are in ascending order of their ends. Returns the next row.
    """
    cdef double cash = plain.account.cash, qty = plain.position.qty, point_value = plain.position.point_value
    cdef const int64_t* ends
    cdef const double* px
    cdef int64_t* ts
    cdef double* worth
    cdef int64_t n, k, interval = stream.interval
    write_point(points, plain, clock.due)
    n = min(until - row - 1, points.capacity - points.n)
    ts, worth = points.ts + points.n, points.equity + points.n
    ends, px = stream.ends + row, stream.d + row
    for k in range(n):
        ts[k] = ends[k] + interval
    if qty != 0.0:
        for k in range(n):
            worth[k] = cash + qty * px[k] * point_value
    else:
        for k in range(n):
            worth[k] = cash
    points.n += n
    row += n
    set_mark(plain, mark_of(stream, row))
    clock.due = delivery(stream, row)
    return row + 1


cdef inline int64_t hold_cells(
    const Stream* stream, int64_t row, int64_t until, Clock* clock, PlainAccount* plain, Points* points
) noexcept nogil:
    """As `hold`, for few rows in each cell of the grid: a loop over the rows, without a search. Returns `until`.

    A point is due at the end of the current cell.
    """
    cdef double cash = plain.account.cash, qty = plain.position.qty, point_value = plain.position.point_value
    cdef double mark = plain.position.mark
    cdef int64_t now, cell = clock.cell, n = points.n
    for row in range(row, until):
        now = stream.ends[row] + stream.interval
        if now > cell:
            if n == points.capacity:
                points.n = n
                add_points(points.sums, points)
                n = 0
            points.ts[n] = cell
            points.equity[n] = cash + qty * mark * point_value if qty != 0.0 else cash
            n += 1
            clock.last = cell
            if now <= cell + clock.every:
                cell += clock.every
            else:
                cell = (now // clock.every + (now % clock.every > 0)) * clock.every
        mark = mark_of(stream, row)
    points.n = n
    clock.cell = clock.due = cell
    set_mark(plain, mark)
    return until


cdef inline int replay_fill(PlainRecords run, PlainAccount* plain, int64_t i, CurveSum* sums) noexcept nogil:
    """Applies the fill of order `i`, and adds it to the sums. Returns 0, or -1 if memory runs out."""
    cdef const Stream* stream = &run.stream
    cdef int8_t side = run.side[i]
    cdef int64_t row = run.rows[i], ts = run.filled_at(i)
    cdef double filled = run.filled_quantity(i)
    cdef Fill fill
    run.look_ahead(i)
    apply_fill(&plain.account.cash, &plain.position, NULL, side * filled, run.px[i], run.cost[i])
    if sums == NULL:
        return 0
    fill.ts = ts
    fill.order_id = i + 1
    fill.last_qty = filled
    fill.last_px = run.px[i]
    fill.commission = run.cost[i]
    fill.reference_px = market_px(stream, row, side)
    fill.size_seen = size_of(stream, row, side)
    fill.point_value = plain.position.point_value
    fill.symbol = 0
    fill.side = side
    fill.liquidity = TAKER
    fill.leg = 0
    if stream.kind == QUOTE:
        sums.spread_cost += 0.5 * (stream.b[row] - stream.a[row]) * filled * fill.point_value
    return match_fill(&sums.matcher, &fill)


cdef class PlainCurve(PlainRecords):
    """The records of a plain run, with its curve and what its metrics are computed from."""

    def curve(self):
        """The equity curve as columns: timestamps (int64, ns UTC), equity and cash (float64).

        It has a point at the start, at every mark and at the end.
        """
        n = self.most_points()
        timestamp, worth, cash = np.empty(n, np.int64), np.empty(n), np.empty(n)
        cdef int64_t[::1] t = timestamp
        cdef double[::1] e = worth
        cdef double[::1] c = cash
        cdef Points points = Points(ts=&t[0], equity=&e[0], cash=&c[0], n=0, capacity=n, sums=NULL, exposures=NULL)
        self.replay(&points)
        return tuple(column[:points.n] for column in (timestamp, worth, cash))

    def points(self):
        """The curve as records of `btcore.model.EQUITY_DTYPE`."""
        timestamp, worth, cash = self.curve()
        table = np.empty(len(timestamp), model.EQUITY_DTYPE)
        table["timestamp"], table["equity"], table["cash"] = timestamp, worth, cash
        table["positions"] = worth - cash
        return table

    def exposures(self):
        """Records of `btcore.model.EXPOSURE_DTYPE`: the position at each point of the curve, where there is one."""
        table = np.empty(self.most_points(), model.EXPOSURE_DTYPE)
        cdef Exposure[::1] exposures = table
        cdef Points points = Points(ts=NULL, n=0, sums=NULL, exposures=&exposures[0], n_exposures=0)
        self.replay(&points)
        return table[:points.n_exposures]

    def statistics(self, const int64_t[::1] closes not None):
        """The `RunStatistics` of the run, equal to those of its tables, without creating them.

        Periods end at `closes`, ns UTC, ascending. None if they have fewer than two.
        """
        cdef RunStatistics statistics
        cdef int64_t[::1] end_ts = np.empty(closes.shape[0] + 1, np.int64)
        cdef double[::1] end_equity = np.empty(closes.shape[0] + 1)
        cdef int64_t[::1] t = np.empty(ROOM, np.int64)
        cdef double[::1] e = np.empty(ROOM)
        cdef CurveSum sums
        cdef Points points = Points(ts=&t[0], equity=&e[0], cash=NULL, n=0, capacity=ROOM, sums=&sums, exposures=NULL)
        cdef int64_t i
        sums.closes, sums.n_closes = &closes[0] if closes.shape[0] else NULL, closes.shape[0]
        sums.spread_cost = 0.0
        sums.next_close = sums.n_new = sums.n_ends = 0
        sums.end_ts, sums.end_equity = &end_ts[0], &end_equity[0]
        open_curve(&sums.curve, self.start, self.capital)
        if open_matcher(&sums.matcher, 1, self.start, NULL) < 0:
            raise MemoryError
        try:
            self.replay(&points)
        finally:
            close_matcher(&sums.matcher)
        if points.n:
            add_points(&sums, &points)
        sums.n_ends += sums.n_new > 0
        if sums.n_ends < 2:
            return None
        statistics = RunStatistics(np.asarray(end_ts)[:sums.n_ends], np.asarray(end_equity)[:sums.n_ends])
        statistics.curve, statistics.matcher = sums.curve, sums.matcher
        with nogil:
            for i in range(self.n_sent):
                add_order(&statistics.metrics, self.status_of(i))
        add_position(&statistics.metrics, &self.plain.position)
        statistics.metrics.events = self.n_done
        statistics.metrics.spread_cost = sums.spread_cost
        return statistics

    def most_points(self):
        """Upper bound of the curve's points: one per event and fill, or per step of the grid, and two ends."""
        n = self.stream.n + (self.n_filled if self.stream.kind == QUOTE else 0)
        return 2 + (min(n, (self.now - self.start) // self.mark_every + 2) if self.mark_every else n)

    cdef replay(self, Points* points):
        """Applies the fills again to a new account, and writes the curve and exposures."""
        cdef PlainAccount plain
        cdef int code
        open_plain_account(&plain, self.instrument, self.execution, self.capital, self.stream.kind)
        with nogil:
            code = apply_all(self, &plain, points)
        if code < 0:
            raise MemoryError("the round trips of the run do not fit into memory")
