"""Rows without a value: which they are, and whether they are refused or dropped."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from btcore.data.columns import Mask, is_none
from btcore.errors import reject_rows
from btcore.times.rules import ReadTimes

from .cleaning import Index, Notes
from .names import REQUIRED, SIDED
from .number_texts import MISSING
from .options import TableSettings
from .symbols import DROP_HINT, symbol_texts

_NEEDED = {*SIDED, *(name for names in REQUIRED.values() for name in names)}


def present(
    absent: Mapping[str, Mask], raw: Mapping[str, Any], kind: str, settings: TableSettings, notes: Notes
) -> Index | None:
    """The rows with a value in each column, None: all; RowError for the first without, unless dropped."""
    if not absent:
        return None
    if settings.missing == "refuse":
        name, gone = min(absent.items(), key=lambda item: int(item[1].argmax()))
        hint = DROP_HINT if name in _NEEDED else f'{DROP_HINT}, columns={{"{name}": None}} the column'
        reject_rows(kind, gone, lambda row: f"{name} is missing{_written(raw[name], row, name)}; {hint}")
    gone = np.zeros(len(next(iter(absent.values()))), bool)
    for name, mask in absent.items():
        notes.count(f"rows dropped, as {name} is missing", int((mask & ~gone).sum()))
        gone |= mask
    return np.flatnonzero(~gone)


def _written(values: Any, row: int, name: str) -> str:
    """What stands in the table for a missing value, if anything does."""
    value = values.iloc[row] if hasattr(values, "iloc") else values[row]
    value = value.as_py() if hasattr(value, "as_py") else value
    if value is np.ma.masked or (is_none(value) and not isinstance(value, float)) or value == "":
        return ""
    return f" ({name}={value.item() if isinstance(value, np.generic) else value!r})"


def absent_times(values: Any) -> Mask | None:
    """The rows of a column of times that have none; None if each has one."""
    if isinstance(values, ReadTimes):
        return None
    if hasattr(values, "gather"):  # polars
        return _absent_in_polars(values)
    if hasattr(values, "is_null") and hasattr(values, "null_count"):
        mask = np.asarray(values.is_null(), bool)
    elif hasattr(values, "isna"):
        mask = np.asarray(values.isna(), bool)
    else:
        array = np.asarray(values)
        kind = array.dtype.kind
        mask = (
            np.isnat(array) if kind == "M" else np.isnan(array) if kind == "f" else np.zeros(len(array), bool)
        )
    if holds_texts(values):
        texts = np.array([text.lower() for text in symbol_texts(values)], object)
        mask = mask | np.isin(texts.astype(str), MISSING)
    return mask if mask.any() else None


def _absent_in_polars(values: Any) -> Mask | None:
    absent = values.is_null()
    if holds_texts(values):
        absent |= values.cast(str).str.strip_chars().str.to_lowercase().is_in(list(MISSING)).fill_null(True)
    return absent.to_numpy() if absent.any() else None


def holds_texts(values: Any) -> bool:
    """Whether a column of any package may hold texts, by its type."""
    dtype = str(getattr(values, "dtype", getattr(values, "type", "object"))).lower()
    return dtype.startswith(("str", "object", "<u", "large_str", "string"))
