"""Many runs of one signal strategy over the same bars, in plain terms, side by side.

The bars are taken a block at a time, so that what all runs read (closes, means) stays in the nearest memory while
every run advances through it. A run is a `Lane`: what it decides by, its account, and the statistics of its curve.
Nothing of its history is kept. Between two changes of stance nothing happens to an account, so its equity there is
one formula over a column.
"""

cimport cython
from cpython.mem cimport PyMem_RawCalloc, PyMem_RawFree
from libc.math cimport fabs, fmax, fmin
from libc.stdint cimport int32_t, int64_t, int8_t
from libc.string cimport memcpy

import numpy as np

from btcore.metrics import run_metrics

from btcore.metrics.curve cimport extend_curve, hold_curve, open_curve
from btcore.fastpath.account cimport (
    Book, arrive, close_book, end_pending, fill, is_at_risk, open_book, risks, see, settle, target_percent
)
from btcore.fastpath.lane cimport BLOCK, Block, GIVEN_UP, Lane, NO_MEMORY, PLAYED, SLACK, ask, cross
from btcore.fastpath.rolling_means cimport ABREAST, Mean, advance_four, open_mean
from btcore.fastpath.simd cimport kernels, widest
from btcore.metrics.formulas cimport simple_returns
from btcore.metrics.run_metrics cimport (
    Measures, add_position, count_order, measure_curve, measure_fills, measure_returns, open_measures
)
from btcore.model cimport BAR, EXPIRED, FILLED, Fill, NONE, REJECTED
from btcore.metrics.round_trips cimport close_matcher, match_fill, open_matcher
from btcore.strategies.builtin.signal cimport Signal

cdef void* _zeroed(size_t count, size_t size) except NULL:
    cdef void* items = PyMem_RawCalloc(count if count > 0 else 1, size)
    if items == NULL:
        raise MemoryError
    return items


