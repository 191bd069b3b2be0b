"""Which orders the market lets in. The first check that fails names the reason."""

from libc.math cimport fabs, fmin, isfinite, isnan, nearbyint
from libc.stdint cimport int32_t

from btcore.model cimport (
    Account, BUYING_POWER, CLS, DAY, GTC, GTD, INVALID_PRICE, INVALID_QUANTITY, INVALID_TERMS, Instrument,
    LIMIT, LOT_SIZE, MARKET, MIN_NOTIONAL, NEVER, NONE, OPG, Order, POST_ONLY, QUOTE, REDUCE_ONLY,
    TICKS, TICK_SIZE, TRAILING_STOP_LIMIT, Ticker,
)
from btcore.rules.accounting cimport equity
from btcore.rules.rounding cimport larger
from btcore.rules.matching cimport has_limit, has_trigger, is_touch, is_trailing, step_down, step_up, whole_lots


cdef struct OpenQuantity:    # leaves of one symbol's admitted working orders
    double market            # signed: these will fill
    double buy               # the others: these may
    double sell


cdef inline bint on_step(double x, double step) noexcept nogil:
    """`x` is a multiple of `step`, within 1e-6 of one step; a step of 0 is not enforced."""
    return step <= 0.0 or fabs(x / step - nearbyint(x / step)) <= 1e-6


cdef inline void count(OpenQuantity* open_qty, const Order* order) noexcept nogil:
    """Adds an order's leaves; what can only reduce does not count."""
    cdef double leaves = order.qty - order.filled_qty
    if order.flags & REDUCE_ONLY:
        return
    if order.order_type == MARKET:
        open_qty.market += order.side * leaves
    elif order.side > 0:
        open_qty.buy += leaves
    else:
        open_qty.sell += leaves


cdef inline double worst_quantity(double held, const OpenQuantity* open_qty) noexcept nogil:
    """The largest position that could come of it: all market orders filled, and the others of one side."""
    held += open_qty.market
    return larger(fabs(held + open_qty.buy), fabs(held - open_qty.sell))


cdef inline double reference_px(const Ticker* ticker, int side, double mark) noexcept nogil:
    """What an order of that side would pay now: the standing quote's far side, else the mark."""
    if ticker.source == QUOTE and ticker.quoted:
        return ticker.quote.ask if side > 0 else ticker.quote.bid
    return mark


cdef inline bint tells_limit(const Order* order) noexcept nogil:
    """Its limit is its sender's, and not made of a trailing stop."""
    return has_limit(order) and order.order_type != TRAILING_STOP_LIMIT


cdef inline double order_px(const Order* order, const Ticker* ticker, double mark) noexcept nogil:
    """What the order would pay: its own price, or the market's."""
    if tells_limit(order):
        return order.limit_px
    if has_trigger(order) and not is_trailing(order):
        return order.stop_px
    return reference_px(ticker, order.side, mark)


cdef inline bint oversells(const Order* order, double unsold) noexcept nogil:
    """It would sell more than is held beside the other open sells."""
    cdef double leaves = order.qty - order.filled_qty
    return order.side < 0 and leaves > unsold + 1e-9 * leaves


cdef inline bint is_price(double px, const Instrument* instrument) noexcept nogil:
    return isfinite(px) and (px > 0.0 or instrument.negative_prices)


cdef inline bint excludes_itself(const Order* order) noexcept nogil:
    """Its terms can't be had together."""
    if order.flags & POST_ONLY and (
        order.order_type != LIMIT or order.time_in_force not in (GTC, DAY, GTD)
    ):
        return True
    if order.time_in_force == GTD and order.ts_expires == NEVER:
        return True
    return (order.time_in_force == OPG or order.time_in_force == CLS) and has_trigger(order)


cdef inline bint tells_trigger(const Order* order, bint tells_stop) noexcept nogil:
    """The price that triggers it is its sender's, and not where a trailing stop has come to."""
    return has_trigger(order) and (not is_trailing(order) or (tells_stop and not isnan(order.stop_px)))


