"""The account of a plain run: one symbol, and market orders that fill whole, one at a time.

It applies the functions of `rules`. It holds only what the checks and the fills read: no queue and no order records.
Its caller decides when orders arrive and at which price they fill. To use it:

    open_plain_account(&plain, instrument, execution, capital, QUOTE | TRADE | BAR)    once; it must not move in memory
    set_mark(&plain, mark), set_quote(&plain, bid, ask)    after an event: the symbol's new mark, or its new quote
    reason = admit(&plain, side, qty)                      an order arrives: NONE, or the reject reason
    filled = fill_order(&plain, side, qty, px, size)       an admitted order fills, or the part that can be paid
    clear_open(&plain), add_open(&plain, side, qty)        after the fills of an event: counts the open orders again
    margin_may_fail(&plain, mark)                          True if the account may be liquidated at that mark

An order is checked at the mark at its arrival. An order sent before the first event waits for that event, and
its checks use the price it will fill at as the mark (call `set_mark` first). An order of a strategy comes from
`target_percent`, which sizes it as `contract.order_target_percent` does, and arrives at once.

Liquidations are left to the engine: a caller for which `margin_may_fail` is True stops, and the engine then simulates
the run from the start.
"""

from libc.math cimport NAN, fabs
from libc.stdint cimport int64_t, int8_t

from btcore.contract cimport money_difference
from btcore.model cimport (
    Account, GTC, Instrument, MARKET, Market, NEVER, NONE, Order, Outbox, Position, QUOTE, SHORT_SALE, TAKER, Ticker
)
from btcore.rules.accounting cimport apply_fill, equity
from btcore.rules.affordable cimport affordable
from btcore.rules.admission cimport (
    OpenQuantity, add_leaves, check_buying_power, check_size, check_steps, check_terms, oversells, worst_quantity
)
from btcore.rules.commission cimport CommissionTerms, Turnover, commission
from btcore.rules.slippage cimport SlippageTerms, slip

cdef struct PlainAccount:
    Account account
    Position position
    Instrument instrument
    OpenQuantity open_qty        # of admitted orders that have not filled
    double unsold                # position less the open sell orders
    double pending               # signed quantity of the strategy's open orders, as its sizing counts it
    Ticker ticker                # only source, priced, px, quoted and the quote's prices are set
    CommissionTerms commission
    SlippageTerms slippage
    Turnover turnover            # unused: plain runs have no commission tiers
    Market market                # what the strategy sees
    Outbox out                   # only `pending` and `n_small` are used
    double unclipped             # the quantity asked for by the latest target, if buying power has reduced it; else NaN
    double lowest_cash           # lowest cash so far
    double last_px               # price of the latest fill
    double last_cost             # commission of the latest fill
    int8_t is_cash               # 1: a cash account, which neither borrows nor sells short


cdef int open_plain_account(
    PlainAccount* plain, instrument, execution, double initial_capital, int8_t source
) except -1


cdef inline Order market_order(int8_t side, double qty) noexcept nogil:
    """A market order with the fields that the checks read."""
    cdef Order order
    order.parent = 0
    order.ts_expires = NEVER
    order.qty = order.asked_qty = qty
    order.filled_qty = 0.0
    order.limit_px = order.stop_px = order.trail = order.limit_offset = NAN
    order.symbol = 0
    order.side = side
    order.order_type = MARKET
    order.time_in_force = GTC
    order.flags = 0
    order.trail_by = order.triggered = 0
    return order


cdef inline void set_mark(PlainAccount* plain, double mark) noexcept nogil:
    """Sets the symbol's mark."""
    plain.position.mark = plain.ticker.px = mark
    plain.ticker.priced = 1


cdef inline void set_quote(PlainAccount* plain, double bid, double ask) noexcept nogil:
    """Sets the quote, and its mid as the mark."""
    plain.ticker.quote.bid, plain.ticker.quote.ask = bid, ask
    plain.ticker.quoted = 1
    set_mark(plain, 0.5 * (bid + ask))


