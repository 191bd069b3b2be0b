"""Contingent orders (FIX ContingencyType): OCO groups, and children that the fills of a parent release.

Siblings are the orders of one symbol in one OCO group; with `oco_across` those of all symbols. A fill of one cancels
the others, except between children of one symbol: there it reduces the others by the quantity filled, so that a bracket
closes no more than its parent has opened.
"""

from libc.math cimport fabs, fmax, fmin
from libc.stdint cimport int32_t, int64_t

from btcore.engine.admit cimport enter_market
from btcore.engine.blotter cimport (
    Blotter, end_child, end_order, first_child, is_open, leaves, may_grow, next_child, wake
)
from btcore.engine.groups cimport first_in_group
from btcore.engine.heaps cimport Place, reserve_places
from btcore.engine.queues cimport recount_open_qty, refresh_queue
from btcore.engine.resting cimport hold_child, release_hold
from btcore.engine.state cimport Exchange, bar_of, can_match, note
from btcore.model cimport (
    BAR, Bar, CANCELED, EXPIRED, FILLED, FROM_FILL, GTD, GTD_OVER, Instrument, NONE, OCO, Order, PARENT_ENDED,
    RELEASED, Ticker
)
from btcore.rules.admission cimport snap_prices
from btcore.rules.matching cimport fills_resting, is_limit, reference_px
from btcore.rules.rounding cimport whole_lots


cdef inline bint is_sibling(const Order* order, const Order* filled) noexcept nogil:
    """True for an open order of the OCO group of `filled`."""
    return order.oco == filled.oco and order.id != filled.id and is_open(order)


cdef inline bint is_ambiguous(const Exchange* ex, const Order* order) noexcept nogil:
    """True for a limit that the range of the bar reaches too, while a stop of its group fills inside that range."""
    cdef const Bar* bar
    if ex.stop_bar == NULL or not can_match(order, ex.stop_bar.ts) or not is_limit(order) or order.triggered == 2:
        return False
    bar = bar_of(ex, order, ex.stop_bar)
    return fills_resting(order.side, bar.low if order.side > 0 else bar.high, order.limit_px, ex.terms.through)


cdef inline void reduce_sibling(
    Exchange* ex, Order* order, const Order* filled, double qty, int64_t ts
) noexcept nogil:
    """Applies a fill of `qty` to one sibling, and counts it if the bar does not show which came first."""
    cdef bint ambiguous = order.symbol == filled.symbol and is_ambiguous(ex, order)
    reduce_or_cancel(&ex.blotter, order, filled, qty, ts)
    if order.symbol != filled.symbol:
        refresh_queue(&ex.blotter, order.symbol)
    ex.n_ambiguous += ambiguous and not is_open(order)


cdef inline void reduce_or_cancel(
    Blotter* blotter, Order* order, const Order* filled, double qty, int64_t ts
) noexcept nogil:
    """Cancels the sibling; between children of one symbol, reduces it by `qty` and cancels it if nothing is left."""
    if order.parent == 0 or filled.parent == 0 or order.symbol != filled.symbol:
        end_order(blotter, order, CANCELED, OCO, ts)
        return
    wake(blotter, order)
    qty = fmin(qty, order.asked_qty - order.taken_qty - order.filled_qty)
    order.taken_qty += qty
    order.qty = fmax(order.qty - qty, order.filled_qty)
    if order.asked_qty - order.taken_qty - order.filled_qty <= 1e-12 * order.asked_qty or (
        order.ts_arrived >= 0 and leaves(order) <= 1e-12 * order.asked_qty and not may_grow(blotter, order)
    ):
        end_order(blotter, order, CANCELED, OCO, ts)


cdef inline Order* next_sibling(const Exchange* ex, const Order* filled, int64_t after) noexcept nogil:
    """The open sibling with the lowest id above `after`, wherever it is; NULL if there is none."""
    cdef const Blotter* blotter = &ex.blotter
    cdef int32_t link = first_in_group(&blotter.groups, filled.oco)
    cdef Order* best = NULL
    cdef Order* order
    while link:
        order = &blotter.orders[link - 1]
        if in_reach(ex, order.symbol, filled) and is_sibling(order, filled) and order.id > after and (
            best == NULL or order.id < best.id
        ):
            best = order
        link = blotter.places.items[link - 1].next_in_bucket
    return best


cdef inline bint in_reach(const Exchange* ex, int32_t symbol, const Order* filled) noexcept nogil:
    """True if a fill of `filled` affects orders of that symbol in its OCO group."""
    return symbol == filled.symbol or ex.terms.oco_across


cdef inline void apply_oco(Exchange* ex, const Order* filled, double qty, int64_t ts) noexcept nogil:
    """After a fill of `qty`: cancels or reduces the siblings, by id."""
    cdef Order* order = next_sibling(ex, filled, 0)
    ex.n_ambiguous = 0
    while order != NULL:
        reduce_sibling(ex, order, filled, qty, ts)
        order = next_sibling(ex, filled, order.id)
    if ex.n_ambiguous > 0:
        ex.journal.ambiguous_bars += 1


