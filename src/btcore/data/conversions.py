"""Columns by name -> tables of pandas, polars and Arrow, whose times are timestamps in nanoseconds, UTC."""

from collections.abc import Mapping, Set
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

Columns = Mapping[str, NDArray[Any]]
CONTAINER_TIMES = frozenset({"timestamp", "end"})  # the columns of containers that are times
DATA_EXTRA = "'btcore[data]'"
_NONE: frozenset[str] = frozenset()


def import_library(name: str, extra: str) -> Any:
    """The package; ImportError, which says how to install it, without."""
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(f"{name} is not installed: pip install {extra}") from error


def _datetimes(column: NDArray[Any], optional: bool) -> NDArray[np.datetime64]:
    """int64 ns as datetime64[ns]; with `optional` -1 is no time, NaT."""
    times = column.view("datetime64[ns]")
    return np.where(column == -1, np.datetime64("NaT", "ns"), times) if optional else times


def to_pandas(columns: Columns, times: Set[str], optional: Set[str] = _NONE) -> "pd.DataFrame":
    """The columns as a DataFrame: `times` are datetime64[ns, UTC], a column `timestamp` becomes the index.

    In the times that are `optional`, -1 is no time.
    """
    pandas = import_library("pandas", "pandas")
    made: dict[str, Any] = {}
    for name, values in columns.items():
        column = np.ascontiguousarray(values)
        if name in times:
            made[name] = pandas.Series(_datetimes(column, name in optional)).dt.tz_localize("UTC")
        else:
            made[name] = column
    frame: pd.DataFrame = pandas.DataFrame(made)
    return frame.set_index("timestamp") if "timestamp" in made else frame


def to_polars(columns: Columns, times: Set[str], optional: Set[str] = _NONE) -> "pl.DataFrame":
    """The columns as a DataFrame: `times` are Datetime("ns", "UTC"), null if there is no such time."""
    polars = import_library("polars", DATA_EXTRA)
    made = {}
    for name, values in columns.items():
        column = np.ascontiguousarray(values)
        if name in times:
            series = polars.Series(name, _datetimes(column, name in optional), dtype=polars.Datetime("ns"))
            made[name] = series.dt.replace_time_zone("UTC")
        else:
            made[name] = polars.Series(name, column)
    frame: pl.DataFrame = polars.DataFrame(made)
    return frame


def to_arrow(columns: Columns, times: Set[str], optional: Set[str] = _NONE) -> Any:
    """The columns as a pyarrow.Table; contiguous ones are not copied.

    `times` are timestamp[ns, UTC], null if there is no such time.
    """
    arrow = import_library("pyarrow", DATA_EXTRA)
    made = {}
    for name, values in columns.items():
        column = np.ascontiguousarray(values)
        if name not in times:
            made[name] = arrow.array(column)
            continue
        buffers = [None, arrow.py_buffer(column)]
        if name in optional:
            buffers[0] = arrow.array(column != -1).buffers()[1]  # validity bitmap: which are not null
        made[name] = arrow.Array.from_buffers(arrow.timestamp("ns", "UTC"), len(column), buffers)
    return arrow.table(made)
