"""The market side of ticks: quotes and prints against working orders. docs/simulation.md is its law."""

from libc.math cimport INFINITY
from libc.stdint cimport int32_t, int64_t, int8_t

from btcore.engine.blotter cimport Queue, end, is_open, is_woken, leaves, refresh
from btcore.engine.admit cimport admit, first_px
from btcore.engine.fills cimport make, speak, take
from btcore.model cimport (
    AT_CLOSE, BAR, CANCELED, CLS, DAY_OVER, EXPIRED, GTD, GTD_OVER, Order, PRINT_TAKEN, PRINT_THROUGH, PRINT_TOUCHED,
    QUOTE,     QUOTE_REACHED, QUOTE_TAKEN, Quote, STANDING_QUOTE, TRADE, Ticker, Trade,
)
from btcore.rules.matching cimport (
    goes_through, is_limit, is_trailing, is_untriggered, reaches, trail_stop, triggers
)
from btcore.engine.state cimport Exchange, Pool, takes_part


cdef inline bint is_silent(Exchange* ex, Order* order, double px, int64_t ts) noexcept nogil:
    """The order has a trigger that does not speak at `px`; a trailing one moves then."""
    if not is_untriggered(order):
        return False
    if triggers(order, px):
        speak(ex, order, 1, ts)
        return False
    if is_trailing(order):
        trail_stop(order, px, ex.account.instruments[order.symbol].tick_size)
    return True


cdef inline int meet_quote(Exchange* ex, Order* order, int64_t ts, int8_t rule) noexcept nogil:
    """One order against the standing quote of its symbol."""
    cdef const Quote* quote = &ex.tickers[order.symbol].quote
    cdef Pool* pools = &ex.pools[order.symbol]
    cdef double px = quote.ask if order.side > 0 else quote.bid
    cdef double* pool = &pools.ask if order.side > 0 else &pools.bid
    if not order.active or leaves(order) <= 0.0 or is_silent(ex, order, px, ts):
        return 0
    if not (is_limit(order) and order.met):
        ex.rule = rule
        return take(ex, order, px, pool, ts)
    if reaches(order.side, px, order.limit_px):
        ex.rule = QUOTE_REACHED
        return make(ex, order, order.limit_px, pool, ts)
    return 0


cdef inline int meet_trade(Exchange* ex, Order* order, const Trade* trade) noexcept nogil:
    """One order against a print, in a symbol without quotes."""
    cdef bint dormant = is_untriggered(order)
    if is_silent(ex, order, trade.px, trade.ts) or dormant:
        return 0  # the print that triggers is spent
    if not (is_limit(order) and order.met):
        ex.rule = PRINT_TAKEN
        return take(ex, order, trade.px, &ex.pools[order.symbol].ask, trade.ts)
    return fill_by_print(ex, order, trade)


cdef inline int fill_by_print(Exchange* ex, Order* order, const Trade* trade) noexcept nogil:
    """A print against a limit order that rests."""
    ex.rule = PRINT_THROUGH
    if not goes_through(order.side, trade.px, order.limit_px):
        ex.rule = PRINT_TOUCHED
        if not (ex.terms.touch and reaches(order.side, trade.px, order.limit_px)):
            return 0
    return make(
        ex, order, order.limit_px,
        &ex.pools[order.symbol].ask if ex.tickers[order.symbol].source == TRADE else &ex.print_pool, trade.ts,
    )


cdef inline void forget_fresh(Exchange* ex, int32_t symbol) noexcept nogil:
    """The event that released them is over."""
    cdef int32_t i = ex.blotter.queues[symbol].head
    if ex.fresh == 0:
        return
    while i >= 0:
        ex.blotter.orders[i].fresh = 0
        i = ex.blotter.orders[i].next
    ex.fresh = 0


cdef inline bint awaken(Exchange* ex, int32_t symbol, int64_t m) noexcept nogil:
    """At market time `m`: ends what is over, wakes what waited for an opening. False if there was none of either."""
    cdef Order* order
    cdef int32_t i = ex.blotter.queues[symbol].head
    cdef int64_t k
    if m < ex.blotter.queues[symbol].next_expiry:
        return False
    while i >= 0:
        order = &ex.blotter.orders[i]
        i = order.next
        if is_open(order) and order.ts_expires <= m:
            if order.time_in_force == CLS:
                if ex.tickers[symbol].source == BAR:  # on ticks the session's own end sees to it
                    end(&ex.blotter, order, CANCELED, AT_CLOSE, order.ts_expires)
            else:
                end(
                    &ex.blotter, order, EXPIRED, GTD_OVER if order.time_in_force == GTD else DAY_OVER, order.ts_expires
                )
        elif order.ts_opening <= m:
            order.active = 1
    for k in range(ex.blotter.n_contingent):
        order = &ex.blotter.orders[ex.blotter.contingent[k]]
        if order.symbol == symbol and order.held and is_open(order) and order.ts_expires <= m:
            end(&ex.blotter, order, EXPIRED, GTD_OVER, order.ts_expires)
    refresh(&ex.blotter, symbol)
    return True


