"""All metrics of a run in one flat struct, computed without the GIL.

A single run and each lane of a sweep use the same functions, so their metrics are equal:

    open_curve(&curve, start, capital); extend_curve(...)           the curve, in blocks
    open_matcher(&matcher, n_symbols, start, NULL); match_fill(...) each fill, as it happens
    open_metrics(&metrics)
    add_order, add_position, add_cash_flow                          each record once, at the end
    add_curve(&metrics, &curve)
    add_fills(&metrics, &matcher, &curve)
    add_returns(&metrics, r, r, n, DAY, &year, scratch)             r: `formulas.simple_returns` of the last equity of
                                                                    each period, with the first point as base
    metrics_dict(&metrics)                                          the dict; needs the GIL

The caller sets `liquidations`, `ambiguous_bars`, `spread_cost` and `events`. `RUN_METRICS_DTYPE` is the struct's numpy
dtype, so an array of it is a table with one row per run.
"""

from libc.math cimport NAN, isfinite, pow
from libc.stdint cimport int8_t, int32_t, int64_t

from btcore.metrics cimport benchmark as bench
from btcore.metrics.curve cimport CurveStats, longest_drawdown, mean_equity, worst_drawdown
from btcore.metrics.formulas cimport (
    NORMAL_95, Sample, annual, calmar, compound, downside, excess_kurtosis, expected_shortfall, minimum_track_record,
    omega, probabilistic_sharpe, quantile, r_squared, sharpe, skewness, sortino, tail_ratio, take_sample, volatility,
)
from btcore.metrics.period_returns cimport DAY
from btcore.metrics.round_trips cimport Matcher, exposed_ns
from btcore.model cimport CashFlow, DAY_NS, FlowKind, Position, Status

cdef struct AnnualTerms:     # see annual.py
    double periods           # in a year; NaN: not known
    double risk_free         # mean risk-free return of a period
    int64_t basis            # annual.Basis
    bint is_long             # 1: long enough for annual returns

cdef struct RunMetrics:      # names and units as in docs/metrics.md; NaN where undefined
    double total_return
    double annual_return
    double annual_volatility
    double sharpe_ratio
    double sortino_ratio
    double calmar_ratio
    double omega_ratio
    double max_drawdown
    double max_drawdown_duration_days
    double downside_risk
    double value_at_risk_95
    double conditional_value_at_risk_95
    double tail_ratio
    double skew
    double kurtosis
    double stability
    double probabilistic_sharpe_ratio
    double minimum_track_record_length
    double benchmark_return
    double alpha
    double beta
    double correlation
    double tracking_error
    double information_ratio
    double up_capture
    double down_capture
    double treynor_ratio
    int64_t period           # period_returns.Period
    int64_t periods          # number of returns
    double periods_per_year  # NaN: not annualised
    int64_t periods_per_year_from    # annual.Basis
    double risk_free
    int64_t ddof
    int64_t round_trips
    double win_rate
    double profit_factor
    double expectancy
    double average_win
    double average_loss
    double best_trade
    double worst_trade
    double average_duration_seconds
    int64_t longest_winning_streak
    int64_t longest_losing_streak
    int64_t total_trades
    double traded_notional
    double turnover
    double exposure_time
    double fills_beyond_shown    # a count; NaN: no event showed a size
    int64_t orders
    int64_t orders_filled
    int64_t orders_canceled
    int64_t orders_expired
    int64_t orders_rejected
    int64_t liquidations
    int64_t ambiguous_bars
    int64_t events
    double initial_capital
    double final_equity
    double realized_pnl
    double unrealized_pnl
    double total_commission
    double slippage_cost
    double spread_cost
    double net_interest
    double borrow_fees
    double funding
    double dividends
    double cash_in_lieu

cdef class RunStatistics:        # what the metrics of a run are computed from
    cdef CurveStats curve
    cdef Matcher matcher             # its sums alone: it has no memory
    cdef RunMetrics metrics          # counts of orders and events; sums of positions, cash flows and notes
    cdef readonly object end_ts      # time of the last point of each period, int64 ns UTC
    cdef readonly object end_equity  # and its equity, float64

cdef dict metrics_dict(const RunMetrics* metrics)
cdef AnnualTerms annual_terms(year, risk_free)


cdef inline double _defined(double value) noexcept nogil:
    """`value`, or NaN if it is infinite."""
    return value if isfinite(value) else NAN


cdef inline double _percent(double value) noexcept nogil:
    return _defined(100.0 * value)


