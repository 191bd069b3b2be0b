"""Columns of a table as they come -> columns that every reader of values takes, or a DataError.

Packages have types that others lack: lists in cells, integers of 128 bits, views of texts. They are converted
or refused here.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from btcore.errors import DataError
from btcore.times.rules import ReadTimes


def with_readable_types(table: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The columns, all of one length with one value a row; DataError names one that is not."""
    columns = {name: _readable(values, f"{kind}.{name}") for name, values in table.items()}
    lengths = {name: len(getattr(values, "ns", values)) for name, values in columns.items()}
    first = next(iter(lengths))
    for name, length in lengths.items():
        if length != lengths[first]:
            raise DataError(f"{kind}.{name}: {length} rows, but {first} has {lengths[first]}")
    return columns


def _readable(values: Any, place: str) -> Any:
    if isinstance(values, ReadTimes):
        return values
    package = type(values).__module__.partition(".")[0]
    if package == "polars":
        return _from_polars(values, place)
    if package == "pyarrow":
        return _from_arrow(values, place)
    if getattr(values, "ndim", 1) != 1:
        raise DataError(f"{place}: one dimension is needed, not shape {values.shape}")
    if isinstance(values, str | bytes | bytearray) or not hasattr(values, "__getitem__"):
        raise DataError(f"{place}: a sequence or an array is needed, not {values!r}")
    dtype = getattr(values, "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.kind == "V":
        raise DataError(f"{place}: one value a row is needed, not {dtype}")
    if isinstance(dtype, np.dtype) and dtype.kind == "M" and np.datetime_data(dtype)[0] == "generic":
        raise DataError(f"{place}: datetime64 without a unit; give it one, such as datetime64[ns]")
    if dtype is None or dtype == np.dtype(object):
        for row, value in enumerate(values):
            if isinstance(value, _SEVERAL):
                raise DataError(f"{place}: one value a row is needed, not {value!r} in row {row}")
    return values


_SEVERAL = (list, tuple, dict, set, np.ndarray, np.void)


def _from_polars(column: Any, place: str) -> Any:
    import polars as pl

    if column.dtype.is_nested() or column.dtype == pl.Object:
        raise DataError(f"{place}: one value a row is needed, not {column.dtype}")
    if column.dtype not in {pl.Int128, pl.UInt128}:
        return column
    short = column.cast(pl.Int64, strict=False)  # numpy has no integers of 128 bits
    return short if short.null_count() == column.null_count() else column.cast(pl.Float64)


def _from_arrow(column: Any, place: str) -> Any:
    text = str(column.type)
    if text.startswith(("list", "large_list", "fixed_size_list", "map", "struct", "union", *_RARE)):
        raise DataError(f"{place}: one value a row is needed, not {text}")
    # Few functions take these types; a decimal through its text gives the float next to it.
    return column.cast("string") if text.startswith(("decimal", "string_view")) else column


_RARE = ("dense_union", "sparse_union", "run_end_encoded", "extension", "month_day_nano_interval")
