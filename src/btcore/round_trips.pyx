"""Round trips: each closing fill paired with the oldest open lots of its position, first in, first out."""

from libc.math cimport NAN, fabs, isnan
from libc.stdint cimport int8_t, int32_t, int64_t
from libc.stdlib cimport free, malloc

import numpy as np

from btcore import model
from btcore.model cimport Fill, Restatement

cdef double DUST = 1e-12  # as in accounting: less than this share of a fill or position is nothing

cdef enum:
    BLOCK = 64            # prices summed up in one leaf of the tree of extremes
    LEGS = 3              # short, netted, long: the positions a symbol may have

cdef struct Trip:
    int64_t entry_ts
    int64_t exit_ts
    int64_t entry_order_id
    int64_t exit_order_id  # 0: paid out as cash in lieu
    double qty            # after the splits within the trip
    double entry_px       # likewise
    double exit_px
    double entry_value    # money per point at the entry
    double exit_value
    double commission     # of both fills, pro rata
    double pnl            # after commission
    double mae            # worst unrealised pnl, 0 or less; NaN where prices are unknown
    double mfe            # best, 0 or more
    int32_t symbol
    int8_t side           # 1 long, -1 short
    int8_t leg            # of a hedging account: 1 long, -1 short; else 0
    int8_t restated       # a split lies within the trip

cdef struct Lot:
    int64_t entry_ts
    int64_t order_id
    int64_t next          # the lot opened after it, -1 none
    double qty            # still open
    double entry_px
    double entry_value
    double unit_cost      # commission per unit
    int32_t symbol
    int8_t side
    int8_t leg
    int8_t restated

cdef struct Book:         # one position's open lots
    double qty            # signed
    int64_t oldest
    int64_t newest

cdef Trip _trip
cdef Lot _lot

TRIP_DTYPE = np.asarray(<Trip[:1]> &_trip).dtype
LOT_DTYPE = np.asarray(<Lot[:1]> &_lot).dtype


cdef void _close(const Fill* fill, Lot* lot, double qty, Trip* trip) noexcept nogil:
    trip.entry_ts = lot.entry_ts
    trip.exit_ts = fill.ts
    trip.entry_order_id = lot.order_id
    trip.exit_order_id = fill.order_id
    trip.qty = qty
    trip.entry_px = lot.entry_px
    trip.exit_px = fill.last_px
    trip.entry_value = lot.entry_value
    trip.exit_value = fill.point_value
    trip.commission = (lot.unit_cost + fill.commission / fill.last_qty) * qty
    trip.pnl = lot.side * (
        (fill.last_px - lot.entry_px) * lot.entry_value + fill.last_px * (fill.point_value - lot.entry_value)
    ) * qty - trip.commission
    trip.mae = trip.mfe = NAN
    trip.symbol = fill.symbol
    trip.side = lot.side
    trip.leg = lot.leg
    trip.restated = lot.restated
    lot.qty -= qty


cdef Py_ssize_t _match(const Fill* fill, Book* book, Lot* lots, Py_ssize_t here, Trip* trips) noexcept nogil:
    """Applies one fill and returns the number of trips; one through zero closes, then opens lot `here`."""
    cdef Py_ssize_t count = 0
    cdef double before = book.qty
    cdef double after = before + fill.side * fill.last_qty
    cdef double dust = DUST * max(fabs(before), fill.last_qty)
    cdef double rest = fill.last_qty
    cdef Lot* lot
    if fabs(after) <= dust:
        after = 0.0
    if before * fill.side < 0.0:
        while rest > dust and book.oldest >= 0:
            lot = &lots[book.oldest]
            if lot.qty - rest > dust:
                _close(fill, lot, rest, &trips[count])
                rest = 0.0
            else:
                rest -= lot.qty
                _close(fill, lot, lot.qty, &trips[count])
                book.oldest = lot.next
            count += 1
        if after * before <= 0.0:
            book.oldest = -1
    if after * fill.side > 0.0:
        lot = &lots[here]
        lot.entry_ts = fill.ts
        lot.order_id = fill.order_id
        lot.next = -1
        lot.qty = fabs(after) if after * before <= 0.0 else fill.last_qty
        lot.entry_px = fill.last_px
        lot.entry_value = fill.point_value
        lot.unit_cost = fill.commission / fill.last_qty
        lot.symbol = fill.symbol
        lot.side = fill.side
        lot.leg = fill.leg
        if book.oldest >= 0:
            lots[book.newest].next = here
        else:
            book.oldest = here
        book.newest = here
    book.qty = after
    return count


