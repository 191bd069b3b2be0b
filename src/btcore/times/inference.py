"""The length of bars, from the gaps between their times, where only one answer agrees with every gap."""

import numpy as np

from btcore.errors import DataError

from .intervals import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS, WEEK_NS, Length, interval_name
from .order import check_ascending
from .periods import period_numbers
from .zones import Times

_SUBSECONDS = (1, 2, 5, 10, 20, 50, 100, 200, 250, 500)
_SIXTIETHS = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)
_CONVENTIONAL = frozenset(
    [n * unit for unit in (10**3, 10**6) for n in _SUBSECONDS]
    + [n * unit for unit in (SECOND_NS, MINUTE_NS) for n in _SIXTIETHS]
    + [n * HOUR_NS for n in (1, 2, 3, 4, 6, 8, 12)]
    + [DAY_NS, WEEK_NS]
)
_WEEK = Length(WEEK_NS, weeks=True)
_SHOWN = 6  # gaps in a message
_RUN = 20  # longer gaps that follow one another and are the same: missing rows are not so regular


def infer_length(utc: Times, local: Times, closes: bool = False) -> Length:
    """The length of bars that begin (or all end: `closes`) at these times, in UTC and by a local clock.

    The gap after a short last bar of a session is a gap between opens, but its length is one between closes.
    So closes within a day agree on a length only if two thirds of two or more gaps are that length.

    RowError if they do not ascend. DataError, which shows the gaps, if there is no length that every gap
    agrees with, or more than one.
    """
    if len(utc) < 2:
        raise DataError("interval: it cannot be inferred from fewer than two bars; pass interval=")
    gaps = np.diff(utc)
    if gaps.min() <= 0:
        check_ascending("bars", utc)  # or else they are beyond the range of int64
        raise DataError("interval: it cannot be inferred, as a gap is longer than 292 years; pass interval=")
    found = _from_gaps(gaps, closes)
    if gaps.min() > HOUR_NS:  # such bars may follow the local clock
        found |= _from_gaps(np.diff(local), closes)
        found |= _from_periods(local)
    if len(found) == 1:
        return found.pop()
    names = ", ".join(_names(found or {_fixed(gap) for gap in _counted(gaps) if gap in _CONVENTIONAL}))
    raise DataError(
        f"interval: it cannot be inferred, as the gaps between the bars agree on no single length: "
        f"{_gap_text(gaps)}; {f'it may be {names}; ' if names else ''}pass interval="
    )


def _from_gaps(gaps: Times, closes: bool) -> set[Length]:
    """The smallest gap, if it is a conventional length and every gap is a multiple of it.

    No other gap may be more frequent, and no other conventional one as frequent: bars of four hours whose
    session ends with one of two hours look like bars of two hours, some of which are missing. Nor may a
    longer gap occur again and again without another between: then the length of the bars changes.
    """
    smallest = int(gaps.min())
    if DAY_NS - HOUR_NS <= smallest <= DAY_NS + HOUR_NS:  # a day of 23 or 25 hours, when the clock changes
        days = (gaps + DAY_NS // 2) // DAY_NS * DAY_NS
        if np.abs(gaps - days).max() > HOUR_NS:
            return set()
        gaps, smallest = days, DAY_NS
    others = gaps[gaps != smallest]
    if smallest not in _CONVENTIONAL or (others % smallest).any():
        return set()
    frequency = len(gaps) - len(others)
    if closes and smallest < DAY_NS and (len(gaps) == 1 or 2 * len(others) > frequency):
        return set()
    if len(others) >= frequency:
        counts = _counted(others)
        if any(n > frequency - (gap in _CONVENTIONAL) for gap, n in counts.items()):
            return set()
    return set() if _longer_run(gaps, smallest) else {_fixed(smallest)}


def _longer_run(gaps: Times, smallest: int) -> bool:
    """Whether a longer gap occurs `_RUN` times in a row; of days, any gap of four days or more."""
    kinds = np.where((smallest >= DAY_NS) & (gaps >= 4 * smallest), -1, gaps)
    changes = np.flatnonzero(kinds[1:] != kinds[:-1]) + 1
    first = np.append(0, changes)
    runs = np.diff(first, append=len(gaps))
    return bool(((runs >= _RUN) & (gaps[first] > smallest)).any())


def _fixed(gap: int) -> Length:
    return _WEEK if gap == WEEK_NS else Length(gap)


def _from_periods(local: Times) -> set[Length]:
    """Months, quarters, years or weeks, if there is at most one time in each and some follow one another."""
    months = period_numbers(local, months=True)
    if months is not None:
        steps = np.diff(months)
        for n in (1, 3, 12):
            if steps.min() == n and not (steps % n).any():
                return set() if _longer_months(steps, n) else {Length(0, n)}
    weeks = period_numbers(local, months=False)
    usual = np.abs(np.diff(local) - WEEK_NS) <= HOUR_NS
    if weeks is not None and np.diff(weeks).min() == 1 and 2 * usual.sum() >= len(usual):
        return {_WEEK}
    return set()


def _longer_months(steps: Times, smallest: int) -> bool:
    """Whether quarters or years are as frequent as the smallest step of months, or 20 follow one another."""
    longer = [np.count_nonzero(steps == n) for n in (3, 12) if n > smallest]
    frequency = int(np.count_nonzero(steps == smallest))
    return max(map(int, longer), default=0) >= frequency or _longer_run(steps, smallest)


def _counted(gaps: Times) -> dict[int, int]:
    """The number of each gap, the most frequent first. np.unique would load numpy.ma, which takes longer."""
    ordered = np.sort(gaps)
    first = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    counts = np.diff(first, append=len(ordered))
    ranked = np.argsort(-counts, kind="stable")
    return {int(ordered[first[i]]): int(counts[i]) for i in ranked}


def _names(lengths: set[Length]) -> list[str]:
    return [length.name for length in sorted(lengths, key=lambda x: (x.months, x.ns))]


def _gap_text(gaps: Times) -> str:
    counts = _counted(gaps)
    shown = [f"{interval_name(gap)} ({n})" for gap, n in list(counts.items())[:_SHOWN]]
    return ", ".join(shown + ([f"and {len(counts) - _SHOWN} others"] if len(counts) > _SHOWN else []))
