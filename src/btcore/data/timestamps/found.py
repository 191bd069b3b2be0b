"""What the readers of one kind of values have in common: their result, and checks of dates and years."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.errors import RowError, reject_rows
from btcore.times.clock import FIRST_YEAR, LAST_YEAR
from btcore.times.intervals import DAY_NS, UNIT_NS
from btcore.times.rules import TimeRules
from btcore.times.zones import Times

_YEAR_1, _YEAR_10000 = -62_135_596_800, 253_402_300_800  # seconds since 1970


class Found(NamedTuple):
    """Times as one reader found them.

    `times` is int64 ns, local if `local` is true and UTC otherwise. `notation` is how they are written, and
    `what` the same in the words of a note. `zone` is the IANA zone that the values name, None without.
    """

    times: Times
    local: bool
    notation: str
    what: str = ""
    zone: str | None = None


@contextmanager
def numbered_among(rows: NDArray[np.intp]) -> Iterator[None]:
    """A RowError of some of the rows gets the number of its row among all."""
    try:
        yield
    except RowError as error:
        raise RowError(error.kind, int(rows[error.row]), error.problem, error.count) from None


def all_midnights(local: Times) -> bool:
    """Whether there are times, all of them at midnight."""
    first = local[:1000]  # most columns with times of day show one there
    return len(local) > 0 and not (first % DAY_NS).any() and not (local % DAY_NS).any()


def year_start_ns(year: int) -> int:
    """The start of a year, ns UTC, as a Python int, which does not overflow."""
    return int(np.datetime64(f"{year:04}-01-01", "s").astype(np.int64)) * 10**9


def year_bounds(rules: TimeRules) -> tuple[int, int]:
    """The first ns of the years that the rules allow, and the first ns after them."""
    first, last = rules.allowed_years
    return year_start_ns(first), year_start_ns(last + 1)


def years_text(rules: TimeRules) -> str:
    """The words "outside the years A to B", and how to widen them if that is possible."""
    first, last = rules.allowed_years
    more = "; years= sets them" if (first, last) != (FIRST_YEAR, LAST_YEAR) else ""
    return f"outside the years {first} to {last}{more}"


def check_years(times: Times, written: Any, kind: str, rules: TimeRules, name: str) -> None:
    """RowError for a time outside the years that the rules allow; `written` are the values as given."""
    if len(times) == 0:
        return
    first, end = year_bounds(rules)
    if times.min() >= first and times.max() < end:
        return
    outside = (times < first) | (times >= end)
    reject_rows(kind, outside, lambda row: f"{name} {value_text(written[row])} is {years_text(rules)}")


def count_text(count: float, unit: str) -> str:
    """The time that a count of `unit` since 1970 is, as text."""
    count = float(count) if isinstance(count, float) else int(count)  # integers of numpy could overflow
    seconds = count * UNIT_NS[unit] / 10**9
    if not _YEAR_1 <= seconds < _YEAR_10000:
        return "after the year 9999" if seconds > 0 else "before the year 1"
    return f"{np.array(int(count)).astype(f'datetime64[{unit}]')}Z"


def value_text(value: Any) -> str:
    """A value as an error shows it: texts in quotes, numbers and times plain."""
    return repr(value) if isinstance(value, str) else str(value)


def days_since_1970(year: Times, month: Times, day: Times) -> tuple[Times, NDArray[np.bool_]]:
    """The days from 1970-01-01 to each date, and whether that date exists."""
    months = (year - 1970).astype("datetime64[Y]").astype("datetime64[M]") + (month - 1)
    days = months.astype("datetime64[D]") + (day - 1)
    exists = (month >= 1) & (month <= 12) & (day >= 1) & (days.astype("datetime64[M]") == months)
    return days.astype(np.int64), exists
