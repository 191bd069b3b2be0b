"""Whether a price trades an order, and how much of it."""

from libc.math cimport INFINITY, ceil, fabs, floor, fmax, fmin, isnan
from libc.stdint cimport int8_t

from btcore.model cimport (
    LIMIT, LIMIT_IF_TOUCHED, MARKET, MARKET_IF_TOUCHED, Order, PERCENT, PRICE, STOP, STOP_LIMIT, TRAILING_STOP,
    TRAILING_STOP_LIMIT,
)

cdef enum:               # types of order, a bit each
    WITH_LIMIT = 1 << LIMIT | 1 << STOP_LIMIT | 1 << LIMIT_IF_TOUCHED | 1 << TRAILING_STOP_LIMIT
    WITH_TRIGGER = (
        1 << STOP | 1 << STOP_LIMIT | 1 << MARKET_IF_TOUCHED | 1 << LIMIT_IF_TOUCHED | 1 << TRAILING_STOP
        | 1 << TRAILING_STOP_LIMIT
    )
    TOUCHING = 1 << MARKET_IF_TOUCHED | 1 << LIMIT_IF_TOUCHED
    TRAILING = 1 << TRAILING_STOP | 1 << TRAILING_STOP_LIMIT


cdef inline bint has_limit(const Order* order) noexcept nogil:
    return WITH_LIMIT >> order.order_type & 1


cdef inline bint has_trigger(const Order* order) noexcept nogil:
    return WITH_TRIGGER >> order.order_type & 1


cdef inline bint is_touch(const Order* order) noexcept nogil:
    """Its trigger lies on the near side of the market."""
    return TOUCHING >> order.order_type & 1


cdef inline bint is_trailing(const Order* order) noexcept nogil:
    return TRAILING >> order.order_type & 1


cdef inline bint reaches(int8_t side, double px, double limit_px) noexcept nogil:
    """A limit trades at `px`: a buy at or below it, a sell at or above. Never for NaN."""
    return px <= limit_px if side > 0 else px >= limit_px


cdef inline bint goes_through(int8_t side, double px, double limit_px) noexcept nogil:
    """A print at `px` leaves no doubt that a limit resting at `limit_px` was filled."""
    return px < limit_px if side > 0 else px > limit_px


cdef inline bint triggers(const Order* order, double px) noexcept nogil:
    """The order's trigger speaks at `px`: a buy stop at or above it, a sell at or below; a touch price mirrored."""
    return reaches(-order.side if not is_touch(order) else order.side, px, order.stop_px)


cdef inline bint is_dormant(const Order* order) noexcept nogil:
    """Its trigger has not spoken."""
    return has_trigger(order) and not order.triggered


cdef inline bint is_limit(const Order* order) noexcept nogil:
    """It asks for a limit price now: a limit, or one whose trigger has spoken."""
    return has_limit(order) and (order.triggered or not has_trigger(order))


cdef inline bint is_marketable(const Order* order, double px) noexcept nogil:
    """It trades at `px` at once: no trigger that waits, no limit that `px` does not reach."""
    if order.order_type == MARKET:
        return True
    if is_dormant(order):
        return False
    return not has_limit(order) or reaches(order.side, px, order.limit_px)


cdef inline double whole_lots(double qty, double lot_size) noexcept nogil:
    """`qty` rounded down to lots; a hair under a lot counts as the lot."""
    if lot_size <= 0.0 or qty == INFINITY:
        return qty
    return floor(qty / lot_size + 1e-9) * lot_size


cdef inline double available(double leaves, double pool, double lot_size) noexcept nogil:
    """What an order may take of a `pool` of size (inf: not capped)."""
    return leaves if pool >= leaves else fmin(leaves, whole_lots(pool, lot_size))


cdef inline double step_down(double px, double tick) noexcept nogil:
    """`px` rounded down to ticks, or as it is with a tick of 0; a hair under a tick counts as the tick."""
    return px if tick <= 0.0 else floor(px / tick + 1e-9) * tick


cdef inline double step_up(double px, double tick) noexcept nogil:
    return px if tick <= 0.0 else ceil(px / tick - 1e-9) * tick


cdef inline void follow(Order* order, double px, double tick) noexcept nogil:
    """A trailing stop moves with `px`, never back."""
    cdef double distance = order.trail
    if isnan(order.best_px) or reaches(order.side, px, order.best_px):
        order.best_px = px
    if order.trail_by != PRICE:
        distance *= 0.01 * fabs(px) if order.trail_by == PERCENT else tick
    if order.side > 0:
        px = step_up(px + distance, tick)
        order.stop_px = px if isnan(order.stop_px) else fmin(order.stop_px, px)
    else:
        px = step_down(px - distance, tick)
        order.stop_px = px if isnan(order.stop_px) else fmax(order.stop_px, px)
