"""All that one run's market side holds, and the terms it goes by."""

from libc.math cimport INFINITY
from libc.stdint cimport int32_t, int64_t, int8_t

from btcore.engine.blotter cimport Blotter, is_open, leaves
from btcore.engine.journal cimport Journal, write_note
from btcore.model cimport (
    Account, Bar, Instrument, Note, Order, PRINT_TAKEN, PRINT_TOUCHED, QUOTE, Quote, TRADE, Ticker
)
from btcore.rules.accounting cimport Lots
from btcore.rules.commission cimport CommissionTerms, Turnover
from btcore.rules.latency cimport LatencyTerms
from btcore.rules.slippage cimport SlippageTerms
from btcore.feed.stream cimport Stream


cdef struct Terms:               # how orders meet the market in this run
    CommissionTerms commission
    SlippageTerms slippage
    LatencyTerms entry
    double volume_share          # of a bar; NaN: not capped
    double cash_rate             # now, a year
    double debit_rate
    int8_t displayed_size        # quotes and prints cap what trades
    int8_t touch                 # a print at a resting limit's price fills it
    int8_t intrabar
    int8_t is_cash               # account: no borrowing, no short sales
    int8_t snap                  # off-step numbers are moved, not refused
    int8_t guarded               # some maintenance margin is above 0

cdef struct Pool:                # size left to take from the present event; inf where it is not capped
    double ask                   # bars and prints have this one alone
    double bid

cdef struct Exchange:
    Account account
    Account known                # what the strategy has heard of, where it hears later
    Blotter blotter
    Journal journal
    Terms terms
    Turnover turnover
    Lots* lots                   # by symbol, of a hedging account by leg; NULL where cost is averaged
    int64_t n_books              # of them
    Ticker* tickers
    Pool* pools
    Instrument* instruments      # those of the account, to be written
    const Bar* span              # the bar whose range is being matched for stops, else NULL
    const int64_t* opens         # of sessions, ns UTC
    const int64_t* closes
    int64_t n_sessions
    const Stream* streams
    const int64_t* rows          # the next one of each stream
    int32_t* quotes              # by symbol: which stream its quotes are
    int8_t sized                 # the sizes of quotes are loaded with their prices, not looked up by who asks
    const int64_t* calls         # of the strategy so far
    int64_t* next_id             # of the next order
    const int64_t* event         # index of the present one
    int64_t last_accrual
    int (*meet)(Exchange*, Order*, int64_t, int8_t) noexcept nogil  # an order against the standing quote
    double print_pool            # size left of a print beside quotes
    int32_t fresh                # children released by the present event
    int32_t rivals               # of a stop in a bar's range: limits within it that its fill has ended
    int8_t rule                  # by which the next fill comes about
    int8_t stirred               # money has moved since the margin was last looked at
    int8_t bounded               # some symbol's mark is being watched


cdef inline void share_orders(Exchange* ex) noexcept nogil:
    """The table of orders has grown, and may have moved: what strategies see of it follows."""
    ex.account.orders = ex.known.orders = ex.blotter.orders
    ex.account.n_orders = ex.known.n_orders = ex.blotter.n_orders


cdef inline bint takes_part(const Order* order, int64_t ts) noexcept nogil:
    return (
        is_open(order) and order.admitted and order.active and order.ts_arrived <= ts and leaves(order) > 0.0
    )


cdef inline bint is_print(int8_t rule) noexcept nogil:
    return PRINT_TAKEN <= rule <= PRINT_TOUCHED


cdef inline double size_seen(const Exchange* ex, const Order* order) noexcept nogil:
    """What the present event of the symbol showed on the side the order takes, before anything was taken."""
    cdef const Ticker* ticker = &ex.tickers[order.symbol]
    if is_print(ex.rule) or ticker.source == TRADE:
        return ticker.trade.qty
    if ticker.source == QUOTE:
        return quoted_size(ex, order.symbol, order.side)
    return ticker.bar.volume


cdef inline double quoted_size(const Exchange* ex, int32_t symbol, int8_t side) noexcept nogil:
    """What the standing quote shows on the side that an order of that side takes."""
    cdef const Quote* quote = &ex.tickers[symbol].quote
    cdef const Stream* stream
    cdef const double* sizes
    if ex.sized:
        return quote.ask_qty if side > 0 else quote.bid_qty
    stream = &ex.streams[ex.quotes[symbol]]
    sizes = stream.d if side > 0 else stream.c
    return INFINITY if sizes == NULL else sizes[ex.rows[ex.quotes[symbol]] - 1]


cdef inline int note(Exchange* ex, int64_t order_id, int kind, int reason, double value, int64_t ts) noexcept nogil:
    return write_note(
        &ex.journal, Note(ts=ts, calls=ex.calls[0], order_id=order_id, value=value, kind=kind, reason=reason)
    )


cdef inline int64_t first_after(const int64_t* moments, int64_t n, int64_t ts, bint strictly) noexcept nogil:
    """Index of the first of sorted moments at or after `ts`, or strictly after; `n` if none is."""
    cdef int64_t low = 0, high = n, middle
    while low < high:
        middle = (low + high) // 2
        if moments[middle] > ts or (moments[middle] == ts and not strictly):
            high = middle
        else:
            low = middle + 1
    return low
