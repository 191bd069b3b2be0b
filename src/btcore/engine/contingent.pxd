"""Orders bound to each other: groups of which one ends the others, children that their parent's fills release."""

from libc.math cimport fmax, fmin
from libc.stdint cimport int32_t, int64_t

from btcore.engine.blotter cimport Blotter, conclude_child, end, is_open, leaves, may_grow, recount
from btcore.engine.admit cimport enter
from btcore.memory cimport reserve
from btcore.model cimport (
    BAR, CANCELED, EXPIRED, FILLED, GTD, GTD_OVER,
    NONE, OCO, Order, PARENT_ENDED, QUOTE, RELEASED, STANDING_QUOTE, SUBMIT, Ticker
)
from btcore.rules.matching cimport is_limit, reaches
from btcore.rules.rounding cimport whole_lots
from btcore.engine.state cimport Exchange, note, takes_part


cdef inline bint in_group(const Order* order, const Order* filled) noexcept nogil:
    return (
        order.oco == filled.oco and order.symbol == filled.symbol and order.id != filled.id and is_open(order)
    )


cdef inline bint is_rival(const Exchange* ex, const Order* order) noexcept nogil:
    """A limit that the range which has just filled a stop of its group holds as well."""
    return (
        ex.span != NULL and takes_part(order, ex.span.ts) and is_limit(order) and order.triggered != 2
        and reaches(order.side, ex.span.low if order.side > 0 else ex.span.high, order.limit_px)
    )


cdef inline void lose(Exchange* ex, Order* order, const Order* filled, double qty, int64_t ts) noexcept nogil:
    """What a fill of its group leaves of an order: nothing, or among children what was not filled."""
    cdef Blotter* blotter = &ex.blotter
    cdef bint rival = is_rival(ex, order)
    shrink(blotter, order, filled, qty, ts)
    ex.rivals += rival and not is_open(order)


cdef inline void shrink(Blotter* blotter, Order* order, const Order* filled, double qty, int64_t ts) noexcept nogil:
    if order.parent == 0 or filled.parent == 0:
        end(blotter, order, CANCELED, OCO, ts)
        return
    qty = fmin(qty, order.asked_qty - order.taken_qty - order.filled_qty)
    order.taken_qty += qty
    order.qty = fmax(order.qty - qty, order.filled_qty)
    if order.asked_qty - order.taken_qty - order.filled_qty <= 1e-12 * order.asked_qty or (
        order.ts_arrived >= 0 and leaves(order) <= 1e-12 * order.asked_qty and not may_grow(blotter, order)
    ):
        end(blotter, order, CANCELED, OCO, ts)


cdef inline Order* next_of_group(const Exchange* ex, const Order* filled, int64_t after) noexcept nogil:
    """The open order of the group with the lowest id above `after`, arrived or not; NULL if there is none."""
    cdef const Blotter* blotter = &ex.blotter
    cdef Order* best = NULL
    cdef Order* order
    cdef int32_t i = blotter.queues[filled.symbol].head
    cdef int64_t k
    while i >= 0:
        order = &blotter.orders[i]
        i = order.next
        if in_group(order, filled) and order.id > after and (best == NULL or order.id < best.id):
            best = order
    for k in range(blotter.n_contingent + blotter.n_flight):
        if k < blotter.n_contingent:
            order = &blotter.orders[blotter.contingent[k]]
        elif blotter.flight[k - blotter.n_contingent].action == SUBMIT:
            order = &blotter.orders[blotter.flight[k - blotter.n_contingent].order_id - 1]
        else:
            continue
        if in_group(order, filled) and order.id > after and (best == NULL or order.id < best.id):
            best = order
    return best


cdef inline void stir_group(Exchange* ex, const Order* filled, double qty, int64_t ts) noexcept nogil:
    """One order of an OCO group has filled: the others end or shrink."""
    cdef Order* order = next_of_group(ex, filled, 0)
    ex.rivals = 0
    while order != NULL:
        lose(ex, order, filled, qty, ts)
        order = next_of_group(ex, filled, order.id)
    if ex.rivals > 0:
        ex.journal.ambiguous_bars += 1


