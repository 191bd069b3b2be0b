from enum import IntEnum

from btcore.model import OrderType

class Conflict(IntEnum):
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

TIME_IN_FORCE: dict[str, int]
TRAIL_BY: dict[str, int]
MAX_LATENCY_MS: int
LATENCY_RANGE: str
CONFLICTS: dict[int, str]

def type_and_conflict(
    *,
    limit: bool = False,
    stop: bool = False,
    touch: bool = False,
    trail: bool = False,
    limit_offset: bool = False,
    time_in_force: int = 0,
    has_expiry: bool = False,
    post_only: bool = False,
    to_limit: bool = False,
    from_fill: bool = False,
    has_parent: bool = False,
) -> tuple[OrderType, Conflict]: ...
