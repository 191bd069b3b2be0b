"""Orders: what is in flight, what works in each symbol's queue, and the prices that would wake a queue.

An order's record lives in one table, by id. Ending an order only marks it; `refresh` takes it off its queue, so
that a walk along a queue stays valid whatever its fills do.
"""

from libc.math cimport INFINITY, NAN, fmax, fmin
from libc.stdint cimport int32_t, int64_t, int8_t
from libc.stdlib cimport free

from btcore.memory cimport reserve
from btcore.model cimport (
    CANCELED, DAY, MARKET, NEVER, OCO, Order, PARTIALLY_FILLED, Request, SUBMIT
)
from btcore.rules.admission cimport OpenQuantity, count
from btcore.rules.matching cimport is_limit, is_stop


cdef struct Queue:           # one symbol's working orders, in the order of arrival
    int32_t head             # -1: none
    int32_t tail
    int32_t waiting          # of them not admitted, for want of a price
    int8_t eager             # one of them trades at whatever price comes next
    int64_t next_expiry
    double buy_limit         # the highest: a price at or below it matters
    double sell_limit        # the lowest
    double buy_stop          # the lowest: a price at or above it matters
    double sell_stop         # the highest

cdef struct Blotter:
    Order* orders            # by id - 1
    int64_t n_orders
    int64_t cap_orders
    Request* flight          # a heap by (arrival, sending)
    int64_t n_flight
    int64_t cap_flight
    Request* deferred        # cancels and amendments that wait for the end of a bar
    int64_t n_deferred
    int64_t cap_deferred
    Queue* queues            # by symbol
    OpenQuantity* open_qty   # by symbol
    double* pending          # by symbol: signed leaves of open market orders


cdef inline void free_blotter(Blotter* blotter) noexcept nogil:
    free(blotter.orders)
    free(blotter.flight)
    free(blotter.deferred)
    free(blotter.queues)
    free(blotter.open_qty)
    free(blotter.pending)


cdef inline bint is_open(const Order* order) noexcept nogil:
    return order.status <= PARTIALLY_FILLED


cdef inline double leaves(const Order* order) noexcept nogil:
    return order.qty - order.filled_qty


cdef inline bint is_earlier(const Request* a, const Request* b) noexcept nogil:
    return a.ts_arrives < b.ts_arrives or (a.ts_arrives == b.ts_arrives and a.seq < b.seq)


cdef inline int64_t next_arrival(const Blotter* blotter) noexcept nogil:
    return blotter.flight[0].ts_arrives if blotter.n_flight > 0 else NEVER


cdef inline int send(Blotter* blotter, const Request* request) noexcept nogil:
    """Puts a request in flight; -1 without memory."""
    cdef int64_t i = blotter.n_flight, parent
    if reserve(<void**> &blotter.flight, &blotter.cap_flight, i, sizeof(Request)) < 0:
        return -1
    blotter.n_flight += 1
    while i > 0:
        parent = (i - 1) // 2
        if not is_earlier(request, &blotter.flight[parent]):
            break
        blotter.flight[i] = blotter.flight[parent]
        i = parent
    blotter.flight[i] = request[0]
    return 0


cdef inline Request receive(Blotter* blotter) noexcept nogil:
    """Takes the request that arrives first."""
    cdef Request first = blotter.flight[0], last
    cdef int64_t i = 0, child
    blotter.n_flight -= 1
    last = blotter.flight[blotter.n_flight]
    while True:
        child = 2 * i + 1
        if child >= blotter.n_flight:
            break
        if child + 1 < blotter.n_flight and is_earlier(&blotter.flight[child + 1], &blotter.flight[child]):
            child += 1
        if not is_earlier(&blotter.flight[child], &last):
            break
        blotter.flight[i] = blotter.flight[child]
        i = child
    blotter.flight[i] = last
    return first


cdef inline int register(Blotter* blotter, const Request* request, int64_t now) noexcept nogil:
    """Opens the record of a new order; its id is its place in the table, counted from 1."""
    cdef Order* order
    if reserve(<void**> &blotter.orders, &blotter.cap_orders, blotter.n_orders, sizeof(Order)) < 0:
        return -1
    order = &blotter.orders[blotter.n_orders]
    blotter.n_orders += 1
    order[0] = Order(
        id=request.order_id, ts_sent=now, ts_arrived=-1, ts_closed=-1, ts_expires=NEVER, oco=request.oco,
        qty=request.qty, limit_px=request.limit_px, stop_px=request.stop_px, filled_qty=0.0, avg_px=NAN,
        symbol=request.symbol, next=-1, prev=-1, side=request.side, order_type=request.order_type,
        time_in_force=request.time_in_force, status=0, reason=0, triggered=0, met=0, admitted=0,
    )
    return 0


