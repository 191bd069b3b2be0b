"""Tables become containers: columns are found by name, times converted, the interval inferred."""

import numpy as np
import pandas as pd
import pytest

from btcore.data import Bars, Quotes, Trades
from btcore.errors import ConfigError, DataError

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


def test_frames_there_and_back():
    made = bars()
    assert Bars.from_frame(made.to_pandas()) == made
    assert Bars.from_frame(made.to_polars()) == made
    assert Bars.from_frame(made.to_polars().to_arrow()) == made
    columns = {**made.columns, "timestamp": made.timestamp.view("datetime64[ns]")}
    assert Bars.from_frame(columns) == made
    record = np.rec.fromarrays(list(columns.values()), names=list(columns))
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
    with pytest.raises(DataError, match="no column for bid, ask; the columns are 'Date', 'When', 'P'"):
        Quotes.from_frame(frame)
    with pytest.raises(DataError, match="a dict or a structured array is needed, not int"):
        Quotes.from_frame(5)


def test_frames_with_buyer_maker():
    frame = {
        "time": [1704067200, 1704067201],
        "price": [1.0, 2.0],
        "qty": [3.0, 4.0],
        "is_buyer_maker": [True, False],
    }
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


@pytest.mark.parametrize(("name", "value"), [("timezone", "Mars"), ("timezone", 5), ("dst", "Later")])
def test_timezone_and_dst_are_checked_for_times_that_do_not_need_them(name, value):
    with pytest.raises(ConfigError, match=f"{name}: {value!r} is not"):
        Bars.from_frame(
            pd.DataFrame({"timestamp": TIMES, **dict.fromkeys(("open", "high", "low", "close"), 1.0)}),
            **{name: value},
        )