@cython.final
cdef class Lanes:
    """Runs over one tape of bars: `Lanes(...)` once, then `play` for some of them in each thread.

    `measures` is a record a run (`MEASURES_DTYPE`), and `codes` is not 0 where a run was given up: the general
    engine has to play it.
    """

    cdef const int64_t[::1] ts
    cdef const double[::1] open
    cdef const double[::1] close
    cdef const double[::1] volume
    cdef const int64_t[::1] ends
    cdef Measures[::1] table
    cdef int8_t[::1] results
    cdef readonly object measures
    cdef readonly object codes
    cdef readonly object params
    cdef readonly int64_t n_bars
    cdef readonly int64_t n_ends
    cdef object instrument
    cdef object execution
    cdef double capital
    cdef int64_t start
    cdef int64_t interval
    cdef int32_t period
    cdef int width

    def __init__(
        self, bars, params, instrument, execution, double capital, int64_t start, int32_t period, ends,
        int width=2,
    ):
        """`ends` are the bars that end a period, `period` what they are the ends of (`run_metrics.Period`).

        `params` are a run's own each: the parameters of `ma_crossover`, or a `Signal` made for it.
        """
        self.ts, self.open, self.close, self.volume = bars.timestamp, bars.open, bars.close, bars.volume
        self.interval = bars.interval
        self.ends = np.ascontiguousarray(ends, np.int64)
        self.n_bars = self.ts.shape[0]
        self.n_ends = self.ends.shape[0]
        self.params = params
        self.measures = np.zeros(len(params), run_metrics.MEASURES_DTYPE)
        self.codes = np.zeros(len(params), np.int8)
        self.table, self.results = self.measures, self.codes
        self.instrument, self.execution, self.capital = instrument, execution, capital
        self.start, self.period = start, period
        self.width = min(width, widest())

    def play(self, const int64_t[::1] chosen not None):
        """Plays those runs from the first bar to the last, each of them once; any number of threads may be at it."""
        cdef int64_t count = chosen.shape[0], n_ends = self.n_ends, i, k
        cdef Lane* lanes = NULL
        cdef Mean* means = NULL
        cdef double* columns = NULL
        cdef double* first
        cdef double* closes = NULL
        cdef Block* block = NULL
        crossing = [self.params[i] for i in chosen if not isinstance(self.params[i], Signal)]
        periods = sorted({p for own in crossing for p in (own.short_period, own.long_period)})
        cdef int64_t n_means = (len(periods) + ABREAST - 1) // ABREAST * ABREAST
        try:
            block = <Block*> _zeroed(1, sizeof(Block))
            lanes = <Lane*> _zeroed(count, sizeof(Lane))
            means = <Mean*> _zeroed(n_means, sizeof(Mean))
            columns = <double*> _zeroed((n_means + 1) * (BLOCK + SLACK), sizeof(double))
            first = columns + (-(<int64_t> columns // 8) & 7)  # where a line of the cache begins
            closes = <double*> _zeroed((count + 2) * (n_ends + 1), sizeof(double))
            open_book(&block.book, self.instrument, self.execution, self.capital, BAR)
            block.wide = kernels(self.width)
            for k in range(n_means):  # the last ones fill up a four
                open_mean(&means[k], periods[min(k, len(periods) - 1)], first + k * (BLOCK + SLACK))
            place = {period: k for k, period in enumerate(periods)}
            for i in range(count):
                lanes[i].closes = closes + i * (n_ends + 1)
                lanes[i].measures = &self.table[chosen[i]]
                own = self.params[chosen[i]]
                if isinstance(own, Signal):
                    lanes[i].signal = &(<Signal> own).signal
                    lanes[i].weight = (<Signal> own).signal.weight
                else:
                    lanes[i].fast = &means[<int64_t> place[own.short_period]]
                    lanes[i].slow = &means[<int64_t> place[own.long_period]]
                    lanes[i].below = -1 if own.allow_short else 0
                    lanes[i].weight = own.weight
                self.begin(&lanes[i], &block.book)
            with nogil:
                self.advance(block, lanes, count, means, n_means)
                for i in range(count):
                    if lanes[i].code == PLAYED:
                        self.finish(&lanes[i], closes + count * (n_ends + 1), closes + (count + 1) * (n_ends + 1))
            for i in range(count):
                self.results[chosen[i]] = lanes[i].code
                if lanes[i].code == NO_MEMORY:
                    raise MemoryError("the round trips of a sweep do not fit into memory")
        finally:
            if lanes != NULL:
                for i in range(count):
                    close_matcher(&lanes[i].matcher)
            if block != NULL:
                close_book(&block.book)
            PyMem_RawFree(closes)
            PyMem_RawFree(columns)
            PyMem_RawFree(means)
            PyMem_RawFree(lanes)
            PyMem_RawFree(block)

    cdef int begin(self, Lane* lane, const Book* book) except -1:
        lane.cash = book.account.cash
        lane.position = book.position
        lane.closes[0] = self.capital
        open_measures(lane.measures)
        open_curve(&lane.curve, self.start, self.capital)
        if open_matcher(&lane.matcher, 1, self.start, NULL) < 0:
            raise MemoryError
        return 0

    cdef void advance(self, Block* block, Lane* lanes, int64_t count, Mean* means, int64_t n_means) noexcept nogil:
        """Every lane through every block."""
        cdef int64_t n = self.n_bars, i, k
        block.begin = 0
        while block.begin < n:
            # The curve's first point is its start: one bar less at first, and blocks begin at its first lane of sums.
            block.n = min(n - block.begin, <int64_t> BLOCK - (block.begin == 0))
            memcpy(block.px, &self.close[block.begin], block.n * sizeof(double))
            block.least = block.most = block.px[0]
            for i in range(block.n):
                block.least = fmin(block.least, block.px[i])
                block.most = fmax(block.most, block.px[i])
            while block.last_end < self.n_ends and self.ends[block.last_end] < block.begin + block.n:
                block.last_end += 1
            for k in range(n_means // ABREAST):
                advance_four(&means[ABREAST * k], &self.close[0], block.zeros, block.begin, block.n)
            for i in range(count):
                if lanes[i].code == PLAYED:
                    self.step(block, &lanes[i])
            block.begin += block.n
            block.first_end = block.last_end

    cdef void step(self, Block* block, Lane* lane) noexcept nogil:
        """One lane through the block."""
        cdef Book* book = &block.book
        cdef int64_t at = 0, k, until
        block.n_changes = 0
        if lane.signal != NULL:
            ask(block, lane)
        else:
            cross(block, lane)
        if block.n_changes == 0 and lane.position.qty == 0.0:
            hold_curve(&lane.curve, &self.ts[block.begin], self.interval, lane.cash, block.n)
            for k in range(block.first_end, block.last_end):
                lane.closes[k + 1] = lane.cash
            return
        book.account.cash = lane.cash
        book.position = lane.position
        book.pending = 0.0  # the lane before may have been given up amid an order
        settle(book)
        for k in range(block.n_changes):
            until = block.changes[k].at + 1
            if not self.hold(block, at, until) or not self.trade(
                block, lane, block.begin + until - 1, block.changes[k].stance * lane.weight
            ):
                lane.code = GIVEN_UP if lane.code == PLAYED else lane.code
                return
            at = until
        if not self.hold(block, at, block.n):
            lane.code = GIVEN_UP
            return
        lane.cash = book.account.cash
        lane.position = book.position
        extend_curve(&lane.curve, &self.ts[block.begin], self.interval, block.equity, block.n)
        for k in range(block.first_end, block.last_end):
            lane.closes[k + 1] = block.equity[self.ends[k] - block.begin]

    cdef bint hold(self, Block* block, int64_t at, int64_t until) noexcept nogil:
        """Marks the equity of bars [at, until) of the block; False if the margin may end the account there."""
        cdef Book* book = &block.book
        cdef int64_t i
        block.wide.mark(
            block.px + at, book.account.cash, book.position.qty, book.position.point_value, until - at,
            block.equity + at,
        )
        # The further the close is against the position the less is left: look at single bars only where it matters.
        if is_at_risk(book) and risks(book, block.least if book.position.qty > 0.0 else block.most):
            for i in range(at, until):
                if risks(book, block.px[i]):
                    return False
        return True

    cdef bint trade(self, Block* block, Lane* lane, int64_t row, double weight) noexcept nogil:
        """The order decided at that bar's close meets the next bar's open; False if it is not for this path."""
        cdef Book* book = &block.book
        cdef double signed_qty
        cdef int8_t side
        cdef Fill done
        see(book, self.close[row])
        signed_qty = target_percent(book, weight)
        if signed_qty == 0.0:
            return True
        side = 1 if signed_qty > 0.0 else -1
        if arrive(book, side, fabs(signed_qty)) != NONE:
            count_order(lane.measures, REJECTED)
        elif row + 1 == self.n_bars:
            count_order(lane.measures, EXPIRED)
        else:
            row += 1
            if fill(book, side, fabs(signed_qty), self.open[row], self.volume[row], self.ts[row]) < 0:
                return False
            count_order(lane.measures, FILLED)
            done.ts = self.ts[row]
            done.last_qty = fabs(signed_qty)
            done.last_px = book.last_px
            done.commission = book.last_cost
            done.point_value = book.position.point_value
            done.symbol = 0
            done.side = side
            done.leg = 0
            done.order_id = lane.measures.orders
            if match_fill(&lane.matcher, &done) < 0:
                lane.code = NO_MEMORY
                return False
        end_pending(book, side, fabs(signed_qty))
        settle(book)
        return True

    cdef void finish(self, Lane* lane, double* returns, double* scratch) noexcept nogil:
        """The lane's numbers."""
        cdef int64_t n = self.n_bars
        cdef Measures* made = lane.measures
        lane.position.mark = self.close[n - 1]
        add_position(made, &lane.position)
        made.events = n
        measure_curve(made, &lane.curve)
        measure_fills(made, &lane.matcher, &lane.curve)
        simple_returns(lane.closes, self.n_ends + 1, returns)
        measure_returns(made, returns, self.n_ends, self.period, 252, 0.0, scratch)
