"""One symbol's book in plain terms: market orders that fill whole, one at a time, by the laws of `rules`.

It holds what the laws ask for and nothing else: no queue, no order records. Whoever plays it knows when orders
arrive and what they fill at. To play one:

    open_book(&book, instrument, execution, capital, QUOTE | TRADE | BAR)    once; a Book stays where it is opened
    see(&book, mark), see_quote(&book, bid, ask)     an event has ended: the symbol's new mark, or standing quote
    reason = arrive(&book, side, qty)                an order arrives: NONE, or why it is rejected
    fill(&book, side, qty, seen_px, size, ts)        an order that was let in meets a price; see `last_px`, `last_cost`
    settle(&book), keep(&book, side, qty)            after an event's fills: nothing is open but what is kept again
    risks(&book, mark)                               True: at that mark the margin may end the account

An order is checked with the mark it finds on arrival; before the first event there is none, and an order waits for
it: its checks then see the price it fills at as the mark (`see` it first). A strategy's order comes from
`target_percent`, which sizes it by the law of `contract`, and arrives at once.

What is rare is not played here. `fill` says NOT_MINE, and so does a `risks` that is True to its caller: the run is
then the general engine's, from its start.
"""

from libc.math cimport NAN, fabs
from libc.stdint cimport int64_t, int8_t

from btcore.contract cimport order_target_percent
from btcore.model cimport (
    Account, GTC, Instrument, MARKET, Market, NEVER, NONE, Order, Outbox, Position, QUOTE, SHORT_SALE, TAKER, Ticker
)
from btcore.rules.accounting cimport apply_fill, equity
from btcore.rules.admission cimport (
    OpenQuantity, add_leaves, check_buying_power, check_size, check_steps, check_terms, oversells, worst_quantity
)
from btcore.rules.commission cimport CommissionTerms, Turnover, commission
from btcore.rules.slippage cimport SlippageTerms, slip

cdef enum:
    NOT_MINE = -1                # something the general engine must play

cdef struct Book:
    Account account
    Position position
    Instrument instrument
    OpenQuantity open_qty        # of the orders let in and not filled
    double unsold                # position less the open sells
    double pending               # signed quantity of the strategy's orders under way, as its sizing counts it
    Ticker ticker                # of it: source, priced, quoted, the quote's prices
    CommissionTerms commission
    SlippageTerms slippage
    Turnover turnover            # none: there are no tiers
    Market market                # what a strategy sees
    Outbox out                   # what it asks for
    double lowest_cash
    double last_px               # of the latest fill
    double last_cost             # its commission
    int8_t is_cash


cdef int open_book(Book* book, instrument, execution, double initial_capital, int8_t source) except -1
cdef void close_book(Book* book) noexcept nogil


cdef inline Order market_order(int8_t side, double qty) noexcept nogil:
    """What the checks look at of a plain order."""
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


cdef inline void see(Book* book, double mark) noexcept nogil:
    book.position.mark = mark
    book.ticker.priced = 1


cdef inline void see_quote(Book* book, double bid, double ask) noexcept nogil:
    book.ticker.quote.bid, book.ticker.quote.ask = bid, ask
    book.ticker.quoted = 1
    see(book, 0.5 * (bid + ask))


cdef inline int arrive(Book* book, int8_t side, double qty) noexcept nogil:
    """NONE if the order is let in, else the reason it is rejected for: the checks of `entry`, in their order."""
    cdef Order order = market_order(side, qty)
    cdef int reason = check_terms(&order, &book.instrument)
    if reason == NONE:
        reason = check_steps(&order, &book.instrument)
    if reason == NONE:
        reason = check_size(&order, &book.account, &book.ticker)
    if reason == NONE and book.is_cash and oversells(&order, book.unsold):
        reason = SHORT_SALE
    if reason == NONE:
        reason = check_buying_power(
            &order, &book.account, &book.open_qty, &book.ticker, worst_quantity(book.position.qty, &book.open_qty)
        )
    if reason == NONE:
        keep(book, side, qty)
    return reason


cdef inline void settle(Book* book) noexcept nogil:
    """After an event's fills. What is still open is told by `keep`, in the order it arrived."""
    book.open_qty.market = book.open_qty.buy = book.open_qty.sell = 0.0
    book.unsold = book.position.qty


cdef inline void keep(Book* book, int8_t side, double qty) noexcept nogil:
    """An order is open."""
    cdef Order order = market_order(side, qty)
    add_leaves(&book.open_qty, &order)
    if side < 0:
        book.unsold -= qty


cdef inline double fill_px(const Book* book, int8_t side, double qty, double seen_px, double size) noexcept nogil:
    """What a fill gets for the price seen. `size` is what the event showed on that side (inf: not known)."""
    return slip(&book.slippage, side, seen_px, qty, size, book.instrument.tick_size, NAN)


cdef inline double fill_cost(const Book* book, double qty, double px, int64_t ts) noexcept nogil:
    """Its commission."""
    return commission(&book.commission, &book.turnover, qty, px, book.position.point_value, TAKER, ts)


cdef inline int fill(Book* book, int8_t side, double qty, double seen_px, double size, int64_t ts) noexcept nogil:
    """The whole order meets the market at the price seen: 0, or NOT_MINE."""
    cdef double px = fill_px(book, side, qty, seen_px, size)
    cdef double cost = fill_cost(book, qty, px, ts)
    if book.is_cash and side > 0 and qty * px * book.position.point_value + cost > book.account.cash:
        return NOT_MINE  # it is cut to what the cash buys
    apply_fill(&book.account.cash, &book.position, NULL, side * qty, px, cost)
    if book.account.cash < book.lowest_cash:
        book.lowest_cash = book.account.cash
    book.last_px = px
    book.last_cost = cost
    return 0


cdef inline bint is_at_risk(const Book* book) noexcept nogil:
    """Some mark could end the account: long only and unborrowed none does."""
    return book.position.qty < 0.0 or (book.account.cash < 0.0 and book.position.qty != 0.0)


cdef inline bint risks(const Book* book, double mark) noexcept nogil:
    """Equity would be below zero there, or so near that rounding decides."""
    cdef double worth = book.position.qty * mark * book.position.point_value
    return is_at_risk(book) and book.account.cash + worth <= 1e-6 * fabs(worth)


cdef inline double target_percent(Book* book, double weight) noexcept nogil:
    """Signed quantity of the market order that brings the position to `weight` of equity; 0 if none is called for.

    It counts as pending until `end_pending`: when it has filled, or was rejected.
    """
    if order_target_percent(&book.market, &book.account, &book.out, 0, weight) <= 0:
        return 0.0
    book.out.count = 0
    return book.out.items[0].side * book.out.items[0].qty


cdef inline void end_pending(Book* book, int8_t side, double qty) noexcept nogil:
    """The strategy's order has filled, or was rejected."""
    book.pending -= side * qty
