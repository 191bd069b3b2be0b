"""The queue of working orders of each symbol and the index of those that only rest: which prices affect them.

A queue is walked in order of arrival, for each event that may affect an order and after each change. One of up to
`walk_limit` orders keeps them all. A longer one moves those that only rest to the index, which returns them before the
event that reaches them: nothing that matches orders knows of the index, and results do not depend on it.
"""

from libc.math cimport INFINITY, NAN, fmax, fmin
from libc.stdint cimport int32_t, int64_t

from btcore.engine.blotter cimport Blotter, Queue, arrived_after, dequeue, is_open, link_after
from btcore.engine.heaps cimport Heap, NO_SLOT, push, remove_at, rests_in_index
from btcore.engine.resting cimport (
    BUY_LIMITS, BUY_STOPS, HELD, Index, Levels, SELL_LIMITS, SELL_STOPS, TIMES, TIME_SLOT, add_resting, first_key,
    first_time, insert_resting, remove_resting, was_reached
)
from btcore.model cimport BAR, NEVER, Order
from btcore.rules.admission cimport OpenQuantity, add_leaves
from btcore.rules.matching cimport is_limit, is_touch, is_trailing, is_untriggered

cdef enum:
    WALK_LIMIT = 16          # of a run; walking so few orders costs less than their way through the index


cdef inline void reset_queue(Queue* queue, OpenQuantity* open_qty) noexcept nogil:
    """Sets all that `refresh_queue` computes to its value for a queue without orders."""
    queue.n_unadmitted = 0
    queue.needs_every_price = 0
    queue.next_expiry = NEVER
    queue.buy_limit = queue.sell_stop = -INFINITY
    queue.sell_limit = queue.buy_stop = INFINITY
    open_qty.market = open_qty.buy = open_qty.sell = 0.0


cdef inline Levels levels_of(const Queue* queue, const Order* order) noexcept nogil:
    """What can affect an open order: its levels, or any price; and the time at which it expires or becomes active."""
    cdef Levels levels = Levels(limit=NAN, stop=NAN, ts=order.ts_expires, every=0)
    if not order.active:
        levels.ts = min(levels.ts, order.ts_opening)
    if not order.admitted:
        levels.every = 1
    elif not order.active:
        levels.every = queue.source == BAR  # OPG, CLS
    elif is_untriggered(order):
        if is_touch(order):
            levels.limit = order.stop_px
        else:
            levels.stop = order.stop_px
            if is_trailing(order):
                levels.limit = order.best_px  # a price beyond it moves the stop
    elif is_limit(order) and order.met:
        levels.limit = order.limit_px
    else:
        levels.every = 1
    return levels


cdef inline bint is_at_rest(const Order* order) noexcept nogil:
    """False while the current event has set a mark on the order, which the end of the event clears."""
    return not order.fresh and order.later_qty == 0.0 and order.triggered < 2


cdef inline bint move_to_index(Blotter* blotter, Order* order, const Levels* levels) noexcept nogil:
    """Moves an order that only rests from its queue to the index. False, with nothing changed, if it may not."""
    cdef Index* index = &blotter.resting[order.symbol]
    if not is_at_rest(order) or was_reached(index, order, levels):
        return False
    if insert_resting(index, &blotter.places, &blotter.woken, order, levels) < 0:
        return False
    dequeue(blotter, order)
    return True


cdef inline void add_levels(Queue* queue, const Order* order, const Levels* levels) noexcept nogil:
    queue.next_expiry = min(queue.next_expiry, levels.ts)
    queue.needs_every_price |= levels.every
    if order.side > 0:
        queue.buy_limit = fmax(queue.buy_limit, levels.limit)
        queue.buy_stop = fmin(queue.buy_stop, levels.stop)
    else:
        queue.sell_limit = fmin(queue.sell_limit, levels.limit)
        queue.sell_stop = fmax(queue.sell_stop, levels.stop)


cdef inline void add_index(Queue* queue, const Index* index) noexcept nogil:
    """Adds what can affect the first orders of the index."""
    queue.next_expiry = min(queue.next_expiry, first_time(index, HELD))
    if index.n == 0:
        return
    queue.next_expiry = min(queue.next_expiry, first_time(index, TIMES))
    queue.needs_every_price |= index.n_every > 0
    queue.n_unadmitted += <int32_t> index.n_unadmitted
    queue.buy_limit = fmax(queue.buy_limit, -first_key(index, BUY_LIMITS))
    queue.sell_limit = fmin(queue.sell_limit, first_key(index, SELL_LIMITS))
    queue.buy_stop = fmin(queue.buy_stop, first_key(index, BUY_STOPS))
    queue.sell_stop = fmax(queue.sell_stop, -first_key(index, SELL_STOPS))


cdef inline void refresh_queue(Blotter* blotter, int32_t symbol) noexcept nogil:
    """Removes ended orders from the queue and recomputes its levels, its next expiry and the open quantity.

    To be called after any change of the symbol's orders or of its margin bounds, when no event is being matched: orders
    of a long queue that only rest move to the index.
    """
    update_queue(blotter, symbol, blotter.queues[symbol].n > blotter.walk_limit)


