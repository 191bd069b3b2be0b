"""One execution: what a fill does to money, to its order, to the journal and to the orders bound to it."""

from libc.math cimport NAN, fabs
from libc.stdint cimport int32_t, int64_t, int8_t

from btcore.engine.blotter cimport conclude, end, end_alone, is_open, leaves, may_grow, report
from btcore.engine.contingent cimport release_children, stir_group
from btcore.engine.journal cimport write_fill
from btcore.model cimport (
    AT_CLOSE, AT_OPENING, BAR, CANCELED, CLS, FILLED, FOK, FORCED, FOK_UNFILLED, Fill, IOC, IOC_REMAINDER, MAKER,
    MARKET,
    NONE, NOTHING_TO_REDUCE, NO_CASH, OPG, Order, PARTIALLY_FILLED, POST_ONLY, Position, REDUCE_ONLY, REJECTED,
    SESSION_CLOSE, STANDING_QUOTE, TAKER, TRADE, TRAILING_STOP_LIMIT, TRIGGERED, Ticker, WOULD_TAKE,
)
from btcore.rules.accounting cimport apply_fill
from btcore.rules.commission cimport add_turnover, commission
from btcore.rules.rounding cimport larger, smaller, whole_lots
from btcore.rules.matching cimport available, is_limit, is_marketable
from btcore.rules.slippage cimport slip
from btcore.engine.state cimport Exchange, is_print, note, size_seen


cdef inline int leg_of(const Exchange* ex, const Order* order) noexcept nogil:
    """Which position of a hedging account the order acts on: 1 long, -1 short; 0 where positions are netted."""
    if ex.account.legs == NULL:
        return 0
    return -order.side if order.flags & (REDUCE_ONLY | FORCED) else order.side


cdef inline double reducible(const Exchange* ex, const Order* order) noexcept nogil:
    """How much of the position on the other side the order could close."""
    cdef double held = ex.account.positions[order.symbol].qty
    if ex.account.legs != NULL:
        held = ex.account.legs[2 * order.symbol + (order.side > 0)].qty
    return larger(-order.side * held, 0.0)


cdef inline void write_money(
    Exchange* ex, const Order* order, double px, double qty, double cost, int leg
) noexcept nogil:
    cdef int32_t s = order.symbol, i
    cdef Position* net = &ex.account.positions[s]
    if leg == 0:
        ex.blotter.failed |= apply_fill(
            &ex.account.cash, net, &ex.lots[s] if ex.lots != NULL else NULL, order.side * qty, px, cost
        ) < 0
    else:
        i = 2 * s + (leg < 0)
        ex.blotter.failed |= apply_fill(
            &ex.account.cash, &ex.account.legs[i], &ex.lots[i] if ex.lots != NULL else NULL, order.side * qty, px, cost
        ) < 0
        net.qty = ex.account.legs[2 * s].qty + ex.account.legs[2 * s + 1].qty
    if ex.account.cash < ex.journal.lowest_cash:
        ex.journal.lowest_cash = ex.account.cash
    ex.stirred = 1


cdef inline int execute(
    Exchange* ex, Order* order, double px, double seen_px, double qty, int8_t liquidity, int64_t ts
) noexcept nogil:
    """One fill, through the books: money, the journal, the order, its group, its children."""
    cdef double point_value = ex.account.positions[order.symbol].point_value
    cdef double before = order.filled_qty
    cdef double cost = commission(&ex.terms.commission, &ex.turnover, qty, px, point_value, liquidity, ts)
    cdef int leg = leg_of(ex, order)
    cdef bint is_done
    write_money(ex, order, px, qty, cost, leg)
    if ex.terms.commission.n_tiers > 0:
        add_turnover(&ex.turnover, qty * fabs(px) * point_value, ts)
    order.avg_px = px if before == 0.0 else (order.avg_px * before + px * qty) / (before + qty)
    order.filled_qty = before + qty
    order.status = PARTIALLY_FILLED
    if write_evidence(ex, order, px, seen_px, qty, cost, liquidity, leg, ts) < 0:
        return -1
    if order.order_type == MARKET and not ex.blotter.delayed:
        ex.blotter.pending[order.symbol] -= order.side * qty
    is_done = leaves(order) <= 1e-12 * order.qty and not may_grow(&ex.blotter, order)
    if is_done:
        order.filled_qty = order.qty
        end_alone(&ex.blotter, order, FILLED, NONE, ts)
    if ex.blotter.delayed:
        report(&ex.blotter, order, ex.journal.n_fills - 1)
    if order.oco > 0:
        stir_group(ex, order, qty, ts)
    if order.children:
        if release_children(ex, order, ts, px, seen_px) < 0:
            return -1
        if is_done:
            conclude(&ex.blotter, order)
    return 0


