"""Local times one length of bars later or earlier: hours, days, weeks, calendar months.

Bars of weeks and months may be stamped a few days off the first or last day of their period, because of a
holiday. They are moved from their own stamps all the same, to the later end or the earlier beginning: that of
the neighbour limits it. Were they moved to the day that the other bars show, one odd stamp, such as that of
an unfinished week, would end all of them early.
"""

import numpy as np

from .intervals import DAY_NS, WEEK_NS, Length
from .zones import Times

_WEEK_SPREAD = 4 * DAY_NS
_MONTH_SPREAD = 10 * DAY_NS
_MONTH_END = 5 * DAY_NS  # a holiday and a weekend may come before the last day
_WEEKEND = (2, 3)  # 1970-01-01 was a Thursday: day 2 was a Saturday


def ends_of(starts: Times, length: Length) -> Times:
    """The local times at which bars end that begin at the local times `starts`; of two the later."""
    return np.maximum(*_months_later(starts, length.months)) if length.months else starts + length.ns


def starts_of(ends: Times, length: Length) -> Times:
    """The local times at which bars begin that end at the local times `ends`; of two the earlier.

    Those of days that are ends of months begin with a month.
    """
    if not length.months:
        return ends - length.ns
    if not (ends % DAY_NS).any() and are_month_ends(ends - DAY_NS):
        return first_of_month(month_of(ends - DAY_NS) + 1 - length.months)
    return np.minimum(*_months_later(ends, -length.months))


def _months_later(times: Times, months: int) -> tuple[Times, Times]:
    """The times on the same day of a later month, and as far from the end of their own month."""
    one, two = (_in_month(month + months, offset) for month, offset in _months_of(times))
    return one, two


def period_numbers(times: Times, months: bool) -> Times | None:
    """The number of the month or week of each local time, None if the times keep to no day of it."""
    if months:
        month, offset = min(_months_of(times), key=lambda found: int(np.ptp(found[1])))
        # Days before and after the beginning of a month are four weeks; hours are the clock of another zone.
        spread = DAY_NS if offset.min() < 0 <= offset.max() else _MONTH_SPREAD
        return month if np.ptp(offset) <= spread else None
    first, last = _week_anchor(times)
    return None if (last - first) % WEEK_NS > _WEEK_SPREAD else (times - first) // WEEK_NS


def are_month_ends(dates: Times) -> bool | None:
    """Whether local dates are the last days of their months, or the last of trading; None: only most are.

    Each is one of the last five days, and at least half are the last day or the last weekday; all of them, if
    they have one number: the 28th of each month is no end, although it is that of February.
    """
    day = dates // DAY_NS
    month = month_of(dates)
    end = first_of_month(month + 1) // DAY_NS
    left = end - 1 - day
    last = np.where((end - 1) % 7 == _WEEKEND[0], 1, np.where((end - 1) % 7 == _WEEKEND[1], 2, 0))
    usual = (left == 0) | (left == last)
    number = day - first_of_month(month) // DAY_NS
    if usual.all():
        return True
    if 2 * usual.sum() < len(dates) or (number == number[0]).all():
        return False
    return True if (left * DAY_NS < _MONTH_END).all() else None


def month_of(times: Times) -> Times:
    """Months since January 1970."""
    return times.view("datetime64[ns]").astype("datetime64[M]").astype(np.int64)


def first_of_month(month: Times) -> Times:
    """The first midnight of a month, ns."""
    first: Times = month.astype("datetime64[M]").astype("datetime64[ns]").view(np.int64)
    return first


def _months_of(times: Times) -> tuple[tuple[Times, Times], tuple[Times, Times]]:
    """The month of each time and its distance from the beginning of that month, ns; then of the nearest one.

    A time in the last days of a month is nearest to the one that follows, and its distance is negative.
    """
    month, nearest = month_of(times), month_of(times + _MONTH_END)
    return (month, times - first_of_month(month)), (nearest, times - first_of_month(nearest))


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
