"""The checks an order must pass on arrival. The first check that fails gives the reject reason."""

from libc.math cimport fabs, fmin, isfinite, isnan
from libc.stdint cimport int32_t

from btcore.model cimport (
    Account, BUYING_POWER, GTD, INVALID_PRICE, INVALID_QUANTITY, INVALID_TERMS, Instrument, LOT_SIZE,
    MIN_NOTIONAL, NEVER, NONE, Order, POST_ONLY, REDUCE_ONLY, TICKS, TICK_SIZE, TRAILING_STOP_LIMIT, Ticker,
)
from btcore.rules.accounting cimport equity
from btcore.rules.matching cimport (
    has_limit, has_trigger, is_limitless, is_market, is_touch, is_trailing, reference_px
)
from btcore.rules.order_terms cimport NO_CONFLICT, time_conflict
from btcore.rules.rounding cimport ceil_to_tick, floor_to_tick, is_multiple, larger, whole_lots


cdef struct OpenQuantity:    # unfilled quantity of one symbol's working orders, without reduce-only orders
    double market            # market orders, signed: buys minus sells
    double buy               # all other buy orders
    double sell              # all other sell orders


cdef inline void add_leaves(OpenQuantity* open_qty, const Order* order) noexcept nogil:
    """Adds an order's unfilled quantity. Reduce-only orders are left out: they cannot enlarge a position."""
    cdef double leaves = order.qty - order.filled_qty
    if order.flags & REDUCE_ONLY:
        return
    if is_market(order):
        open_qty.market += order.side * leaves
    elif order.side > 0:
        open_qty.buy += leaves
    else:
        open_qty.sell += leaves


cdef inline double worst_quantity(double held, const OpenQuantity* open_qty) noexcept nogil:
    """The largest absolute position that could result: all market orders fill, then all other orders of one side."""
    held += open_qty.market
    return larger(fabs(held + open_qty.buy), fabs(held - open_qty.sell))


cdef inline bint has_given_limit(const Order* order) noexcept nogil:
    """True if the order has a limit price that its sender gave; a trailing stop-limit derives it from its stop."""
    return has_limit(order) and order.order_type != TRAILING_STOP_LIMIT and not is_limitless(order)


cdef inline double order_px(const Order* order, const Ticker* ticker) noexcept nogil:
    """The price used to value the order: its limit, else its stop or touch price, else the market's price."""
    if has_given_limit(order):
        return order.limit_px
    if has_trigger(order) and not is_trailing(order):
        return order.stop_px
    return reference_px(ticker, order.side)


cdef inline bint oversells(const Order* order, double unsold) noexcept nogil:
    """True if the order sells more than `unsold`, the position less all other open sell orders."""
    cdef double leaves = order.qty - order.filled_qty
    return order.side < 0 and leaves > unsold + 1e-9 * leaves


cdef inline bint is_price(double px, const Instrument* instrument) noexcept nogil:
    """True for a finite price above zero, or any finite price if the instrument allows negative ones."""
    return isfinite(px) and (px > 0.0 or instrument.negative_prices)


cdef inline bint has_conflict(const Order* order) noexcept nogil:
    """True if the order's terms exclude each other. An expiry time is ignored unless the order is GTD."""
    cdef bint has_expiry = order.time_in_force == GTD and order.ts_expires != NEVER
    return time_conflict(order.order_type, order.time_in_force, has_expiry, order.flags & POST_ONLY) != NO_CONFLICT


cdef inline bint has_given_trigger(const Order* order, bint stop_is_given) noexcept nogil:
    """True if the sender gave the trigger price; a trailing stop derives it unless `stop_is_given`."""
    return has_trigger(order) and (not is_trailing(order) or (stop_is_given and not isnan(order.stop_px)))


cdef inline int check_prices(const Order* order, const Instrument* instrument, bint stop_is_given) noexcept nogil:
    """INVALID_PRICE if a price, trailing distance or limit offset is missing or out of range, else NONE."""
    if has_given_limit(order) and not is_price(order.limit_px, instrument):
        return INVALID_PRICE
    if is_trailing(order):
        if not (isfinite(order.trail) and order.trail > 0.0):
            return INVALID_PRICE
        if order.trail_by == TICKS and instrument.tick_size <= 0.0:
            return INVALID_PRICE
        if order.order_type == TRAILING_STOP_LIMIT and not (
            isfinite(order.limit_offset) and order.limit_offset >= 0.0
        ):
            return INVALID_PRICE
    if has_given_trigger(order, stop_is_given) and not is_price(order.stop_px, instrument):
        return INVALID_PRICE
    return NONE