cdef inline void admit_waiting(Exchange* ex, int32_t symbol, int64_t ts, double px) noexcept nogil:
    """Orders that came before the symbol had a price, now that it has one."""
    cdef Order* order
    cdef int32_t i = ex.blotter.queues[symbol].head
    if ex.blotter.queues[symbol].waiting == 0:
        return
    while i >= 0:
        order = &ex.blotter.orders[i]
        i = order.next
        if is_open(order) and not order.admitted:
            admit(ex, order, ts, first_px(ex, order, px))


cdef inline void watch(Exchange* ex, const Queue* queue, double mark) noexcept nogil:
    """A mark beyond its bounds wants a look at the margin."""
    if not queue.floor < mark < queue.ceiling:
        ex.stirred = 1


cdef inline int on_quote(Exchange* ex, int32_t symbol) noexcept nogil:
    """A new quote stands. 0 if it concerned no order, 1 if it did, -1 without memory; likewise below."""
    cdef Ticker* ticker = &ex.tickers[symbol]
    cdef const Quote* quote = &ticker.quote
    cdef Queue* queue = &ex.blotter.queues[symbol]
    cdef double mark = 0.5 * (quote.bid + quote.ask)
    cdef Order* order
    cdef int32_t i
    if ex.terms.displayed_size:
        ex.pools[symbol] = Pool(ask=quote.ask_qty, bid=quote.bid_qty)
    ticker.event = ex.event[0]
    ticker.quoted = 1
    if not is_woken(queue, quote.ask, quote.ask, quote.bid, quote.bid, quote.ts):
        ex.account.positions[symbol].mark = mark
        ticker.priced = 1
        return 0
    if not ticker.priced:
        ex.account.positions[symbol].mark = mark
        ticker.priced = 1
    awaken(ex, symbol, quote.ts)
    admit_waiting(ex, symbol, quote.ts, mark)
    i = queue.head
    while i >= 0:
        order = &ex.blotter.orders[i]
        if not order.fresh and takes_part(order, quote.ts) and meet_quote(ex, order, quote.ts, QUOTE_TAKEN) < 0:
            return -1
        i = order.next
    forget_fresh(ex, symbol)
    refresh(&ex.blotter, symbol)
    ex.account.positions[symbol].mark = mark
    watch(ex, queue, mark)
    return 1


cdef inline int on_trade(Exchange* ex, int32_t symbol) noexcept nogil:
    """A print: the market where there are no quotes, a witness for resting limits where there are."""
    cdef Ticker* ticker = &ex.tickers[symbol]
    cdef const Trade* trade = &ticker.trade
    cdef Queue* queue = &ex.blotter.queues[symbol]
    cdef Order* order
    cdef bint is_source = ticker.source == TRADE
    cdef bint woken
    cdef int code = 0
    cdef int32_t i
    ex.print_pool = trade.qty if ex.terms.displayed_size else INFINITY
    if is_source:
        ex.pools[symbol].ask = ex.print_pool
        ticker.event = ex.event[0]
        if not ticker.priced:
            ex.account.positions[symbol].mark = trade.px
            ticker.priced = 1
    woken = is_woken(queue, trade.px, trade.px, trade.px, trade.px, trade.ts)
    if woken:
        awaken(ex, symbol, trade.ts)
        if is_source:
            admit_waiting(ex, symbol, trade.ts, trade.px)
        i = queue.head
        while i >= 0 and code == 0:
            order = &ex.blotter.orders[i]
            i = order.next
            if order.fresh or not takes_part(order, trade.ts):
                continue
            if is_source:
                code = meet_trade(ex, order, trade)
            elif is_limit(order) and order.met:
                code = fill_by_print(ex, order, trade)
        forget_fresh(ex, symbol)
        refresh(&ex.blotter, symbol)
        if is_source:
            watch(ex, queue, trade.px)
    if is_source:
        ex.account.positions[symbol].mark = trade.px
    return -1 if code < 0 else woken
