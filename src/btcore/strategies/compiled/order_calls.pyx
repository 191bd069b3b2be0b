"""The order functions of `contract.pxd` as C functions with addresses, for Numba."""

from libc.math cimport isfinite, isnan, llrint
from libc.stdint cimport int32_t, int64_t, int8_t

from btcore cimport contract
from btcore.model cimport Account, CLS, FROM_FILL, Market, NEVER, Outbox, POST_ONLY, REDUCE_ONLY, Request, TICKS
from btcore.rules cimport accounting
from btcore.rules.order_terms cimport (
    MAX_LATENCY_MS, NO_CONFLICT, child_conflict, order_type_of, price_conflict, time_conflict
)

from btcore.rules.order_terms import (
    CONFLICTS as _CONFLICTS, LATENCY_RANGE as _LATENCY_RANGE, TIME_IN_FORCE as _TIME_IN_FORCE, TRAIL_BY as _TRAIL_BY
)

cdef enum:
    TO_LIMIT = 16            # beside the bits of Flag: a market-to-limit order

FAULTS = {
    NO_MEMORY: "not enough memory for the orders",
    UNKNOWN_SYMBOL: "an order is for a symbol that is not in the run; symbols are numbered from 0",
    BAD_QUANTITY: "the quantity of an order or an amendment is not a positive number",
    BAD_TARGET: "a target is not a finite number",
    BAD_TRAIL_BY: f"trail_by is not one of {', '.join(name.upper() for name in _TRAIL_BY)}",
    BAD_TIME_IN_FORCE: f"time_in_force is not one of {', '.join(_TIME_IN_FORCE)}",
    BAD_FLAG: "post_only, reduce_only, market_to_limit or from_fill is neither True nor False",
    BAD_FRACTION: "with from_fill a price is not a fraction of the parent's price above -1",
    BAD_OCO: "oco is not 0 or a positive group number",
    BAD_PARENT: "parent is neither 0 nor the id of an order that was sent before",
    BAD_LATENCY: f"latency_ms is not {_LATENCY_RANGE}",
    UNKNOWN_ORDER: "a cancel or an amendment is for an order that was never sent",
    NO_PRICE: "a target weight is for a symbol that has no price yet; it needs one",
    **{FIRST_CONFLICT + conflict: text for conflict, text in _CONFLICTS.items()},
}


cdef inline int64_t set_fault(Outbox* out, int32_t fault) noexcept nogil:
    """Stores the first fault of the run. Returns -1."""
    if out.fault == 0:
        out.fault = fault
    return -1


cdef inline int64_t check_memory(Outbox* out, int64_t code) noexcept nogil:
    """Returns `code`, an id or 0; if it is -1, sets the fault NO_MEMORY."""
    return set_fault(out, NO_MEMORY) if code < 0 else code


cdef inline bint is_fraction(double px) noexcept nogil:
    """True for a price that is none, or a fraction of a parent's price."""
    return isnan(px) or (isfinite(px) and px > -1.0)


