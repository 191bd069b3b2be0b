"""Rounding to steps, times, sessions and jitter."""

from bisect import bisect_left, bisect_right
from datetime import UTC, datetime, time, timedelta
from math import ceil, floor, inf, log
from typing import Any
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = 86400 * 10**9


def nanoseconds(milliseconds: float) -> int:
    return round(milliseconds * 1e6)


def is_multiple(value: float, step: float) -> bool:
    return step == 0 or abs(value / step - round(value / step)) <= 1e-6


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
    date = EPOCH + timedelta(seconds=ts // 10**9)
    return date.year, date.month


def midnight_after(ts: int, timezone: ZoneInfo) -> int:
    """The first local midnight strictly after `ts`."""
    local = (EPOCH + timedelta(seconds=ts // 10**9)).astimezone(timezone)
    return since_epoch(datetime.combine(local.date() + timedelta(days=1), time()), timezone)


class LocalDays:
    """Sessions from midnight to midnight."""

    def __init__(self, timezone: ZoneInfo) -> None:
        self.timezone = timezone

    def close_after(self, ts: int) -> float:
        return midnight_after(ts, self.timezone)

    def open_at_or_after(self, ts: int) -> float:
        return midnight_after(ts - 1, self.timezone)


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
