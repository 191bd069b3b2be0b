"""Columns of every type become read-only arrays, without a copy if possible."""

import copy
import pickle
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from btcore.data import Bars, Quotes, Trades
from btcore.errors import DataError

TIMES = np.array([0, 60, 120], np.int64) * 10**9


def bars(**changes):
    columns = {
        "timestamp": TIMES,
        "open": [1.0, 2.0, 3.0],
        "high": [2.0, 3.0, 4.0],
        "low": [0.5, 1.5, 2.5],
        "close": [1.5, 2.5, 3.5],
        "volume": [10.0, 0.0, 5.0],
    }
    return Bars(**{**columns, **changes})


def test_positional_order_is_the_documented_one():
    made = Bars(TIMES, [1, 1, 1], [2, 2, 2], [0.5, 0.5, 0.5], [1, 1, 1], [7, 8, 9])
    assert made.volume.tolist() == [7, 8, 9]
    quotes = Quotes(TIMES, [1, 1, 1], [2, 2, 2], [3, 3, 3], [4, 4, 4])
    assert (quotes.bid_size.tolist(), quotes.ask_size.tolist()) == ([3, 3, 3], [4, 4, 4])
    trades = Trades(TIMES, [1, 1, 1], [3, 3, 3], [1, -1, 0])
    assert (trades.size.tolist(), trades.side.tolist()) == ([3, 3, 3], [1, -1, 0])


def test_optional_columns():
    assert bars(volume=None).volume.tolist() == [0.0, 0.0, 0.0]
    quotes, trades = Quotes(TIMES, [1, 1, 1], [1, 1, 1]), Trades(TIMES, [1, 1, 1])
    assert quotes.bid_size is None
    assert quotes.ask_size is None
    assert trades.size is None
    assert trades.side is None
    assert list(quotes.columns) == ["timestamp", "bid", "ask"]
    assert list(trades.columns) == ["timestamp", "price"]
    with pytest.raises(DataError, match="both sizes or neither"):
        Quotes(TIMES, [1, 1, 1], [1, 1, 1], [1, 1, 1])


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


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        ("1s", 10**9),
        ("1min", 60 * 10**9),
        ("5min", 300 * 10**9),
        ("1h", 3600 * 10**9),
        ("1d", 86400 * 10**9),
        ("day", 86400 * 10**9),
        ("250ms", 250 * 10**6),
        (17, 17),
        (np.int64(10**9), 10**9),
        (timedelta(minutes=1, microseconds=1), 60 * 10**9 + 1000),
    ],
)
def test_intervals(interval, expected):
    assert Bars([0], [1], [1], [1], [1], interval=interval).interval == expected


@pytest.mark.parametrize(
    "interval", ["", "0s", "1 min", "min", "-1s", "1y", 0, -5, True, 1.5, None, timedelta(0), 2**62]
)
def test_bad_intervals(interval):
    with pytest.raises(DataError, match="interval"):
        Bars([0], [1], [1], [1], [1], interval=interval)


@pytest.mark.parametrize("source", ["", "a b", "../x", "TRADE", 7])
def test_bad_source(source):
    with pytest.raises(DataError, match=r"bars\.source"):
        bars(source=source)


def test_sides_as_words():
    trades = Trades([1, 2, 3, 4], [1, 1, 1, 1], side=["buy", "SELL", "", 1])
    assert trades.side.tolist() == [1, -1, 0, 1]
    assert trades.side.dtype == np.int8
    with pytest.raises(
        DataError, match=r"trades\[1\]: side is not buy or sell, \+1, -1 or 0 \(side='long'\)"
    ):
        Trades([1, 2], [1, 1], side=["buy", "long"])
    with pytest.raises(DataError, match=r"trades\[0\]: side is not \+1, -1 or 0 \(side=2\)"):
        Trades([1, 2], [1, 1], side=[2, 1])
    with pytest.raises(DataError, match=r"trades\.side"):
        Trades([1, 2], [1, 1], side=[True, False])


def test_a_container_cannot_be_changed():
    made = bars()
    with pytest.raises(AttributeError, match="cannot be changed"):
        made.interval = 5
    with pytest.raises(AttributeError):
        made.open = None
    made.columns.clear()
    assert list(made.columns) == ["timestamp", "open", "high", "low", "close", "volume"]


def test_slices_share_memory_and_are_half_open():
    made = bars()
    part = made.slice(60 * 10**9, 120 * 10**9)
    assert part.timestamp.tolist() == [60 * 10**9]
    assert np.shares_memory(part.open, made.open)
    assert (part.interval, part.source) == (made.interval, made.source)
    assert made.row_range(1, 120 * 10**9 + 1) == (1, 3)
    assert made.row_range(None, None) == (0, 3)
    assert len(made.slice(500 * 10**9, 100)) == 0
    assert made.slice(0, None) is made


