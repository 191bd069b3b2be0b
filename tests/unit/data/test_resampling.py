"""Resampling equals a slow loop, conserves volume, and has no look-ahead."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from btcore.data import Bars, Quotes, Trades, resample
from btcore.errors import ConfigError, DataError

HOUR = 3600 * 10**9
DAY = 24 * HOUR


def ns(text):
    return int(np.datetime64(text, "ns").astype(int))


def slow(times, prices, sizes, length, zone):
    """Bars by a loop over rows and datetime: (timestamp, open, high, low, close, volume)."""
    named = ZoneInfo(zone)
    groups = {}
    for time, price, size in zip(times, prices, sizes, strict=True):
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time // 1000)
        local = moment.astimezone(named)
        if length == DAY:
            day = datetime(local.year, local.month, local.day, tzinfo=named)
            after = datetime.combine(local.date() + timedelta(days=1), datetime.min.time(), named)
            begin, end = (round(d.timestamp()) * 10**9 for d in (day, after))
            stamp = max(begin, end - DAY)
        else:
            offset = int(local.utcoffset().total_seconds()) * 10**9
            stamp = (time + offset) // length * length - offset
        groups.setdefault(stamp, []).append((price, size))
    return [
        (
            stamp,
            rows[0][0],
            max(p for p, _ in rows),
            min(p for p, _ in rows),
            rows[-1][0],
            sum(s for _, s in rows),
        )
        for stamp, rows in groups.items()
    ]


def rows(bars):
    return [tuple(row) for row in zip(*(column.tolist() for column in bars.columns.values()), strict=True)]


ticks = st.lists(
    st.tuples(
        st.integers(ns("2024-03-08") // 1000, ns("2024-03-13") // 1000),
        st.integers(1, 50),
        st.integers(1, 9),
    ),
    max_size=60,
)
lengths = st.sampled_from(["second", "minute", "5min", "hour", "day"])
zones = st.sampled_from(["UTC", "America/New_York", "Asia/Kolkata", "Etc/GMT+5"])


@given(ticks, lengths, zones)
def test_trades_equal_a_slow_loop(data, to, zone):
    data.sort(key=lambda row: row[0])
    times, prices, sizes = ([row[i] for row in data] for i in range(3))
    times = [time * 1000 for time in times]
    bars = resample(Trades(times, prices, sizes), to, zone)
    assert rows(bars) == slow(times, prices, sizes, bars.interval, zone)
    assert bars.volume.sum() == sum(sizes)
    assert bars.source == "trade"
    Bars(*bars.columns.values(), interval=bars.interval)
    # No bar ends before its last tick.
    ends = bars.timestamp + bars.interval
    assert all(time < ends[np.searchsorted(ends, time, "right")] for time in times)


@given(ticks, zones)
def test_bars_of_bars_are_bars_of_ticks(data, zone):
    data.sort(key=lambda row: row[0])
    times, prices, sizes = ([row[i] for row in data] for i in range(3))
    trades = Trades([time * 1000 for time in times], prices, sizes)
    minutes = resample(trades, "minute", zone)
    assert resample(resample(minutes, "30min", zone), "day", zone) == resample(trades, "day", zone)
    assert resample(minutes, "minute", zone) == minutes


def test_quotes_give_mids():
    bars = resample(Quotes([0, 1, 2], [1.0, 3.0, 2.0], [2.0, 4.0, 2.0]), "second")
    assert rows(bars) == [(0, 1.5, 3.5, 1.5, 2.0, 0.0)]
    assert bars.source == "mid"


def test_trades_without_size_have_no_volume():
    assert resample(Trades([0, 1], [1.0, 2.0]), "1h").volume.tolist() == [0.0]


def test_bars_keep_their_source():
    bars = Bars([0], [1], [1], [1], [1], [3], interval="1s", source="mid")
    assert resample(bars, "1min").source == "mid"


def test_no_rows_give_no_bars():
    assert len(resample(Trades([], []), "day", "Asia/Tokyo")) == 0


def test_a_day_of_25_hours_is_one_bar_that_ends_with_it():
    hours = ns("2024-11-03T04:00") + HOUR * np.arange(49)  # two local days, of 25 and 24 hours
    bars = resample(Trades(hours, np.arange(1.0, 50.0)), "day", "America/New_York")
    assert bars.timestamp.tolist() == [ns("2024-11-03T05:00"), ns("2024-11-04T05:00")]
    assert bars.close.tolist() == [25.0, 49.0]


def test_a_day_of_23_hours_is_one_bar():
    hours = ns("2024-03-10T05:00") + HOUR * np.arange(47)
    bars = resample(Trades(hours, np.arange(1.0, 48.0)), "day", "America/New_York")
    assert bars.timestamp.tolist() == [ns("2024-03-10T05:00"), ns("2024-03-11T04:00")]
    assert bars.close.tolist() == [23.0, 47.0]
    assert bars.interval == DAY


def test_a_day_that_begins_in_a_gap():
    # In Sao Paulo 2018-11-04 began at one o'clock.
    bars = resample(Trades([ns("2018-11-04T03:30")], [1.0]), "day", "America/Sao_Paulo")
    assert bars.timestamp.tolist() == [ns("2018-11-04T03:00")]


def test_the_repeated_hour_is_two_bars():
    trades = Trades([ns("2024-11-03T05:10"), ns("2024-11-03T06:10")], [1.0, 2.0])
    assert len(resample(trades, "hour", "America/New_York")) == 2


def test_zones_of_half_hours_begin_hours_in_local_time():
    bars = resample(Trades([ns("2024-01-01T00:40")], [1.0]), "hour", "Asia/Kolkata")
    assert bars.timestamp.tolist() == [ns("2024-01-01T00:30")]


def test_intervals_that_split_bars_are_refused():
    hours = Bars([ns("2024-01-01T00:30")], [1], [1], [1], [1], interval="1h")
    with pytest.raises(DataError, match="30min is not a multiple of the bars' interval, 1h"):
        resample(hours, "30min")
    with pytest.raises(DataError, match="90min is not a multiple"):
        resample(hours, "90min")
    with pytest.raises(DataError, match=r"bars\[0\]: ends after the 1h that it begins in"):
        resample(hours, "1h")
    with pytest.raises(DataError, match="interval"):
        resample(hours, "fortnight")
    with pytest.raises(ConfigError):
        resample(hours, "day", "Mars/Olympus")