cdef inline int check_terms(const Order* order, const Instrument* instrument, bint stop_is_given=True) noexcept nogil:
    """INVALID_QUANTITY, INVALID_PRICE or INVALID_TERMS, or NONE if the order is well formed."""
    cdef int reason
    if not isfinite(order.asked_qty) or order.asked_qty <= 0.0:
        return INVALID_QUANTITY
    reason = check_prices(order, instrument, stop_is_given)
    if reason != NONE:
        return reason
    return INVALID_TERMS if has_conflict(order) else NONE


cdef inline int check_steps(const Order* order, const Instrument* instrument, bint stop_is_given=True) noexcept nogil:
    """LOT_SIZE or TICK_SIZE if the quantity or a given price is not a multiple of its step, else NONE."""
    if not is_multiple(order.asked_qty, instrument.lot_size):
        return LOT_SIZE
    if has_given_limit(order) and not is_multiple(order.limit_px, instrument.tick_size):
        return TICK_SIZE
    if has_given_trigger(order, stop_is_given) and not is_multiple(order.stop_px, instrument.tick_size):
        return TICK_SIZE
    return NONE


cdef inline bint snap(Order* order, const Instrument* instrument, bint stop_is_given) noexcept nogil:
    """Rounds quantity down to lots, and prices to ticks so that the order is never more aggressive.

    Returns True if anything changed.
    """
    cdef bint moved = False
    cdef double qty = order.asked_qty
    if not isfinite(qty):
        return False
    if not is_multiple(qty, instrument.lot_size) and whole_lots(qty, instrument.lot_size) > 0.0:
        order.asked_qty = whole_lots(order.asked_qty, instrument.lot_size)
        order.qty = order.asked_qty if order.parent == 0 else fmin(order.qty, order.asked_qty)
        moved = True
    return snap_prices(order, instrument, stop_is_given) or moved


cdef inline bint snap_prices(Order* order, const Instrument* instrument, bint stop_is_given) noexcept nogil:
    """Rounds prices to ticks: limit and touch prices to the passive side, stop prices away from the market.

    Returns True if anything changed.
    """
    cdef double tick = instrument.tick_size
    cdef bint moved = False
    if has_limit(order) and isfinite(order.limit_px) and not is_multiple(order.limit_px, tick):
        order.limit_px = floor_to_tick(order.limit_px, tick) if order.side > 0 else ceil_to_tick(order.limit_px, tick)
        moved = True
    if has_given_trigger(order, stop_is_given) and isfinite(order.stop_px) and not is_multiple(order.stop_px, tick):
        if is_touch(order) == (order.side > 0):
            order.stop_px = floor_to_tick(order.stop_px, tick)
        else:
            order.stop_px = ceil_to_tick(order.stop_px, tick)
        moved = True
    return moved


cdef inline int check_size(const Order* order, const Account* account, const Ticker* ticker) noexcept nogil:
    """MIN_NOTIONAL if the order's notional is below the minimum, else NONE. Reduce-only orders are exempt."""
    cdef const Instrument* instrument = &account.instruments[order.symbol]
    cdef double px = order_px(order, ticker)
    cdef double notional = order.asked_qty * fabs(px) * instrument.multiplier
    # 0.29 * 100 is 28.999999999999996.
    if order.flags & REDUCE_ONLY or notional >= instrument.min_notional * (1.0 - 1e-9):
        return NONE
    return MIN_NOTIONAL


cdef inline int check_buying_power(
    const Order* order, const Account* account, const OpenQuantity* open_qty, const Ticker* ticker, double before
) noexcept nogil:
    """BUYING_POWER if the order could lift the account's notional above leverage times equity, else NONE.

    `open_qty` is per symbol and excludes the order. `before` is the symbol's `worst_quantity` without the order;
    an order that does not raise it passes.
    """
    cdef int32_t s = order.symbol, i
    cdef OpenQuantity with_order = open_qty[s]
    cdef double after, total
    if order.flags & REDUCE_ONLY:
        return NONE
    add_leaves(&with_order, order)
    after = worst_quantity(account.positions[s].qty, &with_order)
    if after <= before:
        return NONE
    total = (
        after * fabs(order_px(order, ticker)) * account.positions[s].point_value
        * account.instruments[s].margin_weight
    )
    for i in range(account.n_symbols):
        if i != s:
            total += (
                worst_quantity(account.positions[i].qty, &open_qty[i])
                * fabs(account.positions[i].mark) * account.positions[i].point_value
                * account.instruments[i].margin_weight
            )
    return NONE if total <= account.leverage * equity(account) * (1.0 + 1e-9) else BUYING_POWER
