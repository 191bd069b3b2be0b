"""Any column of times -> int64 ns UTC: which reader reads it, local time, and what is refused."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from btcore.data.columns import array_of, dtype_text, frozen, null_mask
from btcore.errors import ConfigError, DataError, RowError, reject_rows
from btcore.times.intervals import UNIT_NS
from btcore.times.rules import ReadTimes, TimeRules
from btcore.times.zones import Times, check_zone, localize_counted, utc_offsets

from .datetimes import from_datetimes, from_objects
from .found import Found, all_midnights, check_years
from .numbers import from_floats, from_integers, refuse_unlikely_ns

_DEFAULT = TimeRules()
_UNITS = (None, "s", "ms", "us", "ns", "excel", "by_row")


def read_times(
    values: Any, kind: str, rules: TimeRules = _DEFAULT, name: str = "timestamp", *, literal: bool = False
) -> ReadTimes:
    """A column of times as int64 ns UTC; a ReadTimes is returned as it is.

    `values` is a polars, pandas or pyarrow column, an array or a list of texts, numbers, dates or datetimes.
    With `literal`, which is for constructors, integers are nanoseconds UTC, and floats and texts are refused.
    RowError names the first row of `kind` that cannot be read; DataError for a column that is none of times.
    """
    if isinstance(values, ReadTimes):
        return values
    check_zone(rules.timezone or "UTC", rules.dst)
    if rules.unit not in _UNITS:
        raise DataError(f"unit: {rules.unit!r} is not one of s, ms, us, ns, excel, by_row")
    found, written = _find(values, kind, rules, name, literal)
    if rules.notation and found.notation != rules.notation and len(found.times):
        problem = f"is written as {found.notation!r}, but those before it as {rules.notation!r}"
        raise RowError(kind, 0, f"{name} {written[0]} {problem}")
    zone = rules.timezone or found.zone or "UTC"
    times, counts = found.times, dict[str, int]()
    if found.local:
        times, counts = localize_counted(found.times, zone, kind, rules.dst)
    if not literal and found.notation not in UNIT_NS:  # years of counts are checked already
        check_years(times, written, kind, rules, name)
    note = "" if literal else _note(found, rules, zone)
    known = (rules.timezone or found.zone) is not None
    return ReadTimes(frozen(times), _are_dates(found), zone, note, found.notation, counts, found.local, known)


def refuse_pieces(rules: TimeRules) -> None:
    """ConfigError for rules that need all rows of a file, which a file read in pieces does not have."""
    if rules.dst == "infer":
        raise ConfigError(
            'dst: "infer" needs the order of all rows, which a file read in pieces does not show; '
            'pass "earlier" or "later", or read the whole file'
        )


def _find(values: Any, kind: str, rules: TimeRules, name: str, literal: bool) -> tuple[Found, Any]:
    """The times of the reader for such values, and the values as they are written, to be shown in errors."""
    texts = None if literal else _polars_texts(values, kind, name)
    if texts is None:
        if not literal and (mask := null_mask(values)) is not None:
            reject_rows(kind, np.asarray(mask, bool), lambda _: f"{name} is missing")
        array = array_of(values, kind, name)
        if len(array) == 0:
            return Found(np.zeros(0, np.int64), local=False, notation=rules.notation), array
        if array.dtype.kind == "O":
            array = _integers_or_texts(array, kind, name)
        if literal:
            return _find_literal(values, array, kind, name), array
        if array.dtype.kind in "SUO" and all(isinstance(x, str | bytes) for x in array.tolist()):
            texts = _to_polars(array, kind, name)
    if texts is not None:
        return _find_texts(texts, kind, rules, name), texts
    if array.dtype.kind in "iuf":
        return _find_numbers(array, kind, rules, name), array
    if array.dtype.kind not in "MO":
        raise DataError(f"{kind}.{name}: times are needed, not {dtype_text(values, array)}")
    for option in ("unit", "time_format"):
        if getattr(rules, option) is not None:
            raise DataError(f"{option}: the times are datetimes, {array[0]} for example; leave it out")
    if array.dtype.kind == "M":
        return from_datetimes(values, array, kind, name), array
    return from_objects(array, kind, name), array


def _find_literal(values: Any, array: NDArray[Any], kind: str, name: str) -> Found:
    if array.dtype.kind == "O":
        return from_objects(array, kind, name)
    if array.dtype.kind == "M":
        return from_datetimes(values, array, kind, name)
    if array.dtype.kind not in "iu":
        raise DataError(
            f"{kind}.{name}: int64 nanoseconds UTC or datetimes are needed, not {dtype_text(values, array)}; "
            "from_frame reads texts and other numbers"
        )
    numbers = _signed(array, kind, name)
    refuse_unlikely_ns(numbers, kind, name)
    return Found(numbers, local=False, notation="ns")


def _find_texts(texts: Any, kind: str, rules: TimeRules, name: str) -> Found:
    from .formats import from_format
    from .texts import from_texts

    if len(texts) == 0:
        return Found(np.zeros(0, np.int64), local=False, notation=rules.notation)
    if rules.time_format is not None:
        if rules.unit is not None:
            raise DataError("unit and time_format: pass one of them, for numbers or for texts")
        return from_format(texts, kind, rules, name)
    found = from_texts(texts, kind, rules, name)
    if rules.unit is not None and found.notation != rules.unit:
        raise DataError(f"unit: the times are texts, {texts[0]!r} for example, not numbers; leave it out")
    return found


def _find_numbers(array: NDArray[Any], kind: str, rules: TimeRules, name: str) -> Found:
    if rules.time_format is not None:
        if array.dtype.kind == "f":
            raise DataError(f"time_format: the times are floats, {array[0]} for example, not texts")
        import polars as pl

        return _find_texts(pl.Series(array).cast(pl.String), kind, rules, name)
    if array.dtype.kind == "f":
        return from_floats(array.astype(np.float64, copy=False), kind, rules, name)
    return from_integers(_signed(array, kind, name), kind, rules, name)


def _polars_texts(values: Any, kind: str, name: str) -> Any:
    """The polars column of texts that `values` is, also of decimal numbers; None for other values."""
    if type(values).__module__.partition(".")[0] != "polars":
        return None
    import polars as pl

    if values.dtype.is_decimal() or values.dtype in (pl.String, pl.Categorical, pl.Enum, pl.Null):
        if values.null_count():
            reject_rows(kind, values.is_null().to_numpy(), lambda _: f"{name} is missing")
        return values.cast(pl.String)
    return None


def _to_polars(array: NDArray[Any], kind: str, name: str) -> Any:
    """An array of texts as a polars column."""
    try:
        import polars as pl
    except ImportError as error:
        raise ImportError("reading times that are texts needs polars: pip install 'btcore[data]'") from error
    texts = array.tolist()
    for row, text in enumerate(texts):
        if isinstance(text, bytes):
            try:
                texts[row] = text.decode("ascii")
            except UnicodeDecodeError:
                raise RowError(kind, row, f"{name} {text!r} is not a text of ASCII characters") from None
    return pl.Series(texts, dtype=pl.String)


def _integers_or_texts(array: NDArray[Any], kind: str, name: str) -> NDArray[Any]:
    """An array of objects that all are integers, or all decimal numbers, as integers or texts."""
    from decimal import Decimal

    missing = np.array([value is None for value in array.tolist()])
    reject_rows(kind, missing, lambda _: f"{name} is None; each row needs a value")
    kinds = {type(value) for value in array.tolist()}
    if kinds == {int}:
        beyond = np.array([abs(value) >= 2**63 for value in array.tolist()])
        reject_rows(kind, beyond, lambda row: f"{name} {array[row]} is outside the range of int64")
        return array.astype(np.int64)
    if kinds == {Decimal}:
        return np.array([format(value, "f") for value in array.tolist()], object)
    return array


def _signed(array: NDArray[Any], kind: str, name: str) -> Times:
    if array.dtype == np.uint64:
        beyond = array > np.iinfo(np.int64).max
        reject_rows(kind, beyond, lambda row: f"{name} is after the year 2262 ({name}={array[row]})")
    signed: Times = array.astype(np.int64, copy=False)
    if signed.min() == np.iinfo(np.int64).min:  # NaT in numpy
        raise RowError(kind, int(signed.argmin()), f"{name} {signed.min()} is NaT of numpy, no time")
    return signed


def _are_dates(found: Found) -> bool:
    """Whether the times are dates: all at midnight on a local clock.

    Columns of most packages have no dates, so that those are datetimes at midnight. Counts, and times with an
    offset, are instants.
    """
    if found.local:
        return all_midnights(found.times)
    if found.notation != "datetime" or found.zone in (None, "UTC"):
        return False
    return all_midnights(found.times[:1] + utc_offsets(found.times[:1], found.zone)) and all_midnights(
        found.times + utc_offsets(found.times, found.zone)
    )


def _note(found: Found, rules: TimeRules, zone: str) -> str:
    if not found.what:
        return ""
    if found.local:
        place = f", local in {zone}" if rules.timezone else ", without a time zone: read as UTC"
    else:
        place = f" in {found.zone}" if found.zone and found.zone not in found.what else ""
    return f"times: {found.what}{place}"
