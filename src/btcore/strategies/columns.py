"""Reads the columns of `Orders` and `Targets`: times and values, one per row."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from btcore.data.containers import Bars
from btcore.errors import OrderError


def as_array(where: str, values: Any) -> NDArray[Any]:
    """`values` as an array of any type; OrderError for lists of different lengths in one another."""
    try:
        return np.asarray(values)
    except ValueError as error:
        raise OrderError(f"{where}: not a column ({error})") from error


def read_times(where: str, timestamp: ArrayLike) -> NDArray[np.int64]:
    """A copy of the times, int64 ns UTC, shape (rows,); one time becomes one row.

    OrderError for NaT, and for anything but int64 nanoseconds or datetime64.
    """
    times = np.atleast_1d(as_array(f"{where}.timestamp", timestamp))
    if times.dtype.kind == "M":
        if np.isnat(times).any():
            raise OrderError(f"{where}[{int(np.isnat(times).argmax())}]: timestamp is NaT, not a time")
        times = times.astype("datetime64[ns]").view(np.int64)
    is_integer = times.dtype.kind in "iu" or times.size == 0  # an empty list has dtype float64
    if times.ndim != 1 or not is_integer:
        raise OrderError(f"{where}.timestamp: not a column of int64 nanoseconds or datetime64")
    return times.astype(np.int64)


def row_times(where: str, timestamp: ArrayLike | None, bars: Any) -> NDArray[np.int64] | None:
    """The times of the rows, int64 ns UTC: those given, or the ends of the bars; None if neither is given.

    OrderError if both are given, and for anything but Bars.
    """
    if bars is None:
        return None if timestamp is None else read_times(where, timestamp)
    if timestamp is not None:
        raise OrderError(f"{where}: timestamp and bars are both given; one of them dates the rows")
    if not isinstance(bars, Bars):
        raise OrderError(f"{where}.bars: {type(bars).__name__} is not a Bars, whose `end` dates the rows")
    ends: NDArray[np.int64] = np.array(bars.end, np.int64)
    return ends


def read_column(where: str, values: Any, dtype: Any, rows: int) -> NDArray[Any]:
    """A copy of the values, shape (rows,). A single value is repeated, but stored once: its stride is 0.

    OrderError for values that do not convert to `dtype`, or whose number is neither 1 nor `rows`.
    """
    try:
        column = np.array(values, dtype)
    except (ValueError, TypeError, OverflowError) as error:
        raise OrderError(f"{where}: not a column of {rows} values ({error})") from error
    if column.ndim > 1:
        raise OrderError(f"{where}: not a column but an array of {column.ndim} dimensions")
    if column.size not in (1, rows):
        raise OrderError(f"{where}: not a column of {rows} values but of {column.size}")
    return np.broadcast_to(column, rows)
