"""Requests as they arrive at the exchange: new orders, cancels, amendments.

All functions that return `int` return -1 if memory runs out.
"""

from libc.math cimport NAN, isnan
from libc.stdint cimport int32_t, int64_t

from btcore.engine.admit cimport enter_market, rejection_reason, worst_position
from btcore.engine.blotter cimport Blotter, end_order, is_open, may_grow, wake
from btcore.engine.contingent cimport register_child, released_quantity
from btcore.engine.match_ticks cimport clear_released, match_standing
from btcore.engine.queues cimport recount_open_qty, refresh_queue
from btcore.engine.state cimport Exchange, note, rests, takes_close
from btcore.memory cimport append
from btcore.model cimport (
    AMENDED, AMEND_REFUSED, BAR, CANCEL, CANCELED, DAY, DAY_OVER, DELISTED, EXPIRED, FROM_FILL, GTD, GTD_OVER,
    INVALID_PRICE, INVALID_TERMS, MARKET, NONE, Order, REJECTED, REQUESTED, Request, SUBMIT, TRAILING_STOP_LIMIT,
    Ticker,
)
from btcore.rules.matching cimport (
    has_limit, has_trigger, is_limitless, is_trailing, is_untriggered, reference_px, trail_stop
)


cdef inline int handle_request(Exchange* ex, const Request* request, int64_t now) noexcept nogil:
    """Carries out a request. It has no effect if its order is unknown or has ended."""
    cdef Order* order
    cdef int code = 0
    if request.order_id < 1 or request.order_id > ex.blotter.n_orders:
        return 0
    order = &ex.blotter.orders[request.order_id - 1]
    if not is_open(order):
        return 0
    if request.action != SUBMIT and is_in_open_bar(ex, order, now):
        return defer_request(&ex.blotter, request)
    if request.action == SUBMIT:
        code = accept_order(ex, order, now)
    elif has_expired(order, now):
        end_order(
            &ex.blotter, order, EXPIRED, GTD_OVER if order.time_in_force == GTD else DAY_OVER, order.ts_expires
        )
    elif request.action == CANCEL:
        end_order(&ex.blotter, order, CANCELED, REQUESTED, now)
    else:
        wake(&ex.blotter, order)
        code = amend_order(ex, order, request, now)
    clear_released(ex, order.symbol)
    refresh_queue(&ex.blotter, order.symbol)
    return code


cdef inline bint has_expired(const Order* order, int64_t now) noexcept nogil:
    """True for a DAY or GTD order past its expiry; its symbol has had no event since then."""
    return (
        (order.time_in_force == DAY or order.time_in_force == GTD) and order.ts_expires <= now
        and (order.ts_arrived >= 0 or order.held)
    )


cdef inline bint is_in_open_bar(const Exchange* ex, const Order* order, int64_t now) noexcept nogil:
    """True if a bar that can fill the order has opened and is not complete: its effect is not known yet."""
    cdef const Ticker* ticker = &ex.tickers[order.symbol]
    cdef bint meets_bars = ticker.source == BAR or (ex.blotter.queues[order.symbol].rests_on_bars and rests(order))
    return meets_bars and 0 <= order.ts_arrived <= ticker.next_open < now and not takes_close(ex, order)


cdef inline int defer_request(Blotter* blotter, const Request* request) noexcept nogil:
    """Stores a cancel or an amendment until the end of the bar."""
    return append(
        <void**> &blotter.deferred, &blotter.n_deferred, &blotter.cap_deferred, request, sizeof(Request)
    )


cdef inline int handle_deferred(Exchange* ex, int32_t symbol, int64_t now) noexcept nogil:
    """Carries out the requests that waited for the end of the symbol's bar, in order of arrival."""
    cdef Blotter* blotter = &ex.blotter
    cdef int64_t i, n = 0
    for i in range(blotter.n_deferred):
        if blotter.orders[blotter.deferred[i].order_id - 1].symbol != symbol:
            blotter.deferred[n] = blotter.deferred[i]
            n += 1
        elif handle_request(ex, &blotter.deferred[i], now) < 0:
            return -1
    blotter.n_deferred = n
    return 0


