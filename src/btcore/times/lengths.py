"""When bars begin and end: by a fixed length, a local clock, the calendar, or the sessions of an exchange."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from btcore.errors import DataError, RowError, not_one_of, reject_rows

from .clock import zone
from .inference import infer_length
from .intervals import DAY_NS, Interval, Length, bar_length
from .order import check_ascending, check_ends, check_last_end, check_no_overlap, with_times
from .other_clock import extend_over_changes
from .periods import are_month_ends, ends_of, starts_of
from .rules import ReadTimes
from .sessions import Sessions, sessions
from .zones import Times, localize, utc_offsets

STAMPS = ("open", "close")
_EARLIEST = int(np.iinfo(np.int64).min)
_MONTH_MOST = 31 * DAY_NS
_HOLIDAYS = 2 * DAY_NS  # the days by which a week or month may be shorter without a note


class BarTimes(NamedTuple):
    """The times of bars, int64 ns UTC.

    `end` is None if every bar ends `interval` ns after its `timestamp`. `interval` is the nominal length, 0
    if there is none; bars of `months` have none. `notes` say what was inferred.
    """

    timestamp: Times
    end: Times | None
    interval: int
    notes: tuple[str, ...] = ()
    months: int = 0


def bar_times(
    times: ReadTimes,
    interval: Interval | None = None,
    *,
    end: Times | None = None,
    stamp: str | None = None,
    timezone: str | None = None,
    calendar: str | None = None,
) -> BarTimes:
    """The beginning and end of each bar.

    `times` are the beginnings of the bars, or their ends if `stamp` is "close"; a date as an end is the end
    of that day. `stamp` None means "open", except dates that are the last days of their months, quarters or
    years. Lengths of more than an hour follow the clock of `timezone` (None: that of the times). A bar ends
    no later than the next one begins and, with a `calendar`, than the last session closes in which it lies.
    `interval` None is inferred. `end` gives the ends instead, which are checked; `interval` is then nominal.

    DataError for an unknown length or stamp, and if a length cannot be inferred. RowError for times that do
    not ascend, bars that overlap by more than the tolerance of their length, and bars in no session.
    """
    if stamp is not None and stamp not in STAMPS:
        raise DataError(f"stamp: {not_one_of(stamp, STAMPS)}")
    if end is not None:
        return _with_ends(times.ns, end, interval, stamp, calendar)
    other_clock = timezone is None and times.zone == "UTC" and calendar is None
    timezone = times.zone if timezone is None else timezone
    zone(timezone)
    notes = []
    if interval is not None:
        length = bar_length(interval)
    else:
        length = infer_length(
            times.ns, _to_local(times.ns, timezone), closes=stamp == "close" and not times.dates
        )
        notes = [f"interval: {length.name}, inferred from the gaps between the bars"]
    fixed = not length.follows_clock and calendar is None and stamp != "close"
    if fixed or len(times.ns) == 0:
        return BarTimes(
            times.ns, None, length.ns, tuple(notes), length.months
        )  # the container checks the order of the times
    check_ascending("bars", times.ns)
    _check_range(times.ns, length, timezone)
    local = _to_local(times.ns, timezone)
    dates = times.dates and (length.months > 0 or length.ns >= DAY_NS)  # bars of hours have no dates
    if stamp is None and dates:
        stamp, note = _stamp_of_dates(local, length)
        notes += note
    elif stamp == "close" and dates:
        notes.append("stamp: the times are dates; the bars end with these days, at the midnights after them")
    if stamp == "close":
        closes = _to_utc(local // DAY_NS * DAY_NS + DAY_NS, timezone) if dates else times.ns
        starts, ends, found = _from_closes(closes, length, timezone, calendar, dates=dates)
    else:
        starts, ends, found = _from_opens(times.ns, length, timezone, calendar, dates=dates)
    notes += found
    if other_clock and length.follows_clock and not dates:
        notes += extend_over_changes(starts, ends, length, closes=stamp == "close")
    if length.ns and np.array_equal(ends, starts + length.ns):
        return BarTimes(starts, None, length.ns, tuple(notes))
    return BarTimes(starts, ends, length.ns, tuple(notes), length.months)


def _with_ends(
    starts: Times, ends: Times, interval: Interval | None, stamp: str | None, calendar: str | None
) -> BarTimes:
    """Bars whose ends are given; 0 as their interval says that they have none."""
    if stamp == "close" or calendar is not None:
        given = "stamp" if stamp == "close" else "calendar"
        raise DataError(
            f"{given}: the ends of the bars are given by a column, which leaves nothing to compute"
        )
    check_ascending("bars", starts)
    check_ends("bars", starts, ends)
    lengths = ends - starts
    months = 0
    if interval is None:
        nominal = int(lengths[0]) if len(lengths) and (lengths == lengths[0]).all() else 0
    elif interval == 0 and interval is not False:
        nominal = 0
    else:
        length = bar_length(interval)
        nominal, months = length.ns, length.months
    own = None if nominal and (lengths == nominal).all() else ends
    return BarTimes(starts, own, nominal, months=months)


def _check_range(times: Times, length: Length, timezone: str) -> None:
    """RowError if a bar may begin or end beyond the range of int64 nanoseconds."""
    zoned = length.follows_clock and (length.months > 0 or timezone != "UTC")
    reach = (length.ns or length.months * _MONTH_MOST) + (2 * DAY_NS if zoned else 0)
    check_last_end("bars", times, reach)
    if int(times[0]) < _EARLIEST + reach:
        raise RowError("bars", 0, "is before the year 1678, the first within the range of int64 nanoseconds")


def _stamp_of_dates(local: Times, length: Length) -> tuple[str, list[str]]:
    """Whether dates are the opens or the closes of bars, and a note if that is an assumption.

    DataError for weeks of Fridays, Saturdays or Sundays, and for months of which most, not all are last days.
    Read in the wrong way, closes would be known early, or opens be those of days before.
    """
    month_ends = are_month_ends(local) if length.months else False
    if month_ends:
        return "close", ["stamp: the dates are the last days of months, read as the closes of the bars"]
    if month_ends is None:
        raise DataError(
            "stamp: most dates are the last days of months, but not all; they may be opens or closes; "
            'pass stamp="open" or stamp="close"'
        )
    # 1970-01-01 was a Thursday: days 1 to 3 of that week are Friday to Sunday.
    weekends = (local // DAY_NS - 1) % 7 < 3
    if length.weeks and 2 * weekends.sum() > len(local):
        raise DataError(
            "stamp: most dates are Fridays, Saturdays or Sundays, which may be the first or the last days of "
            'the weeks; pass stamp="open" or stamp="close"'
        )
    return "open", []


def _from_opens(
    starts: Times, length: Length, timezone: str, calendar: str | None, *, dates: bool
) -> tuple[Times, Times, list[str]]:
    """Beginnings and ends of bars of a length that begin at `starts`, and notes of bars that are cut."""
    ends = _moved(starts, length, timezone, ends_of)
    check_no_overlap("bars", starts, length.name, starts[1:] < ends[:-1] - length.tolerance)
    usual = _HOLIDAYS if length.months or length.weeks else 0
    cut = int((ends[:-1] > starts[1:] + usual).sum())
    notes = [f"end: {cut} bars shorter than {length.name}, as the next begins before"] if cut else []
    ends[:-1] = np.minimum(ends[:-1], starts[1:])
    if calendar is not None:
        starts, ends = (_sessions_of_dates if dates else _cut_at_closes)(starts, ends, calendar)
    return starts, ends, notes


def _from_closes(
    closes: Times, length: Length, timezone: str, calendar: str | None, *, dates: bool
) -> tuple[Times, Times, list[str]]:
    """Beginnings and ends of bars of a length that end at `closes`, and notes of ends beyond a session."""
    notes: list[str] = []
    starts = _moved(closes, length, timezone, starts_of)
    if not length.months and length.ns < DAY_NS:
        starts = np.minimum(starts, closes - length.ns)  # a clock that is put forward has no such start
    if calendar is not None and dates:
        starts, closes = _sessions_of_dates(starts, closes, calendar)
    elif calendar is not None:
        late = int((_cut_at_closes(starts, closes, calendar)[1] < closes).sum())
        if late:  # they have prices of other hours, or are of one length also at the end of a session
            notes.append(f"end: {late} bars end after the close of their session, as they are stamped")
        else:
            starts = _cut_at_opens(starts, closes, length, calendar)
    check_no_overlap("bars", closes, length.name, starts[1:] < closes[:-1] - length.tolerance)
    starts[1:] = np.maximum(starts[1:], closes[:-1])
    return starts, closes, notes


def _moved(times: Times, length: Length, timezone: str, move: Callable[[Times, Length], Times]) -> Times:
    """The times moved by one length, `ends_of` or `starts_of`, on the local clock; a new array.

    Bars that keep to one place in the hours or days of UTC, but to none of the local clock, are bars of UTC.
    Those that keep to both and begin a day of UTC, but none of the local clock, may be either: they are the
    longer of the two.
    """
    if not length.follows_clock:
        return move(times, length)
    local = _to_local(times, timezone)
    cycle = length.ns if length.ns % DAY_NS else DAY_NS
    by_utc = _one_place(times, cycle)
    if by_utc and not _one_place(local, cycle):
        return move(times, length)
    moved = _to_utc(move(local, length), timezone)
    if by_utc and times[0] % cycle == 0 and local[0] % cycle:
        return (np.maximum if move is ends_of else np.minimum)(moved, move(times, length))
    return moved


def _one_place(times: Times, length: int) -> bool:
    places = times % length
    return bool((places == places[0]).all())


def _to_local(times: Times, timezone: str) -> Times:
    offsets = utc_offsets(times, timezone)
    return times + offsets if isinstance(offsets, np.ndarray) or offsets else times


def _to_utc(local: Times, timezone: str) -> Times:
    """UTC of local times: the first of a time that occurs twice, the change for one that is skipped."""
    found: Times = np.array(localize(local, timezone, "bars", "earlier"))
    return found


def _cut_at_closes(starts: Times, ends: Times, calendar: str) -> tuple[Times, Times]:
    """The bars, which end no later than the last session closes that each overlaps; RowError if none is."""
    found, last = _last_sessions(starts, ends, calendar)
    closes = found.closes[last]
    problem = f"the bar lies in no session of {found.name}"
    reject_rows("bars", closes <= starts, with_times(problem, starts, ends))
    return starts, np.minimum(ends, closes)


def _sessions_of_dates(starts: Times, ends: Times, calendar: str) -> tuple[Times, Times]:
    """The beginnings and ends of bars of dates: those of the sessions that close on their days.

    A session that opens on the evening before belongs to the day of its close. RowError if none closes then.
    """
    found = sessions(int(starts[0]) - DAY_NS, int(ends[-1]), "UTC", calendar)
    first = np.searchsorted(found.closes, starts, "right")
    last = np.searchsorted(found.closes, ends, "right") - 1
    problem = f"the bar lies in no session of {found.name}"
    reject_rows("bars", last < first, with_times(problem, starts, ends))
    return np.minimum(starts, found.opens[first]), found.closes[last]


def _cut_at_opens(starts: Times, ends: Times, length: Length, calendar: str) -> Times:
    """The starts, no earlier than the open of the first session that each bar overlaps.

    Where every end is a close, or whole lengths after an open, bars begin at the open and every length after.
    """
    found, last = _last_sessions(starts, ends, calendar)
    opens, closes = found.opens[last], found.closes[last]
    if not length.months and length.ns <= DAY_NS:
        on_grid = (ends == closes) | ((ends - opens) % length.ns == 0)
        if on_grid.all():
            return opens + (ends - 1 - opens) // length.ns * length.ns
    first = np.searchsorted(found.closes, starts, "right")
    return np.maximum(starts, found.opens[first])


def _last_sessions(starts: Times, ends: Times, calendar: str) -> tuple[Sessions, Times]:
    """The sessions around the bars, and the last that opens before each bar ends."""
    found = sessions(int(starts[0]), int(ends[-1]), "UTC", calendar)
    return found, np.searchsorted(found.opens, ends, "left") - 1
