"""Requests as they arrive: new orders, cancels, amendments."""

from libc.math cimport isnan
from libc.stdint cimport int32_t, int64_t

from btcore.blotter cimport Blotter, end, enlist, is_open, refresh
from btcore.exchange cimport meet_quote
from btcore.execution cimport Exchange, admit, worst_open
from btcore.journal cimport write_dropped
from btcore.memory cimport reserve
from btcore.model cimport (
    BAR, CANCEL, CANCELED, DAY, LIMIT, MARKET, NEVER, NONE, Order, QUOTE, REQUESTED, Request, STOP, STOP_LIMIT,
    SUBMIT, Ticker,
)
from btcore.rules.admission cimport check_buying_power, check_terms


cdef inline int handle(Exchange* ex, const Request* request, int64_t now, int64_t calls) noexcept nogil:
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
    elif request.action == CANCEL:
        end(&ex.blotter, order, CANCELED, REQUESTED, now)
    else:
        code = amend(ex, order, request, now, calls)
    refresh(&ex.blotter, order.symbol)
    return code


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


cdef inline int release(Exchange* ex, int32_t symbol, int64_t now, int64_t calls) noexcept nogil:
    """The symbol's bar has ended: what waited for it is handled, in the order it came."""
    cdef Blotter* blotter = &ex.blotter
    cdef int64_t i, kept = 0
    for i in range(blotter.n_deferred):
        if blotter.orders[blotter.deferred[i].order_id - 1].symbol != symbol:
            blotter.deferred[kept] = blotter.deferred[i]
            kept += 1
        elif handle(ex, &blotter.deferred[i], now, calls) < 0:
            return -1
    blotter.n_deferred = kept
    return 0


cdef inline int arrive(Exchange* ex, Order* order, int64_t now) noexcept nogil:
    order.ts_arrived = now
    if order.time_in_force == DAY:
        order.ts_expires = next_midnight(ex, now)
    enlist(&ex.blotter, order)
    if ex.tickers[order.symbol].priced and admit(ex, order, now):
        return meet_standing(ex, order, now)
    return 0


cdef inline int meet_standing(Exchange* ex, Order* order, int64_t now) noexcept nogil:
    """Where quotes stand, an order need not wait for the next event."""
    cdef Ticker* ticker = &ex.tickers[order.symbol]
    return meet_quote(ex, order, now) if ticker.source == QUOTE and ticker.quoted else 0


cdef inline int64_t next_midnight(const Exchange* ex, int64_t now) noexcept nogil:
    """The first local midnight after now."""
    cdef int64_t low = 0, high = ex.n_midnights, middle
    while low < high:
        middle = (low + high) // 2
        if ex.midnights[middle] > now:
            high = middle
        else:
            low = middle + 1
    return ex.midnights[low] if low < ex.n_midnights else NEVER


cdef inline int amend(
    Exchange* ex, Order* order, const Request* request, int64_t now, int64_t calls
) noexcept nogil:
    """New terms for an open order, or none at all if it could not have been sent with them."""
    cdef Order before = order[0]
    cdef double worst = worst_open(ex, order.symbol)
    cdef bint has_limit = order.order_type == LIMIT or order.order_type == STOP_LIMIT
    cdef bint has_stop = order.order_type == STOP or order.order_type == STOP_LIMIT
    if request.qty <= order.filled_qty:  # never for NaN
        end(&ex.blotter, order, CANCELED, REQUESTED, now)
        return 0
    if (not isnan(request.limit_px) and not has_limit) or (not isnan(request.stop_px) and not has_stop):
        return write_dropped(&ex.journal, calls, order.id)
    order.qty = order.qty if isnan(request.qty) else request.qty
    order.limit_px = order.limit_px if isnan(request.limit_px) else request.limit_px
    order.stop_px = order.stop_px if isnan(request.stop_px) else request.stop_px
    if order.admitted and is_refused(ex, order, worst):
        order.qty, order.limit_px, order.stop_px = before.qty, before.limit_px, before.stop_px
        return write_dropped(&ex.journal, calls, order.id)
    if order.order_type == MARKET:
        ex.blotter.pending[order.symbol] += order.side * (order.qty - before.qty)
    if not order.admitted:
        return 0
    order.met = 0
    return meet_standing(ex, order, now)


cdef inline bint is_refused(Exchange* ex, Order* order, double before) noexcept nogil:
    """A working order's new terms would not be let in; `before` is the symbol's worst quantity with the old ones."""
    cdef int reason
    order.admitted = 0  # so that it is not counted twice
    refresh(&ex.blotter, order.symbol)
    reason = check_terms(order, &ex.account.instruments[order.symbol])
    if reason == NONE:
        reason = check_buying_power(
            order, &ex.account, ex.blotter.open_qty, &ex.tickers[order.symbol], before
        )
    order.admitted = 1
    return reason != NONE
