"""Dates of rebalancing: a grid of equal steps, or the starts of local calendar periods."""

from typing import NamedTuple

import numpy as np

from btcore.errors import ConfigError, DataError, not_one_of
from btcore.times.intervals import DAY_NS, interval_ns
from btcore.times.zones import localize, utc_offsets

PERIODS = ("day", "week", "month", "quarter")
_MONTHS = {"month": 1, "quarter": 3}


class RebalanceDates(NamedTuple):
    """A calendar period by name, or a step in nanoseconds (`period` is then None)."""

    period: str | None
    step: int

    @classmethod
    def parse(cls, text: str, name: str = "schedule") -> "RebalanceDates":
        """`day`, `week`, `month`, `quarter` or a length of time such as `1h`; ConfigError for other texts."""
        if text in PERIODS:
            return cls(text, 0)
        try:
            return cls(None, interval_ns(text))
        except DataError as error:
            raise ConfigError(f"{name}: {not_one_of(text, PERIODS)}; {error}") from error

    def after(self, now: int, anchor: int, timezone: str) -> int:
        """The first date later than `now`, ns UTC.

        A period begins at the local midnight of its first day (of a week, Monday). If the clocks skip that
        midnight, it begins when they are put forward. A grid of steps is aligned to `anchor`.
        """
        if self.period is None:
            return anchor + ((now - anchor) // self.step + 1) * self.step
        day = (now + int(np.max(utc_offsets(np.array([now], np.int64), timezone)))) // DAY_NS
        # If the clocks go back over midnight, the next start by local date may lie before `now`.
        while True:
            day = _next_start(self.period, day)
            moment = int(localize(np.array([day * DAY_NS], np.int64), timezone, dst="earlier")[0])
            if moment > now:
                return moment


def _next_start(period: str, day: int) -> int:
    """The first day of the period after that of `day`. Days count from 1970-01-01, a Thursday."""
    if period == "day":
        return day + 1
    if period == "week":
        return day + 7 - (day + 3) % 7
    months = _MONTHS[period]
    month = int(np.datetime64(day, "D").astype("datetime64[M]").astype(np.int64))
    return int(np.datetime64((month // months + 1) * months, "M").astype("datetime64[D]").astype(np.int64))
