"""Round trips: each closing fill is paired with the oldest open lots of its position (FIFO).

A `Matcher` takes fills one by one, in the order they happened. It always updates the statistics of closed trips, and
writes the trips themselves if its caller provides memory for them.
"""

from libc.math cimport INFINITY, NAN, fabs
from libc.stdint cimport int8_t, int32_t, int64_t
from libc.stdlib cimport free, malloc

from btcore.memory cimport reserve
from btcore.model cimport Fill, Restatement, TAKER
from btcore.rules.rounding cimport DUST, zero_if_dust

cdef enum:
    LEGS = 3              # the positions a symbol may have: short, netted, long

cdef struct Trip:
    int64_t entry_ts      # ns UTC
    int64_t exit_ts
    int64_t entry_order_id
    int64_t exit_order_id  # 0: closed by a payment of cash in lieu
    double qty            # adjusted for splits during the trip
    double entry_px       # adjusted for splits during the trip
    double exit_px
    double entry_value    # point value at the entry: multiplier times exchange rate
    double exit_value     # point value at the exit
    double commission     # pro rata share of both fills
    double pnl            # after commission
    double mae            # maximum adverse excursion: lowest unrealized PnL, 0 or less; NaN if prices are unknown
    double mfe            # maximum favorable excursion: highest unrealized PnL, 0 or more
    int32_t symbol        # index
    int8_t side           # 1 long, -1 short
    int8_t leg            # hedging account: 1 long, -1 short; else 0
    int8_t restated       # 1: a split happened during the trip

cdef struct Lot:
    int64_t entry_ts
    int64_t order_id
    int64_t next          # index of the lot opened after it; -1: none
    double qty            # still open
    double entry_px
    double entry_value    # point value at the entry
    double unit_cost      # commission per unit
    int32_t symbol
    int8_t side           # 1 long, -1 short
    int8_t leg
    int8_t restated       # 1: a split happened since the entry

cdef struct LotQueue:     # the open lots of one position
    double qty            # of the position, signed
    int64_t oldest        # index of a lot; -1: none
    int64_t newest

cdef struct TripStats:    # of closed round trips; sums are taken in the order of closing
    int64_t count
    int64_t wins          # trips with a PnL above 0
    int64_t losses        # below 0
    double pnl            # sums of PnL: of all trips
    double won            # of wins
    double lost           # of losses, negative
    double best           # highest PnL of a trip
    double worst          # lowest
    double seconds        # total time from entry to exit
    int64_t run           # trips of the current streak: positive wins, negative losses
    int64_t longest_won   # the most wins in a row
    int64_t longest_lost  # the most losses in a row

cdef struct Matcher:
    LotQueue* queues      # LEGS per symbol
    int64_t n_queues
    Lot* lots
    int64_t n_lots        # used items, those in the free list included
    int64_t cap_lots      # allocated items
    int64_t first_free    # head of the list of unused lots; -1: none
    Trip* trips           # the caller's memory for closed trips; NULL: only statistics are computed
    TripStats closed
    int64_t n_fills
    int64_t n_sized       # fills whose event showed a size
    int64_t n_beyond      # of these, larger than that size
    double traded         # notional of all fills
    double commission     # of all fills
    double slippage       # money by which takers' prices are worse than their reference
    int64_t n_open        # positions with an open lot
    int64_t open_since    # when the current stretch of exposure began
    int64_t exposed       # ns with any lot open, without the current stretch
    int64_t start         # exposure before it does not count
    int64_t last_ts       # time of the latest fill
    bint out_of_order     # 1: a fill was earlier than the one before it, so `exposed` is wrong

cdef int64_t check_fills(const Fill[::1] fills, const Restatement[::1] splits) except -1


