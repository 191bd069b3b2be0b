"""Local times, ISO 8601 texts and epoch numbers become UTC nanoseconds."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from btcore.data.timestamps import TimeRules, moment_ns, read_times
from btcore.errors import ConfigError, DataError
from btcore.times.clock import to_ns
from btcore.times.intervals import interval_name, interval_ns, resolution_of
from btcore.times.zones import localize, midnights, utc_offsets

ZONES = [
    "America/New_York",
    "Europe/London",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "America/Sao_Paulo",
    "Etc/GMT+5",
    "UTC",
]


def ns(text):
    return int(np.datetime64(text, "ns").astype(int))


def column(values, timezone="UTC", **rules):
    return read_times(values, "bars", TimeRules(timezone, **rules)).ns


@given(
    st.sampled_from(ZONES),
    st.lists(st.integers(ns("1950-01-01") // 10**9, ns("2060-01-01") // 10**9), min_size=1),
)
def test_offsets_are_those_of_zoneinfo(zone, seconds):
    times = np.array(seconds, np.int64) * 10**9
    expected = []
    for second in seconds:
        moment = datetime(1970, 1, 1, tzinfo=ZoneInfo("UTC")) + timedelta(seconds=second)
        expected.append(int(moment.astimezone(ZoneInfo(zone)).utcoffset().total_seconds()) * 10**9)
    assert np.array_equal(np.broadcast_to(utc_offsets(times, zone), times.shape), expected)
    # The way back: only times in the repeated hour have two results.
    local = times + utc_offsets(times, zone)
    earlier, later = localize(local, zone, dst="earlier"), localize(local, zone, dst="later")
    assert np.all((earlier == times) | (later == times))


def test_local_times_that_do_not_exist_or_occur_twice():
    gap, twice = np.array([0, ns("2024-03-10T02:30")]), np.array([0, 0, ns("2024-11-03T01:30")])
    with pytest.raises(
        DataError, match=r"times\[1\]: local time 2024-03-10T02:30:00 does not exist in America/New_York"
    ):
        localize(gap, "America/New_York")
    with pytest.raises(
        DataError, match=r"times\[2\]: local time 2024-11-03T01:30:00 occurs twice .* pass dst"
    ):
        localize(twice, "America/New_York")
    assert localize(gap, "America/New_York", dst="earlier")[1] == ns("2024-03-10T07:00")
    assert localize(twice, "America/New_York", dst="earlier")[2] == ns("2024-11-03T05:30")
    assert localize(twice, "America/New_York", dst="later")[2] == ns("2024-11-03T06:30")


def test_unknown_zone():
    with pytest.raises(ConfigError, match="'Mars/Olympus' is not a known IANA time zone"):
        localize(np.array([0]), "Mars/Olympus")


@pytest.mark.parametrize(
    "moment",
    [
        1704067200 * 10**9,
        np.int64(1704067200 * 10**9),
        "2024-01-01",
        "20240101",
        "2024-01-01T00:00:00Z",
        "2024-01-01 01:00+01:00",
        date(2024, 1, 1),
        datetime(2024, 1, 1),
        datetime(2024, 1, 1, 9, tzinfo=ZoneInfo("Asia/Tokyo")),
        np.datetime64("2024-01-01"),
        pd.Timestamp("2024-01-01"),
    ],
)
def test_moments(moment):
    assert moment_ns(moment) == 1704067200 * 10**9


def test_moments_keep_nanoseconds_and_read_naive_ones_in_a_zone():
    assert moment_ns(pd.Timestamp(5)) == 5
    assert moment_ns("2024-07-01", "America/New_York") == ns("2024-07-01T04:00")
    assert moment_ns(date(2024, 7, 1), "America/New_York") == ns("2024-07-01T04:00")


@pytest.mark.parametrize("moment", [1.5, True, "yesterday", None, np.datetime64("NaT", "ns")])
def test_invalid_moments(moment):
    with pytest.raises(DataError, match="start"):
        moment_ns(moment, name="start")


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["2024-01-01"], "2024-01-01"),
        (["2024-01-01 09:30"], "2024-01-01T09:30"),
        (["2024-01-01T09:30:15"], "2024-01-01T09:30:15"),
        ([" 2024-01-01 09:30:15.123456789 "], "2024-01-01T09:30:15.123456789"),
        (["2024/01/01 09:30:15"], "2024-01-01T09:30:15"),
        (["20240101"], "2024-01-01"),
        (["20240101 09:30"], "2024-01-01T09:30"),
        (["20240101 09:30:15.5"], "2024-01-01T09:30:15.5"),
        (["2024-01-01T09:30:15Z"], "2024-01-01T09:30:15"),
        (["2024-01-01 09:30:15 UTC"], "2024-01-01T09:30:15"),
        (["2024-01-01 09:30:15.250000-05:00"], "2024-01-01T14:30:15.25"),
        (["2024-01-01T09:30:15+0530"], "2024-01-01T04:00:15"),
        (["1704101415"], "2024-01-01T09:30:15"),
        (["1704101415000"], "2024-01-01T09:30:15"),
        (["1704101415000000"], "2024-01-01T09:30:15"),
        (["1704101415000000001"], "2024-01-01T09:30:15.000000001"),
        (["1704101415.5"], "2024-01-01T09:30:15.5"),
        (["-1704067200"], "1916-01-02"),
        ([1704101415], "2024-01-01T09:30:15"),
        ([20240229], "2024-02-29"),
        ([1704101415.25], "2024-01-01T09:30:15.25"),
        ([date(2024, 1, 1)], "2024-01-01"),
        ([datetime(2024, 1, 1, 9)], "2024-01-01T09:00"),
    ],
)
def test_columns_of_times(texts, expected):
    assert column(pl.Series(texts)).tolist() == [ns(expected)]


def test_columns_of_times_mixed_and_in_zones():
    mixed = pl.Series(["2024-01-01 00:00:00", "2024-01-01 00:00:00.5", "2024-01-02"])
    assert column(mixed).tolist() == [
        ns("2024-01-01"),
        ns("2024-01-01T00:00:00.5"),
        ns("2024-01-02"),
    ]
    offsets = pl.Series(["2024-03-10 01:00:00-05:00", "2024-03-10 03:00:00-04:00"])
    assert np.diff(column(offsets)).tolist() == [3600 * 10**9]
    local = column(pl.Series(["2024-07-01", "2024-12-01"]), "America/New_York")
    assert local.tolist() == [ns("2024-07-01T04:00"), ns("2024-12-01T05:00")]
    assert column(pl.Series([20240701]), "America/New_York").tolist() == [ns("2024-07-01T04:00")]
    assert column(pl.Series([20240701]), unit="s").tolist() == [20240701 * 10**9]
    american = column(pl.Series(["01/02/2024 15:00"]), time_format="%m/%d/%Y %H:%M")
    assert american.tolist() == [ns("2024-01-02T15:00")]
    fraction = column(pl.Series(["01/02/2024 15:00:00.5"]), time_format="%m/%d/%Y %H:%M:%S.%f")
    assert fraction.tolist() == [ns("2024-01-02T15:00:00.5")]
    zoned = column(pl.Series(["2024-01-01 00:00 +0100"]), time_format="%Y-%m-%d %H:%M %z")
    assert zoned.tolist() == [ns("2023-12-31T23:00")]


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        (["2024-01-01", "01/02/2024"], {}, r"bars\[1\]: timestamp '01/02/2024' is not an ISO 8601 time"),
        (["2024-01-01", "2024-02-30"], {}, r"bars\[1\]: timestamp '2024-02-30' is not"),
        (["2024-01-01", None], {}, r"bars\[1\]: timestamp is missing"),
        (
            ["2024-01-01T00:00:00Z", "2024-01-02T00:00:00"],
            {},
            r"bars\[1\]: .* has no UTC offset, but others have",
        ),
        ([20240101, 20241301], {}, r"bars\[1\]: timestamp 20241301 is not a date"),
        ([20240101, 20240230], {}, r"bars\[1\]: timestamp 20240230 is not a date"),
        ([1.0, float("nan")], {}, r"bars\[1\]: timestamp nan is not a finite number"),
        (
            [10**18],
            {"unit": "s"},
            r"bars\[0\]: timestamp 1000000000000000000 is .* in seconds, outside the years 1800 to 2100",
        ),
        (["99999999999999999999"], {}, r"bars\[0\]: timestamp 9{20} is outside the range of int64"),
        ([1], {"unit": "weeks"}, "unit: 'weeks' is not one of s, ms, us, ns"),
        (
            ["2024-01-01"],
            {"time_format": "%d.%m.%Y"},
            r"bars\[0\]: timestamp '2024-01-01' is not in the format '%d.%m.%Y'",
        ),
        (
            ["2024-01-01", "2024-03-10 02:30"],
            {"timezone": "America/New_York"},
            r"bars\[1\]: .* does not exist",
        ),
    ],
)
def test_bad_columns_of_times(values, options, message):
    with pytest.raises(DataError, match=message):
        column(pl.Series(values, strict=False), **options)


def test_names_of_intervals():
    for name in ("1ns", "5us", "250ms", "1s", "90s", "5min", "1h", "7d"):
        assert interval_name(interval_ns(name)) == name
    assert interval_name(interval_ns("60s")) == "1min"
    assert [resolution_of(interval_ns(n)) for n in ("1s", "1min", "1h", "1d", "2d")] == [
        "second",
        "minute",
        "hour",
        "day",
        None,
    ]


forms = st.sampled_from(
    [
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%dT%H:%M:%S.%f",
        "%Y-%m-%d",
        "%Y%m%d %H:%M",
        "%Y/%m/%d %H:%M:%S",
        "%Y-%m-%d %H:%M",
    ]
)
zones = st.sampled_from(["", "Z", " UTC", "+05:30", "-0500"])


@given(
    st.lists(st.tuples(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)), forms, zones), min_size=1),
    st.booleans(),
)
def test_uniform_and_mixed_texts_are_parsed_as_python_does(rows, alike):
    texts, expected = [], []
    for moment, form, zone in rows:
        if alike:
            form, zone = rows[0][1:]  # noqa: PLW2901
        zone = zone if "%H" in form and all(z and "%H" in f for _, f, z in rows) else ""  # noqa: PLW2901
        texts.append(moment.strftime(form) + zone)
        offset = (
            timedelta(hours=5, minutes=30)
            if zone == "+05:30"
            else timedelta(hours=-5 if zone == "-0500" else 0)
        )
        read = datetime.strptime(moment.strftime(form), form) - offset - datetime(1970, 1, 1)
        expected.append((read.days * 86400 + read.seconds) * 10**9 + read.microseconds * 1000)
    if all(text.isdigit() for text in texts):
        return
    assert column(pl.Series(texts)).tolist() == expected


@pytest.mark.parametrize(
    "timezone", ["UTC", "America/New_York", "America/Sao_Paulo", "Asia/Kolkata", "Australia/Lord_Howe"]
)
def test_midnights_begin_the_local_days(timezone):
    """Sao Paulo had no midnight on 2018-11-04: that day begins at the change of the clock."""
    first, last = datetime(2018, 10, 20), datetime(2018, 11, 20)
    found = midnights(to_ns(first, timezone) + 1, to_ns(last, timezone) + 1, timezone)
    days = [to_ns(first + timedelta(days=i), timezone) for i in range(len(found))]
    assert found.tolist() == days
    assert len(found) > 32
