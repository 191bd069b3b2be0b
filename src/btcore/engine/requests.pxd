"""Requests as they arrive: new orders, cancels, amendments."""

from libc.math cimport isnan
from libc.stdint cimport int32_t, int64_t, int8_t

from btcore.engine.blotter cimport Blotter, end, is_open, may_grow, refresh
from btcore.engine.admit cimport enter, refusal, worst_open
from btcore.engine.match_ticks cimport forget_fresh, meet_quote
from btcore.engine.contingent cimport due_qty, hold
from btcore.memory cimport reserve
from btcore.model cimport (
    AMENDED, AMEND_REFUSED, BAR, CANCEL, CANCELED, DAY, DAY_OVER, EXPIRED, GTD, GTD_OVER, INVALID_PRICE,
    INVALID_TERMS, MARKET, NONE, Order, QUOTE, REJECTED, REQUESTED, Request, STANDING_QUOTE, SUBMIT, Ticker,
)
from btcore.rules.matching cimport has_limit, has_trigger
from btcore.engine.state cimport Exchange, note


cdef inline int handle(Exchange* ex, const Request* request, int64_t now) noexcept nogil:
    """Does what is asked, if its order is still open; -1 without memory."""
    cdef Order* order
    cdef int code = 0
    if request.order_id < 1 or request.order_id > ex.blotter.n_orders:
        return 0
    order = &ex.blotter.orders[request.order_id - 1]
    if not is_open(order):
        return 0
    if request.action != SUBMIT and is_in_open_bar(ex, order, now):
        return defer(&ex.blotter, request)
    if request.action == SUBMIT:
        code = arrive(ex, order, now)
    elif has_expired(order, now):
        end(&ex.blotter, order, EXPIRED, GTD_OVER if order.time_in_force == GTD else DAY_OVER, order.ts_expires)
    elif request.action == CANCEL:
        end(&ex.blotter, order, CANCELED, REQUESTED, now)
    else:
        code = amend(ex, order, request, now)
    forget_fresh(ex, order.symbol)
    refresh(&ex.blotter, order.symbol)
    return code


cdef inline bint has_expired(const Order* order, int64_t now) noexcept nogil:
    """True for a DAY or GTD order past its expiry; its symbol has had no event since then."""
    return (
        (order.time_in_force == DAY or order.time_in_force == GTD) and order.ts_expires <= now
        and (order.ts_arrived >= 0 or order.held)
    )


cdef inline bint is_in_open_bar(const Exchange* ex, const Order* order, int64_t now) noexcept nogil:
    """A bar the order takes part in has opened and not been delivered: what it did to the order is not known yet."""
    cdef const Ticker* ticker = &ex.tickers[order.symbol]
    return ticker.source == BAR and 0 <= order.ts_arrived <= ticker.next_open < now


cdef inline int defer(Blotter* blotter, const Request* request) noexcept nogil:
    """To the end of the bar."""
    if reserve(<void**> &blotter.deferred, &blotter.cap_deferred, blotter.n_deferred, sizeof(Request)) < 0:
        return -1
    blotter.deferred[blotter.n_deferred] = request[0]
    blotter.n_deferred += 1
    return 0


cdef inline int release_deferred(Exchange* ex, int32_t symbol, int64_t now) noexcept nogil:
    """The symbol's bar has ended: what waited for it is handled, in the order it came."""
    cdef Blotter* blotter = &ex.blotter
    cdef int64_t i, kept = 0
    for i in range(blotter.n_deferred):
        if blotter.orders[blotter.deferred[i].order_id - 1].symbol != symbol:
            blotter.deferred[kept] = blotter.deferred[i]
            kept += 1
        elif handle(ex, &blotter.deferred[i], now) < 0:
            return -1
    blotter.n_deferred = kept
    return 0


cdef inline int arrive(Exchange* ex, Order* order, int64_t now) noexcept nogil:
    if order.parent > 0:
        if order.parent >= order.id or ex.blotter.orders[order.parent - 1].symbol != order.symbol:
            end(&ex.blotter, order, REJECTED, INVALID_TERMS, now)
            return 0
        return hold(ex, order, now)
    if enter(ex, order, now, ex.account.positions[order.symbol].mark):
        return meet_standing(ex, order, now)
    return 0


cdef inline int meet_standing(Exchange* ex, Order* order, int64_t now) noexcept nogil:
    """Where quotes stand, an order need not wait for the next event."""
    cdef Ticker* ticker = &ex.tickers[order.symbol]
    return meet_quote(ex, order, now, STANDING_QUOTE) if ticker.source == QUOTE and ticker.quoted else 0


cdef inline int amend(Exchange* ex, Order* order, const Request* request, int64_t now) noexcept nogil:
    """New terms for an open order, or none at all if it could not have been sent with them."""
    cdef Order before = order[0]
    cdef int reason = NONE
    if request.qty <= order.filled_qty + order.taken_qty:  # never for NaN
        end(&ex.blotter, order, CANCELED, REQUESTED, now)
        return 0
    if not isnan(request.limit_px) and not has_limit(order):
        return note(ex, order.id, AMEND_REFUSED, INVALID_PRICE, 0.0, now)
    if not isnan(request.stop_px) and not has_trigger(order):
        return note(ex, order.id, AMEND_REFUSED, INVALID_PRICE, 0.0, now)
    if not isnan(request.qty):
        order.asked_qty = request.qty  # of a child the whole, what its group has taken in it
        order.qty = request.qty - order.taken_qty
        if order.ts_arrived >= 0 and may_grow(&ex.blotter, order):
            order.qty = due_qty(ex, order, True)
    order.limit_px = order.limit_px if isnan(request.limit_px) else request.limit_px
    order.stop_px = order.stop_px if isnan(request.stop_px) else request.stop_px
    if order.admitted:
        reason = refusal_anew(ex, order, before)
    if reason != NONE:
        order.qty, order.asked_qty = before.qty, before.asked_qty
        order.limit_px, order.stop_px = before.limit_px, before.stop_px
        return note(ex, order.id, AMEND_REFUSED, reason, 0.0, now)
    if order.order_type == MARKET:
        ex.blotter.pending[order.symbol] += order.side * (order.asked_qty - before.asked_qty)
    if note(ex, order.id, AMENDED, NONE, order.qty, now) < 0:
        return -1
    if not order.admitted:
        return 0
    order.met = 0
    return meet_standing(ex, order, now)


cdef inline int refusal_anew(Exchange* ex, Order* order, const Order before) noexcept nogil:
    """Reason a working order's new terms would not be let in, or NONE; it counts once, with the new ones."""
    cdef Order after = order[0]
    cdef double worst
    cdef int reason
    order[0] = before
    refresh(&ex.blotter, order.symbol)
    worst = worst_open(ex, order.symbol)
    order[0] = after
    order.admitted = 0  # so that it is not counted twice
    refresh(&ex.blotter, order.symbol)
    reason = refusal(ex, order, worst, order.stop_px != before.stop_px)
    order.admitted = 1
    return reason
