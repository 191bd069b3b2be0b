"""Orders: what is in flight, what works in each symbol's queue, and the prices that would wake a queue.

An order's record lives in one table, by id. Ending an order only marks it; `refresh` takes it off its queue, so
that a walk along a queue stays valid whatever its fills do.
"""

from libc.math cimport INFINITY, NAN, fmax, fmin
from libc.stdint cimport int32_t, int64_t, int8_t
from libc.stdlib cimport free

from btcore.memory cimport reserve
from btcore.model cimport (
    BAR, CANCELED, CLS, FILLED, FORCED, MARKET, NEVER, NEW, NONE, OCO, Order, PARENT_ENDED, PARTIALLY_FILLED, Request
)
from btcore.rules.admission cimport OpenQuantity, add_leaves
from btcore.rules.latency cimport LatencyTerms, delay
from btcore.rules.matching cimport is_limit, is_touch, is_trailing, is_untriggered


cdef struct Queue:           # one symbol's working orders, in the order of arrival
    int32_t head             # -1: none
    int32_t tail
    int32_t waiting          # of them not admitted, for want of a price
    int8_t eager             # one of them trades at whatever price comes next
    int8_t source            # Kind its orders trade against
    int64_t next_expiry      # or awakening
    double buy_limit         # the highest: a price at or below it matters
    double sell_limit        # the lowest
    double buy_stop          # the lowest: a price at or above it matters
    double sell_stop         # the highest
    double floor             # a mark at or below it may end the account's margin
    double ceiling           # or at or above it

cdef struct Report:          # under way to the strategy
    int64_t due
    int64_t order_id
    int64_t fill             # index of a fill; -1: the order has ended
    int8_t status
    int8_t applied           # the strategy knows already, but for `on_fill`

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
    Report* reports          # in the order they will be heard; empty without response latency
    int64_t n_reports
    int64_t cap_reports
    int64_t next_report      # the first not heard
    int32_t* contingent      # children that wait for more of their parents, by place in the table
    int64_t n_contingent
    int64_t cap_contingent
    int64_t forced           # a liquidation's orders that are open
    LatencyTerms response
    const int64_t* now       # the run's clock
    int8_t delayed           # the strategy hears by reports
    int8_t failed            # no memory for a report
    Queue* queues            # by symbol
    OpenQuantity* open_qty   # by symbol
    double* pending          # by symbol: signed leaves of open market orders


cdef inline void free_blotter(Blotter* blotter) noexcept nogil:
    free(blotter.orders)
    free(blotter.flight)
    free(blotter.deferred)
    free(blotter.reports)
    free(blotter.contingent)
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
        id=request.order_id, ts_sent=now, ts_arrived=-1, ts_closed=-1, ts_expires=request.expires, ts_opening=NEVER,
        oco=request.oco, parent=request.parent, qty=request.qty, asked_qty=request.qty, taken_qty=0.0,
        limit_px=request.limit_px, stop_px=request.stop_px, trail=request.trail, limit_offset=request.limit_offset,
        best_px=NAN, release_px=NAN, filled_qty=0.0, avg_px=NAN, symbol=request.symbol, next=-1, prev=-1,
        side=request.side,
        order_type=request.order_type, time_in_force=request.time_in_force, trail_by=request.trail_by,
        flags=request.flags, status=NEW, known_status=NEW, reason=0, triggered=0, met=0, admitted=0, active=1, held=0,
        fresh=0, visited=0, children=0,
    )
    if 1 <= request.parent < request.order_id:
        blotter.orders[request.parent - 1].children = 1
    return 0


cdef inline bint is_behind(const Order* order, const Order* other) noexcept nogil:
    return order.ts_arrived > other.ts_arrived or (order.ts_arrived == other.ts_arrived and order.id > other.id)


cdef inline void enlist(Blotter* blotter, Order* order) noexcept nogil:
    """Into its symbol's queue, at the end but for children that were released in the past."""
    cdef Queue* queue = &blotter.queues[order.symbol]
    cdef int32_t i = <int32_t> (order.id - 1)
    order.prev = queue.tail
    while order.prev >= 0 and not is_behind(order, &blotter.orders[order.prev]):
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
    """The order's one terminal status, and what becomes of its children. Its queue wants a `refresh` afterwards."""
    end_alone(blotter, order, status, reason, ts)
    if order.children:
        conclude(blotter, order)


cdef inline void end_alone(Blotter* blotter, Order* order, int8_t status, int8_t reason, int64_t ts) noexcept nogil:
    order.status = status
    order.reason = reason
    order.ts_closed = ts
    if order.flags & FORCED:
        blotter.forced -= 1
    if not blotter.delayed:
        hear_of_end(blotter, order, status)
    elif status != FILLED:  # then the fill's report says so
        report(blotter, order, -1)


