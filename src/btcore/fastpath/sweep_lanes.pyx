"""A sweep: many plain runs of one signal strategy over the same bars, side by side.

The bars are processed in blocks, so that the columns that all runs read (closes, means) stay in the CPU cache while
each run advances through the block. A run is a `Lane`: its parameters, its account and the statistics of its curve;
its history is not stored. Between two changes of stance the position is constant, so its equity there is one formula
over the closes.
"""

cimport cython
from libc.math cimport fabs, fmax, fmin
from libc.stdint cimport int32_t, int64_t, int8_t
from libc.stdlib cimport free
from libc.string cimport memcpy

import numpy as np

from btcore.metrics import run_metrics

from btcore.fastpath.account cimport (
    PlainAccount, admit, clear_open, end_pending, fill_order, is_at_risk, margin_may_fail,
    open_plain_account, set_mark, target_percent,
)
from btcore.fastpath.decisions cimport BLOCK, Decisions, SLACK, find_changes, find_crossings
from btcore.fastpath.lane cimport Block, LEFT_TO_ENGINE, Lane, NO_MEMORY, PLAYED
from btcore.fastpath.rolling_means cimport GROUP, Mean, advance_four, open_mean
from btcore.fastpath.simd cimport kernels_of, widest
from btcore.memory cimport zeroed
from btcore.metrics.curve cimport extend_curve, hold_curve, open_curve
from btcore.metrics.formulas cimport simple_returns
from btcore.metrics.round_trips cimport close_matcher, match_fill, open_matcher
from btcore.metrics.run_metrics cimport (
    AnnualTerms, RunMetrics, add_benchmark, add_curve, add_fills, add_order, add_position, add_returns, annual_terms,
    open_metrics,
)
from btcore.model cimport BAR, CANCELED, EXPIRED, FILLED, Fill, NONE, REJECTED, TAKER
from btcore.strategies.builtin.signal cimport Signal


