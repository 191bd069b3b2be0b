from enum import IntEnum

class Fault(IntEnum):
    NO_MEMORY = 1
    UNKNOWN_SYMBOL = 2
    BAD_QUANTITY = 3
    BAD_TARGET = 4
    BAD_TRAIL_BY = 5
    BAD_TIME_IN_FORCE = 6
    BAD_FLAG = 7
    BAD_OCO = 8
    BAD_PARENT = 9
    BAD_LATENCY = 10
    UNKNOWN_ORDER = 11
    NO_PRICE = 12
    BAD_FRACTION = 13
    FIRST_CONFLICT = 100

FAULTS: dict[int, str]
ADDRESSES: dict[str, int]
