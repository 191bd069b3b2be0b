"""Order terms for Python code: the codes of their names, and the text of each conflict between them."""

from libc.stdint cimport int8_t

from btcore.model cimport GTC

from btcore.model import OrderType, TimeInForce, TrailBy

TIME_IN_FORCE = {force.name: int(force) for force in TimeInForce}
TRAIL_BY = {unit.name.lower(): int(unit) for unit in TrailBy}
LATENCY_RANGE = f"between 0 and {MAX_LATENCY_MS}, a day"

CONFLICTS = {
    STOP_AND_TOUCH: "a stop price and a touch price exclude each other",
    TRAIL_AND_PRICE: "a trailing stop has neither a limit price nor a touch price",
    OFFSET_WITHOUT_TRAIL: "limit_offset is for trailing stops, and trail is not given",
    TO_LIMIT_AND_PRICE: "a market_to_limit order has no prices",
    GTD_WITHOUT_EXPIRY: "time_in_force GTD needs expires",
    EXPIRY_WITHOUT_GTD: "expires is for time_in_force GTD",
    AUCTION_WITH_TRIGGER: "time_in_force OPG and CLS are for market and limit orders",
    POST_ONLY_WITHOUT_LIMIT: "post_only is for limit orders with time_in_force GTC, DAY or GTD",
    TO_LIMIT_AT_ONCE: "market_to_limit is for time_in_force GTC, DAY or GTD",
    FROM_FILL_WITHOUT_PARENT: "from_fill needs a parent, whose fill sets the prices",
    FROM_FILL_WITHOUT_PRICE: "from_fill needs a limit, stop or touch as a fraction of the parent's price",
}


def type_and_conflict(
    *, bint limit=False, bint stop=False, bint touch=False, bint trail=False, bint limit_offset=False,
    int time_in_force=GTC, bint has_expiry=False, bint post_only=False, bint to_limit=False,
    bint from_fill=False, bint has_parent=False,
):
    """The order type that follows from the prices given, and the first conflict between the terms.

    Each argument is True if that term is given, but `time_in_force`, which is a code of `TIME_IN_FORCE`. For tests.
    """
    cdef int8_t order_type = order_type_of(limit, stop, touch, trail, limit_offset, to_limit)
    cdef int conflict = price_conflict(limit, stop, touch, trail, limit_offset, to_limit)
    if conflict == NO_CONFLICT:
        conflict = time_conflict(order_type, time_in_force, has_expiry, post_only)
    if conflict == NO_CONFLICT:
        conflict = child_conflict(from_fill, has_parent, limit, stop or touch)
    return OrderType(order_type), Conflict(conflict)
