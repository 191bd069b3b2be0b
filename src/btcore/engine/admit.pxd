"""How an order enters the market: its session, the checks, the first stop of a trailing order."""

from libc.math cimport INFINITY, isnan
from libc.stdint cimport int32_t, int64_t, int8_t

from btcore.engine.blotter cimport Blotter, end_order, enqueue, is_open, leaves
from btcore.engine.groups cimport first_in_group
from btcore.engine.heaps cimport rests_in_index
from btcore.engine.resting cimport total_with
from btcore.engine.state cimport Exchange, note
from btcore.feed.search cimport first_at
from btcore.model cimport (
    CLS, DAY, EXPIRED, GTD, GTD_OVER, Instrument, MAX_LOSS, MAX_OPEN_ORDERS, MAX_ORDER, MAX_POSITION, NEVER, NONE, OPG,
    ORDER_RATE, Order, QUOTE, REJECTED, SHORT_SALE, SNAPPED, Ticker,
)
from btcore.rules.accounting cimport equity
from btcore.rules.admission cimport (
    OpenQuantity, add_leaves, check_buying_power, check_size, check_steps, check_terms, oversells, snap, worst_quantity
)
from btcore.rules.matching cimport is_trailing, trail_stop


cdef enum:
    SECOND_NS = 1000000000


cdef inline double worst_position(const Exchange* ex, int32_t symbol) noexcept nogil:
    """The largest position, long or short, that the symbol's admitted orders could lead to."""
    return worst_quantity(ex.account.positions[symbol].qty, &ex.blotter.open_qty[symbol])


cdef inline double sellable_quantity(const Exchange* ex, const Order* order) noexcept nogil:
    """The position less the other open sell orders, except those of the order's OCO group."""
    cdef const Order* other
    cdef double qty = ex.account.positions[order.symbol].qty
    cdef int32_t i = ex.blotter.queues[order.symbol].head
    while i >= 0:
        other = &ex.blotter.orders[i]
        i = other.next
        if (
            other.side < 0 and other.admitted and other.id != order.id and is_open(other)
            and (order.oco == 0 or other.oco != order.oco)
        ):
            qty -= leaves(other)
    if ex.blotter.resting[order.symbol].n > 0:
        qty -= total_with(&ex.blotter.resting[order.symbol].sold, -resting_sells_of_group(&ex.blotter, order))
    return qty


cdef inline double resting_sells_of_group(const Blotter* blotter, const Order* order) noexcept nogil:
    """The open quantity of the sell orders of the order's symbol and OCO group that are in the index."""
    cdef const Order* other
    cdef double qty = 0.0
    cdef int32_t link = first_in_group(&blotter.groups, order.oco) if order.oco != 0 else 0
    while link:
        other = &blotter.orders[link - 1]
        if (
            other.oco == order.oco and other.side < 0 and other.symbol == order.symbol and other.admitted
            and rests_in_index(&blotter.places, link - 1)
        ):
            qty += leaves(other)
        link = blotter.places.items[link - 1].next_in_bucket
    return qty


cdef inline int rejection_reason(Exchange* ex, Order* order, double worst, bint stop_is_given) noexcept nogil:
    """The reason to reject the order, or NONE. Rounds it to steps first if the run has `off_step="snap"`.

    `worst` is the symbol's worst position without the order. `stop_is_given`: the stop price of a trailing order was
    set by the strategy; a stop that has trailed is not checked.
    """
    cdef Ticker* ticker = &ex.tickers[order.symbol]
    cdef Instrument* instrument = &ex.instruments[order.symbol]
    cdef int reason
    if ex.terms.snap_to_steps and snap(order, instrument, stop_is_given):
        note(ex, order.id, SNAPPED, NONE, order.qty, ex.blotter.now[0])
    reason = check_terms(order, instrument, stop_is_given)
    if reason == NONE:
        reason = check_steps(order, instrument, stop_is_given)
    if reason == NONE:
        reason = check_size(order, &ex.account, ticker)
    if reason == NONE and ex.terms.is_cash and order.side < 0 and oversells(order, sellable_quantity(ex, order)):
        reason = SHORT_SALE
    if reason == NONE:
        reason = check_limits(ex, order, worst)
    if reason == NONE:
        reason = check_buying_power(order, &ex.account, ex.blotter.open_qty, ticker, worst)
    return reason


