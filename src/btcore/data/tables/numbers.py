"""Columns of numbers, written in any of the usual ways -> float64 or integers, and the rows without a value.

Numbers need no other package; texts are read by polars, as the floats that Python's `float` gives.
"""

import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.data.checks import is_within
from btcore.data.columns import Mask, array_of, dtype_text, is_none
from btcore.errors import DataError, RowError

from .number_texts import MISSING, NO_VALUES, Form, cleaned, find_form, is_canonical, unstyled

_MANY = 1_000_000  # numbers that are worth the start of threads
_LIMIT = 2**63 - 1  # numbers nearer to zero are values


class Numbers(NamedTuple):
    """Values of a column, and the mask of rows without one, whose value is arbitrary; None: each has one."""

    values: NDArray[Any]
    absent: Mask | None


class _Raw(NamedTuple):
    """A column before its texts are converted: numbers, and the texts (a polars column, null elsewhere)."""

    values: NDArray[Any]
    texts: Any
    absent: Mask | None


def read_numbers(
    columns: Mapping[str, Any], kind: str, form: Form, notes: list[str]
) -> tuple[dict[str, Numbers], Form]:
    """The numbers of each column, and how texts are written, which is alike in all columns.

    What is None in `form` is inferred. RowError for a text that is no number; DataError for a column of other
    values, and for numbers that can be read in two ways. `notes` gets what was unusual about the texts.
    """
    raw = {name: _raw(values, kind, name) for name, values in columns.items()}
    texts = {name: column.texts for name, column in raw.items() if column.texts is not None}
    as_python = form.decimal != "," and form.thousands is None
    if texts and not (as_python and all(is_canonical(column) for column in texts.values())):
        texts = {name: cleaned(column) for name, column in texts.items()}
        form = find_form(texts, form)
        read = {name: unstyled(column, form) for name, column in texts.items()}
        texts = {name: column for name, (column, _) in read.items()}
        for style in dict.fromkeys(style for _, styles in read.values() for style in styles):
            notes.append(
                f"{', '.join(name for name, (_, styles) in read.items() if style in styles)}: {style}"
            )

    def finish(name: str) -> Numbers:
        return _finished(raw[name], texts.get(name), form, kind, name)

    return dict(zip(raw, _each(finish, raw), strict=True)), Form(form.decimal or ".", form.thousands)


def _each(finish: Callable[[str], Numbers], names: Mapping[str, _Raw]) -> Iterable[Numbers]:
    """The numbers of each column; long ones are read on all cores, by functions that hold no GIL."""
    if sum(len(column.values) for column in names.values()) < _MANY:
        return map(finish, names)
    from concurrent.futures import ThreadPoolExecutor  # not at the top: it is slow to import

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(finish, names))


def _finished(raw: _Raw, texts: Any, form: Form, kind: str, name: str) -> Numbers:
    """The column with its texts converted, and every value that stands for none counted as absent."""
    values, absent = raw.values, raw.absent
    if texts is not None:
        import polars as pl

        read = texts.str.strip_chars().cast(pl.Float64, strict=False)
        textual = texts.is_not_null().to_numpy()
        lacking = read.is_null().to_numpy() & textual
        if lacking.any():
            given = raw.texts.str.strip_chars().str.to_lowercase()
            invalid = lacking & ~given.is_in(list(MISSING)).fill_null(False).to_numpy()
            if invalid.any():
                raise _no_number(raw.texts, invalid, kind, name, form)
            absent = lacking if absent is None else absent | lacking
        numbers = read.fill_null(np.nan).to_numpy()
        values = numbers if textual.all() or values is None else np.where(textual, numbers, values)
    return Numbers(values, _union(absent, _stand_ins(values)))


def _no_number(texts: Any, invalid: Mask, kind: str, name: str, form: Form) -> RowError:
    row = int(invalid.argmax())
    text = texts[row]
    what = "is a percentage, not a number" if str(text).strip().endswith("%") else "is not a number"
    if re.fullmatch(r"[-+]?[\d.,]+", str(text).strip()):
        what += f" with the decimal point {form.decimal or '.'!r}"
    return RowError(kind, row, f"{name} {what} ({name}={text!r})", int(invalid.sum()))


def _stand_ins(values: NDArray[Any]) -> Mask | None:
    """NaN, and the numbers by which vendors say that there is no value; None if there are none of them."""
    if values.dtype == np.float64 and values.flags.c_contiguous:
        if is_within(values, _LIMIT):
            return None
    elif len(values) == 0 or (values.max() < _LIMIT and values.min() > -_LIMIT):
        return None
    if values.dtype.kind == "f":
        return _some(np.isnan(values) | np.isin(values, [float(number) for number in NO_VALUES]))
    limits = np.iinfo(values.dtype)
    fitting = [
        number for number in NO_VALUES if isinstance(number, int) and limits.min <= number <= limits.max
    ]
    return _some(np.isin(values, np.array(fitting, values.dtype)))


