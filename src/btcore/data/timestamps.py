"""One time or a column of times (ISO 8601 texts, dates, datetimes, epoch numbers) -> int64 ns UTC."""

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import numpy as np

from btcore.errors import DataError, RowError, reject_rows
from btcore.times.clock import FIRST_YEAR, LAST_YEAR, to_ns
from btcore.times.intervals import HOUR_NS, MINUTE_NS, UNIT_NS
from btcore.times.rules import ReadTimes, TimeRules
from btcore.times.zones import Dst, Times, check_zone, localize

from .columns import frozen, time_column

Moment = int | str | date | datetime | np.datetime64

_ZONE = r"\s*(?:Z|UTC|[+-]\d{2}:?\d{2})$"
_NUMBER = r"[+-]?\d+(\.\d*)?"
_FIRST_DATE, _LAST_DATE = FIRST_YEAR * 10_000 + 1_01, LAST_YEAR * 10_000 + 12_31
_UNIFORM = (
    r"\d{4}(?P<dash>[-/]?)\d\d(?P=dash)\d\d(?:(?P<gap>[T ])\d\d:\d\d"
    r"(?:(?P<second>:\d\d)(?P<fraction>\.(?:\d{9}|\d{6}|\d{3}))?)?(?P<zone>\s*(?:Z|UTC|[+-]\d{2}:?\d{2}))?)?"
)
_FORMATS = (
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M",
    "%Y%m%d %H:%M:%S%.f",
    "%Y%m%d %H:%M",
    "%Y%m%d",
)


def moment_ns(moment: Moment, timezone: str = "UTC", name: str = "moment") -> int:
    """Nanoseconds UTC of an int of them, a date, a datetime or an ISO 8601 text (naive: local in `timezone`).

    DataError, which begins with `name`, for anything else.
    """
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError:
            raise DataError(
                f"{name}: {moment!r} is not an ISO 8601 date or time such as 2024-01-31 or 2024-01-31T14:30Z"
            ) from None
    if isinstance(moment, datetime):
        return to_ns(moment, timezone) + int(getattr(moment, "nanosecond", 0))
    if isinstance(moment, date):
        return to_ns(datetime(moment.year, moment.month, moment.day), timezone)
    if isinstance(moment, np.datetime64):
        return int(time_column(np.array([moment]), name, timezone)[0])
    if isinstance(moment, bool) or not hasattr(moment, "__index__"):
        raise DataError(
            f"{name}: {moment!r} is not an integer of nanoseconds, a date, a datetime or an ISO 8601 text"
        )
    return int(moment.__index__())


def read_times(
    values: Any,
    kind: str,
    rules: TimeRules = TimeRules(),  # noqa: B008 - a NamedTuple cannot change
    name: str = "timestamp",
    *,
    literal: bool = False,
) -> ReadTimes:
    """A column of times as int64 ns UTC; a ReadTimes is returned as it is.

    `values` is a polars, pandas or pyarrow column, an array or a list. With `literal` integers are
    nanoseconds UTC. RowError names the first row of `kind` that cannot be read.
    """
    if isinstance(values, ReadTimes):
        return values
    zone = rules.timezone or "UTC"
    if literal or type(values).__module__.partition(".")[0] != "polars":
        return ReadTimes(time_column(values, kind, zone, rules.dst, name), zone=zone)
    ns = moments_column(values, kind, zone, unit=rules.unit, time_format=rules.time_format, dst=rules.dst)
    return ReadTimes(ns, zone=zone)


