"""Moments and columns of times as people write them: ISO texts, dates, epoch numbers in any unit."""

import re
from datetime import date, datetime
from typing import Any

import numpy as np

from btcore.errors import DataError, RowError
from btcore.times.clock import FIRST_YEAR, LAST_YEAR, to_ns
from btcore.times.intervals import HOUR_NS, MINUTE_NS, UNIT_NS
from btcore.times.zones import Dst, Times, localize

from .columns import frozen, time_column

Moment = int | str | date | datetime | np.datetime64

_ZONE = r"\s*(?:Z|UTC|[+-]\d{2}:?\d{2})$"
_NUMBER = r"[+-]?\d+(\.\d*)?"
_FIRST_DATE, _LAST_DATE = FIRST_YEAR * 10_000 + 1_01, LAST_YEAR * 10_000 + 12_31
_ALIKE = (
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
    """Nanoseconds UTC of a count of them, a datetime, date or ISO text; naive is read in `timezone`."""
    if isinstance(moment, bool | float):
        raise DataError(
            f"{name}: {moment!r} is not a moment; give whole nanoseconds, a datetime or an ISO text"
        )
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError:
            raise DataError(f"{name}: {moment!r} is not an ISO 8601 date or time") from None
    if isinstance(moment, datetime):
        return to_ns(moment, timezone) + int(getattr(moment, "nanosecond", 0))
    if isinstance(moment, date):
        return to_ns(datetime(moment.year, moment.month, moment.day), timezone)
    if isinstance(moment, np.datetime64):
        return int(time_column(np.array([moment]), name, timezone)[0])
    try:
        return int(moment.__index__())
    except AttributeError:
        raise DataError(f"{name}: {moment!r} is not whole nanoseconds, a datetime or an ISO text") from None


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

    Numbers count `unit` (s, ms, us, ns) since 1970, told from their size where it is None; whole numbers that
    look like 20240131 are dates. Texts are ISO 8601 or in `time_format`. Naive ones are read in `timezone`.
    RowError names the first row that cannot be read.
    """
    import polars as pl

    if unit is not None and unit not in UNIT_NS:
        raise DataError(f"unit: {unit!r} is not one of s, ms, us, ns")
    if values.null_count():
        raise RowError(kind, _first_null(values), "timestamp is missing", int(values.null_count()))
    if values.dtype == pl.String:
        alike = _alike(values) if time_format is None else None
        if alike is not None:
            return _utc(alike, kind, timezone, dst)
        values = values.str.strip_chars()
        if time_format is not None:
            return _from_format(values, kind, timezone, time_format, dst)
        if not values.str.contains(f"^{_NUMBER}$").all():
            return _utc(_alike(values) or _mixed(values, kind), kind, timezone, dst)
        whole = not values.str.contains(".", literal=True).any()
        values = values.cast(pl.Int64 if whole else pl.Float64, strict=False)
        if values.null_count():
            raise RowError(kind, _first_null(values), "timestamp is beyond int64")
    if values.dtype.is_float():
        return _from_floats(values.to_numpy(), kind, unit)
    if values.dtype.is_integer():
        return _from_integers(values.cast(pl.Int64).to_numpy(), kind, timezone, unit, dst)
    return time_column(values, kind, timezone, dst)


def manner(values: Any, unit: str | None = None) -> str:
    """How the times of a column that `moments_column` has read are written, to hold later ones to it.

    The unit of numbers, "date" for those like 20240131; of texts "zoned" or "naive"; else "datetime".
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


def _first_null(values: Any) -> int:
    return int(values.is_null().arg_max())


def _from_integers(numbers: Times, kind: str, timezone: str, unit: str | None, dst: Dst) -> Times:
    if len(numbers) == 0:
        return numbers
    low, high = int(numbers.min()), int(numbers.max())
    if unit is None and low >= _FIRST_DATE and high <= _LAST_DATE:
        year, month, day = numbers // 10_000, numbers // 100 % 100, numbers % 100
        dates = (year - 1970).astype("datetime64[Y]").astype("datetime64[M]") + (month - 1)
        days = dates.astype("datetime64[D]") + (day - 1)
        wrong = (month < 1) | (month > 12) | (day < 1) | (days.astype("datetime64[M]") != dates)
        if wrong.any():
            row = int(wrong.argmax())
            raise RowError(
                kind, row, f"timestamp {numbers[row]} is no date YYYYMMDD; give unit= if it is a count"
            )
        return frozen(localize(days.astype("datetime64[ns]").view(np.int64), timezone, kind, dst))
    scale = UNIT_NS[unit] if unit else _unit_of(max(abs(low), abs(high)))
    if max(abs(low), abs(high)) > np.iinfo(np.int64).max // scale:
        row = int(np.abs(numbers).argmax())
        raise RowError(kind, row, f"timestamp {numbers[row]} is beyond the year 2262 in that unit")
    return frozen(numbers if scale == 1 else numbers * scale)


def _from_floats(numbers: Any, kind: str, unit: str | None) -> Times:
    """Fractions of a second or millisecond; kept to the microsecond, which is what a float64 can hold."""
    wrong = ~np.isfinite(numbers)
    if wrong.any():
        raise RowError(kind, int(wrong.argmax()), f"timestamp is {numbers[wrong.argmax()]}")
    scale = UNIT_NS[unit] if unit else _unit_of(float(np.abs(numbers).max()))
    microseconds = np.rint(numbers * (scale / 1000))
    beyond = np.abs(microseconds) > np.iinfo(np.int64).max / 1000 - 1
    if beyond.any():
        raise RowError(
            kind, int(beyond.argmax()), f"timestamp {numbers[beyond.argmax()]} is beyond the year 2262"
        )
    return frozen(microseconds.astype(np.int64) * 1000)


def _unit_of(largest: float) -> int:
    """Nanoseconds in the unit whose counts are that large between 1973 and 5138."""
    return next(
        (unit for limit, unit in ((10**11, 10**9), (10**14, 10**6), (10**17, 10**3)) if largest < limit), 1
    )


def _utc(found: tuple[Times, Times | int | None], kind: str, timezone: str, dst: Dst) -> Times:
    local, offsets = found
    if offsets is None:
        return frozen(localize(local, timezone, kind, dst))
    return frozen(local - offsets if np.any(offsets) else local)


def _alike(texts: Any) -> tuple[Times, int | None] | None:
    """Local times and the offset they name, where all are written like the first; None where they are not.

    That is how programs write them, and one fixed format is read ten times faster than what might vary.
    """
    first = re.fullmatch(_ALIKE, texts[0])
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


def _mixed(texts: Any, kind: str) -> tuple[Times, Times | None]:
    """Local times and the offset that each names, or None where none does; RowError for what is no time."""
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
        fresh = plain.str.to_datetime(form, time_unit="ns", strict=False)
        parsed = pl.select(pl.coalesce(parsed, fresh)).to_series()
    if parsed.null_count():
        row = _first_null(parsed)
        problem = f"timestamp {texts[row]!r} is not an ISO 8601 time; say how to read it by time_format="
        raise RowError(kind, row, problem, int(parsed.null_count()))
    local = parsed.to_physical().to_numpy()
    if zones.null_count() == len(zones):
        return local, None
    if zones.null_count():
        row = _first_null(zones)
        raise RowError(kind, row, f"timestamp {texts[row]!r} names no zone, though others do")
    offsets = {text: _offset(str(text)) for text in zones.unique()}
    return local, zones.replace_strict(offsets, return_dtype=pl.Int64).to_numpy()


def _offset(text: str) -> int:
    digits = re.sub(r"\D", "", text)
    if not digits:
        return 0
    sign = -1 if "-" in text else 1
    return sign * (int(digits[:2]) * HOUR_NS + int(digits[2:]) * MINUTE_NS)


def _from_format(texts: Any, kind: str, timezone: str, time_format: str, dst: Dst) -> Times:
    import polars as pl

    # Python's %f is a fraction of any length; here it would be a count of nanoseconds.
    time_format = time_format.replace(".%f", "%.f")
    try:
        parsed = texts.str.to_datetime(time_format, time_unit="ns", strict=False)
    except pl.exceptions.PolarsError as error:
        raise DataError(f"time_format: {time_format!r} cannot be used: {error}") from error
    if parsed.null_count():
        row = _first_null(parsed)
        raise RowError(
            kind, row, f"timestamp {texts[row]!r} is not in {time_format!r}", int(parsed.null_count())
        )
    return time_column(parsed, kind, timezone, dst)
