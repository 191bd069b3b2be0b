"""Everything that the simulated exchange holds during a run, and the settings it runs with."""

from libc.math cimport INFINITY, isnan
from libc.stdint cimport int32_t, int64_t, int8_t

from btcore.engine.blotter cimport Blotter, is_open, leaves
from btcore.engine.cost_calls cimport CostModels
from btcore.engine.journal cimport Journal, write_note
from btcore.feed.prices cimport size_of
from btcore.feed.stream cimport Sides, Stream
from btcore.model cimport (
    Account, Bar, CLS, Instrument, MARKET, Note, OPG, Order, PRINT_TAKEN, PRINT_TOUCHED, QUOTE, Quote, TERMINAL_PRICE,
    TRADE, Ticker,
)
from btcore.rules.accounting cimport Lots
from btcore.rules.commission cimport CommissionTerms, Tier, Turnover
from btcore.rules.latency cimport LatencyTerms
from btcore.rules.matching cimport is_limit, is_limitless, is_untriggered
from btcore.rules.slippage cimport SlippageTerms


cdef struct Terms:               # the execution settings of the run
    Tier* tiers                  # of the commission
    int32_t n_tiers
    LatencyTerms entry           # delay of requests
    int64_t max_quote_age        # ns; an older standing quote fills nothing; NEVER: no limit
    double volume_share          # largest share of a bar's volume that fills; NaN: no limit
    double cash_rate             # interest a year on positive cash; scheduled events change it
    double debit_rate            # interest a year on negative cash
    double max_order             # largest quantity of an order; inf: no limit
    double max_position          # largest possible position; inf: no limit
    double least_equity          # at or below it nothing raises a position; -inf: no limit
    int64_t max_open             # largest number of open orders; NEVER: no limit
    int64_t max_rate             # largest number of orders within a second; 0: no limit
    int8_t displayed_size        # fills are limited to the size of quotes and trades
    int8_t print_through         # a trade fills a resting limit beyond its price alone, not at it
    int8_t through               # likewise quotes and bars
    int8_t intrabar              # Intrabar
    int8_t is_cash               # cash account: no borrowing, no short sales
    int8_t snap_to_steps         # sizes and prices between steps are rounded; 0: the order is rejected
    int8_t oco_across            # an OCO group may have orders of several symbols
    int8_t resting_on_bars       # bars fill the resting orders of symbols that have quotes and bars
    int8_t close_at_end          # positions left at the end of the data are closed
    int8_t fill_at_close         # market orders fill at the close of a bar, not at the next open
    int8_t margin_may_fail       # even a long, unborrowed account can fall below its maintenance margin

cdef struct Costs:               # of one symbol
    CommissionTerms commission
    SlippageTerms slippage

cdef struct Trading:             # whether and where one symbol trades; scheduled events change it
    double lower                 # the price band: orders fill at prices within it; infinite: none
    double upper
    int64_t halted_since         # time of the current halt
    int8_t halted                # 1: a trading halt
    int8_t delisted
    int8_t marked                # 1: the latest price of the mark-price series is the mark

cdef struct Pool:                # size that the current event still offers; inf: no limit
    double ask                   # also that of bars and trades, which have one pool for both sides
    double bid

cdef struct Exchange:
    Account account
    Account known                # the account as reported to the strategy so far; used with response latency alone
    Blotter blotter
    Journal journal
    Terms terms
    Turnover turnover
    Lots* lots                   # by symbol, in a hedging account by leg; NULL for average cost
    int64_t n_lots               # length of `lots`
    Ticker* tickers              # by symbol
    Pool* pools                  # by symbol
    Sides* sides                 # by symbol: the latest bar of bid and ask
    Costs* costs                 # by symbol
    Trading* trading             # by symbol
    CostModels models            # of the user
    Instrument* instruments      # by symbol; `account.instruments` without the const
    const Bar* stop_bar          # the bar while its range is matched against stops, else NULL
    const int64_t* opens         # of the sessions of all symbols, ns UTC
    const int64_t* closes
    const int64_t* sessions      # by symbol: the rows of its first session in `opens`, and after its last
    const Stream* streams
    const int64_t* rows          # by stream: the next row
    int32_t* quote_streams       # by symbol: index of the stream with its quotes
    int8_t has_marks             # 1: some symbol has a mark-price series
    int8_t load_sizes            # 1: quote sizes are loaded with each row; 0: they are looked up on demand
    const int64_t* n_calls       # calls of the strategy so far
    int64_t* next_id             # of the next order
    const int64_t* event         # index of the current event
    int64_t last_accrual         # when interest was last paid
    # match_ticks.match_standing; a pointer, since contingent.pxd needs it and match_ticks.pxd includes contingent.pxd
    int (*match_standing)(Exchange*, Order*, int64_t) noexcept nogil
    int64_t* arrivals            # times of the last `max_rate` orders; the oldest is at `n_arrivals % max_rate`
    int64_t n_arrivals
    double trade_pool            # size that the current trade still offers in a symbol with quotes
    int32_t n_released_now       # children released, or released further, by the current event
    int8_t in_range              # the range of a bar is matched, in no known order
    int8_t beside_quotes         # the bar that is matched is of a symbol with quotes: only resting orders meet it
    int32_t n_ambiguous          # limits that the current fill of a stop has ended, and the bar's range reached too
    int8_t rule                  # Rule of the next fill
    int8_t margin_stale          # money has moved, or a mark has left its bounds, since the last margin check
    int8_t margin_watched        # some symbol has bounds for its mark