cdef inline void hear_of_end(Blotter* blotter, Order* order, int8_t status) noexcept nogil:
    """The strategy's side of it."""
    order.known_status = status
    if order.order_type == MARKET:
        blotter.pending[order.symbol] -= order.side * (order.asked_qty - order.filled_qty)


cdef inline void report(Blotter* blotter, const Order* order, int64_t fill) noexcept nogil:
    """Sends word of a fill, or of the order's end (-1), to a strategy that hears later."""
    cdef int64_t n = blotter.n_reports, due
    if reserve(<void**> &blotter.reports, &blotter.cap_reports, n, sizeof(Report)) < 0:
        blotter.failed = 1
        return
    due = blotter.now[0] + delay(&blotter.response, -1, n)
    if n > 0:
        due = max(due, blotter.reports[n - 1].due)
    blotter.reports[n] = Report(due=due, order_id=order.id, fill=fill, status=order.status, applied=0)
    blotter.n_reports += 1


cdef inline int64_t next_report(const Blotter* blotter) noexcept nogil:
    return blotter.reports[blotter.next_report].due if blotter.next_report < blotter.n_reports else NEVER


cdef inline void conclude(Blotter* blotter, const Order* parent) noexcept nogil:
    """The parent has ended: its children keep what was released, or end."""
    cdef Order* child
    cdef int64_t k
    for k in range(blotter.n_contingent):
        child = &blotter.orders[blotter.contingent[k]]
        if child.parent == parent.id and is_open(child):
            conclude_child(blotter, child, parent.ts_closed)


cdef inline void conclude_child(Blotter* blotter, Order* child, int64_t ts) noexcept nogil:
    cdef double kept = child.qty + child.taken_qty
    if child.ts_arrived < 0:
        end(blotter, child, CANCELED, PARENT_ENDED, ts)
    elif leaves(child) > 1e-12 * child.asked_qty:
        if child.order_type == MARKET:
            blotter.pending[child.symbol] -= child.side * (child.asked_qty - kept)
        child.asked_qty = kept
    elif child.filled_qty > 0.0:
        end(blotter, child, FILLED, NONE, ts)
        if blotter.delayed:
            report(blotter, child, -1)
    else:
        end(blotter, child, CANCELED, OCO, ts)


cdef inline bint may_grow(const Blotter* blotter, const Order* order) noexcept nogil:
    """A child whose parent is still open."""
    return order.parent > 0 and is_open(&blotter.orders[order.parent - 1])


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
    cdef int64_t k
    clear(queue, open_qty)
    while i >= 0:
        order = &blotter.orders[i]
        i = order.next
        if not is_open(order):
            delist(blotter, order)
            continue
        queue.next_expiry = min(queue.next_expiry, order.ts_expires)
        if not order.active:
            queue.next_expiry = min(queue.next_expiry, order.ts_opening)
        if not order.admitted:
            queue.waiting += 1
            queue.eager = 1
            continue
        add_leaves(open_qty, order)
        if not order.active:
            queue.eager |= order.time_in_force == CLS and queue.source == BAR
        elif is_untriggered(order):
            await_trigger(queue, order)
        elif is_limit(order) and order.met:
            if order.side > 0:
                queue.buy_limit = fmax(queue.buy_limit, order.limit_px)
            else:
                queue.sell_limit = fmin(queue.sell_limit, order.limit_px)
        else:
            queue.eager = 1
    for k in range(blotter.n_contingent):
        order = &blotter.orders[blotter.contingent[k]]
        if order.symbol == symbol and order.held and order.ts_expires < queue.next_expiry:
            queue.next_expiry = order.ts_expires
    queue.sell_stop = fmax(queue.sell_stop, queue.floor)
    queue.buy_stop = fmin(queue.buy_stop, queue.ceiling)


cdef inline void recount(Blotter* blotter, int32_t symbol) noexcept nogil:
    """What is open, while the queue is being walked and must keep its orders."""
    cdef OpenQuantity* open_qty = &blotter.open_qty[symbol]
    cdef const Order* order
    cdef int32_t i = blotter.queues[symbol].head
    open_qty.market = open_qty.buy = open_qty.sell = 0.0
    while i >= 0:
        order = &blotter.orders[i]
        i = order.next
        if is_open(order) and order.admitted:
            add_leaves(open_qty, order)


cdef inline void await_trigger(Queue* queue, const Order* order) noexcept nogil:
    """Wakes the queue where the trigger would speak, and where a trailing stop would move."""
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


cdef inline bint is_woken(
    const Queue* queue, double buy_low, double buy_high, double sell_low, double sell_high, int64_t ts
) noexcept nogil:
    """Whether prices of that range, for buys and for sells, may concern an order of the queue."""
    return (
        buy_low <= queue.buy_limit or sell_high >= queue.sell_limit or buy_high >= queue.buy_stop
        or sell_low <= queue.sell_stop or queue.eager or ts >= queue.next_expiry
    )
