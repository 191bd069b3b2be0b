"""A small file of each layout, as the vendor writes it: what is read, by name and by its header."""

import gzip
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pytest

import btcore as bt
from btcore.data.vendors.registry import LAYOUTS

pytest.importorskip("polars")
NY = "America/New_York"


class File(NamedTuple):
    """A file, its layout, what must be given, and what is in its first row."""

    form: str
    name: str
    text: str
    kind: str
    time: str  # UTC
    values: dict[str, float]
    given: Mapping[str, Any] = MappingProxyType({})
    found: bool = True  # without format=
    zone: str | None = "UTC"
    note: str = ""


MT5 = "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\n"
KLINES = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,"
    "taker_buy_quote_volume,ignore\n"
)
DATABENTO = (
    "ts_recv,ts_event,rtype,publisher_id,instrument_id,action,side,"
    "depth,price,size,flags,ts_in_delta,sequence"
)
EST = {
    "time": "2012-02-01T05:00:00",
    "kind": "bars",
    "zone": "Etc/GMT+5",
    "found": False,
    "given": {"interval": "1min"},
}
PRICES = {"open": 1.3066, "close": 1.30656}

FILES = [
    File(
        "binance_klines",
        "BTCUSDT-1m-2025-01-01.csv",
        "1735689600000000,93576.0,93610.9,93537.5,"
        "93610.9,8.2,1735689659999999,774000.1,2631,4.9,466000.2,0\n"
        "1735689660000000,93610.9,93652.0,93606.2,"
        "93652.0,10.0,1735689719999999,940000.1,1939,6.1,578000.2,0\n",
        "bars",
        "2025-01-01T00:00:00",
        {"open": 93576.0, "close": 93610.9, "volume": 8.2},
    ),
    File(
        "binance_klines",
        "BTCUSDT-1m-2024-01-01.csv",
        KLINES + "1704067200000,42314.0,42335.8,42289.6,42331.9,"
        "289.6,1704067259999,12256155.2,3310,175.2,7414459.9,0\n"
        + "1704067260000,42331.9,42353.1,42331.8,42350.4,"
        "202.4,1704067319999,8572241.3,2474,145.7,6169953.1,0\n",
        "bars",
        "2024-01-01T00:00:00",
        {"high": 42335.8, "low": 42289.6},
    ),
    File(
        "binance_aggtrades",
        "BTCUSDT-aggTrades-2024-01-01.csv",
        "1999,42314.0,0.5,4000,4001,1704067200100,true\n2000,42315.0,0.25,4002,4002,1704067200200,false\n",
        "trades",
        "2024-01-01T00:00:00.100",
        {"price": 42314.0, "size": 0.5, "side": -1},
    ),
    File(
        "binance_bookticker",
        "BTCUSDT-bookTicker-2024-01-01.csv",
        "update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,event_time\n"
        "3784,42314.0,3.5,42314.1,2.5,1704067200005,1704067200010\n",
        "quotes",
        "2024-01-01T00:00:00.005",
        {"bid": 42314.0, "ask": 42314.1, "bid_size": 3.5, "ask_size": 2.5},
        note="timestamp is 'transaction_time'; 'event_time' is that of the message",
    ),
    File(
        "metatrader4",
        "EURUSD1.csv",
        "2024.01.02,00:00,1.10427,1.10429,1.10425,1.10429,11\n"
        "2024.01.02,00:01,1.10429,1.10429,1.10426,1.10427,9\n",
        "bars",
        "2024-01-01T22:00:00",
        {"open": 1.10427, "close": 1.10429},
        {"timezone": "Europe/Athens"},
        found=False,
        zone="Europe/Athens",
        note="tick_volume counts changes of the price, no quantity, and is not used",
    ),
    File(
        "metatrader5",
        "EURUSD_M1.csv",
        MT5 + "2024.07.02\t00:00:00\t1.07400\t1.07402\t1.07398\t1.07401\t40\t0\t3\n"
        "2024.07.02\t00:01:00\t1.07401\t1.07403\t1.07400\t1.07402\t31\t0\t2\n",
        "bars",
        "2024-07-01T21:00:00",
        {"open": 1.074, "close": 1.07401},
        {"timezone": "Europe/Athens"},
        zone="Europe/Athens",
        note="<VOL> is 0 in all rows: no volume is known; columns={'volume': None} leaves it out",
    ),
    File(
        "metatrader5",
        "EURUSD_ticks.csv",
        "<DATE>\t<TIME>\t<BID>\t<ASK>\t<LAST>\t<VOLUME>\t<FLAGS>\n"
        "2024.07.02\t00:00:00.100\t1.07400\t1.07402\t\t\t6\n"
        "2024.07.02\t00:00:00.250\t1.07401\t\t\t\t2\n",
        "quotes",
        "2024-07-01T21:00:00.100",
        {"bid": 1.074, "ask": 1.07402},
        {"timezone": "Europe/Athens"},
        zone="Europe/Athens",
    ),
    File(
        "stooq",
        "aapl.us.txt",
        "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\n"
        "AAPL.US,D,20240102,000000,187.15,188.44,183.885,185.64,82488674,0\n"
        "AAPL.US,D,20240103,000000,184.22,185.88,183.43,184.25,58414460,0\n",
        "bars",
        "2024-01-02T00:00:00",
        {"open": 187.15, "volume": 82488674},
        zone=None,
        note="the dates are days of the exchange",
    ),
    File(
        "stooq",
        "aapl_us_60.txt",
        "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\n"
        "AAPL.US,60,20240102,160000,187.15,188.44,183.885,185.64,100,0\n"
        "AAPL.US,60,20240102,170000,184.22,185.88,183.43,184.25,100,0\n",
        "bars",
        "2024-01-02T15:00:00",
        {"open": 187.15},
        zone="Europe/Warsaw",
    ),
    File(
        "dukascopy",
        "EURUSD_Candlestick_1_M_BID_02.01.2024.csv",
        "Gmt time,Open,High,Low,Close,Volume\n"
        "02.01.2024 00:00:00.000,1.10427,1.10429,1.10425,1.10429,11.5\n"
        "02.01.2024 00:01:00.000,1.10429,1.10429,1.10426,1.10427,9.25\n",
        "bars",
        "2024-01-02T00:00:00",
        {"open": 1.10427, "volume": 11.5},
        note="the prices are of the bid, by the name of the file",
    ),
    File(
        "dukascopy",
        "EURUSD_Ticks.csv",
        "Local time,Ask,Bid,AskVolume,BidVolume\n02.01.2024 01:00:00.036 GMT+0100,1.10430,1.10427,0.9,1.8\n",
        "quotes",
        "2024-01-02T00:00:00.036",
        {"bid": 1.10427, "ask": 1.1043, "ask_size": 0.9},
        zone=None,
    ),
    File(
        form="histdata",
        name="DAT_ASCII_EURUSD_M1_2012.csv",
        text="20120201 000000;1.306600;1.306600;1.306560;1.306560;0\n"
        "20120201 000100;1.306570;1.306570;1.306470;1.306560;0\n",
        values=PRICES,
        **EST,
    ),
    File(
        form="histdata",
        name="DAT_MT_EURUSD_M1_2012.csv",
        text="2012.02.01,00:00,1.306600,1.306600,1.306560,1.306560,0\n"
        "2012.02.01,00:01,1.30657,1.30657,1.30647,1.30656,0\n",
        values=PRICES,
        **EST,
    ),
    File(
        "histdata",
        "DAT_ASCII_EURUSD_T_201207.csv",
        "20120702 000003660,1.306600,1.306770,0\n20120702 000003973,1.306610,1.306780,0\n",
        "quotes",
        "2012-07-02T05:00:03.660",  # UTC-5 in summer too
        {"bid": 1.3066, "ask": 1.30677},
        found=False,
        zone="Etc/GMT+5",
    ),
    File(
        "truefx",
        "EURUSD-2024-01.csv",
        "EUR/USD,20240102 00:00:00.044,1.10427,1.10431\nEUR/USD,20240102 00:00:00.108,1.10427,1.1043\n",
        "quotes",
        "2024-01-02T00:00:00.044",
        {"bid": 1.10427, "ask": 1.10431},
    ),
    File(
        "firstrate",
        "AAPL_1min.txt",
        "2024-07-02 09:30:00,216.15,216.42,215.89,216.2,1200\n"
        "2024-07-02 09:31:00,216.22,216.88,216.03,216.5,900\n",
        "bars",
        "2024-07-02T13:30:00",
        {"open": 216.15, "volume": 1200},
        {"interval": "1min"},
        found=False,
        zone=NY,
    ),
    File(
        "yahoo",
        "AAPL.csv",
        "Date,Open,High,Low,Close,Adj Close,Volume\n"
        "2024-01-02,187.15,188.44,183.89,185.64,184.94,82488700\n"
        "2024-01-03,184.22,185.88,183.43,184.25,183.55,58414500\n",
        "bars",
        "2024-01-02T00:00:00",
        {"close": 185.64, "volume": 82488700},
        zone=None,
        note="the dates are days of the exchange; open to close are adjusted for splits, not for dividends",
    ),
    File(
        "kaggle_stocks",
        "AAPL_data.csv",
        "date,open,high,low,close,volume,Name\n2013-02-07,67.71,68.4,66.89,67.85,158168416,AAPL\n"
        "2013-02-08,68.07,69.27,67.6,68.56,129029425,AAPL\n",
        "bars",
        "2013-02-07T00:00:00",
        {"open": 67.71},
        zone=None,
    ),
    File(
        "kaggle_stocks",
        "aapl.us.txt",
        "Date,Open,High,Low,Close,Volume,OpenInt\n2013-02-07,67.71,68.4,66.89,67.85,158168416,0\n"
        "2013-02-08,68.07,69.27,67.6,68.56,129029425,0\n",
        "bars",
        "2013-02-07T00:00:00",
        {"open": 67.71},
        found=False,
        zone=None,
    ),
    File(
        "tradingview",
        "NASDAQ_AAPL, 60.csv",
        "time,open,high,low,close,Volume\n"
        "1704205800,187.15,188.44,183.89,185.64,100\n1704209400,184.22,185.88,183.43,184.25,90\n",
        "bars",
        "2024-01-02T14:30:00",
        {"open": 187.15, "volume": 100},
        found=False,
        zone=None,
    ),
    File(
        "databento",
        "ohlcv.csv",
        "ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume,symbol\n"
        "1704186000000000000,33,1,4916,4815250000000,4816000000000,4815000000000,4815500000000,120,ESH4\n"
        "1704186060000000000,33,1,4916,4815500000000,4816250000000,4815250000000,4816000000000,80,ESH4\n",
        "bars",
        "2024-01-02T09:00:00",
        {"open": 4815.25, "volume": 120},
        note="prices are whole numbers of 1e-9 and divided by 1e9",
    ),
    File(
        "databento",
        "trades.csv",
        f"{DATABENTO},symbol\n"
        f"2024-01-02T09:00:00.000200000Z,2024-01-02T09:00:00.000100000Z,0,1,4916,T,A,0,4815.25,3,0,1,77,ESH4\n",
        "trades",
        "2024-01-02T09:00:00.000100",
        {"price": 4815.25, "size": 3, "side": -1},
        note="timestamp is 'ts_event', of the exchange; 'ts_recv' is the arrival at Databento",
    ),
    File(
        "databento",
        "mbp-1.csv",
        f"{DATABENTO},bid_px_00,ask_px_00,bid_sz_00,ask_sz_00,bid_ct_00,ask_ct_00,symbol\n"
        "2024-01-02T09:00:00.000200000Z,2024-01-02T09:00:00.000100000Z,"
        "1,1,4916,A,B,0,4815.0,3,0,1,77,4815.0,4815.25,12,9,3,4,ESH4\n",
        "quotes",
        "2024-01-02T09:00:00.000100",
        {"bid": 4815.0, "ask": 4815.25, "bid_size": 12, "ask_size": 9},
    ),
    File(
        "tardis",
        "quotes.csv",
        "exchange,symbol,timestamp,local_timestamp,ask_amount,ask_price,bid_price,bid_amount\n"
        "deribit,BTC-PERPETUAL,1704067200010000,1704067200020000,200,42314.5,42314.0,150\n",
        "quotes",
        "2024-01-01T00:00:00.010",
        {"bid": 42314.0, "ask": 42314.5, "bid_size": 150, "ask_size": 200},
        note="timestamp is that of the exchange; 'local_timestamp' is the arrival at Tardis",
    ),
    File(
        "tardis",
        "trades.csv",
        "exchange,symbol,timestamp,local_timestamp,id,side,price,amount\n"
        "deribit,BTC-PERPETUAL,1704067200010000,1704067200020000,9,sell,42314.0,150\n",
        "trades",
        "2024-01-01T00:00:00.010",
        {"price": 42314.0, "size": 150, "side": -1},
    ),
    File(
        "backtrader",
        "orcl.csv",
        "datetime,open,high,low,close,volume,openinterest\n"
        "2024-01-02,105.0,106.0,104.0,105.5,1000,0\n2024-01-03,105.5,106.5,104.5,106.0,900,0\n",
        "bars",
        "2024-01-02T00:00:00",
        {"close": 105.5},
        found=False,
        zone=None,
    ),
    File(
        "zipline_csvdir",
        "AAPL.csv",
        "date,open,high,low,close,volume,dividend,split\n"
        "2024-01-02,105.0,106.0,104.0,105.5,1000,0.0,1.0\n"
        "2024-01-03,52.5,53.5,52.0,53.0,900,0.25,2.0\n",
        "bars",
        "2024-01-02T00:00:00",
        {"close": 105.5},
        zone=None,
        note="splits, which are not applied: 1",
    ),
]
IDS = [f"{file.form}-{file.name}" for file in FILES]