cdef inline double released_quantity(const Exchange* ex, const Order* child, bint in_part) noexcept nogil:
    """The quantity that the parent's fills release, less what siblings have filled.

    `in_part`: in proportion to the parent's filled quantity, in whole lots; else all of it.
    """
    cdef const Order* parent = &ex.blotter.orders[child.parent - 1]
    cdef double qty = child.asked_qty
    if in_part:
        qty = whole_lots(
            qty * parent.filled_qty / parent.asked_qty, ex.account.instruments[child.symbol].lot_size
        )
    return fmax(qty - child.taken_qty, child.filled_qty)


cdef inline void set_prices_from_fill(Order* child, double px, const Instrument* instrument) noexcept nogil:
    """Gives a child its prices: they were signed fractions of `px`, the average price of its parent's fills."""
    child.limit_px = px + child.limit_px * fabs(px)
    child.stop_px = px + child.stop_px * fabs(px)
    child.flags &= ~FROM_FILL
    snap_prices(child, instrument, True)


cdef inline int release_child(Exchange* ex, Order* child, int64_t ts, double px, double seen_px) noexcept nogil:
    """After a fill of the parent at `px` (before slippage `seen_px`): lets the child enter the market, or grow.

    Returns 0, or -1 if memory runs out; likewise below.
    """
    cdef const Ticker* ticker = &ex.tickers[child.symbol]
    cdef double qty = released_quantity(ex, child, ex.blotter.orders[child.parent - 1].status != FILLED)
    if child.ts_arrived >= 0:
        if qty > child.qty:
            wake(&ex.blotter, child)
        if ex.in_range and qty > child.qty:
            child.later_qty += qty - child.qty
            child.release_px = seen_px
            ex.n_released_now += 1
        child.qty = fmax(child.qty, qty)
        return 0
    if qty <= 1e-12 * child.asked_qty:
        return 0
    child.qty = qty
    child.release_px = seen_px
    if child.flags & FROM_FILL:
        set_prices_from_fill(
            child, ex.blotter.orders[child.parent - 1].avg_px, &ex.account.instruments[child.symbol]
        )
    release_hold(&ex.blotter.resting[child.symbol], &ex.blotter.places, child)
    child.held = 0
    child.fresh = 1
    ex.n_released_now += 1
    if note(ex, child.id, RELEASED, NONE, qty, ts) < 0:
        return -1
    recount_open_qty(&ex.blotter, child.symbol)  # the parent's fill has changed it
    if enter_market(ex, child, ts, px) and ex.match_standing(ex, child, ts) < 0:
        return -1
    if ticker.source == BAR and child.ts_opening < ex.blotter.now[0]:
        child.active = 1  # an OPG child, released by the bar that opens its session
    return 0


cdef inline int release_children(
    Exchange* ex, const Order* parent, int64_t ts, double px, double seen_px
) noexcept nogil:
    """Releases the children of an order that has filled at `px`, before slippage `seen_px`.

    With bars of bid and ask a child of the other side is released at the price of its own side.
    """
    cdef const Ticker* ticker = &ex.tickers[parent.symbol]
    cdef double spread = ticker.quote.ask - ticker.quote.bid if ticker.source == BAR and ticker.quoted else 0.0
    cdef Order* child = first_child(&ex.blotter, parent)
    cdef double change
    while child != NULL:
        if is_open(child):
            change = 0.0 if child.side == parent.side else child.side * spread  # the parent met the other side
            if release_child(ex, child, ts, px + change, seen_px + change) < 0:
                return -1
        child = next_child(&ex.blotter, child)
    return 0


cdef inline int link_child(Blotter* blotter, const Order* child) noexcept nogil:
    """Adds a child to those of its parent, by id."""
    cdef Place* places
    cdef int32_t* link
    if reserve_places(&blotter.places, child.id) < 0:
        return -1
    places = blotter.places.items
    link = &places[child.parent - 1].first_child
    while link[0] and link[0] < child.id:
        link = &places[link[0] - 1].next_child
    places[child.id - 1].next_child = link[0]
    link[0] = <int32_t> child.id
    return 0


cdef inline int register_child(Exchange* ex, Order* child, int64_t now) noexcept nogil:
    """Handles the arrival of a child: it waits for fills of its parent, enters the market, or ends with its parent."""
    cdef Blotter* blotter = &ex.blotter
    cdef Order* parent = &blotter.orders[child.parent - 1]
    cdef double px = ex.tickers[child.symbol].px
    cdef double known_px = reference_px(&ex.tickers[child.symbol], child.side)
    if child.time_in_force == GTD and child.ts_expires <= now:
        end_order(blotter, child, EXPIRED, GTD_OVER, now)
        return 0
    if not is_open(parent) and parent.filled_qty == 0.0:
        end_order(blotter, child, CANCELED, PARENT_ENDED, now)
        return 0
    if link_child(blotter, child) < 0 or hold_child(
        &blotter.resting[child.symbol], &blotter.places, &blotter.due, child
    ) < 0:
        return -1
    child.held = 1
    if parent.filled_qty > 0.0 and release_child(ex, child, now, known_px, px) < 0:
        return -1
    if not is_open(parent) and is_open(child):
        end_child(blotter, child, now)
    return 0
