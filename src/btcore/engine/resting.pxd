"""The index of orders that only rest: heaps by the price and the time that can affect an order.

A working order is in the queue of its symbol (`blotter.pxd`), which is walked in order of arrival, or in this index.
An order of the index is open and does not change: whatever changes it takes it out first.
"""

from libc.math cimport INFINITY, NAN, isnan
from libc.stdint cimport int32_t, int64_t, int8_t

from btcore.engine.heaps cimport (
    Heap, N_SLOTS, NO_SLOT, Places, free_heap, push, remove_at, reserve_entry, reserve_places
)
from btcore.model cimport NEVER, Order
from btcore.rules.admission cimport OpenQuantity, add_leaves

cdef enum:               # heaps of an index; one that is divided by 2 gives the slot
    BUY_LIMITS           # levels that a price reaches from above, the highest first
    SELL_LIMITS          # from below, the lowest first
    BUY_STOPS            # from below, the lowest first
    SELL_STOPS           # from above, the highest first
    TIMES                # when an order expires or becomes active
    HELD                 # when a child that waits for its parent expires; such a child is in no queue
    N_HEAPS

cdef enum:
    TIME_SLOT = 2

cdef struct ExactSum:    # high + low; what rounding takes from `high` is in `low`
    double high
    double low

cdef struct Index:       # of one symbol
    Heap[N_HEAPS] heaps
    int64_t n            # orders, without held children
    int64_t n_every      # those that any price may affect
    int64_t n_unadmitted
    ExactSum market      # open quantity of those that are admitted, as in OpenQuantity
    ExactSum buy
    ExactSum sell
    ExactSum sold        # of all sells among them, with those that only reduce
    double buy_low       # prices of the latest event that may have affected an order, with a long queue; NaN: none
    double buy_high
    double sell_low
    double sell_high
    int64_t ts           # time of that event

cdef struct Levels:      # what can affect an order
    double limit         # price that a buy meets from above and a sell from below; NaN: none
    double stop          # price that it meets from the other side; NaN: none
    int64_t ts           # time at which it expires or becomes active
    int8_t every         # 1: any price


cdef inline void free_index(Index* index) noexcept nogil:
    cdef int k
    for k in range(N_HEAPS):
        free_heap(&index.heaps[k])


cdef inline void reset_index(Index* index) noexcept nogil:
    """Sets what a zeroed index without orders and events has."""
    index.buy_low = index.buy_high = index.sell_low = index.sell_high = NAN
    index.ts = -NEVER


cdef inline void add_exactly(ExactSum* total, double x) noexcept nogil:
    """Adds `x`; `low` takes the rounding error (Knuth's two-sum)."""
    cdef double high = total.high + x
    cdef double part = high - total.high
    total.low += (total.high - (high - part)) + (x - part)
    total.high = high


cdef inline void add_open(Index* index, const Order* order, double sign) noexcept nogil:
    """Adds the order's open quantity to the sums, or with `sign` -1 takes it away.

    A quantity that is added and later taken away leaves nothing: 0.1 + 0.2 - 0.1 - 0.2 is 0 here, as in a sum over no
    orders.
    """
    cdef OpenQuantity own = OpenQuantity(market=0.0, buy=0.0, sell=0.0)
    add_leaves(&own, order)
    add_exactly(&index.market, sign * own.market)
    add_exactly(&index.buy, sign * own.buy)
    add_exactly(&index.sell, sign * own.sell)
    if order.side < 0:
        add_exactly(&index.sold, sign * (order.qty - order.filled_qty))


cdef inline double total_with(const ExactSum* total, double x) noexcept nogil:
    """`x` plus the sum, rounded once."""
    cdef ExactSum both = total[0]
    add_exactly(&both, x)
    return both.high + both.low


cdef inline void add_resting(OpenQuantity* open_qty, const Index* index) noexcept nogil:
    """Adds the open quantity of the orders in the index.

    Where quantities are multiples of a power of two (whole shares, halves), every sum of them is exact, in any order,
    and equals that over one queue. Others differ from it by rounding, below 1e-15 of the sum; the checks that read
    it allow 1e-9.
    """
    if index.n > 0:
        open_qty.market = total_with(&index.market, open_qty.market)
        open_qty.buy = total_with(&index.buy, open_qty.buy)
        open_qty.sell = total_with(&index.sell, open_qty.sell)


cdef inline int limit_heap(const Order* order) noexcept nogil:
    return BUY_LIMITS if order.side > 0 else SELL_LIMITS