def written(folder, file):
    path = folder / file.name
    path.write_text(file.text)
    return path


def reader(path, **options):
    return bt.read_csv(path, **options)


def check(data, file):
    assert data.kind == file.kind
    assert data.timestamp[0] == np.datetime64(file.time, "ns").astype(np.int64)
    assert {name: data.columns[name][0] for name in file.values} == file.values
    if "timezone" not in file.given or file.zone is not None:
        assert data.timezone == file.zone
    assert any(note.startswith(file.note) for note in data.notes)


@pytest.mark.parametrize("file", FILES, ids=IDS)
def test_by_its_name(file, tmp_path):
    data = reader(written(tmp_path, file), format=file.form, **file.given)
    check(data, file)
    assert any(note.startswith("format: ") and note.endswith(", as given") for note in data.notes)


@pytest.mark.parametrize(
    "file", [f for f in FILES if f.found], ids=[i for f, i in zip(FILES, IDS, strict=True) if f.found]
)
def test_without_a_name(file, tmp_path):
    data = reader(written(tmp_path, file), **file.given)
    check(data, file)
    assert any(note.startswith("format: ") and "by " in note for note in data.notes)


@pytest.mark.parametrize("file", FILES, ids=IDS)
def test_compressed(file, tmp_path):
    path = tmp_path / f"{file.name}.gz"
    path.write_bytes(gzip.compress(file.text.encode()))
    assert reader(path, format=file.form, **file.given) == reader(
        written(tmp_path, file), format=file.form, **file.given
    )