cdef inline int open_matcher(Matcher* m, int64_t n_symbols, int64_t start, Trip* trips) noexcept nogil:
    """Sets up a matcher without positions. `trips` has room for one trip per fill and restatement, or is NULL.

    Returns -1 if memory runs out.
    """
    cdef int64_t i
    m.n_queues = LEGS * n_symbols
    m.queues = <LotQueue*> malloc(<size_t> max(m.n_queues, <int64_t> 1) * sizeof(LotQueue))
    m.lots = NULL
    m.cap_lots = 0
    m.trips = trips
    if m.queues == NULL:
        return -1
    for i in range(m.n_queues):
        m.queues[i].qty = 0.0
        m.queues[i].oldest = m.queues[i].newest = -1
    m.n_lots = m.n_fills = m.n_sized = m.n_beyond = m.n_open = m.exposed = 0
    m.first_free = -1
    m.traded = m.commission = m.slippage = 0.0
    m.open_since = m.start = m.last_ts = start
    m.out_of_order = False
    m.closed.count = m.closed.wins = m.closed.losses = 0
    m.closed.run = m.closed.longest_won = m.closed.longest_lost = 0
    m.closed.pnl = m.closed.won = m.closed.lost = m.closed.seconds = 0.0
    m.closed.best = m.closed.worst = NAN
    return 0


cdef inline void close_matcher(Matcher* m) noexcept nogil:
    """Frees the matcher's memory, but not `trips`."""
    free(m.queues)
    free(m.lots)
    m.queues = NULL
    m.lots = NULL


cdef inline int64_t exposed_ns(const Matcher* m, int64_t end) noexcept nogil:
    """Nanoseconds from start to `end` with any position open; `end` is not before the last fill."""
    return m.exposed + (end - m.open_since if m.n_open > 0 and end > m.open_since else 0)


cdef inline void _count_trip(TripStats* closed, double pnl, double seconds) noexcept nogil:
    """Adds one closed trip to the statistics."""
    closed.count += 1
    closed.pnl += pnl
    closed.seconds += seconds
    if pnl > 0.0:
        closed.wins += 1
        closed.won += pnl
        closed.run = closed.run + 1 if closed.run > 0 else 1
        closed.longest_won = max(closed.longest_won, closed.run)
    elif pnl < 0.0:
        closed.losses += 1
        closed.lost += pnl
        closed.run = closed.run - 1 if closed.run < 0 else -1
        closed.longest_lost = max(closed.longest_lost, -closed.run)
    else:
        closed.run = 0
    if not pnl <= closed.best:
        closed.best = pnl
    if not pnl >= closed.worst:
        closed.worst = pnl


cdef inline void _close_lot(Matcher* m, const Fill* fill, Lot* lot, double qty, double unit_cost) noexcept nogil:
    """Closes `qty` of the lot with the fill: one round trip."""
    cdef Trip* trip
    cdef double commission = (lot.unit_cost + unit_cost) * qty
    cdef double pnl = lot.side * (
        (fill.last_px - lot.entry_px) * lot.entry_value + fill.last_px * (fill.point_value - lot.entry_value)
    ) * qty - commission
    pnl = zero_if_dust(pnl, lot.entry_px * lot.entry_value * qty, fill.last_px * fill.point_value * qty)
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
    _count_trip(&m.closed, pnl, (fill.ts - lot.entry_ts) / 1e9)
    lot.qty -= qty


cdef inline void _remove_oldest(Matcher* m, LotQueue* queue) noexcept nogil:
    """Removes the oldest lot from its queue and adds it to the free list."""
    cdef int64_t at = queue.oldest
    queue.oldest = m.lots[at].next
    m.lots[at].next = m.first_free
    m.first_free = at


cdef inline void _append_lot(
    Matcher* m, LotQueue* queue, const Fill* fill, double qty, double unit_cost
) noexcept nogil:
    """Appends a lot of `qty`; memory for it is reserved already."""
    cdef int64_t at = m.first_free
    cdef Lot* lot
    if at >= 0:
        m.first_free = m.lots[at].next
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
    if queue.oldest >= 0:
        m.lots[queue.newest].next = at
    else:
        queue.oldest = at
    queue.newest = at


