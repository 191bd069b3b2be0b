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

cpdef enum TimeInForce:
    GTC = 0
    DAY = 1
    IOC = 2
    FOK = 3

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

cpdef enum Liquidity:
    MAKER = 0
    TAKER = 1

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
    int64_t ts_arrived   # -1 until then
    int64_t ts_closed    # -1 until then
    int64_t ts_expires   # DAY orders: the midnight that ends them
    int64_t oco          # group, 0 none
    double qty
    double limit_px      # NaN if its type has none
    double stop_px       # likewise
    double filled_qty
    double avg_px        # of its fills; NaN until the first
    int32_t symbol
    int32_t next         # in its symbol's list of working orders
    int32_t prev
    int8_t side
    int8_t order_type
    int8_t time_in_force
    int8_t status
    int8_t reason
    int8_t triggered     # the stop has spoken
    int8_t met           # it has met the market and rests
    int8_t admitted      # it has passed the checks on arrival

cdef struct Fill:
    int64_t ts
    int64_t order_id
    double last_qty
    double last_px
    double commission
    int32_t symbol
    int8_t side
    int8_t liquidity

cdef struct Position:
    double qty           # signed
    double avg_px
    double mark
    double realized_pnl  # before commission
    double commission

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

cdef struct Instrument:
    double tick_size     # 0: any price
    double lot_size      # 0: any quantity
    double multiplier    # money per point

cdef struct Ticker:      # the latest of one symbol
    Bar bar
    Quote quote
    Trade trade
    int64_t next_open    # of the bar that comes next; it may have begun
    int8_t source        # Kind its orders trade against, and that marks it
    int8_t quoted        # there has been a quote
    int8_t priced        # there has been a mark

cdef struct Market:      # what a strategy may see
    int64_t now          # ns UTC
    const Ticker* tickers
    const Fill* fill     # when kind is FILL
    int64_t calls        # of the strategy so far, this one counted
    int32_t n_symbols
    int32_t symbol       # of the event
    int8_t kind          # of the event

cdef struct Account:
    double cash
    double leverage
    double cost_rate     # of a taker, slippage and commission, as a share of notional; sizing leaves room for it
    Position* positions  # by symbol
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
    int64_t latency      # ns; -1: the run's own
    double qty           # AMEND: NaN leaves as it is
    double limit_px
    double stop_px
    int32_t symbol
    int8_t action
    int8_t side
    int8_t order_type
    int8_t time_in_force

cdef struct Outbox:      # what a strategy asks for
    Request* items
    int64_t count
    int64_t capacity
    int64_t next_id
    int64_t next_timer   # the strategy wishes to be called then; NEVER: no
    double* pending      # by symbol: signed leaves of its open market orders, sent or working

# The one contract of every strategy. Nonzero stops the run.
ctypedef int (*on_event_t)(void* state, const Market* market, const Account* account, Outbox* out) noexcept nogil

cdef enum:
    CONTRACT = 1         # its version

cdef extern from *:
    """
    #define BTCORE_NEVER INT64_MAX
    """
    const int64_t NEVER "BTCORE_NEVER"
