"""The records of the engine as C structs, and their integer codes. Public header: `from btcore.model cimport Bar`.

Conventions: `ts` is int64 nanoseconds UTC. `qty` is a quantity and `px` a price, both double. A quantity is positive
unless its comment says signed. Money is in account currency. `symbol` is the index of the symbol in the run. A price
that does not apply is NaN, a time that does not come is NEVER. `btcore.model` in Python has each enum as an IntEnum
and the numpy dtype of each struct.

The file is longer than others because a public header has to be one module, which Cython users cimport by name.
"""

from libc.stdint cimport int8_t, int32_t, int64_t

cpdef enum Kind:         # of an event
    QUOTE = 0
    TRADE = 1
    BAR = 2
    FILL = 3             # this kind and those below are sent to the strategy only
    TIMER = 4
    START = 5            # before the first event
    END = 6              # after the last event
    BARS = 7             # after the last of the bars delivered at one time
    ORDER_REJECTED = 8   # reports of orders; of `Market.fill` only `order_id` is set
    ORDER_ENDED = 9      # canceled or expired
    ORDER_TRIGGERED = 10
    OTHER_BAR = 11       # a bar of another resolution, `Market.other`

cpdef enum Side:
    SELL = -1
    BUY = 1

cpdef enum OrderType:
    MARKET = 0
    LIMIT = 1
    STOP = 2                 # becomes a market order when triggered
    STOP_LIMIT = 3           # becomes a limit order when triggered
    MARKET_IF_TOUCHED = 4    # like a stop, but triggered when the price moves in the order's favor
    LIMIT_IF_TOUCHED = 5
    TRAILING_STOP = 6
    TRAILING_STOP_LIMIT = 7
    MARKET_TO_LIMIT = 8      # after its first fill a limit order at the price that it met

cpdef enum TimeInForce:
    GTC = 0              # good till canceled
    DAY = 1              # until the session ends
    IOC = 2              # immediate or cancel
    FOK = 3              # fill or kill
    GTD = 4              # good till date
    OPG = 5              # at the opening
    CLS = 6              # at the close

cpdef enum TrailBy:      # unit of a trailing distance
    PRICE = 0
    PERCENT = 1          # of the price
    TICKS = 2

cpdef enum Flag:         # bits of Order.flags
    POST_ONLY = 1        # rejected if it would fill on arrival
    REDUCE_ONLY = 2      # may close a position, not open or enlarge one
    FORCED = 4           # sent by a liquidation
    FROM_FILL = 8        # a child not yet released: its limit and stop prices are fractions of its parent's price

cpdef enum Status:
    NEW = 0
    PARTIALLY_FILLED = 1
    FILLED = 2
    CANCELED = 3
    EXPIRED = 4
    REJECTED = 5

cpdef enum Reason:           # why an order was canceled, expired or rejected
    NONE = 0
    REQUESTED = 1            # canceled by the strategy
    IOC_REMAINDER = 2        # the part of an IOC order that did not fill at once
    FOK_UNFILLED = 3
    OCO = 4                  # another order of its group filled
    DAY_OVER = 5
    END_OF_DATA = 6
    INVALID_QUANTITY = 7
    INVALID_PRICE = 8
    LOT_SIZE = 9             # quantity is not a multiple of the lot size
    TICK_SIZE = 10           # price is not a multiple of the tick size
    BUYING_POWER = 11
    GTD_OVER = 12
    AT_OPENING = 13          # not filled at the opening
    AT_CLOSE = 14            # not filled at the close
    WOULD_TAKE = 15          # a post-only order that would fill on arrival
    NOTHING_TO_REDUCE = 16   # a reduce-only order without a position to reduce
    PARENT_ENDED = 17        # the parent order ended without releasing it
    MIN_NOTIONAL = 18
    INVALID_TERMS = 19       # order type, time in force and flags exclude each other
    LIQUIDATION = 20
    NO_CASH = 21             # cut to what the account could pay without credit
    SHORT_SALE = 22          # a cash account sells more than it holds
    STALE_QUOTE = 23         # it met a quote older than the run allows
    MAX_ORDER = 24           # pre-trade limits of the run, also below
    MAX_POSITION = 25
    MAX_OPEN_ORDERS = 26
    MAX_LOSS = 27
    ORDER_RATE = 28
    HALTED = 29              # it had to fill at once, in a trading halt
    PRICE_BAND = 30          # it had to fill at once, at a price outside the price band
    DELISTED = 31

