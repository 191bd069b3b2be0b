"""Columns of any type become values or are refused in words, never by an error of another package."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from btcore.data import Bars, Trades
from btcore.data.tables.column_types import with_readable_types
from btcore.errors import DataError

TIMES = np.array(["2024-01-01", "2024-01-02", "2024-01-03"], "M8[D]")
MOMENTS = [dt.datetime(2024, 1, 2, 9, 30, second) for second in range(3)]
PER_ROW = "one value a row is needed, not "
REFUSED = {
    "list": ([[1], [2], [3]], PER_ROW),
    "ragged": ([[1], [2, 3], 4], PER_ROW),
    "dicts": ([{"a": 1}] * 3, PER_ROW),
    "pandas lists": (pd.Series([[1], [2], [3]]), PER_ROW),
    "numpy records": (np.zeros(3, [("a", "i4")]), PER_ROW),
    "polars list": (pl.Series([[1]] * 3), PER_ROW),
    "polars struct": (pl.Series([{"a": 1}] * 3), PER_ROW),
    "polars object": (pl.Series([object()] * 3, dtype=pl.Object), PER_ROW),
    "arrow list": (pa.array([[1]] * 3), PER_ROW),
    "arrow list view": (pa.array([[1]] * 3, pa.list_view(pa.int8())), PER_ROW),
    "arrow map": (pa.array([[("a", 1)]] * 3, pa.map_(pa.string(), pa.int8())), PER_ROW),
    "arrow runs": (pa.RunEndEncodedArray.from_arrays(pa.array([3], pa.int32()), pa.array([1.0])), PER_ROW),
    "arrow months": (pa.array([(1, 2, 3)] * 3, pa.month_day_nano_interval()), PER_ROW),
    "number": (5, "a sequence or an array is needed, not 5"),
    "text": ("abc", "a sequence or an array is needed, not 'abc'"),
    "set": ({1, 2, 3}, "a sequence or an array is needed"),
    "generator": ((x for x in range(3)), "a sequence or an array is needed"),
    "no dimension": (np.array(5.0), "one dimension is needed"),
    "two dimensions": (np.ones((3, 1)), "one dimension is needed"),
    "short": ([1, 2], r"\d rows, but \w+ has \d"),
    "empty": ([], r"\d rows, but \w+ has \d"),
    "no unit": (np.array([1, 2, 3]).view("M8"), "datetime64 without a unit"),
}
FIELDS = ["time", "price", "size", "side", "symbol"]


def trades(**columns):
    return {
        "time": TIMES,
        "price": [1.0] * 3,
        "size": [1.0] * 3,
        "side": [1, -1, 0],
        "symbol": ["A"] * 3,
    } | columns


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("options", [{}, {"missing": "drop"}, {"by": "symbol"}, {"time_format": "%Y-%m-%d"}])
def test_columns_that_are_none_are_refused_wherever_they_stand(name, field, options):
    column, problem = REFUSED[name]
    if "time_format" in options and field != "time":
        return
    with pytest.raises(DataError, match=problem):
        Trades.from_frame(trades(**{field: column}), **options)


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("field", ["date", "time"])
def test_dates_and_times_of_day_are_refused_alike(name, field):
    column, problem = REFUSED[name]
    table = {"date": ["2024-01-02"] * 3, "time": ["09:30"] * 3, "price": [1.0] * 3} | {field: column}
    with pytest.raises(DataError, match=problem):
        Trades.from_frame(table)


@pytest.mark.parametrize(
    "dates",
    [
        [MOMENTS[0], MOMENTS[1].replace(tzinfo=dt.UTC), MOMENTS[2]],
        [Decimal("NaN")] * 3,
        pd.Series([MOMENTS[0], None, MOMENTS[2]], dtype="timestamp[us, UTC][pyarrow]"),
    ],
)
def test_dates_of_several_kinds_are_refused(dates):
    with pytest.raises(DataError):
        Trades.from_frame({"date": dates, "time": ["09:30"] * 3, "price": [1.0] * 3})


@pytest.mark.parametrize("unit", ["M", "W", "D", "h", "s", "ms", "us", "ns"])
def test_dates_of_every_unit_of_numpy(unit):
    dates = np.array(["2024-02-01"], "M8[D]").astype(f"M8[{unit}]")
    made = Trades.from_frame({"date": dates, "time": ["09:30"], "price": [1.0]})
    expected = np.datetime64(dates[0], "D") + np.timedelta64(570, "m")
    assert made.timestamp.tolist() == [expected.astype("M8[ns]").astype(int)]


def test_integers_of_128_bits_are_times_prices_and_symbols():
    seconds = pl.Series([1_704_067_200, 1_704_067_201, 1_704_067_202], dtype=pl.Int128)
    made = Trades.from_frame(trades(time=seconds, price=pl.Series([7, 8, 9], dtype=pl.UInt128)))
    assert made.timestamp.tolist() == [second * 10**9 for second in seconds]
    assert made.price.tolist() == [7.0, 8.0, 9.0]
    large = with_readable_types({"a": pl.Series([2**100, None], dtype=pl.Int128)}, "trades")["a"]
    assert large.to_list() == [2.0**100, None]


@pytest.mark.parametrize(
    "symbols",
    [
        pa.array(["A", "B", "A"], pa.string_view()),
        pa.array([Decimal(1), Decimal(2), Decimal(1)], pa.decimal32(5, 0)),
    ],
)
def test_symbols_of_arrow_types_that_have_few_functions(symbols):
    made = Trades.from_frame(trades(symbol=symbols, price=[1.0, 2.0, 3.0]), by="symbol")
    assert [part.price.tolist() for part in made.values()] == [[1.0, 3.0], [2.0]]


def test_constructors_refuse_what_no_array_can_be_made_of():
    union = pa.UnionArray.from_dense(
        pa.array([0] * 3, pa.int8()), pa.array([0, 1, 2], pa.int32()), [pa.array([1, 2, 3])]
    )
    for column in (pl.Series([1, 2, 3], dtype=pl.Int128), union):
        with pytest.raises(DataError, match=r"bars\.open: the values do not make one column"):
            Bars(TIMES, column, [2.0] * 3, [1.0] * 3, [1.0] * 3)
