"""Margin: price bounds inside which no check is needed, the check, and liquidation."""

from libc.math cimport INFINITY, fabs
from libc.stdint cimport int32_t, int64_t

from btcore.engine.blotter cimport end_without_children, is_open
from btcore.engine.closing cimport place_closing_order
from btcore.engine.match_ticks cimport match_standing
from btcore.engine.queues cimport refresh_queue
from btcore.engine.state cimport Exchange, note
from btcore.model cimport CANCELED, FORCED, LIQUIDATED, LIQUIDATION, NONE, Order, Position
from btcore.rules.accounting cimport equity, position_value


cdef inline bint can_fail(const Exchange* ex) noexcept nogil:
    """True if equity may fall below the margin: with a maintenance margin, negative cash or a short position."""
    cdef int32_t i
    if ex.terms.margin_may_fail or ex.account.cash < 0.0:
        return True
    for i in range(ex.account.n_symbols):
        if ex.account.positions[i].qty < 0.0:
            return True
    return False


cdef inline int check_margin(Exchange* ex, int64_t ts) noexcept nogil:
    """Liquidates the account if its equity is below the maintenance margin; else sets new bounds for the marks.

    To be called when `margin_stale` is set. During a liquidation nothing is checked. Returns 0, or -1 if memory runs
    out.
    """
    cdef Position* position
    cdef double excess, required = 0.0
    cdef int32_t i, n_open = 0
    cdef bint has_position = False
    ex.margin_stale = 0
    if ex.blotter.n_forced > 0:
        return 0
    if not can_fail(ex):
        if ex.margin_watched:
            set_mark_bounds(ex, INFINITY)
        ex.margin_watched = 0
        return 0
    for i in range(ex.account.n_symbols):
        position = &ex.account.positions[i]
        has_position |= position.qty != 0.0
        if ex.account.legs != NULL:
            has_position |= ex.account.legs[2 * i].qty != 0.0
        if position.qty != 0.0:
            n_open += 1
            required += ex.account.instruments[i].maintenance * fabs(position_value(position))
    excess = equity(&ex.account) - required
    if has_position and excess < 0.0:
        return liquidate(ex, ts)
    ex.margin_watched = 1
    set_mark_bounds(ex, excess / n_open if n_open > 0 else INFINITY)
    return 0


cdef inline void set_mark_bounds(Exchange* ex, double budget) noexcept nogil:
    """Sets the bounds of each symbol's mark so that a move to its bound costs at most `budget`.

    The budgets add up to the excess margin, so no check is needed while all marks stay inside.
    """
    cdef Position* position
    cdef double distance
    cdef int32_t i
    for i in range(ex.account.n_symbols):
        position = &ex.account.positions[i]
        ex.blotter.queues[i].margin_floor = -INFINITY
        ex.blotter.queues[i].margin_ceiling = INFINITY
        if position.qty != 0.0:
            distance = (1.0 - 1e-9) * budget / (
                fabs(position.qty) * position.point_value * (1.0 + ex.account.instruments[i].maintenance)
            )
            if position.qty > 0.0:
                ex.blotter.queues[i].margin_floor = position.mark - distance
            else:
                ex.blotter.queues[i].margin_ceiling = position.mark + distance
        refresh_queue(&ex.blotter, i)


cdef inline int liquidate(Exchange* ex, int64_t ts) noexcept nogil:
    """Cancels every open order and closes every position with market orders that pass no checks."""
    cdef Order* order
    cdef int32_t i
    cdef int64_t k
    if note(ex, 0, LIQUIDATED, NONE, equity(&ex.account), ts) < 0:
        return -1
    for k in range(ex.blotter.n_orders):
        order = &ex.blotter.orders[k]
        if is_open(order):
            end_without_children(&ex.blotter, order, CANCELED, LIQUIDATION, ts)
    for i in range(ex.account.n_symbols):
        refresh_queue(&ex.blotter, i)
    for i in range(ex.account.n_symbols):
        if ex.account.legs == NULL:
            if close_position(ex, i, ex.account.positions[i].qty, ts) < 0:
                return -1
        elif (
            close_position(ex, i, ex.account.legs[2 * i].qty, ts) < 0
            or close_position(ex, i, ex.account.legs[2 * i + 1].qty, ts) < 0
        ):
            return -1
    return 0


cdef inline int close_position(Exchange* ex, int32_t symbol, double qty, int64_t ts) noexcept nogil:
    """Places a market order that closes a position of `qty`. It fills at the current quote or at the next event."""
    cdef Order* order
    cdef int code
    if qty == 0.0:
        return 0
    order = place_closing_order(ex, symbol, qty, FORCED, ts)
    if order == NULL:
        return -1
    ex.blotter.n_forced += 1
    code = match_standing(ex, order, ts)
    refresh_queue(&ex.blotter, symbol)
    return code
