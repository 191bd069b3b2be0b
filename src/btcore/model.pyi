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

class Side(IntEnum):
    SELL = -1
    BUY = 1

class OrderType(IntEnum):
    MARKET = 0
    LIMIT = 1
    STOP = 2
    STOP_LIMIT = 3

class TimeInForce(IntEnum):
    GTC = 0
    DAY = 1
    IOC = 2
    FOK = 3

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

class Liquidity(IntEnum):
    MAKER = 0
    TAKER = 1

class Action(IntEnum):
    SUBMIT = 0
    CANCEL = 1
    AMEND = 2

ORDER_DTYPE: np.dtype[Any]
FILL_DTYPE: np.dtype[Any]
EQUITY_DTYPE: np.dtype[Any]
EXPOSURE_DTYPE: np.dtype[Any]
POSITION_DTYPE: np.dtype[Any]
