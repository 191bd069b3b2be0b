"""Lengths of time in nanoseconds: constants, parsing ("5min", "second", timedelta, int) and names."""

import re
from datetime import timedelta
from typing import Any

import numpy as np

from btcore.errors import DataError

SECOND_NS = 10**9
MINUTE_NS = 60 * SECOND_NS
HOUR_NS = 60 * MINUTE_NS
DAY_NS = 24 * HOUR_NS
RESOLUTION_NS: dict[str, int] = {"second": SECOND_NS, "minute": MINUTE_NS, "hour": HOUR_NS, "day": DAY_NS}
UNIT_NS: dict[str, int] = {"ns": 1, "us": 10**3, "ms": 10**6, "s": SECOND_NS}

Interval = str | int | timedelta

_SUFFIX_NS: dict[str, int] = {**UNIT_NS, "min": MINUTE_NS, "h": HOUR_NS, "d": DAY_NS}
_PATTERN = re.compile(r"([1-9][0-9]{0,8})(ns|us|ms|s|min|h|d)")
_ALLOWED = f"{', '.join(RESOLUTION_NS)} or a number with ns, us, ms, s, min, h or d"


def interval_ns(interval: Interval) -> int:
    """The interval in nanoseconds, between 1 and 2**62; DataError for anything else."""
    if isinstance(interval, timedelta):
        length = timedelta_ns(interval)
    elif isinstance(interval, str):
        length = _parse(interval)
    elif isinstance(interval, bool) or not hasattr(interval, "__index__"):
        raise DataError(
            f"interval: {interval!r} is not text ({_ALLOWED}), a timedelta or an integer of nanoseconds"
        )
    else:
        length = int(interval.__index__())
    if not 0 < length < 2**62:
        raise DataError(f"interval: {interval!r} is not between 1 nanosecond and 146 years")
    return length


def timedelta_ns(delta: timedelta) -> int:
    """Nanoseconds in a timedelta, exactly."""
    return delta // timedelta(microseconds=1) * 1000


def _parse(text: str) -> int:
    if text in RESOLUTION_NS:
        return RESOLUTION_NS[text]
    match = _PATTERN.fullmatch(text)
    if match is None:
        raise DataError(f"interval: {text!r} is not {_ALLOWED}")
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
    """The smallest positive gap between neighbours, in nanoseconds.

    A gap of 23 hours up to a day counts as a day: a local day has 23 hours when the clock is put forward.
    DataError unless there are two different times.
    """
    times = np.asarray(timestamps)
    gaps = np.diff(times.astype("datetime64[ns]").view(np.int64) if times.dtype.kind == "M" else times)
    gaps = gaps[gaps > 0]
    if len(gaps) == 0:
        raise DataError("interval: it cannot be inferred from fewer than two bars; pass interval=")
    smallest = int(gaps.min())
    return DAY_NS if DAY_NS - HOUR_NS <= smallest < DAY_NS else smallest