@pytest.mark.parametrize("file", FILES, ids=IDS)
def test_another_kind_or_format_is_refused(file, tmp_path):
    path = written(tmp_path, file)
    kinds = {layout.kind for layout in LAYOUTS if layout.name == file.form}
    for kind in {"bars", "quotes", "trades"} - kinds:
        with pytest.raises(
            bt.DataError, match=rf"format: '{file.form}' is of .*, not of {kind}; leave the kind out"
        ):
            reader(path, kind=kind, format=file.form, **file.given)
    other = "tardis" if file.form != "tardis" else "yahoo"
    with pytest.raises(
        bt.DataError, match=rf"{file.name}.*format '{other}' has .*; (the columns are|there is no header)"
    ):
        reader(path, format=other)


def test_every_layout_of_a_text_file_is_here():
    here = {(file.form, file.kind) for file in FILES}
    others = {"ccxt", "yfinance", "hftbacktest", "nautilus"}  # tables and binary files
    assert {(layout.name, layout.kind) for layout in LAYOUTS if layout.name not in others} <= here


def test_an_unknown_format_lists_all(tmp_path):
    with pytest.raises(bt.DataError, match="format: 'excel' is not one of binance_klines, binance_aggtrades"):
        reader(written(tmp_path, FILES[0]), format="excel")