cdef inline int check_limits(const Exchange* ex, const Order* order, double worst) noexcept nogil:
    """The pre-trade limit that the order exceeds, or NONE. `worst` is the symbol's worst position without it."""
    cdef OpenQuantity with_order = ex.blotter.open_qty[order.symbol]
    cdef double after
    if order.asked_qty > ex.terms.max_order * (1.0 + 1e-9):
        return MAX_ORDER
    if ex.terms.max_position < INFINITY or ex.terms.least_equity > -INFINITY:
        add_leaves(&with_order, order)
        after = worst_quantity(ex.account.positions[order.symbol].qty, &with_order)
        if after > worst:
            if after > ex.terms.max_position * (1.0 + 1e-9):
                return MAX_POSITION
            if equity(&ex.account) <= ex.terms.least_equity:
                return MAX_LOSS
    if ex.terms.max_open != NEVER and count_open(ex, order) >= ex.terms.max_open:
        return MAX_OPEN_ORDERS
    return NONE


cdef inline int64_t count_open(const Exchange* ex, const Order* order) noexcept nogil:
    """Number of other admitted orders of all symbols that are open."""
    cdef const Order* other
    cdef int64_t count = 0
    cdef int32_t s, i
    for s in range(ex.account.n_symbols):
        count += ex.blotter.resting[s].n - ex.blotter.resting[s].n_unadmitted
        i = ex.blotter.queues[s].head
        while i >= 0:
            other = &ex.blotter.orders[i]
            i = other.next
            if other.admitted and is_open(other) and other.id != order.id:
                count += 1
    return count


cdef inline int check_rate(Exchange* ex, const Order* order) noexcept nogil:
    """ORDER_RATE if the run's largest number of orders has arrived in the second up to the order's arrival.

    Else NONE, and the order is counted.
    """
    cdef int64_t n = ex.terms.max_rate
    cdef int64_t* oldest
    if n == 0:
        return NONE
    oldest = &ex.arrivals[ex.n_arrivals % n]
    if ex.n_arrivals >= n and order.ts_arrived - oldest[0] < SECOND_NS:
        return ORDER_RATE
    oldest[0] = order.ts_arrived
    ex.n_arrivals += 1
    return NONE


cdef inline int admit(Exchange* ex, Order* order, int64_t ts, double px) noexcept nogil:
    """Admits or rejects an order of a symbol that has a price. True if admitted. A trailing stop starts from `px`."""
    cdef int reason = rejection_reason(ex, order, worst_position(ex, order.symbol), True)
    if reason == NONE:
        reason = check_rate(ex, order)
    if reason != NONE:
        end_order(&ex.blotter, order, REJECTED, <int8_t> reason, ts)
        return False
    order.admitted = 1
    add_leaves(&ex.blotter.open_qty[order.symbol], order)
    if is_trailing(order):
        trail_stop(order, px, ex.account.instruments[order.symbol].tick_size)
    return True


cdef inline double initial_px(const Exchange* ex, const Order* order, double px) noexcept nogil:
    """The price that a trailing stop starts from: the current quote on the order's side, else `px`."""
    cdef const Ticker* ticker = &ex.tickers[order.symbol]
    if ticker.source == QUOTE and ticker.quoted:
        return ticker.quote.ask if order.side > 0 else ticker.quote.bid
    return px


cdef inline void set_session_times(Exchange* ex, Order* order, int64_t now) noexcept nogil:
    """Sets when a DAY or CLS order expires, and when an OPG or CLS order becomes active."""
    cdef int64_t i, first = ex.sessions[2 * order.symbol], end = ex.sessions[2 * order.symbol + 1]
    if order.time_in_force == DAY or order.time_in_force == CLS:
        i = first_at(ex.closes, first, end, now + 1)  # a close at `now` is too late
        order.ts_expires = ex.closes[i] if i < end else NEVER
        order.active = order.time_in_force == DAY
    elif order.time_in_force == OPG:
        i = first_at(ex.opens, first, end, now)
        order.ts_opening = ex.opens[i] if i < end else NEVER
        order.active = 0


cdef inline int enter_market(Exchange* ex, Order* order, int64_t now, double px) noexcept nogil:
    """Puts an arrived order into its queue and admits it once the symbol has a price. True if it is admitted now.

    `px` is where a trailing stop starts without quotes.
    """
    cdef Ticker* ticker = &ex.tickers[order.symbol]
    order.ts_arrived = now
    if order.time_in_force == GTD and order.ts_expires <= now:
        end_order(&ex.blotter, order, EXPIRED, GTD_OVER, now)
        return False
    set_session_times(ex, order, now)
    enqueue(&ex.blotter, order)
    return ticker.priced and admit(ex, order, now, initial_px(ex, order, px))
