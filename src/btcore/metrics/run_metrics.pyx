"""The numbers of a journal, by the same functions as a sweep's: see the header."""

from math import isfinite as _isfinite

import numpy as np

from btcore.metrics.curve cimport extend_curve, open_curve
from btcore.metrics.api import exposure_time as _exposure_time
from btcore.model cimport Fill, Note, NoteKind, Order, Restatement
from btcore.metrics.round_trips cimport check_matched, close_matcher, match_all, open_matcher
from btcore.metrics.round_trips import match_fills as _match_fills

PERIODS = ("day", "session", "hour", "minute", "second", "point")  # each at the place of its number

cdef Measures _measures

MEASURES_DTYPE = np.asarray(<Measures[:1]> &_measures).dtype


cdef dict metrics_of(const Measures* measures):
    """The metrics by name; None where undefined."""
    named = {
        name: value if not isinstance(value, float) or _isfinite(value) else None
        for name, value in (<dict> measures[0]).items()
    }
    named["period"] = PERIODS[measures.period]
    return named


def measure(journal, returns, str period, int64_t periods_per_year, double risk_free):
    """Every metric of a journal by name, None where undefined; `returns` are those of its periods.

    ValueError for a curve without points, columns of different lengths, or fills no engine writes.
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
    cdef double[::1] scratch = np.empty(max(r.shape[0], 1))
    cdef int64_t i, n_symbols = check_matched(fills, splits)
    cdef CurveStats curve
    cdef Matcher matcher
    cdef Measures measures
    cdef int code
    if period not in PERIODS:
        raise ValueError(f"period: {period!r} is not one of {', '.join(PERIODS)}")
    cdef int32_t number = PERIODS.index(period)
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
        open_measures(&measures)
        measure_curve(&measures, &curve)
        measure_fills(&measures, &matcher, &curve)
        measure_returns(
            &measures, &r[0] if r.shape[0] else NULL, r.shape[0], number, periods_per_year, risk_free, &scratch[0]
        )
        for i in range(orders.shape[0]):
            count_order(&measures, orders[i].status)
        for i in range(positions.shape[0]):
            add_position(&measures, &positions[i])
        for i in range(flows.shape[0]):
            add_flow(&measures, &flows[i])
        for i in range(notes.shape[0]):
            measures.liquidations += notes[i].kind == NoteKind.LIQUIDATED
    if code < 0:
        raise MemoryError
    measures.ambiguous_bars = journal.ambiguous_bars
    measures.events = journal.events
    if measures.exposure_time != measures.exposure_time:  # fills out of order
        measures.exposure_time = 100.0 * _exposed(journal, curve.first_ts, curve.last_ts)
    return metrics_of(&measures)


def _exposed(journal, start, end):
    """The share of the time with any position open, by the intervals of round trips and of what is left."""
    trips, lots = _match_fills(journal.fills, journal.restatements)
    entries = np.concatenate([trips["entry_ts"], lots["entry_ts"]])
    exits = np.concatenate([trips["exit_ts"], np.full(len(lots), end)])
    return _exposure_time(entries, exits, start, end)