def moments_column(
    values: Any,
    kind: str,
    timezone: str = "UTC",
    *,
    unit: str | None = None,
    time_format: str | None = None,
    dst: Dst = "raise",
) -> Times:
    """A polars column of texts, numbers or datetimes as int64 nanoseconds UTC.

    Numbers count `unit` (s, ms, us, ns) since 1970; with `unit` None it follows from the largest number, and
    integers such as 20240131 are dates. Texts are ISO 8601, or in `time_format` (of strptime). Naive times
    are local in `timezone`. RowError names the first row that cannot be converted.
    """
    import polars as pl

    check_zone(timezone, dst)
    if unit is not None and unit not in UNIT_NS:
        raise DataError(f"unit: {unit!r} is not one of s, ms, us, ns")
    _reject_nulls(values, kind, lambda _: "timestamp is missing")
    if values.dtype == pl.String:
        uniform = _parse_uniform(values) if time_format is None else None
        if uniform is not None:
            return _to_utc(uniform, kind, timezone, dst)
        values = values.str.strip_chars()
        if time_format is not None:
            return _parse_format(values, kind, timezone, time_format, dst)
        if not values.str.contains(f"^{_NUMBER}$").all():
            return _to_utc(_parse_uniform(values) or _parse_any(values, kind), kind, timezone, dst)
        whole = not values.str.contains(".", literal=True).any()
        texts, values = values, values.cast(pl.Int64 if whole else pl.Float64, strict=False)
        _reject_nulls(values, kind, lambda row: f"timestamp {texts[row]} is outside the range of int64")
    if values.dtype.is_float():
        return _from_floats(values.to_numpy(), kind, unit)
    if values.dtype.is_integer():
        return _from_integers(values.cast(pl.Int64).to_numpy(), kind, timezone, unit, dst)
    return time_column(values, kind, timezone, dst)


def detect_notation(values: Any, unit: str | None = None) -> str:
    """How a column that `moments_column` accepts writes its times; pieces of one file must agree.

    Numbers: their unit, or "date" for those like 20240131. Texts: "zoned" or "naive". Else "datetime".
    """
    import polars as pl

    if values.dtype == pl.String:
        first = values[0].strip()
        if not re.fullmatch(_NUMBER, first):
            return "zoned" if re.search(_ZONE, first) else "naive"
        values = values.str.strip_chars()
        values = values.cast(pl.Float64 if values.str.contains(".", literal=True).any() else pl.Int64)
    if not values.dtype.is_numeric():
        return "datetime"
    low, high = values.min(), values.max()
    if unit is None and values.dtype.is_integer() and low >= _FIRST_DATE and high <= _LAST_DATE:
        return "date"
    return unit or {ns: name for name, ns in UNIT_NS.items()}[_unit_of(max(abs(low), abs(high)))]


def _reject_nulls(values: Any, kind: str, problem: Callable[[int], str]) -> None:
    if values.null_count():
        reject_rows(kind, values.is_null().to_numpy(), problem)


def _from_integers(numbers: Times, kind: str, timezone: str, unit: str | None, dst: Dst) -> Times:
    if len(numbers) == 0:
        return numbers
    low, high = int(numbers.min()), int(numbers.max())
    if unit is None and low >= _FIRST_DATE and high <= _LAST_DATE:
        year, month, day = numbers // 10_000, numbers // 100 % 100, numbers % 100
        dates = (year - 1970).astype("datetime64[Y]").astype("datetime64[M]") + (month - 1)
        days = dates.astype("datetime64[D]") + (day - 1)
        invalid = (month < 1) | (month > 12) | (day < 1) | (days.astype("datetime64[M]") != dates)
        hint = "pass unit= if it is an epoch number"
        reject_rows(kind, invalid, lambda row: f"timestamp {numbers[row]} is not a date YYYYMMDD; {hint}")
        return frozen(localize(days.astype("datetime64[ns]").view(np.int64), timezone, kind, dst))
    scale = UNIT_NS[unit] if unit else _unit_of(max(abs(low), abs(high)))
    if max(abs(low), abs(high)) > np.iinfo(np.int64).max // scale:
        row = int(np.abs(numbers).argmax())
        name = {ns: unit for unit, ns in UNIT_NS.items()}[scale]
        raise RowError(kind, row, f"timestamp {numbers[row]} {name} is outside the years 1677 to 2262")
    return frozen(numbers if scale == 1 else numbers * scale)


def _from_floats(numbers: Any, kind: str, unit: str | None) -> Times:
    """Epoch numbers with a fraction, rounded to microseconds: a float64 has no more digits."""
    reject_rows(kind, ~np.isfinite(numbers), lambda row: f"timestamp {numbers[row]} is not a finite number")
    scale = UNIT_NS[unit] if unit else _unit_of(float(np.abs(numbers).max()))
    microseconds = np.rint(numbers * (scale / 1000))
    beyond = np.abs(microseconds) > np.iinfo(np.int64).max / 1000 - 1
    reject_rows(kind, beyond, lambda row: f"timestamp {numbers[row]} is outside the years 1677 to 2262")
    return frozen(microseconds.astype(np.int64) * 1000)


