"""Lengths of time: "5min", "second", timedelta or nanoseconds -> nanoseconds, and back to a name."""

import re
from datetime import timedelta
from typing import Any

import numpy as np

from btcore.errors import DataError

from .clock import RESOLUTION_NS

Interval = str | int | timedelta

UNIT_NS: dict[str, int] = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9}
HOUR_NS = RESOLUTION_NS["hour"]
DAY_NS = RESOLUTION_NS["day"]
_SUFFIX_NS: dict[str, int] = {**UNIT_NS, "min": RESOLUTION_NS["minute"], "h": HOUR_NS, "d": DAY_NS}
_PATTERN = re.compile(r"([1-9][0-9]{0,8})(ns|us|ms|s|min|h|d)")


def interval_ns(interval: Interval) -> int:
    """The interval in nanoseconds, positive; DataError if it is no interval."""
    if isinstance(interval, bool):
        raise DataError(f"interval: {interval!r} is not an interval")
    if isinstance(interval, timedelta):
        length = (interval.days * 86400 + interval.seconds) * 10**9 + interval.microseconds * 1000
    elif isinstance(interval, str):
        length = _named(interval)
    else:
        try:
            length = int(interval.__index__())
        except AttributeError:
            raise DataError(
                f"interval: {interval!r} is not a name, a timedelta or whole nanoseconds"
            ) from None
    if not 0 < length < 2**62:
        raise DataError(f"interval: {interval!r} is not a positive length of time")
    return length


def _named(name: str) -> int:
    if name in RESOLUTION_NS:
        return RESOLUTION_NS[name]
    match = _PATTERN.fullmatch(name)
    if match is None:
        raise DataError(
            f"interval: {name!r} is not one of {', '.join(RESOLUTION_NS)}, "
            "nor a number with ns, us, ms, s, min, h or d"
        )
    return int(match[1]) * _SUFFIX_NS[match[2]]


def interval_name(length: int) -> str:
    """The shortest name of that many nanoseconds: 300_000_000_000 -> "5min"."""
    for suffix in ("d", "h", "min", "s", "ms", "us"):
        if length % _SUFFIX_NS[suffix] == 0:
            return f"{length // _SUFFIX_NS[suffix]}{suffix}"
    return f"{length}ns"


def resolution_of(length: int) -> str | None:
    """The resolution ("second", "minute", "hour", "day") of that interval, or None."""
    return next((name for name, ns in RESOLUTION_NS.items() if ns == length), None)


def smallest_gap(timestamps: Any) -> int:
    """The smallest positive gap in nanoseconds; 23 hours, the day a clock is put forward, counts as a day.

    DataError if there are not two different times to tell it from.
    """
    times = np.asarray(timestamps)
    gaps = np.diff(times.astype("datetime64[ns]").view(np.int64) if times.dtype.kind == "M" else times)
    gaps = gaps[gaps > 0]
    if len(gaps) == 0:
        raise DataError("the interval cannot be told from fewer than two bars; give interval=")
    smallest = int(gaps.min())
    return DAY_NS if DAY_NS - HOUR_NS <= smallest < DAY_NS else smallest
