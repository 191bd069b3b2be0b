"""Definition: what a catalog keeps of a symbol beside its data."""

from collections.abc import Iterable
from datetime import date

import msgspec

from btcore.config import Instrument, checked
from btcore.data.source import check_symbol
from btcore.errors import ConfigError, DataError
from btcore.times.clock import zone
from btcore.times.hours import check_sessions


class Definition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The terms of a symbol, the zone of its local clock, and the tickers that it had before.

    `timezone` is an IANA name, None if unknown. `names` are pairs (date, ticker) in order of date: the ticker
    was in use up to and including that date, such as ("2022-06-08", "FB") of META.
    """

    instrument: Instrument = msgspec.field(default_factory=Instrument)
    timezone: str | None = None
    names: tuple[tuple[str, str], ...] = ()


def make_definition(
    symbol: str,
    instrument: Instrument | None,
    timezone: str | None,
    names: Iterable[tuple[str | date, str]],
) -> Definition:
    """The checked definition; ConfigError or DataError names the symbol and what is wrong."""
    check_symbol(symbol)
    if timezone is not None:
        try:
            zone(timezone)
        except ConfigError as error:
            raise ConfigError(f"definition of {symbol}: {error}") from error
    where = f"definition of {symbol}: instrument"
    terms = checked(where, Instrument() if instrument is None else instrument, Instrument)
    if terms.sessions is not None:
        try:
            check_sessions(terms.sessions)
        except ConfigError as error:
            raise ConfigError(f"{where}.{error}") from error
    return Definition(instrument=terms, timezone=timezone, names=_checked_names(symbol, names))


def _checked_names(symbol: str, names: Iterable[tuple[str | date, str]]) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for i, pair in enumerate(names):
        where = f"definition of {symbol}: names[{i}]"
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise DataError(f"{where}: {pair!r} is not a pair (date, ticker)")
        until, ticker = pair
        if not isinstance(ticker, str) or not ticker.strip():
            raise DataError(f"{where}: {ticker!r} is not a ticker")
        day = _day(until)
        if day is None:
            raise DataError(f"{where}: {until!r} is not a date such as '2022-06-08'")
        if found and day <= found[-1][0]:
            raise DataError(f"{where}: {day} is not after {found[-1][0]}, the date before")
        found.append((day, ticker))
    return tuple(found)


def _day(value: str | date) -> str | None:
    """The date as YYYY-MM-DD; None if it is none."""
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else value
        return date(day.year, day.month, day.day).isoformat()
    except (ValueError, AttributeError):
        return None