cdef inline void share_orders(Exchange* ex) noexcept nogil:
    """Updates the pointers of both accounts to the table of orders, which may have grown and moved."""
    ex.account.orders = ex.known.orders = ex.blotter.orders
    ex.account.n_orders = ex.known.n_orders = ex.blotter.n_orders


cdef inline void set_price(Exchange* ex, int32_t symbol, double px) noexcept nogil:
    """Sets the latest price, which is also the mark of a symbol without a mark-price series."""
    ex.tickers[symbol].px = px
    if not ex.trading[symbol].marked:
        ex.account.positions[symbol].mark = px


cdef inline bint can_match(const Order* order, int64_t ts) noexcept nogil:
    """True if an event at `ts` may fill or trigger the order."""
    return (
        is_open(order) and order.admitted and order.active and order.ts_arrived <= ts and leaves(order) > 0.0
    )


cdef inline bint rests(const Order* order) noexcept nogil:
    """True for a limit order after its meeting with the market, and for an order that waits for its trigger."""
    return is_untriggered(order) or (is_limit(order) and order.met)


cdef inline const Bar* bar_of(const Exchange* ex, const Order* order, const Bar* bar) noexcept nogil:
    """The bar that the order meets: of bars of bid and ask, a buy meets that of the ask, a sell that of the bid."""
    cdef const Sides* sides = &ex.sides[order.symbol]
    if not sides.given:
        return bar
    return &sides.ask if order.side > 0 else &sides.bid


cdef inline bint takes_close(const Exchange* ex, const Order* order) noexcept nogil:
    """True for an order that fills at the close of a bar and never at an open."""
    return (
        ex.terms.fill_at_close and (order.order_type == MARKET or is_limitless(order))
        and order.time_in_force != OPG and order.time_in_force != CLS
    )


cdef inline bint is_trade_rule(int8_t rule) noexcept nogil:
    """True for the values of Rule by which a trade fills an order."""
    return PRINT_TAKEN <= rule <= PRINT_TOUCHED


cdef inline double displayed_size(const Exchange* ex, const Order* order) noexcept nogil:
    """The size of the symbol's current event on the side that the order takes, before any fill."""
    cdef const Ticker* ticker = &ex.tickers[order.symbol]
    if ex.rule == TERMINAL_PRICE:
        return INFINITY
    if is_trade_rule(ex.rule) or ticker.source == TRADE:
        return ticker.trade.qty
    if ticker.source == QUOTE:
        return quoted_size(ex, order.symbol, order.side)
    return INFINITY if isnan(ticker.bar.volume) else ticker.bar.volume


cdef inline double quoted_size(const Exchange* ex, int32_t symbol, int8_t side) noexcept nogil:
    """The size of the current quote on the side that an order of `side` takes; inf if the data has no sizes."""
    cdef const Quote* quote = &ex.tickers[symbol].quote
    cdef int32_t stream = ex.quote_streams[symbol]
    if ex.load_sizes:
        return quote.ask_qty if side > 0 else quote.bid_qty
    return size_of(&ex.streams[stream], ex.rows[stream] - 1, side)


cdef inline int note(Exchange* ex, int64_t order_id, int kind, int reason, double value, int64_t ts) noexcept nogil:
    """Writes a note on an order (0: on the account). Returns 0, or -1 if memory runs out."""
    return write_note(
        &ex.journal, Note(ts=ts, calls=ex.n_calls[0], order_id=order_id, value=value, kind=kind, reason=reason)
    )