cdef inline void open_metrics(RunMetrics* m) noexcept nogil:
    """Sets counts and sums to zero, and all other metrics to NaN."""
    m.total_return = m.annual_return = m.annual_volatility = m.sharpe_ratio = m.sortino_ratio = NAN
    m.calmar_ratio = m.omega_ratio = m.max_drawdown = m.max_drawdown_duration_days = m.downside_risk = NAN
    m.value_at_risk_95 = m.conditional_value_at_risk_95 = m.tail_ratio = m.skew = m.kurtosis = NAN
    m.probabilistic_sharpe_ratio = m.minimum_track_record_length = NAN
    m.benchmark_return = m.alpha = m.beta = m.correlation = m.tracking_error = m.information_ratio = NAN
    m.up_capture = m.down_capture = m.treynor_ratio = NAN
    m.longest_winning_streak = m.longest_losing_streak = 0
    m.stability = m.win_rate = m.profit_factor = m.expectancy = m.average_win = m.average_loss = NAN
    m.best_trade = m.worst_trade = m.average_duration_seconds = m.turnover = m.exposure_time = NAN
    m.initial_capital = m.final_equity = m.periods_per_year = m.fills_beyond_shown = NAN
    m.periods_per_year_from = 0
    m.period = DAY
    m.ddof = 1
    m.periods = m.round_trips = m.total_trades = m.orders = m.orders_filled = 0
    m.orders_canceled = m.orders_expired = m.orders_rejected = m.liquidations = m.ambiguous_bars = m.events = 0
    m.risk_free = m.traded_notional = m.realized_pnl = m.unrealized_pnl = m.total_commission = 0.0
    m.slippage_cost = m.spread_cost = 0.0
    m.net_interest = m.borrow_fees = m.funding = m.dividends = m.cash_in_lieu = 0.0


cdef inline void add_order(RunMetrics* m, int8_t status) noexcept nogil:
    """Counts an order by its final status."""
    m.orders += 1
    m.orders_filled += status == Status.FILLED
    m.orders_canceled += status == Status.CANCELED
    m.orders_expired += status == Status.EXPIRED
    m.orders_rejected += status == Status.REJECTED


cdef inline void add_position(RunMetrics* m, const Position* p) noexcept nogil:
    """Adds the realized and unrealized PnL of a position at the end of the run."""
    m.realized_pnl += p.realized_pnl
    if p.qty != 0.0:
        m.unrealized_pnl += (p.mark * p.point_value - p.avg_cost) * p.qty


cdef inline void add_cash_flow(RunMetrics* m, const CashFlow* flow) noexcept nogil:
    """Adds a cash flow to the total of its kind."""
    if flow.kind == FlowKind.INTEREST:
        m.net_interest += flow.amount
    elif flow.kind == FlowKind.BORROW_FEE:
        m.borrow_fees -= flow.amount
    elif flow.kind == FlowKind.FUNDING:
        m.funding += flow.amount
    elif flow.kind == FlowKind.DIVIDEND:
        m.dividends += flow.amount
    elif flow.kind == FlowKind.CASH_IN_LIEU:
        m.cash_in_lieu += flow.amount


cdef inline void add_curve(RunMetrics* m, const CurveStats* curve) noexcept nogil:
    """Sets the metrics of the equity curve."""
    m.initial_capital = curve.first
    m.final_equity = curve.last
    m.total_return = _percent(curve.last / curve.first - 1.0)
    m.max_drawdown = _percent(worst_drawdown(curve))
    m.max_drawdown_duration_days = longest_drawdown(curve) / <double> DAY_NS


cdef inline void add_fills(RunMetrics* m, const Matcher* matcher, const CurveStats* curve) noexcept nogil:
    """Sets the metrics of fills and round trips; `curve` must be complete.

    `exposure_time` stays NaN if the fills are not in time order, or one is after the last point of the curve.
    """
    cdef int64_t span = curve.last_ts - curve.first_ts
    cdef double level = mean_equity(curve)
    m.round_trips = matcher.closed.count
    m.longest_winning_streak = matcher.closed.longest_won
    m.longest_losing_streak = matcher.closed.longest_lost
    if matcher.closed.count > 0:
        m.win_rate = 100.0 * matcher.closed.wins / matcher.closed.count
        m.expectancy = matcher.closed.pnl / matcher.closed.count
        m.average_duration_seconds = matcher.closed.seconds / matcher.closed.count
        m.best_trade = matcher.closed.best
        m.worst_trade = matcher.closed.worst
    if matcher.closed.wins > 0:
        m.average_win = matcher.closed.won / matcher.closed.wins
    if matcher.closed.losses > 0:
        m.average_loss = matcher.closed.lost / matcher.closed.losses
        m.profit_factor = matcher.closed.won / -matcher.closed.lost
    m.total_trades = matcher.n_fills
    if matcher.n_sized > 0 or matcher.n_fills == 0:
        m.fills_beyond_shown = matcher.n_beyond
    m.traded_notional = matcher.traded
    m.total_commission = matcher.commission
    m.slippage_cost = matcher.slippage
    if level > 0.0:
        m.turnover = _defined(matcher.traded / level)
    if span > 0 and not matcher.out_of_order and matcher.last_ts <= curve.last_ts:
        m.exposure_time = 100.0 * (exposed_ns(matcher, curve.last_ts) / <double> span)


