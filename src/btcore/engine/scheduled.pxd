"""Scheduled events: changes of rates, splits, dividends, funding, interest, halts, delisting, session closes.

All functions that return `int` return -1 if memory runs out.
"""

from libc.math cimport INFINITY, fabs
from libc.stdint cimport int32_t, int64_t

from btcore.engine.blotter cimport end_order, end_without_children, is_open, leaves, may_grow
from btcore.engine.closing cimport place_closing_order
from btcore.engine.fills cimport execute, fill_as_taker
from btcore.engine.journal cimport write_flow, write_restatement
from btcore.engine.match_ticks cimport clear_released, is_stale, pass_stale_quote
from btcore.engine.queues cimport refresh_queue, wake_all, wake_due
from btcore.engine.state cimport Exchange, Pool, note
from btcore.model cimport (
    ACCRUAL, AT_CLOSE, BAR, BORROW_FEE, BORROW_RATE, CANCELED, CASH_DIVIDEND, CASH_IN_LIEU, CASH_RATE, CLS, CashFlow,
    DAY_NS, DEBIT_RATE, DELISTED, DELISTING, DIVIDEND, Dated as ScheduledEvent, ENTRY_LATENCY, FROM_FILL, FUNDING,
    FUNDING_RATE, FX_RATE, HALT, HALTED, INTEREST, LOWER_BAND, MARKET, MARK_PX, NONE, Order, PRICE, Position, QUOTE,
    REDUCE_ONLY, REQUESTED, RESPONSE_LATENCY, RESTATED, Restatement, SESSION_CLOSE, SESSION_END, SPLIT, TAKER,
    TERMINAL_PRICE, Ticker, UPPER_BAND,
)
from btcore.rules.accounting cimport Lots, add_cash, apply_fill, position_value, split_position
from btcore.rules.matching cimport has_limit, has_trigger, is_touch
from btcore.rules.rounding cimport floor_to_tick, whole_lots


cdef inline int apply_scheduled(Exchange* ex, const ScheduledEvent* event) noexcept nogil:
    """Applies one scheduled event, at its time."""
    cdef int32_t s = event.symbol
    if event.kind == ENTRY_LATENCY:
        ex.terms.entry.base = <int64_t> event.value
    elif event.kind == RESPONSE_LATENCY:
        ex.blotter.in_flight.response.base = <int64_t> event.value
    elif event.kind == CASH_RATE:
        ex.terms.cash_rate = event.value
    elif event.kind == DEBIT_RATE:
        ex.terms.debit_rate = event.value
    elif event.kind == BORROW_RATE:
        ex.instruments[s].borrow_rate = event.value
    elif event.kind == FX_RATE:
        set_fx_rate(ex, s, event.value)
    elif event.kind == SPLIT:
        return split_symbol(ex, s, event.value, event.ts)
    elif event.kind == CASH_DIVIDEND:
        return pay_dividend(ex, s, event.value, event.ts)
    elif event.kind == FUNDING_RATE:
        return book_cash_flow(ex, s, FUNDING, -position_value(&ex.account.positions[s]) * event.value, event.ts)
    elif event.kind == ACCRUAL:
        return accrue_interest(ex, event.ts)
    elif event.kind == SESSION_END:
        return end_session(ex, event.ts)
    elif event.kind == HALT:
        ex.trading[s].halted = event.value != 0.0
        ex.trading[s].halted_since = event.ts
    elif event.kind == LOWER_BAND:
        ex.trading[s].lower = event.value
    elif event.kind == UPPER_BAND:
        ex.trading[s].upper = event.value
    elif event.kind == DELISTING:
        return delist_symbol(ex, s, event.value, event.ts)
    elif event.kind == MARK_PX:
        set_mark(ex, s, event.value)
    return 0


cdef inline bint keeps_its_value(int kind) noexcept nogil:
    """True for the kinds of scheduled event that set a value which stays until the next one."""
    return ENTRY_LATENCY <= kind <= BORROW_RATE or HALT <= kind <= UPPER_BAND or kind == MARK_PX


cdef inline void set_mark(Exchange* ex, int32_t s, double px) noexcept nogil:
    """Sets the mark to the price of a mark-price series, which from now on is the mark."""
    ex.trading[s].marked = 1
    ex.account.positions[s].mark = px
    ex.margin_stale = 1


cdef inline int book_cash_flow(Exchange* ex, int32_t symbol, int kind, double amount, int64_t ts) noexcept nogil:
    """Books a payment that is not a trade. The strategy's copy of the account has it at once, without latency."""
    if amount == 0.0:
        return 0
    add_cash(&ex.account, amount)
    ex.margin_stale = 1
    if ex.account.cash < ex.journal.lowest_cash:
        ex.journal.lowest_cash = ex.account.cash
    if ex.blotter.in_flight.delayed:
        add_cash(&ex.known, amount)
    return write_flow(&ex.journal, CashFlow(ts=ts, amount=amount, symbol=symbol, kind=kind))


