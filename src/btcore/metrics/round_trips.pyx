"""Round trips from arrays of fills, and their adverse and favorable excursions; the matching is in the header."""

from libc.math cimport NAN, isnan
from libc.stdint cimport int32_t, int64_t

import numpy as np

from btcore.feed.search cimport first_at
from btcore.model cimport Fill, Restatement

from btcore import model

cdef enum:
    BLOCK = 64            # prices per leaf of the trees of extremes

cdef Trip _trip
cdef Lot _lot

TRIP_DTYPE = np.asarray(<Trip[:1]> &_trip).dtype
LOT_DTYPE = np.asarray(<Lot[:1]> &_lot).dtype


cdef int _check_record(name, Py_ssize_t i, int32_t symbol, int32_t leg) except -1:
    if symbol < 0:
        raise ValueError(f"{name}[{i}].symbol: {symbol} is below zero")
    if not -1 <= leg <= 1:
        raise ValueError(f"{name}[{i}].leg: {leg} is not -1, 0 or 1")
    return 0


cdef int64_t check_fills(const Fill[::1] fills, const Restatement[::1] splits) except -1:
    """The number of symbols the matcher needs. ValueError for an impossible symbol, leg, quantity or ratio."""
    cdef Py_ssize_t i
    cdef int64_t n_symbols = 0
    for i in range(fills.shape[0]):
        _check_record("fills", i, fills[i].symbol, fills[i].leg)
        if not fills[i].last_qty > 0.0:
            raise ValueError(f"fills[{i}].last_qty: {fills[i].last_qty} is not above zero")
        n_symbols = max(n_symbols, <int64_t> fills[i].symbol + 1)
    for i in range(splits.shape[0]):
        _check_record("restatements", i, splits[i].symbol, splits[i].leg)
        if not splits[i].ratio > 0.0:
            raise ValueError(f"restatements[{i}].ratio: {splits[i].ratio} is not above zero")
        n_symbols = max(n_symbols, <int64_t> splits[i].symbol + 1)
    return n_symbols


def match_fills(const Fill[::1] fills not None, restatements=None):
    """Round trips in the order they closed (`TRIP_DTYPE`), and open lots by symbol and age (`LOT_DTYPE`).

    `fills` are records of `btcore.model.FILL_DTYPE` in the order they happened, and `restatements` the splits between
    them. ValueError for an impossible symbol, leg, quantity or ratio.
    """
    cdef const Restatement[::1] splits = (
        np.zeros(0, model.RESTATEMENT_DTYPE) if restatements is None else restatements
    )
    cdef int64_t n = fills.shape[0], m = splits.shape[0]
    cdef int64_t n_symbols = check_fills(fills, splits)
    cdef Matcher matcher
    cdef int code
    # There are at most n + m trips: a fill fully closes lots that earlier fills opened, and partly closes one lot
    # or opens one; a payout partly closes one lot.
    trips = np.zeros(n + m, dtype=TRIP_DTYPE)
    cdef Trip[::1] trip = trips
    code = open_matcher(&matcher, n_symbols, 0, &trip[0] if n + m else NULL)
    try:
        if code == 0:
            with nogil:
                code = match_all(&matcher, &fills[0] if n else NULL, n, &splits[0] if m else NULL, m)
        if code < 0:
            raise MemoryError
        still_open = np.zeros(_count_lots(&matcher), dtype=LOT_DTYPE)
        _copy_lots(&matcher, still_open)
    finally:
        close_matcher(&matcher)
    return trips[:matcher.closed.count], still_open


cdef int64_t _count_lots(const Matcher* matcher) noexcept nogil:
    """Number of open lots."""
    cdef int64_t queue, at, count = 0
    for queue in range(matcher.n_queues):
        at = matcher.queues[queue].oldest
        while at >= 0:
            count += 1
            at = matcher.lots[at].next
    return count


cdef int _copy_lots(const Matcher* matcher, Lot[::1] out) except -1:
    """Copies the open lots, by symbol and age."""
    cdef int64_t queue, at, count = 0
    for queue in range(matcher.n_queues):
        at = matcher.queues[queue].oldest
        while at >= 0:
            out[count] = matcher.lots[at]
            count += 1
            at = matcher.lots[at].next
    return 0


cdef void _build_trees(
    const double[::1] low, const double[::1] high, double* least, double* most, Py_ssize_t leaves
) noexcept nogil:
    """Fills two binary trees with the extremes of blocks; the leaves start at index `leaves`. NaN is skipped."""
    cdef Py_ssize_t i, leaf
    for leaf in range(leaves):
        least[leaves + leaf] = _least(low, leaf * BLOCK, min((leaf + 1) * BLOCK, low.shape[0]), NAN)
        most[leaves + leaf] = _most(high, leaf * BLOCK, min((leaf + 1) * BLOCK, high.shape[0]), NAN)
    for i in range(leaves - 1, 0, -1):
        least[i] = _lower(least[2 * i], least[2 * i + 1])
        most[i] = _higher(most[2 * i], most[2 * i + 1])


