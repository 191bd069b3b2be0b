"""A strategy as the engine calls it, and the verbs a compiled one has. `cimport` this to write your own."""

from libc.math cimport NAN, fabs, fmax, fmin, isnan
from libc.stdint cimport int8_t, int32_t, int64_t

from btcore.memory cimport reserve
from btcore.model cimport (
    AMEND, Account, CANCEL, GTC, LIMIT, MARKET, Market, Outbox, Request, STOP, STOP_LIMIT, SUBMIT, on_event_t
)
from btcore.rules.accounting cimport equity
from btcore.rules.admission cimport reference_px
from btcore.rules.matching cimport whole_lots


cdef class Handler:
    """A C function, its state, and the kinds of event it wants to hear of (one bit a Kind)."""
    cdef on_event_t on_event
    cdef void* state
    cdef int32_t kinds
    cdef bint is_spent       # it has played a run: its state is no longer a beginning


cdef inline int64_t submit(
    Outbox* out, int32_t symbol, int8_t side, double qty, double limit_px=NAN, double stop_px=NAN,
    int8_t time_in_force=GTC, int64_t oco=0, int64_t latency=-1,
) noexcept nogil:
    """Sends a new order; its type follows from the prices given (NaN: none). Its id; -1 without memory."""
    cdef int8_t order_type
    if isnan(limit_px):
        order_type = MARKET if isnan(stop_px) else STOP
    else:
        order_type = LIMIT if isnan(stop_px) else STOP_LIMIT
    out.next_id += 1
    if post(out, Request(
        ts_arrives=0, seq=0, order_id=out.next_id - 1, oco=oco, latency=latency, qty=qty, limit_px=limit_px,
        stop_px=stop_px, symbol=symbol, action=SUBMIT, side=side, order_type=order_type,
        time_in_force=time_in_force,
    )) < 0:
        return -1
    return out.next_id - 1


cdef inline int cancel(Outbox* out, int64_t order_id) noexcept nogil:
    return amend(out, order_id, NAN, NAN, NAN, CANCEL)


cdef inline int amend(
    Outbox* out, int64_t order_id, double qty, double limit_px, double stop_px, int8_t action=AMEND
) noexcept nogil:
    """Asks for new terms of an order; NaN leaves one as it is."""
    return post(out, Request(
        ts_arrives=0, seq=0, order_id=order_id, oco=0, latency=-1, qty=qty, limit_px=limit_px, stop_px=stop_px,
        symbol=0, action=action, side=0, order_type=0, time_in_force=0,
    ))


cdef inline int post(Outbox* out, Request request) noexcept nogil:
    if reserve(<void**> &out.items, &out.capacity, out.count, sizeof(Request)) < 0:
        return -1
    out.items[out.count] = request
    out.count += 1
    if request.action == SUBMIT and request.order_type == MARKET:
        out.pending[request.symbol] += request.side * request.qty
    return 0


cdef inline double room(const Account* account, const Outbox* out, int32_t symbol) noexcept nogil:
    """Notional that buying power leaves to the symbol beside all others, their open market orders counted."""
    cdef double left = account.leverage * equity(account)
    cdef int32_t i
    for i in range(account.n_symbols):
        if i != symbol:
            left -= (
                fabs(account.positions[i].qty + out.pending[i])
                * account.positions[i].mark * account.instruments[i].multiplier
            )
    return fmax(left, 0.0)


cdef inline double target_quantity(
    const Market* market, const Account* account, const Outbox* out, int32_t symbol, double weight
) noexcept nogil:
    """Signed quantity, in whole lots, worth `weight` of equity after a taker's costs, or what buying power leaves.

    NaN without a price.
    """
    cdef double px = reference_px(&market.tickers[symbol], 1 if weight > 0 else -1, account.positions[symbol].mark)
    cdef double qty
    if not market.tickers[symbol].priced:
        return NAN
    qty = fmin(fabs(weight) * equity(account), room(account, out, symbol))
    qty = qty / (px * account.instruments[symbol].multiplier * (1.0 + account.cost_rate))
    qty = whole_lots(qty, account.instruments[symbol].lot_size)
    return qty if weight > 0 else -qty


cdef inline int64_t order_target(
    const Account* account, Outbox* out, int32_t symbol, double target
) noexcept nogil:
    """A market order for what the position, with its open market orders, lacks of `target`; 0 if nothing does."""
    cdef double delta = target - account.positions[symbol].qty - out.pending[symbol]
    if isnan(delta) or fabs(delta) <= 1e-12 * fabs(target) or delta == 0.0:
        return 0
    return submit(out, symbol, 1 if delta > 0 else -1, fabs(delta))


cdef inline int64_t order_target_percent(
    const Market* market, const Account* account, Outbox* out, int32_t symbol, double weight
) noexcept nogil:
    return order_target(account, out, symbol, target_quantity(market, account, out, symbol, weight))
