"""Fills: how much of an order fills, and what a fill does to money, the order, the journal and linked orders."""

from libc.math cimport NAN, fabs, isfinite
from libc.stdint cimport int32_t, int64_t, int8_t

from btcore.engine.blotter cimport (
    end_children, end_order, end_without_children, is_open, leaves, matchable, may_grow
)
from btcore.engine.contingent cimport apply_oco, release_children
from btcore.engine.cost_calls cimport COMMISSION, FILL_SIZE, SLIPPAGE, ask_model, refuse
from btcore.engine.in_flight cimport send_report
from btcore.engine.journal cimport next_fill
from btcore.engine.state cimport Exchange, displayed_size, is_trade_rule, note
from btcore.model cimport (
    AT_CLOSE, AT_OPENING, BAR, BAR_CLOSE, CANCELED, CLS, DATA_END, FILLED, FOK, FORCED, FOK_UNFILLED, Fill, IOC,
    IOC_REMAINDER, MAKER, MARKET, NONE, NOTHING_TO_REDUCE, NO_CASH, OPG, Order, PARTIALLY_FILLED, POST_ONLY, PRICE_BAND,
    Position, QUOTE, REDUCE_ONLY, REJECTED, SESSION_CLOSE, STANDING_QUOTE, TAKER, TERMINAL_PRICE, TRADE,
    TRAILING_STOP_LIMIT, TRIGGERED, Ticker, WOULD_TAKE,
)
from btcore.rules.accounting cimport apply_fill
from btcore.rules.admission cimport is_price
from btcore.rules.affordable cimport affordable
from btcore.rules.commission cimport add_turnover, commission
from btcore.rules.matching cimport available, is_limit, is_limitless, is_marketable
from btcore.rules.rounding cimport larger, smaller
from btcore.rules.slippage cimport slip, within_limit


cdef inline int leg_of(const Exchange* ex, const Order* order) noexcept nogil:
    """The leg of a hedging account that the order changes: 1 long, -1 short; 0 in a netting account."""
    if ex.account.legs == NULL:
        return 0
    return -order.side if order.flags & (REDUCE_ONLY | FORCED) else order.side


cdef inline double held_quantity(const Exchange* ex, const Order* order) noexcept nogil:
    """The signed position that the order changes."""
    cdef int leg = leg_of(ex, order)
    return ex.account.positions[order.symbol].qty if leg == 0 else ex.account.legs[2 * order.symbol + (leg < 0)].qty


cdef inline double reducible_quantity(const Exchange* ex, const Order* order) noexcept nogil:
    """The largest quantity by which the order could reduce a position."""
    cdef double qty = ex.account.positions[order.symbol].qty
    if ex.account.legs != NULL:
        qty = ex.account.legs[2 * order.symbol + (order.side > 0)].qty
    return larger(-order.side * qty, 0.0)


cdef inline void change_position(
    Exchange* ex, const Order* order, double px, double qty, double cost, int leg
) noexcept nogil:
    """Applies the fill to cash and to the position or the leg; `cost` is the commission."""
    cdef int32_t s = order.symbol, i
    cdef Position* net = &ex.account.positions[s]
    if leg == 0:
        ex.blotter.out_of_memory |= apply_fill(
            &ex.account.cash, net, &ex.lots[s] if ex.lots != NULL else NULL, order.side * qty, px, cost
        ) < 0
    else:
        i = 2 * s + (leg < 0)
        ex.blotter.out_of_memory |= apply_fill(
            &ex.account.cash, &ex.account.legs[i], &ex.lots[i] if ex.lots != NULL else NULL, order.side * qty, px, cost
        ) < 0
        net.qty = ex.account.legs[2 * s].qty + ex.account.legs[2 * s + 1].qty
    if ex.account.cash < ex.journal.lowest_cash:
        ex.journal.lowest_cash = ex.account.cash
    ex.margin_stale = 1


cdef inline double model_value(
    Exchange* ex, int which, const Order* order, double px, double qty, int8_t liquidity
) noexcept nogil:
    """What the user's model gives for a fill of `qty` at `px`; 0 and a fault of the run if it may not."""
    cdef int32_t s = order.symbol
    cdef double value = ask_model(&ex.models, which, px, qty, order.side, liquidity, s, &ex.instruments[s])
    cdef bint is_valid = isfinite(value)
    if which == SLIPPAGE:
        is_valid = is_valid and is_price(value, &ex.instruments[s])
    elif which == FILL_SIZE:
        is_valid = is_valid and value >= 0.0
    if not is_valid:
        refuse(&ex.models, which, value, px, qty, order.side)
        return 0.0
    return value


cdef inline double fill_commission(
    Exchange* ex, const Order* order, double qty, double px, int8_t liquidity, int64_t ts
) noexcept nogil:
    """The commission of a fill of `qty` at `px`."""
    if ex.models.given[COMMISSION]:
        return model_value(ex, COMMISSION, order, px, qty, liquidity)
    return commission(
        &ex.costs[order.symbol].commission, &ex.turnover, qty, px, ex.account.positions[order.symbol].point_value,
        liquidity, order.filled_qty == 0.0, ts,
    )