cpdef enum Liquidity:
    MAKER = 0                # a resting order that another order traded against
    TAKER = 1

cpdef enum Rule:             # how a fill came about
    STANDING_QUOTE = 0       # the order arrived and filled at the current quote
    QUOTE_TAKEN = 1          # a waiting order filled at a new quote
    QUOTE_REACHED = 2        # a new quote reached a resting limit
    PRINT_TAKEN = 3          # the order filled at a trade's price
    PRINT_THROUGH = 4        # a trade was beyond the price of a resting limit
    PRINT_TOUCHED = 5        # a trade was at the price of a resting limit
    BAR_OPEN = 6
    BAR_STOP = 7             # a stop triggered within the bar's range
    BAR_LIMIT = 8            # a limit was reached within the bar's range
    BAR_TOUCH = 9            # an if-touched order triggered within the bar's range
    BAR_CLOSE = 10
    SESSION_CLOSE = 11       # at the close of a session
    DATA_END = 12            # at the end of the data, to close a position
    TERMINAL_PRICE = 13      # at the terminal price of a delisted symbol, to close a position

cpdef enum Intrabar:         # assumed order of events within a bar
    PESSIMISTIC = 0          # stops fill before limits
    OPTIMISTIC = 1           # limits fill before stops
    PATH = 2                 # open, nearer extreme, other extreme, close

cpdef enum FlowKind:         # payments that are not trades
    INTEREST = 0
    BORROW_FEE = 1
    FUNDING = 2
    DIVIDEND = 3
    CASH_IN_LIEU = 4         # for fractional shares after a split

cpdef enum NoteKind:         # journal entries other than orders and fills
    AMENDED = 0
    AMEND_REFUSED = 1
    TRIGGERED = 2
    SNAPPED = 3              # quantity or price was rounded to the instrument's steps
    RELEASED = 4             # a child order was released by its parent's fill
    RESTATED = 5             # an order was adjusted for a split or dividend
    LIQUIDATED = 6           # the account was liquidated; the value is its equity
    CLIPPED = 7              # an order by weight is smaller than asked; the value is the quantity asked for
    PASSED_STALE = 8         # an order met a quote older than the run allows; the value is its age in seconds

cdef struct Bar:
    int64_t ts           # start of the bar; it is delivered at its end, when its close is known
    double open
    double high
    double low
    double close
    double volume        # NaN: unknown

cdef struct Quote:
    int64_t ts
    double bid
    double ask
    double bid_qty       # inf: size unknown
    double ask_qty

cdef struct Trade:
    int64_t ts
    double px
    double qty           # inf: size unknown
    int8_t side          # of the aggressor: 1 buy, -1 sell, 0 unknown

cdef struct Order:
    int64_t id           # 1, 2, 3, ... in the order of sending
    int64_t ts_sent      # when the strategy sent it
    int64_t ts_arrived   # when it reached the market; a child: when it was released; -1: not yet
    int64_t ts_closed    # when it was filled, canceled, expired or rejected; -1: still open
    int64_t ts_expires   # expiry of a GTD or DAY order; NEVER: none
    int64_t ts_opening   # OPG: the session open it waits for
    int64_t oco          # OCO group: a fill of one order cancels or reduces the others; 0: none
    int64_t parent       # id of the order whose fills release this one; 0: none
    double qty           # order quantity; a child: the part released so far
    double asked_qty     # quantity as sent; equals qty except for a child that is not fully released
    double later_qty     # a child: part of qty that was released inside the current bar and waits for its end
    double taken_qty     # a child: quantity taken away by fills of other orders in its OCO group
    double limit_px      # limit price; NaN: none
    double stop_px       # trigger price: stop, touch price, or current stop of a trailing order; NaN: none
    double trail         # trailing distance in units of trail_by; NaN: none
    double limit_offset  # trailing stop-limit: distance of the limit from the stop; NaN: none
    double best_px       # trailing: most favorable price so far; NaN: none yet
    double release_px    # a child: market price at the parent's fill that released it; NaN: none
    double filled_qty    # quantity filled so far
    double avg_px        # average fill price; NaN: no fill yet
    double known_filled_qty  # filled_qty and avg_px as the strategy knows them, later under response latency
    double known_avg_px
    int32_t symbol
    int32_t next         # link to the next working order of the symbol; -1: none
    int32_t prev         # link to the previous one
    int8_t side          # 1 buy, -1 sell
    int8_t order_type    # OrderType
    int8_t time_in_force    # TimeInForce
    int8_t trail_by      # TrailBy
    int8_t flags         # bits of Flag
    int8_t status        # Status
    int8_t known_status  # status as the strategy knows it; later than status under response latency
    int8_t reason        # Reason
    int8_t triggered     # 1: yes; 2: inside the current bar's range
    int8_t met           # 1: it was matched against the market on arrival and now rests
    int8_t admitted      # 1: it passed the checks on arrival
    int8_t active        # 0: it waits for the open or close of a session
    int8_t held          # 1: a child that has arrived and waits for its parent's fill
    int8_t fresh         # 1: a child released by the current event
    int8_t visited       # 1: already matched on the current leg of the bar's path
    int8_t children      # 1: it has child orders