cdef inline int check_prices(const Order* order, const Instrument* instrument, bint tells_stop) noexcept nogil:
    if tells_limit(order) and not is_price(order.limit_px, instrument):
        return INVALID_PRICE
    if is_trailing(order):
        if not (isfinite(order.trail) and order.trail > 0.0):
            return INVALID_PRICE
        if order.trail_by == TICKS and instrument.tick_size <= 0.0:
            return INVALID_PRICE
        if order.order_type == TRAILING_STOP_LIMIT and not (
            isfinite(order.limit_offset) and order.limit_offset >= 0.0
        ):
            return INVALID_PRICE
    if tells_trigger(order, tells_stop) and not is_price(order.stop_px, instrument):
        return INVALID_PRICE
    return NONE


cdef inline int check_terms(const Order* order, const Instrument* instrument, bint tells_stop=True) noexcept nogil:
    """Reason the order makes no sense for the instrument, or NONE."""
    cdef int reason
    if not isfinite(order.asked_qty) or order.asked_qty <= 0.0:
        return INVALID_QUANTITY
    reason = check_prices(order, instrument, tells_stop)
    if reason != NONE:
        return reason
    return INVALID_TERMS if excludes_itself(order) else NONE


cdef inline int check_steps(const Order* order, const Instrument* instrument, bint tells_stop=True) noexcept nogil:
    """Reason its quantity or a price lies between two steps, or NONE."""
    if not on_step(order.asked_qty, instrument.lot_size):
        return LOT_SIZE
    if tells_limit(order) and not on_step(order.limit_px, instrument.tick_size):
        return TICK_SIZE
    if tells_trigger(order, tells_stop) and not on_step(order.stop_px, instrument.tick_size):
        return TICK_SIZE
    return NONE


cdef inline bint snap(Order* order, const Instrument* instrument, bint tells_stop) noexcept nogil:
    """Moves the order to its instrument's steps: less, and never more aggressive. True if anything moved."""
    cdef double tick = instrument.tick_size
    cdef bint moved = False
    cdef double qty = order.asked_qty
    if not isfinite(qty):
        return False
    if not on_step(qty, instrument.lot_size) and whole_lots(qty, instrument.lot_size) > 0.0:
        order.asked_qty = whole_lots(order.asked_qty, instrument.lot_size)
        order.qty = order.asked_qty if order.parent == 0 else fmin(order.qty, order.asked_qty)
        moved = True
    if has_limit(order) and isfinite(order.limit_px) and not on_step(order.limit_px, tick):
        order.limit_px = step_down(order.limit_px, tick) if order.side > 0 else step_up(order.limit_px, tick)
        moved = True
    if tells_trigger(order, tells_stop) and isfinite(order.stop_px) and not on_step(order.stop_px, tick):
        if is_touch(order) == (order.side > 0):
            order.stop_px = step_down(order.stop_px, tick)
        else:
            order.stop_px = step_up(order.stop_px, tick)
        moved = True
    return moved


cdef inline int check_size(const Order* order, const Account* account, const Ticker* ticker) noexcept nogil:
    """MIN_NOTIONAL if the order is too small for the instrument; what reduces may be."""
    cdef const Instrument* instrument = &account.instruments[order.symbol]
    cdef double px = order_px(order, ticker, account.positions[order.symbol].mark)
    if order.flags & REDUCE_ONLY or order.asked_qty * fabs(px) * instrument.multiplier >= instrument.min_notional:
        return NONE
    return MIN_NOTIONAL


cdef inline int check_buying_power(
    const Order* order, const Account* account, const OpenQuantity* open_qty, const Ticker* ticker, double before
) noexcept nogil:
    """BUYING_POWER if the order raises its symbol's worst quantity, so far `before`, beyond what the account carries.

    `open_qty` holds every symbol's open quantity without the order itself.
    """
    cdef int32_t s = order.symbol, i
    cdef OpenQuantity own = open_qty[s]
    cdef double after, total
    if order.flags & REDUCE_ONLY:
        return NONE
    count(&own, order)
    after = worst_quantity(account.positions[s].qty, &own)
    if after <= before:
        return NONE
    total = (
        after * fabs(order_px(order, ticker, account.positions[s].mark)) * account.positions[s].point_value
        * account.instruments[s].margin_weight
    )
    for i in range(account.n_symbols):
        if i != s:
            total += (
                worst_quantity(account.positions[i].qty, &open_qty[i])
                * fabs(account.positions[i].mark) * account.positions[i].point_value
                * account.instruments[i].margin_weight
            )
    return NONE if total <= account.leverage * equity(account) * (1.0 + 1e-9) else BUYING_POWER
