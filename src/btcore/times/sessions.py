"""Trading sessions: local days of a time zone, or the sessions of an exchange from `exchange_calendars`."""

import warnings
from datetime import date
from functools import lru_cache
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from btcore.errors import ConfigError, near_name

from .clock import FIRST_YEAR, LAST_YEAR, moment_text, year_of, zone
from .zones import Times, distinct, midnights

YEAR_NS = 365.25 * 86_400e9


class Sessions(NamedTuple):
    """Opens and closes in nanoseconds UTC, sorted: opens[i] < closes[i] <= opens[i + 1].

    `name` is the time zone, or the code of the calendar.
    """

    opens: Times
    closes: Times
    name: str


class _CalendarTable(NamedTuple):
    """Sessions of an exchange, and the text "1990 to 2100" for the range that its calendar covers."""

    opens: Times
    closes: Times
    coverage: str


def sessions(first: int, last: int, timezone: str, calendar: str | None = None) -> Sessions:
    """The sessions from the last that opens at or before `first` to one that closes after `last`, ns UTC.

    Without a calendar a session is a local day of `timezone`. With one (a code or an alias, "XNYS" or "NYSE")
    it lasts from the exchange's open to its close, including breaks, and `name` is the code. ConfigError if
    the calendar is unknown, cannot be built, or does not cover `first` to `last`.
    """
    if calendar is None:
        # A day that the clock skipped (Apia, 2011-12-30) gives the same midnight twice: no session.
        nights = distinct(midnights(first, last, timezone))
        return Sessions(nights[:-1], nights[1:], str(zone(timezone)))
    name = calendar_code(calendar)
    table = _calendar_table(name, None)
    if first < table.opens[0] or last >= table.opens[-1]:
        table = _calendar_table(name, (year_of(first) - 1, year_of(last) + 1))
    opens, closes, coverage = table
    if first < opens[0] or last >= closes[-1]:
        raise ConfigError(
            f"calendar: {calendar!r} covers {coverage}, but the times go from {moment_text(first)} "
            f"to {moment_text(last)}; a session must open at or before its start and close after its end"
        )
    rows = slice(np.searchsorted(opens, first, "right") - 1, np.searchsorted(opens, last, "right") + 1)
    return Sessions(opens[rows].copy(), closes[rows].copy(), name)


def sessions_a_year(code: str) -> int:
    """The mean number of sessions in a year, of the ten years from 2010 on, rounded to a whole number."""
    begin, end = (int(np.datetime64(year, "ns").astype(np.int64)) for year in ("2010", "2020"))
    table = _calendar_table(code, None)
    if not table.opens[0] <= begin <= end <= table.opens[-1]:
        table = _calendar_table(code, (2010, 2019))
    years = (min(end, int(table.closes[-1])) - max(begin, int(table.opens[0]))) / YEAR_NS
    return round(np.count_nonzero((table.opens >= begin) & (table.opens < end)) / max(years, 1.0))


def calendar_code(calendar: str) -> str:
    """The code of the calendar with that code or alias: "NYSE" -> "XNYS"; ConfigError if there is none."""
    package = _exchange_calendars(calendar)
    if calendar not in package.get_calendar_names():
        meant = near_name(calendar, package.get_calendar_names())
        raise ConfigError(
            f"calendar: {calendar!r} is not in exchange_calendars {_version('exchange_calendars')}{meant}, "
            "which has codes such as XNYS and CMES, and aliases such as NYSE and CME"
        )
    code: str = package.resolve_alias(calendar)
    return code


def _version(package: str) -> str:
    from importlib.metadata import version  # not at the top: it loads email and zipfile, 15 ms

    return version(package)


def _exchange_calendars(calendar: str) -> Any:
    try:
        return import_module("exchange_calendars")  # half a second, and pandas
    except ImportError as error:
        raise ConfigError(
            f"calendar: {calendar!r} needs the package exchange_calendars: pip install 'btcore[calendars]'"
        ) from error


@lru_cache(maxsize=32)
def _calendar_table(name: str, years: tuple[int, int] | None) -> _CalendarTable:
    """The sessions of those years, as far as the calendar covers them; None: the package's default range.

    The default is twenty years back and one ahead. Building a calendar takes 0.1 s, so a sweep does it once.
    """
    package = _exchange_calendars(name)
    try:
        with warnings.catch_warnings():  # exchange_calendars 4.13 calls what pandas 3.1 deprecates
            warnings.simplefilter("ignore", DeprecationWarning)
            built = package.get_calendar(name)
            low, high = built.bound_min(), built.bound_max()
            if years is not None:
                start, end = date(max(years[0], FIRST_YEAR), 1, 1), date(min(years[1], LAST_YEAR), 12, 31)
                start = start if low is None else max(start, low.date())
                end = end if high is None else min(end, high.date())
                built = type(built)(start=start, end=end) if start < end else built
    except Exception as error:  # the package may raise anything
        raise ConfigError(
            f"calendar: {name!r} cannot be built: exchange_calendars {_version('exchange_calendars')} "
            f"with pandas {_version('pandas')} raises {type(error).__name__}"
        ) from error
    begin = FIRST_YEAR if low is None else low.date()
    until = LAST_YEAR if high is None else high.date()
    opens, closes = (_nanoseconds(built.schedule[side]) for side in ("open", "close"))
    return _CalendarTable(opens, closes, f"{begin} to {until}")


def _nanoseconds(column: Any) -> Times:
    """A pandas column of UTC times as int64; pandas 3 chooses the unit of datetimes itself."""
    return np.asarray(column.dt.tz_convert(None).to_numpy(), "datetime64[ns]").astype(np.int64)
