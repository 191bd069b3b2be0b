"""Whether a price trades an order, and how much of it."""

from libc.math cimport INFINITY, floor, fmin
from libc.stdint cimport int8_t

from btcore.model cimport LIMIT, MARKET, Order, STOP, STOP_LIMIT


cdef inline bint reaches(int8_t side, double px, double limit_px) noexcept nogil:
    """A limit trades at `px`: a buy at or below it, a sell at or above. Never for NaN."""
    return px <= limit_px if side > 0 else px >= limit_px


cdef inline bint goes_through(int8_t side, double px, double limit_px) noexcept nogil:
    """A print at `px` leaves no doubt that a limit resting at `limit_px` was filled."""
    return px < limit_px if side > 0 else px > limit_px


cdef inline bint triggers(int8_t side, double px, double stop_px) noexcept nogil:
    """A stop speaks at `px`: a buy at or above it, a sell at or below."""
    return px >= stop_px if side > 0 else px <= stop_px


cdef inline bint is_stop(const Order* order) noexcept nogil:
    """A stop or stop-limit that has not triggered."""
    return (order.order_type == STOP or order.order_type == STOP_LIMIT) and not order.triggered


cdef inline bint is_limit(const Order* order) noexcept nogil:
    """It asks for a limit price now: a limit, or a stop-limit that has triggered."""
    return order.order_type == LIMIT or (order.order_type == STOP_LIMIT and order.triggered)


cdef inline bint is_marketable(const Order* order, double px) noexcept nogil:
    """It trades at `px` at once: no stop that waits, no limit that `px` does not reach."""
    if order.order_type == MARKET:
        return True
    if is_stop(order):
        return False
    return order.order_type == STOP or reaches(order.side, px, order.limit_px)


cdef inline double whole_lots(double qty, double lot_size) noexcept nogil:
    """`qty` rounded down to lots; a hair under a lot counts as the lot."""
    if lot_size <= 0.0 or qty == INFINITY:
        return qty
    return floor(qty / lot_size + 1e-9) * lot_size


cdef inline double available(double leaves, double pool, double lot_size) noexcept nogil:
    """What an order may take of a `pool` of size (inf: not capped)."""
    return leaves if pool >= leaves else fmin(leaves, whole_lots(pool, lot_size))