cdef Py_ssize_t _restate(const Restatement* split, Book* book, Lot* lots, Trip* trips) noexcept nogil:
    """Applies a split; what it pays out closes the oldest lots at its price, without an order or a commission."""
    cdef int64_t at = book.oldest
    cdef Fill payout
    while at >= 0:
        lots[at].qty *= split.ratio
        lots[at].entry_px /= split.ratio
        lots[at].unit_cost /= split.ratio
        lots[at].restated = 1
        at = lots[at].next
    book.qty *= split.ratio
    if split.cash_qty == 0.0 or book.qty == 0.0:
        return 0
    payout.ts = split.ts
    payout.order_id = 0
    payout.last_qty = min(fabs(split.cash_qty), fabs(book.qty))
    payout.last_px = split.px
    payout.point_value = split.point_value
    payout.commission = 0.0
    payout.symbol = split.symbol
    payout.side = -1 if book.qty > 0.0 else 1
    payout.leg = <int8_t> split.leg
    return _match(&payout, book, lots, -1, trips)


cdef int _check(name, Py_ssize_t i, int32_t symbol, int32_t leg) except -1:
    if symbol < 0:
        raise ValueError(f"{name}[{i}].symbol: {symbol} is below zero")
    if not -1 <= leg <= 1:
        raise ValueError(f"{name}[{i}].leg: {leg} is not -1, 0 or 1")
    return 0


def match_fills(const Fill[::1] fills not None, restatements=None):
    """Round trips in the order of their closing, and the lots left open, by symbol and age.

    Fills are read in the order they happened; `restatements` are the splits between them.
    """
    cdef const Restatement[::1] splits = (
        np.zeros(0, model.RESTATEMENT_DTYPE) if restatements is None else restatements
    )
    cdef Py_ssize_t i, k = 0, book, n = fills.shape[0], m = splits.shape[0], n_books = 0, closed = 0
    cdef int64_t at
    for i in range(n):
        _check("fills", i, fills[i].symbol, fills[i].leg)
        if not fills[i].last_qty > 0.0:
            raise ValueError(f"fills[{i}].last_qty: {fills[i].last_qty} is not above zero")
        n_books = max(n_books, LEGS * (<Py_ssize_t> fills[i].symbol + 1))
    for i in range(m):
        _check("restatements", i, splits[i].symbol, splits[i].leg)
        if not splits[i].ratio > 0.0:
            raise ValueError(f"restatements[{i}].ratio: {splits[i].ratio} is not above zero")
        n_books = max(n_books, LEGS * (<Py_ssize_t> splits[i].symbol + 1))
    # Every fill opens a lot, or ends inside one, or both opens one and ends those before: at most n trips; and
    # a payout ends inside one.
    trips = np.zeros(n + m, dtype=TRIP_DTYPE)
    lots = np.zeros(n, dtype=LOT_DTYPE)
    cdef Trip[::1] trip = trips
    cdef Lot[::1] lot = lots
    cdef Book* books = <Book*> malloc(max(n_books, 1) * sizeof(Book))
    if not books:
        raise MemoryError
    try:
        for book in range(n_books):
            books[book].qty = 0.0
            books[book].oldest = books[book].newest = -1
        with nogil:
            for i in range(n + 1):
                while k < m and (i == n or splits[k].n_fills <= i):
                    book = LEGS * splits[k].symbol + splits[k].leg + 1
                    closed += _restate(&splits[k], &books[book], &lot[0], &trip[closed])
                    k += 1
                if i < n:
                    book = LEGS * fills[i].symbol + fills[i].leg + 1
                    closed += _match(&fills[i], &books[book], &lot[0], i, &trip[closed])
        still_open = []
        for book in range(n_books):
            at = books[book].oldest
            while at >= 0:
                still_open.append(at)
                at = lot[at].next
    finally:
        free(books)
    return trips[:closed].copy(), lots[np.array(still_open, dtype=np.int64)]


