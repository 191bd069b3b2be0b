"""The table of orders, the queue of working orders of each symbol, and the prices that can affect a queue.

Orders are stored in one table by id. Ending an order only sets its status: `refresh_queue` removes it from its queue
later, so a loop over a queue stays valid while its orders fill and end.
"""

from libc.math cimport INFINITY, NAN, fmax, fmin
from libc.stdint cimport int32_t, int64_t, int8_t
from libc.stdlib cimport free

from btcore.engine.in_flight cimport InFlight, free_in_flight, send_report
from btcore.memory cimport reserve
from btcore.model cimport (
    BAR, CANCELED, CLS, FILLED, FORCED, MARKET, NEVER, NEW, NONE, OCO, Order, PARENT_ENDED, PARTIALLY_FILLED, Request
)
from btcore.rules.admission cimport OpenQuantity, add_leaves
from btcore.rules.matching cimport is_limit, is_touch, is_trailing, is_untriggered


cdef struct Queue:           # the working orders of one symbol, by time of arrival
    int32_t head             # index of an order; -1: none
    int32_t tail
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
    int32_t* contingent      # children that can still grow or be released, as indices of orders, sorted
    int64_t n_contingent
    int64_t cap_contingent
    int64_t n_forced         # open orders of a liquidation
    const int64_t* now       # the clock of the run
    int8_t out_of_memory     # set where a function returns no code
    Queue* queues            # by symbol
    OpenQuantity* open_qty   # by symbol
    double* pending          # by symbol: signed open quantity of market orders, as the strategy knows them


cdef inline void free_blotter(Blotter* blotter) noexcept nogil:
    free(blotter.orders)
    free_in_flight(&blotter.in_flight)
    free(blotter.deferred)
    free(blotter.contingent)
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
    blotter.n_orders += 1
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
    if 1 <= request.parent < request.order_id:
        blotter.orders[request.parent - 1].children = 1
    return 0


cdef inline bint arrived_after(const Order* order, const Order* other) noexcept nogil:
    return order.ts_arrived > other.ts_arrived or (order.ts_arrived == other.ts_arrived and order.id > other.id)


cdef inline void enqueue(Blotter* blotter, Order* order) noexcept nogil:
    """Adds the order to the queue of its symbol, by time of arrival.

    This is the end of the queue, except for a child released at an earlier time inside a bar.
    """
    cdef Queue* queue = &blotter.queues[order.symbol]
    cdef int32_t i = <int32_t> (order.id - 1)
    order.prev = queue.tail
    while order.prev >= 0 and not arrived_after(order, &blotter.orders[order.prev]):
        order.prev = blotter.orders[order.prev].prev
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
    if order.prev >= 0:
        blotter.orders[order.prev].next = order.next
    else:
        queue.head = order.next
    if order.next >= 0:
        blotter.orders[order.next].prev = order.prev
    else:
        queue.tail = order.prev


cdef inline void end_order(Blotter* blotter, Order* order, int8_t status, int8_t reason, int64_t ts) noexcept nogil:
    """Gives the order its final status and ends its children. The caller refreshes the queue afterwards."""
    end_without_children(blotter, order, status, reason, ts)
    if order.children:
        end_children(blotter, order)


cdef inline void end_without_children(
    Blotter* blotter, Order* order, int8_t status, int8_t reason, int64_t ts
) noexcept nogil:
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
    cdef Order* child
    cdef int64_t k
    for k in range(blotter.n_contingent):
        child = &blotter.orders[blotter.contingent[k]]
        if child.parent == parent.id and is_open(child):
            end_child(blotter, child, parent.ts_closed)


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


cdef inline void reset_queue(Queue* queue, OpenQuantity* open_qty) noexcept nogil:
    """Sets all that `refresh_queue` computes to its value for a queue without orders."""
    queue.n_unadmitted = 0
    queue.needs_every_price = 0
    queue.next_expiry = NEVER
    queue.buy_limit = queue.sell_stop = -INFINITY
    queue.sell_limit = queue.buy_stop = INFINITY
    open_qty.market = open_qty.buy = open_qty.sell = 0.0


