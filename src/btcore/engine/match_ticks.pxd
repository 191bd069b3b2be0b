"""Quotes and trades against working orders. docs/simulation.md states the rules."""

from libc.math cimport INFINITY
from libc.stdint cimport int32_t, int64_t, int8_t

from btcore.engine.admit cimport admit
from btcore.engine.blotter cimport Queue, end_order, is_open, leaves
from btcore.engine.fills cimport fill_as_maker, fill_as_taker, trigger
from btcore.engine.queues cimport (
    find_due_children, is_affected, next_due_child, refresh_queue, update_queue, wake_due, wake_reached
)
from btcore.engine.state cimport Exchange, Pool, can_match, note, rests, set_price, takes_close
from btcore.model cimport (
    AT_CLOSE, AT_OPENING, BAR, BAR_CLOSE, CANCELED, CLS, DAY_OVER, EXPIRED, FOK, GTD, GTD_OVER, HALTED, IOC, NONE,
    OPG, Order, PASSED_STALE, PRINT_TAKEN, PRINT_THROUGH, PRINT_TOUCHED, QUOTE, QUOTE_REACHED, QUOTE_TAKEN, Quote,
    STALE_QUOTE, STANDING_QUOTE, TRADE, Ticker, Trade,
)
from btcore.rules.matching cimport (
    fills_resting, goes_through, is_limit, is_trailing, is_untriggered, reference_px, trail_stop, triggers
)


cdef inline bint stays_untriggered(Exchange* ex, Order* order, double px, int64_t ts) noexcept nogil:
    """Triggers the order if `px` reaches its trigger. True if it still waits; then a trailing stop moves with `px`."""
    if not is_untriggered(order):
        return False
    if triggers(order, px):
        trigger(ex, order, 1, ts)
        return False
    if is_trailing(order):
        trail_stop(order, px, ex.account.instruments[order.symbol].tick_size)
    return True


cdef inline int match_quote(Exchange* ex, Order* order, int64_t ts, int8_t rule) noexcept nogil:
    """Matches one order against the current quote of its symbol. `rule` is for a taker's fill.

    Returns 0, or -1 if memory runs out.
    """
    cdef const Quote* quote = &ex.tickers[order.symbol].quote
    cdef Pool* pools = &ex.pools[order.symbol]
    cdef double px = quote.ask if order.side > 0 else quote.bid
    cdef double* pool = &pools.ask if order.side > 0 else &pools.bid
    if not order.active or leaves(order) <= 0.0 or stays_untriggered(ex, order, px, ts):
        return 0
    if not (is_limit(order) and order.met):
        ex.rule = rule
        return fill_as_taker(ex, order, px, pool, ts)
    if fills_resting(order.side, px, order.limit_px, ex.terms.through):
        ex.rule = QUOTE_REACHED
        return fill_as_maker(ex, order, order.limit_px, pool, ts)
    return 0


cdef inline int match_standing(Exchange* ex, Order* order, int64_t now) noexcept nogil:
    """Matches an order that arrives between events against the price that is known then.

    That is the standing quote; on bars there is none, but with `fill_at_close` the close of a bar that ends at `now`.
    Returns 0, or -1 if memory runs out.
    """
    cdef const Ticker* ticker = &ex.tickers[order.symbol]
    if order.time_in_force == OPG:
        return 0  # it meets an event of the source at or after its open
    if ex.trading[order.symbol].halted:
        return wait_for_trading(ex, order, now)
    if ticker.source == QUOTE and ticker.quoted:
        if is_stale(ex, order.symbol, now):
            return pass_stale_quote(ex, order, now)
        return match_quote(ex, order, now, STANDING_QUOTE)
    if ex.blotter.queues[order.symbol].bar_end == now and takes_close(ex, order) and leaves(order) > 0.0:
        ex.rule = BAR_CLOSE
        return fill_as_taker(
            ex, order, reference_px(ticker, order.side), &ex.pools[order.symbol].ask, now
        )
    return 0


cdef inline int wait_for_trading(Exchange* ex, Order* order, int64_t now) noexcept nogil:
    """In a halt an order waits for the first event after it, unless it must fill at once."""
    if (order.time_in_force == IOC or order.time_in_force == FOK) and leaves(order) > 0.0:
        end_order(&ex.blotter, order, CANCELED, HALTED, now)
    return 0


