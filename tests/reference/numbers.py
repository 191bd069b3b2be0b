"""Rounding to steps, times, sessions and jitter."""

from bisect import bisect_left, bisect_right
from datetime import UTC, date, datetime, time, timedelta
from math import ceil, floor, inf, log
from typing import Any
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = 86400 * 10**9
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def nanoseconds(milliseconds: float) -> int:
    return round(milliseconds * 1e6)


def length_of(text: str) -> int:
    """A length of time such as "500ms" in nanoseconds."""
    digits = "".join(c for c in text if c.isdigit())
    unit = text[len(digits) :]
    return int(digits) * {"ms": 10**6, "s": 10**9, "min": 60 * 10**9, "h": 3600 * 10**9, "d": DAY}[unit]


def is_multiple(value: float, step: float) -> bool:
    return step == 0 or abs(value / step - round(value / step)) <= max(1e-6, abs(value / step) * 1e-15)


def round_down(size: float, step: float) -> float:
    """`size` rounded down to whole steps; 1e-9 of a step is tolerated as rounding error."""
    return size if step == 0 or size == inf else floor(size / step + 1e-9) * step


def round_up(size: float, step: float) -> float:
    return size if step == 0 else ceil(size / step - 1e-9) * step


def moment(when: int | str, timezone: ZoneInfo) -> int:
    """A time of the settings in nanoseconds; without an offset it is local."""
    return when if isinstance(when, int) else since_epoch(datetime.fromisoformat(when), timezone)


def since_epoch(when: datetime, timezone: ZoneInfo) -> int:
    passed = (when if when.tzinfo else when.replace(tzinfo=timezone)).astimezone(UTC) - EPOCH
    return ((passed.days * 86400 + passed.seconds) * 10**6 + passed.microseconds) * 1000


def month_of(ts: int) -> tuple[int, int]:
    """The calendar month (UTC) that `ts` is in."""
    when = EPOCH + timedelta(seconds=ts // 10**9)
    return when.year, when.month


def midnight_after(ts: int, timezone: ZoneInfo) -> int:
    """The first local midnight strictly after `ts`."""
    local = (EPOCH + timedelta(seconds=ts // 10**9)).astimezone(timezone)
    return since_epoch(datetime.combine(local.date() + timedelta(days=1), time()), timezone)


def midnight_before(ts: int, timezone: ZoneInfo) -> int:
    """The last local midnight at or before `ts`."""
    local = (EPOCH + timedelta(seconds=ts // 10**9)).astimezone(timezone)
    return since_epoch(datetime.combine(local.date(), time()), timezone)


class LocalDays:
    """Sessions from midnight to midnight."""

    def __init__(self, timezone: ZoneInfo) -> None:
        self.timezone = timezone

    def close_after(self, ts: int) -> float:
        return midnight_after(ts, self.timezone)

    def open_at_or_after(self, ts: int) -> float:
        return midnight_after(ts - 1, self.timezone)

    def with_rows(self, times: list[int]) -> "Listed":
        """The days in which one of the times lies."""
        opens = sorted({midnight_before(ts, self.timezone) for ts in times})
        return Listed(opens, sorted({midnight_after(ts, self.timezone) for ts in times}))


class Listed:
    """Sessions of an exchange's calendar; none after the last."""

    def __init__(self, opens: list[int], closes: list[int]) -> None:
        self.opens, self.closes = opens, closes

    def close_after(self, ts: int) -> float:
        later = self.closes[bisect_right(self.closes, ts) :]
        return later[0] if later else inf

    def open_at_or_after(self, ts: int) -> float:
        later = self.opens[bisect_left(self.opens, ts) :]
        return later[0] if later else inf


class WeeklyHours:
    """Sessions of trading hours, found day by day."""

    def __init__(self, hours: Any) -> None:
        self.hours, self.timezone = hours, ZoneInfo(hours.timezone)

    def of_day(self, day: date) -> list[tuple[int, int]]:
        """(open, close) of the sessions that close on a local day."""
        if day.isoformat() in self.hours.holidays:
            return []
        found = []
        early = self.hours.early_closes.get(day.isoformat())
        late = self.hours.late_opens.get(day.isoformat())
        for opened, closed in self.hours.week.get(WEEKDAYS[day.weekday()], []):
            begin, end = clock(opened), clock(closed)
            begin -= timedelta(days=1) if begin >= end else timedelta(0)
            begin = max(begin, clock(late)) if late else begin
            end = min(end, clock(early)) if early else end
            span = self.instant(day, begin), self.instant(day, end)
            if begin < end and span[0] < span[1]:
                found.append(span)
        return found

    def instant(self, day: date, after: timedelta) -> int:
        return since_epoch(datetime(day.year, day.month, day.day) + after, self.timezone)

    def between(self, first: int, last: int) -> tuple[list[int], list[int]]:
        """Opens and closes from two weeks before the first time to two weeks after the last."""
        spans: list[tuple[int, int]] = []
        day, until = (self.local_date(ts) + timedelta(days=n) for ts, n in ((first, -14), (last, 14)))
        while day <= until:
            spans += self.of_day(day)
            day += timedelta(days=1)
        spans.sort()
        return [span[0] for span in spans], [span[1] for span in spans]

    def local_date(self, ts: int) -> date:
        return (EPOCH + timedelta(seconds=ts // 10**9)).astimezone(self.timezone).date()

    def close_after(self, ts: int) -> float:
        return min(close for close in self.between(ts, ts)[1] if close > ts)

    def open_at_or_after(self, ts: int) -> float:
        return min(opened for opened in self.between(ts, ts)[0] if opened >= ts)


def clock(text: str) -> timedelta:
    hours, minutes, *seconds = map(int, text.split(":"))
    return timedelta(hours=hours, minutes=minutes, seconds=seconds[0] if seconds else 0)


def splitmix64(state: int) -> int:
    mask = 2**64 - 1
    z = state & mask
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & mask
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & mask
    return z ^ (z >> 31)


class Jitter:
    """One stream of random delays, in whole nanoseconds."""

    def __init__(self, execution: Any, stream: int, milliseconds: float) -> None:
        self.kind, self.most = execution.jitter, nanoseconds(milliseconds)
        self.seed = 2 * execution.seed + stream
        self.drawn = 0

    def draw(self) -> int:
        if self.most == 0:
            return 0
        self.drawn += 1
        x = splitmix64(self.seed + self.drawn * 0x9E3779B97F4A7C15)
        u = ((x >> 11) + 0.5) / 2**53
        return floor(self.most * u) if self.kind == "uniform" else floor(min(-self.most * log(u), DAY))
