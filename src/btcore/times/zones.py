"""Local time and UTC for whole columns, by the transitions of an IANA time zone."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from btcore.errors import RowError

from .clock import moment_text, zone
from .intervals import DAY_NS

Times = NDArray[np.int64]
Dst = Literal["raise", "earlier", "later"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_YEAR, _LAST_YEAR = 1678, 2261  # what int64 nanoseconds can say, in whole years


@lru_cache(maxsize=64)
def _transitions(timezone: str, first_year: int, last_year: int) -> tuple[Times, Times]:
    """When each offset begins, and the offset, in nanoseconds; the first one begins before everything."""
    named = zone(timezone)

    def offset(seconds: int) -> int:
        found = (_EPOCH + timedelta(seconds=seconds)).astimezone(named).utcoffset()
        return 0 if found is None else found.days * 86400 + found.seconds

    first = (datetime(first_year, 1, 1, tzinfo=UTC) - _EPOCH).days * 86400
    last = (datetime(last_year + 1, 1, 1, tzinfo=UTC) - _EPOCH).days * 86400
    starts, offsets = [np.iinfo(np.int64).min], [offset(first)]
    for day in range(first, last, 86400):
        low, high = day, day + 86400
        if offset(high) == offsets[-1]:
            continue
        while high - low > 1:  # the change is in (low, high]
            middle = (low + high) // 2
            if offset(middle) == offsets[-1]:
                low = middle
            else:
                high = middle
        starts.append(high * 10**9)
        offsets.append(offset(high))
    return np.array(starts, np.int64), np.array(offsets, np.int64) * 10**9


def _table(times: Times, timezone: str) -> tuple[Times, Times]:
    years = np.array([times.min(), times.max()], "datetime64[ns]").astype("datetime64[Y]").astype(int) + 1970
    first, last = max(int(years[0]) - 1, _FIRST_YEAR), min(int(years[1]) + 1, _LAST_YEAR)
    return _transitions(timezone, first, last)


def utc_offsets(utc: Times, timezone: str) -> Times | int:
    """What to add to UTC nanoseconds to read the local clock; one number where it is the same for all."""
    if timezone == "UTC" or len(utc) == 0:
        return 0
    starts, offsets = _table(utc, timezone)
    if len(offsets) == 1:
        return int(offsets[0])
    return offsets[np.searchsorted(starts, utc, "right") - 1]


def localize(local: Times, timezone: str, kind: str = "times", dst: Dst = "raise") -> Times:
    """UTC nanoseconds of local clock readings.

    A reading that occurs twice (autumn) or never (spring) is a RowError naming the row, unless `dst` says
    "earlier" or "later" of the two; one that never occurs becomes the moment the clock jumped.
    """
    if timezone == "UTC" or len(local) == 0:
        zone(timezone)
        return local
    starts, offsets = _table(local, timezone)
    if len(offsets) == 1:
        single: Times = local - offsets[0]
        return single

    def offset_at(utc: Times) -> Times:
        found: Times = offsets[np.searchsorted(starts, utc, "right") - 1]
        return found

    # A day before and a day after a transition the offset is certain: the true one is one of the two.
    before, after = offset_at(local - DAY_NS), offset_at(local + DAY_NS)
    first, second = local - before, local - after
    first_true, second_true = offset_at(first) == before, offset_at(second) == after
    if dst == "raise":
        _refuse(
            local, ~first_true & ~second_true, kind, f"does not exist in {timezone}: the clock jumped over it"
        )
        _refuse(
            local,
            first_true & second_true & (first != second),
            kind,
            f"occurs twice in {timezone}: say which by dst=",
        )
    low, high = np.minimum(first, second), np.maximum(first, second)
    utc = np.where(
        first_true & second_true, high if dst == "later" else low, np.where(first_true, first, second)
    )
    jumped = starts[np.searchsorted(starts, first, "right") - 1]
    return np.where(first_true | second_true, utc, jumped)


def midnights(first: int, last: int, timezone: str) -> Times:
    """The local midnights from the one at or before `first` to some after `last`, in nanoseconds UTC."""
    ends = np.array([first, last], np.int64)
    days = (ends + utc_offsets(ends, timezone)) // DAY_NS
    return np.ascontiguousarray(
        localize(np.arange(days[0], days[1] + 3, dtype=np.int64) * DAY_NS, timezone, dst="earlier")
    )


def distinct(times: Times) -> Times:
    """Each of some sorted times once. np.unique would load numpy.ma, which takes longer than a small run."""
    found: Times = times[np.append(True, times[1:] != times[:-1])[: len(times)]]
    return found


def _refuse(local: Times, bad: NDArray[np.bool_], kind: str, problem: str) -> None:
    if bad.any():
        row = int(bad.argmax())
        raise RowError(kind, row, f"local time {moment_text(int(local[row]))[:-1]} {problem}", int(bad.sum()))
