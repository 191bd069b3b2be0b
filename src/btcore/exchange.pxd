"""The market side: each event against the working orders of its symbol. docs/simulation.md is its law."""

from libc.math cimport isnan
from libc.stdint cimport int32_t, int64_t

from btcore.blotter cimport Queue, end, is_open, is_woken, refresh
from btcore.execution cimport Exchange, Pool, admit, make, take, takes_part
from btcore.model cimport BAR, Bar, DAY_OVER, EXPIRED, Order, Quote, TRADE, Ticker, Trade
from btcore.rules.matching cimport goes_through, is_limit, is_stop, reaches, triggers, whole_lots


cdef inline int meet_quote(Exchange* ex, Order* order, int64_t ts) noexcept nogil:
    """One order against the standing quote of its symbol."""
    cdef const Quote* quote = &ex.tickers[order.symbol].quote
    cdef Pool* pools = &ex.pools[order.symbol]
    cdef double px = quote.ask if order.side > 0 else quote.bid
    cdef double* pool = &pools.ask if order.side > 0 else &pools.bid
    if is_stop(order):
        if not triggers(order.side, px, order.stop_px):
            return 0
        order.triggered = 1
    if not (is_limit(order) and order.met):
        return take(ex, order, px, pool, ts)
    if reaches(order.side, px, order.limit_px):
        return make(ex, order, order.limit_px, pool, ts)
    return 0


cdef inline int meet_trade(Exchange* ex, Order* order, const Trade* trade) noexcept nogil:
    """One order against a print, in a symbol without quotes."""
    cdef double* pool = &ex.pools[order.symbol].ask
    if is_stop(order):
        order.triggered = triggers(order.side, trade.px, order.stop_px)
        return 0  # the print that triggers is spent
    if not (is_limit(order) and order.met):
        return take(ex, order, trade.px, pool, trade.ts)
    return fill_by_print(ex, order, trade)


cdef inline int fill_by_print(Exchange* ex, Order* order, const Trade* trade) noexcept nogil:
    """A print against a limit order that rests."""
    if not (
        goes_through(order.side, trade.px, order.limit_px)
        or (ex.terms.touch and reaches(order.side, trade.px, order.limit_px))
    ):
        return 0
    return make(ex, order, order.limit_px, &ex.pools[order.symbol].ask, trade.ts)


cdef inline int meet_open(Exchange* ex, Order* order, const Bar* bar) noexcept nogil:
    """First phase of a bar: its open."""
    cdef double* pool = &ex.pools[order.symbol].ask
    if is_stop(order):
        if not triggers(order.side, bar.open, order.stop_px):
            return 0
        order.triggered = 1
    if not (is_limit(order) and order.met):
        return take(ex, order, bar.open, pool, bar.ts)
    if reaches(order.side, bar.open, order.limit_px):
        return make(ex, order, bar.open, pool, bar.ts)
    return 0


cdef inline int stop_in_range(Exchange* ex, Order* order, const Bar* bar, int64_t ts) noexcept nogil:
    """Second phase: a stop the range reaches fills at its price; a stop-limit that can't, rests from the next bar."""
    if not is_stop(order):
        return 0
    if not triggers(order.side, bar.high if order.side > 0 else bar.low, order.stop_px):
        return 0
    order.triggered = 2  # in this bar's range: no limit of this bar
    return take(ex, order, order.stop_px, &ex.pools[order.symbol].ask, ts)


cdef inline int limit_in_range(Exchange* ex, Order* order, const Bar* bar, int64_t ts) noexcept nogil:
    """Third phase: resting limits the range reaches."""
    if order.triggered == 2:
        order.triggered = 1
        return 0
    if is_limit(order) and order.met and reaches(
        order.side, bar.low if order.side > 0 else bar.high, order.limit_px
    ):
        return make(ex, order, order.limit_px, &ex.pools[order.symbol].ask, ts)
    return 0


cdef inline void expire(Exchange* ex, int32_t symbol, int64_t m) noexcept nogil:
    """Ends the day orders whose midnight came at or before market time `m`."""
    cdef Order* order
    cdef int32_t i = ex.blotter.queues[symbol].head
    if m < ex.blotter.queues[symbol].next_expiry:
        return
    while i >= 0:
        order = &ex.blotter.orders[i]
        i = order.next
        if is_open(order) and order.ts_expires <= m:
            end(&ex.blotter, order, EXPIRED, DAY_OVER, order.ts_expires)
    refresh(&ex.blotter, symbol)


