"""One time -> int64 ns UTC."""

from datetime import date, datetime

import numpy as np

from btcore.errors import DataError
from btcore.times.clock import to_ns
from btcore.times.rules import TimeRules

from .gate import read_times

Moment = int | str | date | datetime | np.datetime64


def moment_ns(moment: Moment, timezone: str = "UTC", name: str = "moment") -> int:
    """Nanoseconds UTC of an int of them, a date, a datetime or an ISO 8601 text (naive: local in `timezone`).

    DataError, which begins with `name`, for anything else, or a time that int64 nanoseconds cannot hold.
    """
    ns = _nanoseconds(moment, timezone, name)
    if not -(2**63) < ns < 2**63:
        raise DataError(f"{name}: {moment!r} is outside the years 1677 to 2262")
    return ns


def _nanoseconds(moment: Moment, timezone: str, name: str) -> int:
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError:
            raise DataError(
                f"{name}: {moment!r} is not an ISO 8601 date or time such as 2024-01-31 or 2024-01-31T14:30Z"
            ) from None
    if isinstance(moment, datetime):
        return to_ns(moment, timezone) + int(getattr(moment, "nanosecond", 0))
    if isinstance(moment, date):
        return to_ns(datetime(moment.year, moment.month, moment.day), timezone)
    if isinstance(moment, np.datetime64):
        return int(read_times(np.array([moment]), name, TimeRules(timezone), name, literal=True).ns[0])
    if isinstance(moment, bool) or not hasattr(moment, "__index__"):
        raise DataError(
            f"{name}: {moment!r} is not an integer of nanoseconds, a date, a datetime or an ISO 8601 text"
        )
    return int(moment.__index__())
