"""Matches bars along an assumed path: open, the extreme nearer to the open, the other extreme, close.

All functions that return `int` return -1 if memory runs out.
"""

from libc.math cimport NAN, fmax, fmin
from libc.stdint cimport int32_t, int64_t

from btcore.engine.blotter cimport is_open, leaves
from btcore.engine.fills cimport fill_as_maker, fill_as_taker, trigger
from btcore.engine.state cimport Exchange
from btcore.model cimport BAR_LIMIT, BAR_STOP, BAR_TOUCH, Bar, FOK, IOC, Order
from btcore.rules.matching cimport goes_through, is_limit, is_touch, is_trailing, is_untriggered, trail_stop


cdef inline bint rests_at_once(const Order* order) noexcept nogil:
    """True if an order released inside the range rests there: a limit, unless it must fill on arrival."""
    return is_limit(order) and order.time_in_force != IOC and order.time_in_force != FOK


cdef inline double level_ahead(const Order* order, int direction, double px) noexcept nogil:
    """The level at which the order acts on a leg that goes up (`direction` 1) or down (-1) from `px`.

    NaN if there is none. A level behind `px` counts as `px`.
    """
    cdef double level
    if is_untriggered(order):
        if (order.side > 0) == (is_touch(order) == (direction > 0)):
            return NAN
        level = order.stop_px
    elif is_limit(order) and order.met and order.side * direction < 0:
        level = order.limit_px
    else:
        return NAN
    return fmax(level, px) if direction > 0 else fmin(level, px)


cdef inline int match_at_level(Exchange* ex, Order* order, double px, int64_t ts) noexcept nogil:
    """Triggers or fills the order at `px`, its level that the path has reached."""
    cdef double* pool = &ex.pools[order.symbol].ask
    order.visited = 1
    if is_untriggered(order):
        trigger(ex, order, 1, ts)
        ex.rule = BAR_TOUCH if is_touch(order) else BAR_STOP
        return fill_as_taker(ex, order, px, pool, ts)
    ex.rule = BAR_LIMIT
    return fill_as_maker(ex, order, px, pool, ts)


cdef inline bint is_on_path(const Order* order, const Bar* bar) noexcept nogil:
    """True if the path can affect the order: it arrived before the bar, or was released inside it."""
    return (
        is_open(order) and order.admitted and order.active and (order.ts_arrived <= bar.ts or order.fresh)
        and leaves(order) > 0.0
    )


cdef inline void trail_stops(Exchange* ex, int32_t symbol, const Bar* bar, double px) noexcept nogil:
    """Moves trailing stops with the path, which has reached `px`."""
    cdef Order* order
    cdef int32_t i = ex.blotter.queues[symbol].head
    while i >= 0:
        order = &ex.blotter.orders[i]
        i = order.next
        if is_on_path(order, bar) and is_untriggered(order) and is_trailing(order):
            trail_stop(order, px, ex.account.instruments[symbol].tick_size)


cdef inline int match_leg(
    Exchange* ex, int32_t symbol, const Bar* bar, double start, double stop, int64_t ts
) noexcept nogil:
    """Matches one straight leg of the path, level by level; each order acts at most once."""
    cdef Order* order
    cdef Order* nearest
    cdef int32_t i = ex.blotter.queues[symbol].head
    cdef int direction = 1 if stop > start else -1
    cdef double px = start, level, best
    while i >= 0:
        ex.blotter.orders[i].visited = 0
        i = ex.blotter.orders[i].next
    while start != stop:
        nearest, best = NULL, stop
        i = ex.blotter.queues[symbol].head
        while i >= 0:
            order = &ex.blotter.orders[i]
            i = order.next
            if order.fresh and order.active and rests_at_once(order):
                order.met = 1
            if order.visited or not is_on_path(order, bar):
                continue
            level = level_ahead(order, direction, px)
            if ex.terms.through and is_limit(order) and not goes_through(order.side, stop, order.limit_px):
                continue
            if direction * level < direction * best or (level == best and nearest == NULL):
                nearest, best = order, level
        if nearest == NULL:
            break
        px = best
        if match_at_level(ex, nearest, px, ts) < 0:
            return -1
        trail_stops(ex, symbol, bar, px)
    trail_stops(ex, symbol, bar, stop)
    return 0


cdef inline int match_path(Exchange* ex, int32_t symbol, const Bar* bar, int64_t ts) noexcept nogil:
    """Matches the three legs of a bar's path. The low comes first if both extremes are equally near to the open."""
    cdef bint low_first = bar.open - bar.low <= bar.high - bar.open
    cdef double first = bar.low if low_first else bar.high
    cdef double second = bar.high if low_first else bar.low
    if match_leg(ex, symbol, bar, bar.open, first, ts) < 0 or match_leg(ex, symbol, bar, first, second, ts) < 0:
        return -1
    return match_leg(ex, symbol, bar, second, bar.close, ts)