def _unit_of(largest: float) -> int:
    """The unit, in ns, in which a count of that size is a time between 1973 and 5138."""
    limits = ((10**11, "s"), (10**14, "ms"), (10**17, "us"))
    return UNIT_NS[next((unit for limit, unit in limits if largest < limit), "ns")]


def _to_utc(parsed: tuple[Times, Times | int | None], kind: str, timezone: str, dst: Dst) -> Times:
    local, offsets = parsed
    if offsets is None:
        return frozen(localize(local, timezone, kind, dst))
    return frozen(local - offsets if np.any(offsets) else local)


def _parse_uniform(texts: Any) -> tuple[Times, int | None] | None:
    """Local times and their UTC offset (None: naive) if all texts are written like the first; None if not.

    Programs write times that way, and polars parses one fixed format ten times faster than `_parse_any`.
    """
    first = re.fullmatch(_UNIFORM, texts[0])
    if first is None or first[0].isdigit() or (texts.str.len_bytes() != len(first[0])).any():
        return None
    dash, gap, second, fraction, named = first.group("dash", "gap", "second", "fraction", "zone")
    form = f"%Y{dash}%m{dash}%d"
    if gap:
        form += f"{gap}%H:%M" + (":%S" if second else "") + (f".%{len(fraction) - 1}f" if fraction else "")
    parsed = texts.str.to_datetime(form + (named or ""), time_unit="ns", strict=False)
    if parsed.null_count():
        return None
    return parsed.to_physical().to_numpy(), _offset(named) if named else None


def _parse_any(texts: Any, kind: str) -> tuple[Times, Times | None]:
    """Local times and the UTC offset of each (None: all are naive); RowError for a text that is no time."""
    import polars as pl

    zones = texts.str.extract(rf"\d:\d{{2}}(?::?\d{{2}})?(?:[.,]\d+)?({_ZONE})", 1)
    plain = pl.select(
        pl.when(zones.is_null()).then(texts).otherwise(texts.str.replace(_ZONE, ""))
    ).to_series()
    plain = plain.str.replace_all("/", "-", literal=True).str.replace("T", " ", literal=True)
    parsed = pl.Series([None], dtype=pl.Datetime("ns")).new_from_index(0, len(texts))
    for form in _FORMATS:
        if parsed.null_count() == 0:
            break
        found = plain.str.to_datetime(form, time_unit="ns", strict=False)
        parsed = pl.select(pl.coalesce(parsed, found)).to_series()
    hint = "pass time_format= for other formats"
    _reject_nulls(parsed, kind, lambda row: f"timestamp {texts[row]!r} is not an ISO 8601 time; {hint}")
    local = parsed.to_physical().to_numpy()
    if zones.null_count() == len(zones):
        return local, None
    _reject_nulls(zones, kind, lambda row: f"timestamp {texts[row]!r} has no UTC offset, but others have")
    offsets = {text: _offset(str(text)) for text in zones.unique()}
    return local, zones.replace_strict(offsets, return_dtype=pl.Int64).to_numpy()


def _offset(text: str) -> int:
    """The nanoseconds of "Z", "UTC" or "+hh:mm"."""
    digits = re.sub(r"\D", "", text)
    if not digits:
        return 0
    sign = -1 if "-" in text else 1
    return sign * (int(digits[:2]) * HOUR_NS + int(digits[2:]) * MINUTE_NS)


def _parse_format(texts: Any, kind: str, timezone: str, time_format: str, dst: Dst) -> Times:
    import polars as pl

    # Python's %f is a fraction of any length; polars' %f is a count of nanoseconds.
    time_format = time_format.replace(".%f", "%.f")
    try:
        parsed = texts.str.to_datetime(time_format, time_unit="ns", strict=False)
    except pl.exceptions.PolarsError as error:
        raise DataError(f"time_format: {time_format!r} is not a format of strptime: {error}") from error
    _reject_nulls(parsed, kind, lambda row: f"timestamp {texts[row]!r} is not in the format {time_format!r}")
    return time_column(parsed, kind, timezone, dst)
