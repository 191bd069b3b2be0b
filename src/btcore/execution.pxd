"""One execution: what a fill does to money, to its order, to the journal and to the order's group."""

from libc.math cimport NAN
from libc.stdint cimport int32_t, int64_t, int8_t

from btcore.blotter cimport Blotter, cancel_group, end, is_open, leaves
from btcore.journal cimport Journal, write_fill
from btcore.model cimport (
    Account, Bar, CANCELED, FILLED, FOK, FOK_UNFILLED, Fill, IOC, IOC_REMAINDER, MAKER, MARKET, NONE, Order,
    PARTIALLY_FILLED, REJECTED, TAKER, Ticker,
)
from btcore.rules.accounting cimport apply_fill
from btcore.rules.admission cimport check_buying_power, check_terms, count, worst_quantity
from btcore.rules.commission cimport CommissionTerms, commission
from btcore.rules.matching cimport available, is_limit, is_marketable, reaches
from btcore.rules.slippage cimport slip


cdef struct Terms:               # how orders meet the market in this run
    CommissionTerms commission
    double slippage_bps
    double volume_share          # of a bar; NaN: not capped
    int64_t latency              # ns
    int8_t displayed_size        # quotes and prints cap what trades
    int8_t touch                 # a print at a resting limit's price fills it

cdef struct Pool:                # size left to take from the present event; inf where it is not capped
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
    const int64_t* midnights     # local ones, ns UTC: they end day orders
    int64_t n_midnights


cdef inline bint takes_part(const Order* order, int64_t ts) noexcept nogil:
    return is_open(order) and order.admitted and order.ts_arrived <= ts


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


cdef inline double worst_open(const Exchange* ex, int32_t symbol) noexcept nogil:
    """The largest position the symbol's admitted orders could lead to."""
    return worst_quantity(ex.account.positions[symbol].qty, &ex.blotter.open_qty[symbol])


cdef inline int admit(Exchange* ex, Order* order, int64_t ts) noexcept nogil:
    """Lets an arrived order in, or rejects it. True if it is in."""
    cdef int reason = check_terms(order, &ex.account.instruments[order.symbol])
    if reason == NONE:
        reason = check_buying_power(
            order, &ex.account, ex.blotter.open_qty, &ex.tickers[order.symbol], worst_open(ex, order.symbol)
        )
    if reason != NONE:
        end(&ex.blotter, order, REJECTED, <int8_t> reason, ts)
        return False
    order.admitted = 1
    count(&ex.blotter.open_qty[order.symbol], order)
    return True
