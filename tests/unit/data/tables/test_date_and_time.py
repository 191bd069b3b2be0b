"""A date and a time of day in two columns are one time, in every way of writing them."""

import datetime as dt

import pandas as pd
import polars as pl
import pytest

from btcore.data import Trades
from btcore.errors import DataError


def read(dates, times, **options):
    trades = Trades.from_frame({"Date": dates, "Time": times, "Price": [1.0] * len(dates)}, **options)
    return pd.to_datetime(trades.timestamp).strftime("%m-%d %H:%M:%S.%f").str.slice(0, 18).tolist()


@pytest.mark.parametrize(
    ("dates", "times", "expected"),
    [
        (["2024.01.02"] * 2, ["00:00:00", "00:01:00"], ["00:00:00.000", "00:01:00.000"]),
        (["2024/1/2"] * 2, ["9:30:00", "09:31:00"], ["09:30:00.000", "09:31:00.000"]),
        (["2024-01-02"] * 2, ["9:30 AM", "1:30 p.m."], ["09:30:00.000", "13:30:00.000"]),
        (["2024-01-02"] * 2, ["12:00:05 am", "12:30:05.250 PM"], ["00:00:05.000", "12:30:05.250"]),
        (["20240102"] * 2, ["153000", "153500"], ["15:30:00.000", "15:35:00.000"]),
        ([20240102] * 3, [0, 93000, 153500], ["00:00:00.000", "09:30:00.000", "15:35:00.000"]),
        ([20240102] * 2, [930, 1535], ["09:30:00.000", "15:35:00.000"]),
        ([dt.date(2024, 1, 2)] * 2, [dt.time(9, 30), dt.time(9, 31)], ["09:30:00.000", "09:31:00.000"]),
        (pl.Series([dt.date(2024, 1, 2)]), pl.Series([dt.time(9, 30, 0, 5000)]), ["09:30:00.005"]),
        (pd.to_datetime(pd.Series(["2024-01-02"])), pd.Series(["09:30:00,5"]), ["09:30:00.500"]),
        (["2024-01-02 "], [" 09:30 "], ["09:30:00.000"]),
    ],
)
def test_two_columns(dates, times, expected):
    assert read(dates, times) == [f"01-02 {time}" for time in expected]


def test_digits_that_may_be_epoch_seconds_are_times_of_day_only_if_the_columns_are_given():
    columns = {"timestamp": ("Date", "Time")}
    times = read([20240102] * 2, [93000123, 153500456], columns=columns)
    assert times == ["01-02 09:30:00.123", "01-02 15:35:00.456"]


def test_the_pair_is_noted():
    trades = Trades.from_frame({"Date": ["2024-01-02"], "Time": ["09:30"], "Price": [1.0]})
    assert "timestamp is 'Date' and 'Time' together" in trades.notes


def test_a_format_is_of_both_with_a_space_between():
    assert read(["01/02/2024"], ["9:30"], time_format="%d/%m/%Y %H:%M") == ["02-01 09:30:00.000"]


def test_a_date_that_may_be_two_is_refused():
    with pytest.raises(DataError, match="01/02/2024"):
        read(["01/02/2024"] * 2, ["09:30", "09:31"])


def test_a_column_of_whole_times_beside_a_date_is_taken_alone():
    frame = {"Date": ["x", "y"], "Time": [1704205800, 1704205860], "Price": [1.0, 2.0]}
    trades = Trades.from_frame(frame)
    assert trades.timestamp.tolist() == [1704205800 * 10**9, 1704205860 * 10**9]
    assert "timestamp is the column 'Time', not 'Date'" in trades.notes


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (["09:30", "noon"], r"trades\[1\]: Time is not a time of day \(Time='noon'\)"),
        (["9", "10"], "Time: '9' is not a time of day HHMM, HHMMSS or HHMMSSmmm"),
        (["09:30", "25:00"], r"trades\[1\]"),
        (["09:30", ""], r"trades\[1\]: timestamp is missing"),
    ],
)
def test_what_is_no_time_of_day_is_refused(times, message):
    with pytest.raises(DataError, match=message):
        read(["2024-01-02"] * 2, times, columns={"timestamp": ("Date", "Time")})


def test_rows_without_a_time_of_day_can_be_dropped():
    assert read(["2024-01-02"] * 2, ["", "09:30"], missing="drop") == ["01-02 09:30:00.000"]


DAYS = pd.to_datetime(["2024-01-02", "2024-01-02"])


@pytest.mark.parametrize(
    ("dates", "times", "message"),
    [
        (DAYS.tz_localize("America/New_York"), ["09:30", "09:31"], "dates without a time zone are needed"),
        (pl.Series(DAYS).dt.replace_time_zone("UTC"), ["09:30", "09:31"], "dates without a time zone"),
        (DAYS + pd.to_timedelta("9h"), ["09:30", "09:31"], r"trades\[0\]: Date has a time of day"),
        (DAYS, pd.to_timedelta(["09:30:00", "09:31:00"]), "dates and times of day are needed, not Duration"),
        (DAYS, [93000.5, 93100.5], "the numbers 93000.5 to 93100.5 could be of any unit"),
    ],
)
def test_columns_that_say_more_than_a_date_and_a_time_are_refused(dates, times, message):
    with pytest.raises(DataError, match=message):
        read(dates, times)


@pytest.mark.parametrize(
    ("times", "digits"),
    [(["0930", "0931"], "HHMM"), ([0, 93000], "HHMMSS")],
)
def test_the_note_says_how_times_of_day_are_written(times, digits):
    trades = Trades.from_frame({"Date": DAYS, "Time": times, "Price": [1.0, 1.0]})
    assert f"timestamp is 'Date' and 'Time' ({digits}) together" in trades.notes
