"""A column of any kind (numpy, list, pandas, polars, pyarrow) -> one read-only contiguous array."""

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from btcore.errors import DataError, reject_rows

Floats = NDArray[np.float64]
Sides = NDArray[np.int8]
Mask = NDArray[np.bool_]


def frozen(array: NDArray[Any]) -> NDArray[Any]:
    """A read-only contiguous view of the array, or of a copy if it is strided; `array` stays writeable."""
    view: NDArray[Any] = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view


def is_none(value: Any) -> bool:
    """Whether a Python object stands for no value: None, NaN, NaT, or NA of pandas, which has no truth."""
    return value is None or type(value).__name__ in {"NAType", "NaTType"} or bool(value != value)  # noqa: PLR0124


def float_column(values: Any, kind: str, name: str) -> Floats:
    """The column as read-only float64; shares memory with a column that is float64 already.

    NaN is allowed here. RowError for a null; DataError for a column that is not numeric.
    """
    array = array_of(values, kind, name)
    if array.dtype.kind not in "iuf":
        hint = "; convert them to numbers first" if array.dtype.kind in "OSU" else ""
        raise DataError(f"{kind}.{name}: numbers are needed, not {dtype_text(values, array)}{hint}")
    return frozen(array.astype(np.float64, copy=False))


def array_of(values: Any, kind: str, name: str) -> NDArray[Any]:
    """A 1-D numpy array of the values, without a copy if possible; RowError for the first null."""
    masked = sys.modules.get("numpy.ma")  # slow to load, and loaded already if there is a masked array
    if masked is not None and isinstance(values, masked.MaskedArray):
        _refuse_nulls(masked.getmaskarray(values), kind, name)
        values = values.data
    if not isinstance(values, np.ndarray):
        _refuse_nulls(null_mask(values), kind, name)
        values = _to_numpy(values, kind, name)
    if values.ndim != 1:
        raise DataError(f"{kind}.{name}: one dimension is needed, not shape {values.shape}")
    array: NDArray[Any] = np.asarray(values)
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _to_numpy(values: Any, kind: str, name: str) -> NDArray[Any]:
    if isinstance(values, str | bytes) or not hasattr(values, "__iter__"):
        raise DataError(f"{kind}.{name}: a sequence or an array is needed, not {values!r}")
    dtype = getattr(values, "dtype", None)
    try:
        if getattr(dtype, "tz", None) is not None:  # pandas would give an array of Timestamp objects
            return np.asarray(values.to_numpy(dtype=f"datetime64[{getattr(dtype, 'unit', 'ns')}]"))
        if hasattr(values, "__array__") or hasattr(values, "__len__"):
            return np.asarray(values)
        return np.asarray(list(values))
    except Exception as error:  # each package has errors of its own
        raise DataError(
            f"{kind}.{name}: the values do not make one column: they differ in kind or length"
        ) from error


def null_mask(values: Any) -> Any:
    """The mask of nulls of a polars, pyarrow or pandas column; None if it has none or cannot have any."""
    count = getattr(values, "null_count", None)
    if count is not None:
        return values.is_null() if (count() if callable(count) else count) else None
    dtype = getattr(values, "dtype", None)
    # pandas stores a null in a numpy dtype as NaN or NaT, which later checks report.
    return values.isna() if hasattr(values, "isna") and not isinstance(dtype, np.dtype) else None


def _refuse_nulls(mask: Any, kind: str, name: str) -> None:
    if mask is not None:
        reject_rows(kind, np.asarray(mask, bool), lambda _: f"{name} is null; each row needs a value")


def dtype_text(values: Any, array: NDArray[Any]) -> str:
    dtype = getattr(values, "dtype", array.dtype)
    return f"{dtype} (mixed or non-numeric values)" if array.dtype.kind == "O" else str(dtype)
