"""Columns of every type become read-only arrays, without a copy if possible."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from btcore.data import Trades
from btcore.errors import DataError

TIMES = np.array([0, 60, 120], np.int64) * 10**9


def test_contiguous_arrays_are_viewed_and_their_owner_stays_writable():
    price = np.array([1.0, 2.0, 3.0])
    trades = Trades(TIMES, price)
    assert np.shares_memory(trades.price, price)
    assert np.shares_memory(trades.timestamp, TIMES)
    assert price.flags.writeable
    assert not trades.price.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        trades.price[0] = 9.0


def test_read_only_arrays_are_accepted():
    price = np.array([1.0, 2.0, 3.0])
    price.flags.writeable = False
    assert np.shares_memory(Trades(TIMES, price).price, price)


def test_strided_arrays_are_copied():
    table = np.arange(1.0, 7.0).reshape(3, 2)
    trades = Trades(TIMES, table[:, 1])
    assert trades.price.tolist() == [2.0, 4.0, 6.0]
    assert trades.price.flags.c_contiguous
    assert not np.shares_memory(trades.price, table)


@pytest.mark.parametrize("dtype", [np.int32, np.uint16, np.int64, np.float32, ">f8", np.float16])
def test_numbers_of_any_kind_become_float64(dtype):
    trades = Trades(TIMES, np.array([1, 2, 3], dtype))
    assert trades.price.dtype == np.float64
    assert trades.price.dtype.isnative
    assert trades.price.tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    "values",
    [
        [True, False, True],
        ["1", "2", "3"],
        [1, None, 3],
        np.array([1, 2, 3], object),
        [1j, 2j, 3j],
        "abc",
        7,
        np.ones((3, 1)),
        [[1], [2, 3], [4]],
    ],
)
def test_columns_that_are_not_numbers_are_refused(values):
    with pytest.raises(DataError, match=r"trades\.price"):
        Trades(TIMES, values)


HOLDERS = {
    "list": list,
    "tuple": tuple,
    "series": pd.Series,
    "index": pd.Index,
    "nullable": lambda v: pd.Series(v, dtype="Float64"),
    "arrow series": lambda v: pd.Series(v, dtype="double[pyarrow]"),
    "polars": pl.Series,
    "pyarrow": pa.array,
    "chunked": lambda v: pa.chunked_array([v[:1], v[1:]]),
    "generator": lambda v: (x for x in v),
}


@pytest.mark.parametrize("holder", HOLDERS.values(), ids=HOLDERS)
def test_columns_of_any_type(holder):
    assert Trades(TIMES, holder([1.0, 2.0, 3.0])).price.tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("holder", [pl.Series, pa.array], ids=["polars", "pyarrow"])
def test_foreign_float64_is_not_copied(holder):
    column = holder([1.0, 2.0, 3.0])
    assert np.shares_memory(Trades(TIMES, column).price, column.to_numpy())


@pytest.mark.parametrize(
    "values",
    [
        pl.Series([1.0, None, 3.0]),
        pa.array([1.0, None, 3.0]),
        pd.Series([1.0, None, 3.0], dtype="Float64"),
        np.ma.array([1.0, 2.0, 3.0], mask=[False, True, False]),
    ],
)
def test_null_is_refused_by_row(values):
    with pytest.raises(DataError, match=r"trades\[1\]: price is null"):
        Trades(TIMES, values)


DAYS = [datetime(2024, 1, day, tzinfo=UTC) for day in (1, 2, 3)]
DAYS_NS = [1704067200 * 10**9 + i * 86400 * 10**9 for i in range(3)]
NEW_YORK = pd.DatetimeIndex(["2024-01-01", "2024-01-02", "2024-01-03"], tz="America/New_York")


@pytest.mark.parametrize(
    "times",
    [
        DAYS_NS,
        np.array(DAYS_NS, np.uint64),
        pd.Series(DAYS_NS),
        *[
            np.array(["2024-01-01", "2024-01-02", "2024-01-03"], f"datetime64[{u}]")
            for u in ("D", "s", "ms", "us", "ns")
        ],
        pd.DatetimeIndex(["2024-01-01", "2024-01-02", "2024-01-03"]),
        pd.DatetimeIndex(DAYS).as_unit("s"),
        pd.Series(pd.DatetimeIndex(DAYS)),
        pl.Series(DAYS),
        pl.Series([day.replace(tzinfo=None) for day in DAYS]),
        pl.Series([date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 3)]),
        pa.array(DAYS),
        DAYS,
        [day.astimezone(ZoneInfo("Asia/Tokyo")) for day in DAYS],
        [day.replace(tzinfo=None) for day in DAYS],
        [date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 3)],
        np.array(DAYS_NS, ">i8"),
    ],
)
def test_times_of_every_kind(times):
    trades = Trades(times, [1, 2, 3])
    assert trades.timestamp.dtype == np.int64
    assert trades.timestamp.tolist() == DAYS_NS


@pytest.mark.parametrize(
    "times",
    [NEW_YORK, pd.Series(NEW_YORK), pl.Series(NEW_YORK), pa.array(NEW_YORK), list(NEW_YORK)],
)
def test_times_with_a_zone_become_utc(times):
    assert Trades(times, [1, 2, 3]).timestamp.tolist() == [t + 5 * 3600 * 10**9 for t in DAYS_NS]


@pytest.mark.parametrize(
    "times",
    [
        pd.Series([pd.Timestamp("2024"), pd.NaT]),
        pd.Series([pd.Timestamp("2024", tz="UTC"), pd.NaT]),
        np.array(["2024", "NaT"], "datetime64[ns]"),
        pl.Series([datetime(2024, 1, 1), None]),
        pl.Series([1, None]),
        pa.array([datetime(2024, 1, 1), None]),
        [datetime(2024, 1, 1), None],
        [pd.Timestamp("2024", tz="UTC"), pd.NaT],
    ],
)
def test_a_missing_time_is_named_by_row(times):
    with pytest.raises(DataError, match=r"trades\[1\]: timestamp is (NaT|null|None)"):
        Trades(times, [1.0, 2.0])


@pytest.mark.parametrize(
    "times",
    [
        [1.0, 2.0],
        ["2024-01-01", "2024-01-02"],
        [True, False],
        np.array([1, 2], "timedelta64[s]"),
        np.array([2**63, 2**63 + 1], np.uint64),
        np.array(["2024-01-01", "9999-01-01"], "datetime64[s]"),
        np.array(["0001-01-01", "2024-01-01"], "datetime64[D]"),
    ],
)
def test_columns_that_are_not_times_are_refused(times):
    with pytest.raises(DataError, match="timestamp"):
        Trades(times, [1.0, 2.0])