@pytest.mark.parametrize("name", ["EURUSD_M1.csv", "EURUSD1.csv", "EURUSD_ticks.csv"])
def test_the_clock_of_a_broker_must_be_given(name, tmp_path):
    file = next(each for each in FILES if each.name == name)
    with pytest.raises(
        bt.DataError, match=f"format '{file.form}': pass timezone=; the times are those of a clock"
    ):
        reader(written(tmp_path, file), format=file.form)
    if file.found:
        notes = reader(written(tmp_path, file)).notes
        assert any("the times are those of a clock that the file does not name" in note for note in notes)


def test_options_that_are_given_go_first(tmp_path):
    file = next(each for each in FILES if each.name == "DAT_ASCII_EURUSD_M1_2012.csv")
    bars = reader(written(tmp_path, file), format="histdata", timezone="UTC", interval="1min")
    assert bars.timestamp[0] == np.datetime64("2012-02-01T00:00", "ns").astype(np.int64)
    assert "timezone: UTC, as given; by the format Etc/GMT+5" in bars.notes


def test_the_sides_of_ticks_that_did_not_change_are_carried(tmp_path):
    file = next(each for each in FILES if each.name == "EURUSD_ticks.csv")
    quotes = reader(written(tmp_path, file), format="metatrader5", timezone="UTC")
    assert (quotes.bid.tolist(), quotes.ask.tolist()) == ([1.074, 1.07401], [1.07402, 1.07402])
    assert any("<ASK> is empty where it did not change" in note for note in quotes.notes)