cdef inline void enlist(Blotter* blotter, Order* order) noexcept nogil:
    """To the end of its symbol's queue."""
    cdef Queue* queue = &blotter.queues[order.symbol]
    cdef int32_t i = <int32_t> (order.id - 1)
    order.prev = queue.tail
    order.next = -1
    if queue.tail >= 0:
        blotter.orders[queue.tail].next = i
    else:
        queue.head = i
    queue.tail = i


cdef inline void delist(Blotter* blotter, Order* order) noexcept nogil:
    cdef Queue* queue = &blotter.queues[order.symbol]
    if order.prev >= 0:
        blotter.orders[order.prev].next = order.next
    else:
        queue.head = order.next
    if order.next >= 0:
        blotter.orders[order.next].prev = order.prev
    else:
        queue.tail = order.prev


cdef inline void end(Blotter* blotter, Order* order, int8_t status, int8_t reason, int64_t ts) noexcept nogil:
    """The order's one terminal status. Its queue wants a `refresh` afterwards."""
    order.status = status
    order.reason = reason
    order.ts_closed = ts
    if order.order_type == MARKET:
        blotter.pending[order.symbol] -= order.side * leaves(order)


cdef inline void clear(Queue* queue, OpenQuantity* open_qty) noexcept nogil:
    queue.waiting = 0
    queue.eager = 0
    queue.next_expiry = NEVER
    queue.buy_limit = queue.sell_stop = -INFINITY
    queue.sell_limit = queue.buy_stop = INFINITY
    open_qty.market = open_qty.buy = open_qty.sell = 0.0


cdef inline void refresh(Blotter* blotter, int32_t symbol) noexcept nogil:
    """After any change: drops what has ended, states anew what would wake the queue and what is open."""
    cdef Queue* queue = &blotter.queues[symbol]
    cdef OpenQuantity* open_qty = &blotter.open_qty[symbol]
    cdef Order* order
    cdef int32_t i = queue.head
    clear(queue, open_qty)
    while i >= 0:
        order = &blotter.orders[i]
        i = order.next
        if not is_open(order):
            delist(blotter, order)
            continue
        if order.time_in_force == DAY and order.ts_expires < queue.next_expiry:
            queue.next_expiry = order.ts_expires
        if not order.admitted:
            queue.waiting += 1
            queue.eager = 1
            continue
        count(open_qty, order)
        if is_stop(order):
            if order.side > 0:
                queue.buy_stop = fmin(queue.buy_stop, order.stop_px)
            else:
                queue.sell_stop = fmax(queue.sell_stop, order.stop_px)
        elif is_limit(order) and order.met:
            if order.side > 0:
                queue.buy_limit = fmax(queue.buy_limit, order.limit_px)
            else:
                queue.sell_limit = fmin(queue.sell_limit, order.limit_px)
        else:
            queue.eager = 1


cdef inline bint is_woken(
    const Queue* queue, double buy_low, double buy_high, double sell_low, double sell_high, int64_t ts
) noexcept nogil:
    """Whether prices of that range, for buys and for sells, may concern an order of the queue."""
    return (
        buy_low <= queue.buy_limit or sell_high >= queue.sell_limit or buy_high >= queue.buy_stop
        or sell_low <= queue.sell_stop or queue.eager or ts >= queue.next_expiry
    )


cdef inline void cancel_group(Blotter* blotter, const Order* filled, int64_t ts) noexcept nogil:
    """One order of an OCO group has filled: the others end, arrived or not."""
    cdef Order* order
    cdef int32_t i = blotter.queues[filled.symbol].head
    cdef int64_t k
    while i >= 0:
        order = &blotter.orders[i]
        i = order.next
        if order.oco == filled.oco and order.id != filled.id and is_open(order):
            end(blotter, order, CANCELED, OCO, ts)
    for k in range(blotter.n_flight):
        if blotter.flight[k].action == SUBMIT and blotter.flight[k].symbol == filled.symbol:
            order = &blotter.orders[blotter.flight[k].order_id - 1]
            if order.oco == filled.oco and order.id != filled.id and is_open(order):
                end(blotter, order, CANCELED, OCO, ts)
