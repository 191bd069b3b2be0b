"""When a schedule's moments are: local periods through changes of the clock, and grids of steps."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import btcore as bt
from btcore.strategies.targets.rebalance_dates import PERIODS, RebalanceDates
from btcore.times.clock import to_ns

HOUR = 3600 * 10**9


def ns(text: str) -> int:
    return to_ns(datetime.fromisoformat(text))


def utc(moment: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment // 1000)).strftime(
        "%Y-%m-%dT%H:%M"
    )


@pytest.mark.parametrize(
    ("schedule", "timezone", "now", "moment"),
    [
        ("day", "UTC", "2024-01-01T00:00", "2024-01-02T00:00"),  # later than now, so not now
        ("week", "UTC", "2024-01-01T00:00", "2024-01-08T00:00"),  # a Monday
        ("week", "UTC", "2023-12-31T23:00", "2024-01-01T00:00"),
        ("week", "UTC", "1969-12-31T12:00", "1970-01-05T00:00"),
        ("month", "UTC", "2024-02-29T00:00", "2024-03-01T00:00"),
        ("month", "UTC", "2023-12-31T23:59", "2024-01-01T00:00"),
        ("quarter", "UTC", "2024-02-10T00:00", "2024-04-01T00:00"),
        ("quarter", "UTC", "2024-10-01T00:00", "2025-01-01T00:00"),
        ("day", "America/New_York", "2024-01-02T04:59", "2024-01-02T05:00"),
        ("month", "America/New_York", "2024-03-05T00:00", "2024-04-01T04:00"),  # summer time from the 10th
        ("month", "Asia/Tokyo", "2024-01-31T15:00", "2024-02-29T15:00"),
        ("day", "America/Sao_Paulo", "2018-11-03T12:00", "2018-11-04T03:00"),  # no midnight: the jump
        ("day", "America/Havana", "2024-11-03T04:30", "2024-11-04T05:00"),  # midnight twice: only the first
        ("day", "America/Havana", "2024-11-03T05:30", "2024-11-04T05:00"),
        ("day", "America/Havana", "2024-11-02T12:00", "2024-11-03T04:00"),
        ("day", "America/St_Johns", "2010-11-07T02:00", "2010-11-07T02:30"),  # clocks back at one past it
        ("day", "America/St_Johns", "2010-11-07T03:00", "2010-11-08T03:30"),  # the day before again
        ("day", "Pacific/Apia", "2011-12-29T20:00", "2011-12-30T10:00"),  # the 30th was left out
        ("day", "Pacific/Apia", "2011-12-30T10:00", "2011-12-31T10:00"),
    ],
)
def test_local_periods(schedule: str, timezone: str, now: str, moment: str) -> None:
    assert utc(RebalanceDates.parse(schedule).after(ns(now), 0, timezone)) == moment


def starts_period(day: datetime, period: str) -> bool:
    return {
        "day": True,
        "week": day.weekday() == 0,
        "month": day.day == 1,
        "quarter": day.day == 1 and day.month in {1, 4, 7, 10},
    }[period]


@given(
    st.integers(0, 2**32),
    st.sampled_from(["UTC", "America/New_York", "Europe/London", "Australia/Sydney", "Asia/Kolkata"]),
    st.sampled_from(PERIODS),
)
def test_the_next_period_is_the_next_midnight_that_begins_one(
    second: int, timezone: str, period: str
) -> None:
    """Against the calendar of datetime, midnight by midnight."""
    zone = ZoneInfo(timezone)
    day = datetime.fromtimestamp(second, zone).replace(hour=0, minute=0, second=0, tzinfo=None)
    while day.replace(tzinfo=zone).timestamp() <= second or not starts_period(day, period):
        day += timedelta(days=1)
    found = RebalanceDates.parse(period).after(second * 10**9, 0, timezone)
    assert found == int(day.replace(tzinfo=zone).timestamp()) * 10**9


@given(st.integers(-(10**18), 10**18), st.integers(1, 10**6), st.integers(-(10**18), 10**18))
def test_a_grid_holds_its_anchor(now: int, seconds: int, anchor: int) -> None:
    moment = RebalanceDates.parse(f"{seconds}s").after(now, anchor, "UTC")
    assert now < moment <= now + seconds * 10**9
    assert (moment - anchor) % (seconds * 10**9) == 0


def test_hours_are_steps_and_a_day_is_not() -> None:
    assert RebalanceDates.parse("1d") == RebalanceDates(None, 24 * HOUR)
    assert RebalanceDates.parse("hour") == RebalanceDates(None, HOUR)
    assert RebalanceDates.parse("day") == RebalanceDates("day", 0)


@pytest.mark.parametrize("text", ["fortnight", "0s", "-1h", "", "Month"])
def test_what_is_no_schedule(text: str) -> None:
    with pytest.raises(bt.ConfigError, match=r"^schedule: .* is not one of day, week, month, quarter"):
        RebalanceDates.parse(text)