cdef inline int admit(PlainAccount* plain, int8_t side, double qty) noexcept nogil:
    """NONE if the order is admitted, else the reject reason: the checks of `engine/admit.pxd`, in the same order."""
    cdef Order order = market_order(side, qty)
    cdef int reason = check_terms(&order, &plain.instrument)
    if reason == NONE:
        reason = check_steps(&order, &plain.instrument)
    if reason == NONE:
        reason = check_size(&order, &plain.account, &plain.ticker)
    if reason == NONE and plain.is_cash and oversells(&order, plain.unsold):
        reason = SHORT_SALE
    if reason == NONE:
        reason = check_buying_power(
            &order, &plain.account, &plain.open_qty, &plain.ticker,
            worst_quantity(plain.position.qty, &plain.open_qty),
        )
    if reason == NONE:
        add_open(plain, side, qty)
    return reason


cdef inline void clear_open(PlainAccount* plain) noexcept nogil:
    """Sets the open quantity to zero after an event's fills; then call `add_open` for each order still open."""
    plain.open_qty.market = plain.open_qty.buy = plain.open_qty.sell = 0.0
    plain.unsold = plain.position.qty


cdef inline void add_open(PlainAccount* plain, int8_t side, double qty) noexcept nogil:
    """Counts an admitted order as open."""
    cdef Order order = market_order(side, qty)
    add_leaves(&plain.open_qty, &order)
    if side < 0:
        plain.unsold -= qty


cdef inline double fill_px(
    const PlainAccount* plain, int8_t side, double qty, double seen_px, double size
) noexcept nogil:
    """The fill price for `seen_px`, the price in the data. `size` is the size shown on that side (inf: unknown)."""
    return slip(&plain.slippage, side, seen_px, qty, size, plain.position.qty, plain.instrument.tick_size, NAN)


cdef inline double fill_cost(const PlainAccount* plain, double qty, double px) noexcept nogil:
    """The commission of a fill. Only that with tiers depends on the time, and plain runs have none."""
    return commission(&plain.commission, &plain.turnover, qty, px, plain.position.point_value, TAKER, True, 0)


cdef inline double fill_order(
    PlainAccount* plain, int8_t side, double qty, double seen_px, double size
) noexcept nogil:
    """Fills the order for `seen_px`, the price in the data. Returns the quantity filled.

    It is less than `qty`, and may be 0, if the account cannot pay the whole; the rest of the order is then cancelled.
    """
    cdef double px = fill_px(plain, side, qty, seen_px, size)
    cdef double cost = fill_cost(plain, qty, px)
    cdef double filled = affordable(
        &plain.account, &plain.open_qty, plain.is_cash, 0, side, qty, px, cost
    )
    if filled <= 0.0:
        return 0.0
    if filled < qty:
        cost = fill_cost(plain, filled, px)
    apply_fill(&plain.account.cash, &plain.position, NULL, side * filled, px, cost)
    if plain.account.cash < plain.lowest_cash:
        plain.lowest_cash = plain.account.cash
    plain.last_px = px
    plain.last_cost = cost
    return filled


cdef inline bint is_at_risk(const PlainAccount* plain) noexcept nogil:
    """True if some mark could make equity negative: the position is short, or long with borrowed cash."""
    return plain.position.qty < 0.0 or (plain.account.cash < 0.0 and plain.position.qty != 0.0)


cdef inline bint margin_may_fail(const PlainAccount* plain, double mark) noexcept nogil:
    """True if equity at `mark` is below zero, or so close to it that rounding decides."""
    cdef double worth = plain.position.qty * mark * plain.position.point_value
    return is_at_risk(plain) and plain.account.cash + worth <= 1e-6 * fabs(worth)


cdef inline double target_percent(PlainAccount* plain, double weight) noexcept nogil:
    """Signed quantity of the market order that brings the position to `weight` of equity; 0 if there is none.

    It counts as pending until `end_pending`, to be called when the order has filled or was rejected.
    """
    cdef double qty = money_difference(
        &plain.market, &plain.account, &plain.out, 0, weight, fabs(weight) * equity(&plain.account), &plain.unclipped
    )
    plain.pending += qty
    return qty


cdef inline void end_pending(PlainAccount* plain, int8_t side, double qty) noexcept nogil:
    """Ends the pending quantity of the strategy's order, which has filled or was rejected."""
    plain.pending -= side * qty
