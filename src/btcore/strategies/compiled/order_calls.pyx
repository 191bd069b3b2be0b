"""The verbs of a compiled strategy as C functions with addresses, for code that cannot include contract.pxd."""

from libc.math cimport isfinite, isnan, llrint
from libc.stdint cimport int32_t, int64_t, int8_t

from btcore cimport contract
from btcore.model cimport (
    Account, CLS, DAY, GTC, GTD, LIMIT, LIMIT_IF_TOUCHED, MARKET, MARKET_IF_TOUCHED, Market, NEVER, OPG, Outbox,
    POST_ONLY, REDUCE_ONLY, Request, STOP, STOP_LIMIT, TICKS, TRAILING_STOP, TRAILING_STOP_LIMIT,
)
from btcore.rules cimport accounting

FAULTS = {
    NO_MEMORY: "the orders do not fit into memory",
    UNKNOWN_SYMBOL: "an order for a symbol that is not in the run",
    BAD_QUANTITY: "an order, an amendment or a target with a quantity that makes no sense",
    BAD_TERMS: "an order with terms that make no sense together",
    UNKNOWN_ORDER: "a cancel or an amendment for an order that was never sent",
    NO_PRICE: "a target weight for a symbol that has had no price yet",
}


cdef inline int64_t refuse(Outbox* out, int32_t fault) noexcept nogil:
    if out.fault == 0:
        out.fault = fault
    return -1


cdef inline int64_t sent(Outbox* out, int64_t code) noexcept nogil:
    return refuse(out, NO_MEMORY) if code < 0 else code


cdef inline int8_t type_of(double limit, double stop, double touch, double trail, double limit_offset) noexcept nogil:
    if not isnan(trail):
        return TRAILING_STOP if isnan(limit_offset) else TRAILING_STOP_LIMIT
    if not isnan(touch):
        return MARKET_IF_TOUCHED if isnan(limit) else LIMIT_IF_TOUCHED
    if not isnan(stop):
        return STOP if isnan(limit) else STOP_LIMIT
    return MARKET if isnan(limit) else LIMIT


cdef inline bint excludes_itself(const Request* request, double touch) noexcept nogil:
    """The terms that `Context.buy` refuses; prices are for the market to judge."""
    cdef bint limited = not isnan(request.limit_px)
    cdef bint stopped = not isnan(request.stop_px) or not isnan(request.trail) or not isnan(touch)
    if not isnan(request.stop_px) and not isnan(touch):
        return True
    if not isnan(request.trail) and (limited or not isnan(touch)):
        return True
    if isnan(request.trail) and not isnan(request.limit_offset):
        return True
    if (request.time_in_force == GTD) != (request.expires != NEVER):
        return True
    if request.time_in_force in (OPG, CLS) and stopped:
        return True
    return request.flags & POST_ONLY and (
        request.order_type != LIMIT or request.time_in_force not in (GTC, DAY, GTD)
    )


cdef int64_t submit(
    Outbox* out, int64_t symbol, int64_t side, double qty, double limit, double stop, double touch, double trail,
    double limit_offset, int64_t trail_by, int64_t time_in_force, int64_t expires, int64_t oco, int64_t parent,
    int64_t flags, double latency_ms,
) noexcept nogil:
    """An order of the terms of `Context.buy`, NaN for none; its id, -1 if it makes no sense."""
    cdef Request request
    if symbol < 0 or symbol >= out.n_symbols:
        return refuse(out, UNKNOWN_SYMBOL)
    if not (isfinite(qty) and qty > 0.0):
        return refuse(out, BAD_QUANTITY)
    if not (0 <= trail_by <= TICKS and 0 <= time_in_force <= CLS and 0 <= flags <= (POST_ONLY | REDUCE_ONLY)):
        return refuse(out, BAD_TERMS)
    if oco < 0 or parent < 0 or parent >= out.next_id or not (isnan(latency_ms) or 0.0 <= latency_ms <= 86_400_000.0):
        return refuse(out, BAD_TERMS)
    request = contract.new_order(<int32_t> symbol, 1 if side > 0 else -1, qty)
    request.order_type = type_of(limit, stop, touch, trail, limit_offset)
    request.limit_px, request.stop_px, request.trail, request.limit_offset = limit, stop, trail, limit_offset
    request.trail_by, request.time_in_force, request.flags = <int8_t> trail_by, <int8_t> time_in_force, <int8_t> flags
    request.expires, request.oco, request.parent = expires, oco, parent
    if not isnan(latency_ms):
        request.latency = llrint(latency_ms * 1e6)
    if excludes_itself(&request, touch):
        return refuse(out, BAD_TERMS)
    if not isnan(touch):
        request.stop_px = touch
    return sent(out, contract.send_order(out, &request))


cdef int64_t cancel(Outbox* out, int64_t order_id) noexcept nogil:
    """Asks to end an order; -1 if there is none."""
    if order_id < 1 or order_id >= out.next_id:
        return refuse(out, UNKNOWN_ORDER)
    return sent(out, contract.cancel(out, order_id))


cdef int64_t amend(Outbox* out, int64_t order_id, double qty, double limit, double trigger) noexcept nogil:
    """Asks for new terms, NaN to leave one; -1 if there is no such order."""
    if order_id < 1 or order_id >= out.next_id:
        return refuse(out, UNKNOWN_ORDER)
    if not isnan(qty) and not (isfinite(qty) and qty > 0.0):
        return refuse(out, BAD_QUANTITY)
    return sent(out, contract.amend(out, order_id, qty, limit, trigger))


cdef int64_t order_target(const Account* account, Outbox* out, int64_t symbol, double qty) noexcept nogil:
    """A market order for what the position lacks of `qty`: its id, 0 if nothing."""
    if symbol < 0 or symbol >= out.n_symbols:
        return refuse(out, UNKNOWN_SYMBOL)
    if not isfinite(qty):
        return refuse(out, BAD_QUANTITY)
    return sent(out, contract.order_target(account, out, <int32_t> symbol, qty))


cdef int64_t order_target_percent(
    const Market* market, const Account* account, Outbox* out, int64_t symbol, double weight
) noexcept nogil:
    """`order_target` for `weight` of equity."""
    if symbol < 0 or symbol >= out.n_symbols:
        return refuse(out, UNKNOWN_SYMBOL)
    if not isfinite(weight):
        return refuse(out, BAD_QUANTITY)
    if not market.tickers[symbol].priced:
        return refuse(out, NO_PRICE)
    return sent(out, contract.order_target_percent(market, account, out, <int32_t> symbol, weight))


cdef void set_timer(Outbox* out, int64_t moment) noexcept nogil:
    out.next_timer = moment


cdef double equity(const Account* account) noexcept nogil:
    return accounting.equity(account)


ADDRESSES = {
    "submit": <size_t> &submit,
    "cancel": <size_t> &cancel,
    "amend": <size_t> &amend,
    "order_target": <size_t> &order_target,
    "order_target_percent": <size_t> &order_target_percent,
    "set_timer": <size_t> &set_timer,
    "equity": <size_t> &equity,
}