cdef inline void _match(Matcher* m, LotQueue* queue, const Fill* fill) noexcept nogil:
    """Applies a fill. It closes lots or opens one; a fill through zero does both."""
    cdef bint was_open = queue.oldest >= 0
    cdef double before = queue.qty
    cdef double after = before + fill.side * fill.last_qty
    cdef double dust = DUST * max(fabs(before), fill.last_qty)
    cdef double left = fill.last_qty
    cdef double unit_cost = fill.commission / fill.last_qty
    cdef Lot* lot
    if fabs(after) <= dust:
        after = 0.0
    if before * fill.side < 0.0:
        while left > dust and queue.oldest >= 0:
            lot = &m.lots[queue.oldest]
            if lot.qty - left > dust:
                _close_lot(m, fill, lot, left, unit_cost)
                left = 0.0
            else:
                left -= lot.qty
                _close_lot(m, fill, lot, lot.qty, unit_cost)
                _remove_oldest(m, queue)
        if after * before <= 0.0:
            while queue.oldest >= 0:
                _remove_oldest(m, queue)
    if after * fill.side > 0.0:
        _append_lot(m, queue, fill, fabs(after) if after * before <= 0.0 else fill.last_qty, unit_cost)
    queue.qty = after
    _track_exposure(m, fill.ts, (queue.oldest >= 0) - was_open)


cdef inline void _track_exposure(Matcher* m, int64_t ts, int opened) noexcept nogil:
    """Updates the time with open positions. `opened` is 1 if a position was opened, -1 if one was closed, else 0."""
    m.out_of_order |= ts < m.last_ts
    m.last_ts = ts
    if opened > 0 and m.n_open == 0:
        m.open_since = max(ts, m.start)
    m.n_open += opened
    if opened < 0 and m.n_open == 0 and ts > m.open_since:
        m.exposed += ts - m.open_since


cdef inline int match_fill(Matcher* m, const Fill* fill) noexcept nogil:
    """Applies the next fill; its quantity is above zero. Returns -1, with nothing changed, if memory runs out."""
    if m.first_free < 0 and reserve(<void**> &m.lots, &m.cap_lots, m.n_lots, sizeof(Lot)) < 0:
        return -1
    m.n_fills += 1
    m.n_sized += fill.size_seen < INFINITY
    m.n_beyond += fill.last_qty > fill.size_seen
    m.traded += fill.last_qty * fabs(fill.last_px) * fill.point_value
    m.commission += fill.commission
    if fill.liquidity == TAKER:
        m.slippage += fill.side * (fill.last_px - fill.reference_px) * fill.last_qty * fill.point_value
    _match(m, &m.queues[LEGS * fill.symbol + fill.leg + 1], fill)
    return 0


cdef inline void match_restatement(Matcher* m, const Restatement* split) noexcept nogil:
    """Applies a split. Its cash in lieu closes the oldest lots at the split's price, without order and commission."""
    cdef LotQueue* queue = &m.queues[LEGS * split.symbol + split.leg + 1]
    cdef int64_t at = queue.oldest
    cdef Fill payout
    while at >= 0:
        m.lots[at].qty *= split.ratio
        m.lots[at].entry_px /= split.ratio
        m.lots[at].unit_cost /= split.ratio
        m.lots[at].restated = 1
        at = m.lots[at].next
    queue.qty *= split.ratio
    if split.cash_qty == 0.0 or queue.qty == 0.0:
        return
    payout.ts = split.ts
    payout.order_id = 0
    payout.last_qty = min(fabs(split.cash_qty), fabs(queue.qty))
    payout.last_px = split.px
    payout.point_value = split.point_value
    payout.commission = 0.0
    payout.symbol = split.symbol
    payout.side = -1 if queue.qty > 0.0 else 1
    payout.leg = <int8_t> split.leg
    _match(m, queue, &payout)


cdef inline int match_all(
    Matcher* m, const Fill* fills, int64_t n, const Restatement* splits, int64_t n_splits
) noexcept nogil:
    """Applies fills and the splits between them. Returns -1 if memory runs out."""
    cdef int64_t i, k = 0
    for i in range(n + 1):
        while k < n_splits and (i == n or splits[k].n_fills <= i):
            match_restatement(m, &splits[k])
            k += 1
        if i < n and match_fill(m, &fills[i]) < 0:
            return -1
    return 0
