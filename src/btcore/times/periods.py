"""Local times one length of bars later or earlier: hours, days, weeks, calendar months.

Bars of weeks and months may be stamped a few days off the first or last day of their period, because of a
holiday. The other bars show which day that is, and a bar ends with its period and not a week or month after
its own stamp.
"""

import numpy as np

from .intervals import DAY_NS, WEEK_NS, Length
from .zones import Times

_WEEK_SPREAD = 4 * DAY_NS
_MONTH_SPREAD = 10 * DAY_NS
_MONTH_END = 5 * DAY_NS  # a holiday and a weekend may come before the last day
_WEEKEND = (2, 3)  # 1970-01-01 was a Thursday: day 2 was a Saturday


def ends_of(starts: Times, length: Length) -> Times:
    """The local times at which bars end that begin at the local times `starts`."""
    if length.months:
        # Bars that keep to a day before the end of a month as well as to one after its beginning may be of
        # both. The later end is that of neither before its close.
        ends = [
            _in_month(month + length.months, offset - _days_from(offset, int(offset.min()), _MONTH_SPREAD))
            for month, offset in _months_of(starts)
        ]
        return np.maximum(ends[0], ends[-1])
    if length.weeks:
        late = (starts - _week_anchor(starts)[0]) % WEEK_NS
        return starts - _days_from(late, 0, _WEEK_SPREAD) + length.ns
    return starts + length.ns


def starts_of(ends: Times, length: Length) -> Times:
    """The local times at which bars begin that end at the local times `ends`."""
    if length.months:
        month, offset = _months_of(ends, closes=True)[0]
        # They end with their month (on the clock of another zone, less than a day off), or on a day of it.
        anchor = 0 if offset.max() <= -DAY_NS else int(offset.max())
        return _in_month(month - length.months, offset - _days_from(offset, anchor, _MONTH_SPREAD))
    if length.weeks:
        early = (ends - _week_anchor(ends)[1]) % -WEEK_NS
        return ends - _days_from(early, 0, _WEEK_SPREAD) - length.ns
    return ends - length.ns


def period_numbers(times: Times, months: bool) -> Times | None:
    """The number of the month or week of each local time, None if the times keep to no day of it."""
    if months:
        month, offset = _months_of(times)[0]
        # Days before and after the beginning of a month are four weeks; hours are the clock of another zone.
        spread = DAY_NS if offset.min() < 0 <= offset.max() else _MONTH_SPREAD
        return month if np.ptp(offset) <= spread else None
    first, last = _week_anchor(times)
    return None if (last - first) % WEEK_NS > _WEEK_SPREAD else (times - first) // WEEK_NS


def are_month_ends(dates: Times) -> bool:
    """Whether local dates are the last days of their months, or the last days of trading.

    Each is one of the last five days, and at least half are the last day or the last weekday; all of them, if
    all are the same day of the month: the 28th of each month is no end, although it is that of February.
    """
    day = dates // DAY_NS
    month = month_of(dates)
    end = first_of_month(month + 1) // DAY_NS
    left = end - 1 - day
    last = np.where((end - 1) % 7 == _WEEKEND[0], 1, np.where((end - 1) % 7 == _WEEKEND[1], 2, 0))
    usual = (left == 0) | (left == last)
    number = day - first_of_month(month) // DAY_NS
    if len(number) > 1 and (number == number[0]).all() and not usual.all():
        return False
    return bool((left * DAY_NS < _MONTH_END).all() and 2 * usual.sum() >= len(dates) > 0)


def month_of(times: Times) -> Times:
    """Months since January 1970."""
    return times.view("datetime64[ns]").astype("datetime64[M]").astype(np.int64)


def first_of_month(month: Times) -> Times:
    """The first midnight of a month, ns."""
    first: Times = month.astype("datetime64[M]").astype("datetime64[ns]").view(np.int64)
    return first


def _months_of(times: Times, closes: bool = False) -> list[tuple[Times, Times]]:
    """A month for each time and its distance from the beginning of that month, ns; two if both are as good.

    It is the month of the time, or the nearest one if the times keep better to that: a time in the last days
    of a month then belongs to the one that follows, and its distance is negative. Closes belong to the end of
    a month rather than to a day of it that they keep to just as well.
    """
    month, nearest = month_of(times), month_of(times + _MONTH_END)
    offset, other = times - first_of_month(month), times - first_of_month(nearest)
    spread, other_spread = int(np.ptp(offset)), int(np.ptp(other))
    if closes:
        nearer = other_spread <= spread or spread >= DAY_NS
        return [(nearest, other) if nearer else (month, offset)]
    found = [(month, offset), (nearest, other)]
    return found if spread == other_spread else [found[other_spread < spread]]


def _in_month(month: Times, offset: Times) -> Times:
    """The time at a distance from the beginning of a month, no later than its end: 30 February is 1 March."""
    time: Times = np.minimum(first_of_month(month) + offset, first_of_month(month + 1))
    return time


def _week_anchor(times: Times) -> tuple[int, int]:
    """The first and last place in the week (0 to 7 days, ns) of the times, around the longest gap."""
    places = np.sort(times % WEEK_NS)
    gaps = np.diff(places, append=places[0] + WEEK_NS)
    longest = int(gaps.argmax())
    return int(places[(longest + 1) % len(places)]), int(places[longest])


def _days_from(offset: Times, anchor: int, spread: int) -> Times | int:
    """The whole days, ns, by which each time is off the anchor; 0 if they are spread too far for one."""
    off = offset - anchor
    size = np.abs(off)
    if size.max() > spread:
        return 0
    # Rounded, because a change of the clock moves the time of day by an hour.
    days: Times = np.sign(off) * ((size + DAY_NS // 2) // DAY_NS * DAY_NS)
    return days
