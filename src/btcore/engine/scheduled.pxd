"""What happens at a date: steps of rates, splits, dividends, funding, accruals, the end of a session."""

from libc.math cimport INFINITY, fabs
from libc.stdint cimport int32_t, int64_t

from btcore.engine.blotter cimport end, is_open, leaves, may_grow, refresh
from btcore.engine.match_ticks cimport forget_fresh
from btcore.engine.fills cimport take
from btcore.engine.journal cimport write_flow, write_restatement
from btcore.model cimport (
    ACCRUAL, AT_CLOSE, BAR, BORROW_FEE, BORROW_RATE, CANCELED, CASH_DIVIDEND, CASH_IN_LIEU, CASH_RATE, CLS, CashFlow,
    DEBIT_RATE, DIVIDEND, Dated, ENTRY_LATENCY, FUNDING, FUNDING_RATE, FX_RATE, INTEREST, MARKET, NONE, Order, PRICE,
    Position, QUOTE, REQUESTED, RESPONSE_LATENCY, RESTATED, Restatement, SESSION_CLOSE, SESSION_END, SPLIT,
    TRADE, Ticker,
)
from btcore.rules.accounting cimport Lots, add_cash, apply_fill, position_value, split_position
from btcore.rules.matching cimport has_limit, has_trigger, is_touch, is_trailing
from btcore.rules.rounding cimport floor_to_tick, whole_lots
from btcore.engine.state cimport Exchange, note

cdef enum:
    YEAR_SECONDS = 365 * 86400


cdef inline int happen(Exchange* ex, const Dated* item) noexcept nogil:
    """One item, at its time; -1 without memory."""
    cdef int32_t s = item.symbol
    if item.kind == ENTRY_LATENCY:
        ex.terms.entry.base = <int64_t> item.value
    elif item.kind == RESPONSE_LATENCY:
        ex.blotter.response.base = <int64_t> item.value
    elif item.kind == CASH_RATE:
        ex.terms.cash_rate = item.value
    elif item.kind == DEBIT_RATE:
        ex.terms.debit_rate = item.value
    elif item.kind == BORROW_RATE:
        ex.instruments[s].borrow_rate = item.value
    elif item.kind == FX_RATE:
        set_rate(ex, s, item.value)
    elif item.kind == SPLIT:
        return split(ex, s, item.value, item.ts)
    elif item.kind == CASH_DIVIDEND:
        return pay_dividend(ex, s, item.value, item.ts)
    elif item.kind == FUNDING_RATE:
        return flow(ex, s, FUNDING, -position_value(&ex.account.positions[s]) * item.value, item.ts)
    elif item.kind == ACCRUAL:
        return accrue(ex, item.ts)
    elif item.kind == SESSION_END:
        return end_session(ex, item.ts)
    return 0


cdef inline int flow(Exchange* ex, int32_t symbol, int kind, double amount, int64_t ts) noexcept nogil:
    """Money that no trade moves, for the account and at once for what the strategy knows of it."""
    if amount == 0.0:
        return 0
    add_cash(&ex.account, amount)
    ex.stirred = 1
    if ex.account.cash < ex.journal.lowest_cash:
        ex.journal.lowest_cash = ex.account.cash
    if ex.blotter.delayed:
        add_cash(&ex.known, amount)
    return write_flow(&ex.journal, CashFlow(ts=ts, amount=amount, symbol=symbol, kind=kind))


cdef inline void set_rate(Exchange* ex, int32_t s, double rate) noexcept nogil:
    cdef double point_value = ex.account.instruments[s].multiplier * rate
    ex.account.positions[s].point_value = point_value
    if ex.account.legs != NULL:
        ex.account.legs[2 * s].point_value = ex.account.legs[2 * s + 1].point_value = point_value
    if ex.blotter.delayed:
        ex.known.positions[s].point_value = point_value
    ex.stirred = 1


cdef inline int accrue(Exchange* ex, int64_t ts) noexcept nogil:
    cdef double years = <double> (ts - ex.last_accrual) / (1e9 * YEAR_SECONDS)
    cdef double rate = ex.terms.cash_rate if ex.account.cash > 0.0 else ex.terms.debit_rate
    cdef const Position* position
    cdef int32_t i
    ex.last_accrual = ts
    if flow(ex, -1, INTEREST, ex.account.cash * rate * years, ts) < 0:
        return -1
    for i in range(ex.account.n_symbols):
        position = &ex.account.positions[i]
        if position.qty < 0.0 and ex.account.instruments[i].borrow_rate != 0.0:
            rate = ex.account.instruments[i].borrow_rate * years
            if flow(ex, i, BORROW_FEE, -fabs(position.qty * position.mark * position.point_value) * rate, ts) < 0:
                return -1
    return 0


