"""A table, or its columns by name, as JSON rows and as a frame of pandas, polars or Arrow."""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from .json_rows import join_rows, stamps
from .tables import TIMES, UNSURE, Table

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

Columns = Mapping[str, Table]

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def columns_of(table: Table | Columns) -> Columns:
    """The columns by name, as views."""
    if isinstance(table, Mapping):
        return table
    return {name: table[name] for name in table.dtype.names or ()}


def _library(name: str, extra: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(f"{name} is not installed: pip install {extra}") from error


def rfc3339(column: Table) -> list[str]:
    """int64 ns UTC as 2024-01-02T00:00:00Z, with 3, 6 or 9 digits of fraction where they are needed."""
    stamped: list[str] = _decode(stamps(column))
    return stamped


def _json_column(name: str, column: Table) -> bytes:
    if name in TIMES:
        return stamps(column, name in UNSURE)
    return _encode(column.tolist())  # what is not finite becomes null


def to_json(table: Table | Columns) -> bytes:
    """The rows as a JSON array of objects: times as RFC 3339, null for what is undefined.

    The text of each column is made at once, and the columns are joined row by row.
    """
    columns = columns_of(table)
    made = [_json_column(name, np.ascontiguousarray(column)) for name, column in columns.items()]
    return join_rows([_encode(name) for name in columns], made, len(next(iter(columns.values()))))


def to_rows(table: Table | Columns) -> list[dict[str, Any]]:
    """One dict a row, ready for JSON: times as RFC 3339, None for what is undefined."""
    rows: list[dict[str, Any]] = _decode(to_json(table))
    return rows


def _moments(name: str, column: Table) -> Table:
    """datetime64[ns]; NaT for a time that never came."""
    moments = column.view("datetime64[ns]")
    if name in UNSURE:
        moments = np.where(column == -1, np.datetime64("NaT", "ns"), moments)
    return moments


def to_pandas(table: Table | Columns) -> "pd.DataFrame":
    """Times are datetime64[ns, UTC]; a column `timestamp` becomes the index."""
    pandas = _library("pandas", "pandas")
    columns: dict[str, Any] = {}
    for name, values in columns_of(table).items():
        column = np.ascontiguousarray(values)
        moments = name in TIMES
        columns[name] = pandas.Series(_moments(name, column)).dt.tz_localize("UTC") if moments else column
    frame: pd.DataFrame = pandas.DataFrame(columns)
    return frame.set_index("timestamp") if "timestamp" in columns else frame


def to_polars(table: Table | Columns) -> "pl.DataFrame":
    """Times are Datetime("ns", "UTC"), null where they never came."""
    polars = _library("polars", "btcore[data]")
    columns = {}
    for name, values in columns_of(table).items():
        column = np.ascontiguousarray(values)
        if name in TIMES:
            series = polars.Series(name, _moments(name, column), dtype=polars.Datetime("ns"))
            columns[name] = series.dt.replace_time_zone("UTC")
        else:
            columns[name] = polars.Series(name, column)
    frame: pl.DataFrame = polars.DataFrame(columns)
    return frame


def to_arrow(table: Table | Columns) -> Any:
    """Times are timestamp[ns, UTC], null where they never came; contiguous columns are shared, not copied."""
    arrow = _library("pyarrow", "btcore[data]")
    columns = {}
    for name, values in columns_of(table).items():
        column = np.ascontiguousarray(values)
        if name not in TIMES:
            columns[name] = arrow.array(column)
            continue
        buffers = [None, arrow.py_buffer(column)]
        if name in UNSURE:
            buffers[0] = arrow.array(column != -1).buffers()[1]  # which are not null
        columns[name] = arrow.Array.from_buffers(arrow.timestamp("ns", "UTC"), len(column), buffers)
    return arrow.table(columns)
