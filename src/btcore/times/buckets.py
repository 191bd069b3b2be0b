"""The periods that times fall in: of a local clock, or of the sessions of an exchange."""

import re
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.errors import DataError, reject_rows

from .hours import TradingHours, calendar_sessions
from .intervals import DAY_NS, HOUR_NS, MINUTE_NS, Length
from .order import with_times
from .periods import first_of_month, month_of
from .zones import Times, localize, utc_offsets

# The days after 1970-01-01, a Thursday, on which a week may begin.
_WEEKDAYS = {"mon": 4, "tue": 5, "wed": 6, "thu": 0, "fri": 1, "sat": 2, "sun": 3}
_ANCHOR = re.compile(rf"(?:({'|'.join(_WEEKDAYS)})(?: |$))?(?:([01][0-9]|2[0-3]):([0-5][0-9]))?")


class Buckets(NamedTuple):
    """The periods that have rows: the first row of each, its start and its end, ns UTC.

    `rows` are the numbers of the rows that fall in one, None for all; `first` counts among them.
    """

    first: NDArray[np.intp]
    starts: Times
    ends: Times
    rows: NDArray[np.intp] | None = None


def anchor_ns(anchor: str | None, length: Length) -> int:
    """Where periods of a length begin: ns after midnight, or of weeks after the beginning of 1970.

    `anchor` is a time of day such as "09:30", for weeks a weekday, a time or both: "sun 17:00". None is
    midnight, for weeks that of Monday. DataError for anything else, and for lengths that begin elsewhere.
    """
    weekday = _WEEKDAYS["mon"] if length.weeks else 0
    if anchor is None:
        return weekday * DAY_NS
    match = _ANCHOR.fullmatch(anchor) if isinstance(anchor, str) and anchor else None
    if match is None or (match[1] and not length.weeks):
        allowed = 'a weekday and a time such as "sun 17:00"' if length.weeks else 'a time such as "09:30"'
        raise DataError(f"anchor: {anchor!r} is not {allowed}")
    if length.months or (length.ns % DAY_NS and DAY_NS % length.ns):
        raise DataError(f"anchor: {length.name} has none; only whole days, weeks and parts of a day have")
    day = _WEEKDAYS[match[1]] if match[1] else weekday
    return day * DAY_NS + int(match[2] or 0) * HOUR_NS + int(match[3] or 0) * MINUTE_NS


def clock_buckets(times: Times, length: Length, timezone: str, anchor: int) -> Buckets:
    """Periods on the clock of `timezone`, the first of which begins at the local time `anchor` in 1970."""
    offsets = utc_offsets(times, timezone)
    local = times + offsets
    if length.months:
        month = month_of(local)
        places = month - month % length.months
    else:
        places = local - (local - anchor) % length.ns
    if not length.follows_clock:
        # An hour that occurs twice is two periods of an hour, but lies within one of four hours or a day.
        places -= offsets
    # The second 01:10 of a day does not return to a period that was over at the first.
    places = np.maximum.accumulate(places)
    first = _changes(places)
    places = places[first]
    if length.months:
        edges = first_of_month(places), first_of_month(places + length.months)
    else:
        edges = places, places + length.ns
    if length.follows_clock:
        edges = localize(edges[0], timezone, dst="earlier"), localize(edges[1], timezone, dst="earlier")
    starts, ends = (np.array(edge) for edge in edges)
    starts[1:] = np.maximum(starts[1:], ends[:-1])  # hours overlap if a clock moves by half an hour
    return Buckets(first, starts, ends)


def session_buckets(
    starts: Times, ends: Times, length: Length, timezone: str, calendar: str | TradingHours
) -> Buckets:
    """Periods that begin with the sessions of an exchange, of rows that last from `starts` to `ends`.

    Parts of a day begin at the open of each session and every `length` after, and the last ends at the close.
    A day is a session. Weeks and months last from the open of their first session to the close of their last;
    a session belongs to the local day in `timezone` on which it closes. Rows that end outside all sessions
    fall in no period. DataError for several days, RowError for a bar that begins in an earlier period than it
    ends in.
    """
    found = calendar_sessions(calendar, int(starts[0]), int(ends[-1]))
    if length.months or length.weeks:
        # The sessions of whole periods: a year and more around the rows.
        margin = 32 * DAY_NS * max(length.months, 1) + length.ns
        found = calendar_sessions(calendar, int(starts[0]) - margin, int(ends[-1]) + margin)
    elif length.ns > DAY_NS or DAY_NS % length.ns:
        raise DataError(
            f"calendar: sessions have no bars of {length.name}, only of parts of a day, 1d, weeks and months"
        )
    session = np.searchsorted(found.opens, ends - 1, "right") - 1
    rows = np.flatnonzero((session >= 0) & (ends - 1 < found.closes[session]))
    session = session[rows]
    opens, closes = found.opens, found.closes
    if length.months or length.weeks:
        last = closes - 1
        group = _changes(_period_of(last + utc_offsets(last, timezone), length))
        opens = np.repeat(opens[group], np.diff(group, append=len(opens)))
        closes = np.repeat(closes[np.append(group[1:], len(closes)) - 1], np.diff(group, append=len(closes)))
    begin, until = opens[session], closes[session]
    before = np.searchsorted(found.opens, begin) - 1
    late = np.zeros(len(starts), bool)
    late[rows] = (before >= 0) & (starts[rows] < found.closes[before])
    problem = f"begins before the {length.name} that it ends in"
    reject_rows("bars", late, with_times(problem, starts, ends))
    if length.ns and length.ns < DAY_NS:
        begin = begin + (np.maximum(starts[rows], begin) - begin) // length.ns * length.ns
        until = np.minimum(begin + length.ns, until)
    first = _changes(begin)
    return Buckets(first, begin[first], until[first], rows)


def _period_of(local: Times, length: Length) -> Times:
    """The number of the week or month, or of several of them, of local times."""
    if length.months:
        return month_of(local) // length.months
    return (local - _WEEKDAYS["mon"] * DAY_NS) // length.ns


def _changes(values: Times) -> NDArray[np.intp]:
    """The first row of each run of equal values."""
    return np.flatnonzero(np.append(True, values[1:] != values[:-1])[: len(values)])
