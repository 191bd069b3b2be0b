"""Which orders the market lets in. The first check that fails names the reason."""

from libc.math cimport fabs, fmax, isfinite, nearbyint
from libc.stdint cimport int32_t

from btcore.model cimport (
    Account, BUYING_POWER, INVALID_PRICE, INVALID_QUANTITY, Instrument, LIMIT, LOT_SIZE, MARKET, NONE, Order,
    QUOTE, STOP, STOP_LIMIT, TICK_SIZE, Ticker,
)
from btcore.rules.accounting cimport equity


cdef struct OpenQuantity:    # leaves of one symbol's admitted working orders
    double market            # signed: these will fill
    double buy               # the others: these may
    double sell


cdef inline bint on_step(double x, double step) noexcept nogil:
    """`x` is a multiple of `step`, within 1e-6 of one step; a step of 0 is not enforced."""
    return step <= 0.0 or fabs(x / step - nearbyint(x / step)) <= 1e-6


cdef inline void count(OpenQuantity* open_qty, const Order* order) noexcept nogil:
    """Adds an order's leaves."""
    cdef double leaves = order.qty - order.filled_qty
    if order.order_type == MARKET:
        open_qty.market += order.side * leaves
    elif order.side > 0:
        open_qty.buy += leaves
    else:
        open_qty.sell += leaves


cdef inline double worst_quantity(double held, const OpenQuantity* open_qty) noexcept nogil:
    """The largest position that could come of it: all market orders filled, and the others of one side."""
    held += open_qty.market
    return fmax(fabs(held + open_qty.buy), fabs(held - open_qty.sell))


cdef inline double reference_px(const Ticker* ticker, int side, double mark) noexcept nogil:
    """What an order of that side would pay now: the standing quote's far side, else the mark."""
    if ticker.source == QUOTE and ticker.quoted:
        return ticker.quote.ask if side > 0 else ticker.quote.bid
    return mark


cdef inline int check_terms(const Order* order, const Instrument* instrument) noexcept nogil:
    """Reason the order makes no sense for the instrument, or NONE."""
    cdef bint limits = order.order_type == LIMIT or order.order_type == STOP_LIMIT
    cdef bint stops = order.order_type == STOP or order.order_type == STOP_LIMIT
    if not isfinite(order.qty) or order.qty <= 0.0:
        return INVALID_QUANTITY
    if limits and not (isfinite(order.limit_px) and order.limit_px > 0.0):
        return INVALID_PRICE
    if stops and not (isfinite(order.stop_px) and order.stop_px > 0.0):
        return INVALID_PRICE
    if not on_step(order.qty, instrument.lot_size):
        return LOT_SIZE
    if limits and not on_step(order.limit_px, instrument.tick_size):
        return TICK_SIZE
    if stops and not on_step(order.stop_px, instrument.tick_size):
        return TICK_SIZE
    return NONE


cdef inline int check_buying_power(
    const Order* order, const Account* account, const OpenQuantity* open_qty, const Ticker* ticker, double before
) noexcept nogil:
    """BUYING_POWER if the order raises its symbol's worst quantity, so far `before`, beyond what the account carries.

    `open_qty` holds every symbol's open quantity without the order itself.
    """
    cdef int32_t s = order.symbol, i
    cdef OpenQuantity own = open_qty[s]
    cdef double after, total, px
    count(&own, order)
    after = worst_quantity(account.positions[s].qty, &own)
    if after <= before:
        return NONE
    px = reference_px(ticker, order.side, account.positions[s].mark)
    if order.order_type == LIMIT or order.order_type == STOP_LIMIT:
        px = order.limit_px
    elif order.order_type == STOP:
        px = order.stop_px
    total = after * px * account.instruments[s].multiplier
    for i in range(account.n_symbols):
        if i != s:
            total += (
                worst_quantity(account.positions[i].qty, &open_qty[i])
                * account.positions[i].mark * account.instruments[i].multiplier
            )
    return NONE if total <= account.leverage * equity(account) * (1.0 + 1e-9) else BUYING_POWER
