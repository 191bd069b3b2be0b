"""One instant: nanoseconds since 1970-01-01 UTC, from a datetime and back to text; time zones by name."""

from datetime import UTC, datetime, tzinfo
from functools import cache

import numpy as np

from btcore.errors import ConfigError, near_name

from .intervals import timedelta_ns

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_YEAR, LAST_YEAR = 1678, 2261  # the whole years within the range of int64 nanoseconds


def zone(name: str) -> tzinfo:
    """The time zone with that IANA name, which is its `str`; ConfigError if there is none."""
    if not isinstance(name, str):
        raise ConfigError(
            f"timezone: {name!r} is not the IANA name of a time zone such as 'America/New_York'"
        )
    return _zone(name)


@cache
def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # slow to import

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        from zoneinfo import available_timezones

        meant = near_name(name, available_timezones())
        raise ConfigError(
            f"timezone: {name!r} is not a known IANA time zone such as 'America/New_York'{meant}"
        ) from error


def to_ns(moment: datetime, timezone: str = "UTC") -> int:
    """Nanoseconds since the epoch; a naive `moment` is local time in `timezone`."""
    named = zone(timezone)
    return timedelta_ns((moment if moment.tzinfo else moment.replace(tzinfo=named)) - EPOCH)


def moment_text(ns: int) -> str:
    """The instant in ISO 8601, UTC, without trailing zeros in the fraction: 2024-01-15T14:30:00.5Z."""
    text = str(np.datetime64(ns, "ns"))
    return (text.rstrip("0").rstrip(".") if "." in text else text) + "Z"


def year_of(ns: int) -> int:
    """The year of an instant, UTC."""
    return int(np.datetime64(ns, "ns").astype("datetime64[Y]").astype(int)) + 1970
