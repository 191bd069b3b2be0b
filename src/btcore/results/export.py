"""A table, or its columns by name, as JSON rows and as a table of pandas, polars or Arrow."""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from .json_rows import join_rows, times_json
from .tables import OPTIONAL_TIMES, TIME_COLUMNS, Table

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

Columns = Mapping[str, Table]

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def columns_of(table: Table | Columns) -> Columns:
    """The columns of a table by name, as views."""
    if isinstance(table, Mapping):
        return table
    return {name: table[name] for name in table.dtype.names or ()}


def import_library(name: str, extra: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(f"{name} is not installed: pip install {extra}") from error


def rfc3339(column: Table) -> list[str]:
    """int64 ns UTC as text like 2024-01-02T00:00:00Z, with 0, 3, 6 or 9 digits of fraction as needed."""
    texts: list[str] = _decode(times_json(column))
    return texts


def _json_column(name: str, column: Table) -> bytes:
    if name in TIME_COLUMNS:
        return times_json(column, name in OPTIONAL_TIMES)
    return _encode(column.tolist())  # NaN and infinity become null


def to_json(table: Table | Columns) -> bytes:
    """The rows as a JSON array of objects: times as RFC 3339, null for undefined values.

    Each column is encoded as a whole; then the columns are joined row by row.
    """
    columns = columns_of(table)
    texts = [_json_column(name, np.ascontiguousarray(column)) for name, column in columns.items()]
    return join_rows([_encode(name) for name in columns], texts, len(next(iter(columns.values()))))


def to_rows(table: Table | Columns) -> list[dict[str, Any]]:
    """A dict for each row, ready for JSON: times as RFC 3339, None for undefined values."""
    rows: list[dict[str, Any]] = _decode(to_json(table))
    return rows


def _datetimes(name: str, column: Table) -> Table:
    """int64 ns as datetime64[ns]; NaT if there is no such time."""
    times = column.view("datetime64[ns]")
    if name in OPTIONAL_TIMES:
        times = np.where(column == -1, np.datetime64("NaT", "ns"), times)
    return times


def to_pandas(table: Table | Columns) -> "pd.DataFrame":
    """The table as a DataFrame: times are datetime64[ns, UTC], a column `timestamp` becomes the index."""
    pandas = import_library("pandas", "pandas")
    columns: dict[str, Any] = {}
    for name, values in columns_of(table).items():
        column = np.ascontiguousarray(values)
        is_time = name in TIME_COLUMNS
        columns[name] = pandas.Series(_datetimes(name, column)).dt.tz_localize("UTC") if is_time else column
    frame: pd.DataFrame = pandas.DataFrame(columns)
    return frame.set_index("timestamp") if "timestamp" in columns else frame


def to_polars(table: Table | Columns) -> "pl.DataFrame":
    """The table as a DataFrame: times are Datetime("ns", "UTC"), null if there is no such time."""
    polars = import_library("polars", "btcore[data]")
    columns = {}
    for name, values in columns_of(table).items():
        column = np.ascontiguousarray(values)
        if name in TIME_COLUMNS:
            series = polars.Series(name, _datetimes(name, column), dtype=polars.Datetime("ns"))
            columns[name] = series.dt.replace_time_zone("UTC")
        else:
            columns[name] = polars.Series(name, column)
    frame: pl.DataFrame = polars.DataFrame(columns)
    return frame


def to_arrow(table: Table | Columns) -> Any:
    """The table as a pyarrow.Table; contiguous columns are not copied.

    Times are timestamp[ns, UTC], null if there is no such time.
    """
    arrow = import_library("pyarrow", "btcore[data]")
    columns = {}
    for name, values in columns_of(table).items():
        column = np.ascontiguousarray(values)
        if name not in TIME_COLUMNS:
            columns[name] = arrow.array(column)
            continue
        buffers = [None, arrow.py_buffer(column)]
        if name in OPTIONAL_TIMES:
            buffers[0] = arrow.array(column != -1).buffers()[1]  # validity bitmap: which are not null
        columns[name] = arrow.Array.from_buffers(arrow.timestamp("ns", "UTC"), len(column), buffers)
    return arrow.table(columns)
