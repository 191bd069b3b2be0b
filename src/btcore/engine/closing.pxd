"""Orders that the simulation itself sends: each closes a position, and passes no checks.

All functions that return `int` return -1 if memory runs out.
"""

from libc.math cimport INFINITY, NAN, fabs
from libc.stdint cimport int32_t, int64_t, int8_t

from btcore.engine.blotter cimport add_order, enqueue
from btcore.engine.fills cimport fill_as_taker
from btcore.engine.queues cimport refresh_queue
from btcore.engine.state cimport Exchange, share_orders
from btcore.model cimport DATA_END, GTC, MARKET, NEVER, Order, REDUCE_ONLY, Request, SUBMIT
from btcore.rules.matching cimport reference_px


cdef inline Order* place_closing_order(
    Exchange* ex, int32_t symbol, double qty, int8_t flags, int64_t ts
) noexcept nogil:
    """Puts a market order that closes a position of `qty` into the queue. Returns NULL if memory runs out."""
    cdef Order* order
    cdef Request request = Request(
        ts_arrives=ts, seq=0, order_id=ex.next_id[0], oco=0, parent=0, expires=NEVER, latency=0, qty=fabs(qty),
        limit_px=NAN, stop_px=NAN, trail=NAN, limit_offset=NAN, unclipped_qty=NAN, symbol=symbol, action=SUBMIT,
        side=-1 if qty > 0.0 else 1, order_type=MARKET, time_in_force=GTC, trail_by=0, flags=flags,
    )
    if add_order(&ex.blotter, &request, ts) < 0:
        return NULL
    ex.next_id[0] += 1
    ex.blotter.pending[symbol] += request.side * request.qty
    share_orders(ex)
    order = &ex.blotter.orders[ex.blotter.n_orders - 1]
    order.ts_arrived = ts
    order.admitted = 1
    enqueue(&ex.blotter, order)
    return order


cdef inline int close_positions(Exchange* ex, int64_t ts) noexcept nogil:
    """At the end of the data: closes each position at the last price, whatever size was shown there."""
    cdef int32_t i
    for i in range(ex.account.n_symbols):
        if ex.account.legs == NULL:
            if close_at_last_price(ex, i, ex.account.positions[i].qty, ts) < 0:
                return -1
        elif (
            close_at_last_price(ex, i, ex.account.legs[2 * i].qty, ts) < 0
            or close_at_last_price(ex, i, ex.account.legs[2 * i + 1].qty, ts) < 0
        ):
            return -1
    return 0


cdef inline int close_at_last_price(Exchange* ex, int32_t symbol, double qty, int64_t ts) noexcept nogil:
    """Closes a position of `qty` at the bid or ask, or at the price of the last trade or close."""
    cdef double px, pool = INFINITY
    cdef Order* order
    cdef int code
    if qty == 0.0:
        return 0
    order = place_closing_order(ex, symbol, qty, REDUCE_ONLY, ts)
    if order == NULL:
        return -1
    px = reference_px(&ex.tickers[symbol], order.side)
    ex.rule = DATA_END
    code = fill_as_taker(ex, order, px, &pool, ts)
    refresh_queue(&ex.blotter, symbol)
    return code
