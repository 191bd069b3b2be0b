"""The account's margin: bounds within which no mark can end it, and what happens when it ends."""

from libc.math cimport INFINITY, NAN, fabs
from libc.stdint cimport int32_t, int64_t

from btcore.engine.blotter cimport end_alone, enlist, is_open, refresh, register
from btcore.engine.match_ticks cimport meet_quote
from btcore.model cimport (
    CANCELED, FORCED, GTC, LIQUIDATED, LIQUIDATION, MARKET, NEVER, NONE, Order, Position, QUOTE,
    Request, STANDING_QUOTE, SUBMIT,
)
from btcore.rules.accounting cimport equity, position_value
from btcore.engine.state cimport Exchange, note, share_orders


cdef inline bint is_at_risk(const Exchange* ex) noexcept nogil:
    """Its equity could come to lie below what its positions need: long only and unborrowed it never does."""
    cdef int32_t i
    if ex.terms.guarded or ex.account.cash < 0.0:
        return True
    for i in range(ex.account.n_symbols):
        if ex.account.positions[i].qty < 0.0:
            return True
    return False


cdef inline int look(Exchange* ex, int64_t ts) noexcept nogil:
    """Money has moved, or a mark has left its bounds: liquidates the account, or sets new bounds."""
    cdef Position* position
    cdef double spare, needed = 0.0
    cdef int32_t i, n = 0
    cdef bint holds = False
    ex.stirred = 0
    if ex.blotter.forced > 0:
        return 0
    if not is_at_risk(ex):
        if ex.bounded:
            set_bounds(ex, INFINITY)
        ex.bounded = 0
        return 0
    for i in range(ex.account.n_symbols):
        position = &ex.account.positions[i]
        holds |= position.qty != 0.0
        if ex.account.legs != NULL:
            holds |= ex.account.legs[2 * i].qty != 0.0
        if position.qty != 0.0:
            n += 1
            needed += ex.account.instruments[i].maintenance * fabs(position_value(position))
    spare = equity(&ex.account) - needed
    if holds and spare < 0.0:
        return liquidate(ex, ts)
    ex.bounded = 1
    set_bounds(ex, spare / n if n > 0 else INFINITY)
    return 0


cdef inline void set_bounds(Exchange* ex, double budget) noexcept nogil:
    """Lets each symbol's mark cost `budget`: if all stay within, the margin holds whatever they do."""
    cdef Position* position
    cdef double room
    cdef int32_t i
    for i in range(ex.account.n_symbols):
        position = &ex.account.positions[i]
        ex.blotter.queues[i].floor = -INFINITY
        ex.blotter.queues[i].ceiling = INFINITY
        if position.qty != 0.0:
            room = (1.0 - 1e-9) * budget / (
                fabs(position.qty) * position.point_value * (1.0 + ex.account.instruments[i].maintenance)
            )
            if position.qty > 0.0:
                ex.blotter.queues[i].floor = position.mark - room
            else:
                ex.blotter.queues[i].ceiling = position.mark + room
        refresh(&ex.blotter, i)


cdef inline int liquidate(Exchange* ex, int64_t ts) noexcept nogil:
    """Every open order ends; market orders close what is held, unchecked."""
    cdef Order* order
    cdef int32_t i
    cdef int64_t k
    if note(ex, 0, LIQUIDATED, NONE, equity(&ex.account), ts) < 0:
        return -1
    for k in range(ex.blotter.n_orders):
        order = &ex.blotter.orders[k]
        if is_open(order):
            end_alone(&ex.blotter, order, CANCELED, LIQUIDATION, ts)
    for i in range(ex.account.n_symbols):
        refresh(&ex.blotter, i)
    for i in range(ex.account.n_symbols):
        if ex.account.legs == NULL:
            if force(ex, i, ex.account.positions[i].qty, ts) < 0:
                return -1
        elif (
            force(ex, i, ex.account.legs[2 * i].qty, ts) < 0
            or force(ex, i, ex.account.legs[2 * i + 1].qty, ts) < 0
        ):
            return -1
    return 0


cdef inline int force(Exchange* ex, int32_t symbol, double held, int64_t ts) noexcept nogil:
    """A market order that closes `held`; it meets the standing quote, else waits for the next event."""
    cdef Order* order
    cdef Request request
    cdef int code = 0
    if held == 0.0:
        return 0
    request = Request(
        ts_arrives=ts, seq=0, order_id=ex.next_id[0], oco=0, parent=0, expires=NEVER, latency=0, qty=fabs(held),
        limit_px=NAN, stop_px=NAN, trail=NAN, limit_offset=NAN, symbol=symbol, action=SUBMIT,
        side=-1 if held > 0.0 else 1, order_type=MARKET, time_in_force=GTC, trail_by=0, flags=FORCED,
    )
    if register(&ex.blotter, &request, ts) < 0:
        return -1
    ex.next_id[0] += 1
    ex.blotter.forced += 1
    ex.blotter.pending[symbol] += request.side * request.qty
    share_orders(ex)
    order = &ex.blotter.orders[ex.blotter.n_orders - 1]
    order.ts_arrived = ts
    order.admitted = 1
    enlist(&ex.blotter, order)
    if ex.tickers[symbol].source == QUOTE and ex.tickers[symbol].quoted:
        code = meet_quote(ex, order, ts, STANDING_QUOTE)
    refresh(&ex.blotter, symbol)
    return code
