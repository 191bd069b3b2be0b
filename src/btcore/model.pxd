"""The nouns. Whoever knows this page knows every value in the program."""

from libc.stdint cimport int8_t, int32_t, int64_t

cpdef enum Kind:
    QUOTE = 0
    TRADE = 1
    BAR = 2
    FILL = 3     # from here on only a strategy hears of them
    TIMER = 4
    START = 5
    END = 6

cpdef enum Side:
    SELL = -1
    BUY = 1

cpdef enum OrderType:
    MARKET = 0
    LIMIT = 1
    STOP = 2
    STOP_LIMIT = 3
    MARKET_IF_TOUCHED = 4
    LIMIT_IF_TOUCHED = 5
    TRAILING_STOP = 6
    TRAILING_STOP_LIMIT = 7

cpdef enum TimeInForce:
    GTC = 0
    DAY = 1
    IOC = 2
    FOK = 3
    GTD = 4      # until a date
    OPG = 5      # at the opening
    CLS = 6      # at the close

cpdef enum TrailBy:
    PRICE = 0
    PERCENT = 1
    TICKS = 2

cpdef enum Flag:     # of an order, bits
    POST_ONLY = 1
    REDUCE_ONLY = 2
    FORCED = 4       # a liquidation's own

cpdef enum Status:
    NEW = 0
    PARTIALLY_FILLED = 1
    FILLED = 2
    CANCELED = 3
    EXPIRED = 4
    REJECTED = 5

cpdef enum Reason:
    NONE = 0
    REQUESTED = 1
    IOC_REMAINDER = 2
    FOK_UNFILLED = 3
    OCO = 4
    DAY_OVER = 5
    END_OF_DATA = 6
    INVALID_QUANTITY = 7
    INVALID_PRICE = 8
    LOT_SIZE = 9
    TICK_SIZE = 10
    BUYING_POWER = 11
    GTD_OVER = 12
    AT_OPENING = 13
    AT_CLOSE = 14
    WOULD_TAKE = 15      # post-only
    NOTHING_TO_REDUCE = 16
    PARENT_ENDED = 17
    MIN_NOTIONAL = 18
    INVALID_TERMS = 19
    LIQUIDATION = 20
    NO_CASH = 21
    SHORT_SALE = 22

cpdef enum Liquidity:
    MAKER = 0
    TAKER = 1

cpdef enum Rule:         # by which a fill came about
    STANDING_QUOTE = 0   # an order arrived and met the quote that stood
    QUOTE_TAKEN = 1
    QUOTE_REACHED = 2    # a resting limit
    PRINT_TAKEN = 3
    PRINT_THROUGH = 4    # a resting limit
    PRINT_TOUCHED = 5    # likewise, at its price
    BAR_OPEN = 6
    BAR_STOP = 7         # inside the range
    BAR_LIMIT = 8
    BAR_TOUCH = 9
    BAR_CLOSE = 10
    SESSION_CLOSE = 11

cpdef enum Intrabar:
    PESSIMISTIC = 0
    OPTIMISTIC = 1
    PATH = 2

cpdef enum FlowKind:     # of money that no trade moved
    INTEREST = 0
    BORROW_FEE = 1
    FUNDING = 2
    DIVIDEND = 3
    CASH_IN_LIEU = 4

cpdef enum NoteKind:     # what befell an order besides its fills and its end
    AMENDED = 0
    AMEND_REFUSED = 1
    TRIGGERED = 2
    SNAPPED = 3
    RELEASED = 4         # a child, by its parent's fill
    RESTATED = 5         # by a split or a dividend
    LIQUIDATED = 6       # of the account, with its equity

cdef struct Bar:
    int64_t ts           # its open, ns UTC
    double open
    double high
    double low
    double close
    double volume

cdef struct Quote:
    int64_t ts
    double bid
    double ask
    double bid_qty       # inf where the data has no sizes
    double ask_qty

cdef struct Trade:
    int64_t ts
    double px
    double qty           # inf where the data has no sizes
    int8_t side          # of the aggressor: 1, -1, 0 unknown

cdef struct Order:
    int64_t id
    int64_t ts_sent
    int64_t ts_arrived   # -1 until then; of a child its release
    int64_t ts_closed    # -1 until then
    int64_t ts_expires   # NEVER: does not
    int64_t ts_opening   # OPG: the session open it sleeps until
    int64_t oco          # group, 0 none
    int64_t parent       # whose fills release it, 0 none
    double qty           # of a child: what has been released
    double asked_qty     # what a child comes to in full; else qty
    double taken_qty     # by its group's other orders from a child
    double limit_px      # NaN if its type has none
    double stop_px       # what triggers it: a stop, a touch price, the present stop of a trailing one; likewise
    double trail         # distance; NaN
    double limit_offset  # of a trailing stop-limit; NaN
    double best_px       # the furthest a trailing stop has followed
    double release_px    # of a child: what its parent's fill saw
    double filled_qty
    double avg_px        # of its fills; NaN until the first
    int32_t symbol
    int32_t next         # in its symbol's list of working orders
    int32_t prev
    int8_t side
    int8_t order_type
    int8_t time_in_force
    int8_t trail_by
    int8_t flags
    int8_t status
    int8_t known_status  # as the strategy has heard
    int8_t reason
    int8_t triggered     # the stop has spoken; 2: in the range of this bar
    int8_t met           # it has met the market and rests
    int8_t admitted      # it has passed the checks on arrival
    int8_t active        # 0: it sleeps until a session's open or close
    int8_t held          # a child that has arrived and waits for its parent
    int8_t fresh         # a child released by the present event
    int8_t visited       # on this leg of a bar's path
    int8_t children      # it has some

