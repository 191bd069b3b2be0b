"""Instants and time zones: nanoseconds since the epoch, UTC, from a datetime, and back to text."""

from datetime import UTC, datetime, tzinfo
from functools import cache

import numpy as np

from btcore.errors import ConfigError

RESOLUTION_NS: dict[str, int] = {
    "second": 10**9,
    "minute": 60 * 10**9,
    "hour": 3600 * 10**9,
    "day": 86400 * 10**9,
}


@cache
def zone(name: str) -> tzinfo:
    """The time zone of that IANA name, which is its `str`; ConfigError if there is none."""
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # slow to import

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(f"timezone: {name!r} is not a known IANA time zone") from error


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_ns(moment: datetime, timezone: str = "UTC") -> int:
    """Nanoseconds since the epoch, UTC; a naive `moment` is read in `timezone`."""
    named = zone(timezone)
    delta = (moment if moment.tzinfo else moment.replace(tzinfo=named)) - _EPOCH
    return ((delta.days * 86400 + delta.seconds) * 10**6 + delta.microseconds) * 1000


def moment_text(ns: int) -> str:
    """That instant in ISO 8601, UTC, without a fraction that is zero."""
    text = str(np.datetime64(ns, "ns"))
    return (text.rstrip("0").rstrip(".") if "." in text else text) + "Z"
