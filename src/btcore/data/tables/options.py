"""Options of readers and of `from_frame`: their names, their meaning, and checks of the values given."""

import codecs
from collections.abc import Mapping
from datetime import timedelta
from math import isfinite
from typing import Any, Literal, Self, TypedDict

from msgspec import Struct

from btcore.errors import ConfigError, DataError, near_name
from btcore.times.clock import zone

Column = str | tuple[str, str] | None  # a name, the names of (date, time), or None: leave the column out
Thousands = Literal[",", ".", " ", "'", "_"]


class FrameOptions(TypedDict, total=False):
    """Options of `from_frame`, besides `columns`, `timezone` and `by`."""

    format: str | None  # the layout of a vendor, such as "binance_klines"; None: see docs/vendors.md
    unit: str | None  # of times that are numbers: s, ms, us, ns, excel, by_row; None: inferred
    time_format: str | None  # of times that are texts, in the directives of strptime; None: ISO 8601
    dst: Literal["raise", "earlier", "later", "infer"]  # a local time that occurs twice or never
    years: tuple[int, int]  # the first and the last year that a time may have
    interval: str | int | timedelta | None  # length of bars; None: inferred
    stamp: Literal["open", "close"] | None  # what the times of bars are; None: see `bar_times`
    calendar: str | None  # exchange whose sessions end the bars: a code such as "XNYS"
    source: str | None  # prices that bars aggregate, such as "trade"; None: "trade", of bid and ask "mid"
    symbol: str | None  # only the rows of this symbol
    sort: bool  # order the rows by time; rows of one time keep their order
    duplicates: Literal["refuse", "first", "last"]  # bars with the same timestamp: which of them to keep
    missing: Literal["refuse", "drop"]  # rows without a value in a column that is needed
    crossed: Literal["refuse", "keep", "drop"]  # quotes with bid > ask
    sides: Mapping[Any, int] | None  # value of the side column -> 1 buy, -1 sell, 0 unknown
    decimal: Literal[".", ","] | None  # the decimal point of numbers that are texts; None: inferred
    thousands: Thousands | None  # what separates thousands in such numbers; None: inferred
    price_divisor: float  # prices are divided by it: 1e9 for fixed-point prices with nine digits
    negative_prices: bool  # prices may be zero or negative


class TableOptions(FrameOptions, total=False):
    """Options of all readers of tables, besides `by`."""

    columns: Mapping[str, Column] | None  # name in btcore -> name in the table; others by their usual names
    timezone: str | None  # IANA zone of times without an offset, and of local days; None: see `TimeRules`


class TextOptions(TableOptions, total=False):
    """Options of the readers of text files, besides `by`."""

    delimiter: str | None  # the character between two values; None: inferred
    has_header: bool | None  # whether the first line names the columns; None: inferred
    comment: str | None  # lines that begin with it are skipped
    skip_rows: int  # lines above the header or the first row
    encoding: str | None  # of the file, such as "cp1252"; None: that of its byte order mark, or UTF-8


class TableSettings(Struct, frozen=True, kw_only=True):
    """The checked values of `TableOptions`; see there. `given` are the names of those that were given."""

    given: frozenset[str] = frozenset()
    format: str | None = None
    columns: Mapping[str, Column] | None = None
    timezone: str | None = None
    unit: str | None = None
    time_format: str | None = None
    dst: Literal["raise", "earlier", "later", "infer"] = "raise"
    years: tuple[int, int] = (1800, 2100)
    interval: str | int | timedelta | None = None
    stamp: Literal["open", "close"] | None = None
    calendar: str | None = None
    source: str | None = None
    symbol: str | None = None
    by: Literal["symbol"] | None = None
    sort: bool = False
    duplicates: Literal["refuse", "first", "last"] = "refuse"
    missing: Literal["refuse", "drop"] = "refuse"
    crossed: Literal["refuse", "keep", "drop"] = "refuse"
    sides: Mapping[Any, int] | None = None
    decimal: Literal[".", ","] | None = None
    thousands: Thousands | None = None
    price_divisor: float = 1.0
    negative_prices: bool = False

    @classmethod
    def of(cls, reader: str, options: Mapping[str, Any]) -> Self:
        """The settings of the options given to `reader`, whose name begins the message of a TypeError.

        TypeError for an unknown option; DataError for a value that is not allowed, ConfigError for an unknown
        time zone.
        """
        known = set(cls.__struct_fields__) - {"given"}
        for name in options:
            if name not in known:
                meant, names = near_name(name, known), ", ".join(sorted(known))
                raise TypeError(f"{reader}: there is no option {name!r}{meant}; the options are {names}")
        # None is what an option has that is not given, where it may be None.
        return cls(**options, given=frozenset(name for name, value in options.items() if value is not None))

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES.items():
            _check_choice(name, getattr(self, name), allowed)
        for name in ("sort", "negative_prices"):
            _check_flag(name, getattr(self, name))
        for name in ("format", "time_format", "calendar", "symbol"):
            _check_text(name, getattr(self, name))
        if self.timezone is not None:
            zone(self.timezone)
        _check_columns(self.columns)
        _check_sides(self.sides)
        _check_years(self.years)
        _check_divisor(self.price_divisor)
        if self.decimal is not None and self.decimal == self.thousands:
            raise DataError(f"thousands: {self.thousands!r} is the decimal point too")
        if self.symbol is not None and self.by is not None:
            raise DataError("symbol and by: pass one of them; symbol takes one symbol, by gives all")