cdef struct Fill:
    int64_t ts
    int64_t order_id
    int64_t event        # index of the event whose price it has
    int64_t ts_event
    double last_qty
    double last_px
    double commission
    double reference_px  # before slippage
    double size_seen     # what the event showed on that side; inf: not known
    double point_value
    int32_t symbol
    int8_t side
    int8_t liquidity
    int8_t rule
    int8_t leg           # of a hedging account: 1 long, -1 short; else 0

cdef struct Position:
    double qty           # signed
    double avg_px
    double avg_cost      # money per unit
    double mark
    double point_value   # money per point now: multiplier times exchange rate
    double realized_pnl  # before commission
    double commission
    int32_t symbol
    int32_t leg

cdef struct EquityPoint:
    int64_t timestamp
    double equity
    double cash
    double positions     # what they are worth

cdef struct Exposure:
    int64_t timestamp
    double quantity
    double value         # signed notional at the mark
    int32_t symbol
    int32_t leg

cdef struct CashFlow:
    int64_t ts
    double amount
    int32_t symbol       # -1: the account's
    int32_t kind

cdef struct Restatement:     # of a position, by a split; what round trips must know
    int64_t ts
    int64_t n_fills      # before it
    double ratio
    double cash_qty      # signed: left the position for cash in lieu
    double px
    double point_value
    int32_t symbol
    int32_t leg

cdef struct Note:
    int64_t ts
    int64_t calls        # of the strategy before it
    int64_t order_id     # 0: the account
    double value
    int32_t kind
    int32_t reason

cdef struct Dated:       # something that happens at a date
    int64_t ts
    double value
    int32_t symbol       # -1: the run's
    int32_t kind

cpdef enum DatedKind:    # items of one instant come in this order
    ACCRUAL = 0
    ENTRY_LATENCY = 1
    RESPONSE_LATENCY = 2
    FX_RATE = 3
    CASH_RATE = 4
    DEBIT_RATE = 5
    BORROW_RATE = 6
    SPLIT = 7
    CASH_DIVIDEND = 8
    FUNDING_RATE = 9
    SESSION_END = 10

cdef struct Instrument:
    double tick_size     # 0: any price
    double lot_size      # 0: any quantity
    double multiplier    # money per point, in its own currency
    double min_notional
    double margin_weight     # leverage * initial margin: how much of the buying power its notional takes; 1
    double maintenance   # margin rate
    double borrow_rate   # now, a year
    int8_t negative_prices

cdef struct Ticker:      # the latest of one symbol
    Bar bar
    Quote quote
    Trade trade
    int64_t next_open    # of the bar that comes next; it may have begun
    int64_t event        # index of the last event of its source
    int8_t source        # Kind its orders trade against, and that marks it
    int8_t quoted        # there has been a quote
    int8_t priced        # there has been a mark

cdef struct Market:      # what a strategy may see
    int64_t now          # ns UTC
    const Ticker* tickers
    const Fill* fill     # when kind is FILL
    int64_t calls        # of the strategy so far, this one counted
    const int64_t* rows  # of each stream, seen so far
    int32_t n_symbols
    int32_t symbol       # of the event
    int8_t kind          # of the event

cdef struct Account:
    double cash
    double leverage
    double cost_rate     # of a taker, slippage and commission, as a share of notional; sizing leaves room for it
    Position* positions  # by symbol; of a hedging account the sum
    Position* legs       # long and short by symbol, NULL where positions are netted
    const Instrument* instruments
    const Order* orders  # by id - 1
    int64_t n_orders
    int32_t n_symbols

cpdef enum Action:
    SUBMIT = 0
    CANCEL = 1
    AMEND = 2

cdef struct Request:
    int64_t ts_arrives
    int64_t seq          # order of sending
    int64_t order_id
    int64_t oco
    int64_t parent
    int64_t expires      # GTD
    int64_t latency      # ns; -1: the run's own
    double qty           # AMEND: NaN leaves as it is
    double limit_px
    double stop_px
    double trail
    double limit_offset
    int32_t symbol
    int8_t action
    int8_t side
    int8_t order_type
    int8_t time_in_force
    int8_t trail_by
    int8_t flags

cdef struct Outbox:      # what a strategy asks for
    Request* items
    int64_t count
    int64_t capacity
    int64_t next_id
    int64_t next_timer   # the strategy wishes to be called then; NEVER: no
    double* pending      # by symbol: signed leaves of its open market orders, sent or working
    int32_t n_symbols
    int32_t fault        # the first ask that made no sense, 0 none; see btcore.verbs

# The one contract of every strategy. Nonzero stops the run.
ctypedef int (*on_event_t)(void* state, const Market* market, const Account* account, Outbox* out) noexcept nogil

cdef enum:
    CONTRACT = 2         # its version

cdef extern from *:
    """
    #define BTCORE_NEVER INT64_MAX
    #define BTCORE_DAY_NS INT64_C(86400000000000)
    """
    const int64_t NEVER "BTCORE_NEVER"      # a time that does not come
    const int64_t DAY_NS "BTCORE_DAY_NS"    # one day in ns; `btcore.times.intervals.DAY_NS` for C
