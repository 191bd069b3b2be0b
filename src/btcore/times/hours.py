"""Trading hours of an instrument: weekly sessions in a local clock, with holidays and days of other hours."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Annotated, Any

import numpy as np
from msgspec import Meta, field

from btcore.errors import ConfigError, not_one_of
from btcore.names import Settings

from .clock import moment_text, zone
from .intervals import DAY_NS, EPOCH_WEEKDAY, MINUTE_NS, SECOND_NS, WEEK_NS
from .sessions import Sessions, calendar_code, sessions
from .zones import Times, localize, utc_offsets

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SEARCHED = 400  # days before the first time and after the last in which a session is looked for

_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?|24:00(?::00)?")


class TradingHours(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The sessions of an instrument, by the day of the week on which they close.

    timezone: IANA name of the clock of all times here.
    week: sessions of a weekday, [open, close] each, such as {"monday": [["09:30", "16:00"]]}; a time is HH:MM
        or HH:MM:SS, and 24:00 is the end of the day. An open at or after its close is on the day before.
    holidays: dates without a session, such as "2024-12-25".
    early_closes: dates to the time at which the last session closes.
    late_opens: dates to the time at which the first session opens.
    """

    timezone: Annotated[str, Meta(min_length=1, max_length=64)]
    week: dict[str, list[tuple[str, str]]]
    holidays: list[str] = field(default_factory=list)
    early_closes: dict[str, str] = field(default_factory=dict)
    late_opens: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        zone(self.timezone)
        _check_no_overlap(_week_of(self))
        _days_of(self)


def calendar_sessions(calendar: str | TradingHours, first: int, last: int) -> Sessions:
    """The sessions of a code of an exchange ("XNYS") or of trading hours, for times from `first` to `last`.

    They go from the last that opens at or before `first` to one that closes after `last`, ns UTC. ConfigError
    if the calendar is unknown, or there are no such sessions.
    """
    if isinstance(calendar, TradingHours):
        return _hours_sessions(calendar, first, last)
    return sessions(first, last, "UTC", calendar)


def sessions_of(given: str | TradingHours, first: int, last: int) -> Sessions:
    """As `calendar_sessions`, of an instrument: its errors say `sessions`."""
    with _errors_of_sessions():
        return calendar_sessions(given, first, last)


def check_sessions(given: str | TradingHours) -> None:
    """ConfigError for an unknown code of an exchange; trading hours are checked when they are made."""
    if not isinstance(given, TradingHours):
        with _errors_of_sessions():
            calendar_code(given)


