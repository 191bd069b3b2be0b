"""Round trips as they close: each closing fill paired with the oldest open lots of its position.

A `Matcher` is fed fills one by one, in the order they happened. It always keeps the statistics of what has closed,
and the trips themselves if its owner gave it room for them.
"""

from libc.math cimport NAN, fabs
from libc.stdint cimport int8_t, int32_t, int64_t
from libc.stdlib cimport free, malloc

from btcore.memory cimport reserve
from btcore.model cimport Fill, Restatement

cdef enum:
    LEGS = 3              # short, netted, long: the positions a symbol may have

cdef extern from *:
    """
    #define BTCORE_LOT_DUST 1e-12
    """
    const double DUST "BTCORE_LOT_DUST"  # as in accounting: less than this share of a fill or position is nothing

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

cdef struct TripStats:    # of closed round trips; sums run in the order of closing
    int64_t count
    int64_t wins
    int64_t losses
    double pnl
    double won
    double lost
    double best
    double worst
    double seconds        # from entry to exit

cdef struct Matcher:
    Book* books           # LEGS for each symbol
    int64_t n_books
    Lot* lots
    int64_t n_lots
    int64_t cap_lots
    int64_t spare         # the first of the lots that are free again, -1 none
    Trip* trips           # its owner's; NULL: only statistics are kept
    TripStats closed
    int64_t n_fills
    double traded         # notional of all fills
    double commission
    int64_t n_open        # books with a lot
    int64_t since         # when the first of them got one
    int64_t exposed       # ns until then with any lot open
    int64_t start         # of the time that counts for it
    int64_t last_ts
    bint disordered       # a fill came with an earlier stamp than the one before it, so `exposed` is wrong

cdef int64_t check_matched(const Fill[::1] fills, const Restatement[::1] splits) except -1


cdef inline int open_matcher(Matcher* m, int64_t n_symbols, int64_t start, Trip* trips) noexcept nogil:
    """Nothing held at `start`; `trips` has room for one per fill and restatement. -1 if there is no memory."""
    m.n_books = LEGS * n_symbols
    m.books = <Book*> malloc(<size_t> max(m.n_books, <int64_t> 1) * sizeof(Book))
    m.lots = NULL
    m.cap_lots = 0
    m.trips = trips
    if m.books == NULL:
        return -1
    reset_matcher(m, start)
    return 0


cdef inline void reset_matcher(Matcher* m, int64_t start) noexcept nogil:
    """As newly opened; its memory is used again."""
    cdef int64_t i
    for i in range(m.n_books):
        m.books[i].qty = 0.0
        m.books[i].oldest = m.books[i].newest = -1
    m.n_lots = m.n_fills = m.n_open = m.exposed = 0
    m.spare = -1
    m.traded = m.commission = 0.0
    m.since = m.start = m.last_ts = start
    m.disordered = False
    m.closed.count = m.closed.wins = m.closed.losses = 0
    m.closed.pnl = m.closed.won = m.closed.lost = m.closed.seconds = 0.0
    m.closed.best = m.closed.worst = NAN


cdef inline void close_matcher(Matcher* m) noexcept nogil:
    """Frees its memory."""
    free(m.books)
    free(m.lots)
    m.books = NULL
    m.lots = NULL


cdef inline int64_t exposure(const Matcher* m, int64_t end) noexcept nogil:
    """Nanoseconds from start to `end`, no earlier than the last fill, with any position open."""
    return m.exposed + (end - m.since if m.n_open > 0 and end > m.since else 0)


cdef inline void _count(TripStats* closed, double pnl, double seconds) noexcept nogil:
    closed.count += 1
    closed.pnl += pnl
    closed.seconds += seconds
    if pnl > 0.0:
        closed.wins += 1
        closed.won += pnl
    elif pnl < 0.0:
        closed.losses += 1
        closed.lost += pnl
    if not pnl <= closed.best:
        closed.best = pnl
    if not pnl >= closed.worst:
        closed.worst = pnl


cdef inline void _close(Matcher* m, const Fill* fill, Lot* lot, double qty, double unit_cost) noexcept nogil:
    cdef Trip* trip
    cdef double commission = (lot.unit_cost + unit_cost) * qty
    cdef double pnl = lot.side * (
        (fill.last_px - lot.entry_px) * lot.entry_value + fill.last_px * (fill.point_value - lot.entry_value)
    ) * qty - commission
    if m.trips != NULL:
        trip = &m.trips[m.closed.count]
        trip.entry_ts = lot.entry_ts
        trip.exit_ts = fill.ts
        trip.entry_order_id = lot.order_id
        trip.exit_order_id = fill.order_id
        trip.qty = qty
        trip.entry_px = lot.entry_px
        trip.exit_px = fill.last_px
        trip.entry_value = lot.entry_value
        trip.exit_value = fill.point_value
        trip.commission = commission
        trip.pnl = pnl
        trip.mae = trip.mfe = NAN
        trip.symbol = fill.symbol
        trip.side = lot.side
        trip.leg = lot.leg
        trip.restated = lot.restated
    _count(&m.closed, pnl, (fill.ts - lot.entry_ts) / 1e9)
    lot.qty -= qty


