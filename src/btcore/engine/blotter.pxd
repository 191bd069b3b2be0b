"""The table of orders, the queue of working orders of each symbol, and how an order ends.

Orders are stored in one table by id. Ending an order of a queue only sets its status: `refresh_queue` removes it
later, so a loop over a queue stays valid while its orders fill and end.
"""

from libc.math cimport NAN
from libc.stdint cimport int32_t, int64_t, int8_t
from libc.stdlib cimport free

from btcore.engine.groups cimport Groups, join_group, leave_group
from btcore.engine.heaps cimport Heap, Places, free_heap, rests_in_index
from btcore.engine.in_flight cimport InFlight, free_in_flight, send_report
from btcore.engine.resting cimport Index, free_index, release_hold, remove_resting
from btcore.memory cimport reserve
from btcore.model cimport (
    CANCELED, FILLED, FORCED, MARKET, NEVER, NEW, NONE, OCO, Order, PARENT_ENDED, PARTIALLY_FILLED, Request
)
from btcore.rules.admission cimport OpenQuantity


cdef struct Queue:           # working orders of one symbol, by time of arrival; the others are in its index
    int32_t head             # index of an order; -1: none
    int32_t tail
    int32_t n                # orders in the queue
    int32_t n_unadmitted     # orders that wait for the symbol's first price
    int8_t needs_every_price  # some order may trade or be admitted at any next price
    int8_t source            # Kind of event its orders trade against
    int8_t may_cross         # its quotes may be crossed: then the mid is above the ask and below the bid
    int8_t rests_on_bars     # 1: with `resting_on="bars"`, a symbol that has quotes and bars
    int64_t bar_end          # end of the symbol's latest bar; NEVER while it is matched, and before the first
    int64_t next_expiry      # when the next order expires or becomes active
    double buy_limit         # highest level that a price can reach from above
    double sell_limit        # lowest level that a price can reach from below
    double buy_stop          # lowest level of a buy stop
    double sell_stop         # highest level of a sell stop
    double margin_floor      # a mark at or below it needs a margin check
    double margin_ceiling    # a mark at or above it needs one

cdef struct Blotter:
    Order* orders            # by id - 1
    int64_t n_orders
    int64_t cap_orders
    InFlight in_flight
    Request* deferred        # cancels and amendments that wait for the end of a bar
    int64_t n_deferred
    int64_t cap_deferred
    int64_t n_forced         # open orders of a liquidation
    Index* resting           # by symbol
    Places places            # of orders that are in an index or linked to others
    Groups groups            # the open orders of OCO groups
    Heap woken               # orders on their way from an index to their queue, by arrival
    Heap due                 # held children that expire now, by id
    int64_t n_walked         # orders visited while queues were walked
    int32_t walk_limit       # a queue of more orders than this is walked only after resting ones have left it
    const int64_t* now       # the clock of the run
    int8_t out_of_memory     # set where a function returns no code
    Queue* queues            # by symbol
    OpenQuantity* open_qty   # by symbol
    double* pending          # by symbol: signed open quantity of market orders, as the strategy knows them


cdef inline void free_blotter(Blotter* blotter, int64_t n_symbols) noexcept nogil:
    cdef int64_t i
    for i in range(n_symbols):
        free_index(&blotter.resting[i])
    free(blotter.resting)
    free(blotter.places.items)
    free(blotter.groups.buckets)
    free_heap(&blotter.woken)
    free_heap(&blotter.due)
    free(blotter.orders)
    free_in_flight(&blotter.in_flight)
    free(blotter.deferred)
    free(blotter.queues)
    free(blotter.open_qty)
    free(blotter.pending)


cdef inline bint is_open(const Order* order) noexcept nogil:
    return order.status <= PARTIALLY_FILLED


cdef inline double leaves(const Order* order) noexcept nogil:
    """The open quantity."""
    return order.qty - order.filled_qty


cdef inline double matchable(const Order* order) noexcept nogil:
    """The open quantity that the current event may fill."""
    return order.qty - order.filled_qty - order.later_qty


cdef inline int add_order(Blotter* blotter, const Request* request, int64_t now) noexcept nogil:
    """Adds a new order to the table; its index is its id - 1. Returns 0, or -1 if memory runs out."""
    cdef Order* order
    if reserve(<void**> &blotter.orders, &blotter.cap_orders, blotter.n_orders, sizeof(Order)) < 0:
        return -1
    order = &blotter.orders[blotter.n_orders]
    order[0] = Order(
        id=request.order_id, ts_sent=now, ts_arrived=-1, ts_closed=-1, ts_expires=request.expires, ts_opening=NEVER,
        oco=request.oco, parent=request.parent, qty=request.qty, asked_qty=request.qty, later_qty=0.0, taken_qty=0.0,
        limit_px=request.limit_px, stop_px=request.stop_px, trail=request.trail, limit_offset=request.limit_offset,
        best_px=NAN, release_px=NAN, filled_qty=0.0, avg_px=NAN, known_filled_qty=0.0, known_avg_px=NAN,
        symbol=request.symbol, next=-1, prev=-1, side=request.side, order_type=request.order_type,
        time_in_force=request.time_in_force, trail_by=request.trail_by,
        flags=request.flags, status=NEW, known_status=NEW, reason=0, triggered=0, met=0, admitted=0, active=1, held=0,
        fresh=0, visited=0, children=0,
    )
    if request.oco != 0 and join_group(&blotter.groups, &blotter.places, blotter.orders, blotter.n_orders) < 0:
        return -1
    blotter.n_orders += 1
    if 1 <= request.parent < request.order_id:
        blotter.orders[request.parent - 1].children = 1
    return 0


cdef inline bint arrived_after(const Order* order, const Order* other) noexcept nogil:
    return order.ts_arrived > other.ts_arrived or (order.ts_arrived == other.ts_arrived and order.id > other.id)


