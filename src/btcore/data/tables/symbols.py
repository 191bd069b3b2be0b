"""A table of several symbols -> the rows of one, or of each."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from btcore.data.columns import Mask, is_none
from btcore.errors import DataError, RowError, near_name, reject_rows

from .names import Found, listed
from .number_texts import Form
from .options import TableSettings

DROP_HINT = 'missing="drop" leaves such rows out'
_SHOWN = 5  # values listed in a message


class UnknownSymbolError(DataError):
    """The symbol that is asked for is not in the table."""


class SeveralSymbolsError(DataError):
    """The table has a column of several symbols, and no option says which of them is asked for."""

    def __init__(self, message: str, column: str) -> None:
        super().__init__(message)
        self.column = column


class Before:
    """What the pieces of a file have had so far; the next piece must be alike."""

    def __init__(self) -> None:
        self.symbols: dict[str, list[str]] = {}  # the one value of each column that may name symbols
        self.notation = ""  # of the times
        self.form: Form | None = None  # of numbers that are texts
        self.sides: set[str] = set()  # texts in the column of sides
        self.clock = 0  # digits of times of day that are written without colons


@contextmanager
def of_symbol(symbol: str) -> Iterator[None]:
    """Puts the symbol into errors, if it has a name."""
    try:
        yield
    except RowError as error:
        if not symbol:
            raise
        raise RowError(error.kind, error.row, f"{symbol}: {error.problem}", error.count) from None
    except DataError as error:
        if not symbol:
            raise
        raise DataError(f"{symbol}: {error}") from None


def split_symbols(
    columns: Mapping[str, Any], found: Found, settings: TableSettings, before: Before | None = None
) -> dict[str, Mask | None]:
    """The rows of each symbol that is asked for (None: all rows), by symbol; "" if it has no name.

    DataError for a column of symbols with several values unless the settings say which, and if there is no
    such symbol. A piece of a table, which has a `before`, may lack the symbol.
    """
    if not found.symbols:
        if settings.symbol is not None or settings.by is not None:
            option = "by" if settings.symbol is None else "symbol"
            raise DataError(
                f"{option}: the table has no column of symbols; {listed(found.names)}; "
                'pass columns={"symbol": ...}'
            )
        return {"": None}
    if settings.symbol is not None:
        return _one(columns, found, settings.symbol, before)
    if settings.by is not None:
        name = found.symbols[0]
        texts = symbol_texts(columns[name])
        if settings.missing == "refuse":
            reject_rows(found.kind, texts == "", lambda _: f"{name} is missing; {DROP_HINT}")
        _check_others(columns, found, texts.tolist())
        return {symbol: texts == symbol for symbol in dict.fromkeys(texts.tolist()) if symbol}
    seen = {} if before is None else before.symbols
    for name in found.symbols:
        values = list(dict.fromkeys([*seen.get(name, []), *_distinct(columns[name])]))
        if len(values) > 1:
            hint = f'pass symbol={values[0]!r} for one of them, by="symbol" for all'
            error = _several(name, values, f'{hint}, or columns={{"symbol": None}} if it names no symbols')
            raise SeveralSymbolsError(str(error), name)
        seen[name] = values
    return {"": None}


def _several(name: str, values: list[str], hint: str) -> DataError:
    return DataError(f"the column {name!r} has {len(values)} values, {_shown(values)}; {hint}")


def _several_of(symbol: str, name: str, other: str, values: list[str]) -> DataError:
    """The rows of a symbol are of several streams, such as contracts of a root, or cancels beside trades."""
    hint = f"pass columns={{'symbol': {other!r}}} and one of them, or columns={{'symbol': {name!r}}}"
    return _several(other, values, f"in the rows of {symbol!r}; {hint} if all belong together")


def _check_others(columns: Mapping[str, Any], found: Found, symbols: list[str]) -> None:
    """DataError if another column tells rows of one symbol apart."""
    name, *others = found.symbols
    for other in others:
        pairs = dict.fromkeys(zip(symbols, symbol_texts(columns[other]).tolist(), strict=True))
        values: dict[str, list[str]] = {}
        for symbol, value in pairs:
            values.setdefault(symbol, []).append(value)
        for symbol, each in values.items():
            if symbol and len(each) > 1:
                raise _several_of(symbol, name, other, each)


def _one(
    columns: Mapping[str, Any], found: Found, symbol: str, before: Before | None
) -> dict[str, Mask | None]:
    partial, seen = before is not None, {} if before is None else before.symbols
    for name in found.symbols:
        values = _distinct(columns[name])
        if symbol not in values:
            continue
        mask = symbol_texts(columns[name]) == symbol
        for other in [column for column in found.symbols if column != name]:
            texts = symbol_texts(columns[other])[mask].tolist()
            seen[other] = list(dict.fromkeys([*seen.get(other, []), *texts]))
            if len(seen[other]) > 1:
                raise _several_of(symbol, name, other, seen[other])
        return {symbol: None if values == [symbol] and not partial else mask}
    name = found.symbols[0]
    values = _distinct(columns[name])
    if partial:
        return {symbol: np.zeros(len(columns[name]), bool)}
    raise UnknownSymbolError(
        f"symbol: there is no {symbol!r} in the column {name!r}{near_name(symbol, values)}; "
        f"it has {_shown(values)}"
    )


def symbol_texts(values: Any) -> NDArray[Any]:
    """The column as an array of texts without spaces around; "" for a row without a symbol."""
    return np.array([_text(value) for value in _list_of(values)], object)


def _distinct(values: Any) -> list[str]:
    """The different texts of the column, in their order."""
    if type(values).__module__.partition(".")[0] in {"polars", "pyarrow", "pandas"} and hasattr(
        values, "unique"
    ):
        values = values.unique(maintain_order=True) if hasattr(values, "gather") else values.unique()
    return list(dict.fromkeys(_text(value) for value in _list_of(values)))


def _list_of(values: Any) -> list[Any]:
    for method in ("to_pylist", "to_list", "tolist"):
        if hasattr(values, method):
            listed_values: list[Any] = getattr(values, method)()
            return listed_values
    return list(values)


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip()
    if is_none(value):
        return ""
    return str(value).strip()


def _shown(values: list[str]) -> str:
    more = f" and {len(values) - _SHOWN} more" if len(values) > _SHOWN else ""
    return ", ".join(map(repr, values[:_SHOWN])) + more