cdef inline int pay_dividend(Exchange* ex, int32_t s, double amount, int64_t ts) noexcept nogil:
    """The price goes ex dividend, and so do the orders that rest below it."""
    cdef Position* position = &ex.account.positions[s]
    cdef Ticker* ticker = &ex.tickers[s]
    cdef int64_t k
    if flow(ex, s, DIVIDEND, position.qty * amount * position.point_value, ts) < 0:
        return -1
    position.mark -= amount
    ticker.quote.bid -= amount
    ticker.quote.ask -= amount
    ticker.trade.px -= amount
    if ex.blotter.delayed:
        ex.known.positions[s].mark = position.mark
    for k in range(ex.blotter.n_orders):
        if is_placed(&ex.blotter.orders[k], s) and lower(ex, &ex.blotter.orders[k], amount, ts) < 0:
            return -1
    refresh(&ex.blotter, s)
    return 0


cdef inline bint is_placed(const Order* order, int32_t symbol) noexcept nogil:
    return order.symbol == symbol and is_open(order) and (order.ts_arrived >= 0 or order.held)


cdef inline int lower(Exchange* ex, Order* order, double amount, int64_t ts) noexcept nogil:
    """Limit prices of buys and stop prices of sells fall by a dividend (FINRA rule 5330)."""
    cdef double tick = ex.account.instruments[order.symbol].tick_size
    cdef bint moved = False
    if order.side > 0 and has_limit(order) and floor_to_tick(order.limit_px - amount, tick) > 0.0:
        order.limit_px = floor_to_tick(order.limit_px - amount, tick)
        moved = True
    if order.side < 0 and has_trigger(order) and not is_touch(order) and (
        floor_to_tick(order.stop_px - amount, tick) > 0.0
    ):
        order.stop_px = floor_to_tick(order.stop_px - amount, tick)
        order.best_px = -INFINITY  # so that the next price decides
        moved = True
    return note(ex, order.id, RESTATED, DIVIDEND, amount, ts) if moved else 0


cdef inline int split(Exchange* ex, int32_t s, double ratio, int64_t ts) noexcept nogil:
    """`ratio` new shares for one: positions, marks and orders are restated, parts of a lot paid out."""
    cdef Position* net = &ex.account.positions[s]
    cdef Ticker* ticker = &ex.tickers[s]
    cdef int32_t leg
    cdef int64_t k
    net.mark /= ratio
    ticker.quote.bid /= ratio
    ticker.quote.ask /= ratio
    ticker.quote.bid_qty *= ratio
    ticker.quote.ask_qty *= ratio
    ticker.trade.px /= ratio
    ticker.trade.qty *= ratio
    ex.pools[s].ask *= ratio
    ex.pools[s].bid *= ratio
    if ex.account.legs == NULL:
        if split_held(ex, net, &ex.lots[s] if ex.lots != NULL else NULL, ratio, net.mark, ts) < 0:
            return -1
    else:
        for leg in range(2 * s, 2 * s + 2):
            if split_held(
                ex, &ex.account.legs[leg], &ex.lots[leg] if ex.lots != NULL else NULL, ratio, net.mark, ts
            ) < 0:
                return -1
        net.qty = ex.account.legs[2 * s].qty + ex.account.legs[2 * s + 1].qty
    for k in range(ex.blotter.n_orders):
        if is_placed(&ex.blotter.orders[k], s) and split_order(ex, &ex.blotter.orders[k], ratio, ts) < 0:
            return -1
    refresh(&ex.blotter, s)
    ex.stirred = 1
    if ex.blotter.delayed:
        hear_all(ex)
    return 0


