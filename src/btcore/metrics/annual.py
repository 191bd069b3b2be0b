"""How many periods a year has, from what is known of a run, and the risk-free return of each period.

docs/metrics.md states the rules.
"""

import math
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.times.intervals import DAY_NS

from .period_returns import Period

LEAST_DAYS = 30  # of a run whose density says something, and of one with annual returns
EVERY_DAY, WEEKDAYS = 6.5, 4.5  # the least number of periods a week
COVERED = 0.9  # the least share of a calendar's sessions that have points
Times = NDArray[np.int64]
Rates = float | Sequence[tuple[int, float]]


class Basis(IntEnum):
    """Where the number of periods a year comes from; from TOO_SHORT on there is none."""

    GIVEN = 0
    CALENDAR = 1
    EVERY_DAY = 2
    WEEKDAYS = 3
    WEEKS = 4
    MONTHS = 5
    QUARTERS = 6
    TOO_SHORT = 7
    IRREGULAR = 8


BASES = (
    "given",
    "the sessions of the calendar",
    "periods on 6.5 or more days a week",
    "periods on 4.5 to 6.5 days a week",
    "weeks",
    "months",
    "quarters",
    "none: the run is shorter than 30 days",
    "none: the periods have no regular length",
)  # by Basis
COARSE = (  # the days between two periods, their kind, basis and number in a year
    (5.0, 9.0, Period.WEEK, Basis.WEEKS, 52.0),
    (25.0, 34.0, Period.MONTH, Basis.MONTHS, 12.0),
    (85.0, 97.0, Period.QUARTER, Basis.QUARTERS, 4.0),
)


class Year(NamedTuple):
    """The number of periods in a year, NaN if not known, and why; whether annual returns have a meaning.

    `period` is the kind of period: weeks, months and quarters are told from days here.
    """

    period: Period
    periods: float
    basis: Basis
    is_long: bool


class AnnualSettings(NamedTuple):
    """What a run says about its year: periods in it, risk-free rate per year, sessions of its calendar."""

    periods_per_year: float | None = None
    risk_free: Rates = 0.0
    sessions_a_year: int | None = None


DEFAULTS = AnnualSettings()


def year_of(
    period: Period, start: int, ends: Times, settings: AnnualSettings = DEFAULTS, closes: Times | None = None
) -> Year:
    """The year of a curve that begins at `start` and whose periods end at `ends`, ns UTC.

    `closes` are those of the sessions of the calendar of the run; None without one.
    """
    given, sessions_a_year = settings.periods_per_year, settings.sessions_a_year
    span = int(ends[-1]) - start if len(ends) else 0
    is_long = span >= LEAST_DAYS * DAY_NS
    is_daily = period in (Period.DAY, Period.SESSION)
    kind, found = (period, None) if not (is_daily and is_long) else _by_spacing(period, ends)
    if given is not None:
        return Year(kind, float(given), Basis.GIVEN, is_long)
    if not is_daily:
        return Year(kind, math.nan, Basis.TOO_SHORT, is_long)
    if kind == Period.SESSION and sessions_a_year is not None and closes is not None:
        sessions = (
            int(np.searchsorted(closes, ends[-1], "left") - np.searchsorted(closes, start, "right")) + 1
        )
        if len(ends) >= COVERED * sessions:
            return Year(kind, float(sessions_a_year), Basis.CALENDAR, is_long)
        return Year(kind, math.nan, Basis.IRREGULAR, is_long)
    if not is_long:
        return Year(kind, math.nan, Basis.TOO_SHORT, is_long)
    basis, periods = found or (Basis.IRREGULAR, math.nan)
    return Year(kind, periods, basis, is_long)


def _by_spacing(period: Period, ends: Times) -> tuple[Period, tuple[Basis, float] | None]:
    """The kind of period by the days between their ends; basis and number of a year, None if irregular."""
    gaps = np.diff(ends) / DAY_NS
    if not len(gaps):
        return period, None
    for low, high, kind, basis, periods in COARSE:
        if np.count_nonzero((gaps >= low) & (gaps <= high)) >= COVERED * len(gaps):
            return kind, (basis, periods)
    a_week = 7.0 * len(gaps) / float(gaps.sum())
    if a_week >= EVERY_DAY:
        return period, (Basis.EVERY_DAY, 365.0)
    return period, (Basis.WEEKDAYS, 252.0) if a_week >= WEEKDAYS else None


def period_rates(risk_free: Rates, start: int, ends: Times, periods: float) -> NDArray[np.float64] | None:
    """The risk-free return of each period, (1 + rate) ** (1 / periods) - 1; None if all rates are 0.

    A rate is a fraction per year, or (time, rate) in order of time, each valid from its time on and 0 before
    the first. That of a period is the one in force at its beginning. NaN where the number of periods a year
    is not known.
    """
    dated = [(start, float(risk_free))] if isinstance(risk_free, int | float) else list(risk_free)
    rates = np.array([0.0, *(rate for _, rate in dated)])
    if not rates.any():
        return None
    begins = np.append(np.int64(start), ends[:-1])
    in_force = rates[np.searchsorted(np.array([at for at, _ in dated], np.int64), begins, "right")]
    return (1.0 + in_force) ** (1.0 / periods) - 1.0