cdef struct Fill:
    int64_t ts           # time of the fill
    int64_t order_id
    int64_t event        # index in the run of the event whose price it got
    int64_t ts_event     # time of that event
    double last_qty      # quantity of this fill
    double last_px       # price of this fill
    double commission
    double reference_px  # price in the data, before slippage
    double size_seen     # size the event showed on that side; inf: unknown
    double point_value   # multiplier times exchange rate at the fill
    int32_t symbol
    int8_t side          # 1 buy, -1 sell
    int8_t liquidity     # Liquidity
    int8_t rule          # Rule
    int8_t leg           # hedging account: 1 long, -1 short; else 0

cdef struct Position:
    double qty           # signed: positive long, negative short
    double avg_px        # average entry price
    double avg_cost      # average entry cost in money per unit
    double mark          # latest price used to value it
    double point_value   # money per point now: multiplier times exchange rate
    double realized_pnl  # before commission
    double commission    # paid so far
    int32_t symbol
    int32_t leg          # hedging account: 1 long, -1 short; else 0

cdef struct EquityPoint:     # one point of the equity curve
    int64_t timestamp
    double equity
    double cash
    double positions         # value of all positions

cdef struct Exposure:        # one position at one point of the equity curve
    int64_t timestamp
    double quantity          # signed
    double value             # signed notional at the mark
    int32_t symbol
    int32_t leg              # hedging account: 1 long, -1 short; else 0

cdef struct CashFlow:        # a payment that is not a trade
    int64_t ts
    double amount            # positive: received; negative: paid
    int32_t symbol           # -1: it belongs to the account
    int32_t kind             # FlowKind

cdef struct Restatement:     # a split of a position, as needed to build round trips
    int64_t ts
    int64_t n_fills          # number of fills before it
    double ratio             # new shares per old share
    double cash_qty          # signed quantity paid out as cash in lieu
    double px                # price of that payment
    double point_value       # money per point at that time
    int32_t symbol
    int32_t leg              # hedging account: 1 long, -1 short; else 0

cdef struct Note:            # a journal entry
    int64_t ts
    int64_t calls            # calls of the strategy before it
    int64_t order_id         # 0: it belongs to the account
    double value             # meaning depends on the kind
    int32_t kind             # NoteKind
    int32_t reason           # Reason

cdef struct Dated:           # a scheduled event, such as a rate change, a split or a dividend
    int64_t ts
    double value             # meaning depends on the kind
    int32_t symbol           # -1: it belongs to the run
    int32_t kind             # DatedKind

cpdef enum DatedKind:        # scheduled events of the same time happen in this order
    ACCRUAL = 0              # interest and borrow fees are booked
    ENTRY_LATENCY = 1        # from here on: values that stay until the next one
    RESPONSE_LATENCY = 2
    FX_RATE = 3
    CASH_RATE = 4            # interest on cash, per year
    DEBIT_RATE = 5           # interest on borrowed cash, per year
    BORROW_RATE = 6          # fee on short positions, per year
    SPLIT = 7                # single events: new shares per old share
    CASH_DIVIDEND = 8        # money per share
    FUNDING_RATE = 9         # share of the position's value
    SESSION_END = 10
    HALT = 11                # 1: a trading halt begins; 0: it ends
    LOWER_BAND = 12          # lowest price at which orders fill
    UPPER_BAND = 13          # highest price
    DELISTING = 14           # the terminal price
    MARK_PX = 15             # of the mark-price series; comes before a funding rate of its time