cdef inline void update_queue(Blotter* blotter, int32_t symbol, bint moves) noexcept nogil:
    """Does what `refresh_queue` says, and moves orders to the index only with `moves`."""
    cdef Queue* queue = &blotter.queues[symbol]
    cdef OpenQuantity* open_qty = &blotter.open_qty[symbol]
    cdef Levels levels
    cdef Order* order
    cdef int32_t i = queue.head
    blotter.n_walked += queue.n
    reset_queue(queue, open_qty)
    while i >= 0:
        order = &blotter.orders[i]
        i = order.next
        if not is_open(order):
            dequeue(blotter, order)
            continue
        levels = levels_of(queue, order)
        if moves and move_to_index(blotter, order, &levels):
            continue
        add_levels(queue, order, &levels)
        if order.admitted:
            add_leaves(open_qty, order)
        else:
            queue.n_unadmitted += 1
    add_index(queue, &blotter.resting[symbol])
    add_resting(open_qty, &blotter.resting[symbol])
    queue.sell_stop = fmax(queue.sell_stop, queue.margin_floor)
    queue.buy_stop = fmin(queue.buy_stop, queue.margin_ceiling)
    if queue.may_cross:
        queue.buy_limit = fmax(queue.buy_limit, queue.margin_floor)
        queue.sell_limit = fmin(queue.sell_limit, queue.margin_ceiling)


cdef inline bint has_open_order(const Blotter* blotter, int32_t symbol) noexcept nogil:
    """True if the symbol has an open order, in its queue or in the index."""
    cdef int32_t i = blotter.queues[symbol].head
    while i >= 0:
        if is_open(&blotter.orders[i]):
            return True
        i = blotter.orders[i].next
    return blotter.resting[symbol].n > 0


cdef inline void recount_open_qty(Blotter* blotter, int32_t symbol) noexcept nogil:
    """Recomputes the open quantity alone. Safe inside a loop over the queue, which `refresh_queue` is not."""
    cdef OpenQuantity* open_qty = &blotter.open_qty[symbol]
    cdef const Order* order
    cdef int32_t i = blotter.queues[symbol].head
    blotter.n_walked += blotter.queues[symbol].n
    open_qty.market = open_qty.buy = open_qty.sell = 0.0
    while i >= 0:
        order = &blotter.orders[i]
        i = order.next
        if is_open(order) and order.admitted:
            add_leaves(open_qty, order)
    add_resting(open_qty, &blotter.resting[symbol])


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


cdef inline void take_out(Blotter* blotter, int32_t i) noexcept nogil:
    """Takes an order out of the index, on its way to the queue."""
    cdef const Order* order = &blotter.orders[i]
    remove_resting(&blotter.resting[order.symbol], &blotter.places, order)
    push(&blotter.woken, NULL, NO_SLOT, 0.0, order.ts_arrived, i)


cdef inline void take_out_up_to(Blotter* blotter, const Heap* heap, double key) noexcept nogil:
    while heap.n > 0 and heap.items[0].key <= key:
        take_out(blotter, heap.items[0].order)


cdef inline void link_woken(Blotter* blotter, int32_t symbol) noexcept nogil:
    """Adds the orders that were taken out of the index to the queue, by time of arrival."""
    cdef Order* order
    cdef int32_t prev = -1, next_ = blotter.queues[symbol].head
    while blotter.woken.n > 0:
        order = &blotter.orders[remove_at(&blotter.woken, NULL, NO_SLOT, 0)]
        while next_ >= 0 and not arrived_after(&blotter.orders[next_], order):
            prev = next_
            next_ = blotter.orders[next_].next
        link_after(blotter, order, prev)
        prev = <int32_t> (order.id - 1)


cdef inline void wake_reached(
    Blotter* blotter, int32_t symbol, double buy_low, double buy_high, double sell_low, double sell_high, int64_t ts
) noexcept nogil:
    """Moves the orders that an event reaches from the index to the queue. The prices are those of `is_affected`."""
    cdef Index* index = &blotter.resting[symbol]
    if index.n == 0 and blotter.queues[symbol].n <= blotter.walk_limit:
        return
    index.buy_low, index.buy_high, index.sell_low, index.sell_high = buy_low, buy_high, sell_low, sell_high
    index.ts = ts
    take_out_up_to(blotter, &index.heaps[BUY_LIMITS], -buy_low)
    take_out_up_to(blotter, &index.heaps[SELL_LIMITS], sell_high)
    take_out_up_to(blotter, &index.heaps[BUY_STOPS], buy_high)
    take_out_up_to(blotter, &index.heaps[SELL_STOPS], -sell_low)
    link_woken(blotter, symbol)
    blotter.n_walked += blotter.queues[symbol].n


cdef inline void wake_due(Blotter* blotter, int32_t symbol, int64_t ts) noexcept nogil:
    """Moves the orders that expire or become active by `ts` from the index to the queue."""
    cdef Index* index = &blotter.resting[symbol]
    while first_time(index, TIMES) <= ts:
        take_out(blotter, index.heaps[TIMES].items[0].order)
    link_woken(blotter, symbol)
    blotter.n_walked += blotter.queues[symbol].n


cdef inline void wake_all(Blotter* blotter, int32_t symbol) noexcept nogil:
    """Moves all orders of the index to the queue, before all of them change."""
    cdef int32_t i
    if blotter.resting[symbol].n == 0:
        return
    for i in range(<int32_t> blotter.n_orders):
        if blotter.orders[i].symbol == symbol and rests_in_index(&blotter.places, i):
            take_out(blotter, i)
    link_woken(blotter, symbol)


cdef inline void find_due_children(Blotter* blotter, int32_t symbol, int64_t ts) noexcept nogil:
    """Collects the children that expire by `ts` while they wait for their parents, by id."""
    cdef Index* index = &blotter.resting[symbol]
    while first_time(index, HELD) <= ts:
        push(&blotter.due, NULL, NO_SLOT, 0.0, 0, remove_at(&index.heaps[HELD], &blotter.places, TIME_SLOT, 0))


cdef inline Order* next_due_child(Blotter* blotter) noexcept nogil:
    """Takes the collected child with the lowest id; NULL if none is left."""
    if blotter.due.n == 0:
        return NULL
    return &blotter.orders[remove_at(&blotter.due, NULL, NO_SLOT, 0)]
