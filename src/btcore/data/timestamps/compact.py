"""Integers whose digits are a date or a time: 20240131, 202401311430, 20240131143000, 20240131143000123."""

import numpy as np
from numpy.typing import NDArray

from btcore.errors import DataError, reject_rows
from btcore.times.intervals import DAY_NS, MINUTE_NS
from btcore.times.rules import TimeRules
from btcore.times.zones import Times

from .found import Found, count_text, days_since_1970, years_text

# Digits after the date, in ns and with their limits, last first.
_MINUTES = ((100, 60, MINUTE_NS), (100, 24, 60 * MINUTE_NS))
_SECONDS = ((100, 60, 10**9), *_MINUTES)
COMPACT: dict[str, tuple[tuple[int, int, int], ...]] = {
    "YYYYMMDD": (),
    "YYYYMMDDHH": _MINUTES[1:],
    "YYYYMMDDHHMM": _MINUTES,
    "YYYYMMDDHHMMSS": _SECONDS,
    "YYYYMMDDHHMMSSmmm": ((1000, 1000, 10**6), *_SECONDS),
}


def compact_notation(numbers: Times, extent: tuple[int, int], rules: TimeRules, name: str) -> str:
    """The notation of integers that all are dates or times by their digits; "" if they are counts.

    `extent` are the least and the greatest of them.

    Counts of 8, 14 and 17 digits would lie in 1970, or after 2286. Those of 12 and 10 digits could be
    milliseconds of the years about 1976, or seconds of those about 2030; DataError if both are possible.
    """
    low, high = map(str, extent)
    notation = next((x for x in COMPACT if len(x) == len(low) == len(high)), "")
    if len(notation) not in (10, 12):
        return notation
    first, last = rules.allowed_years
    exist = _exist(numbers, notation).all()
    inside = first <= int(low[:4]) and int(high[:4]) <= last
    if len(notation) == 10:
        if exist and inside:
            _refuse_both(low, notation, "s", "%Y%m%d%H", name)
        return ""
    if exist != inside:
        _refuse_both(low, notation, "ms", "%Y%m%d%H%M", name)
    return notation if exist else ""


def read_compact(numbers: Times, notation: str, kind: str, rules: TimeRules, name: str) -> Found:
    """The local times that the digits are; RowError for a date that does not exist."""
    exist = _exist(numbers, notation)
    what = "a date" if notation == "YYYYMMDD" else "a time"
    hint = "pass unit= if it is an epoch number"
    reject_rows(kind, ~exist, lambda row: f"{name} {numbers[row]} is not {what} {notation}; {hint}")
    dates, time = _split(numbers, notation)
    years, (first, last) = dates // 10_000, rules.allowed_years
    outside = (years < first) | (years > last)
    reject_rows(kind, outside, lambda row: f"{name} {numbers[row]} is {years_text(rules)}")
    days, _ = days_since_1970(years, dates // 100 % 100, dates % 100)
    form = "dates YYYYMMDD" if notation == "YYYYMMDD" else f"times {notation}"
    return Found(days * DAY_NS + time, local=True, notation=notation, what=f"integers read as {form}")


def _exist(numbers: Times, notation: str) -> NDArray[np.bool_]:
    """Whether each number is a date and a time of day that exist."""
    valid = np.ones(len(numbers), bool)
    rest = numbers
    for base, limit, _ in COMPACT[notation]:
        valid &= rest % base < limit
        rest = rest // base
    _, exists = days_since_1970(rest // 10_000, rest // 100 % 100, rest % 100)
    four_digits = (rest >= 1000_01_01) & (rest <= 9999_12_31)
    return valid & exists & four_digits


def _split(numbers: Times, notation: str) -> tuple[Times, Times]:
    """The date as YYYYMMDD and the time of day in ns of each number."""
    time = np.zeros(len(numbers), np.int64)
    rest = numbers
    for base, _, ns in COMPACT[notation]:
        time += rest % base * ns
        rest = rest // base
    return rest, time


def _refuse_both(number: str, notation: str, unit: str, time_format: str, name: str) -> None:
    count = count_text(int(number), unit)
    raise DataError(
        f"{name}: {number} could be a time {notation}, or the count of {unit} that is {count}; "
        f'pass time_format="{time_format}" or unit="{unit}"'
    )
