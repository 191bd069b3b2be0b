"""The metrics of a finished run's records, by the functions of the header."""

from math import isfinite as _isfinite

import numpy as np

from libc.math cimport NAN

from btcore.metrics.curve cimport extend_curve, open_curve
from btcore.metrics.round_trips cimport check_fills, close_matcher, match_all, open_matcher
from btcore.model cimport Fill, Note, NoteKind, Order, Restatement

from btcore.metrics.api import exposure_time as _exposure_time
from btcore.metrics.annual import BASES as _BASES
from btcore.metrics.period_returns import PERIODS as _PERIODS
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


def compute_metrics(journal, returns, year, risk_free=None, benchmark=None):
    """All metrics of a journal by name, None where undefined.

    `returns` are the returns by the period of `year`, an `annual.Year`, and `risk_free` are the risk-free returns of
    the same periods, and `benchmark` those of a benchmark; None for 0, and for no benchmark. ValueError for a curve
    without points or with columns of different lengths, or a fill or restatement with an impossible symbol, leg,
    quantity or ratio.
    """
    cdef const int64_t[::1] ts = np.ascontiguousarray(journal.curve.timestamp)
    cdef const double[::1] equity = np.ascontiguousarray(journal.curve.equity)
    cdef const double[::1] r = np.ascontiguousarray(returns, dtype=np.float64)
    cdef const Fill[::1] fills = journal.fills
    cdef const Restatement[::1] splits = journal.restatements
    cdef const Order[::1] orders = journal.orders
    cdef const Position[::1] positions = journal.positions
    cdef const CashFlow[::1] flows = journal.cash_flows
    cdef const Note[::1] notes = journal.notes
    cdef const double[::1] excess = r if risk_free is None else np.subtract(r, risk_free)
    cdef const double[::1] y = r if benchmark is None else np.ascontiguousarray(benchmark, dtype=np.float64)
    cdef const double[::1] y_excess = y if risk_free is None else np.subtract(y, risk_free)
    cdef bint has_benchmark = benchmark is not None and r.shape[0] > 0
    cdef double[::1] scratch = np.empty(max(r.shape[0], 1))
    cdef AnnualTerms terms = annual_terms(year, risk_free)
    cdef int32_t period = year.period
    cdef int64_t i, n_symbols = check_fills(fills, splits)
    cdef CurveStats curve
    cdef Matcher matcher
    cdef RunMetrics metrics
    cdef int code
    if ts.shape[0] != equity.shape[0] or not ts.shape[0]:
        raise ValueError(f"curve: {ts.shape[0]} times and {equity.shape[0]} values of equity")
    with nogil:
        code = open_matcher(&matcher, n_symbols, ts[0], NULL)
        if code == 0:
            code = match_all(
                &matcher, &fills[0] if fills.shape[0] else NULL, fills.shape[0],
                &splits[0] if splits.shape[0] else NULL, splits.shape[0],
            )
        close_matcher(&matcher)
        open_curve(&curve, ts[0], equity[0])
        extend_curve(&curve, &ts[0] + 1, 0, &equity[0] + 1, equity.shape[0] - 1)
        open_metrics(&metrics)
        add_curve(&metrics, &curve)
        add_fills(&metrics, &matcher, &curve)
        add_returns(
            &metrics, &r[0] if r.shape[0] else NULL, &excess[0] if r.shape[0] else NULL, r.shape[0], period, &terms,
            &scratch[0],
        )
        if has_benchmark:
            add_benchmark(&metrics, &r[0], &excess[0], &y[0], &y_excess[0], r.shape[0], &terms, &scratch[0])
        for i in range(orders.shape[0]):
            add_order(&metrics, orders[i].status)
        for i in range(positions.shape[0]):
            add_position(&metrics, &positions[i])
        for i in range(flows.shape[0]):
            add_cash_flow(&metrics, &flows[i])
        for i in range(notes.shape[0]):
            metrics.liquidations += notes[i].kind == NoteKind.LIQUIDATED
    if code < 0:
        raise MemoryError
    metrics.ambiguous_bars = journal.ambiguous_bars
    metrics.events = journal.events
    metrics.spread_cost = journal.spread_cost
    if metrics.exposure_time != metrics.exposure_time:  # NaN: the fills are not in time order
        metrics.exposure_time = 100.0 * _exposed(journal, curve.first_ts, curve.last_ts)
    return metrics_dict(&metrics)


def _exposed(journal, start, end):
    """Share of the time with an open position, 0 to 1, from the intervals of round trips and of open lots."""
    trips, lots = _match_fills(journal.fills, journal.restatements)
    entries = np.concatenate([trips["entry_ts"], lots["entry_ts"]])
    exits = np.concatenate([trips["exit_ts"], np.full(len(lots), end)])
    return _exposure_time(entries, exits, start, end)