def _some(mask: Mask) -> Mask | None:
    return mask if mask.any() else None


def _union(one: Mask | None, other: Mask | None) -> Mask | None:
    if one is None or other is None:
        return other if one is None else one
    return one | other


def _raw(values: Any, kind: str, name: str) -> _Raw:
    package = type(values).__module__.partition(".")[0]
    if package == "pyarrow" and "polars" in sys.modules:
        values, package = _from_arrow(values, kind, name), "polars"
    if package == "polars":
        return _raw_polars(values, kind, name)
    masked = sys.modules.get("numpy.ma")
    absent = None
    if masked is not None and isinstance(values, masked.MaskedArray):
        absent, values = _some(masked.getmaskarray(values)), values.data
    elif not isinstance(values, np.ndarray):
        absent = _nulls(values)
        if absent is not None and hasattr(values, "isna"):
            number = _is_number(values.dtype)
            values = values.to_numpy(np.float64, na_value=np.nan) if number else values.to_numpy(object)
    array = array_of(values, kind, name)
    if array.dtype.kind in "iuf":
        return _Raw(_wide(array), None, absent)
    if array.dtype.kind == "O":
        return _raw_objects(array, kind, name)
    if array.dtype.kind in "SU":
        return _raw_polars(_text_column([_text(value) for value in array.tolist()]), kind, name)
    if len(array) == 0:
        return _Raw(np.empty(0), None, None)
    raise DataError(f"{kind}.{name}: numbers are needed, not {dtype_text(values, array)}")


def _is_number(dtype: Any) -> bool:
    return getattr(dtype, "kind", "O") in "iuf"


def _wide(array: NDArray[Any]) -> NDArray[Any]:
    """The numbers; those of 16 bits as float64, as numpy cannot compare them with large numbers."""
    return array.astype(np.float64) if array.dtype == np.float16 else array


def _from_arrow(values: Any, kind: str, name: str) -> Any:
    """The column in polars; DataError for one of a type that polars does not have."""
    import polars as pl

    dtype = values.type
    if str(dtype).startswith("decimal"):
        values = values.cast("string")  # polars has no decimals of 256 bits; each is read by its text
    try:
        return pl.from_arrow(values)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, TypeError, ValueError) as error:
        raise DataError(f"{kind}.{name}: numbers are needed, not {dtype}") from error


def _nulls(values: Any) -> Mask | None:
    """The nulls of a pandas or pyarrow column that is not a plain numpy array."""
    if hasattr(values, "isna"):
        return _some(np.asarray(values.isna(), bool))
    if getattr(values, "null_count", 0):
        return np.asarray(values.is_null(), bool)
    return None


def _raw_polars(column: Any, kind: str, name: str) -> _Raw:
    import polars as pl

    dtype = column.dtype
    if dtype == pl.Null:
        return _Raw(np.full(len(column), np.nan), None, np.ones(len(column), bool) if len(column) else None)
    absent = column.is_null().to_numpy() if column.null_count() else None
    if dtype in {pl.Categorical, pl.Enum} or dtype.is_decimal():
        column = column.cast(pl.String)  # a decimal through its text gives the float next to it
    if column.dtype == pl.String:
        return _Raw(np.full(len(column), np.nan), column, absent)
    if not column.dtype.is_numeric():
        raise DataError(f"{kind}.{name}: numbers are needed, not {dtype}")
    if absent is not None:
        column = column.fill_null(0)
    if dtype in {pl.Int128, pl.UInt128}:  # numpy has no such integers
        column = column.cast(pl.Float64)
    return _Raw(_wide(column.to_numpy()), None, absent)


def _raw_objects(array: NDArray[Any], kind: str, name: str) -> _Raw:
    """Python objects: numbers, texts and what stands for none, one by one."""
    values, texts = np.full(len(array), np.nan), [None] * len(array)
    absent = np.zeros(len(array), bool)
    found: list[str | None] = list(texts)
    for row, value in enumerate(array):
        if is_none(value):
            absent[row] = True
        elif isinstance(value, str | bytes):
            found[row] = _text(value)
        elif isinstance(value, bool | np.bool_) or not hasattr(value, "__float__"):
            raise RowError(kind, row, f"{name} is not a number ({name}={value!r})")
        elif value in NO_VALUES:
            absent[row] = True
        else:
            values[row] = float(value)
    textual = any(text is not None for text in found)
    return _Raw(values, _text_column(found) if textual else None, _some(absent))


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _text_column(texts: list[Any]) -> Any:
    try:
        import polars as pl
    except ImportError as error:
        raise ImportError("reading numbers from texts needs polars: pip install 'btcore[data]'") from error
    return pl.Series(texts, dtype=pl.String)
