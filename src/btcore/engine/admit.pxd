"""How an order enters the market: its session, the checks, the start of a trailing stop."""

from libc.math cimport isnan
from libc.stdint cimport int32_t, int64_t, int8_t

from btcore.engine.blotter cimport end, enlist, is_open, leaves
from btcore.model cimport (
    CLS, DAY, EXPIRED, GTD, GTD_OVER, Instrument, NEVER, NONE, OPG, Order, QUOTE, REJECTED, SHORT_SALE, SNAPPED,
    Ticker,
)
from btcore.rules.admission cimport (
    add_leaves, check_buying_power, check_size, check_steps, check_terms, oversells, snap, worst_quantity
)
from btcore.rules.matching cimport is_trailing, trail_stop
from btcore.engine.state cimport Exchange, first_after, note


cdef inline double worst_open(const Exchange* ex, int32_t symbol) noexcept nogil:
    """The largest position the symbol's admitted orders could lead to."""
    return worst_quantity(ex.account.positions[symbol].qty, &ex.blotter.open_qty[symbol])


cdef inline double unsold(const Exchange* ex, const Order* order) noexcept nogil:
    """What is held beside the other open sells; those of the order's own group end when it fills."""
    cdef const Order* other
    cdef double held = ex.account.positions[order.symbol].qty
    cdef int32_t i = ex.blotter.queues[order.symbol].head
    while i >= 0:
        other = &ex.blotter.orders[i]
        i = other.next
        if (
            other.side < 0 and other.admitted and other.id != order.id and is_open(other)
            and (order.oco == 0 or other.oco != order.oco)
        ):
            held -= leaves(other)
    return held


cdef inline int refusal(Exchange* ex, Order* order, double before, bint stop_is_given) noexcept nogil:
    """Reason the order may not work with its terms, or NONE; `before` is the symbol's worst quantity without them.

    `stop_is_given`: a trailing stop stands where its sender has put it, not where it has trailed to.
    """
    cdef Ticker* ticker = &ex.tickers[order.symbol]
    cdef Instrument* instrument = &ex.instruments[order.symbol]
    cdef int reason
    if ex.terms.snap and snap(order, instrument, stop_is_given):
        note(ex, order.id, SNAPPED, NONE, order.qty, ex.blotter.now[0])
    reason = check_terms(order, instrument, stop_is_given)
    if reason == NONE:
        reason = check_steps(order, instrument, stop_is_given)
    if reason == NONE:
        reason = check_size(order, &ex.account, ticker)
    if reason == NONE and ex.terms.is_cash and order.side < 0 and oversells(order, unsold(ex, order)):
        reason = SHORT_SALE
    if reason == NONE:
        reason = check_buying_power(order, &ex.account, ex.blotter.open_qty, ticker, before)
    return reason


cdef inline int admit(Exchange* ex, Order* order, int64_t ts, double px) noexcept nogil:
    """Lets an arrived order in, or rejects it. True if it is in. `px` is where a trailing stop starts."""
    cdef int reason = refusal(ex, order, worst_open(ex, order.symbol), True)
    if reason != NONE:
        end(&ex.blotter, order, REJECTED, <int8_t> reason, ts)
        return False
    order.admitted = 1
    add_leaves(&ex.blotter.open_qty[order.symbol], order)
    if is_trailing(order):
        trail_stop(order, px, ex.account.instruments[order.symbol].tick_size)
    return True


cdef inline double first_px(const Exchange* ex, const Order* order, double px) noexcept nogil:
    """The price a trailing stop starts from: the standing quote's, else `px`."""
    cdef const Ticker* ticker = &ex.tickers[order.symbol]
    if ticker.source == QUOTE and ticker.quoted:
        return ticker.quote.ask if order.side > 0 else ticker.quote.bid
    return px


cdef inline void set_session(Exchange* ex, Order* order, int64_t now) noexcept nogil:
    """When a day order ends, and when one for the opening or the close awakes."""
    cdef int64_t i
    if order.time_in_force == DAY or order.time_in_force == CLS:
        i = first_after(ex.closes, ex.n_sessions, now, True)
        order.ts_expires = ex.closes[i] if i < ex.n_sessions else NEVER
        order.active = order.time_in_force == DAY
    elif order.time_in_force == OPG:
        i = first_after(ex.opens, ex.n_sessions, now, False)
        order.ts_opening = ex.opens[i] if i < ex.n_sessions else NEVER
        order.active = 0


cdef inline int enter(Exchange* ex, Order* order, int64_t now, double px) noexcept nogil:
    """To the market, if only to wait for its first price. True if it works."""
    cdef Ticker* ticker = &ex.tickers[order.symbol]
    order.ts_arrived = now
    if order.time_in_force == GTD and order.ts_expires <= now:
        end(&ex.blotter, order, EXPIRED, GTD_OVER, now)
        return False
    set_session(ex, order, now)
    enlist(&ex.blotter, order)
    return ticker.priced and admit(ex, order, now, first_px(ex, order, px))