class TextSettings(TableSettings, frozen=True, kw_only=True):
    """The checked values of `TextOptions`; see there."""

    delimiter: str | None = None
    has_header: bool | None = None
    comment: str | None = None
    skip_rows: int = 0
    encoding: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.delimiter is not None and not _is_character(self.delimiter):
            raise DataError(f"delimiter: {self.delimiter!r} is not one character")
        if self.has_header is not None:
            _check_flag("has_header", self.has_header)
        _check_text("comment", self.comment)
        _check_rows("skip_rows", self.skip_rows)
        _check_encoding(self.encoding)


_CHOICES: dict[str, tuple[str | None, ...]] = {
    "unit": (None, "s", "ms", "us", "ns", "excel", "by_row"),
    "dst": ("raise", "earlier", "later", "infer"),
    "stamp": (None, "open", "close"),
    "by": (None, "symbol"),
    "duplicates": ("refuse", "first", "last"),
    "missing": ("refuse", "drop"),
    "crossed": ("refuse", "keep", "drop"),
    "decimal": (None, ".", ","),
    "thousands": (None, ",", ".", " ", "'", "_"),
}


def _check_choice(name: str, value: Any, allowed: tuple[str | None, ...]) -> None:
    if not (value is None or isinstance(value, str)) or value not in allowed:
        texts = ", ".join(x if x.isalnum() or "_" in x[1:] else repr(x) for x in allowed if x is not None)
        # An unknown dst is a ConfigError, as everywhere in btcore.
        meant = near_name(value, [each for each in allowed if each is not None])
        raise (ConfigError if name == "dst" else DataError)(f"{name}: {value!r} is not one of {texts}{meant}")


def _check_flag(name: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise DataError(f"{name}: {value!r} is not True or False")


def _check_text(name: str, value: Any) -> None:
    if value is not None and (not isinstance(value, str) or not value):
        raise DataError(f"{name}: {value!r} is not a text of one character or more")


def _check_rows(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise DataError(f"{name}: {value!r} is not a number of rows, 0 or more")


def _is_character(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 1


def _check_encoding(encoding: Any) -> None:
    _check_text("encoding", encoding)
    if encoding is not None:
        try:
            codecs.lookup(encoding)
        except LookupError:
            raise DataError(f"encoding: {encoding!r} is not an encoding that Python knows") from None


def _check_columns(columns: Any) -> None:
    """A name, (date, time) or None for each column; the names themselves are checked against the table."""
    if columns is None:
        return
    if not isinstance(columns, Mapping):
        raise DataError(f"columns: {columns!r} is not a mapping of names to names")
    for name, theirs in columns.items():
        pair = (
            isinstance(theirs, tuple | list) and len(theirs) == 2 and all(isinstance(x, str) for x in theirs)
        )
        if not (theirs is None or isinstance(theirs, str) or pair):
            raise DataError(
                f"columns[{name!r}]: {theirs!r} is not the name of a column, a pair (date, time) or None"
            )


def _check_sides(sides: Any) -> None:
    if sides is None:
        return
    if not isinstance(sides, Mapping):
        raise DataError(f"sides: {sides!r} is not a mapping of values to 1, -1 or 0")
    for value, side in sides.items():
        if isinstance(side, bool) or side not in (1, -1, 0):
            raise DataError(f"sides[{value!r}]: {side!r} is not 1 (buy), -1 (sell) or 0 (unknown)")


def _check_years(years: Any) -> None:
    valid = isinstance(years, tuple | list) and len(years) == 2
    if not valid or any(isinstance(x, bool) or not isinstance(x, int) for x in years) or years[0] > years[1]:
        raise DataError(f"years: {years!r} is not (first year, last year)")


def _check_divisor(divisor: Any) -> None:
    number = not isinstance(divisor, bool) and isinstance(divisor, int | float)
    if not number or not isfinite(divisor) or divisor <= 0:
        raise DataError(f"price_divisor: {divisor!r} is not a positive number")