cdef inline void add_returns(
    RunMetrics* m, const double* r, const double* excess, int64_t n, int32_t period, const AnnualTerms* terms,
    double* scratch
) noexcept nogil:
    """Sets the metrics of n period returns; `excess` are those over the risk-free return. `scratch` has room for n.

    Where the number of periods a year is not known, ratios are per period and annual returns undefined.
    """
    cdef double year = terms.periods if isfinite(terms.periods) else 1.0, risk, low, wealth, worst, annual_return
    cdef Sample sample, over
    take_sample(&sample, r, n)
    over = sample
    if excess != r:
        take_sample(&over, excess, n)
    m.period = period
    m.periods = n
    m.periods_per_year = terms.periods
    m.periods_per_year_from = terms.basis
    m.risk_free = terms.risk_free
    risk = downside(&over, excess, 0.0, year)
    low = quantile(&sample, r, 0.05, scratch)
    m.sharpe_ratio = _defined(sharpe(&over, 0.0, year))
    m.sortino_ratio = _defined(sortino(&over, risk, 0.0, year))
    m.omega_ratio = _defined(omega(&over, excess, 0.0, 0.0))
    m.downside_risk = _percent(risk)
    m.value_at_risk_95 = _percent(low)
    m.conditional_value_at_risk_95 = _percent(expected_shortfall(&sample, r, 0.05, scratch))
    m.tail_ratio = _defined(tail_ratio(low, quantile(&sample, r, 0.95, scratch)))
    m.skew = _defined(skewness(&sample))
    m.kurtosis = _defined(excess_kurtosis(&sample))
    m.stability = _defined(r_squared(&sample, r, scratch))
    m.probabilistic_sharpe_ratio = _percent(probabilistic_sharpe(&over, 0.0))
    m.minimum_track_record_length = _defined(minimum_track_record(&over, 0.0, NORMAL_95))
    if terms.is_long and isfinite(terms.periods):
        compound(r, n, &wealth, &worst)
        annual_return = annual(&sample, wealth, year)
        m.annual_return = _percent(annual_return)
        m.annual_volatility = _percent(volatility(&sample, year))
        m.calmar_ratio = calmar(annual_return, worst)


cdef inline void add_benchmark(
    RunMetrics* m, const double* r, const double* excess, const double* y, const double* y_excess, int64_t n,
    const AnnualTerms* terms, double* scratch
) noexcept nogil:
    """Sets the metrics of n returns `r` beside those of the benchmark, `y`, of the same periods; call it last.

    `excess` and `y_excess` are those over the risk-free return. `scratch` has room for n numbers.
    """
    cdef double year = terms.periods if isfinite(terms.periods) else 1.0, wealth = 1.0, free = 1.0
    cdef int64_t i
    for i in range(n):
        scratch[i] = r[i] - y[i]
        wealth *= 1.0 + y[i]
        free *= 1.0 + (r[i] - excess[i])
    m.benchmark_return = _percent(wealth - 1.0)
    m.beta = _defined(bench.beta(excess, y_excess, n))
    m.correlation = _defined(bench.correlation(r, y, n))
    m.tracking_error = _percent(bench.tracking_error(scratch, n, year))
    m.information_ratio = _defined(bench.information_ratio(scratch, n, year))
    m.up_capture = _percent(bench.capture(r, y, n, 1.0))
    m.down_capture = _percent(bench.capture(r, y, n, -1.0))
    if terms.is_long and isfinite(terms.periods):
        m.alpha = _percent(bench.alpha(excess, y_excess, n, year))
        if m.beta != 0.0:
            m.treynor_ratio = _defined((m.annual_return / 100.0 - (pow(free, year / n) - 1.0)) / m.beta)