@cython.final
cdef class SweepLanes:
    """The runs of a sweep over one symbol's bars: create it once, then call `play` in each thread for some of them.

    `metrics` has one record of `RUN_METRICS_DTYPE` per run. `codes` has one int8 per run, not 0 if the run needs the
    engine; its metrics are then undefined.
    """

    cdef const int64_t[::1] ts
    cdef const double[::1] open
    cdef const double[::1] close
    cdef const double[::1] volume        # inf: unknown
    cdef const int64_t[::1] period_ends  # indexes of bars
    cdef const int64_t[::1] ends         # of bars, ns UTC
    cdef RunMetrics[::1] table
    cdef int8_t[::1] results
    cdef readonly object metrics
    cdef readonly object codes
    cdef readonly object params
    cdef readonly int64_t n_bars
    cdef readonly int64_t n_ends
    cdef object instrument
    cdef object execution
    cdef double capital
    cdef int64_t start
    cdef int32_t period
    cdef const double[::1] free      # risk-free return of each period; empty: 0
    cdef AnnualTerms terms
    cdef const double[::1] other     # return of the benchmark in each period; empty: no benchmark
    cdef const double[::1] other_excess
    cdef int width
    cdef readonly object returns     # float64, a row of period returns per run; None unless kept
    cdef double[:, ::1] kept

    def __init__(
        self, bars, params, instrument, execution, double capital, int64_t start, year, period_ends,
        risk_free=None, benchmark=None, int width=2, bint keep_returns=False,
    ):
        """`params` has one item per run: the parameters of `ma_crossover`, or a new `Signal` handler.

        `period_ends` has the indexes of the bars that end a period, and `year` is their `annual.Year`. `risk_free` has
        the risk-free return of each period, and `benchmark` that of a benchmark; None for 0, and for no benchmark.
        `width` limits the vector registers: 0 plain C, 1 AVX2, 2 AVX-512. With `keep_returns` the attribute `returns`
        has the return of each period of each run, (runs, periods).
        """
        self.ts, self.ends, self.open, self.close = bars.timestamp, bars.end, bars.open, bars.close
        self.volume = np.full(len(bars), np.inf) if bars.volume is None else bars.volume
        self.period_ends = np.ascontiguousarray(period_ends, np.int64)
        self.n_bars = self.ts.shape[0]
        self.n_ends = self.period_ends.shape[0]
        self.params = params
        self.metrics = np.zeros(len(params), run_metrics.RUN_METRICS_DTYPE)
        self.codes = np.zeros(len(params), np.int8)
        self.table, self.results = self.metrics, self.codes
        self.instrument, self.execution, self.capital = instrument, execution, capital
        self.start, self.period = start, year.period
        self.free = np.empty(0) if risk_free is None else np.ascontiguousarray(risk_free, np.float64)
        self.terms = annual_terms(year, risk_free)
        self.other = np.empty(0) if benchmark is None else np.ascontiguousarray(benchmark, np.float64)
        self.other_excess = self.other
        if benchmark is not None and risk_free is not None:
            self.other_excess = np.subtract(benchmark, risk_free)
        self.width = min(width, widest())
        self.returns = np.empty((len(params), self.n_ends)) if keep_returns else None
        self.kept = np.empty((0, 0)) if self.returns is None else self.returns

    def play(self, const int64_t[::1] chosen not None):
        """Simulates the runs of the indexes `chosen` from the first bar to the last.

        Several threads may call it at once, each with other runs. MemoryError if memory runs out.
        """
        cdef int64_t count = chosen.shape[0], n_ends = self.n_ends, i, k
        cdef Lane* lanes = NULL
        cdef Mean* means = NULL
        cdef double* columns = NULL
        cdef double* first
        cdef double* closes = NULL
        cdef double* by_period
        cdef Block* block = NULL
        crossing = [self.params[i] for i in chosen if not isinstance(self.params[i], Signal)]
        periods = sorted({p for given in crossing for p in (given.short_period, given.long_period)})
        cdef int64_t n_means = (len(periods) + GROUP - 1) // GROUP * GROUP
        try:
            block = <Block*> zeroed(1, sizeof(Block))
            lanes = <Lane*> zeroed(count, sizeof(Lane))
            means = <Mean*> zeroed(n_means, sizeof(Mean))
            columns = <double*> zeroed((n_means + 1) * (BLOCK + SLACK), sizeof(double))
            first = columns + (-(<int64_t> columns // 8) & 7)  # aligned to a cache line
            closes = <double*> zeroed((count + 3) * (n_ends + 1), sizeof(double))
            by_period = closes + count * (n_ends + 1)
            open_plain_account(&block.plain, self.instrument, self.execution, self.capital, BAR)
            block.decisions.kernels = kernels_of(self.width)
            block.decisions.px = block.px
            for k in range(n_means):  # the last one is repeated until their number is a multiple of four
                open_mean(&means[k], periods[min(k, len(periods) - 1)], first + k * (BLOCK + SLACK))
            place = {period: k for k, period in enumerate(periods)}
            for i in range(count):
                lanes[i].closes = closes + i * (n_ends + 1)
                lanes[i].metrics = &self.table[chosen[i]]
                given = self.params[chosen[i]]
                if isinstance(given, Signal):
                    lanes[i].decider.signal = &(<Signal> given).signal
                    lanes[i].weight = (<Signal> given).signal.weight
                else:
                    lanes[i].decider.fast = &means[<int64_t> place[given.short_period]]
                    lanes[i].decider.slow = &means[<int64_t> place[given.long_period]]
                    lanes[i].decider.below = -1 if given.allow_short else 0
                    lanes[i].weight = given.weight
                self.begin(&lanes[i], &block.plain)
            with nogil:
                self.advance(block, lanes, count, means, n_means)
                for i in range(count):
                    if lanes[i].code == PLAYED:
                        self.finish(
                            &lanes[i], by_period, by_period + (n_ends + 1), by_period + 2 * (n_ends + 1)
                        )
                        if self.kept.shape[0] and n_ends:
                            memcpy(&self.kept[chosen[i], 0], by_period, n_ends * sizeof(double))
            for i in range(count):
                self.results[chosen[i]] = lanes[i].code
                if lanes[i].code == NO_MEMORY:
                    raise MemoryError("the round trips of a sweep do not fit into memory")
        finally:
            if lanes != NULL:
                for i in range(count):
                    close_matcher(&lanes[i].matcher)
            free(closes)
            free(columns)
            free(means)
            free(lanes)
            free(block)

    cdef int begin(self, Lane* lane, const PlainAccount* plain) except -1:
        """Gives the lane the account of a new run."""
        lane.cash = plain.account.cash
        lane.position = plain.position
        lane.closes[0] = self.capital
        open_metrics(lane.metrics)
        open_curve(&lane.curve, self.start, self.capital)
        if open_matcher(&lane.matcher, 1, self.start, NULL) < 0:
            raise MemoryError
        return 0

    cdef void advance(self, Block* block, Lane* lanes, int64_t count, Mean* means, int64_t n_means) noexcept nogil:
        """Simulates all lanes over all blocks."""
        cdef int64_t n = self.n_bars, end, i, k
        block.decisions.begin = 0
        while block.decisions.begin < n:
            # The curve has a point at the start, before the first bar. With one bar less in the first block, each
            # later block begins at lane 0 of the curve's sums.
            block.decisions.n = min(n - block.decisions.begin, <int64_t> BLOCK - (block.decisions.begin == 0))
            memcpy(block.px, &self.close[block.decisions.begin], block.decisions.n * sizeof(double))
            block.lowest = block.highest = block.px[0]
            for i in range(block.decisions.n):
                block.lowest = fmin(block.lowest, block.px[i])
                block.highest = fmax(block.highest, block.px[i])
            end = block.decisions.begin + block.decisions.n
            while block.last_end < self.n_ends and self.period_ends[block.last_end] < end:
                block.last_end += 1
            for k in range(n_means // GROUP):
                advance_four(
                    &means[GROUP * k], &self.close[0], block.decisions.zeros, block.decisions.begin, block.decisions.n
                )
            for i in range(count):
                if lanes[i].code == PLAYED:
                    self.step(block, &lanes[i])
            block.decisions.begin += block.decisions.n
            block.first_end = block.last_end

    cdef void step(self, Block* block, Lane* lane) noexcept nogil:
        """Simulates one lane over the block."""
        cdef PlainAccount* plain = &block.plain
        cdef Decisions* found = &block.decisions
        cdef int64_t at = 0, k, until
        found.n_changes = 0
        if lane.decider.signal != NULL:
            find_changes(found, &lane.decider)
        else:
            find_crossings(found, &lane.decider)
        if found.n_changes == 0 and lane.position.qty == 0.0:
            hold_curve(&lane.curve, &self.ends[block.decisions.begin], 0, lane.cash, block.decisions.n)
            for k in range(block.first_end, block.last_end):
                lane.closes[k + 1] = lane.cash
            return
        plain.account.cash = lane.cash
        plain.position = lane.position
        plain.pending = 0.0  # the lane before may have stopped with an open order
        clear_open(plain)
        for k in range(found.n_changes):
            until = found.changes[k].at + 1
            if not self.hold(block, at, until) or not self.trade(
                block, lane, block.decisions.begin + until - 1, found.changes[k].stance * lane.weight
            ):
                lane.code = LEFT_TO_ENGINE if lane.code == PLAYED else lane.code
                return
            at = until
        if not self.hold(block, at, block.decisions.n):
            lane.code = LEFT_TO_ENGINE
            return
        lane.cash = plain.account.cash
        lane.position = plain.position
        extend_curve(&lane.curve, &self.ends[block.decisions.begin], 0, block.equity, block.decisions.n)
        for k in range(block.first_end, block.last_end):
            lane.closes[k + 1] = block.equity[self.period_ends[k] - block.decisions.begin]

    cdef bint hold(self, Block* block, int64_t at, int64_t until) noexcept nogil:
        """Writes the equity of bars [at, until) of the block. False if one of them may cause a margin call."""
        cdef PlainAccount* plain = &block.plain
        cdef int64_t i
        block.decisions.kernels.mark(
            block.px + at, plain.account.cash, plain.position.qty, plain.position.point_value, until - at,
            block.equity + at,
        )
        # Equity is lowest at the most adverse close, so single bars matter only if that one may fail.
        if is_at_risk(plain) and margin_may_fail(plain, block.lowest if plain.position.qty > 0.0 else block.highest):
            for i in range(at, until):
                if margin_may_fail(plain, block.px[i]):
                    return False
        return True

    cdef bint trade(self, Block* block, Lane* lane, int64_t row, double weight) noexcept nogil:
        """Sends the order decided at the close of bar `row`; it fills at the next open. False if the lane must stop."""
        cdef PlainAccount* plain = &block.plain
        cdef double signed_qty, qty, filled
        cdef int8_t side
        cdef Fill fill
        set_mark(plain, self.close[row])
        signed_qty = target_percent(plain, weight)
        if signed_qty == 0.0:
            return True
        side = 1 if signed_qty > 0.0 else -1
        qty = fabs(signed_qty)
        if admit(plain, side, qty) != NONE:
            add_order(lane.metrics, REJECTED)
        elif row + 1 == self.n_bars:
            add_order(lane.metrics, EXPIRED)
        else:
            row += 1
            filled = fill_order(plain, side, qty, self.open[row], self.volume[row])
            add_order(lane.metrics, FILLED if filled == qty else CANCELED)
            if filled > 0.0:
                fill.ts = self.ts[row]
                fill.last_qty = filled
                fill.last_px = plain.last_px
                fill.commission = plain.last_cost
                fill.size_seen = self.volume[row]
                fill.reference_px = self.open[row]
                fill.liquidity = TAKER
                fill.point_value = plain.position.point_value
                fill.symbol = 0
                fill.side = side
                fill.leg = 0
                fill.order_id = lane.metrics.orders
                if match_fill(&lane.matcher, &fill) < 0:
                    lane.code = NO_MEMORY
                    return False
        end_pending(plain, side, qty)
        clear_open(plain)
        return True

    cdef void finish(self, Lane* lane, double* returns, double* excess, double* scratch) noexcept nogil:
        """Computes the lane's metrics; `returns`, `excess` and `scratch` have room for one number per period."""
        cdef int64_t n = self.n_bars, i
        cdef RunMetrics* m = lane.metrics
        lane.position.mark = self.close[n - 1]
        add_position(m, &lane.position)
        m.events = n
        add_curve(m, &lane.curve)
        add_fills(m, &lane.matcher, &lane.curve)
        simple_returns(lane.closes, self.n_ends + 1, returns)
        if self.free.shape[0]:
            for i in range(self.n_ends):
                excess[i] = returns[i] - self.free[i]
        else:
            excess = returns
        add_returns(m, returns, excess, self.n_ends, self.period, &self.terms, scratch)
        if self.other.shape[0]:
            add_benchmark(
                m, returns, excess, &self.other[0], &self.other_excess[0], self.n_ends, &self.terms, scratch
            )
