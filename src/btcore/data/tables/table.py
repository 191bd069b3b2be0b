"""Tables of other packages as names and columns: pandas, polars, pyarrow, dicts, structured arrays."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.data.vendors.layout import Sample
from btcore.errors import DataError, near_name
from btcore.times.rules import ReadTimes

from .names import SYMBOLS, Found, listed, match_columns, normalized
from .options import TableSettings


class Table(NamedTuple):
    """The columns of a table of any package, by name and in order; a name may occur twice.

    `rows` are the rows that belong to the symbol of the table, None: all.
    """

    names: list[str]
    values: list[Any]
    rows: NDArray[np.intp] | None = None

    def column(self, name: str) -> Any:
        """The column of that name; DataError if there are several."""
        if self.names.count(name) > 1:
            raise DataError(f"there are {self.names.count(name)} columns {name!r}; {listed(self.names)}")
        return self.values[self.names.index(name)]

    def pick(self, found: Found) -> dict[str, Any]:
        """The columns that are used."""
        return {name: self.column(name) for name in found.used}

    def as_dict(self) -> dict[str, Any]:
        """The columns by name; the last of those with the same."""
        return dict(zip(self.names, self.values, strict=True))


def sample_of(frame: Any) -> Sample:
    """What is seen of a table before it is read: its columns, first "" and the index if it may hold times.

    DataError if `frame` is no table.
    """
    table = _opened(_collected(frame))
    return Sample(table.names, column=table.column)


def symbol_column(names: list[str]) -> str | None:
    """The first of the names that is usual for a column of symbols; None without."""
    normal = [normalized(name) for name in names]
    return next((names[normal.index(alias)] for alias in SYMBOLS if alias in normal), None)


def open_table(frame: Any, kind: str, settings: TableSettings) -> dict[str, Table]:
    """The table, as {"": table}; one for each symbol that is asked for if the columns have two levels."""
    frame = _collected(frame)
    levels = getattr(getattr(frame, "columns", None), "nlevels", 1)
    if levels == 1:
        return {"": _opened(frame)}
    if levels != 2:
        raise DataError(f"frame: columns of {levels} levels; one is needed, or two, of prices and of symbols")
    return _open_levels(frame, kind, settings)


def _open_levels(frame: Any, kind: str, settings: TableSettings) -> dict[str, Table]:
    """The tables of a pandas frame whose columns are named by (price, symbol) or (symbol, price)."""
    keys = [(str(one), str(two)) for one, two in frame.columns]
    index = _index_columns(frame)
    for level in (0, 1):
        tables: dict[str, Table] = {}
        for position, key in enumerate(keys):
            symbol = key[1 - level]
            table = tables.setdefault(symbol, Table(list(index), list(index.values())))
            table.names.append(key[level])
            table.values.append(frame.iloc[:, position])
        try:
            for table in tables.values():
                match_columns(table.names, kind, settings.columns)
        except DataError:
            continue
        chosen = _chosen(tables, settings)
        if len(tables) == 1:
            return chosen
        return {symbol: _with_values(table, len(index)) for symbol, table in chosen.items()}
    shown = ", ".join(map(repr, list(frame.columns)[:8]))
    raise DataError(f"frame: neither of the two levels of its columns names {kind}; the columns are {shown}")


def _with_values(table: Table, first: int) -> Table:
    """The rows that have a value in any column from the `first` on: a row of others is empty for a symbol."""
    empty = np.logical_and.reduce([np.asarray(values.isna(), bool) for values in table.values[first:]])
    return table._replace(rows=np.flatnonzero(~empty)) if empty.any() else table


def _chosen(tables: dict[str, Table], settings: TableSettings) -> dict[str, Table]:
    symbols = ", ".join(map(repr, tables))
    if settings.symbol is not None and settings.symbol not in tables:
        meant = near_name(settings.symbol, tables)
        raise DataError(
            f"symbol: there is no {settings.symbol!r} in the columns{meant}; they are of {symbols}"
        )
    if settings.symbol is not None:
        return {settings.symbol: tables[settings.symbol]}
    if len(tables) > 1 and settings.by is None:
        raise DataError(
            f'the columns are of {len(tables)} symbols, {symbols}; pass symbol= for one or by="symbol"'
        )
    return tables


def _collected(frame: Any) -> Any:
    """A polars LazyFrame, collected; other tables as they are."""
    return frame.collect() if hasattr(frame, "collect_schema") and hasattr(frame, "collect") else frame


def _opened(frame: Any) -> Table:
    if isinstance(frame, Mapping):
        return Table([str(name) for name in frame], list(frame.values()))
    if isinstance(frame, np.ndarray) and frame.dtype.names:
        return Table(list(frame.dtype.names), [frame[name] for name in frame.dtype.names])
    if hasattr(frame, "column_names"):  # pyarrow
        return Table(list(frame.column_names), [frame.column(i) for i in range(len(frame.column_names))])
    if not hasattr(frame, "columns"):
        raise DataError(
            f"frame: a pandas, polars or pyarrow table, a dict or a structured array is needed, "
            f"not {type(frame).__name__}"
        )
    if hasattr(frame, "get_columns"):  # polars
        return Table(list(frame.columns), frame.get_columns())
    index = _index_columns(frame)
    names = [str(name) for name in frame.columns]
    index = {name: values for name, values in index.items() if name not in names}
    return Table([*index, *names], [*index.values(), *(frame.iloc[:, i] for i in range(len(names)))])


def _index_columns(frame: Any) -> dict[str, Any]:
    """The index of a pandas frame as columns, unless it only counts rows.

    An index of times comes first and without a name too, as in a CSV that pandas writes.
    """
    index = getattr(frame, "index", None)
    dtype = getattr(index, "dtype", None)
    if index is None or dtype is None:
        return {}
    if getattr(index, "nlevels", 1) > 1:
        levels = {name: index.get_level_values(i) for i, name in enumerate(index.names)}
        return {str(name): period_starts(values) for name, values in levels.items() if name is not None}
    counts = dtype.kind in "iuf" and index.name is None
    if counts or type(index).__name__ == "RangeIndex":
        return {}
    values = period_starts(index)
    timely = dtype.kind == "M" or values is not index or index.name is None
    return ({"": values} if timely else {}) | ({str(index.name): values} if index.name is not None else {})


def period_starts(values: Any) -> Any:
    """The starts of periods of pandas; other values as they are."""
    if not str(getattr(values, "dtype", "")).startswith("period"):
        return values
    return getattr(values, "dt", values).start_time


def take(values: Any, index: NDArray[np.intp]) -> Any:
    """The rows of a column of any package, in the order of the index."""
    if isinstance(values, ReadTimes):
        return values._replace(ns=values.ns[index])
    for method in ("gather", "take"):
        if hasattr(values, method):
            return getattr(values, method)(index)
    return [values[row] for row in index.tolist()]
