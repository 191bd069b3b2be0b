"""Tables become containers: columns are found by name, times converted, the interval inferred."""

import re
from datetime import date

import numpy as np
import pandas as pd
import pytest
from three_bars import TIMES, bars

import btcore as bt
from btcore.data import Bars, Quotes, Trades
from btcore.errors import ConfigError, DataError


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


def candles(scale=1.0, name=str.capitalize):
    columns = {"open": 2.0, "high": 3.0, "low": 1.0, "close": 2.5, "volume": 10.0}
    index = pd.DatetimeIndex(["2024-01-02", "2024-01-03", "2024-01-04"])
    return pd.DataFrame({name(key): [value * scale] * 3 for key, value in columns.items()}, index=index)


@pytest.fixture(params=["symbol first", "price first"])
def wide(request):
    """A frame as yfinance gives it, with columns of two levels."""

    def made(**frames):
        frame = pd.concat(frames, axis=1)
        return frame if request.param == "symbol first" else frame.swaplevel(axis=1)

    return made


def test_the_only_symbol_of_two_levels_is_taken(wide):
    assert Bars.from_frame(wide(AAPL=candles())) == Bars.from_frame(candles())


def test_of_several_symbols_one_or_all_are_asked_for(wide):
    frame = wide(AAPL=candles(), MSFT=candles(2.0))
    with pytest.raises(DataError, match=r"the columns are of 2 symbols, 'AAPL', 'MSFT'; pass symbol= .*by="):
        Bars.from_frame(frame)
    assert Bars.from_frame(frame, symbol="MSFT").close.tolist() == [5.0] * 3
    assert {name: bars.close[0] for name, bars in Bars.from_frame(frame, by="symbol").items()} == {
        "AAPL": 2.5,
        "MSFT": 5.0,
    }
    with pytest.raises(DataError, match="there is no 'GOOG' in the columns; they are of 'AAPL', 'MSFT'"):
        Bars.from_frame(frame, symbol="GOOG")


def test_a_row_of_other_symbols_is_none_of_a_symbol_without_values(wide):
    other = candles(2.0)
    other.iloc[0] = np.nan
    frame = wide(AAPL=candles(), MSFT=other)
    bars = Bars.from_frame(frame, by="symbol")["MSFT"]
    assert len(bars) == 2
    assert "2 of 3 rows have values of 'MSFT'" in bars.notes
    other.iloc[2, 3] = np.nan
    with pytest.raises(DataError, match=r"bars\[2\]: close is missing"):
        Bars.from_frame(wide(AAPL=candles(), MSFT=other), symbol="MSFT")


def test_two_levels_without_prices_or_three_levels_are_refused(wide):
    with pytest.raises(
        DataError, match="neither of the two levels of its columns names bars; the columns are"
    ):
        Bars.from_frame(wide(AAPL=candles()[["Open", "Close"]]))
    with pytest.raises(DataError, match="columns of 3 levels"):
        Bars.from_frame(pd.concat({"x": wide(AAPL=candles())}, axis=1))


@pytest.mark.parametrize(
    "index",
    [
        pd.DatetimeIndex(["2024-01-02", "2024-01-03", "2024-01-04"], name="when"),
        pd.DatetimeIndex(["2024-01-02", "2024-01-03", "2024-01-04"], tz="UTC"),
        pd.Index(["2024-01-02", "2024-01-03", "2024-01-04"], name="Date"),
        pd.Index(["2024-01-02", "2024-01-03", "2024-01-04"]),
        pd.Index([date(2024, 1, 2), date(2024, 1, 3), date(2024, 1, 4)]),
        pd.PeriodIndex(["2024-01-02", "2024-01-03", "2024-01-04"], freq="D"),
        pd.Index([1704153600, 1704240000, 1704326400], name="time"),
    ],
)
def test_times_in_the_index(index):
    assert Bars.from_frame(candles().set_axis(index)) == Bars.from_frame(candles())


def test_an_index_that_counts_rows_is_no_time():
    with pytest.raises(DataError, match=r"no column for timestamp; the columns are 'Open', 'High'"):
        Bars.from_frame(candles().reset_index(drop=True))
    with pytest.raises(DataError, match=r"no column for timestamp"):
        Bars.from_frame(candles().set_axis([3, 5, 7]))


