"""Bars with times in UTC that follow a local clock, which is not given: one of its days has 25 hours."""

import numpy as np

from .intervals import DAY_NS, HOUR_NS, Length
from .zones import Times

_CHANGES = (HOUR_NS, HOUR_NS // 2)  # half an hour in Lord Howe
_CHANGES_APART = 100 * DAY_NS


def extend_over_changes(starts: Times, ends: Times, length: Length, *, closes: bool) -> list[str]:
    """Moves the ends (of bars given by their `closes` the starts) over a clock that may have been put back.

    Without that a bar of 25 hours would be over an hour before its close is known. A note if any is moved.
    """
    gaps = starts[1:] - ends[:-1]
    if length.months or length.weeks:
        more, outer = _of_long_bars(gaps, ends if closes else starts)
    else:
        more, outer = _of_days(gaps % min(length.ns, DAY_NS), starts), 0
    moved = np.append(outer, more) if closes else np.append(more, outer)
    if not moved.any():
        return []
    if closes:
        starts -= moved
    else:
        ends += moved
    count = int((moved > 0).sum())
    found = f"end: {count} bars up to an hour longer than others, as a clock may have been put back"
    return [f"{found}; timezone= gives the clock of the bars"]


def _of_long_bars(gaps: Times, given: Times) -> tuple[Times, int]:
    """Weeks and months at other times than the midnights of UTC: an hour, or until the neighbour.

    A gap of an hour may be hidden by a holiday, so that all of them are longer, and the outermost too.
    """
    if not (given % DAY_NS).any():
        return np.zeros(len(gaps), np.int64), 0
    return np.clip(gaps, 0, HOUR_NS), HOUR_NS


def _of_days(gaps: Times, starts: Times) -> Times:
    """Days and hours: the gaps of an hour, unless they are more frequent than the changes of a clock.

    `gaps` are those between the bars less whole bars, which may be missing.
    """
    more: Times = np.where(np.isin(gaps, _CHANGES), gaps, 0)
    rows = np.flatnonzero(more)
    return more * 0 if (np.diff(starts[rows]) < _CHANGES_APART).any() else more