cdef inline int execute(
    Exchange* ex, Order* order, double px, double seen_px, double qty, double cost, int8_t liquidity, int64_t ts
) noexcept nogil:
    """Applies one fill of `qty` at `px` to money, the order, the journal, the OCO group and the children.

    `seen_px` is the price before slippage, `cost` the commission. Returns 0, or -1 if memory runs out.
    """
    cdef double point_value = ex.account.positions[order.symbol].point_value
    cdef double before = order.filled_qty
    cdef int leg = leg_of(ex, order)
    cdef bint is_done
    change_position(ex, order, px, qty, cost, leg)
    if ex.terms.n_tiers > 0:
        add_turnover(&ex.turnover, qty * fabs(px) * point_value, ts)
    order.avg_px = px if before == 0.0 else (order.avg_px * before + px * qty) / (before + qty)
    order.filled_qty = before + qty
    order.status = PARTIALLY_FILLED
    if record_fill(ex, order, px, seen_px, qty, cost, liquidity, leg, ts) < 0:
        return -1
    if order.order_type == MARKET and not ex.blotter.in_flight.delayed:
        ex.blotter.pending[order.symbol] -= order.side * qty
    is_done = leaves(order) <= 1e-12 * order.qty and not may_grow(&ex.blotter, order)
    if is_done:
        order.filled_qty = order.qty
        end_without_children(&ex.blotter, order, FILLED, NONE, ts)
    if not ex.blotter.in_flight.delayed:
        order.known_filled_qty, order.known_avg_px = order.filled_qty, order.avg_px
        order.known_status = order.status
    if ex.blotter.in_flight.reports_ends:
        ex.blotter.out_of_memory |= send_report(
            &ex.blotter.in_flight, order, ex.journal.n_fills - 1, ex.blotter.now[0]
        ) < 0
    if order.oco > 0:
        apply_oco(ex, order, qty, ts)
    if order.children:
        if release_children(ex, order, ts, px, seen_px) < 0:
            return -1
        if is_done:
            end_children(&ex.blotter, order)
    return 0


cdef inline int record_fill(
    Exchange* ex, const Order* order, double px, double seen_px, double qty, double cost, int8_t liquidity, int leg,
    int64_t ts,
) noexcept nogil:
    """Writes the fill to the journal, with the event, the price and the size that it came from."""
    cdef const Ticker* ticker = &ex.tickers[order.symbol]
    cdef bint is_earlier_event = (
        ex.rule == STANDING_QUOTE or ex.rule == SESSION_CLOSE or ex.rule == BAR_CLOSE or ex.rule == DATA_END
        or ex.rule == TERMINAL_PRICE
    )
    cdef int64_t ts_event = ticker.quote.ts
    cdef Fill* record = next_fill(&ex.journal)
    if record == NULL:
        return -1
    if ticker.quoted and liquidity == TAKER:
        ex.journal.spread_cost += (
            0.5 * (ticker.quote.ask - ticker.quote.bid) * qty * ex.account.positions[order.symbol].point_value
        )
    if ex.rule == TERMINAL_PRICE:
        ts_event = ts
    elif is_trade_rule(ex.rule) or (is_earlier_event and ticker.source == TRADE):
        ts_event = ticker.trade.ts
    elif ticker.source == BAR:
        ts_event = ticker.bar.ts
    record.ts, record.order_id = ts, order.id
    record.event = ticker.event if is_earlier_event else ex.event[0]
    record.ts_event = ts_event
    record.last_qty, record.last_px, record.commission, record.reference_px = qty, px, cost, seen_px
    record.size_seen = displayed_size(ex, order)
    record.point_value = ex.account.positions[order.symbol].point_value
    record.symbol, record.side, record.liquidity = order.symbol, order.side, liquidity
    record.rule, record.leg = ex.rule, <int8_t> leg
    return 0


cdef inline void trigger(Exchange* ex, Order* order, int8_t how, int64_t ts) noexcept nogil:
    """Triggers the order; `how` is the new value of `order.triggered`."""
    order.triggered = how
    if order.order_type == TRAILING_STOP_LIMIT:
        order.limit_px = order.stop_px + order.side * order.limit_offset
    ex.blotter.out_of_memory |= note(ex, order.id, TRIGGERED, NONE, order.stop_px, ts) < 0
    if ex.blotter.in_flight.reports_triggers:
        ex.blotter.out_of_memory |= send_report(&ex.blotter.in_flight, order, -2, ex.blotter.now[0]) < 0