cdef void _grow(
    const double[::1] low, const double[::1] high, double* least, double* most, Py_ssize_t leaves
) noexcept nogil:
    """Fills two binary trees with the extremes of blocks, leaves from `leaves` on; NaN is passed over."""
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


cdef Py_ssize_t _first_from(const int64_t[::1] t, int64_t bound, bint beyond) noexcept nogil:
    """The first index with t >= bound, or t > bound if `beyond`."""
    cdef Py_ssize_t low = 0, high = t.shape[0], middle
    while low < high:
        middle = (low + high) // 2
        if t[middle] < bound or (beyond and t[middle] == bound):
            low = middle + 1
        else:
            high = middle
    return low


cdef void _range(
    const double[::1] low, const double[::1] high, const double* least, const double* most, Py_ssize_t leaves,
    Py_ssize_t start, Py_ssize_t stop, double* worst, double* best
) noexcept nogil:
    """The extremes of [start, stop): loose ends one by one, whole blocks from the trees."""
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


def excursions(Trip[::1] trips not None, int symbol, ts_start, ts_end, low, high):
    """Writes mae and mfe of one symbol's trips, from prices in time order that hold from ts_start to ts_end.

    Prices with ts_start >= entry and ts_end <= exit count, and so do the entry and the exit price, all at the
    money per point of the entry. A trip with a split in it is left as it is: its prices have two scales. Each
    trip costs the logarithm of its length.
    """
    cdef const int64_t[::1] starts = np.ascontiguousarray(ts_start, dtype=np.int64)
    cdef const int64_t[::1] ends = np.ascontiguousarray(ts_end, dtype=np.int64)
    cdef const double[::1] lows = np.ascontiguousarray(low, dtype=np.float64)
    cdef const double[::1] highs = np.ascontiguousarray(high, dtype=np.float64)
    cdef Py_ssize_t i, n = starts.shape[0], leaves = (n + BLOCK - 1) // BLOCK, start, stop
    if ends.shape[0] != n or lows.shape[0] != n or highs.shape[0] != n:
        raise ValueError(f"prices of symbol {symbol}: columns differ in length")
    cdef double[::1] least = np.empty(max(2 * leaves, 1))
    cdef double[::1] most = np.empty(max(2 * leaves, 1))
    cdef double worst, best, swap, money
    with nogil:
        _grow(lows, highs, &least[0], &most[0], leaves)
        for i in range(trips.shape[0]):
            if trips[i].symbol != symbol or trips[i].restated:
                continue
            start = _first_from(starts, trips[i].entry_ts, False)
            stop = _first_from(ends, trips[i].exit_ts, True)
            worst = best = NAN
            if start < stop:
                _range(lows, highs, &least[0], &most[0], leaves, start, stop, &worst, &best)
            worst = _lower(_lower(worst, trips[i].exit_px), trips[i].entry_px)
            best = _higher(_higher(best, trips[i].exit_px), trips[i].entry_px)
            if trips[i].side < 0:
                swap = worst
                worst = best
                best = swap
            money = trips[i].side * trips[i].qty * trips[i].entry_value
            trips[i].mae = (worst - trips[i].entry_px) * money + 0.0  # never -0.0
            trips[i].mfe = (best - trips[i].entry_px) * money + 0.0
