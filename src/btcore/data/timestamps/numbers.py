"""Times that are numbers: counts since 1970, day numbers of spreadsheets, dates such as 20240131."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from btcore.errors import DataError, RowError, reject_rows
from btcore.times.intervals import DAY_NS, UNIT_NS
from btcore.times.rules import TimeRules
from btcore.times.zones import Times

from .compact import COMPACT, compact_notation, read_compact
from .found import Found, count_text, numbered_among, year_bounds, years_text

Counts = NDArray[Any]
Extent = tuple[float, float]  # the least and the greatest of counts

_NAMES = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
_UNITS = ("s", "ms", "us", "ns")
_LIMITS = (10**11, 10**14, 10**17)  # counts below the first are seconds, below the second milliseconds, ...
_LEAST = 10**8  # smaller counts, before March 1973 in seconds, could be of any unit

_EXCEL_EPOCH = 25569  # the day number of 1970-01-01
_EXCEL_LAST = 73050  # of 2099-12-31
_EXCEL_FIRST = 61  # of 1900-03-01; those before count a 29 February 1900 that there was not

_YEAR_2000, _YEAR_2035 = 946_684_800, 2_051_222_400  # seconds since 1970
_NEAR_1970 = 8 * 366 * DAY_NS  # counts of a smaller unit, and zeros, are read as times that near to 1970
_JUMP = 366 * DAY_NS

# Counts of 100 ns in 2000 to 2034, which as nanoseconds since 1970 are in the first months of 1990 and 1974.
_TICKS = tuple(
    (ticks, (epoch + _YEAR_2000) * 10**7, (epoch + _YEAR_2035) * 10**7)
    for ticks, epoch in (("ticks of .NET", 62_135_596_800), ("a FILETIME of Windows", 11_644_473_600))
)


def from_integers(numbers: Times, kind: str, rules: TimeRules, name: str) -> Found:
    """Times of integers, by `rules.unit`, or by what all of them are together."""
    unit = _known_unit(rules)
    extent = low, high = int(numbers.min()), int(numbers.max())
    if not unit:
        if low >= _EXCEL_EPOCH and high <= _EXCEL_LAST:
            unit = "excel"
        else:
            unit = compact_notation(numbers, extent, rules, name) or _unit_of_all(low, high, name)
    if unit == "excel":
        return _day_numbers(numbers.astype(np.float64), kind, rules, name)
    if unit == "by_row":
        return _by_row(numbers, kind, rules, name)
    if unit not in UNIT_NS:
        return read_compact(numbers, unit, kind, rules, name)
    _reject_outside(numbers, extent, unit, kind, rules, name=name)
    _refuse_unlikely_times(extent, unit, rules, name)
    if rules.unit:
        _refuse_unlikely(extent, unit, name)
    times = numbers * UNIT_NS[unit] if unit != "ns" else numbers
    _reject_switch(times, (low * UNIT_NS[unit], high * UNIT_NS[unit]), numbers, kind, name=name, unit=unit)
    return Found(times, local=False, notation=unit, what=f"epoch {_NAMES[unit]}")


def from_floats(numbers: Counts, kind: str, rules: TimeRules, name: str) -> Found:
    """Times of floats; counts with a fraction are rounded to microseconds: a float64 has no more digits."""
    reject_rows(kind, ~np.isfinite(numbers), lambda row: f"{name} {numbers[row]} is not a finite number")
    extent = low, high = float(numbers.min()), float(numbers.max())
    if max(abs(low), abs(high)) < 2**53 and (numbers == np.rint(numbers)).all():
        return from_integers(numbers.astype(np.int64), kind, rules, name)
    unit = _known_unit(rules)
    if not unit:
        days = low >= _EXCEL_EPOCH and high < _EXCEL_LAST + 1
        unit = "excel" if days else _unit_of_all(low, high, name)
    if unit == "excel":
        return _day_numbers(numbers, kind, rules, name)
    if unit not in UNIT_NS:
        raise DataError(f"{kind}.{name}: numbers with a fraction cannot be read as {unit}")
    _reject_outside(numbers, extent, unit, kind, rules, name=name)
    _refuse_unlikely_times(extent, unit, rules, name)
    if rules.unit:
        _refuse_unlikely(extent, unit, name)
    times = np.rint(numbers * (UNIT_NS[unit] / 1000)).astype(np.int64) * 1000
    _reject_switch(times, (int(times.min()), int(times.max())), numbers, kind, name=name, unit=unit)
    what = f"epoch {_NAMES[unit]} as floats, rounded to microseconds"
    return Found(times, local=False, notation=unit, what=what)


def from_number_texts(texts: Any, kind: str, rules: TimeRules, name: str) -> Found:
    """Times of a polars column of texts that are numbers, exact to the last digit."""
    import polars as pl

    parts = texts.str.splitn(".", 2).struct.rename_fields(["whole", "fraction"]).struct.unnest()
    whole = parts["whole"].cast(pl.Int64, strict=False)
    beyond = whole.is_null().to_numpy()
    reject_rows(kind, beyond, lambda row: f"{name} {texts[row]} is outside the range of int64")
    numbers = whole.to_numpy()
    fraction = parts["fraction"].fill_null("").str.strip_chars_end("0")
    if (fraction == "").all():
        return from_integers(numbers, kind, rules, name)
    low, high = int(numbers.min()), int(numbers.max())
    unit = _known_unit(rules)
    if unit == "excel" or (not unit and low >= _EXCEL_EPOCH and high <= _EXCEL_LAST):
        return _day_numbers(texts.cast(pl.Float64).to_numpy(), kind, rules, name)
    unit = unit or _unit_of_all(low, high, name)
    if unit not in UNIT_NS:
        raise DataError(f"{kind}.{name}: numbers with a fraction cannot be read as {unit}")
    found = from_integers(numbers, kind, rules._replace(unit=unit), name)
    _refuse_unlikely_times((low, high), unit, rules, name)
    digits = len(str(UNIT_NS[unit])) - 1
    finer = (fraction.str.len_bytes() > digits).to_numpy()
    reject_rows(kind, finer, lambda row: f"{name} {texts[row]} has more digits than nanoseconds")
    rest = fraction.str.pad_end(digits, "0").cast(pl.Int64).to_numpy()
    negative = texts.str.starts_with("-").to_numpy()
    return found._replace(times=found.times + np.where(negative, -rest, rest))


def _known_unit(rules: TimeRules) -> str:
    """The unit that is given, or that of the first piece of a file; "" if it is to be inferred."""
    known = rules.notation if rules.notation in (*UNIT_NS, "excel", *COMPACT) else ""
    return rules.unit or known


def refuse_unlikely_ns(numbers: Times, kind: str, name: str) -> None:
    """DataError if integers that are to be nanoseconds are all counts of s, ms or us in 2000 to 2035."""
    extent = low, _ = (int(numbers.min()), int(numbers.max())) if len(numbers) else (0, 0)
    if unit := _likelier_unit(extent, "ns"):
        raise DataError(
            f"{kind}.{name}: integers are nanoseconds UTC, and {_reading(low, 'ns')}, "
            f"but {_reading(low, unit)}: "
            f'pass datetime64[{unit}], or use from_frame(..., unit="{unit}")'
        )


def _refuse_unlikely(extent: Extent, unit: str, name: str) -> None:
    """DataError if counts of the unit that was given are all of the first weeks of 1970, and another fits."""
    if other := _likelier_unit(extent, unit):
        low = int(extent[0])
        raise DataError(f"unit: {name} {_reading(low, unit)}, but {_reading(low, other)}")


def _likelier_unit(extent: Extent, unit: str) -> str:
    """The coarser unit in which all counts are of the years 2000 to 2034; "" if there is none."""
    low, high = extent
    for other in _UNITS[: _UNITS.index(unit)]:
        per_second = 10**9 // UNIT_NS[other]
        if low >= _YEAR_2000 * per_second and high < _YEAR_2035 * per_second:
            return other
    return ""


def _reading(number: float, unit: str) -> str:
    return f"{number} is {count_text(number, unit)} in {_NAMES[unit]}"


def _unit_of(number: float) -> str:
    """The unit in which a count of that size is a time between 1973 and 5138."""
    return next((unit for limit, unit in zip(_LIMITS, _UNITS, strict=False) if abs(number) < limit), "ns")


def _unit_of_all(low: float, high: float, name: str) -> str:
    """The unit of the largest count, which is that of all; DataError if all are too small to tell."""
    if max(abs(low), abs(high)) < _LEAST:
        raise DataError(
            f"{name}: the numbers {low} to {high} could be of any unit; "
            'pass unit= "s", "ms", "us", "ns" or "excel"'
        )
    return _unit_of(max(abs(low), abs(high)))


def _refuse_unlikely_times(extent: Extent, unit: str, rules: TimeRules, name: str) -> None:
    """DataError if counts whose unit is inferred would be in the future, or are those of other programs."""
    if rules.unit or rules.notation or rules.years != TimeRules().years:
        return
    low, high = extent
    if high >= _YEAR_2035 * (10**9 // UNIT_NS[unit]):
        raise DataError(
            f'{name}: {_reading(high, unit)}, after 2034; pass unit="{unit}" if it is, or time_format='
        )
    for ticks, first, last in _TICKS:
        if unit == "ns" and first <= low and high < last:
            moment = count_text((int(low) - first) * 100 + _YEAR_2000 * 10**9, "ns")
            raise DataError(
                f"{name}: {_reading(low, unit)}, but as {ticks}, of 100 ns, it is {moment}; "
                'pass unit="ns", or convert them'
            )


def _reject_outside(
    numbers: Counts, extent: Extent, unit: str, kind: str, rules: TimeRules, *, name: str
) -> None:
    """RowError for a count outside the allowed years, before a multiplication could wrap around."""
    first, end = (bound // UNIT_NS[unit] for bound in year_bounds(rules))
    if extent[0] >= first and extent[1] < end:
        return

    def problem(row: int) -> str:
        number, other = numbers[row], _unit_of(numbers[row])
        hint = ""
        if other != unit and first <= int(number) * UNIT_NS[other] // UNIT_NS[unit] < end:
            hint = f"; {_reading(number, other)}"
        return f"{name} {_reading(number, unit)}, {years_text(rules)}{hint}"

    reject_rows(kind, (numbers < first) | (numbers >= end), problem)


def _reject_switch(
    times: Times, extent: tuple[int, int], numbers: Counts, kind: str, *, name: str, unit: str
) -> None:
    """RowError where the unit switches, or a zero stands for a missing time.

    Counts of a smaller unit, and zeros, become times about 1970. Between them and the others is a jump of
    more than a year, which no series has that really begins then.
    """
    first, last = extent
    if first >= _NEAR_1970 or last <= -_NEAR_1970 or last - first <= _JUMP:
        return
    near = np.abs(times) < _NEAR_1970
    jumps = (near[1:] | near[:-1]) & (np.abs(np.diff(times)) > _JUMP)
    if not jumps.any():
        return
    before = int(jumps.argmax())
    after = before + 1
    one, two = numbers[before], numbers[after]
    if 0 in (one, two):
        row, other = (before, two) if one == 0 else (after, one)
        problem = f"0 is 1970-01-01, but in the row beside it {_reading(other, unit)}; unit= sets the unit"
    elif _unit_of(one) == _unit_of(two):
        row, problem = after, f"{_reading(two, unit)}, but in the row before {_reading(one, unit)}"
    else:
        readings = f"{_reading(two, _unit_of(two))}, but in the row before {_reading(one, _unit_of(one))}"
        row, problem = after, f'{readings}; unit="by_row" reads each row by its size'
    raise RowError(kind, row, f"{name} {problem}")


def _by_row(numbers: Times, kind: str, rules: TimeRules, name: str) -> Found:
    """Each count in the unit of its size."""
    small = np.abs(numbers) < _LEAST
    reject_rows(kind, small, lambda row: f"{name} {numbers[row]} could be of any unit")
    which = np.searchsorted(np.array(_LIMITS), np.abs(numbers), "right")
    times = np.zeros(len(numbers), np.int64)
    for i, unit in enumerate(_UNITS):
        rows = np.flatnonzero(which == i)
        if len(rows):
            with numbered_among(rows):
                some = numbers[rows]
                _reject_outside(some, (some.min(), some.max()), unit, kind, rules, name=name)
            times[rows] = numbers[rows] * UNIT_NS[unit]
    changes = np.flatnonzero(np.diff(which)) + 1
    parts = [f"epoch {_NAMES[_UNITS[which[0]]]}"]
    parts += [f"{_NAMES[_UNITS[which[row]]]} from {numbers[row]}" for row in changes[:3]]
    more = f", and {len(changes) - 3} more switches" if len(changes) > 3 else ""
    return Found(times, local=False, notation="by_row", what=f"{', then '.join(parts)}{more}")


def _day_numbers(days: Counts, kind: str, rules: TimeRules, name: str) -> Found:
    """Local times of the day numbers of spreadsheets, rounded to milliseconds, as spreadsheets keep them."""
    early = days < _EXCEL_FIRST
    reject_rows(kind, early, lambda row: f"{name} {days[row]:g} is a day number before 1900-03-01")
    end = year_bounds(rules)[1] // DAY_NS + _EXCEL_EPOCH
    reject_rows(kind, days >= end, lambda row: f"{name} {days[row]:g} as a day number is {years_text(rules)}")
    whole = np.floor(days)
    day_ms = DAY_NS // 10**6
    milliseconds = np.rint((days - whole) * day_ms).astype(np.int64)
    times = ((whole.astype(np.int64) - _EXCEL_EPOCH) * day_ms + milliseconds) * 10**6
    rounded = ", rounded to milliseconds" if milliseconds.any() else ""
    return Found(times, local=True, notation="excel", what=f"spreadsheet day numbers{rounded}")