cdef inline double slipped_px(Exchange* ex, const Order* order, double px, double qty) noexcept nogil:
    """The price of a taker's fill of `qty`, where the market's is `px`; not beyond the order's limit."""
    cdef int32_t s = order.symbol
    cdef double limit_px = order.limit_px if is_limit(order) else NAN
    if ex.models.given[SLIPPAGE]:
        return within_limit(order.side, model_value(ex, SLIPPAGE, order, px, qty, TAKER), limit_px)
    return slip(
        &ex.costs[s].slippage, order.side, px, qty, displayed_size(ex, order), held_quantity(ex, order),
        ex.account.instruments[s].tick_size, limit_px,
    )


cdef inline bint is_outside_band(const Exchange* ex, int32_t symbol, double px) noexcept nogil:
    """True if orders do not fill at `px`. What the simulation closes at the end of the data is exempt."""
    return not ex.trading[symbol].lower <= px <= ex.trading[symbol].upper and ex.rule != DATA_END


cdef inline int fill(Exchange* ex, Order* order, double px, double* pool, int8_t liquidity, int64_t ts) noexcept nogil:
    """Fills as much of the order at `px` as the pool, the position and the cash allow; nothing outside the price band.

    What the simulation closes at the end of the data fills whole. A taker pays slippage. What is left of a
    market-to-limit order is a limit order at `px`, before slippage. A reduce-only order with nothing left to reduce is
    cancelled, and so is the remainder of an order that an account without credit cannot pay. Returns 0, or -1 if memory
    runs out.
    """
    cdef int32_t s = order.symbol
    cdef double lot = ex.account.instruments[s].lot_size
    cdef double wanted = matchable(order), seen_px = px, qty, paid, cost
    cdef bint reduces = order.flags & REDUCE_ONLY, lacks_cash = False
    if available(wanted, pool[0], lot) <= 0.0:
        return 0
    if is_outside_band(ex, s, px):
        if order.time_in_force == IOC or order.time_in_force == FOK:
            end_order(&ex.blotter, order, CANCELED, PRICE_BAND, ts)
        return 0
    if reduces:
        wanted = smaller(wanted, reducible_quantity(ex, order))
        if wanted <= 0.0:
            end_order(&ex.blotter, order, CANCELED, NOTHING_TO_REDUCE, ts)
            return 0
    qty = available(wanted, pool[0], lot)
    if ex.models.given[FILL_SIZE] and ex.rule != DATA_END:
        qty = available(qty, model_value(ex, FILL_SIZE, order, px, qty, liquidity), lot)
    if qty <= 0.0 or (order.time_in_force == FOK and qty < leaves(order)):
        return 0
    if liquidity == TAKER:
        px = slipped_px(ex, order, px, qty)
        px = smaller(larger(px, ex.trading[s].lower), ex.trading[s].upper)
    cost = fill_commission(ex, order, qty, px, liquidity, ts)
    if not order.flags & (REDUCE_ONLY | FORCED):
        paid = affordable(&ex.account, ex.blotter.open_qty, ex.terms.is_cash, s, order.side, qty, px, cost)
        if paid < qty:
            lacks_cash = True
            qty = 0.0 if order.time_in_force == FOK else paid
            if qty > 0.0:
                cost = fill_commission(ex, order, qty, px, liquidity, ts)
    if ex.models.invalid:
        return -1
    if qty > 0.0:
        pool[0] -= qty
        if execute(ex, order, px, seen_px, qty, cost, liquidity, ts) < 0:
            return -1
        if is_limitless(order) and is_open(order):
            order.limit_px = seen_px
    if lacks_cash and is_open(order):
        end_order(&ex.blotter, order, CANCELED, NO_CASH, ts)
    elif reduces and is_open(order) and reducible_quantity(ex, order) <= 0.0:
        end_order(&ex.blotter, order, CANCELED, NOTHING_TO_REDUCE, ts)
    return 0


cdef inline int fill_as_taker(Exchange* ex, Order* order, double px, double* pool, int64_t ts) noexcept nogil:
    """Fills the order at `px` as a taker, then applies IOC, FOK, OPG and CLS.

    A limit that `px` does not reach rests. Returns 0, or -1 if memory runs out.
    """
    order.met = 1
    if is_marketable(order, px):
        if order.flags & POST_ONLY:
            end_order(&ex.blotter, order, REJECTED if order.filled_qty == 0.0 else CANCELED, WOULD_TAKE, ts)
        elif fill(ex, order, px, pool, TAKER, ts) < 0:
            return -1
    if is_open(order):
        if order.time_in_force == IOC:
            end_order(&ex.blotter, order, CANCELED, IOC_REMAINDER, ts)
        elif order.time_in_force == FOK:
            end_order(&ex.blotter, order, CANCELED, FOK_UNFILLED, ts)
        elif order.time_in_force == OPG:
            end_order(&ex.blotter, order, CANCELED, AT_OPENING, ts)
        elif order.time_in_force == CLS:
            end_order(&ex.blotter, order, CANCELED, AT_CLOSE, ts)
    return 0


cdef inline int fill_as_maker(Exchange* ex, Order* order, double px, double* pool, int64_t ts) noexcept nogil:
    """Fills a resting limit order at `px` as a maker."""
    return fill(ex, order, px, pool, MAKER, ts)
