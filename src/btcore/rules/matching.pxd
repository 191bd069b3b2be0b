"""Whether a price triggers or fills an order, and how much of the order it fills."""

from libc.math cimport fabs, fmax, fmin, isnan
from libc.stdint cimport int8_t

from btcore.model cimport (
    LIMIT, LIMIT_IF_TOUCHED, MARKET, MARKET_IF_TOUCHED, MARKET_TO_LIMIT, Order, PERCENT, PRICE, STOP, STOP_LIMIT,
    Ticker, TRAILING_STOP, TRAILING_STOP_LIMIT,
)
from btcore.rules.rounding cimport ceil_to_tick, floor_to_tick, whole_lots

cdef enum:               # sets of order types, one bit each
    WITH_LIMIT = (
        1 << LIMIT | 1 << STOP_LIMIT | 1 << LIMIT_IF_TOUCHED | 1 << TRAILING_STOP_LIMIT | 1 << MARKET_TO_LIMIT
    )
    WITH_TRIGGER = (
        1 << STOP | 1 << STOP_LIMIT | 1 << MARKET_IF_TOUCHED | 1 << LIMIT_IF_TOUCHED | 1 << TRAILING_STOP
        | 1 << TRAILING_STOP_LIMIT
    )
    TOUCHING = 1 << MARKET_IF_TOUCHED | 1 << LIMIT_IF_TOUCHED
    TRAILING = 1 << TRAILING_STOP | 1 << TRAILING_STOP_LIMIT


cdef inline bint has_limit(const Order* order) noexcept nogil:
    """True if the order type has a limit price, which a trailing or market-to-limit order may not have yet."""
    return WITH_LIMIT >> order.order_type & 1


cdef inline bint has_trigger(const Order* order) noexcept nogil:
    return WITH_TRIGGER >> order.order_type & 1


cdef inline bint is_touch(const Order* order) noexcept nogil:
    """True for the if-touched types: a buy triggers when the price falls to `stop_px`, a sell when it rises to it."""
    return TOUCHING >> order.order_type & 1


cdef inline bint is_trailing(const Order* order) noexcept nogil:
    return TRAILING >> order.order_type & 1


cdef inline bint reaches(int8_t side, double px, double limit_px) noexcept nogil:
    """True if a limit order can fill at `px`: a buy at or below its limit, a sell at or above. False for NaN."""
    return px <= limit_px if side > 0 else px >= limit_px


cdef inline bint goes_through(int8_t side, double px, double limit_px) noexcept nogil:
    """True if a trade at `px` is beyond a resting limit, which must therefore have filled."""
    return px < limit_px if side > 0 else px > limit_px


cdef inline bint fills_resting(int8_t side, double px, double limit_px, bint through) noexcept nogil:
    """True if a resting limit fills when the market is at `px`: beyond the limit with `through`, else also at it."""
    return goes_through(side, px, limit_px) if through else reaches(side, px, limit_px)


cdef inline bint triggers(const Order* order, double px) noexcept nogil:
    """True if `px` triggers the order.

    A buy stop triggers at or above `stop_px`, a sell stop at or below it. If-touched orders are mirrored.
    """
    return reaches(-order.side if not is_touch(order) else order.side, px, order.stop_px)


cdef inline bint is_untriggered(const Order* order) noexcept nogil:
    """True for an order with a trigger that has not been triggered yet."""
    return has_trigger(order) and not order.triggered


cdef inline bint is_limit(const Order* order) noexcept nogil:
    """True if the order is a limit order now: a plain limit, or a triggered type with a limit."""
    return has_limit(order) and (order.triggered or not has_trigger(order)) and not is_limitless(order)


cdef inline bint is_limitless(const Order* order) noexcept nogil:
    """True for a market-to-limit order before its first fill."""
    return order.order_type == MARKET_TO_LIMIT and isnan(order.limit_px)


cdef inline bint is_market(const Order* order) noexcept nogil:
    """True if the order is a market order now: a plain one, a triggered type without a limit, a market-to-limit one."""
    return order.order_type == MARKET or (order.triggered and not has_limit(order)) or is_limitless(order)


cdef inline bint is_marketable(const Order* order, double px) noexcept nogil:
    """True if the order fills at `px` at once: it is triggered if it needs to be, and `px` is within its limit."""
    if order.order_type == MARKET:
        return True
    if is_untriggered(order):
        return False
    return not has_limit(order) or is_limitless(order) or reaches(order.side, px, order.limit_px)


cdef inline double available(double leaves, double pool, double lot_size) noexcept nogil:
    """How much of the open quantity `leaves` can fill from the size `pool` (inf: no limit), in whole lots."""
    return leaves if pool >= leaves else fmin(leaves, whole_lots(pool, lot_size))


cdef inline void trail_stop(Order* order, double px, double tick) noexcept nogil:
    """Moves a trailing stop after the price `px`. The stop moves towards the market only."""
    cdef double distance = order.trail
    if isnan(order.best_px) or reaches(order.side, px, order.best_px):
        order.best_px = px
    if order.trail_by != PRICE:
        distance *= 0.01 * fabs(px) if order.trail_by == PERCENT else tick
    if order.side > 0:
        px = ceil_to_tick(px + distance, tick)
        order.stop_px = px if isnan(order.stop_px) else fmin(order.stop_px, px)
    else:
        px = floor_to_tick(px - distance, tick)
        order.stop_px = px if isnan(order.stop_px) else fmax(order.stop_px, px)


cdef inline double reference_px(const Ticker* ticker, int side) noexcept nogil:
    """The price used to value a market order: with a bid and an ask that of its side, else the latest price."""
    if ticker.quoted:
        return ticker.quote.ask if side > 0 else ticker.quote.bid
    return ticker.px