def test_symbols_and_times_in_the_index():
    both = pd.concat({"A": candles(), "B": candles(2.0)}, names=["symbol", "date"])
    found = Bars.from_frame(both, by="symbol")
    assert {name: bars.close[0] for name, bars in found.items()} == {"A": 2.5, "B": 5.0}


def test_a_name_that_occurs_twice_is_refused_only_if_it_is_needed():
    frame = candles()
    frame.columns = ["Open", "High", "Low", "Close", "Close"]
    with pytest.raises(DataError, match=r"2 columns may be close: 'Close', 'Close'; .*; rename one of them"):
        Bars.from_frame(frame)
    frame.columns = ["Open", "High", "Low", "Close", "Note"]
    frame.insert(0, "Note", 1.0, allow_duplicates=True)
    assert len(Bars.from_frame(frame)) == 3


def test_what_is_no_table_is_refused():
    for value in (candles()["Close"], "a.csv", [1, 2], None):
        with pytest.raises(DataError, match="a dict or a structured array is needed, not"):
            Bars.from_frame(value)


@pytest.mark.parametrize("zone", [None, "America/New_York"])
def test_ends_that_are_dates_are_the_ends_of_these_days(zone):
    """Weeks from Monday to Friday: the close of a Friday is not known when it begins."""
    frame = {"date": ["2024-03-04", "2024-03-11"], "end": ["2024-03-08", "2024-03-15"]}
    frame |= {name: [1.0, 2.0] for name in ("open", "high", "low", "close")}
    bars = Bars.from_frame(frame, timezone=zone)
    midnights = (
        ["2024-03-09T00:00", "2024-03-16T00:00"] if zone is None else ["2024-03-09T05:00", "2024-03-16T04:00"]
    )
    assert bars.end.tolist() == np.array(midnights, "M8[ns]").astype(np.int64).tolist()
    assert (
        "end: the values are dates; the bars end with these days, at the midnights after them" in bars.notes
    )
    days = [np.array(frame[name], "M8[D]") for name in ("date", "end")]
    made = Bars(days[0], *[[1.0, 2.0]] * 4, end=days[1], timezone=zone)
    assert made.end.tolist() == bars.end.tolist()
    assert made.notes == (bars.notes[-1],)


def test_ends_that_are_instants_stay_as_they_are():
    frame = {name: [1.0] for name in ("open", "high", "low", "close")}
    frame |= {"time": ["2024-03-04T00:00Z"], "end": ["2024-03-09T00:00Z"]}
    assert Bars.from_frame(frame).end.tolist() == [int(np.datetime64("2024-03-09", "ns").astype(np.int64))]


def test_ends_that_are_the_dates_of_the_next_bars_are_refused():
    """Whether the day is part of the bar cannot be known."""
    frame = {name: [1.0, 1.0] for name in ("open", "high", "low", "close")}
    frame |= {"date": ["2024-03-04", "2024-03-05"], "end": ["2024-03-05", "2024-03-06"]}
    with pytest.raises(DataError, match=r"next bar begins \(a date as an end is the end of that day\)"):
        Bars.from_frame(frame)


@pytest.mark.parametrize("name", ["Gmt time", "timestamp_utc", "Datetime (UTC)", "time_utc"])
def test_a_column_whose_name_says_utc_is_not_read_as_local_time_of_another_zone(name):
    frame = {name: ["2024-01-02 14:30:00"], "bid": [1.0], "ask": [1.1]}
    expected = np.datetime64("2024-01-02T14:30", "ns").astype(int)
    assert Quotes.from_frame(frame).timestamp.tolist() == [expected]
    assert Quotes.from_frame(frame, timezone="UTC").timestamp.tolist() == [expected]
    with pytest.raises(
        DataError, match=rf"the name of the column '{re.escape(name)}' says UTC, but timezone= is"
    ):
        Quotes.from_frame(frame, timezone="America/New_York")
    with pytest.raises(DataError, match="says UTC"):
        bt.run({"X": frame}, "buy_and_hold", timezone="America/New_York")
    chosen = Quotes.from_frame(frame, {"timestamp": name}, timezone="America/New_York")
    assert chosen.timestamp.tolist() == [expected + 5 * 3600 * 10**9]
    zoned = frame | {name: ["2024-01-02T14:30:00Z"]}
    assert Quotes.from_frame(zoned, timezone="America/New_York").timestamp.tolist() == [expected]


