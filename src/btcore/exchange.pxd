"""The market side: each event against the working orders of its symbol. docs/simulation.md is the law it follows."""

from libc.math cimport INFINITY, NAN, isnan
from libc.stdint cimport int32_t, int64_t, int8_t

from btcore.blotter cimport (
    Blotter, Queue, cancel_group, end, is_open, is_woken, is_woken_by_quote, leaves, refresh
)
from btcore.journal cimport Journal, write_fill
from btcore.model cimport (
    Account, BAR, Bar, CANCELED, DAY_OVER, EXPIRED, FILLED, FOK, FOK_UNFILLED, Fill, IOC, IOC_REMAINDER, MAKER,
    MARKET, NONE, Order, PARTIALLY_FILLED, QUOTE, Quote, REJECTED, STOP, TAKER, TRADE, Ticker, Trade,
)
from btcore.rules.accounting cimport apply_fill
from btcore.rules.admission cimport check_buying_power, check_terms
from btcore.rules.commission cimport CommissionTerms, commission
from btcore.rules.matching cimport (
    available, goes_through, is_limit, is_marketable, is_stop, reaches, triggers, whole_lots
)
from btcore.rules.slippage cimport slip


cdef struct Terms:               # how orders meet the market in this run
    CommissionTerms commission
    double slippage_bps
    double volume_share          # of a bar; NaN: not capped
    int64_t latency              # ns
    int8_t displayed_size        # quotes and prints cap what trades
    int8_t touch                 # a print at a resting limit's price fills it

cdef struct Pool:                # size left to take from the present event
    double ask                   # bars and prints have this one alone
    double bid

cdef struct Exchange:
    Account account
    Blotter blotter
    Journal journal
    Terms terms
    Ticker* tickers
    Pool* pools
    const Bar* span              # the bar whose range is being matched for stops, else NULL


cdef inline int execute(
    Exchange* ex, Order* order, double px, double qty, int8_t liquidity, int64_t ts
) noexcept nogil:
    """One fill, through the books: money, the order, the journal, its group."""
    cdef Account* account = &ex.account
    cdef double multiplier = account.instruments[order.symbol].multiplier
    cdef double cost = commission(&ex.terms.commission, qty, px, multiplier, liquidity)
    cdef double before = order.filled_qty
    apply_fill(&account.cash, &account.positions[order.symbol], order.side * qty, px, multiplier, cost)
    order.avg_px = px if before == 0.0 else (order.avg_px * before + px * qty) / (before + qty)
    order.filled_qty = before + qty
    order.status = PARTIALLY_FILLED
    if order.order_type == MARKET:
        ex.blotter.pending[order.symbol] -= order.side * qty
    if leaves(order) <= 1e-12 * order.qty:
        order.filled_qty = order.qty
        end(&ex.blotter, order, FILLED, NONE, ts)
    if order.oco > 0:
        if ex.span != NULL and is_ambiguous(ex, order):
            ex.journal.ambiguous_bars += 1
        cancel_group(&ex.blotter, order, ts)
    return write_fill(&ex.journal, Fill(
        ts=ts, order_id=order.id, last_qty=qty, last_px=px, commission=cost, symbol=order.symbol,
        side=order.side, liquidity=liquidity,
    ))


cdef inline bint is_ambiguous(Exchange* ex, const Order* stop) noexcept nogil:
    """The range that filled `stop` held a limit of its group as well."""
    cdef const Order* order
    cdef int32_t i = ex.blotter.queues[stop.symbol].head
    while i >= 0:
        order = &ex.blotter.orders[i]
        i = order.next
        if (
            order.oco == stop.oco and order.id != stop.id and takes_part(order, ex.span.ts) and is_limit(order)
            and order.triggered != 2
            and reaches(order.side, ex.span.low if order.side > 0 else ex.span.high, order.limit_px)
        ):
            return True
    return False


cdef inline bint takes_part(const Order* order, int64_t ts) noexcept nogil:
    return is_open(order) and order.admitted and order.ts_arrived <= ts


cdef inline int take(Exchange* ex, Order* order, double px, double* pool, int64_t ts) noexcept nogil:
    """The order meets the market at `px` as a taker, and its time in force has its say."""
    cdef double wanted = leaves(order), qty = 0.0
    if is_marketable(order, px):
        qty = available(wanted, pool[0], ex.account.instruments[order.symbol].lot_size)
        if order.time_in_force == FOK and qty < wanted:
            qty = 0.0
    order.met = 1
    if qty > 0.0:
        pool[0] -= qty
        px = slip(order.side, px, ex.terms.slippage_bps, order.limit_px if is_limit(order) else NAN)
        if execute(ex, order, px, qty, TAKER, ts) < 0:
            return -1
    if is_open(order) and order.time_in_force == IOC:
        end(&ex.blotter, order, CANCELED, IOC_REMAINDER, ts)
    elif is_open(order) and order.time_in_force == FOK:
        end(&ex.blotter, order, CANCELED, FOK_UNFILLED, ts)
    return 0


cdef inline int make(Exchange* ex, Order* order, double px, double* pool, int64_t ts) noexcept nogil:
    """A resting limit order is filled at `px` as a maker."""
    cdef double qty = available(leaves(order), pool[0], ex.account.instruments[order.symbol].lot_size)
    if qty <= 0.0:
        return 0
    pool[0] -= qty
    return execute(ex, order, px, qty, MAKER, ts)


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


cdef inline int admit(Exchange* ex, Order* order, int64_t ts) noexcept nogil:
    """Lets an arrived order in, or rejects it. True if it is in."""
    cdef int reason = check_terms(order, &ex.account.instruments[order.symbol])
    if reason == NONE:
        reason = check_buying_power(order, &ex.account, ex.blotter.open_qty, &ex.tickers[order.symbol])
    if reason != NONE:
        end(&ex.blotter, order, REJECTED, <int8_t> reason, ts)
        return False
    order.admitted = 1
    if order.side > 0:
        ex.blotter.open_qty[order.symbol].buy += leaves(order)
    else:
        ex.blotter.open_qty[order.symbol].sell += leaves(order)
    return True


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
    ex.pools[symbol].ask = quote.ask_qty if ex.terms.displayed_size else INFINITY
    ex.pools[symbol].bid = quote.bid_qty if ex.terms.displayed_size else INFINITY
    ex.account.positions[symbol].mark = 0.5 * (quote.bid + quote.ask)
    ticker.quoted = ticker.priced = 1
    if not is_woken_by_quote(queue, quote.bid, quote.ask, quote.ts):
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
    if not is_woken(queue, trade.px, trade.px, trade.ts):
        return 0
    ex.pools[symbol].ask = trade.qty if ex.terms.displayed_size else INFINITY
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
    if is_woken(queue, bar.low, bar.high, bar.ts):
        ex.pools[symbol].ask = (
            INFINITY if isnan(ex.terms.volume_share)
            else whole_lots(ex.terms.volume_share * bar.volume, ex.account.instruments[symbol].lot_size)
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