cdef inline int split_held(
    Exchange* ex, Position* position, Lots* lots, double ratio, double mark, int64_t ts
) noexcept nogil:
    cdef double lot = ex.account.instruments[position.symbol].lot_size
    cdef double part, cash = ex.account.cash
    if position.qty == 0.0:
        return 0
    split_position(position, lots, ratio)
    part = fabs(position.qty) - whole_lots(fabs(position.qty), lot)
    part = 0.0 if part <= 1e-9 * lot else part * (1.0 if position.qty > 0.0 else -1.0)
    if write_restatement(&ex.journal, Restatement(
        ts=ts, n_fills=ex.journal.n_fills, ratio=ratio, cash_qty=part, px=mark, point_value=position.point_value,
        symbol=position.symbol, leg=position.leg,
    )) < 0:
        return -1
    if part == 0.0:
        return 0
    if apply_fill(&ex.account.cash, position, lots, -part, mark, 0.0) < 0:
        return -1
    if ex.account.cash == cash:
        return 0
    return write_flow(&ex.journal, CashFlow(
        ts=ts, amount=ex.account.cash - cash, symbol=position.symbol, kind=CASH_IN_LIEU
    ))


cdef inline int split_order(Exchange* ex, Order* order, double ratio, int64_t ts) noexcept nogil:
    """Restated, but for what is no whole lot of it, now or when its parent has filled; nothing left ends it."""
    cdef double lot = ex.account.instruments[order.symbol].lot_size
    cdef double left = whole_lots(leaves(order) * ratio, lot)
    cdef double still = whole_lots((order.asked_qty - order.taken_qty - order.filled_qty) * ratio, lot)
    cdef bint is_whole = order.held or order.parent == 0 or may_grow(&ex.blotter, order)
    cdef bint is_over = (still if is_whole else left) <= 0.0
    if order.order_type == MARKET:  # what the strategy counts on
        ex.blotter.pending[order.symbol] -= order.side * (order.asked_qty - order.filled_qty)
    order.filled_qty *= ratio
    order.taken_qty *= ratio
    order.qty = order.qty * ratio if is_over else order.filled_qty + (still if order.held else left)
    order.asked_qty = order.filled_qty + order.taken_qty + still
    order.avg_px /= ratio
    order.limit_px /= ratio
    order.stop_px /= ratio
    order.best_px = order.side * INFINITY  # so that the next price decides
    order.limit_offset /= ratio
    if order.trail_by == PRICE:
        order.trail /= ratio
    if order.order_type == MARKET:
        ex.blotter.pending[order.symbol] += order.side * (order.asked_qty - order.filled_qty)
    if is_over:
        end(&ex.blotter, order, CANCELED, REQUESTED, ts)
    return note(ex, order.id, RESTATED, NONE, ratio, ts)


cdef inline void hear_all(Exchange* ex) noexcept nogil:
    """At a split the strategy is told where it stands, reports under way or not."""
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
    for k in range(ex.blotter.next_report, ex.blotter.n_reports):
        ex.blotter.reports[k].applied = 1
    for k in range(ex.blotter.n_orders):
        order = &ex.blotter.orders[k]
        order.known_status = order.status
        if is_open(order) and order.order_type == MARKET:
            ex.blotter.pending[order.symbol] += order.side * (order.asked_qty - order.filled_qty)


cdef inline int end_session(Exchange* ex, int64_t ts) noexcept nogil:
    """At-the-close orders of symbols on ticks meet the standing quote, or take the last print."""
    cdef Ticker* ticker
    cdef Order* order
    cdef double px
    cdef double* pool
    cdef int32_t s, i
    for s in range(ex.account.n_symbols):
        ticker = &ex.tickers[s]
        i = ex.blotter.queues[s].head
        if ticker.source == BAR or i < 0 or ex.blotter.queues[s].next_expiry > ts:
            continue
        while i >= 0:
            order = &ex.blotter.orders[i]
            if is_open(order) and order.time_in_force == CLS and order.ts_expires <= ts:
                if not order.admitted:
                    end(&ex.blotter, order, CANCELED, AT_CLOSE, ts)
                else:
                    order.active = 1
                    ex.rule = SESSION_CLOSE
                    px, pool = ticker.trade.px, &ex.pools[s].ask
                    if ticker.source == QUOTE:
                        px = ticker.quote.ask if order.side > 0 else ticker.quote.bid
                        pool = &ex.pools[s].ask if order.side > 0 else &ex.pools[s].bid
                    if take(ex, order, px, pool, ts) < 0:
                        return -1
            i = order.next
        forget_fresh(ex, s)
        refresh(&ex.blotter, s)
    return 0
