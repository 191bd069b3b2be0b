"""Columns of datetimes of every package are read by the same rules: zone, dates, years and nulls."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from btcore.data import Trades
from btcore.data.timestamps import ReadTimes, TimeRules, moment_ns, read_times, refuse_pieces
from btcore.errors import ConfigError, DataError

NEW_YORK = "America/New_York"
NAIVE = [datetime(2024, 1, 2, 9, 30), datetime(2024, 7, 2, 9, 30)]
AWARE = [moment.replace(tzinfo=ZoneInfo(NEW_YORK)) for moment in NAIVE]
AWARE_UTC = ["2024-01-02T14:30", "2024-07-02T13:30"]


def ns(*texts):
    return [int(np.datetime64(text, "ns").astype(int)) for text in texts]


def read(values, **rules):
    return read_times(values, "trades", TimeRules(**rules))


UNITS = ("D", "s", "ms", "us")
HOLDERS = {
    "list": list,
    "objects": lambda values: np.array(values, object),
    "pandas": pd.Series,
    "pandas index": pd.DatetimeIndex,
    "pandas objects": lambda values: pd.Series(values, dtype=object),
    "pandas of arrow": lambda values: pd.Series(pd.Series(values)).convert_dtypes(dtype_backend="pyarrow"),
    "polars": pl.Series,
    "polars ns": lambda values: pl.Series(values).dt.cast_time_unit("ns"),
    "pyarrow": pa.array,
    "chunks": lambda values: pa.chunked_array([pa.array(values[:1]), pa.array(values[1:])]),
}


@pytest.mark.parametrize("holder", HOLDERS.values(), ids=HOLDERS)
def test_naive_datetimes_are_local_in_the_timezone(holder):
    assert read(holder(NAIVE)).ns.tolist() == ns("2024-01-02T09:30", "2024-07-02T09:30")
    found = read(holder(NAIVE), timezone=NEW_YORK)
    assert found.ns.tolist() == ns(*AWARE_UTC)
    assert (found.zone, found.dates) == (NEW_YORK, False)
    assert found.note == "times: datetimes, local in America/New_York"


@pytest.mark.parametrize("holder", HOLDERS.values(), ids=HOLDERS)
def test_datetimes_with_a_zone_are_converted_and_keep_its_name(holder):
    found = read(holder(AWARE))
    assert (found.ns.tolist(), found.zone) == (ns(*AWARE_UTC), NEW_YORK)
    assert found.note == "times: datetimes in America/New_York"
    given = read(holder(AWARE), timezone="Europe/London")
    assert (given.ns.tolist(), given.zone) == (ns(*AWARE_UTC), "Europe/London")


def test_an_offset_has_no_name():
    fixed = [datetime(2024, 1, 2, tzinfo=timezone(timedelta(hours=5)))]
    for column in (fixed, pd.Series(fixed), pa.array(fixed)):
        found = read(column)
        assert (found.ns.tolist(), found.zone, found.dates) == (ns("2024-01-01T19:00"), "UTC", False)


@pytest.mark.parametrize(
    ("values", "dates"),
    [
        (pl.Series([date(2024, 1, 2)]), True),
        (pa.array([date(2024, 1, 2)]), True),
        ([date(2024, 1, 2), date(2024, 1, 3)], True),
        (np.array(["2024-01-02"], "datetime64[D]"), True),
        (pd.to_datetime(["2024-01-31", "2024-02-29"]), True),
        (pd.to_datetime(["2024-01-31 00:00", "2024-02-29 10:00"]), False),
        (pd.to_datetime(["2024-01-31", "2024-07-31"]).tz_localize(NEW_YORK), True),
        (pd.to_datetime(["2024-01-31", "2024-07-31"]).tz_localize("UTC"), False),
        (
            pd.to_datetime(["2024-01-31T05:00", "2024-07-31T05:00"]).tz_localize("UTC").tz_convert(NEW_YORK),
            False,
        ),
    ],
)
def test_columns_at_local_midnight_are_dates(values, dates):
    assert read(values).dates is dates


@pytest.mark.parametrize("year", [1, 1600, 1677, 2262, 2300, 9999])
def test_years_that_int64_cannot_hold_are_refused_in_every_column(year):
    day, moment = date(year, 6, 1), datetime(year, 6, 1)
    columns = [
        [date(2024, 1, 1), day],
        [datetime(2024, 1, 1), moment],
        [datetime(2024, 1, 1, tzinfo=UTC), moment.replace(tzinfo=UTC)],
        pl.Series([date(2024, 1, 1), day]),
        pl.Series([datetime(2024, 1, 1), moment]),
        pa.array([date(2024, 1, 1), day]),
        pa.array([datetime(2024, 1, 1), moment], pa.timestamp("s")),
        pd.Series(np.array(["2024-01-01", f"{year:04}-06-01"], "datetime64[s]")),
        *[np.array(["2024-01-01", f"{year:04}-06-01"], f"datetime64[{unit}]") for unit in UNITS],
    ]  # fmt: skip
    for column in columns:
        for literal in (False, True):
            with pytest.raises(DataError, match=r"trades\[1\]: timestamp .*outside .*the years 1678 to 2261"):
                read_times(column, "trades", literal=literal)


def test_years_of_readers_are_narrower_than_those_of_constructors():
    old = np.array(["1750-01-01"], "datetime64[s]")
    assert Trades(old, [1.0]).timestamp.tolist() == ns("1750-01-01")
    assert read(old, years=(1700, 2100)).ns.tolist() == ns("1750-01-01")
    with pytest.raises(
        DataError, match=r"trades\[0\]: timestamp 1750-01-01T00:00:00 is outside the years 1800"
    ):
        read(old)


def test_the_first_and_the_last_nanosecond_of_int64_are_taken_by_constructors():
    edges = ["1677-09-21T00:12:43.145224193", "2262-04-11T23:47:16.854775807"]
    assert Trades(np.array(edges, "datetime64[ns]"), [1.0, 1.0]).timestamp.tolist() == [
        -(2**63) + 1,
        2**63 - 1,
    ]
    with pytest.raises(DataError, match=r"trades\[0\]: timestamp .* is outside the years 1800 to 2100"):
        read(np.array(edges, "datetime64[ns]"))


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (
            [datetime(2024, 1, 1), datetime(2024, 1, 2, tzinfo=UTC)],
            r"\[1\]: .*some times have a time zone, others",
        ),
        (
            [datetime(2024, 1, 1, tzinfo=UTC), date(2024, 1, 2)],
            r"\[1\]: .*some times have a time zone, others",
        ),
        ([datetime(2024, 3, 10, 2, 30, tzinfo=ZoneInfo(NEW_YORK))], r"\[0\]: .* does not exist"),
        ([datetime(2024, 1, 1), "2024-01-02"], r"\[1\]: timestamp is '2024-01-02', not a date or a datetime"),
        ([datetime(2024, 1, 1), None], r"\[1\]: timestamp is None"),
        ([1704153600, None], r"\[1\]: timestamp is None"),
        (pd.Series([1704153600, None], dtype="Int64"), r"\[1\]: timestamp is missing"),
        (pd.Series(["2024-01-01", None]), r"\[1\]: timestamp is missing"),
        (pl.Series(["2024-01-01", None]), r"\[1\]: timestamp is missing"),
        (pl.Series([None]), r"\[0\]: timestamp is missing"),
        (pa.array([None, datetime(2024, 1, 1)]), r"\[0\]: timestamp is missing"),
        (np.array(["2024", "NaT"], "datetime64[s]"), r"\[1\]: timestamp is NaT"),
        ([time(9, 30)], r"\[0\]: timestamp is datetime.time\(9, 30\), not a date or a datetime"),
        (pl.Series([time(9, 30)]), r"\[0\]: timestamp is datetime.time"),
        (np.array([True]), r"\.timestamp: times are needed, not bool"),
        (np.array([1], "timedelta64[s]"), r"\.timestamp: times are needed, not timedelta64"),
        (np.array([b"2024-01-01", b"\xff"]), r"\[1\]: timestamp b'\\xff' is not a text of ASCII"),
        ("2024-01-01", r"\.timestamp: a sequence or an array is needed"),
        (np.zeros((2, 2)), r"\.timestamp: one dimension is needed"),
    ],
)
def test_columns_that_are_not_times_are_refused(values, problem):
    with pytest.raises(DataError, match="trades" + problem):
        read(values)


TEXTS = ["2024-01-02 09:30", "2024-01-02 09:31"]


@pytest.mark.parametrize(
    "texts",
    [
        TEXTS,
        np.array(TEXTS),
        np.array(TEXTS, "S"),
        np.array(TEXTS, object),
        pd.Series(TEXTS),
        pd.Series(TEXTS, dtype=object),
        pd.Series(TEXTS, dtype="category"),
        pl.Series(TEXTS),
        pl.Series(TEXTS, dtype=pl.Categorical),
        pl.Series(TEXTS, dtype=pl.Enum(TEXTS)),
        pa.array(TEXTS),
        pa.chunked_array([TEXTS[:1], TEXTS[1:]]),
    ],
)
def test_columns_of_texts(texts):
    assert read(texts).ns.tolist() == ns("2024-01-02T09:30", "2024-01-02T09:31")


def test_times_that_were_read_pass_as_they_are():
    found = read(TEXTS)
    assert read_times(found, "trades", TimeRules("Asia/Tokyo")) is found
    assert not found.ns.flags.writeable
    assert isinstance(found, ReadTimes)


@pytest.mark.parametrize(
    "values", [[], np.zeros(0), pl.Series([], dtype=pl.String), pa.array([], pa.int64())]
)
def test_an_empty_column_has_no_times(values):
    assert len(read(values).ns) == 0
    assert read(values).note == ""


def test_constructors_refuse_texts_and_name_the_way():
    for values in (TEXTS, [1.5]):
        with pytest.raises(DataError, match=r"int64 nanoseconds UTC or datetimes are needed.*from_frame"):
            read_times(values, "trades", literal=True)


@pytest.mark.parametrize(
    ("dst", "hours"),
    [("earlier", ("05:30", "07:00")), ("later", ("06:30", "07:00")), ("raise", None), ("infer", None)],
)
def test_datetimes_at_a_change_of_the_clock(dst, hours):
    column = [datetime(2024, 11, 3, 1, 30), datetime(2024, 11, 3, 2, 0)]
    if hours:
        assert read(column, timezone=NEW_YORK, dst=dst).ns.tolist() == ns(*(f"2024-11-03T{h}" for h in hours))
        return
    with pytest.raises(DataError, match=r"trades\[0\]: local time 2024-11-03T01:30:00 occurs twice"):
        read(column, timezone=NEW_YORK, dst=dst)


def test_infer_needs_the_whole_file():
    refuse_pieces(TimeRules(dst="later"))
    with pytest.raises(ConfigError, match='dst: "infer" needs the order of all rows'):
        refuse_pieces(TimeRules(dst="infer"))


def test_a_moment_at_a_change_of_the_clock_needs_its_offset():
    for text, problem in (("2024-11-03 01:30", "occurs twice"), ("2024-03-10 02:30", "does not exist")):
        for moment in (text, datetime.fromisoformat(text)):
            with pytest.raises(
                DataError, match=f"^start: local time .* {problem} in .*; give its UTC offset"
            ):
                moment_ns(moment, NEW_YORK, "start")
    assert moment_ns("2024-11-03 01:30-05:00", NEW_YORK) == ns("2024-11-03T06:30")[0]
    # A day that begins later, as the clock jumped over midnight.
    assert moment_ns("2018-11-04", "America/Sao_Paulo") == ns("2018-11-04T03:00")[0]


@pytest.mark.parametrize(
    "moment", ["0001-01-01", date(9999, 12, 31), datetime(1600, 1, 1), 2**63, np.datetime64("2300")]
)
def test_moments_that_int64_cannot_hold_are_refused(moment):
    with pytest.raises(DataError, match=r"start.*outside the years|start.*outside .*the years"):
        moment_ns(moment, NEW_YORK, "start")


@pytest.mark.parametrize("unit", ["ps", "fs", "as"])
def test_units_finer_than_nanoseconds_are_refused(unit):
    times = np.array([0, 1], f"M8[{unit}]")
    with pytest.raises(DataError, match=rf"datetime64\[{unit}\] is finer than nanoseconds"):
        read(times)