cdef inline double due_qty(const Exchange* ex, const Order* child, bint in_part) noexcept nogil:
    """What its parent's fills release of a child, by their ratio or whole, less what its group has taken."""
    cdef const Order* parent = &ex.blotter.orders[child.parent - 1]
    cdef double qty = child.asked_qty
    if in_part:
        qty = whole_lots(
            qty * parent.filled_qty / parent.asked_qty, ex.account.instruments[child.symbol].lot_size
        )
    return fmax(qty - child.taken_qty, child.filled_qty)


cdef inline int release(Exchange* ex, Order* child, int64_t ts, double px, double seen_px) noexcept nogil:
    """After a fill of its parent: the child enters the market, or grows. -1 without memory."""
    cdef const Ticker* ticker = &ex.tickers[child.symbol]
    cdef double qty = due_qty(ex, child, ex.blotter.orders[child.parent - 1].status != FILLED)
    if child.ts_arrived >= 0:
        child.qty = fmax(child.qty, qty)
        return 0
    if qty <= 1e-12 * child.asked_qty:
        return 0
    child.qty = qty
    child.release_px = seen_px
    child.held = 0
    child.fresh = 1
    ex.fresh += 1
    if note(ex, child.id, RELEASED, NONE, qty, ts) < 0:
        return -1
    recount(&ex.blotter, child.symbol)  # its parent has just been filled
    if enter(ex, child, ts, px) and ticker.source == QUOTE and ticker.quoted:
        return ex.meet(ex, child, ts, STANDING_QUOTE)
    if ticker.source == BAR and child.ts_opening <= ticker.bar.ts:
        child.active = 1  # the bar that opens the session has released it
    return 0


cdef inline int release_children(
    Exchange* ex, const Order* parent, int64_t ts, double px, double seen_px
) noexcept nogil:
    """The parent has had a fill at `px`, for a price of `seen_px` before slippage."""
    cdef Order* child
    cdef int64_t k
    for k in range(ex.blotter.n_contingent):
        child = &ex.blotter.orders[ex.blotter.contingent[k]]
        if child.parent == parent.id and is_open(child) and release(ex, child, ts, px, seen_px) < 0:
            return -1
    return 0


cdef inline void drop_ended(Blotter* blotter) noexcept nogil:
    """Children whose family is over need no more waiting for."""
    cdef const Order* child
    cdef int64_t k, kept = 0
    for k in range(blotter.n_contingent):
        child = &blotter.orders[blotter.contingent[k]]
        if is_open(child) and is_open(&blotter.orders[child.parent - 1]):
            blotter.contingent[kept] = blotter.contingent[k]
            kept += 1
    blotter.n_contingent = kept


cdef inline int hold(Exchange* ex, Order* child, int64_t now) noexcept nogil:
    """A child arrives: it waits for its parent, or is released, or ends with it. -1 without memory."""
    cdef Blotter* blotter = &ex.blotter
    cdef Order* parent = &blotter.orders[child.parent - 1]
    cdef double mark = ex.account.positions[child.symbol].mark
    cdef int64_t k
    if child.time_in_force == GTD and child.ts_expires <= now:
        end(blotter, child, EXPIRED, GTD_OVER, now)
        return 0
    if not is_open(parent) and parent.filled_qty == 0.0:
        end(blotter, child, CANCELED, PARENT_ENDED, now)
        return 0
    drop_ended(blotter)
    if reserve(
        <void**> &blotter.contingent, &blotter.cap_contingent, blotter.n_contingent, sizeof(int32_t)
    ) < 0:
        return -1
    k = blotter.n_contingent
    while k > 0 and blotter.contingent[k - 1] > child.id - 1:  # by id
        blotter.contingent[k] = blotter.contingent[k - 1]
        k -= 1
    blotter.contingent[k] = <int32_t> (child.id - 1)
    blotter.n_contingent += 1
    child.held = 1
    if parent.filled_qty > 0.0 and release(ex, child, now, mark, mark) < 0:
        return -1
    if not is_open(parent) and is_open(child):
        conclude_child(blotter, child, now)
    return 0