cdef int64_t submit(
    Outbox* out, int64_t symbol, int64_t side, double qty, double limit, double stop, double touch, double trail,
    double limit_offset, int64_t trail_by, int64_t time_in_force, int64_t expires, int64_t oco, int64_t parent,
    int64_t flags, double latency_ms,
) noexcept nogil:
    """Sends an order with the terms of `Context.buy`, NaN for none. Returns its id, or -1 if a term is invalid."""
    cdef Request request
    cdef bint to_limit = flags & TO_LIMIT != 0
    cdef int conflict
    if symbol < 0 or symbol >= out.n_symbols:
        return set_fault(out, UNKNOWN_SYMBOL)
    if not (isfinite(qty) and qty > 0.0):
        return set_fault(out, BAD_QUANTITY)
    if not 0 <= trail_by <= TICKS:
        return set_fault(out, BAD_TRAIL_BY)
    if not 0 <= time_in_force <= CLS:
        return set_fault(out, BAD_TIME_IN_FORCE)
    if flags & ~(POST_ONLY | REDUCE_ONLY | FROM_FILL | TO_LIMIT):
        return set_fault(out, BAD_FLAG)
    if oco < 0:
        return set_fault(out, BAD_OCO)
    if parent < 0 or parent >= out.next_id:
        return set_fault(out, BAD_PARENT)
    if not (isnan(latency_ms) or 0 <= latency_ms <= MAX_LATENCY_MS):
        return set_fault(out, BAD_LATENCY)
    conflict = price_conflict(
        not isnan(limit), not isnan(stop), not isnan(touch), not isnan(trail), not isnan(limit_offset), to_limit
    )
    request = contract.new_order(<int32_t> symbol, 1 if side > 0 else -1, qty)
    request.order_type = order_type_of(
        not isnan(limit), not isnan(stop), not isnan(touch), not isnan(trail), not isnan(limit_offset), to_limit
    )
    if conflict == NO_CONFLICT:
        conflict = time_conflict(request.order_type, <int8_t> time_in_force, expires != NEVER, flags & POST_ONLY)
    if conflict == NO_CONFLICT:
        conflict = child_conflict(flags & FROM_FILL, parent > 0, not isnan(limit), not (isnan(stop) and isnan(touch)))
    if conflict != NO_CONFLICT:
        return set_fault(out, FIRST_CONFLICT + conflict)
    if flags & FROM_FILL and not (is_fraction(limit) and is_fraction(stop) and is_fraction(touch)):
        return set_fault(out, BAD_FRACTION)
    request.limit_px, request.stop_px = limit, stop if isnan(touch) else touch
    request.trail, request.limit_offset = trail, limit_offset
    request.trail_by, request.time_in_force = <int8_t> trail_by, <int8_t> time_in_force
    request.flags = <int8_t> (flags & ~TO_LIMIT)
    request.expires, request.oco, request.parent = expires, oco, parent
    if not isnan(latency_ms):
        request.latency = llrint(latency_ms * 1e6)
    return check_memory(out, contract.send_order(out, &request))


cdef int64_t cancel(Outbox* out, int64_t order_id) noexcept nogil:
    """Requests the cancellation of an order. Returns 0, or -1 for an unknown id."""
    if order_id < 1 or order_id >= out.next_id:
        return set_fault(out, UNKNOWN_ORDER)
    return check_memory(out, contract.cancel(out, order_id))


cdef int64_t amend(Outbox* out, int64_t order_id, double qty, double limit, double trigger) noexcept nogil:
    """Requests new terms, NaN to leave one unchanged. Returns 0, or -1 for an unknown id or an invalid quantity."""
    if order_id < 1 or order_id >= out.next_id:
        return set_fault(out, UNKNOWN_ORDER)
    if not isnan(qty) and not (isfinite(qty) and qty > 0.0):
        return set_fault(out, BAD_QUANTITY)
    return check_memory(out, contract.amend(out, order_id, qty, limit, trigger))


cdef int64_t order_target(const Account* account, Outbox* out, int64_t symbol, double qty) noexcept nogil:
    """Sends a market order for the difference between `qty` and the position with open market orders.

    Returns its id, 0 if there is no difference, or -1 if an argument is invalid; likewise below.
    """
    if symbol < 0 or symbol >= out.n_symbols:
        return set_fault(out, UNKNOWN_SYMBOL)
    if not isfinite(qty):
        return set_fault(out, BAD_TARGET)
    return check_memory(out, contract.order_target(account, out, <int32_t> symbol, qty))


cdef int64_t order_target_percent(
    const Market* market, const Account* account, Outbox* out, int64_t symbol, double weight
) noexcept nogil:
    """`order_target` for a quantity worth `weight` of equity."""
    if symbol < 0 or symbol >= out.n_symbols:
        return set_fault(out, UNKNOWN_SYMBOL)
    if not isfinite(weight):
        return set_fault(out, BAD_TARGET)
    if not market.tickers[symbol].priced:
        return set_fault(out, NO_PRICE)
    return check_memory(out, contract.order_target_percent(market, account, out, <int32_t> symbol, weight))


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