cdef inline void _drop(Matcher* m, Book* book) noexcept nogil:
    """The oldest lot is gone; its place is used again."""
    cdef int64_t at = book.oldest
    book.oldest = m.lots[at].next
    m.lots[at].next = m.spare
    m.spare = at


cdef inline void _add(Matcher* m, Book* book, const Fill* fill, double qty, double unit_cost) noexcept nogil:
    """A lot of `qty`, the newest; there is room for it."""
    cdef int64_t at = m.spare
    cdef Lot* lot
    if at >= 0:
        m.spare = m.lots[at].next
    else:
        at = m.n_lots
        m.n_lots += 1
    lot = &m.lots[at]
    lot.entry_ts = fill.ts
    lot.order_id = fill.order_id
    lot.next = -1
    lot.qty = qty
    lot.entry_px = fill.last_px
    lot.entry_value = fill.point_value
    lot.unit_cost = unit_cost
    lot.symbol = fill.symbol
    lot.side = fill.side
    lot.leg = fill.leg
    lot.restated = 0
    if book.oldest >= 0:
        m.lots[book.newest].next = at
    else:
        book.oldest = at
    book.newest = at


cdef inline void _apply(Matcher* m, Book* book, const Fill* fill) noexcept nogil:
    """A fill through zero closes, then opens."""
    cdef bint was_open = book.oldest >= 0
    cdef double before = book.qty
    cdef double after = before + fill.side * fill.last_qty
    cdef double dust = DUST * max(fabs(before), fill.last_qty)
    cdef double rest = fill.last_qty
    cdef double unit_cost = fill.commission / fill.last_qty
    cdef Lot* lot
    if fabs(after) <= dust:
        after = 0.0
    if before * fill.side < 0.0:
        while rest > dust and book.oldest >= 0:
            lot = &m.lots[book.oldest]
            if lot.qty - rest > dust:
                _close(m, fill, lot, rest, unit_cost)
                rest = 0.0
            else:
                rest -= lot.qty
                _close(m, fill, lot, lot.qty, unit_cost)
                _drop(m, book)
        if after * before <= 0.0:
            while book.oldest >= 0:
                _drop(m, book)
    if after * fill.side > 0.0:
        _add(m, book, fill, fabs(after) if after * before <= 0.0 else fill.last_qty, unit_cost)
    book.qty = after
    _clock(m, fill.ts, (book.oldest >= 0) - was_open)


cdef inline void _clock(Matcher* m, int64_t ts, int opened) noexcept nogil:
    """`opened`: 1 book more has lots, 1 less (-1), or as many."""
    m.disordered |= ts < m.last_ts
    m.last_ts = ts
    if opened > 0 and m.n_open == 0:
        m.since = max(ts, m.start)
    m.n_open += opened
    if opened < 0 and m.n_open == 0 and ts > m.since:
        m.exposed += ts - m.since


cdef inline int match_fill(Matcher* m, const Fill* fill) noexcept nogil:
    """Takes the next fill, its quantity above zero; -1 if there is no memory, and then nothing has changed."""
    if m.spare < 0 and reserve(<void**> &m.lots, &m.cap_lots, m.n_lots, sizeof(Lot)) < 0:
        return -1
    m.n_fills += 1
    m.traded += fill.last_qty * fabs(fill.last_px) * fill.point_value
    m.commission += fill.commission
    _apply(m, &m.books[LEGS * fill.symbol + fill.leg + 1], fill)
    return 0


cdef inline void match_restatement(Matcher* m, const Restatement* split) noexcept nogil:
    """Takes a split; what it pays out closes the oldest lots at its price, without an order or a commission."""
    cdef Book* book = &m.books[LEGS * split.symbol + split.leg + 1]
    cdef int64_t at = book.oldest
    cdef Fill payout
    while at >= 0:
        m.lots[at].qty *= split.ratio
        m.lots[at].entry_px /= split.ratio
        m.lots[at].unit_cost /= split.ratio
        m.lots[at].restated = 1
        at = m.lots[at].next
    book.qty *= split.ratio
    if split.cash_qty == 0.0 or book.qty == 0.0:
        return
    payout.ts = split.ts
    payout.order_id = 0
    payout.last_qty = min(fabs(split.cash_qty), fabs(book.qty))
    payout.last_px = split.px
    payout.point_value = split.point_value
    payout.commission = 0.0
    payout.symbol = split.symbol
    payout.side = -1 if book.qty > 0.0 else 1
    payout.leg = <int8_t> split.leg
    _apply(m, book, &payout)


cdef inline int match_all(
    Matcher* m, const Fill* fills, int64_t n, const Restatement* splits, int64_t n_splits
) noexcept nogil:
    """Takes fills with the splits between them; -1 if there is no memory."""
    cdef int64_t i, k = 0
    for i in range(n + 1):
        while k < n_splits and (i == n or splits[k].n_fills <= i):
            match_restatement(m, &splits[k])
            k += 1
        if i < n and match_fill(m, &fills[i]) < 0:
            return -1
    return 0