cdef inline void set_fx_rate(Exchange* ex, int32_t s, double rate) noexcept nogil:
    """Sets the rate from the symbol's currency to that of the account."""
    cdef double point_value = ex.account.instruments[s].multiplier * rate
    ex.account.positions[s].point_value = point_value
    if ex.account.legs != NULL:
        ex.account.legs[2 * s].point_value = ex.account.legs[2 * s + 1].point_value = point_value
    if ex.blotter.in_flight.delayed:
        ex.known.positions[s].point_value = point_value
    ex.margin_stale = 1


cdef inline int accrue_interest(Exchange* ex, int64_t ts) noexcept nogil:
    """Books interest on cash and fees for borrowed shares since the last accrual, in years of 365 days."""
    cdef double years = <double> (ts - ex.last_accrual) / (365.0 * <double> DAY_NS)
    cdef double rate = ex.terms.cash_rate if ex.account.cash > 0.0 else ex.terms.debit_rate
    cdef const Position* position
    cdef double fee
    cdef int32_t i
    ex.last_accrual = ts
    if book_cash_flow(ex, -1, INTEREST, ex.account.cash * rate * years, ts) < 0:
        return -1
    for i in range(ex.account.n_symbols):
        position = &ex.account.positions[i]
        if position.qty < 0.0 and ex.account.instruments[i].borrow_rate != 0.0:
            rate = ex.account.instruments[i].borrow_rate * years
            fee = fabs(position.qty * position.mark * position.point_value) * rate
            if book_cash_flow(ex, i, BORROW_FEE, -fee, ts) < 0:
                return -1
    return 0


# -- dividends --------------------------------------------------------------------------------------------


cdef inline int pay_dividend(Exchange* ex, int32_t s, double amount, int64_t ts) noexcept nogil:
    """Pays `amount` per share, and lowers the mark, the last prices and resting orders by it."""
    cdef Position* position = &ex.account.positions[s]
    cdef Ticker* ticker = &ex.tickers[s]
    cdef int64_t k
    if book_cash_flow(ex, s, DIVIDEND, position.qty * amount * position.point_value, ts) < 0:
        return -1
    position.mark -= amount
    ticker.px -= amount
    ticker.quote.bid -= amount
    ticker.quote.ask -= amount
    ticker.trade.px -= amount
    if ex.blotter.in_flight.delayed:
        ex.known.positions[s].mark = position.mark
    wake_all(&ex.blotter, s)
    for k in range(ex.blotter.n_orders):
        if is_at_exchange(&ex.blotter.orders[k], s) and lower_prices(ex, &ex.blotter.orders[k], amount, ts) < 0:
            return -1
    refresh_queue(&ex.blotter, s)
    return 0


cdef inline bint is_at_exchange(const Order* order, int32_t symbol) noexcept nogil:
    """True for an open order of the symbol that is not in flight: it works, or waits for its parent."""
    return order.symbol == symbol and is_open(order) and (order.ts_arrived >= 0 or order.held)


cdef inline int lower_prices(Exchange* ex, Order* order, double amount, int64_t ts) noexcept nogil:
    """Lowers buy limits and sell stops by a dividend, rounded down to ticks (FINRA rule 5330)."""
    cdef double tick = ex.account.instruments[order.symbol].tick_size
    cdef bint changed = False
    if order.flags & FROM_FILL:
        return 0
    if order.side > 0 and has_limit(order) and floor_to_tick(order.limit_px - amount, tick) > 0.0:
        order.limit_px = floor_to_tick(order.limit_px - amount, tick)
        changed = True
    if order.side < 0 and has_trigger(order) and not is_touch(order) and (
        floor_to_tick(order.stop_px - amount, tick) > 0.0
    ):
        order.stop_px = floor_to_tick(order.stop_px - amount, tick)
        order.best_px = -INFINITY  # a trailing stop continues from the next price
        changed = True
    return note(ex, order.id, RESTATED, DIVIDEND, amount, ts) if changed else 0


# -- splits -----------------------------------------------------------------------------------------------


