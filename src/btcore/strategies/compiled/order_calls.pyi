from enum import IntEnum

class Fault(IntEnum):
    NO_MEMORY = 1
    UNKNOWN_SYMBOL = 2
    BAD_QUANTITY = 3
    BAD_TERMS = 4
    UNKNOWN_ORDER = 5
    NO_PRICE = 6

FAULTS: dict[Fault, str]
ADDRESSES: dict[str, int]
