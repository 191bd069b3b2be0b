"""The length of bars is inferred from gaps that agree on one answer, and refused otherwise."""

import numpy as np
import pytest

from btcore.errors import DataError
from btcore.times.inference import infer_length
from btcore.times.zones import localize, utc_offsets

SECOND = 10**9
HOUR = 3600 * SECOND
DAY = 24 * HOUR
NY = "America/New_York"


def infer(*texts, zone="UTC"):
    local = np.array(texts, "datetime64[ns]").astype(np.int64)
    return infer_length(localize(local, zone, dst="earlier"), local).name


def infer_gaps(*gaps):
    times = np.cumsum([0, *gaps])
    return infer_length(times, times).name


@pytest.mark.parametrize(
    ("gap", "name"),
    [
        (10**3, "1us"),
        (250 * 10**6, "250ms"),
        (SECOND, "1s"),
        (15 * SECOND, "15s"),
        (60 * SECOND, "1min"),
        (30 * 60 * SECOND, "30min"),
        (HOUR, "1h"),
        (12 * HOUR, "12h"),
        (DAY, "1d"),
        (7 * DAY, "1w"),
    ],
)
def test_two_bars_of_a_conventional_length(gap, name):
    assert infer_gaps(gap) == name


@pytest.mark.parametrize("gap", [1, 300, 7 * SECOND, 90 * 60 * SECOND, 5 * HOUR, 3 * DAY, 10 * DAY])
def test_other_lengths_are_not_guessed(gap):
    with pytest.raises(
        DataError, match=r"the gaps between the bars agree on no single length: .*pass interval="
    ):
        infer_gaps(gap)


def test_missing_rows():
    minute = 60 * SECOND
    assert infer_gaps(minute, minute, 3 * minute, minute, 2 * minute, 7 * minute) == "1min"
    assert infer_gaps(DAY, 3 * DAY) == "1d"
    assert infer_gaps(DAY, DAY, 3 * DAY, 4 * DAY, 2 * DAY) == "1d"
    assert infer_gaps(7 * DAY, 14 * DAY, 7 * DAY) == "1w"


