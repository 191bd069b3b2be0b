"""One time -> int64 ns UTC."""

from datetime import date, datetime

import numpy as np

from btcore.errors import DataError, RowError
from btcore.times.clock import to_ns
from btcore.times.intervals import DAY_NS
from btcore.times.rules import TimeRules
from btcore.times.zones import Dst, localize

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
        ns = to_ns(moment) + int(getattr(moment, "nanosecond", 0))
        return ns if moment.tzinfo or timezone == "UTC" else _of_local(ns, timezone, name)
    if isinstance(moment, date):
        return _of_local(to_ns(datetime(moment.year, moment.month, moment.day)), timezone, name)
    if isinstance(moment, np.datetime64):
        return int(read_times(np.array([moment]), name, TimeRules(timezone), name, literal=True).ns[0])
    if isinstance(moment, bool) or not hasattr(moment, "__index__"):
        raise DataError(
            f"{name}: {moment!r} is not an integer of nanoseconds, a date, a datetime or an ISO 8601 text"
        )
    return int(moment.__index__())


def _of_local(local: int, timezone: str, name: str) -> int:
    """UTC of a local time that occurs once, or of the beginning of a local day."""
    if not -(2**63) < local < 2**63:
        return local  # the caller refuses it
    dst: Dst = "raise" if local % DAY_NS else "earlier"
    try:
        hint = "give its UTC offset"
        return int(localize(np.array([local], np.int64), timezone, name, dst, hint)[0])
    except RowError as error:
        raise DataError(f"{name}: {error.problem}") from None
