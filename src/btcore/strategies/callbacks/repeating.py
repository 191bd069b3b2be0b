"""Timers that repeat: when each is due next, in local time."""

from collections.abc import Callable
from datetime import datetime, time
from inspect import Parameter, signature
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from btcore.errors import ConfigError, DataError, OrderError, near_name
from btcore.strategies.targets.rebalance_dates import PERIODS, RebalanceDates
from btcore.times.clock import zone
from btcore.times.intervals import DAY_NS, UNIT_NS, interval_ns
from btcore.times.zones import localize, utc_offsets

Times = NDArray[np.int64]
NEVER = int(np.iinfo(np.int64).max)


class Repeat(Protocol):
    def after(self, now: int) -> int:
        """The first time later than `now`, ns UTC; NEVER if there is none."""
        ...


class Periods:
    """Every local midnight that begins a day, week (Monday), month or quarter."""

    def __init__(self, period: str, timezone: str) -> None:
        self.dates, self.timezone = RebalanceDates(period, 0), timezone

    def after(self, now: int) -> int:
        return self.dates.after(now, 0, self.timezone)


class Steps:
    """Every multiple of a length since local midnight; each midnight begins a new count."""

    def __init__(self, length: int, timezone: str) -> None:
        self.length, self.timezone = length, timezone
        self.midnight = self.next_midnight = 0  # around the latest time

    def after(self, now: int) -> int:
        if not self.midnight <= now < self.next_midnight:
            self.midnight = local_time(local_day(now, self.timezone), 0, self.timezone)
            self.next_midnight = RebalanceDates("day", 0).after(now, 0, self.timezone)
        step = self.midnight + ((now - self.midnight) // self.length + 1) * self.length
        return min(step, self.next_midnight)


class Daily:
    """One local time of every day. One that the clocks skip is the instant of their change."""

    def __init__(self, since_midnight: int, timezone: str) -> None:
        self.since_midnight, self.timezone = since_midnight, timezone

    def after(self, now: int) -> int:
        day = local_day(now, self.timezone) - 1
        while True:
            moment = local_time(day, self.since_midnight, self.timezone)
            if moment > now:
                return moment
            day += 1


class Listed:
    """Given times, ascending."""

    def __init__(self, times: Times) -> None:
        self.times = times

    def after(self, now: int) -> int:
        i = int(np.searchsorted(self.times, now, "right"))
        return int(self.times[i]) if i < len(self.times) else NEVER


def local_day(ns: int, timezone: str) -> int:
    """The local date of a time, in days since 1970-01-01."""
    return (ns + int(np.max(utc_offsets(np.array([ns], np.int64), timezone)))) // DAY_NS


def local_time(day: int, since_midnight: int, timezone: str) -> int:
    """The first time at which the clocks of that day show the local time, ns UTC."""
    return int(localize(np.array([day * DAY_NS + since_midnight], np.int64), timezone, dst="earlier")[0])


def repeat_every(interval: Any, timezone: str) -> Repeat:
    """The times of `Context.every`; OrderError for an interval that is none, or less than a microsecond."""
    if isinstance(interval, str) and interval in PERIODS:
        return Periods(interval, timezone)
    try:
        length = interval_ns(interval)
    except DataError as error:
        near = near_name(interval, PERIODS)
        raise OrderError(f"every: {error}; or one of {', '.join(PERIODS)}{near}") from None
    if length < UNIT_NS["us"]:
        raise OrderError(f"every: {interval!r} is less than a microsecond; a number is one of nanoseconds")
    if length > DAY_NS:
        longer = ", ".join(PERIODS[1:])
        raise OrderError(f"every: {interval!r} is longer than a day; a longer one is one of {longer}")
    return Steps(length, timezone)


def repeat_at(
    clock: Any, timezone: str | None, offset: Any, run_timezone: str, sessions: tuple[Times, Times] | None
) -> Repeat:
    """The times of `Context.at`; OrderError for a clock time, timezone or offset that is none."""
    shift = 0 if offset is None else offset_ns(offset)
    if clock in ("open", "close"):
        if sessions is None:
            raise OrderError(f"at: {clock!r} needs a calendar of the run, such as calendar='XNYS'")
        if timezone is not None:
            raise OrderError(f"at: timezone {timezone!r} goes with a time of day, not with {clock!r}")
        return Listed(sessions[clock == "close"] + shift)
    if offset is not None:
        raise OrderError(f"at: offset {offset!r} goes with 'open' and 'close', not with {clock!r}")
    try:
        return Daily(clock_ns(clock), str(zone(run_timezone if timezone is None else timezone)))
    except ConfigError as error:
        raise OrderError(f"at: {error}") from None


def offset_ns(offset: Any) -> int:
    """A length of time such as "-5min", in nanoseconds."""
    sign, length = (-1, offset[1:]) if isinstance(offset, str) and offset.startswith("-") else (1, offset)
    try:
        return sign * interval_ns(length)
    except DataError as error:
        raise OrderError(f"at: offset {offset!r}: {error}") from None


def clock_ns(clock: Any) -> int:
    """Nanoseconds since midnight of a `datetime.time` or a text such as "15:55" or "15:55:30"."""
    try:
        at = clock if isinstance(clock, time) else time.fromisoformat(clock)
    except (TypeError, ValueError):
        raise OrderError(f"at: {clock!r} is not a time of day such as '15:55', 'open' or 'close'") from None
    if at.tzinfo is not None:
        raise OrderError(f"at: {clock!r} has an offset; give the timezone= as a name")
    seconds = (at.hour * 60 + at.minute) * 60 + at.second
    return seconds * UNIT_NS["s"] + at.microsecond * UNIT_NS["us"]


def local_datetime(ns: int, timezone: Any) -> datetime:
    """An aware datetime, to the microsecond."""
    whole, rest = divmod(ns, UNIT_NS["s"])
    return datetime.fromtimestamp(whole, timezone).replace(microsecond=rest // UNIT_NS["us"])


def takes_name(callback: Callable[..., Any] | None) -> bool:
    """True for an `on_timer` with a second parameter, which is the name of the timer."""
    if callback is None:
        return False
    kinds = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    try:
        return sum(p.kind in kinds for p in signature(callback).parameters.values()) > 1
    except ValueError:  # a callable without a signature
        return False