cdef inline bint is_stale(const Exchange* ex, int32_t symbol, int64_t now) noexcept nogil:
    """True if the standing quote is older than the run allows."""
    return now - ex.tickers[symbol].quote.ts > ex.terms.max_quote_age


cdef inline int pass_stale_quote(Exchange* ex, Order* order, int64_t now) noexcept nogil:
    """Notes that a stale quote fills nothing. The order waits for the next quote, unless it must fill at once."""
    cdef double age = (now - ex.tickers[order.symbol].quote.ts) / 1e9
    if not order.active or leaves(order) <= 0.0:
        return 0
    if order.time_in_force == IOC or order.time_in_force == FOK or order.time_in_force == CLS:
        end_order(&ex.blotter, order, CANCELED, STALE_QUOTE, now)
    return note(ex, order.id, PASSED_STALE, NONE, age, now)


cdef inline int match_trade(Exchange* ex, Order* order, const Trade* trade) noexcept nogil:
    """Matches one order against a trade, in a symbol without quotes. Returns 0, or -1 if memory runs out."""
    cdef bint was_untriggered = is_untriggered(order)
    if stays_untriggered(ex, order, trade.px, trade.ts) or was_untriggered:
        return 0  # a trade does not fill an order that it triggers
    if not (is_limit(order) and order.met):
        ex.rule = PRINT_TAKEN
        return fill_as_taker(ex, order, trade.px, &ex.pools[order.symbol].ask, trade.ts)
    return match_resting_limit(ex, order, trade)


cdef inline int match_resting_limit(Exchange* ex, Order* order, const Trade* trade) noexcept nogil:
    """Matches a resting limit order against a trade beyond its price, or at its price without `print_through`."""
    if not fills_resting(order.side, trade.px, order.limit_px, ex.terms.print_through):
        return 0
    ex.rule = PRINT_THROUGH if goes_through(order.side, trade.px, order.limit_px) else PRINT_TOUCHED
    return fill_as_maker(
        ex, order, order.limit_px,
        &ex.pools[order.symbol].ask if ex.tickers[order.symbol].source == TRADE else &ex.trade_pool, trade.ts,
    )


cdef inline void clear_released(Exchange* ex, int32_t symbol) noexcept nogil:
    """Clears the mark of the children released by the current event, which has ended."""
    cdef int32_t i = ex.blotter.queues[symbol].head
    if ex.n_released_now == 0:
        return
    while i >= 0:
        ex.blotter.orders[i].fresh = 0
        i = ex.blotter.orders[i].next
    ex.n_released_now = 0


cdef inline bint expire_and_activate(Exchange* ex, int32_t symbol, int64_t ts, int64_t last) noexcept nogil:
    """Ends orders that have expired by `ts`, and activates OPG orders whose session has opened by `last`.

    `ts` is when the event begins and `last` its last moment: a bar has the open of its session inside. An OPG order
    that arrived after the beginning of that bar has missed its opening. False if there were no orders of either kind.
    """
    cdef Order* order
    cdef int32_t i
    if last < ex.blotter.queues[symbol].next_expiry:
        return False
    wake_due(&ex.blotter, symbol, last)
    i = ex.blotter.queues[symbol].head
    while i >= 0:
        order = &ex.blotter.orders[i]
        i = order.next
        if is_open(order) and order.ts_expires <= ts:
            if order.time_in_force == CLS:
                if ex.tickers[symbol].source == BAR:  # with quotes or trades, `scheduled.end_session` fills them
                    end_order(&ex.blotter, order, CANCELED, AT_CLOSE, order.ts_expires)
            else:
                end_order(
                    &ex.blotter, order, EXPIRED, GTD_OVER if order.time_in_force == GTD else DAY_OVER, order.ts_expires
                )
        elif is_open(order) and not order.active and order.ts_opening <= last:
            order.active = 1
            if order.ts_arrived > ts:
                end_order(&ex.blotter, order, CANCELED, AT_OPENING, order.ts_opening)
    find_due_children(&ex.blotter, symbol, ts)
    order = next_due_child(&ex.blotter)
    while order != NULL:
        if is_open(order):
            end_order(&ex.blotter, order, EXPIRED, GTD_OVER, order.ts_expires)
        order = next_due_child(&ex.blotter)
    update_queue(&ex.blotter, symbol, False)  # the event has not been matched
    return True


