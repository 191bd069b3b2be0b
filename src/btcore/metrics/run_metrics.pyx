"""The metrics of a finished run's records, by the functions of the header."""

from math import isfinite as _isfinite

import numpy as np

from libc.math cimport NAN

from btcore.metrics.curve cimport extend_curve, open_curve
from btcore.metrics.round_trips cimport check_fills, close_matcher, match_all, open_matcher
from btcore.model cimport Fill, Note, NoteKind, Order, Restatement

from btcore.metrics.api import exposure_time as _exposure_time
from btcore.metrics.annual import BASES as _BASES
from btcore.metrics.period_returns import PERIODS as _PERIODS, returns as _returns
from btcore.metrics.round_trips import match_fills as _match_fills

cdef RunMetrics _metrics

RUN_METRICS_DTYPE = np.asarray(<RunMetrics[:1]> &_metrics).dtype


cdef dict metrics_dict(const RunMetrics* metrics):
    """The metrics by name, None where undefined. `period` is the name of the period, not its code."""
    named = {
        name: value if not isinstance(value, float) or _isfinite(value) else None
        for name, value in (<dict> metrics[0]).items()
    }
    named["period"] = _PERIODS[metrics.period]
    named["periods_per_year_from"] = _BASES[metrics.periods_per_year_from]
    return named


cdef AnnualTerms annual_terms(year, risk_free):
    """An `annual.Year`, and the risk-free return of each period (None: 0), as the struct."""
    mean = 0.0 if risk_free is None else float(np.mean(risk_free)) if len(risk_free) else NAN
    return AnnualTerms(periods=year.periods, risk_free=mean, basis=year.basis, is_long=year.is_long)


cdef class RunStatistics:
    """What the metrics of a run are computed from, in one pass over its curve, its fills and its orders."""

    def __init__(self, end_ts, end_equity):
        open_metrics(&self.metrics)
        self.end_ts, self.end_equity = end_ts, end_equity

    @property
    def start(self):
        """Time of the first point of the curve, ns UTC."""
        return self.curve.first_ts

    @property
    def capital(self):
        """Equity of the first point."""
        return self.curve.first


def statistics_of(journal, ends):
    """The `RunStatistics` of the records of a journal; `ends` are the indexes of the points that end periods.

    ValueError for a curve without points or with columns of different lengths, or a fill or restatement with an
    impossible symbol, leg, quantity or ratio.
    """
    timestamp, worth = np.ascontiguousarray(journal.curve.timestamp), np.ascontiguousarray(journal.curve.equity)
    cdef const int64_t[::1] ts = timestamp
    cdef const double[::1] equity = worth
    cdef const Fill[::1] fills = journal.fills
    cdef const Restatement[::1] splits = journal.restatements
    cdef const Order[::1] orders = journal.orders
    cdef const Position[::1] positions = journal.positions
    cdef const CashFlow[::1] flows = journal.cash_flows
    cdef const Note[::1] notes = journal.notes
    cdef int64_t i, n_symbols = check_fills(fills, splits)
    cdef RunStatistics statistics
    cdef RunMetrics* metrics
    cdef Matcher* matcher
    cdef int code
    if ts.shape[0] != equity.shape[0] or not ts.shape[0]:
        raise ValueError(f"curve: {ts.shape[0]} times and {equity.shape[0]} values of equity")
    statistics = RunStatistics(timestamp[ends], worth[ends])
    metrics, matcher = &statistics.metrics, &statistics.matcher
    with nogil:
        code = open_matcher(matcher, n_symbols, ts[0], NULL)
        if code == 0:
            code = match_all(
                matcher, &fills[0] if fills.shape[0] else NULL, fills.shape[0],
                &splits[0] if splits.shape[0] else NULL, splits.shape[0],
            )
        close_matcher(matcher)
        open_curve(&statistics.curve, ts[0], equity[0])
        extend_curve(&statistics.curve, &ts[0] + 1, 0, &equity[0] + 1, equity.shape[0] - 1)
        for i in range(orders.shape[0]):
            add_order(metrics, orders[i].status)
        for i in range(positions.shape[0]):
            add_position(metrics, &positions[i])
        for i in range(flows.shape[0]):
            add_cash_flow(metrics, &flows[i])
        for i in range(notes.shape[0]):
            metrics.liquidations += notes[i].kind == NoteKind.LIQUIDATED
    if code < 0:
        raise MemoryError
    metrics.ambiguous_bars = journal.ambiguous_bars
    metrics.events = journal.events
    metrics.spread_cost = journal.spread_cost
    return statistics


def compute_metrics(RunStatistics statistics not None, journal, year, risk_free=None, benchmark=None):
    """All metrics of a run by name, None where undefined.

    The period of the returns is that of `year`, an `annual.Year`. `risk_free` has the risk-free return of each period,
    and `benchmark` that of a benchmark; None for 0, and for no benchmark. `journal` is read where the fills are not in
    time order.
    """
    returned = _returns(np.append(statistics.curve.first, statistics.end_equity))
    cdef const double[::1] r = returned
    cdef const double[::1] excess = r if risk_free is None else np.subtract(returned, risk_free)
    cdef const double[::1] y = r if benchmark is None else np.ascontiguousarray(benchmark, dtype=np.float64)
    cdef const double[::1] y_excess = y if risk_free is None else np.subtract(y, risk_free)
    cdef double[::1] scratch = np.empty(max(r.shape[0], 1))
    cdef AnnualTerms terms = annual_terms(year, risk_free)
    cdef int32_t period = year.period
    cdef RunMetrics metrics = statistics.metrics
    cdef const double* first = &r[0] if r.shape[0] else NULL
    add_curve(&metrics, &statistics.curve)
    add_fills(&metrics, &statistics.matcher, &statistics.curve)
    add_returns(&metrics, first, &excess[0] if r.shape[0] else NULL, r.shape[0], period, &terms, &scratch[0])
    if benchmark is not None and r.shape[0] > 0:
        add_benchmark(&metrics, first, &excess[0], &y[0], &y_excess[0], r.shape[0], &terms, &scratch[0])
    if metrics.exposure_time != metrics.exposure_time:  # NaN: the fills are not in time order
        metrics.exposure_time = 100.0 * _exposed(journal, statistics.curve.first_ts, statistics.curve.last_ts)
    return metrics_dict(&metrics)


def _exposed(journal, start, end):
    """Share of the time with an open position, 0 to 1, from the intervals of round trips and of open lots."""
    trips, lots = _match_fills(journal.fills, journal.restatements)
    entries = np.concatenate([trips["entry_ts"], lots["entry_ts"]])
    exits = np.concatenate([trips["exit_ts"], np.full(len(lots), end)])
    return _exposure_time(entries, exits, start, end)
