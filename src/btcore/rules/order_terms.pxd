"""The order type that follows from the prices given, and the terms that exclude each other.

`Orders` applies the same rules to whole columns; a test compares the two on every combination of terms.
"""

from libc.stdint cimport int8_t

from btcore.model cimport (
    CLS, DAY, GTC, GTD, LIMIT, LIMIT_IF_TOUCHED, MARKET, MARKET_IF_TOUCHED, MARKET_TO_LIMIT, OPG, STOP, STOP_LIMIT,
    TRAILING_STOP, TRAILING_STOP_LIMIT,
)
from btcore.rules.matching cimport WITH_TRIGGER

cpdef enum:
    MAX_LATENCY_MS = 86_400_000  # a day

cpdef enum Conflict:     # in the order of the checks
    NO_CONFLICT = 0
    STOP_AND_TOUCH = 1
    TRAIL_AND_PRICE = 2
    OFFSET_WITHOUT_TRAIL = 3
    TO_LIMIT_AND_PRICE = 4
    GTD_WITHOUT_EXPIRY = 5
    EXPIRY_WITHOUT_GTD = 6
    AUCTION_WITH_TRIGGER = 7
    POST_ONLY_WITHOUT_LIMIT = 8
    TO_LIMIT_AT_ONCE = 9
    FROM_FILL_WITHOUT_PARENT = 10
    FROM_FILL_WITHOUT_PRICE = 11


cdef inline int8_t order_type_of(
    bint limit, bint stop, bint touch, bint trail, bint limit_offset, bint to_limit=False
) noexcept nogil:
    """The order type. Each argument is True if that price is given; `to_limit`: market-to-limit.

    `price_conflict` finds conflicts.
    """
    if to_limit:
        return MARKET_TO_LIMIT
    if trail:
        return TRAILING_STOP_LIMIT if limit_offset else TRAILING_STOP
    if touch:
        return LIMIT_IF_TOUCHED if limit else MARKET_IF_TOUCHED
    if stop:
        return STOP_LIMIT if limit else STOP
    return LIMIT if limit else MARKET


cdef inline int price_conflict(
    bint limit, bint stop, bint touch, bint trail, bint limit_offset, bint to_limit=False
) noexcept nogil:
    """The first conflict between the prices given, or NO_CONFLICT."""
    if stop and touch:
        return STOP_AND_TOUCH
    if trail and (touch or limit):
        return TRAIL_AND_PRICE
    if limit_offset and not trail:
        return OFFSET_WITHOUT_TRAIL
    if to_limit and (limit or stop or touch or trail):
        return TO_LIMIT_AND_PRICE
    return NO_CONFLICT


cdef inline int time_conflict(
    int8_t order_type, int8_t time_in_force, bint has_expiry, bint post_only
) noexcept nogil:
    """The first conflict between an order's type, its time in force and its flags, or NO_CONFLICT."""
    if time_in_force == GTD and not has_expiry:
        return GTD_WITHOUT_EXPIRY
    if has_expiry and time_in_force != GTD:
        return EXPIRY_WITHOUT_GTD
    if (time_in_force == OPG or time_in_force == CLS) and WITH_TRIGGER >> order_type & 1:
        return AUCTION_WITH_TRIGGER
    if post_only and (order_type != LIMIT or time_in_force not in (GTC, DAY, GTD)):
        return POST_ONLY_WITHOUT_LIMIT
    if order_type == MARKET_TO_LIMIT and time_in_force not in (GTC, DAY, GTD):
        return TO_LIMIT_AT_ONCE
    return NO_CONFLICT


cdef inline int child_conflict(bint from_fill, bint has_parent, bint limit, bint trigger) noexcept nogil:
    """The first conflict of an order whose prices are fractions of its parent's, or NO_CONFLICT."""
    if from_fill and not has_parent:
        return FROM_FILL_WITHOUT_PARENT
    if from_fill and not (limit or trigger):
        return FROM_FILL_WITHOUT_PRICE
    return NO_CONFLICT
