"""A table as JSON rows, and as a frame of pandas, polars or Arrow."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from .rows import join_rows, stamps
from .tables import TIMES, UNSURE, Table

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


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


def to_json(table: Table) -> bytes:
    """The rows as a JSON array of objects: times as RFC 3339, null for what is undefined.

    The text of each column is made at once, and the columns are joined row by row.
    """
    names = table.dtype.names or ()
    columns = [_json_column(name, np.ascontiguousarray(table[name])) for name in names]
    return join_rows([_encode(name) for name in names], columns, len(table))


def to_rows(table: Table) -> list[dict[str, Any]]:
    """One dict a row, ready for JSON: times as RFC 3339, None for what is undefined."""
    rows: list[dict[str, Any]] = _decode(to_json(table))
    return rows


def _moments(name: str, column: Table) -> Table:
    """datetime64[ns]; NaT for a time that never came."""
    moments = column.astype("datetime64[ns]")
    if name in UNSURE:
        moments[column == -1] = np.datetime64("NaT", "ns")
    return moments


def to_pandas(table: Table) -> "pd.DataFrame":
    """Times are datetime64[ns, UTC]; a column `timestamp` becomes the index."""
    pandas = _library("pandas", "pandas")
    columns: dict[str, Any] = {}
    for name in table.dtype.names or ():
        column = np.ascontiguousarray(table[name])
        moments = name in TIMES
        columns[name] = pandas.Series(_moments(name, column)).dt.tz_localize("UTC") if moments else column
    frame: pd.DataFrame = pandas.DataFrame(columns)
    return frame.set_index("timestamp") if "timestamp" in columns else frame


def to_polars(table: Table) -> "pl.DataFrame":
    """Times are Datetime("ns", "UTC"), null where they never came."""
    polars = _library("polars", "btcore[data]")
    columns = {}
    for name in table.dtype.names or ():
        column = np.ascontiguousarray(table[name])
        if name in TIMES:
            series = polars.Series(name, _moments(name, column), dtype=polars.Datetime("ns"))
            columns[name] = series.dt.replace_time_zone("UTC")
        else:
            columns[name] = polars.Series(name, column)
    frame: pl.DataFrame = polars.DataFrame(columns)
    return frame


def to_arrow(table: Table) -> Any:
    """Times are timestamp[ns, UTC], null where they never came."""
    arrow = _library("pyarrow", "btcore[data]")
    columns = {}
    for name in table.dtype.names or ():
        column = np.ascontiguousarray(table[name])
        if name in TIMES:
            columns[name] = arrow.array(_moments(name, column)).cast(arrow.timestamp("ns", "UTC"))
        else:
            columns[name] = arrow.array(column)
    return arrow.table(columns)