@pytest.mark.parametrize("clock", ["ExchTime", "Clock", "TIME_OF_TRADE"])
def test_ticks_whose_times_are_dates_beside_an_unused_time_of_day_are_refused(clock):
    """Otherwise all ticks of a day are at midnight."""
    frame = {"DATE": ["20240102", "20240103"], clock: ["9:30:00", "9:31:00"], "PRICE": [1.0, 2.0]}
    with pytest.raises(
        DataError, match=rf"the time of day may be in '{clock}': columns=.*\('DATE', '{clock}'\)"
    ):
        Trades.from_frame(frame)
    pair = Trades.from_frame(frame, {"timestamp": ("DATE", clock)})
    assert pair.timestamp[0] == np.datetime64("2024-01-02T09:30", "ns").astype(int)
    assert Trades.from_frame(frame, {"timestamp": "DATE"}).timestamp.tolist() == [
        np.datetime64(day, "ns").astype(int) for day in ("2024-01-02", "2024-01-03")
    ]


def test_several_ticks_of_one_date_are_noted():
    frame = {"DATE": ["2024-01-02", "2024-01-02", "2024-01-03"], "PRICE": [1.0, 2.0, 3.0]}
    note = "rows with the date of the row before, and all times are midnights: 1 of 3 rows"
    assert note in Trades.from_frame(frame).notes
    daily = {"observation_date": ["2024-01-02", "2024-01-03"], "price": [1.0, 2.0]}
    assert not any("midnights" in note for note in Trades.from_frame(daily).notes)


def test_dates_and_times_of_day_of_taq_are_one_time():
    frame = {"DATE": ["20240102"], "TIME_M": ["9:30:00.123456789"], "BID": [1.0], "ASK": [2.0]}
    moment = np.datetime64("2024-01-02T09:30:00.123456789", "ns").astype(int)
    assert Quotes.from_frame(frame).timestamp.tolist() == [moment]


def test_milliseconds_are_taken_before_seconds():
    frame = {"time": [1_704_067_200], "bid": [1.0], "ask": [2.0], "time_msc": [1_704_067_200_123]}
    quotes = Quotes.from_frame(frame)
    assert quotes.timestamp.tolist() == [1_704_067_200_123 * 10**6]
    assert "timestamp is the column 'time_msc', not 'time'" in quotes.notes


def test_rows_of_one_symbol_are_refused_if_another_column_tells_them_apart():
    frame = {
        "time": np.arange(4) + 1_704_067_200,
        "symbol": ["ES", "ES", "NQ", "ES"],
        "contract": ["ESH4", "ESM4", "NQH4", "ESH4"],
        "price": [1.0, 2.0, 3.0, 4.0],
    }
    with pytest.raises(
        DataError, match=r"the column 'contract' has 2 values, 'ESH4', 'ESM4'; in the rows of 'ES'"
    ):
        Trades.from_frame(frame, symbol="ES")
    assert Trades.from_frame(frame, symbol="NQ").price.tolist() == [3.0]
    assert Trades.from_frame(frame, symbol="ESH4").price.tolist() == [1.0, 4.0]
    assert Trades.from_frame(frame, {"symbol": "symbol"}, symbol="ES").price.tolist() == [1.0, 2.0, 4.0]


@pytest.mark.parametrize("symbol", [None, "ES"])
def test_adds_and_cancels_are_no_trades(symbol):
    frame = {
        "ts_event": np.arange(3) + 1_704_067_200,
        "action": ["A", "C", "T"],
        "side": ["B", "B", "A"],
        "price": [10.0, 10.0, 11.0],
        "symbol": ["ES"] * 3,
    }
    with pytest.raises(DataError, match=r"the column 'action' has 3 values, 'A', 'C', 'T'"):
        Trades.from_frame(frame, symbol=symbol)
    assert Trades.from_frame(frame, {"symbol": "action"}, symbol="T").price.tolist() == [11.0]


def test_levels_of_a_book_are_no_stream_of_quotes():
    frame = {"time": [1_704_067_200] * 2, "bid": [1.0, 0.9], "ask": [2.0, 2.1], "level": [0, 1]}
    with pytest.raises(DataError, match=r"the column 'level' has 2 values, '0', '1'"):
        Quotes.from_frame(frame)
    assert Quotes.from_frame(frame, {"symbol": "level"}, symbol="0").bid.tolist() == [1.0]
