"""Random bars of local clocks, calendars and sessions: no bar ends early, and closes give the bars back.

The true beginnings and ends are built here with datetime and zoneinfo, period by period.
"""

from datetime import UTC, date, datetime, timedelta
from importlib.util import find_spec
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from btcore.data import Bars
from btcore.times.lengths import bar_times
from btcore.times.rules import ReadTimes
from btcore.times.sessions import sessions

HOUR = 3600 * 10**9
MONTHS = {"1mo": 1, "2mo": 2, "1q": 3, "1y": 12}
ZONES = ["UTC", "America/New_York", "Europe/London", "Australia/Sydney", "Asia/Kolkata", "Pacific/Auckland"]
# Of these the clock skips midnight, so a day may begin at 01:00.
MIDNIGHT_ZONES = ["America/Havana", "America/Sao_Paulo", "Africa/Cairo", "Asia/Beirut"]
HOURS = ["3h", "4h", "6h", "8h", "12h"]  # none begins in the hour that is skipped or repeated
LENGTHS = [*HOURS, "1d", "1w", *MONTHS]


def utc(local, zone):
    """The instant of a local time; of one that is skipped, that of the change."""
    aware = local.replace(tzinfo=ZoneInfo(zone))
    moment = aware.astimezone(UTC)
    if moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != local:  # skipped
        low, high = moment - timedelta(hours=3), moment + timedelta(hours=3)
        offset = low.astimezone(ZoneInfo(zone)).utcoffset()
        while high - low > timedelta(seconds=1):
            middle = low + (high - low) // 2
            low, high = (
                (middle, high) if middle.astimezone(ZoneInfo(zone)).utcoffset() == offset else (low, middle)
            )
        moment = high.replace(microsecond=0)
    return round(moment.timestamp()) * 10**9


