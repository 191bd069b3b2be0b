"""What a run takes as data -> its symbols with their containers."""

from collections.abc import Mapping
from os import PathLike
from typing import Any

import numpy as np

from btcore.errors import ConfigError

from .containers import Bars, Quotes, Trades
from .one_stream import Place, read_file, read_table
from .source import AnyContainer, check_symbol
from .tables.kinds import kinds_of
from .tables.tickers import has_tickers, tickers_of

RunData = Any  # as `open_data` says; the tables of other packages have no common type


def open_data(data: RunData, symbol: str | None = None, timezone: str = "UTC") -> Mapping[str, Any]:
    """Symbols to containers, or to tuples or lists of them; `data` itself if it is that already.

    data: a mapping of symbols to containers, tables (pandas, polars, Arrow, a dict of columns, a structured
    array), paths of files, or tuples of these. With `symbol`, one of these by itself.

    Tables and files are read by `from_frame` and the readers with default options, and times without an
    offset in `timezone`; the kind follows from the columns. ConfigError for a missing symbol or another type;
    DataError for a table or file that cannot be read.
    """
    if symbol is not None:
        check_symbol(symbol)
        if isinstance(data, Mapping) and not is_columns(data):
            raise ConfigError(f"symbol: {symbol!r} is given, but data maps symbols itself; pass one of them")
        return {symbol: _streams(data, Place("data", symbol, timezone))}
    if has_tickers(data):
        return {name: _streams(data, _place(name, timezone)) for name in tickers_of(data)}
    if not isinstance(data, Mapping) or (is_columns(data) and kinds_of([str(name) for name in data])):
        raise _no_symbol(data)
    if all(_is_open(value) for value in data.values()):
        return data
    return {name: _streams(value, _place(name, timezone)) for name, value in data.items()}


def _place(symbol: str, timezone: str) -> Place:
    return Place(f"data[{symbol!r}]", check_symbol(symbol), timezone)


def _is_open(value: Any) -> bool:
    """True for containers, which need no conversion."""
    if isinstance(value, tuple | list):
        return all(isinstance(each, Bars | Quotes | Trades) for each in value)
    return isinstance(value, Bars | Quotes | Trades)


def is_columns(data: Mapping[Any, Any]) -> bool:
    """True for a dict of columns: no containers, tables or paths, nor lists of them.

    A list of texts is a list of paths, unless the names are those of the columns of a kind.
    """
    if not data or any(map(_is_readable, data.values())):
        return False
    lists = [value for value in data.values() if isinstance(value, tuple | list)]
    return bool(kinds_of([str(name) for name in data])) or not any(_is_readable(x) for v in lists for x in v)


def _is_readable(value: Any) -> bool:
    return isinstance(value, Bars | Quotes | Trades | str | PathLike) or is_table(value)


def is_table(value: Any) -> bool:
    """True for what `from_frame` takes."""
    if isinstance(value, np.ndarray):
        return value.dtype.names is not None
    # On the type: a lazy table would have to work out its columns.
    return isinstance(value, Mapping) or any(hasattr(type(value), n) for n in ("column_names", "columns"))


def _no_symbol(data: Any) -> ConfigError:
    if not _is_readable(data):
        return ConfigError(
            "data: a mapping of at least one symbol to its Bars, Quotes or Trades, to a table or to the path "
            "of a file is needed, or a Source, such as a Catalog (load, check, symbols and data_source), not "
            f"{type(data).__name__}"
        )
    shown = repr(str(data)) if isinstance(data, str | PathLike) else "data"
    return ConfigError(
        f'data: its symbol is missing; pass {{"SPY": {shown}}} in place of {shown}, or symbol="SPY" too'
    )


def _streams(value: Any, place: Place) -> AnyContainer | tuple[AnyContainer, ...]:
    """The containers of one symbol."""
    if isinstance(value, tuple | list):
        return tuple(_stream(each, place.item(i)) for i, each in enumerate(value))
    return _stream(value, place)


def _stream(value: Any, place: Place) -> AnyContainer:
    if isinstance(value, Bars | Quotes | Trades):
        return value
    if isinstance(value, str | PathLike):
        return read_file(value, place)
    if not is_table(value):
        raise ConfigError(
            f"{place.where}: {type(value).__name__} is not Bars, Quotes or Trades, a table of columns or the "
            "path of a file"
        )
    return read_table(value, place)
