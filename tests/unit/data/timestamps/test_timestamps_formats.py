"""Times in a format of the user: which directives are allowed, and what each of them reads."""

import numpy as np
import polars as pl
import pytest

from btcore.data.timestamps import TimeRules, read_times
from btcore.errors import DataError


def ns(text):
    return int(np.datetime64(text, "ns").astype(int))


def read(texts, time_format, **rules):
    return read_times(pl.Series(texts), "bars", TimeRules(time_format=time_format, **rules))


@pytest.mark.parametrize(
    ("text", "time_format", "expected"),
    [
        ("02.01.2024", "%d.%m.%Y", "2024-01-02"),
        ("02.01.24", "%d.%m.%y", "2024-01-02"),
        ("02.01.99", "%d.%m.%y", "1999-01-02"),
        ("01/02/24", "%D", "2024-01-02"),
        ("2024-01-02 21:30", "%F %R", "2024-01-02T21:30"),
        ("2024-100", "%Y-%j", "2024-04-09"),
        ("2024-05", "%Y-%m", "2024-05-01"),
        ("Jan 2, 2024 9:30 PM", "%b %d, %Y %I:%M %p", "2024-01-02T21:30"),
        ("2 January 2024 12 AM", "%d %B %Y %I %p", "2024-01-02"),
        ("Tue 02 Jan 2024", "%a %d %b %Y", "2024-01-02"),
        ("2024-01-02 09", "%Y-%m-%d %H", "2024-01-02T09:00"),
        ("2024-01-02 09:30:00.5", "%Y-%m-%d %H:%M:%S.%f", "2024-01-02T09:30:00.5"),
        ("2024-01-02 09:30:00.123456789", "%Y-%m-%d %H:%M:%S.%f", "2024-01-02T09:30:00.123456789"),
        ("2024-01-02 09:30:00,123", "%Y-%m-%d %H:%M:%S,%f", "2024-01-02T09:30:00.123"),
        ("20240102093000123", "%Y%m%d%H%M%S%f", "2024-01-02T09:30:00.123"),
        ("20240102093000123456", "%Y%m%d%H%M%S%f", "2024-01-02T09:30:00.123456"),
        ("20240102093000123456789", "%Y%m%d%H%M%S%f", "2024-01-02T09:30:00.123456789"),
        ("20240102 09:30:00 US/Eastern", "%Y%m%d %H:%M:%S %Z", "2024-01-02T14:30"),
        ("20240702 09:30:00America/New_York", "%Y%m%d %H:%M:%S%Z", "2024-07-02T13:30"),
        ("2024-01-02 09:30 UTC", "%Y-%m-%d %H:%M %Z", "2024-01-02T09:30"),
        ("2024-01-02T09:30:00Z", "%Y-%m-%dT%H:%M:%S%z", "2024-01-02T09:30"),
        ("2024-01-02T09:30:00+01", "%Y-%m-%dT%H:%M:%S%z", "2024-01-02T08:30"),
        ("2024-01-02T09:30:00-05:30", "%Y-%m-%dT%H:%M:%S%z", "2024-01-02T15:00"),
        ("Tue Jan 02 09:30:00 +0100 2024", "%a %b %d %H:%M:%S %z %Y", "2024-01-02T08:30"),
    ],
)
def test_directives(text, time_format, expected):
    assert read([text, text], time_format).ns.tolist() == [ns(expected)] * 2


def test_integers_may_be_in_a_format_and_floats_not():
    assert read([2024010209], "%Y%m%d%H").ns.tolist() == [ns("2024-01-02T09:00")]
    with pytest.raises(DataError, match="time_format: the times are floats"):
        read([20240102.5], "%Y%m%d")
    with pytest.raises(DataError, match="time_format: the times are datetimes"):
        read_times(np.array(["2024-01-02"], "M8[s]"), "bars", TimeRules(time_format="%Y"))


@pytest.mark.parametrize(
    ("time_format", "problem"),
    [
        ("%H:%M", "has no date: a year and a month are needed"),
        ("%d.%m", "has no date"),
        ("%Y", "has no date"),
        ("%m-%d %H:%M:%S", "has no date"),
        ("no directive", "has no date"),
        ("%s", "has %s, which is not one of %Y"),
        ("%G-W%V-%u", "has %G, which is not one of"),
        ("%Y-%m-%d %c", "has %c, which is not one of"),
        ("%Y-%m-%d%", "has %, which is not one of"),
        ("%Z %Y-%m-%d", "has %Z, which must be at its end"),
        ("%Y-%m-%d %I:%M", "has only one of %I and %p"),
        ("%Y-%m-%d %H:%M %p", "has only one of %I and %p"),
        ("%Y-%m-%d %M", "has minutes or seconds, but no hour"),
        ("%Y-%m-%d %H %S", "has seconds, but no minutes"),
        ("%Y-%m-%d %H:%M.%f", "has a fraction, but no seconds"),
    ],
)
def test_formats_that_cannot_give_a_time_are_refused(time_format, problem):
    with pytest.raises(DataError, match=f"^time_format: .* {problem}"):
        read(["2024-01-02"], time_format)