cdef inline int stop_heap(const Order* order) noexcept nogil:
    return BUY_STOPS if order.side > 0 else SELL_STOPS


cdef inline double first_key(const Index* index, int heap) noexcept nogil:
    """The key of the first entry; inf if there is none. Levels that come highest first have negative keys."""
    return index.heaps[heap].items[0].key if index.heaps[heap].n > 0 else INFINITY


cdef inline int64_t first_time(const Index* index, int heap) noexcept nogil:
    return index.heaps[heap].items[0].ts if index.heaps[heap].n > 0 else NEVER


cdef inline bint was_reached(const Index* index, const Order* order, const Levels* levels) noexcept nogil:
    """True if the symbol's latest event reached the order, so that the next one probably reaches it too."""
    if levels.every:
        return order.ts_arrived <= index.ts
    if order.side > 0:
        return index.buy_low <= levels.limit or index.buy_high >= levels.stop
    return index.sell_high >= levels.limit or index.sell_low <= levels.stop


cdef inline int insert_resting(
    Index* index, Places* places, Heap* woken, const Order* order, const Levels* levels
) noexcept nogil:
    """Puts a working order, which is in no queue, into the index. Returns 0, or -1 with nothing changed."""
    cdef int32_t i = <int32_t> (order.id - 1)
    cdef int limits = limit_heap(order), stops = stop_heap(order)
    cdef double key = -INFINITY if levels.every else -order.side * levels.limit
    if (
        reserve_places(places, order.id) < 0 or reserve_entry(woken, index.n) < 0
        or reserve_entry(&index.heaps[limits], index.heaps[limits].n) < 0
        or reserve_entry(&index.heaps[stops], index.heaps[stops].n) < 0
        or reserve_entry(&index.heaps[TIMES], index.heaps[TIMES].n) < 0
    ):
        return -1
    if not isnan(key):
        push(&index.heaps[limits], places, limits // 2, key, order.ts_arrived, i)
    if not isnan(levels.stop):
        push(&index.heaps[stops], places, stops // 2, order.side * levels.stop, order.ts_arrived, i)
    if levels.ts != NEVER:
        push(&index.heaps[TIMES], places, TIME_SLOT, 0.0, levels.ts, i)
    places.items[i].rests = 1
    index.n += 1
    index.n_every += key == -INFINITY
    index.n_unadmitted += not order.admitted
    if order.admitted:
        add_open(index, order, 1.0)
    return 0


cdef inline void remove_resting(Index* index, Places* places, const Order* order) noexcept nogil:
    """Takes an order, which has not changed since it was put there, out of the index."""
    cdef int32_t* at = places.items[order.id - 1].at
    cdef int limits = limit_heap(order), stops = stop_heap(order)
    if at[limits // 2]:
        index.n_every -= index.heaps[limits].items[at[limits // 2] - 1].key == -INFINITY
        remove_at(&index.heaps[limits], places, limits // 2, at[limits // 2] - 1)
    if at[stops // 2]:
        remove_at(&index.heaps[stops], places, stops // 2, at[stops // 2] - 1)
    if at[TIME_SLOT]:
        remove_at(&index.heaps[TIMES], places, TIME_SLOT, at[TIME_SLOT] - 1)
    places.items[order.id - 1].rests = 0
    index.n -= 1
    index.n_unadmitted -= not order.admitted
    if order.admitted:
        add_open(index, order, -1.0)


cdef inline int hold_child(Index* index, Places* places, Heap* due, const Order* child) noexcept nogil:
    """Notes when a child that waits for its parent expires. Returns 0, or -1 if memory runs out."""
    if child.ts_expires == NEVER:
        return 0
    if (
        reserve_places(places, child.id) < 0
        or reserve_entry(&index.heaps[HELD], index.heaps[HELD].n) < 0 or reserve_entry(due, index.heaps[HELD].n) < 0
    ):
        return -1
    push(&index.heaps[HELD], places, TIME_SLOT, 0.0, child.ts_expires, <int32_t> (child.id - 1))
    return 0


cdef inline void release_hold(Index* index, Places* places, const Order* child) noexcept nogil:
    """Forgets when a child expires that waits no longer."""
    if child.id <= places.cap and places.items[child.id - 1].at[TIME_SLOT]:
        remove_at(&index.heaps[HELD], places, TIME_SLOT, places.items[child.id - 1].at[TIME_SLOT] - 1)