def test_content_hash_depends_on_the_content():
    made = bars()
    assert made.content_hash == bars().content_hash
    assert len(made.content_hash) == 64
    others = [
        bars(close=[1.5, 2.5, 3.6]),
        bars(interval="30s"),
        made.slice(0, 10**9),
        Trades(TIMES, [1, 1, 1]),
        Trades(TIMES, [1, 1, 1], [1, 1, 1]),
        Trades([], []),
    ]
    assert len({other.content_hash for other in [made, *others]}) == len(others) + 1


def test_equality_and_copies():
    made = bars()
    assert made == bars()
    assert hash(made) == hash(bars())
    assert made != bars(close=[1.5, 2.5, 3.6])
    assert made != bars(interval="1s")
    assert made != bars(source="mid")
    assert made != Trades(TIMES, [1, 1, 1])
    assert made != 5
    assert Trades(TIMES, [1, 1, 1]) != Trades(TIMES, [1, 1, 1], [1, 1, 1])
    for twin in (pickle.loads(pickle.dumps(made)), copy.deepcopy(made)):
        assert twin == made
        assert twin.interval == made.interval
        assert not twin.open.flags.writeable


def test_repr():
    assert repr(bars()) == "Bars(3 rows, 1min, 1970-01-01T00:00:00Z .. 1970-01-01T00:02:00Z)"
    assert repr(Trades([], [])) == "Trades(0 rows)"


def test_empty_containers():
    for made in (Bars([], [], [], [], []), Quotes([], [], []), Trades([], [], [], [])):
        assert len(made) == 0
        assert made.timestamp.dtype == np.int64
        assert made.content_hash


def test_frames_there_and_back():
    made = bars()
    assert Bars.from_frame(made.to_pandas()) == made
    assert Bars.from_frame(made.to_polars()) == made
    assert Bars.from_frame(made.to_polars().to_arrow()) == made
    assert Bars.from_frame(made.columns) == made
    record = np.rec.fromarrays(list(made.columns.values()), names=list(made.columns))
    assert Bars.from_frame(np.asarray(record)) == made
    trades = Trades(TIMES, [1, 2, 3], [4, 5, 6], [1, 0, -1])
    assert Trades.from_frame(trades.to_pandas()) == trades
    quotes = Quotes(TIMES, [1, 2, 3], [4, 5, 6], [1, 0, 1], [2, 2, 2])
    assert Quotes.from_frame(quotes.to_polars()) == quotes


def test_frames_by_other_names():
    frame = pd.DataFrame(
        {"Date": ["x", "y"], "When": pd.to_datetime(["2024-07-01", "2024-07-02"]), "P": [1.0, 2.0]}
    )
    trades = Trades.from_frame(frame, {"timestamp": "When", "price": "P"}, "America/New_York")
    assert trades.timestamp[0] == np.datetime64("2024-07-01T04:00", "ns").astype(int)
    with pytest.raises(DataError, match="there is no 'Q' for price; the columns are 'Date', 'When', 'P'"):
        Trades.from_frame(frame, {"price": "Q"})
    with pytest.raises(DataError, match="'prise' is not a column of trades"):
        Trades.from_frame(frame, {"prise": "P"})
    with pytest.raises(DataError, match="no column for bid; the columns are 'Date', 'When', 'P'"):
        Quotes.from_frame(frame)
    with pytest.raises(DataError, match="a dict or a structured array is needed, not int"):
        Quotes.from_frame(5)


def test_frames_with_buyer_maker():
    frame = {"time": [1, 2], "price": [1.0, 2.0], "qty": [3.0, 4.0], "is_buyer_maker": [True, False]}
    trades = Trades.from_frame(frame)
    assert (trades.size.tolist(), trades.side.tolist()) == ([3.0, 4.0], [-1, 1])
    with pytest.raises(DataError, match=r"trades\[1\]: buyer_maker is not true, false, 1 or 0"):
        Trades.from_frame({**frame, "is_buyer_maker": ["true", "perhaps"]})


def test_the_interval_is_inferred_from_a_frame():
    days = pd.DataFrame(
        {name: [1.0, 1.0] for name in ("Open", "High", "Low", "Close")},
        index=pd.DatetimeIndex(["2024-01-01", "2024-01-02"], name="Session"),
    )
    assert Bars.from_frame(days).interval == 86400 * 10**9
    assert Bars.from_frame(days, interval="1h").interval == 3600 * 10**9
    assert Bars.from_frame(days, {"timestamp": "Session"}) == Bars.from_frame(days)
    with pytest.raises(DataError, match="interval: it cannot be inferred from fewer than two bars"):
        Bars.from_frame(days[:1])
