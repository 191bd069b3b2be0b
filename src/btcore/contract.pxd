"""The interface between the engine and a compiled strategy. Public header: cimport it to write one in Cython.

The engine calls `on_event` of a `Handler`. The strategy reads `Market` and `Account`, and sends orders with the
functions below, which append requests to the `Outbox`. They check nothing: an invalid symbol index writes outside the
run's memory. Orders are checked on arrival, as the orders of all strategies.
"""

from libc.math cimport NAN, fabs, isnan
from libc.stdint cimport int8_t, int32_t, int64_t

from btcore.feed.stream cimport Stream
from btcore.memory cimport reserve
from btcore.model cimport (
    AMEND, Account, CANCEL, GTC, MARKET, Market, NEVER, Outbox, Request, SUBMIT, on_event_t
)
from btcore.model cimport LIMIT, STOP, STOP_LIMIT  # no-cython-lint: strategies may cimport order types from here
from btcore.rules.accounting cimport equity
from btcore.rules.matching cimport reference_px
from btcore.rules.order_terms cimport order_type_of
from btcore.rules.rounding cimport larger, smaller, whole_lots

# For a strategy that can process rows of a single stream by itself: it updates its state with rows [row, end) as
# `on_event` would, up to and including the first row at which it would act, and returns that row, or `end` if there
# is none. The engine then calls `on_event` for that row, which must not update the state again.
ctypedef int64_t (*scan_t)(void* state, const Stream* stream, int64_t row, int64_t end) noexcept nogil


cdef enum:
    LISTED = 30              # bit of `kinds`: START and END are sent only if their bits are set, not always


cdef class Handler:
    """Base of every compiled strategy: a C function, its state, and the kinds of event it is called for."""
    cdef on_event_t on_event
    cdef scan_t scan         # NULL: call on_event for every event
    cdef void* state         # passed to on_event; the handler owns its memory
    cdef int32_t kinds       # events it is called for: one bit per Kind, 1 << Kind
    cdef bint keeps_gil      # it runs Python code so often that the GIL is not released in between
    cdef bint is_spent       # it was used in a run, so its state is not the initial one
    cdef bint ignores_sizes  # it never reads quote sizes, so they need not be loaded


cdef inline int64_t submit(
    Outbox* out, int32_t symbol, int8_t side, double qty, double limit_px=NAN, double stop_px=NAN,
    int8_t time_in_force=GTC, int64_t oco=0, int64_t latency=-1,
) noexcept nogil:
    """Sends an order and returns its id, or -1 if memory runs out.

    The prices that are not NaN select the type: market, limit, stop or stop-limit.
    """
    cdef Request request = new_order(symbol, side, qty)
    request.limit_px, request.stop_px = limit_px, stop_px
    request.time_in_force, request.oco, request.latency = time_in_force, oco, latency
    request.order_type = order_type_of(not isnan(limit_px), not isnan(stop_px), False, False, False)
    return send_order(out, &request)


cdef inline Request new_order(int32_t symbol, int8_t side, double qty) noexcept nogil:
    """A request for a GTC market order; change its fields as needed and pass it to `send_order`."""
    return Request(
        ts_arrives=0, seq=0, order_id=0, oco=0, parent=0, expires=NEVER, latency=-1, qty=qty, limit_px=NAN, stop_px=NAN,
        trail=NAN, limit_offset=NAN, unclipped_qty=NAN, symbol=symbol, action=SUBMIT, side=side, order_type=MARKET,
        time_in_force=GTC, trail_by=0, flags=0,
    )


cdef inline int64_t send_order(Outbox* out, Request* request) noexcept nogil:
    """Sends a new order and returns its id, or -1 if memory runs out."""
    request.order_id = out.next_id
    if post(out, request[0]) < 0:
        return -1
    out.next_id += 1
    return request.order_id


cdef inline int cancel(Outbox* out, int64_t order_id) noexcept nogil:
    """Requests the cancellation of an order. Returns -1 if memory runs out, else 0."""
    return amend(out, order_id, NAN, NAN, NAN, CANCEL)


cdef inline int amend(
    Outbox* out, int64_t order_id, double qty, double limit_px, double stop_px, int8_t action=AMEND
) noexcept nogil:
    """Requests new values for an order; NaN leaves a value as it is. `stop_px` is the stop or touch price.

    Returns -1 if memory runs out, else 0.
    """
    cdef Request request = new_order(0, 0, qty)
    request.action, request.order_id = action, order_id
    request.limit_px, request.stop_px = limit_px, stop_px
    return post(out, request)


cdef inline int amend_trailing(
    Outbox* out, int64_t order_id, double qty, double limit_px, double stop_px, double trail, double limit_offset
) noexcept nogil:
    """As `amend`, with a new distance of a trailing order and a new offset of its limit."""
    cdef Request request = new_order(0, 0, qty)
    request.action, request.order_id = AMEND, order_id
    request.limit_px, request.stop_px = limit_px, stop_px
    request.trail, request.limit_offset = trail, limit_offset
    return post(out, request)


cdef inline int post(Outbox* out, Request request) noexcept nogil:
    """Appends a request to the outbox. Returns -1 if memory runs out, else 0."""
    if reserve(<void**> &out.items, &out.capacity, out.count, sizeof(Request)) < 0:
        return -1
    out.items[out.count] = request
    out.count += 1
    if request.action == SUBMIT and request.order_type == MARKET:
        out.pending[request.symbol] += request.side * request.qty
    return 0