cdef inline void admit_waiting(Exchange* ex, int32_t symbol, int64_t ts) noexcept nogil:
    """Orders that came before the symbol had a price, now that it has one."""
    cdef Order* order
    cdef int32_t i = ex.blotter.queues[symbol].head
    if ex.blotter.queues[symbol].waiting == 0:
        return
    while i >= 0:
        order = &ex.blotter.orders[i]
        i = order.next
        if is_open(order) and not order.admitted:
            admit(ex, order, ts)


cdef inline int on_quote(Exchange* ex, int32_t symbol) noexcept nogil:
    """A new quote stands."""
    cdef Ticker* ticker = &ex.tickers[symbol]
    cdef const Quote* quote = &ticker.quote
    cdef Queue* queue = &ex.blotter.queues[symbol]
    cdef Order* order
    cdef int32_t i
    if ex.terms.displayed_size:
        ex.pools[symbol] = Pool(ask=quote.ask_qty, bid=quote.bid_qty)
    ex.account.positions[symbol].mark = 0.5 * (quote.bid + quote.ask)
    ticker.quoted = ticker.priced = 1
    if not is_woken(queue, quote.ask, quote.ask, quote.bid, quote.bid, quote.ts):
        return 0
    expire(ex, symbol, quote.ts)
    admit_waiting(ex, symbol, quote.ts)
    i = queue.head
    while i >= 0:
        order = &ex.blotter.orders[i]
        i = order.next
        if takes_part(order, quote.ts) and meet_quote(ex, order, quote.ts) < 0:
            return -1
    refresh(&ex.blotter, symbol)
    return 0


cdef inline int on_trade(Exchange* ex, int32_t symbol) noexcept nogil:
    """A print: the market where there are no quotes, a witness for resting limits where there are."""
    cdef Ticker* ticker = &ex.tickers[symbol]
    cdef const Trade* trade = &ticker.trade
    cdef Queue* queue = &ex.blotter.queues[symbol]
    cdef Pool quote_pool = ex.pools[symbol]
    cdef Order* order
    cdef bint is_source = ticker.source == TRADE
    cdef int code = 0
    cdef int32_t i
    if is_source:
        ex.account.positions[symbol].mark = trade.px
        ticker.priced = 1
    if not is_woken(queue, trade.px, trade.px, trade.px, trade.px, trade.ts):
        return 0
    if ex.terms.displayed_size:
        ex.pools[symbol].ask = trade.qty
    expire(ex, symbol, trade.ts)
    if is_source:
        admit_waiting(ex, symbol, trade.ts)
    i = queue.head
    while i >= 0 and code == 0:
        order = &ex.blotter.orders[i]
        i = order.next
        if not takes_part(order, trade.ts):
            continue
        if is_source:
            code = meet_trade(ex, order, trade)
        elif is_limit(order) and order.met:
            code = fill_by_print(ex, order, trade)
    if not is_source:
        ex.pools[symbol] = quote_pool  # the standing quote keeps its own size
    refresh(&ex.blotter, symbol)
    return code


cdef inline int on_bar(Exchange* ex, int32_t symbol, int64_t ts) noexcept nogil:
    """A bar, delivered at `ts`: its open, then stops in its range, then limits."""
    cdef Ticker* ticker = &ex.tickers[symbol]
    cdef const Bar* bar = &ticker.bar
    cdef Queue* queue = &ex.blotter.queues[symbol]
    cdef Order* order
    cdef int code = 0, phase
    cdef int32_t i
    if ticker.source != BAR:
        expire(ex, symbol, bar.ts)
        return 0
    if is_woken(queue, bar.low, bar.high, bar.low, bar.high, bar.ts):
        if not isnan(ex.terms.volume_share):
            ex.pools[symbol].ask = whole_lots(
                ex.terms.volume_share * bar.volume, ex.account.instruments[symbol].lot_size
            )
        if not ticker.priced:
            ex.account.positions[symbol].mark = bar.open
        expire(ex, symbol, bar.ts)
        admit_waiting(ex, symbol, ts)
        for phase in range(3):
            ex.span = bar if phase == 1 else NULL
            i = queue.head
            while i >= 0 and code == 0:
                order = &ex.blotter.orders[i]
                i = order.next
                if not takes_part(order, bar.ts):
                    continue
                if phase == 0:
                    code = meet_open(ex, order, bar)
                elif phase == 1:
                    code = stop_in_range(ex, order, bar, ts)
                else:
                    code = limit_in_range(ex, order, bar, ts)
        ex.span = NULL
        refresh(&ex.blotter, symbol)
    ex.account.positions[symbol].mark = bar.close
    ticker.priced = 1
    return code
