"""Trading sessions: the days of a time zone, or those of an exchange by the `exchange_calendars` package."""

import warnings
from datetime import date
from functools import lru_cache
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from btcore.errors import ConfigError

from .clock import moment_text, zone
from .zones import Times, distinct, midnights

_FIRST_YEAR, _LAST_YEAR = 1678, 2261  # what int64 nanoseconds can say, in whole years


class Sessions(NamedTuple):
    """Whose they are; opens and closes in nanoseconds UTC, sorted: opens[i] < closes[i] <= opens[i + 1]."""

    opens: Times
    closes: Times
    name: str


class _Schedule(NamedTuple):
    opens: Times
    closes: Times
    reach: str


def sessions(first: int, last: int, timezone: str, calendar: str | None = None) -> Sessions:
    """The sessions from the last that opens at or before `first` to one that closes after `last`, ns UTC.

    Without a calendar a session is a local day of `timezone`. With one (a code or an alias, "XNYS" or "NYSE")
    it lasts from the exchange's open to its close, breaks within it included, and `name` is the code.
    ConfigError for a calendar that is not known, can't be had, or does not reach from `first` to `last`.
    """
    if calendar is None:
        # A midnight that a clock jumped over, with its whole day (Apia, 2011-12-30), is the next one.
        nights = distinct(midnights(first, last, timezone))
        return Sessions(nights[:-1], nights[1:], str(zone(timezone)))
    name = calendar_code(calendar)
    schedule = _schedule(name, None)
    if first < schedule.opens[0] or last >= schedule.opens[-1]:
        schedule = _schedule(name, (_year(first) - 1, _year(last) + 1))
    opens, closes, reach = schedule
    if first < opens[0] or last >= closes[-1]:
        raise ConfigError(
            f"calendar: {calendar!r} reaches {reach}, but this run goes from {moment_text(first)} to "
            f"{moment_text(last)}: a session must open at or before the one and close after the other"
        )
    rows = slice(np.searchsorted(opens, first, "right") - 1, np.searchsorted(opens, last, "right") + 1)
    return Sessions(opens[rows].copy(), closes[rows].copy(), name)


def calendar_code(calendar: str) -> str:
    """The code of the calendar of that code or alias: "NYSE" -> "XNYS"; ConfigError if there is none."""
    package = _package(calendar)
    if calendar not in package.get_calendar_names():
        raise ConfigError(
            f"calendar: {calendar!r} is not known to exchange_calendars {_version('exchange_calendars')}, "
            "which has codes such as XNYS and CMES, and aliases such as NYSE and CME"
        )
    code: str = package.resolve_alias(calendar)
    return code


def _version(package: str) -> str:
    from importlib.metadata import version  # not at the top: it brings in email and zipfile, 15 ms

    return version(package)


def _package(calendar: str) -> Any:
    try:
        return import_module("exchange_calendars")  # half a second, and pandas
    except ImportError as error:
        raise ConfigError(
            f"calendar: {calendar!r} needs the package exchange_calendars: pip install 'btcore[calendars]'"
        ) from error


@lru_cache(maxsize=32)
def _schedule(name: str, years: tuple[int, int] | None) -> _Schedule:
    """Every session of those years that the calendar reaches; by default of twenty years back and one on.

    Kept, so that a sweep spends once the tenth of a second that making a calendar takes.
    """
    package = _package(name)
    try:
        with warnings.catch_warnings():  # 4.13 has not caught up with pandas 3.1
            warnings.simplefilter("ignore", DeprecationWarning)
            made = package.get_calendar(name)
            low, high = made.bound_min(), made.bound_max()
            if years is not None:
                start, end = date(max(years[0], _FIRST_YEAR), 1, 1), date(min(years[1], _LAST_YEAR), 12, 31)
                start = start if low is None else max(start, low.date())
                end = end if high is None else min(end, high.date())
                made = type(made)(start=start, end=end) if start < end else made
    except Exception as error:  # whatever a package may raise within itself
        raise ConfigError(
            f"calendar: {name!r} can't be made: exchange_calendars {_version('exchange_calendars')} "
            f"with pandas {_version('pandas')} fails with {type(error).__name__}"
        ) from error
    begin = _FIRST_YEAR if low is None else low.date()
    until = _LAST_YEAR if high is None else high.date()
    opens, closes = (_nanoseconds(made.schedule[side]) for side in ("open", "close"))
    return _Schedule(opens, closes, f"from {begin} to {until}")


def _nanoseconds(column: Any) -> Times:
    """A column of times in UTC, whatever their unit, which pandas 3 chooses."""
    return np.asarray(column.dt.tz_convert(None).to_numpy(), "datetime64[ns]").astype(np.int64)


def _year(ns: int) -> int:
    return int(np.datetime64(ns, "ns").astype("datetime64[Y]").astype(int)) + 1970