@contextmanager
def _errors_of_sessions() -> Iterator[None]:
    """Errors about a calendar are about the sessions of an instrument."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError(re.sub("^calendar:", "sessions:", str(error))) from error


def _hours_sessions(hours: TradingHours, first: int, last: int) -> Sessions:
    """The sessions of trading hours, as `calendar_sessions` describes them.

    A session is left out if a change of the clock, a late open or an early close leaves none of it.
    """
    margin = _SEARCHED * DAY_NS
    opens, closes = _between(hours, first - margin, last + margin)
    begin = int(np.searchsorted(opens, first, "right")) - 1
    end = int(np.searchsorted(opens, last, "right")) + 1
    if begin < 0 or end > len(opens):
        raise ConfigError(
            f"sessions: no session opens at or before {moment_text(first)}, or none closes after "
            f"{moment_text(last)}, within {_SEARCHED} days"
        )
    return Sessions(opens[begin:end], closes[begin:end], "its trading hours")


def _between(hours: TradingHours, first: int, last: int) -> tuple[Times, Times]:
    """Opens and closes, ns UTC, of the sessions that close on the local days of these times."""
    offsets = utc_offsets(np.array([first, last]), hours.timezone)
    low, high = (np.array([first, last]) + offsets) // DAY_NS
    days = np.arange(low, high + 1)
    holidays, early, late = _days_of(hours)
    days = days[~np.isin(days, holidays)]
    opens, closes = [], []
    for weekday, begin, end in _week_of(hours):
        on = days[(days + EPOCH_WEEKDAY) % 7 == weekday]
        start, stop = np.full(len(on), begin), np.full(len(on), end)
        for limits, times, limit in ((early, stop, np.minimum), (late, start, np.maximum)):
            for day in np.flatnonzero(np.isin(on, list(limits))):
                times[day] = limit(times[day], limits[int(on[day])])
        kept = start < stop
        opens.append((on * DAY_NS + start)[kept])
        closes.append((on * DAY_NS + stop)[kept])
    local = [np.sort(np.concatenate(side)) if side else np.zeros(0, np.int64) for side in (opens, closes)]
    opened, closed = (np.array(localize(side, hours.timezone, "bars", "earlier")) for side in local)
    kept = opened < closed
    return opened[kept], closed[kept]


def _week_of(hours: TradingHours) -> list[tuple[int, int, int]]:
    """(weekday, open, close) of each session of the week, ns from the midnight of its day, sorted by open."""
    if not isinstance(hours.week, dict) or not hours.week:
        raise ConfigError(f"week: {hours.week!r} is not a mapping of one weekday or more to its sessions")
    found = []
    for name, listed in hours.week.items():
        if name not in DAYS:
            raise ConfigError(f"week: {not_one_of(name, DAYS)}")
        if not isinstance(listed, list | tuple):
            raise ConfigError(f"week[{name!r}]: {listed!r} is not a list of [open, close]")
        for i, pair in enumerate(listed):
            where = f"week[{name!r}][{i}]"
            if not isinstance(pair, list | tuple) or len(pair) != 2:
                raise ConfigError(f"{where}: {pair!r} is not [open, close]")
            opened, closed = (_time_ns(text, where) for text in pair)
            found.append((DAYS.index(name), opened - DAY_NS if opened >= closed else opened, closed))
    if not found:
        raise ConfigError("week: no weekday has a session")
    return sorted(found, key=lambda item: item[0] * DAY_NS + item[1])


def _check_no_overlap(week: list[tuple[int, int, int]]) -> None:
    spans = [(day * DAY_NS + begin, day * DAY_NS + end) for day, begin, end in week]
    following = [*spans[1:], (spans[0][0] + WEEK_NS, spans[0][1] + WEEK_NS)]
    for (day, _, _), (_, end), (begin, _) in zip(week, spans, following, strict=True):
        if begin < end:
            raise ConfigError(f"week[{DAYS[day]!r}]: a session closes after the next one opens")


def _days_of(hours: TradingHours) -> tuple[list[int], dict[int, int], dict[int, int]]:
    """Holidays as days since 1970, and the closes and opens, ns from midnight, of days of other hours."""
    if not isinstance(hours.holidays, list | tuple):
        raise ConfigError(f"holidays: {hours.holidays!r} is not a list of dates")
    holidays = [_day(text, f"holidays[{i}]") for i, text in enumerate(hours.holidays)]
    limits = []
    for name in ("early_closes", "late_opens"):
        given = getattr(hours, name)
        if not isinstance(given, dict):
            raise ConfigError(f"{name}: {given!r} is not a mapping of dates to times")
        limits.append({_day(d, name): _time_ns(t, f"{name}[{d!r}]") for d, t in given.items()})
    return holidays, limits[0], limits[1]


def _day(text: Any, where: str) -> int:
    try:
        if not isinstance(text, str) or len(text) != len("2024-01-02"):
            raise ValueError
        return (date.fromisoformat(text) - date(1970, 1, 1)).days
    except ValueError:
        raise ConfigError(f"{where}: {text!r} is not a date such as 2024-12-25") from None


def _time_ns(text: Any, where: str) -> int:
    match = _TIME.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ConfigError(f"{where}: {text!r} is not a time from 00:00 to 24:00 such as 09:30")
    if match[1] is None:
        return DAY_NS
    seconds = int(match[3] or 0) * SECOND_NS
    return (int(match[1]) * 60 + int(match[2])) * MINUTE_NS + seconds
