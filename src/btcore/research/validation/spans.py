"""Lengths of windows ("2y", "90d", "500 bars", a number of periods), and steps of such lengths over time."""

import re
from datetime import timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.errors import ConfigError, DataError
from btcore.times.intervals import DAY_NS, HOUR_NS, bar_length
from btcore.times.periods import first_of_month, month_of
from btcore.times.zones import localize, midnights, utc_offsets

Times = NDArray[np.int64]
SpanLike = str | int | timedelta

MONTHS, NS, BARS, PERIODS = "months", "ns", "bars", "periods"
ALLOWED = (
    'a length of time such as "2y", "6mo", "90d" or "4h", a number of bars such as "500 bars", '
    "a number of periods (whole, above 0), or a timedelta"
)
_COUNT = re.compile(r"([1-9][0-9]{0,8}) ?(bars?|periods?)")


class Span(NamedTuple):
    """A number of units: calendar months, nanoseconds, rows ("bars") or periods of the returns."""

    size: int
    unit: str

    def times(self, number: int) -> "Span":
        """A span so many times as long; a negative one goes back."""
        return Span(self.size * number, self.unit)


def span_of(name: str, given: SpanLike) -> Span:
    """The span that a keyword `name` gives; ConfigError for another value."""
    if isinstance(given, int) and not isinstance(given, bool):
        if given < 1:
            raise ConfigError(f"{name}: {given} is not {ALLOWED}")
        return Span(given, PERIODS)
    if isinstance(given, str):
        match = _COUNT.fullmatch(given.strip())
        if match is not None:
            return Span(int(match[1]), BARS if match[2].startswith("bar") else PERIODS)
    elif not isinstance(given, timedelta):
        raise ConfigError(f"{name}: {given!r} is not {ALLOWED}")
    try:
        length = bar_length(given)
    except DataError:
        raise ConfigError(f"{name}: {given!r} is not {ALLOWED}") from None
    return Span(length.months, MONTHS) if length.months else Span(length.ns, NS)


class Timeline(NamedTuple):
    """The times of the data of a run, ns UTC.

    rows: the different times at which rows begin.
    periods: the first row of each period of the returns (a day or session with data, or less).
    first, last: the start of the run, and when its last row is delivered.
    timezone: whose clock months, days and weeks follow.
    """

    rows: Times
    periods: Times
    first: int
    last: int
    timezone: str

    @property
    def end(self) -> int:
        """A time after every row, at which the last window ends."""
        return max(self.last, int(self.rows[-1]) + 1)

    def anchor(self, span: Span) -> int:
        """Where the first window begins: the first row; of months and days, the midnight at or before it."""
        if span.unit in (BARS, PERIODS) or (span.unit == NS and span.size < DAY_NS):
            return int(self.rows[0])
        at = int(midnights(self.first, self.first, self.timezone)[0])
        return self.first if at < self.first < int(self.rows[0]) else at

    def after(self, at: int, span: Span) -> int | None:
        """The time one span after `at`, before it for a negative span; None if the data end before it.

        Months and what is longer than an hour follow the local clock; a day that a month does not have is its
        last. Of bars and periods it is the time at which a row begins, counted from the first at or after
        `at`; `end` after the last of all.
        """
        if span.unit == MONTHS:
            return self._utc(_months_later(self._local(at), span.size))
        if span.unit == NS:
            if abs(span.size) <= HOUR_NS:
                return at + span.size
            return self._utc(self._local(at) + span.size)
        times = self.rows if span.unit == BARS else self.periods
        place = max(int(np.searchsorted(times, at)) + span.size, 0)
        if place > len(times):
            return None
        return int(times[place]) if place < len(times) else self.end

    def _local(self, at: int) -> int:
        offset = utc_offsets(np.array([at], np.int64), self.timezone)
        return at + int(offset if isinstance(offset, int) else offset[0])

    def _utc(self, local: int) -> int:
        return int(localize(np.array([local], np.int64), self.timezone, dst="earlier")[0])


def _months_later(local: int, months: int) -> int:
    """The same day and time of a later month, or that time of its last day."""
    times = np.array([local], np.int64)
    month = month_of(times)
    offset = local - int(first_of_month(month)[0])
    first, following = (int(first_of_month(month + months + more)[0]) for more in (0, 1))
    day, time = divmod(offset, DAY_NS)
    return first + min(day, (following - first) // DAY_NS - 1) * DAY_NS + time