cdef inline double room(const Account* account, const Outbox* out, int32_t symbol) noexcept nogil:
    """Buying power left for the symbol, after the positions and open market orders of all other symbols."""
    cdef double left = account.leverage * equity(account)
    cdef int32_t i
    for i in range(account.n_symbols):
        if i != symbol:
            left -= (
                fabs(account.positions[i].qty + out.pending[i]) * fabs(account.positions[i].mark)
                * account.positions[i].point_value * account.instruments[i].margin_weight
            )
    return larger(left, 0.0)


cdef inline double money_quantity(
    const Market* market, const Account* account, int32_t symbol, double weight, double money
) noexcept nogil:
    """Signed quantity in whole lots that is worth `money`, with the sign of `weight`, reduced for taker costs."""
    cdef double px = reference_px(&market.tickers[symbol], 1 if weight > 0 else -1)
    cdef double qty
    if weight == 0.0:
        return 0.0
    qty = money / (fabs(px) * account.positions[symbol].point_value * (1.0 + account.instruments[symbol].cost_rate))
    qty = whole_lots(qty, account.instruments[symbol].lot_size)
    return qty if weight > 0 else -qty


cdef inline double target_quantity(
    const Market* market, const Account* account, const Outbox* out, int32_t symbol, double weight
) noexcept nogil:
    """Signed quantity in whole lots that is worth `weight` of equity, reduced for taker costs and to the buying power.

    NaN if the symbol has no price yet.
    """
    if not market.tickers[symbol].priced:
        return NAN
    return payable_quantity(market, account, out, symbol, weight, fabs(weight) * equity(account))


cdef inline double payable_quantity(
    const Market* market, const Account* account, const Outbox* out, int32_t symbol, double side, double money
) noexcept nogil:
    """As `money_quantity`, reduced to the buying power."""
    cdef double left = room(account, out, symbol) / account.instruments[symbol].margin_weight
    return money_quantity(market, account, symbol, side, smaller(money, left))


cdef inline double difference(
    const Account* account, const Outbox* out, int32_t symbol, double target
) noexcept nogil:
    """`target` less the position with its open market orders; 0 if that is only a rounding error, or NaN."""
    cdef double delta = target - account.positions[symbol].qty - out.pending[symbol]
    return 0.0 if isnan(delta) or fabs(delta) <= 1e-12 * fabs(target) else delta


cdef inline bint lowers(double held, double target) noexcept nogil:
    """True if the way from `held` to `target` lowers a position and does not open one."""
    return held != 0.0 and (target == 0.0 or (target > 0.0) == (held > 0.0)) and fabs(target) <= fabs(held)


cdef inline int64_t order_target(
    const Account* account, Outbox* out, int32_t symbol, double target
) noexcept nogil:
    """Sends a market order for the difference between `target` and the position with its open market orders.

    Returns its id, 0 if no order is needed, or -1 if memory runs out.
    """
    cdef double delta = difference(account, out, symbol, target)
    return submit(out, symbol, 1 if delta > 0 else -1, fabs(delta)) if delta != 0.0 else 0


cdef inline int64_t order_target_percent(
    const Market* market, const Account* account, Outbox* out, int32_t symbol, double weight
) noexcept nogil:
    """Sends a market order that brings the position to `weight` of equity. Returns as `order_target` does."""
    return order_target_money(market, account, out, symbol, weight, fabs(weight) * equity(account))


cdef inline int64_t order_target_money(
    const Market* market, const Account* account, Outbox* out, int32_t symbol, double side, double money
) noexcept nogil:
    """Sends a market order that brings the position to a worth of `money`, with the sign of `side`; 0: to none.

    An order that buying power has reduced carries the quantity asked for. Returns as `order_target` does.
    """
    cdef double unclipped
    cdef double delta = money_difference(market, account, out, symbol, side, money, &unclipped)
    cdef Request request
    if delta == 0.0:
        return 0
    request = new_order(symbol, 1 if delta > 0 else -1, fabs(delta))
    request.unclipped_qty = unclipped
    return send_order(out, &request)


cdef inline double money_difference(
    const Market* market, const Account* account, Outbox* out, int32_t symbol, double side, double money,
    double* unclipped,
) noexcept nogil:
    """The signed quantity of the order of `order_target_money`; 0 if no order is needed.

    An order that raises the position is smaller if the other positions leave less buying power; `unclipped` is then
    the quantity asked for, else NaN. If nothing of it is left, the whole is sent: its admission decides.
    """
    cdef double held = account.positions[symbol].qty + out.pending[symbol]
    cdef double target, asked, delta, whole
    unclipped[0] = NAN
    if not market.tickers[symbol].priced:
        return 0.0
    asked = money_quantity(market, account, symbol, side, money)
    target = asked
    if not lowers(held, asked):
        target = payable_quantity(market, account, out, symbol, side, money)
    out.n_small += side != 0.0 and money > 0.0 and asked == 0.0
    delta = difference(account, out, symbol, target)
    if target == asked:
        return delta
    whole = difference(account, out, symbol, asked)
    if whole == 0.0:
        return 0.0
    if (delta > 0.0) != (whole > 0.0) or delta == 0.0:
        delta = whole
    if delta != whole:
        unclipped[0] = fabs(whole)
    return delta
