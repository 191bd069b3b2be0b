from enum import IntEnum
from typing import Any

import numpy as np

class Kind(IntEnum):
    QUOTE = 0
    TRADE = 1
    BAR = 2
    FILL = 3
    TIMER = 4
    START = 5
    END = 6
    BARS = 7
    ORDER_REJECTED = 8
    ORDER_ENDED = 9
    ORDER_TRIGGERED = 10
    OTHER_BAR = 11

class Side(IntEnum):
    SELL = -1
    BUY = 1

class OrderType(IntEnum):
    MARKET = 0
    LIMIT = 1
    STOP = 2
    STOP_LIMIT = 3
    MARKET_IF_TOUCHED = 4
    LIMIT_IF_TOUCHED = 5
    TRAILING_STOP = 6
    TRAILING_STOP_LIMIT = 7
    MARKET_TO_LIMIT = 8

class TimeInForce(IntEnum):
    GTC = 0
    DAY = 1
    IOC = 2
    FOK = 3
    GTD = 4
    OPG = 5
    CLS = 6

class TrailBy(IntEnum):
    PRICE = 0
    PERCENT = 1
    TICKS = 2

class Flag(IntEnum):
    POST_ONLY = 1
    REDUCE_ONLY = 2
    FORCED = 4
    FROM_FILL = 8

class Status(IntEnum):
    NEW = 0
    PARTIALLY_FILLED = 1
    FILLED = 2
    CANCELED = 3
    EXPIRED = 4
    REJECTED = 5

class Reason(IntEnum):
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
    WOULD_TAKE = 15
    NOTHING_TO_REDUCE = 16
    PARENT_ENDED = 17
    MIN_NOTIONAL = 18
    INVALID_TERMS = 19
    LIQUIDATION = 20
    NO_CASH = 21
    SHORT_SALE = 22
    STALE_QUOTE = 23
    MAX_ORDER = 24
    MAX_POSITION = 25
    MAX_OPEN_ORDERS = 26
    MAX_LOSS = 27
    ORDER_RATE = 28
    HALTED = 29
    PRICE_BAND = 30
    DELISTED = 31

class Liquidity(IntEnum):
    MAKER = 0
    TAKER = 1

class Rule(IntEnum):
    STANDING_QUOTE = 0
    QUOTE_TAKEN = 1
    QUOTE_REACHED = 2
    PRINT_TAKEN = 3
    PRINT_THROUGH = 4
    PRINT_TOUCHED = 5
    BAR_OPEN = 6
    BAR_STOP = 7
    BAR_LIMIT = 8
    BAR_TOUCH = 9
    BAR_CLOSE = 10
    SESSION_CLOSE = 11
    DATA_END = 12
    TERMINAL_PRICE = 13

class Intrabar(IntEnum):
    PESSIMISTIC = 0
    OPTIMISTIC = 1
    PATH = 2

class FlowKind(IntEnum):
    INTEREST = 0
    BORROW_FEE = 1
    FUNDING = 2
    DIVIDEND = 3
    CASH_IN_LIEU = 4

class NoteKind(IntEnum):
    AMENDED = 0
    AMEND_REFUSED = 1
    TRIGGERED = 2
    SNAPPED = 3
    RELEASED = 4
    RESTATED = 5
    LIQUIDATED = 6
    CLIPPED = 7
    PASSED_STALE = 8

class DatedKind(IntEnum):
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
    HALT = 11
    LOWER_BAND = 12
    UPPER_BAND = 13
    DELISTING = 14
    MARK_PX = 15

class Action(IntEnum):
    SUBMIT = 0
    CANCEL = 1
    AMEND = 2

ORDER_DTYPE: np.dtype[Any]
FILL_DTYPE: np.dtype[Any]
EQUITY_DTYPE: np.dtype[Any]
EXPOSURE_DTYPE: np.dtype[Any]
POSITION_DTYPE: np.dtype[Any]
CASH_FLOW_DTYPE: np.dtype[Any]
RESTATEMENT_DTYPE: np.dtype[Any]
NOTE_DTYPE: np.dtype[Any]
INSTRUMENT_DTYPE: np.dtype[Any]
DATED_DTYPE: np.dtype[Any]
TICKER_DTYPE: np.dtype[Any]
OTHER_BAR_DTYPE: np.dtype[Any]
MARKET_DTYPE: np.dtype[Any]
ACCOUNT_DTYPE: np.dtype[Any]
