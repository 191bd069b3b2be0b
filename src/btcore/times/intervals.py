"""Lengths of time: constants, parsing ("5min", "second", "1mo", timedelta, int) and names."""

import re
from datetime import timedelta
from typing import NamedTuple

from btcore.errors import DataError, near_name, nearest

SECOND_NS = 10**9
MINUTE_NS = 60 * SECOND_NS
HOUR_NS = 60 * MINUTE_NS
DAY_NS = 24 * HOUR_NS
WEEK_NS = 7 * DAY_NS
EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday; Monday is 0
RESOLUTION_NS: dict[str, int] = {"second": SECOND_NS, "minute": MINUTE_NS, "hour": HOUR_NS, "day": DAY_NS}
UNIT_NS: dict[str, int] = {"ns": 1, "us": 10**3, "ms": 10**6, "s": SECOND_NS}

Interval = str | int | timedelta

_SUFFIX_NS: dict[str, int] = {**UNIT_NS, "min": MINUTE_NS, "h": HOUR_NS, "d": DAY_NS, "w": WEEK_NS}
_SUFFIX_MONTHS: dict[str, int] = {"mo": 1, "q": 3, "y": 12}
_UNIT_WORDS = {
    **{unit: unit for unit in (*_SUFFIX_NS, *_SUFFIX_MONTHS)},
    **{"second": "s", "sec": "s", "minute": "min", "m": "min", "hour": "h", "hr": "h", "day": "d"},
    **{"week": "w", "month": "mo", "quarter": "q", "year": "y"},
}
_PATTERN = re.compile(r"([1-9][0-9]{0,8})(ns|us|ms|s|min|h|d|w|mo|q|y)")
_ALLOWED = f"{', '.join(RESOLUTION_NS)} or a number with ns, us, ms, s, min, h, d or w"
_ALLOWED_BARS = f"{_ALLOWED[: -len(' or w')]}, w, mo, q or y"
_MONTHS_MAX = 12 * 146


class Length(NamedTuple):
    """The length of bars: `ns` nanoseconds, or calendar `months` (`ns` is 0 then).

    Lengths of more than an hour follow a local clock. `weeks` is true for whole weeks, whose bars may begin
    a few days late after a holiday, as those of months may.
    """

    ns: int
    months: int = 0
    weeks: bool = False

    @property
    def follows_clock(self) -> bool:
        """Whether bars of this length end by a local clock rather than after a fixed time."""
        return self.months > 0 or self.ns > HOUR_NS

    @property
    def tolerance(self) -> int:
        """How much earlier than the end of a bar the next may begin, ns.

        An hour is a change of the clock; the days are holidays at the beginning of a week or a month.
        """
        if self.months:
            return 10 * DAY_NS
        return 4 * DAY_NS if self.weeks else HOUR_NS if self.follows_clock else 0

    @property
    def name(self) -> str:
        """The text of this length: "5min", "1w", "1q"."""
        if self.weeks:
            return f"{self.ns // WEEK_NS}w"
        if not self.months:
            return interval_name(self.ns)
        suffix, months = next((s, m) for s, m in (("y", 12), ("q", 3), ("mo", 1)) if self.months % m == 0)
        return f"{self.months // months}{suffix}"


def bar_length(interval: Interval) -> Length:
    """The length of bars that is meant: "4h", "1d", "1w", "1mo", "1q", "1y", a timedelta, or nanoseconds.

    DataError for anything else.
    """
    if isinstance(interval, str):
        match = _PATTERN.fullmatch(interval)
        if match is not None and match[2] in _SUFFIX_MONTHS:
            months = int(match[1]) * _SUFFIX_MONTHS[match[2]]
            if months > _MONTHS_MAX:
                raise DataError(f"interval: {interval!r} is more than 146 years")
            return Length(0, months)
        if match is None and interval not in RESOLUTION_NS:
            raise DataError(f"interval: {interval!r} is not {_ALLOWED_BARS}{near_length(interval)}")
        return Length(interval_ns(interval), weeks=match is not None and match[2] == "w")
    return Length(interval_ns(interval))


def interval_ns(interval: Interval) -> int:
    """The interval in nanoseconds, between 1 and 2**62; DataError for anything else.

    A week is seven days. Months, quarters and years have no fixed length and are refused.
    """
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
        raise DataError(f"interval: {text!r} is not {_ALLOWED}{near_length(text)}")
    if match[2] in _SUFFIX_MONTHS:
        raise DataError(f"interval: {text!r} is no fixed length of time; {_ALLOWED} is")
    return int(match[1]) * _SUFFIX_NS[match[2]]


def near_length(text: str) -> str:
    """` (did you mean '5min'?)` for a text that is nearly a length, such as "5mn" or "5 minutes"; else ""."""
    number, word = re.fullmatch(r"\s*(\d{0,9})\s*(.*)", text, re.DOTALL).groups()  # type: ignore[union-attr]
    if not number:
        return near_name(text, RESOLUTION_NS)
    word = word.strip().lower().removesuffix("s") or "s"
    unit = _UNIT_WORDS.get(word) or _UNIT_WORDS.get(nearest(word, _UNIT_WORDS))
    return f" (did you mean '{number}{unit}'?)" if unit else ""


def interval_name(length: int) -> str:
    """The shortest name of that many nanoseconds: 300_000_000_000 -> "5min"."""
    for suffix in ("d", "h", "min", "s", "ms", "us"):
        if length % _SUFFIX_NS[suffix] == 0:
            return f"{length // _SUFFIX_NS[suffix]}{suffix}"
    return f"{length}ns"


def resolution_of(length: int) -> str | None:
    """The resolution ("second", "minute", "hour", "day") of that interval, or None."""
    return next((name for name, ns in RESOLUTION_NS.items() if ns == length), None)