def edges(text, first, count):
    """Local times at which consecutive periods begin, the first on or before the day `first`."""
    if text in MONTHS:
        months = MONTHS[text]
        start = (first.year * 12 + first.month - 1) // months * months
        return [datetime((start + i * months) // 12, (start + i * months) % 12 + 1, 1) for i in range(count)]
    start = datetime.combine(first, datetime.min.time())
    if text == "1w":
        return [start - timedelta(days=start.weekday()) + timedelta(weeks=i) for i in range(count)]
    step = timedelta(days=1) if text == "1d" else timedelta(hours=int(text[:-1]))
    return [start + step * i for i in range(count)]


def spans(text, first, count, zone):
    """True beginnings and ends of consecutive bars."""
    times = np.array([utc(edge, zone) for edge in edges(text, first, count + 1)], np.int64)
    return times[:-1], times[1:]


def ends_of(bars):
    return bars.timestamp + bars.interval if bars.end is None else bars.end


def check(bars):
    ends = ends_of(bars)
    assert (bars.timestamp < ends).all()
    assert (ends[:-1] <= bars.timestamp[1:]).all()
    return ends


days = st.dates(date(2005, 1, 1), date(2030, 1, 1)) | st.sampled_from(
    [date(2024, 3, 9), date(2024, 11, 2), date(2024, 3, 30), date(2024, 10, 26), date(2024, 4, 6)]
)
masks = st.lists(st.booleans(), min_size=1, max_size=40).filter(any)


@given(st.sampled_from(LENGTHS), st.sampled_from(ZONES), days, masks)
def test_bars_of_a_local_clock(text, zone, first, kept):
    """Also with missing rows, every end is the true one, and closes give the bars back."""
    begin, end = (side[kept] for side in spans(text, first, len(kept), zone))
    bars = bar_times(ReadTimes(begin, zone=zone), text)
    assert check(bars).tolist() == end.tolist()
    closes = bar_times(ReadTimes(end, zone=zone), text, stamp="close")
    assert closes.timestamp.tolist() == begin.tolist()
    assert check(closes).tolist() == end.tolist()


@given(st.sampled_from(["2h", *LENGTHS]), st.sampled_from(MIDNIGHT_ZONES + ZONES), days, masks)
def test_no_bar_ends_early_where_the_clock_skips_its_beginning(text, zone, first, kept):
    begin, end = spans(text, first, len(kept), zone)
    kept = np.array(kept) & (begin < end)  # two hours that the clock skips
    assume(kept.any())
    bars = bar_times(ReadTimes(begin[kept], zone=zone), text)
    assert (check(bars) >= end[kept]).all()
    assert (ends_of(bars) <= end[kept] + HOUR).all()


@given(st.sampled_from(["1d", "1w", "1mo", "1q"]), st.sampled_from(ZONES), days, st.integers(2, 40))
def test_no_bar_ends_early_if_its_clock_is_not_given(text, zone, first, count):
    """Without missing rows, the next bar shows that a day had 25 hours; the last bar has no next."""
    begin, end = spans(text, first, count, zone)
    bars = bar_times(ReadTimes(begin), text)
    assert (check(bars)[:-1] >= end[:-1]).all()
    assert ends_of(bars)[-1] >= end[-1] - HOUR


@given(st.sampled_from(["1mo", "1q"]), st.sampled_from(ZONES), days, st.booleans(), st.data())
def test_months_stamped_on_days_of_trading(text, zone, first, last, data):
    """The first or last day of trading may be a few days off the period; no bar ends before its last day."""
    count = data.draw(st.integers(3, 20))
    begin, end = edges(text, first, count), edges(text, first, count + 1)[1:]
    labels = []
    for one, other in zip(begin, end, strict=True):
        day = other - timedelta(days=1) if last else one
        step = timedelta(days=-1 if last else 1)
        if data.draw(st.integers(0, 5)) == 0:
            day += step  # a holiday
        while day.weekday() >= 5:
            day += step
        labels.append(day)
    assume(not last or sum((day + timedelta(days=1)).day == 1 for day in labels) * 2 >= count)
    times = np.array([utc(day, zone) for day in labels], np.int64)
    bars = bar_times(ReadTimes(times, True, zone), text)
    closes = [day + timedelta(days=1) for day in labels] if last else end
    assert (check(bars) >= [utc(close, zone) for close in closes]).all()
    if last:
        assert bars.timestamp.tolist() == [utc(edge, zone) for edge in begin]


@pytest.mark.skipif(find_spec("exchange_calendars") is None, reason="exchange_calendars is not installed")
@given(
    st.sampled_from(["XNYS", "CMES", "XHKG", "XASX"]),
    st.sampled_from(["15min", "1h", "2h", "4h", "1d"]),
    st.dates(date(2015, 1, 1), date(2024, 12, 1)),
    st.data(),
)
def test_bars_of_sessions(calendar, text, first, data):
    """Bars that begin at the open and every length after end with the session."""
    start = utc(datetime.combine(first, datetime.min.time()), "UTC")
    found = sessions(start, start + 12 * 24 * HOUR, "UTC", calendar)
    length = {"15min": HOUR // 4, "1d": 24 * HOUR}.get(text) or int(text[:-1]) * HOUR
    begin = np.concatenate([np.arange(o, c, length) for o, c in zip(found.opens, found.closes, strict=True)])
    close = found.closes[np.searchsorted(found.opens, begin, "right") - 1]
    end = np.minimum(begin + length, close)
    kept = np.array(data.draw(st.lists(st.booleans(), min_size=len(begin), max_size=len(begin))))
    assume(kept.any())
    bars = bar_times(ReadTimes(begin[kept]), text, calendar=calendar)
    assert check(bars).tolist() == end[kept].tolist()
    closes = bar_times(ReadTimes(end[kept]), text, stamp="close", calendar=calendar)
    assert closes.timestamp.tolist() == begin[kept].tolist()
    assert check(closes).tolist() == end[kept].tolist()


@given(st.sampled_from(LENGTHS), st.sampled_from(ZONES), days, masks)
def test_a_container_of_its_own_columns_is_the_same(text, zone, first, kept):
    """Bars keep their ends if they are built again, as a catalog does, without the time zone."""
    begin = spans(text, first, len(kept), zone)[0][kept]
    bars = Bars(begin, *[np.ones(len(begin))] * 4, interval=text, timezone=zone)
    own = "end" in bars.columns
    assert own == bool((bars.end != bars.timestamp + bars.interval).any())
    again = Bars(**bars.columns | {"end": bars.end}, interval=bars.interval)
    assert again == bars
    assert again.content_hash == bars.content_hash