cdef inline double _lower(double a, double b) noexcept nogil:
    return b if isnan(a) or b < a else a


cdef inline double _higher(double a, double b) noexcept nogil:
    return b if isnan(a) or b > a else a


cdef double _least(const double[::1] x, Py_ssize_t start, Py_ssize_t stop, double best) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(start, stop):
        best = _lower(best, x[i])
    return best


cdef double _most(const double[::1] x, Py_ssize_t start, Py_ssize_t stop, double best) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(start, stop):
        best = _higher(best, x[i])
    return best


cdef void _find_extremes(
    const double[::1] low, const double[::1] high, const double* least, const double* most, Py_ssize_t leaves,
    Py_ssize_t start, Py_ssize_t stop, double* worst, double* best
) noexcept nogil:
    """Writes the extremes of rows [start, stop): partial blocks row by row, whole blocks from the trees."""
    cdef Py_ssize_t a = (start + BLOCK - 1) // BLOCK, b = stop // BLOCK
    if a >= b:
        worst[0] = _least(low, start, stop, NAN)
        best[0] = _most(high, start, stop, NAN)
        return
    worst[0] = _least(low, b * BLOCK, stop, _least(low, start, a * BLOCK, NAN))
    best[0] = _most(high, b * BLOCK, stop, _most(high, start, a * BLOCK, NAN))
    a += leaves
    b += leaves
    while a < b:
        if a & 1:
            worst[0] = _lower(worst[0], least[a])
            best[0] = _higher(best[0], most[a])
            a += 1
        if b & 1:
            b -= 1
            worst[0] = _lower(worst[0], least[b])
            best[0] = _higher(best[0], most[b])
        a //= 2
        b //= 2


def write_excursions(Trip[::1] trips not None, int symbol, ts_start, ts_end, low, high):
    """Writes `mae` and `mfe` of one symbol's trips, from rows of prices in time order.

    A row covers the time from `ts_start` to `ts_end` (ns UTC) and has the `low` and `high` price of that time. Rows
    with ts_start >= entry and ts_end <= exit count, and so do the entry and the exit price, all at the point value of
    the entry. A trip with a split is skipped, since its prices have two scales. The cost per trip is logarithmic
    in the number of rows. ValueError if the columns differ in length.
    """
    cdef const int64_t[::1] starts = np.ascontiguousarray(ts_start, dtype=np.int64)
    cdef const int64_t[::1] ends = np.ascontiguousarray(ts_end, dtype=np.int64)
    cdef const double[::1] lows = np.ascontiguousarray(low, dtype=np.float64)
    cdef const double[::1] highs = np.ascontiguousarray(high, dtype=np.float64)
    cdef Py_ssize_t i, n = starts.shape[0], leaves = (n + BLOCK - 1) // BLOCK
    cdef int64_t start = 0, stop = 0  # of the trip before: near those of the next one, as trips are in order
    cdef const int64_t* first_start = &starts[0] if n else NULL
    cdef const int64_t* first_end = &ends[0] if ends.shape[0] else NULL
    if ends.shape[0] != n or lows.shape[0] != n or highs.shape[0] != n:
        raise ValueError(f"prices of symbol {symbol}: columns differ in length")
    cdef double[::1] least = np.empty(max(2 * leaves, 1))
    cdef double[::1] most = np.empty(max(2 * leaves, 1))
    cdef double worst, best, swap, money
    with nogil:
        _build_trees(lows, highs, &least[0], &most[0], leaves)
        for i in range(trips.shape[0]):
            if trips[i].symbol != symbol or trips[i].restated:
                continue
            start = first_at(first_start, 0, n, trips[i].entry_ts, start)
            stop = first_at(first_end, 0, n, trips[i].exit_ts + 1, stop)
            worst = best = NAN
            if start < stop:
                _find_extremes(lows, highs, &least[0], &most[0], leaves, start, stop, &worst, &best)
            worst = _lower(_lower(worst, trips[i].exit_px), trips[i].entry_px)
            best = _higher(_higher(best, trips[i].exit_px), trips[i].entry_px)
            if trips[i].side < 0:
                swap = worst
                worst = best
                best = swap
            money = trips[i].side * trips[i].qty * trips[i].entry_value
            trips[i].mae = (worst - trips[i].entry_px) * money + 0.0  # never -0.0
            trips[i].mfe = (best - trips[i].entry_px) * money + 0.0