cdef inline int split_symbol(Exchange* ex, int32_t s, double ratio, int64_t ts) noexcept nogil:
    """Replaces each share by `ratio` new ones: in positions, prices, sizes and orders. Pays out fractions of a lot."""
    cdef Position* net = &ex.account.positions[s]
    cdef Ticker* ticker = &ex.tickers[s]
    cdef int32_t leg
    cdef int64_t k
    net.mark /= ratio
    ticker.px /= ratio
    ex.trading[s].lower /= ratio
    ex.trading[s].upper /= ratio
    ticker.quote.bid /= ratio
    ticker.quote.ask /= ratio
    ticker.quote.bid_qty *= ratio
    ticker.quote.ask_qty *= ratio
    ticker.trade.px /= ratio
    ticker.trade.qty *= ratio
    ticker.bar.volume *= ratio
    ex.pools[s].ask *= ratio
    ex.pools[s].bid *= ratio
    if ex.account.legs == NULL:
        if split_holding(ex, net, &ex.lots[s] if ex.lots != NULL else NULL, ratio, net.mark, ts) < 0:
            return -1
    else:
        for leg in range(2 * s, 2 * s + 2):
            if split_holding(
                ex, &ex.account.legs[leg], &ex.lots[leg] if ex.lots != NULL else NULL, ratio, net.mark, ts
            ) < 0:
                return -1
        net.qty = ex.account.legs[2 * s].qty + ex.account.legs[2 * s + 1].qty
    wake_all(&ex.blotter, s)
    for k in range(ex.blotter.n_orders):
        if is_at_exchange(&ex.blotter.orders[k], s) and split_order(ex, &ex.blotter.orders[k], ratio, ts) < 0:
            return -1
    refresh_queue(&ex.blotter, s)
    ex.margin_stale = 1
    if ex.blotter.in_flight.delayed:
        sync_known(ex)
    return 0


cdef inline int split_holding(
    Exchange* ex, Position* position, Lots* lots, double ratio, double mark, int64_t ts
) noexcept nogil:
    """Splits one position or leg, and sells a fraction of a lot at the mark (cash in lieu)."""
    cdef double lot = ex.account.instruments[position.symbol].lot_size
    cdef double fraction, cash = ex.account.cash
    if position.qty == 0.0:
        return 0
    split_position(position, lots, ratio)
    fraction = fabs(position.qty) - whole_lots(fabs(position.qty), lot)
    fraction = 0.0 if fraction <= 1e-9 * lot else fraction * (1.0 if position.qty > 0.0 else -1.0)
    if write_restatement(&ex.journal, Restatement(
        ts=ts, n_fills=ex.journal.n_fills, ratio=ratio, cash_qty=fraction, px=mark, point_value=position.point_value,
        symbol=position.symbol, leg=position.leg,
    )) < 0:
        return -1
    if fraction == 0.0:
        return 0
    if apply_fill(&ex.account.cash, position, lots, -fraction, mark, 0.0) < 0:
        return -1
    if ex.account.cash == cash:
        return 0
    return write_flow(&ex.journal, CashFlow(
        ts=ts, amount=ex.account.cash - cash, symbol=position.symbol, kind=CASH_IN_LIEU
    ))


cdef inline int split_order(Exchange* ex, Order* order, double ratio, int64_t ts) noexcept nogil:
    """Splits an order. Its open quantity is rounded down to whole lots; an order without any is cancelled."""
    cdef double lot = ex.account.instruments[order.symbol].lot_size
    cdef double released = whole_lots(leaves(order) * ratio, lot)
    cdef double total = whole_lots((order.asked_qty - order.taken_qty - order.filled_qty) * ratio, lot)
    cdef bint can_release_all = order.held or order.parent == 0 or may_grow(&ex.blotter, order)
    cdef bint is_over = (total if can_release_all else released) <= 0.0
    if order.order_type == MARKET:
        ex.blotter.pending[order.symbol] -= order.side * (order.asked_qty - order.filled_qty)
    order.filled_qty *= ratio
    order.taken_qty *= ratio
    order.qty = order.qty * ratio if is_over else order.filled_qty + (total if order.held else released)
    order.asked_qty = order.filled_qty + order.taken_qty + total
    order.avg_px /= ratio
    order.known_filled_qty, order.known_avg_px = order.filled_qty, order.avg_px
    if not order.flags & FROM_FILL:
        order.limit_px /= ratio
        order.stop_px /= ratio
    order.best_px = order.side * INFINITY  # a trailing stop continues from the next price
    order.limit_offset /= ratio
    if order.trail_by == PRICE:
        order.trail /= ratio
    if order.order_type == MARKET:
        ex.blotter.pending[order.symbol] += order.side * (order.asked_qty - order.filled_qty)
    if is_over:
        end_order(&ex.blotter, order, CANCELED, REQUESTED, ts)
    return note(ex, order.id, RESTATED, NONE, ratio, ts)