@pytest.mark.parametrize(
    ("texts", "time_format", "problem"),
    [
        (["2024-01-02", "02.01.2024"], "%Y-%m-%d", r"bars\[1\]: timestamp '02.01.2024' is not in the format"),
        (["02.01.24"], "%d.%m.%Y", r"bars\[0\]: timestamp '02.01.24' is of the year 24, .*; %y reads"),
        (["02.01.2024", "02.01.99"], "%d.%m.%Y", r"bars\[1\]: .* is of the year 99, .*; %y reads"),
        (["01/02/3"], "%d/%m/%Y", r"bars\[0\]: .* is of the year 3,"),
        (["02.01.69"], "%d.%m.%y", r"bars\[0\]: .* the year 69 could be 1969 or 2069"),
        (["1600-01-01"], "%Y-%m-%d", r"bars\[0\]: .* is of the year 1600, outside the years 1800 to 2100"),
        (["2300-01-01 00:00:00.5"], "%Y-%m-%d %H:%M:%S.%f", r"bars\[0\]: .* is of the year 2300"),
        (["9999-12-31"], "%Y-%m-%d", r"bars\[0\]: .* is of the year 9999"),
        (["0001-01-01"], "%Y-%m-%d", r"bars\[0\]: .* is of the year 1,"),
        (["2016-12-31 23:59:60"], "%Y-%m-%d %H:%M:%S", r"bars\[0\]: .* is not in the format"),
        (["2024-01-02 09:30 EST"], "%Y-%m-%d %H:%M %Z", r"bars\[0\]: .* EST is an abbreviation"),
        (["2024-01-02 09:30 Mars/Base"], "%Y-%m-%d %H:%M %Z", r"bars\[0\]: .* Mars/Base is not a known IANA"),
        (["2024-01-02 09 UTC", "2024-01-02 09"], "%Y-%m-%d %H %Z", r"bars\[1\]: .* is not in the format"),
        (["2024-01-02 09:30 +01:99"], "%Y-%m-%d %H:%M %z", r"bars\[0\]: .* is not a UTC offset"),
        (["2024-01-02 09:30"], "%Y-%m-%d %H:%M %z", r"bars\[0\]: .* is not in the format"),
        (["2024-01-02 09:30:00.1234567891"], "%Y-%m-%d %H:%M:%S.%f", r"bars\[0\]: .* more digits than nano"),
        (["2024010209300012"], "%Y%m%d%H%M%S%f", "needs all texts to have the same 3, 6 or 9 digits for %f"),
        (["093000,1 2024-01-02", "093000,12 2024-01-02"], "%H%M%S,%f %Y-%m-%d", "needs all texts to have"),
    ],
)  # fmt: skip
def test_texts_that_do_not_fit_are_refused(texts, time_format, problem):
    with pytest.raises(DataError, match=problem):
        read(texts, time_format)


def test_texts_in_two_zones_and_in_one():
    one, two = "20240102 09:30 US/Eastern", "20240102 09:30 Europe/London"
    assert read([one], "%Y%m%d %H:%M %Z").zone == "US/Eastern"
    found = read([one, two], "%Y%m%d %H:%M %Z")
    assert found.ns.tolist() == [ns("2024-01-02T14:30"), ns("2024-01-02T09:30")]
    assert found.zone == "UTC"


def test_local_times_in_a_format_obey_timezone_and_dst():
    texts = [f"11/03/2024 01:{minute}" for minute in ("00", "30", "00", "30")]
    found = read(texts, "%m/%d/%Y %H:%M", timezone="America/New_York", dst="infer")
    assert found.ns.tolist() == [ns(f"2024-11-03T{t}") for t in ("05:00", "05:30", "06:00", "06:30")]
    assert found.note == "times: texts in the format '%m/%d/%Y %H:%M', local in America/New_York"
    assert found.counts == {"local times that occur twice (dst=infer)": 4}


def test_months_are_read_as_their_first_day_with_a_note():
    found = read(["2024-05", "2024-06"], "%Y-%m")
    assert (found.dates, "read as the first day of the month" in found.note) == (True, True)
    assert "first day" not in read(["2024-05-01"], "%Y-%m-%d").note


@pytest.mark.parametrize(
    ("good", "damaged", "time_format"),
    [
        ("12/10/2024", "12/ 1/2024", "%d/%m/%Y"),
        ("2024-01-12 10:12:12", "2024-01-12 10:12: 2", "%Y-%m-%d %H:%M:%S"),
        ("2024-01-12 10:12:12", "2024-01-12  0:12:12", "%Y-%m-%d %H:%M:%S"),
    ],
)
def test_a_blank_is_no_digit(good, damaged, time_format):
    with pytest.raises(DataError, match=r"bars\[1\]: .*is not in the format"):
        read([good, damaged], time_format)
