"""Times: gaps against the data's own pattern, weekends, future times."""

from datetime import UTC, datetime
from math import ceil
from typing import Any

import numpy as np

from btcore.data.containers import Bars
from btcore.data.source import AnyContainer
from btcore.times.clock import moment_text, to_ns
from btcore.times.intervals import DAY_NS, EPOCH_WEEKDAY, HOUR_NS, SECOND_NS, WEEK_NS
from btcore.times.zones import utc_offsets

from .report import SHOWN, Finding, Row, found, rows_at

MUCH_LONGER = 3  # times the usual longest gap
EVERY = 100 * DAY_NS  # a gap is usual if one as long comes that often
AT_LEAST = 3  # and so many times
FEW = 20  # rows: fewer have no pattern
_SATURDAY, _SUNDAY = 5, 6
_ALL_WEEK = 0.2  # of the rows are on weekends if a market has no weekend
_STRAY = 0.01  # of the days are on weekends


def gap_findings(data: AnyContainer, zone: str) -> list[Finding]:
    """Gaps that are much longer than those that the data usually have.

    A gap is the time from one row to the next, of bars from the end of one. A market without rows on
    weekends closes then, overnight and on holidays: weekends are no part of its gaps, and without a calendar
    two days (four of bars of days) are usual.
    """
    times, ends = data.timestamp, data.end if isinstance(data, Bars) else data.timestamp
    if len(times) < 2:
        return []
    local = times + utc_offsets(times, zone)
    local_ends = ends + utc_offsets(ends, zone)
    gaps = times[1:] - ends[:-1]
    of_days = isinstance(data, Bars) and data.interval >= DAY_NS
    closes = not _never_closes(local, of_days)
    if closes:
        gaps = gaps - (_weekend_time(local[1:]) - _weekend_time(local_ends[:-1]))
    floor = max((4 if of_days else 2) * DAY_NS if closes else 0, _least(data))
    return long_gaps(times, gaps, gaps, floor)


def long_gaps(times: Any, gaps: Any, shown_gaps: Any, floor: int, where: str = "") -> list[Finding]:
    """The finding for gaps longer than `floor` ns and MUCH_LONGER than the usual longest."""
    if len(times) < FEW:
        return []
    usual = usual_longest(times, gaps)
    at = np.flatnonzero(gaps > max(MUCH_LONGER * usual, floor))
    if not len(at):
        return []
    lines = [
        Row(*rows_at(times, [row + 1])[0][:2], f"{span_text(int(shown_gaps[row]))} after the row before")
        for row in at[:SHOWN]
    ]
    text = f"there is nothing for much longer than usual{where}: gaps up to {span_text(usual)} are usual"
    return [found("long_gaps", len(at), text, lines)]


def usual_longest(times: Any, gaps: Any) -> int:
    """The longest gap of which as long ones come three times or more, and about every hundred days."""
    needed = max(AT_LEAST, ceil(int(times[-1] - times[0]) / EVERY))
    if len(gaps) < needed:
        return int(gaps.min())
    return max(0, int(np.partition(gaps, len(gaps) - needed)[len(gaps) - needed]))


def _least(data: AnyContainer) -> int:
    """No gap up to this is long: ten bars, or an hour of ticks."""
    if not isinstance(data, Bars):
        return HOUR_NS
    length = data.interval or int(np.median(data.end - data.timestamp))
    return 10 * length if length < DAY_NS else 2 * length


def usual_gap_text(data: AnyContainer) -> str:
    """The median of the times between rows, and the longest."""
    steps = np.diff(data.timestamp)
    return f"{span_text(int(np.median(steps)))} from row to row, {span_text(int(steps.max()))} at most"


def time_of_day(times: Any, zone: str) -> str:
    """The earliest and the latest time of day of the rows, on the clock of the zone."""
    of_day = (times + utc_offsets(times, zone)) % DAY_NS
    return " to ".join(moment_text(int(each))[11:19] for each in (of_day.min(), of_day.max()))


def time_findings(data: AnyContainer, zone: str, *, has_sessions: bool) -> list[Finding]:
    """Rows on weekends, of which sessions say more, and rows in the future."""
    times = data.timestamp
    findings = [] if has_sessions else _weekends(data, times + utc_offsets(times, zone))
    now = now_ns()
    first = int(np.searchsorted(times, now, "right"))
    if first < len(times):
        text = f"the clock of this computer says {moment_text(now // SECOND_NS * SECOND_NS)}"
        at = range(first, len(times))
        lines = [Row(*rows_at(times, [row])[0][:2], "in the future") for row in at[:SHOWN]]
        findings.append(found("future_times", len(at), text, lines))
    return findings


def now_ns() -> int:
    """The time of this computer, ns UTC."""
    return to_ns(datetime.now(UTC))


def _weekends(data: AnyContainer, local: Any) -> list[Finding]:
    """Rows on weekends, unless there are as many as in a market that is open all week."""
    length = data.interval if isinstance(data, Bars) else 0
    if length > DAY_NS or (isinstance(data, Bars) and not length):
        return []
    days = _weekdays(local)
    at = np.flatnonzero(days >= _SATURDAY)
    if not len(at) or len(at) > _ALL_WEEK * len(local):
        return []
    stray = length == DAY_NS and len(at) <= max(1, _STRAY * len(local))
    name = "stray_weekend_days" if stray else "weekend_rows"
    text = f"{len(at)} of {len(local)} rows are on a Saturday or Sunday"
    lines = [
        Row(*rows_at(data.timestamp, [row])[0][:2], "Saturday" if days[row] == _SATURDAY else "Sunday")
        for row in at[:SHOWN]
    ]
    return [found(name, len(at), text, lines)]


def _weekdays(local: Any) -> Any:
    return (local // DAY_NS + EPOCH_WEEKDAY) % 7


def _never_closes(local: Any, of_days: bool) -> bool:
    """Whether there are rows on a Saturday, or on a Sunday before noon; many markets open on its evening.

    If the data have no weekend, it is whether they have rows in every hour of the day.
    """
    days = _weekdays(local)
    if (days == _SATURDAY).any():
        return True
    if of_days:
        return False
    if (local[days == _SUNDAY] % DAY_NS < DAY_NS // 2).any():
        return True
    begin = int(local[0]) // DAY_NS
    has_weekend = (begin + EPOCH_WEEKDAY) % 7 + int(local[-1]) // DAY_NS - begin >= _SATURDAY
    return not has_weekend and len(np.unique(local // HOUR_NS % 24)) == 24


def _weekend_time(local: Any) -> Any:
    """The time on weekends from a fixed Monday to each local time."""
    since_monday = local + EPOCH_WEEKDAY * DAY_NS
    weeks, rest = np.divmod(since_monday, WEEK_NS)
    return weeks * 2 * DAY_NS + np.maximum(0, rest - _SATURDAY * DAY_NS)


def span_text(ns: int) -> str:
    """A length of time in words: "3 days", "1 hour", "0.25 s"."""
    for unit, name in ((DAY_NS, "day"), (HOUR_NS, "hour"), (60 * SECOND_NS, "minute")):
        if ns >= unit:
            return count_text(ns / unit, name)
    return f"{ns / SECOND_NS:.3g} s"


def count_text(number: float, what: str) -> str:
    """The number of something, which is one or several: "1 hour", "1.5 hours"."""
    return f"{number:.4g} {what}" + ("" if number == 1 else "s")