cdef inline void sync_known(Exchange* ex) noexcept nogil:
    """After a split: makes the strategy's copy of the account equal to the account, ahead of reports in flight."""
    cdef int32_t i
    cdef int64_t k
    cdef Order* order
    ex.known.cash = ex.account.cash
    for i in range(ex.account.n_symbols):
        ex.known.positions[i] = ex.account.positions[i]
        if ex.account.legs != NULL:
            ex.known.legs[2 * i] = ex.account.legs[2 * i]
            ex.known.legs[2 * i + 1] = ex.account.legs[2 * i + 1]
        ex.blotter.pending[i] = 0.0
    for k in range(ex.blotter.in_flight.next_report, ex.blotter.in_flight.n_reports):
        ex.blotter.in_flight.reports[k].applied = 1
    for k in range(ex.blotter.n_orders):
        order = &ex.blotter.orders[k]
        order.known_status = order.status
        order.known_filled_qty, order.known_avg_px = order.filled_qty, order.avg_px
        if is_open(order) and order.order_type == MARKET:
            ex.blotter.pending[order.symbol] += order.side * (order.asked_qty - order.filled_qty)


# -- delisting --------------------------------------------------------------------------------------------


cdef inline int delist_symbol(Exchange* ex, int32_t s, double px, int64_t ts) noexcept nogil:
    """Cancels the symbol's orders, and closes its positions at the terminal price without commission or slippage."""
    cdef Order* order
    cdef int64_t k
    ex.trading[s].delisted = 1
    ex.tickers[s].quoted = 0
    ex.tickers[s].px = ex.account.positions[s].mark = px
    ex.margin_stale = 1
    for k in range(ex.blotter.n_orders):
        order = &ex.blotter.orders[k]
        if is_at_exchange(order, s):
            end_without_children(&ex.blotter, order, CANCELED, DELISTED, ts)
    refresh_queue(&ex.blotter, s)
    if ex.account.legs == NULL:
        return close_at_terminal_price(ex, s, ex.account.positions[s].qty, px, ts)
    if close_at_terminal_price(ex, s, ex.account.legs[2 * s].qty, px, ts) < 0:
        return -1
    return close_at_terminal_price(ex, s, ex.account.legs[2 * s + 1].qty, px, ts)


cdef inline int close_at_terminal_price(
    Exchange* ex, int32_t symbol, double qty, double px, int64_t ts
) noexcept nogil:
    cdef Order* order
    cdef int code
    if qty == 0.0:
        return 0
    order = place_closing_order(ex, symbol, qty, REDUCE_ONLY, ts)
    if order == NULL:
        return -1
    ex.rule = TERMINAL_PRICE
    code = execute(ex, order, px, px, fabs(qty), 0.0, TAKER, ts)
    refresh_queue(&ex.blotter, symbol)
    return code


# -- session closes ---------------------------------------------------------------------------------------


cdef inline int end_session(Exchange* ex, int64_t ts) noexcept nogil:
    """Fills CLS orders of symbols with quotes or trades at the current quote, or at the price of the last trade.

    The close is that of some symbols; orders of the others expire later.
    """
    cdef Ticker* ticker
    cdef Order* order
    cdef int32_t s, i
    for s in range(ex.account.n_symbols):
        ticker = &ex.tickers[s]
        if ticker.source == BAR or ex.blotter.queues[s].next_expiry > ts:
            continue
        wake_due(&ex.blotter, s, ts)
        i = ex.blotter.queues[s].head
        while i >= 0:
            order = &ex.blotter.orders[i]
            if is_open(order) and order.time_in_force == CLS and order.ts_expires <= ts:
                if not order.admitted:
                    end_order(&ex.blotter, order, CANCELED, AT_CLOSE, ts)
                else:
                    order.active = 1
                    if fill_at_session_close(ex, order, ts) < 0:
                        return -1
            i = order.next
        clear_released(ex, s)
        refresh_queue(&ex.blotter, s)
    return 0


cdef inline int fill_at_session_close(Exchange* ex, Order* order, int64_t ts) noexcept nogil:
    """Fills a CLS order at the standing quote, unless it is stale, or at the price of the last trade; not in a halt."""
    cdef const Ticker* ticker = &ex.tickers[order.symbol]
    cdef Pool* pools = &ex.pools[order.symbol]
    ex.rule = SESSION_CLOSE
    if ex.trading[order.symbol].halted:
        end_order(&ex.blotter, order, CANCELED, HALTED, ts)
        return 0
    if ticker.source != QUOTE:
        return fill_as_taker(ex, order, ticker.trade.px, &pools.ask, ts)
    if is_stale(ex, order.symbol, ts):
        return pass_stale_quote(ex, order, ts)
    if order.side > 0:
        return fill_as_taker(ex, order, ticker.quote.ask, &pools.ask, ts)
    return fill_as_taker(ex, order, ticker.quote.bid, &pools.bid, ts)