cdef inline void refresh_queue(Blotter* blotter, int32_t symbol) noexcept nogil:
    """Removes ended orders from the queue and recomputes its levels, its next expiry and the open quantity.

    To be called after any change of the symbol's orders or of its margin bounds.
    """
    cdef Queue* queue = &blotter.queues[symbol]
    cdef OpenQuantity* open_qty = &blotter.open_qty[symbol]
    cdef Order* order
    cdef int32_t i = queue.head
    cdef int64_t k
    reset_queue(queue, open_qty)
    while i >= 0:
        order = &blotter.orders[i]
        i = order.next
        if not is_open(order):
            dequeue(blotter, order)
            continue
        queue.next_expiry = min(queue.next_expiry, order.ts_expires)
        if not order.active:
            queue.next_expiry = min(queue.next_expiry, order.ts_opening)
        if not order.admitted:
            queue.n_unadmitted += 1
            queue.needs_every_price = 1
            continue
        add_leaves(open_qty, order)
        if not order.active:
            queue.needs_every_price |= queue.source == BAR  # OPG, CLS
        elif is_untriggered(order):
            add_trigger_levels(queue, order)
        elif is_limit(order) and order.met:
            if order.side > 0:
                queue.buy_limit = fmax(queue.buy_limit, order.limit_px)
            else:
                queue.sell_limit = fmin(queue.sell_limit, order.limit_px)
        else:
            queue.needs_every_price = 1
    for k in range(blotter.n_contingent):
        order = &blotter.orders[blotter.contingent[k]]
        if order.symbol == symbol and order.held and order.ts_expires < queue.next_expiry:
            queue.next_expiry = order.ts_expires
    queue.sell_stop = fmax(queue.sell_stop, queue.margin_floor)
    queue.buy_stop = fmin(queue.buy_stop, queue.margin_ceiling)
    if queue.may_cross:
        queue.buy_limit = fmax(queue.buy_limit, queue.margin_floor)
        queue.sell_limit = fmin(queue.sell_limit, queue.margin_ceiling)


cdef inline bint has_open_order(const Blotter* blotter, int32_t symbol) noexcept nogil:
    """True if the queue has an open order."""
    cdef int32_t i = blotter.queues[symbol].head
    while i >= 0:
        if is_open(&blotter.orders[i]):
            return True
        i = blotter.orders[i].next
    return False


cdef inline void recount_open_qty(Blotter* blotter, int32_t symbol) noexcept nogil:
    """Recomputes the open quantity alone. Safe inside a loop over the queue, which `refresh_queue` is not."""
    cdef OpenQuantity* open_qty = &blotter.open_qty[symbol]
    cdef const Order* order
    cdef int32_t i = blotter.queues[symbol].head
    open_qty.market = open_qty.buy = open_qty.sell = 0.0
    while i >= 0:
        order = &blotter.orders[i]
        i = order.next
        if is_open(order) and order.admitted:
            add_leaves(open_qty, order)


cdef inline void add_trigger_levels(Queue* queue, const Order* order) noexcept nogil:
    """Levels of an untriggered order: the price that triggers it, and the price that moves a trailing stop."""
    if is_touch(order):
        if order.side > 0:
            queue.buy_limit = fmax(queue.buy_limit, order.stop_px)
        else:
            queue.sell_limit = fmin(queue.sell_limit, order.stop_px)
    elif order.side > 0:
        queue.buy_stop = fmin(queue.buy_stop, order.stop_px)
        if is_trailing(order):
            queue.buy_limit = fmax(queue.buy_limit, order.best_px)
    else:
        queue.sell_stop = fmax(queue.sell_stop, order.stop_px)
        if is_trailing(order):
            queue.sell_limit = fmin(queue.sell_limit, order.best_px)


cdef inline bint is_affected(
    const Queue* queue, double buy_low, double buy_high, double sell_low, double sell_high, int64_t ts
) noexcept nogil:
    """True if an event at `ts` with these lowest and highest prices may affect an order or the margin.

    `buy_low` and `buy_high` are prices that a buy meets (asks of quotes), `sell_low` and `sell_high` those of a sell.
    """
    return (
        buy_low <= queue.buy_limit or sell_high >= queue.sell_limit or buy_high >= queue.buy_stop
        or sell_low <= queue.sell_stop or queue.needs_every_price or ts >= queue.next_expiry
    )