cdef inline void admit_waiting(Exchange* ex, int32_t symbol, int64_t ts) noexcept nogil:
    """Admits or rejects orders that arrived before the symbol's first price."""
    cdef Order* order
    cdef int32_t i = ex.blotter.queues[symbol].head
    if ex.blotter.queues[symbol].n_unadmitted == 0:
        return
    while i >= 0:
        order = &ex.blotter.orders[i]
        i = order.next
        if is_open(order) and not order.admitted:
            admit(ex, order, ts, reference_px(&ex.tickers[symbol], order.side))


cdef inline void check_mark_bounds(Exchange* ex, const Queue* queue, double mark) noexcept nogil:
    """Requests a margin check if the mark has left its bounds."""
    if not queue.margin_floor < mark < queue.margin_ceiling:
        ex.margin_stale = 1


cdef inline int on_quote(Exchange* ex, int32_t symbol) noexcept nogil:
    """Processes a new quote.

    Returns 1 if it may have affected an order, 0 if it has not, -1 if memory runs out; likewise `on_trade`.
    """
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
    if not is_affected(queue, quote.ask, quote.ask, quote.bid, quote.bid, quote.ts):
        set_price(ex, symbol, mark)
        ticker.priced = 1
        return 0
    if not ticker.priced:
        set_price(ex, symbol, mark)
        ticker.priced = 1
    wake_reached(&ex.blotter, symbol, quote.ask, quote.ask, quote.bid, quote.bid, quote.ts)
    expire_and_activate(ex, symbol, quote.ts, quote.ts)
    admit_waiting(ex, symbol, quote.ts)
    i = -1 if ex.trading[symbol].halted else queue.head
    while i >= 0:
        order = &ex.blotter.orders[i]
        if (
            not order.fresh and can_match(order, quote.ts) and not (queue.rests_on_bars and rests(order))
            and match_quote(ex, order, quote.ts, QUOTE_TAKEN) < 0
        ):
            return -1
        i = order.next
    clear_released(ex, symbol)
    refresh_queue(&ex.blotter, symbol)
    set_price(ex, symbol, mark)
    check_mark_bounds(ex, queue, mark)
    return 1


cdef inline int on_trade(Exchange* ex, int32_t symbol) noexcept nogil:
    """Processes a trade. Without quotes, orders fill against it; with quotes, it only fills resting limits."""
    cdef Ticker* ticker = &ex.tickers[symbol]
    cdef const Trade* trade = &ticker.trade
    cdef Queue* queue = &ex.blotter.queues[symbol]
    cdef Order* order
    cdef bint is_source = ticker.source == TRADE
    cdef bint affected
    cdef int code = 0
    cdef int32_t i
    ex.trade_pool = trade.qty if ex.terms.displayed_size else INFINITY
    if is_source:
        ex.pools[symbol].ask = ex.trade_pool
        ticker.event = ex.event[0]
        if not ticker.priced:
            set_price(ex, symbol, trade.px)
            ticker.priced = 1
    affected = is_affected(queue, trade.px, trade.px, trade.px, trade.px, trade.ts)
    if affected:
        wake_reached(&ex.blotter, symbol, trade.px, trade.px, trade.px, trade.px, trade.ts)
        expire_and_activate(ex, symbol, trade.ts, trade.ts)
        if is_source:
            admit_waiting(ex, symbol, trade.ts)
        i = -1 if ex.trading[symbol].halted else queue.head
        while i >= 0 and code == 0:
            order = &ex.blotter.orders[i]
            i = order.next
            if order.fresh or not can_match(order, trade.ts):
                continue
            if is_source:
                code = match_trade(ex, order, trade)
            elif is_limit(order) and order.met and not queue.rests_on_bars:
                code = match_resting_limit(ex, order, trade)
        clear_released(ex, symbol)
        refresh_queue(&ex.blotter, symbol)
        if is_source:
            check_mark_bounds(ex, queue, trade.px)
    if is_source:
        set_price(ex, symbol, trade.px)
    return -1 if code < 0 else affected