def test_a_file_of_many_symbols(tmp_path):
    path = tmp_path / "all_stocks_5yr.csv"
    rows = [
        f"2013-02-{day:02},{p},{p},{p},{p},100,{name}"
        for name, p in (("AAL", 15.0), ("AAPL", 67.0))
        for day in (7, 8)
    ]
    path.write_text("\n".join(["date,open,high,low,close,volume,Name", *rows]))
    made = bt.read_csv(path, by="symbol")
    assert {name: bars.close.tolist() for name, bars in made.items()} == {"AAL": [15, 15], "AAPL": [67, 67]}
    with pytest.raises(bt.DataError, match="2 values, 'AAL', 'AAPL'"):
        bt.read_csv(path, format="kaggle_stocks")


def test_a_run_and_pieces_know_the_format(tmp_path):
    path = written(tmp_path, FILES[0])
    result = bt.run(path, "buy_and_hold", symbol="BTCUSDT")
    assert any("format: Binance klines, by the values of its first row" in line for line in result.logs)
    (piece,) = bt.scan_csv(path)  # the length of the bars is that between the two times of the first row
    assert piece == bt.read_csv(path)
    assert "interval: 1min, by the format" in piece.notes
    assert piece.notes


def test_ccxt_rows_and_tables():
    rows = [[1704067200000, 1.0, 3.0, 0.5, 2.0, 10.0], [1704067260000, 2.0, 3.0, 1.5, 2.5, 11.0]]
    bars = bt.Bars.from_frame(rows, format="ccxt")
    assert (bars.close.tolist(), bars.resolution, bars.timezone) == ([2.0, 2.5], "minute", "UTC")
    assert "the last row may be a bar that was not over" in bars.notes
    assert bt.Bars.from_frame(np.array(rows), format="ccxt") == bars
    pd = pytest.importorskip("pandas")
    assert bt.Bars.from_frame(pd.DataFrame(rows), format="ccxt") == bars
    with pytest.raises(bt.DataError, match=r"rows of 6 values are needed.*; row 1 is \[1\]"):
        bt.Bars.from_frame([rows[0], [1]], format="ccxt")


def test_yfinance_frames():
    pd = pytest.importorskip("pandas")
    index = pd.DatetimeIndex(["2024-01-02", "2024-01-03"], tz=NY, name="Date")
    prices = {name: [187.0, 184.0] for name in ("Open", "High", "Low", "Close")}
    frame = pd.DataFrame(
        prices | {"Volume": [1, 2], "Dividends": [0.0, 0.24], "Stock Splits": [0.0, 0.0]}, index=index
    )
    bars = bt.Bars.from_frame(frame)
    assert (bars.timezone, bars.resolution) == (NY, "day")
    assert any("yfinance" in note and "by its columns" in note for note in bars.notes)
    assert any(note.startswith("dividends, in the prices already") for note in bars.notes)
    plain = frame[["Open", "High", "Low", "Close", "Volume"]].tz_localize(None)
    both = pd.concat({"AAPL": plain, "MSFT": plain}, axis=1).swaplevel(axis=1)
    assert set(bt.Bars.from_frame(both, format="yfinance", by="symbol")) == {"AAPL", "MSFT"}
