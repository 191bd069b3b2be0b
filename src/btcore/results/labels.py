"""Text for each integer code of `btcore.model`; the index is the code."""

from enum import Enum

from btcore.model import FlowKind, Liquidity, NoteKind, OrderType, Rule, TimeInForce, TrailBy
from btcore.rules.order_words import OrderStatus


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
RULES = _names(Rule)
FLOWS = _names(FlowKind)
EVENTS = _names(NoteKind)
