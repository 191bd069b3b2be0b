"""The words for the status of an order and for the reason of its end, by the codes of `btcore.model`."""

from enum import StrEnum, auto


class OrderStatus(StrEnum):
    """The status of an order; the last four are terminal."""

    NEW = auto()
    PARTIALLY_FILLED = auto()
    FILLED = auto()
    CANCELED = auto()
    EXPIRED = auto()
    REJECTED = auto()


class OrderReason(StrEnum):
    """Why an order ended without a complete fill; NONE, the empty text, if it was filled."""

    NONE = ""
    REQUESTED = auto()
    IOC = auto()
    FOK = auto()
    OCO = auto()
    DAY = auto()
    END_OF_DATA = auto()
    INVALID_QUANTITY = auto()
    INVALID_PRICE = auto()
    LOT_SIZE = auto()
    TICK_SIZE = auto()
    BUYING_POWER = auto()
    GTD = auto()
    OPENING = auto()
    CLOSING = auto()
    POST_ONLY = auto()
    REDUCE_ONLY = auto()
    PARENT = auto()
    MIN_NOTIONAL = auto()
    INVALID_TERMS = auto()
    LIQUIDATION = auto()
    CASH = auto()
    SHORT_SALE = auto()
    STALE_QUOTE = auto()
    MAX_ORDER = auto()
    MAX_POSITION = auto()
    MAX_OPEN_ORDERS = auto()
    MAX_LOSS = auto()
    ORDER_RATE = auto()
    HALTED = auto()
    PRICE_BAND = auto()
    DELISTED = auto()


REASONS = tuple(OrderReason)
