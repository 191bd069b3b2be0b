"""Text for each integer code of `btcore.model`; the index is the code."""

from enum import Enum, StrEnum, auto

from btcore.model import FlowKind, Liquidity, NoteKind, OrderType, Rule, TimeInForce, TrailBy


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


def _names(codes: type[Enum]) -> tuple[str, ...]:
    return tuple(member.name.lower() for member in codes)


NO_COSTS = "no costs"  # how the log line of a run without any begins
SIDES = ("sell", "", "buy")  # index is side + 1
LEGS = ("short", "", "long")  # index is leg + 1
LIQUIDITY = _names(Liquidity)
ORDER_TYPES = _names(OrderType)
TIMES_IN_FORCE = _names(TimeInForce)
TRAIL_BY = _names(TrailBy)
STATUSES = tuple(OrderStatus)
REASONS = tuple(OrderReason)
RULES = _names(Rule)
FLOWS = _names(FlowKind)
EVENTS = _names(NoteKind)