def test_a_session_that_ends_with_a_short_bar_does_not_agree():
    message = r"2h \(1\), 4h \(1\), 18h \(1\); it may be 2h, 4h; pass interval="
    with pytest.raises(DataError, match=message):
        infer_gaps(4 * HOUR, 2 * HOUR, 18 * HOUR)
    with pytest.raises(DataError, match=r"4h \(3\), 2h \(2\), 18h \(1\)"):
        infer_gaps(*[4 * HOUR, 2 * HOUR, 18 * HOUR, 4 * HOUR, 2 * HOUR, 4 * HOUR])
    with pytest.raises(DataError, match=r"30min \(2\), 1h \(2\)"):
        infer_gaps(HOUR, HOUR // 2, HOUR, HOUR // 2)


def test_a_short_bar_after_bars_of_an_unusual_length_does_not_agree():
    """Closes at 11:00, 12:30, 14:00, 15:30, 16:00: 90 minutes, and 30 at the end."""
    day = [90 * 60 * SECOND] * 3 + [30 * 60 * SECOND]
    with pytest.raises(DataError, match=r"90min \(6\), 30min \(2\), 19h \(1\)"):
        infer_gaps(*day, 19 * HOUR, *day)


def test_closes_agree_on_two_thirds_of_the_gaps():
    """Closes at 13:00 and 15:00 of a session from 09:00: the first bar is four hours long."""
    days = np.array([13 * HOUR, 15 * HOUR, 37 * HOUR, 39 * HOUR, 61 * HOUR, 63 * HOUR])
    assert infer_length(days, days).name == "2h"
    with pytest.raises(DataError, match=r"2h \(3\), 22h \(2\); it may be 2h; pass interval="):
        infer_length(days, days, closes=True)
    with pytest.raises(DataError, match=r"2h \(1\); it may be 2h; pass interval="):
        infer_length(days[:2], days[:2], closes=True)
    sessions = np.array([0, 1, 4]) * DAY + 16 * HOUR
    assert infer_length(sessions, sessions, closes=True).name == "1d"
    hours = np.array([10, 11, 12, 34, 35, 36]) * HOUR
    assert infer_length(hours, hours, closes=True).name == "1h"


def test_a_length_that_changes_does_not_agree():
    """Months of daily bars after weeks or hours of others: the longer ones would be known too early."""
    assert infer_gaps(*[7 * DAY] * 19, *[DAY] * 40) == "1d"
    for longer, shorter, many in ((7 * DAY, DAY, 40), (HOUR, 60 * SECOND, 100), (4 * HOUR, HOUR, 1000)):
        for gaps in ([longer] * 20 + [shorter] * many, [shorter] * many + [longer] * 20):
            with pytest.raises(DataError, match=r"agree on no single length: .*; it may be "):
                infer_gaps(*gaps)


def test_months_before_days_do_not_agree():
    months = [f"{year}-{month:02}-01" for year in (1966, 1967) for month in range(1, 13)]
    days = [f"1968-01-{day:02}" for day in range(1, 32)]
    with pytest.raises(DataError, match=r"agree on no single length: 1d \(30\), 31d \(14\)"):
        infer(*months, *days)
    assert infer(*months[-10:], *days) == "1d"  # these may be missing rows


def test_a_month_among_quarters_does_not_agree():
    with pytest.raises(DataError, match="agree on no single length"):
        infer("2023-01-01", "2023-04-01", "2023-07-01", "2023-08-01", "2023-10-01", "2024-01-01")
    assert infer("2023-01-01", "2023-02-01", "2023-03-01", "2023-06-01", "2023-08-01") == "1mo"


def test_hours_of_a_session_agree():
    assert infer_gaps(*[HOUR] * 6, 18 * HOUR, *[HOUR] * 6) == "1h"
    assert infer_gaps(4 * HOUR, 20 * HOUR, 4 * HOUR, 68 * HOUR) == "4h"


def test_gaps_that_are_no_multiples():
    with pytest.raises(DataError, match=r"1min \(2\), 90s \(1\)"):
        infer_gaps(60 * SECOND, 60 * SECOND, 90 * SECOND)


def test_many_gaps_are_not_all_shown():
    with pytest.raises(DataError, match=r"8s \(1\), and 3 others; it may be 3s, 4s, 5s, 6s, 10s; pass"):
        infer_gaps(*(n * SECOND for n in range(3, 12)))


@pytest.mark.parametrize("hours", [(23, 24, 24), (24, 25), (23,), (24, 71), (25, 24), (24, 73)])
def test_days_of_a_clock_that_changes(hours):
    assert infer_gaps(*(h * HOUR for h in hours)) == "1d"


def test_four_hours_of_a_clock_that_changes():
    spring = ("2024-03-09T20:00", "2024-03-10T00:00", "2024-03-10T04:00", "2024-03-10T08:00")
    autumn = ("2024-11-02T20:00", "2024-11-03T00:00", "2024-11-03T04:00", "2024-11-03T08:00")
    assert infer(*spring, zone=NY) == infer(*autumn, zone=NY) == "4h"
    utc = np.arange(12) * 4 * HOUR + np.datetime64("2024-03-09T16:00", "ns").astype(np.int64)
    assert infer_length(utc, utc + utc_offsets(utc, NY)).name == "4h"


def test_one_gap_of_three_or_four_hours_is_not_decided():
    """Over the change of the clock: three hours of time, four on the clock."""
    with pytest.raises(DataError, match=r"3h \(1\); it may be 3h, 4h; pass interval="):
        infer("2024-03-10T00:00", "2024-03-10T04:00", zone=NY)


@pytest.mark.parametrize(
    ("days", "name"),
    [
        (("2024-01-01", "2024-02-01"), "1mo"),
        (("2023-02-01", "2023-03-01"), "1mo"),  # 28 days
        (("2024-01-02", "2024-02-01", "2024-03-01", "2024-06-03"), "1mo"),
        (("2024-01-31", "2024-02-29", "2024-03-29"), "1mo"),
        (("2024-01-15", "2024-02-15", "2024-04-15"), "1mo"),
        (("2024-01-02", "2024-04-01", "2024-10-01"), "1q"),
        (("2023-12-29", "2024-03-28", "2024-06-28"), "1q"),
        (("2020-12-31", "2021-12-31", "2023-12-29"), "1y"),
        (("2024-01-01", "2025-01-01"), "1y"),
        (("2024-05-13", "2024-05-20", "2024-05-28", "2024-06-03", "2024-06-10"), "1w"),  # a holiday
        (("2024-03-15", "2024-03-22", "2024-03-28", "2024-04-05", "2024-04-12"), "1w"),
    ],
)
def test_lengths_of_the_calendar(days, name):
    assert infer(*days) == name
    assert infer(*days, zone=NY) == name


@pytest.mark.parametrize(
    "days",
    [
        ("2024-01-01", "2024-03-01"),  # two months
        ("2024-01-01", "2024-07-01"),  # half a year
        ("2024-01-01", "2024-01-29", "2024-02-26"),  # four weeks
        ("2024-01-01", "2024-02-20"),
        ("2024-01-01", "2024-01-07", "2024-01-15"),  # 6 and 8 days
        ("2024-01-05", "2024-01-08"),  # a Friday and a Monday
    ],
)
def test_other_gaps_of_days_are_not_guessed(days):
    with pytest.raises(DataError, match="agree on no single length"):
        infer(*days)


def test_too_few_bars():
    with pytest.raises(DataError, match="cannot be inferred from fewer than two bars; pass interval="):
        infer("2024-01-01")


def test_centuries():
    times = np.array([-(2**62) - 2**61, 2**62 + 2**61])
    with pytest.raises(DataError, match="a gap is longer than 292 years"):
        infer_length(times, times)
