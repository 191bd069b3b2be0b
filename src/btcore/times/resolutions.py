"""Resolutions: the names of the spacing of data. "tick", "minute" and "1mo" are some."""

import re
from typing import Any

from btcore.errors import DataError, near_name

from .intervals import RESOLUTION_NS, WEEK_NS, Length, bar_length, interval_name, near_length

TICK, IRREGULAR = "tick", "irregular"
RESOLUTION_PATTERN = (
    r"^(tick|second|minute|hour|day|irregular|[1-9][0-9]{0,8}(ns|us|ms|s|min|h|d|w|mo|q|y))(?![\s\S])"
)
RESOLUTION_WORDS = f"{TICK}, {', '.join(RESOLUTION_NS)}, {IRREGULAR} or a length such as 5min, 4h, 1w or 1mo"


def resolution_name(interval: int, months: int = 0) -> str:
    """The resolution of bars of `interval` ns, or of calendar `months`; "irregular" if both are 0."""
    if months:
        return Length(0, months).name
    if not interval:
        return IRREGULAR
    named = next((name for name, ns in RESOLUTION_NS.items() if ns == interval), None)
    weeks = f"{interval // WEEK_NS}w" if interval % WEEK_NS == 0 else None
    return named or weeks or interval_name(interval)


def near_resolution(text: Any) -> str:
    """` (did you mean 'minute'?)` for a text that is nearly a resolution; else ""."""
    named = near_name(text, [TICK, *RESOLUTION_NS, IRREGULAR])
    return named or (near_length(text) if isinstance(text, str) else "")


def check_resolution(resolution: str) -> str:
    """The name that `resolution_name` gives: "1min" -> "minute"; DataError if it is no resolution."""
    if not isinstance(resolution, str) or not re.match(RESOLUTION_PATTERN, resolution):
        raise DataError(f"resolution: {resolution!r} is not {RESOLUTION_WORDS}{near_resolution(resolution)}")
    if resolution in {TICK, IRREGULAR}:
        return resolution
    try:
        length = bar_length(resolution)
    except DataError as error:
        raise DataError(str(error).replace("interval:", "resolution:", 1)) from error
    return resolution_name(length.ns, length.months)