cdef inline int accept_order(Exchange* ex, Order* order, int64_t now) noexcept nogil:
    """Handles the arrival of a new order: a child waits for its parent, others enter and meet the market."""
    if ex.trading[order.symbol].delisted:
        end_order(&ex.blotter, order, REJECTED, DELISTED, now)
        return 0
    if order.parent > 0:
        if order.parent >= order.id or ex.blotter.orders[order.parent - 1].symbol != order.symbol:
            end_order(&ex.blotter, order, REJECTED, INVALID_TERMS, now)
            return 0
        return register_child(ex, order, now)
    if order.flags & FROM_FILL:  # without a parent there is no fill
        end_order(&ex.blotter, order, REJECTED, INVALID_TERMS, now)
        return 0
    if enter_market(ex, order, now, known_px(ex, order)):
        return match_standing(ex, order, now)
    return 0


cdef inline bint lacks_amended_term(const Order* order, const Request* request) noexcept nogil:
    """True if the request amends a distance or offset of an order that has none, or the limit that it has not yet."""
    cdef bint waits = is_trailing(order) and is_untriggered(order)
    if not isnan(request.limit_offset) and not (waits and order.order_type == TRAILING_STOP_LIMIT):
        return True
    if not isnan(request.limit_px) and (waits or is_limitless(order)):
        return True
    return not isnan(request.trail) and not waits


cdef inline double known_px(const Exchange* ex, const Order* order) noexcept nogil:
    """The latest price of the order's side."""
    return reference_px(&ex.tickers[order.symbol], order.side)


cdef inline int amend_order(Exchange* ex, Order* order, const Request* request, int64_t now) noexcept nogil:
    """Changes the quantity and prices of an open order. Nothing changes if the checks of a new order would fail.

    A quantity at or below what has filled cancels the order. An amended order meets the market like a new one.
    """
    cdef Order before = order[0]
    cdef int reason = NONE
    if request.qty <= order.filled_qty + order.taken_qty:  # never true for NaN
        end_order(&ex.blotter, order, CANCELED, REQUESTED, now)
        return 0
    if not isnan(request.limit_px) and not has_limit(order):
        return note(ex, order.id, AMEND_REFUSED, INVALID_PRICE, 0.0, now)
    if not isnan(request.stop_px) and not has_trigger(order):
        return note(ex, order.id, AMEND_REFUSED, INVALID_PRICE, 0.0, now)
    if order.flags & FROM_FILL and not (isnan(request.limit_px) and isnan(request.stop_px)):
        return note(ex, order.id, AMEND_REFUSED, INVALID_PRICE, 0.0, now)  # it has no price yet
    if lacks_amended_term(order, request):
        return note(ex, order.id, AMEND_REFUSED, INVALID_PRICE, 0.0, now)
    if not isnan(request.qty):
        order.asked_qty = request.qty  # for a child the whole, including what siblings have filled
        order.qty = request.qty - order.taken_qty
        if order.ts_arrived >= 0 and may_grow(&ex.blotter, order):
            order.qty = released_quantity(ex, order, True)
    order.limit_px = order.limit_px if isnan(request.limit_px) else request.limit_px
    order.stop_px = order.stop_px if isnan(request.stop_px) else request.stop_px
    order.trail = order.trail if isnan(request.trail) else request.trail
    order.limit_offset = order.limit_offset if isnan(request.limit_offset) else request.limit_offset
    if order.admitted:
        reason = amend_refusal(ex, order, before)
    if reason != NONE:
        order.qty, order.asked_qty = before.qty, before.asked_qty
        order.limit_px, order.stop_px = before.limit_px, before.stop_px
        order.trail, order.limit_offset = before.trail, before.limit_offset
        return note(ex, order.id, AMEND_REFUSED, reason, 0.0, now)
    if order.order_type == MARKET:
        ex.blotter.pending[order.symbol] += order.side * (order.asked_qty - before.asked_qty)
    if note(ex, order.id, AMENDED, NONE, order.qty, now) < 0:
        return -1
    if not order.admitted:
        return 0
    if not isnan(request.trail):
        order.best_px = NAN  # the new distance is kept from this price on, below the best of the old one too
        trail_stop(order, known_px(ex, order), ex.account.instruments[order.symbol].tick_size)
    order.met = 0
    return match_standing(ex, order, now)


cdef inline int amend_refusal(Exchange* ex, Order* order, const Order before) noexcept nogil:
    """The reason to refuse the amendment, or NONE. `order` has the new values, `before` the old ones."""
    cdef Order after = order[0]
    cdef double worst
    cdef int reason
    order[0] = before
    recount_open_qty(&ex.blotter, order.symbol)
    worst = worst_position(ex, order.symbol)
    order[0] = after
    order.admitted = 0  # the checks add its open quantity, so the queue must not count it
    recount_open_qty(&ex.blotter, order.symbol)
    reason = rejection_reason(ex, order, worst, order.stop_px != before.stop_px)
    order.admitted = 1
    return reason