cdef struct Instrument:
    double tick_size         # price step; 0: any price
    double lot_size          # quantity step; 0: any quantity
    double multiplier        # money per point and unit, in the instrument's currency
    double min_notional      # smallest order notional, in the instrument's currency
    double margin_weight     # share of buying power per notional: leverage times initial margin rate; 1: default
    double maintenance       # maintenance margin rate; 0: none
    double borrow_rate       # current fee on short positions, per year
    double cost_rate         # taker commission and slippage as a share of notional; target sizing reserves it
    int8_t negative_prices   # 1: prices may be zero or negative
    int8_t unlevered         # 1: a fill that raises a position is cut to what equity pays, as there is no credit

cdef struct Ticker:          # the latest data of one symbol
    Bar bar
    Quote quote
    Trade trade
    double px                # latest price: mid, last trade or close
    int64_t next_open        # start of the next bar, which may be in the past; NEVER: none
    int64_t event            # index in the run of the latest event of its source
    int8_t source            # Kind of event that fills its orders and sets its mark
    int8_t quoted            # 1: there has been a quote, or a bar of bid and ask, which sets the prices of `quote`
    int8_t priced            # 1: there has been a mark

cdef struct OtherBar:        # a bar of a resolution that fills no orders and sets no mark
    Bar bar
    int64_t end              # when it is delivered
    int32_t symbol
    int32_t resolution       # index in the resolutions of the run

cdef struct Market:          # what a strategy sees of the market
    int64_t now              # current time
    const Ticker* tickers    # by symbol
    const Fill* fill         # the fill, if kind is FILL; its order, if kind is a report of an order
    const OtherBar* other    # the bar, if kind is OTHER_BAR
    int64_t calls            # calls of the strategy so far, including this one
    const int64_t* rows      # rows seen so far, by data stream
    int32_t n_symbols
    int32_t symbol           # of the event
    int8_t kind              # of the event
    int8_t delayed           # 1: the run has response latency

cdef struct Account:
    double cash
    double leverage          # buying power divided by equity
    Position* positions      # by symbol; hedging account: the sum of both legs
    Position* legs           # hedging account: long and short leg of each symbol; NULL for netting
    const Instrument* instruments    # by symbol
    const Order* orders      # by id - 1
    int64_t n_orders
    int32_t n_symbols

cpdef enum Action:           # of a request
    SUBMIT = 0
    CANCEL = 1
    AMEND = 2

cdef struct Request:         # a message from the strategy to the market
    int64_t ts_arrives       # set by the engine: when it reaches the market
    int64_t seq              # set by the engine: order of sending
    int64_t order_id
    int64_t oco              # OCO group; 0: none
    int64_t parent           # id of the parent order; 0: none
    int64_t expires          # GTD expiry; NEVER: none
    int64_t latency          # ns; -1: the run's latency
    double qty               # AMEND: NaN leaves a value as it is, also below
    double limit_px
    double stop_px           # stop or touch price
    double trail
    double limit_offset
    double unclipped_qty     # of an order by weight that buying power has reduced: the quantity asked for; NaN: none
    int32_t symbol
    int8_t action            # Action
    int8_t side              # 1 buy, -1 sell
    int8_t order_type        # OrderType
    int8_t time_in_force     # TimeInForce
    int8_t trail_by          # TrailBy
    int8_t flags             # bits of Flag

cdef struct Outbox:          # requests of one call of the strategy
    Request* items
    int64_t count
    int64_t capacity
    int64_t next_id          # id of the next new order
    int64_t next_timer       # next timer call of the strategy; NEVER: none
    double* pending          # by symbol: signed unfilled quantity of open market orders, sent or working
    int64_t n_small          # targets by weight so far that are less than one lot, for which no order is sent
    int32_t n_symbols
    int32_t fault            # code of the first invalid call, 0: none; see strategies/compiled/order_calls

# What every strategy implements. A nonzero return value stops the run.
ctypedef int (*on_event_t)(void* state, const Market* market, const Account* account, Outbox* out) noexcept nogil

cdef enum:
    CONTRACT = 5             # version of this interface

cdef extern from *:
    """
    #define BTCORE_NEVER INT64_MAX
    #define BTCORE_DAY_NS INT64_C(86400000000000)
    """
    const int64_t NEVER "BTCORE_NEVER"      # a time that does not come
    const int64_t DAY_NS "BTCORE_DAY_NS"    # one day in ns, as `btcore.times.intervals.DAY_NS`
