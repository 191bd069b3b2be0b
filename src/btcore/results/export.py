"""A table, or its columns by name, as JSON rows and as a table of pandas, polars or Arrow."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from btcore.data import conversions

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


def to_pandas(table: Table | Columns) -> "pd.DataFrame":
    """The table as a DataFrame: times are datetime64[ns, UTC], a column `timestamp` becomes the index."""
    return conversions.to_pandas(columns_of(table), TIME_COLUMNS, OPTIONAL_TIMES)


def to_polars(table: Table | Columns) -> "pl.DataFrame":
    """The table as a DataFrame: times are Datetime("ns", "UTC"), null if there is no such time."""
    return conversions.to_polars(columns_of(table), TIME_COLUMNS, OPTIONAL_TIMES)


def to_arrow(table: Table | Columns) -> Any:
    """The table as a pyarrow.Table; contiguous columns are not copied.

    Times are timestamp[ns, UTC], null if there is no such time.
    """
    return conversions.to_arrow(columns_of(table), TIME_COLUMNS, OPTIONAL_TIMES)
