"""Local time and UTC for whole columns, by the transitions of an IANA time zone."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from btcore.errors import ConfigError, RowError, not_one_of, reject_rows

from .clock import EPOCH, FIRST_YEAR, LAST_YEAR, moment_text, to_ns, year_of, zone
from .intervals import DAY_NS, SECOND_NS

Times = NDArray[np.int64]
Dst = Literal["raise", "earlier", "later", "infer"]
DST = ["raise", "earlier", "later", "infer"]
DST_HINT = 'pass dst="earlier" or dst="later"'

_DAY = DAY_NS // SECOND_NS


@lru_cache(maxsize=64)
def _transitions(timezone: str, first_year: int, last_year: int) -> tuple[Times, Times]:
    """Start of each UTC offset, and the offset, both in nanoseconds; the first starts at the least int64.

    `zoneinfo` has no public table, so offsets a day apart are compared and changes found by bisection.
    """
    named = zone(timezone)

    def offset(seconds: int) -> int:
        found = (EPOCH + timedelta(seconds=seconds)).astimezone(named).utcoffset()
        return 0 if found is None else found // timedelta(seconds=1)

    first = to_ns(datetime(first_year, 1, 1, tzinfo=UTC)) // SECOND_NS
    last = to_ns(datetime(last_year + 1, 1, 1, tzinfo=UTC)) // SECOND_NS
    starts, offsets = [np.iinfo(np.int64).min], [offset(first)]
    for day in range(first, last, _DAY):
        low, high = day, day + _DAY
        if offset(high) == offsets[-1]:
            continue
        while high - low > 1:  # the change is in (low, high]
            middle = (low + high) // 2
            if offset(middle) == offsets[-1]:
                low = middle
            else:
                high = middle
        starts.append(high * SECOND_NS)
        offsets.append(offset(high))
    return np.array(starts, np.int64), np.array(offsets, np.int64) * SECOND_NS


def _transitions_around(times: Times, timezone: str) -> tuple[Times, Times]:
    """The transitions from the year before the first of `times` to the year after the last."""
    first, last = year_of(int(times.min())) - 1, year_of(int(times.max())) + 1
    return _transitions(timezone, max(first, FIRST_YEAR), min(last, LAST_YEAR))


def utc_offsets(utc: Times, timezone: str) -> Times | int:
    """Local time minus UTC, in nanoseconds, for each time; one number if it is the same for all."""
    if timezone == "UTC" or len(utc) == 0:
        return 0
    starts, offsets = _transitions_around(utc, timezone)
    if len(offsets) == 1:
        return int(offsets[0])
    return offsets[np.searchsorted(starts, utc, "right") - 1]


def check_zone(timezone: str, dst: str) -> None:
    """ConfigError for a time zone that does not exist, or an unknown `dst`, even if no time needs them."""
    zone(timezone)
    if dst not in DST:
        raise ConfigError(f"dst: {not_one_of(dst, DST)}")


def localize(
    local: Times, timezone: str, kind: str = "times", dst: Dst = "raise", hint: str = DST_HINT
) -> Times:
    """UTC nanoseconds of local times.

    A local time that occurs twice (autumn) or never (spring) is a RowError that names the row of `kind`. With
    `dst` "earlier" or "later" it is the first or second of the two, and a skipped time is the instant of the
    change. With "infer" the order of the rows tells the first from the second, see `later_passes`. The
    message ends with `hint`, which says what the caller can do.
    """
    return localize_counted(local, timezone, kind, dst, hint)[0]


def localize_counted(
    local: Times, timezone: str, kind: str = "times", dst: Dst = "raise", hint: str = DST_HINT
) -> tuple[Times, dict[str, int]]:
    """What `localize` returns, and what is said of the times that `dst` decided, with their number."""
    if timezone == "UTC" or len(local) == 0:
        zone(timezone)  # it must exist even if there is nothing to convert
        return local, {}
    _reject_edges(local, kind)
    starts, offsets = _transitions_around(local, timezone)
    if len(offsets) == 1:
        return local - offsets[0], {}

    def offset_at(utc: Times) -> Times:
        found: Times = offsets[np.searchsorted(starts, utc, "right") - 1]
        return found

    # Transitions are more than a day apart: the offset is that of a day before or that of a day after.
    before, after = offset_at(local - DAY_NS), offset_at(local + DAY_NS)
    first, second = local - before, local - after
    first_valid, second_valid = offset_at(first) == before, offset_at(second) == after
    skipped, repeated = ~first_valid & ~second_valid, first_valid & second_valid & (first != second)
    if dst in ("raise", "infer"):
        jumped = f"does not exist in {timezone}: the clock jumped over it"
        reject_rows(kind, skipped, lambda row: f"local time {_text(local[row])} {jumped}; {hint}")
    if dst == "raise":
        twice = f"occurs twice in {timezone}"
        reject_rows(kind, repeated, lambda row: f"local time {_text(local[row])} {twice}; {hint}")
    low, high = np.minimum(first, second), np.maximum(first, second)
    is_later: NDArray[np.bool_] | bool = dst == "later"
    if dst == "infer":
        rows = np.flatnonzero(repeated)
        is_later = np.zeros(len(local), bool)
        is_later[rows] = later_passes(local, rows, (high - low)[rows], kind, timezone)
    chosen = np.where(is_later, high, low)
    utc = np.where(first_valid & second_valid, chosen, np.where(first_valid, first, second))
    change = starts[np.searchsorted(starts, first, "right") - 1]
    return np.where(skipped, change, utc), _counts(int(repeated.sum()), int(skipped.sum()), dst)


def later_passes(
    local: Times, rows: NDArray[np.intp], overlaps: Times, kind: str, timezone: str
) -> NDArray[np.bool_]:
    """Whether each of the `rows`, whose local times occur twice, is the second of the two, by their order.

    Neighbouring rows that are in the hour that the clock repeats go over it twice: local time ascends, goes
    back once, and ascends again (the other way round if the newest rows are first). Bars with equal local
    times are of both passes. RowError if the rows go over the hour only once, or go back more than once.
    """
    later = np.zeros(len(rows), bool)
    order = np.arange(len(rows))
    if local[0] > local[-1]:
        order = order[::-1]
    times = local[rows[order]]
    apart = (np.abs(np.diff(rows[order])) > 1) | (np.abs(np.diff(times)) > DAY_NS)
    for block in np.split(np.arange(len(rows)), np.flatnonzero(apart) + 1) if len(rows) else []:
        steps = np.diff(times[block])
        back = np.flatnonzero(steps <= 0 if kind == "bars" else steps < 0)

        def refuse(at: int, how: str, block: NDArray[np.intp] = block) -> None:
            row = int(rows[order[block[at]]])
            twice = f"local time {_text(local[row])} occurs twice in {timezone}"
            raise RowError(kind, row, f"{twice}, and the rows {how}; {DST_HINT}")

        if len(back) == 0:
            refuse(0, "go over that hour only once")
        if len(back) > 1:
            refuse(int(back[1]) + 1, "go back more than once in that hour")
        split, overlap = int(back[0]), int(overlaps[order[block[0]]])
        gap, others = int(steps[split]) + overlap, np.delete(steps, split)
        if len(others) and gap > overlap // 2 and gap > 2 * int(others.max()):
            refuse(split + 1, f"go back there by {-int(steps[split]) / SECOND_NS:g} s only")
        later[order[block[split + 1 :]]] = True
    return later


def _text(local: int) -> str:
    return moment_text(int(local))[:-1]


def _counts(repeated: int, skipped: int, dst: str) -> dict[str, int]:
    both = (("occur twice", repeated), ("never occur", skipped))
    return {f"local times that {what} (dst={dst})": count for what, count in both if count}


def _reject_edges(local: Times, kind: str) -> None:
    """RowError for a time so far from 1970 that conversion could leave the range of int64."""
    limit = np.iinfo(np.int64).max - 2 * DAY_NS
    if local.min() < -limit or local.max() > limit:
        beyond = (local < -limit) | (local > limit)
        reject_rows(
            kind, beyond, lambda row: f"local time {_text(local[row])} is outside the years 1678 to 2261"
        )


def midnights(first: int, last: int, timezone: str) -> Times:
    """The local midnights from the one at or before `first` to at least one after `last`, ns UTC.

    A midnight that the clock skips is the instant of the change, so a skipped day gives the same time twice.
    """
    ends = np.array([first, last], np.int64)
    days = (ends + utc_offsets(ends, timezone)) // DAY_NS
    return np.ascontiguousarray(
        localize(np.arange(days[0], days[1] + 3, dtype=np.int64) * DAY_NS, timezone, dst="earlier")
    )


def distinct(times: Times) -> Times:
    """Sorted times without repeats. np.unique would load numpy.ma, which takes longer than a small run."""
    found: Times = times[np.append(True, times[1:] != times[:-1])[: len(times)]]
    return found