cdef inline void enqueue(Blotter* blotter, Order* order) noexcept nogil:
    """Adds the order to the queue of its symbol, by time of arrival.

    This is the end of the queue, except for a child released at an earlier time inside a bar, and for an order that
    comes from the index.
    """
    cdef int32_t prev = blotter.queues[order.symbol].tail
    while prev >= 0 and not arrived_after(order, &blotter.orders[prev]):
        prev = blotter.orders[prev].prev
    link_after(blotter, order, prev)


cdef inline void link_after(Blotter* blotter, Order* order, int32_t prev) noexcept nogil:
    """Adds the order to the queue of its symbol, behind the order with index `prev`; -1: as the first."""
    cdef Queue* queue = &blotter.queues[order.symbol]
    cdef int32_t i = <int32_t> (order.id - 1)
    queue.n += 1
    order.prev = prev
    order.next = queue.head if order.prev < 0 else blotter.orders[order.prev].next
    if order.prev >= 0:
        blotter.orders[order.prev].next = i
    else:
        queue.head = i
    if order.next >= 0:
        blotter.orders[order.next].prev = i
    else:
        queue.tail = i


cdef inline void dequeue(Blotter* blotter, Order* order) noexcept nogil:
    cdef Queue* queue = &blotter.queues[order.symbol]
    queue.n -= 1
    if order.prev >= 0:
        blotter.orders[order.prev].next = order.next
    else:
        queue.head = order.next
    if order.next >= 0:
        blotter.orders[order.next].prev = order.prev
    else:
        queue.tail = order.prev


cdef inline void wake(Blotter* blotter, Order* order) noexcept nogil:
    """Moves an order that rests in the index to its queue. To be called before anything of the order changes."""
    if rests_in_index(&blotter.places, order.id - 1):
        remove_resting(&blotter.resting[order.symbol], &blotter.places, order)
        enqueue(blotter, order)


cdef inline void end_order(Blotter* blotter, Order* order, int8_t status, int8_t reason, int64_t ts) noexcept nogil:
    """Gives the order its final status and ends its children. The caller refreshes the queue afterwards."""
    end_without_children(blotter, order, status, reason, ts)
    if order.children:
        end_children(blotter, order)


cdef inline void end_without_children(
    Blotter* blotter, Order* order, int8_t status, int8_t reason, int64_t ts
) noexcept nogil:
    if rests_in_index(&blotter.places, order.id - 1):
        remove_resting(&blotter.resting[order.symbol], &blotter.places, order)
    elif order.held:
        release_hold(&blotter.resting[order.symbol], &blotter.places, order)
    if order.oco != 0:
        leave_group(&blotter.groups, &blotter.places, order)
    order.status = status
    order.reason = reason
    order.ts_closed = ts
    if order.flags & FORCED:
        blotter.n_forced -= 1
    if not blotter.in_flight.delayed:
        apply_end_to_known(blotter, order, status)
    if blotter.in_flight.reports_ends and status != FILLED:  # the report of the last fill carries that status
        report_end(blotter, order)


cdef inline void apply_end_to_known(Blotter* blotter, Order* order, int8_t status) noexcept nogil:
    """Updates the strategy's view of an order whose end has been reported."""
    order.known_status = status
    if order.order_type == MARKET:
        blotter.pending[order.symbol] -= order.side * (order.asked_qty - order.filled_qty)


cdef inline void report_end(Blotter* blotter, const Order* order) noexcept nogil:
    blotter.out_of_memory |= send_report(&blotter.in_flight, order, -1, blotter.now[0]) < 0


cdef inline void end_children(Blotter* blotter, const Order* parent) noexcept nogil:
    """Ends the children of an ended parent; a child with released quantity stays open for that quantity."""
    cdef Order* child = first_child(blotter, parent)
    while child != NULL:
        if is_open(child):
            end_child(blotter, child, parent.ts_closed)
        child = next_child(blotter, child)


cdef inline Order* order_at(const Blotter* blotter, int32_t link) noexcept nogil:
    """The order that a link of `Place` leads to; NULL for 0."""
    return &blotter.orders[link - 1] if link else NULL


cdef inline Order* first_child(const Blotter* blotter, const Order* parent) noexcept nogil:
    """The child with the lowest id among those that have arrived; NULL if there is none."""
    if parent.id > blotter.places.cap:
        return NULL
    return order_at(blotter, blotter.places.items[parent.id - 1].first_child)


cdef inline Order* next_child(const Blotter* blotter, const Order* child) noexcept nogil:
    """The parent's next child by id; NULL if there is none."""
    return order_at(blotter, blotter.places.items[child.id - 1].next_child)


cdef inline void end_child(Blotter* blotter, Order* child, int64_t ts) noexcept nogil:
    """Limits one child to the quantity released so far; ends it if nothing of that is open."""
    cdef double final_qty = child.qty + child.taken_qty
    if child.ts_arrived < 0:
        end_order(blotter, child, CANCELED, PARENT_ENDED, ts)
    elif leaves(child) > 1e-12 * child.asked_qty:
        if child.order_type == MARKET:
            blotter.pending[child.symbol] -= child.side * (child.asked_qty - final_qty)
        child.asked_qty = final_qty
    elif child.filled_qty > 0.0:
        end_order(blotter, child, FILLED, NONE, ts)
        if blotter.in_flight.delayed:
            report_end(blotter, child)
    else:
        end_order(blotter, child, CANCELED, OCO, ts)


cdef inline bint may_grow(const Blotter* blotter, const Order* order) noexcept nogil:
    """True for a child whose parent is open: further fills of the parent can release more of it."""
    return order.parent > 0 and is_open(&blotter.orders[order.parent - 1])