cdef inline int write_evidence(
    Exchange* ex, const Order* order, double px, double seen_px, double qty, double cost, int8_t liquidity, int leg,
    int64_t ts,
) noexcept nogil:
    """The fill, with what it came of."""
    cdef const Ticker* ticker = &ex.tickers[order.symbol]
    cdef bint stood = ex.rule == STANDING_QUOTE or ex.rule == SESSION_CLOSE
    cdef int64_t ts_event = ticker.quote.ts
    if is_print(ex.rule) or (stood and ticker.source == TRADE):
        ts_event = ticker.trade.ts
    elif ticker.source == BAR:
        ts_event = ticker.bar.ts
    return write_fill(&ex.journal, Fill(
        ts=ts, order_id=order.id, event=ticker.event if stood else ex.event[0], ts_event=ts_event, last_qty=qty,
        last_px=px, commission=cost, reference_px=seen_px, size_seen=size_seen(ex, order),
        point_value=ex.account.positions[order.symbol].point_value, symbol=order.symbol, side=order.side,
        liquidity=liquidity, rule=ex.rule, leg=<int8_t> leg,
    ))


cdef inline void speak(Exchange* ex, Order* order, int8_t how, int64_t ts) noexcept nogil:
    """The order's trigger has spoken."""
    order.triggered = how
    if order.order_type == TRAILING_STOP_LIMIT:
        order.limit_px = order.stop_px + order.side * order.limit_offset
    ex.blotter.failed |= note(ex, order.id, TRIGGERED, NONE, order.stop_px, ts) < 0


cdef inline int fill(Exchange* ex, Order* order, double px, double* pool, int8_t liquidity, int64_t ts) noexcept nogil:
    """As much of the order as pool, position and cash allow, at `px`, slipped for a taker. -1 without memory."""
    cdef int32_t s = order.symbol
    cdef double lot = ex.account.instruments[s].lot_size
    cdef double point_value = ex.account.positions[s].point_value
    cdef double wanted = leaves(order), seen_px = px, qty, paid
    cdef bint reduces = order.flags & REDUCE_ONLY, is_cut = False
    if available(wanted, pool[0], lot) <= 0.0:
        return 0
    if reduces:
        wanted = smaller(wanted, reducible(ex, order))
        if wanted <= 0.0:
            end(&ex.blotter, order, CANCELED, NOTHING_TO_REDUCE, ts)
            return 0
    qty = available(wanted, pool[0], lot)
    if qty <= 0.0 or (order.time_in_force == FOK and qty < leaves(order)):
        return 0
    if liquidity == TAKER:
        px = slip(
            &ex.terms.slippage, order.side, px, qty, size_seen(ex, order), ex.account.instruments[s].tick_size,
            order.limit_px if is_limit(order) else NAN,
        )
    if ex.terms.is_cash and order.side > 0 and not reduces:
        paid = commission(&ex.terms.commission, &ex.turnover, qty, px, point_value, liquidity, ts)
        if qty * px * point_value + paid > ex.account.cash:
            is_cut = True
            qty = whole_lots(larger(ex.account.cash - paid, 0.0) / (px * point_value), lot)
            qty = 0.0 if order.time_in_force == FOK else qty
    if qty > 0.0:
        pool[0] -= qty
        if execute(ex, order, px, seen_px, qty, liquidity, ts) < 0:
            return -1
    if is_cut and is_open(order):
        end(&ex.blotter, order, CANCELED, NO_CASH, ts)
    elif reduces and is_open(order) and reducible(ex, order) <= 0.0:
        end(&ex.blotter, order, CANCELED, NOTHING_TO_REDUCE, ts)
    return 0


cdef inline int take(Exchange* ex, Order* order, double px, double* pool, int64_t ts) noexcept nogil:
    """The order meets the market at `px` as a taker, and its time in force has its say."""
    order.met = 1
    if is_marketable(order, px):
        if order.flags & POST_ONLY:
            end(&ex.blotter, order, REJECTED if order.filled_qty == 0.0 else CANCELED, WOULD_TAKE, ts)
        elif fill(ex, order, px, pool, TAKER, ts) < 0:
            return -1
    if is_open(order):
        if order.time_in_force == IOC:
            end(&ex.blotter, order, CANCELED, IOC_REMAINDER, ts)
        elif order.time_in_force == FOK:
            end(&ex.blotter, order, CANCELED, FOK_UNFILLED, ts)
        elif order.time_in_force == OPG:
            end(&ex.blotter, order, CANCELED, AT_OPENING, ts)
        elif order.time_in_force == CLS:
            end(&ex.blotter, order, CANCELED, AT_CLOSE, ts)
    return 0


cdef inline int make(Exchange* ex, Order* order, double px, double* pool, int64_t ts) noexcept nogil:
    """A resting limit order is filled at `px` as a maker."""
    return fill(ex, order, px, pool, MAKER, ts)
