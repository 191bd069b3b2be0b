"""Parquet files of NautilusTrader's data catalog, some of them written by it, and their import."""

from pathlib import Path

import numpy as np
import pytest

import btcore as bt
from btcore.data.vendors.nautilus import BarType, fixed_point

pl = pytest.importorskip("polars")

SAVED = Path(__file__).parents[3] / "saved" / "nautilus-1.221.0"
START = 1_704_067_200_000_000_000  # 2024-01-01
SECOND, MINUTE = 10**9, 60 * 10**9
COLUMNS = ("open", "high", "low", "close", "volume")
K = np.arange(20)


def file_of(pattern):
    (found,) = SAVED.glob(f"data/{pattern}/*.parquet")
    return found


def euro(points):
    return np.array([float(f"1.10{n:03}") for n in points])


def test_quotes_that_it_wrote():
    quotes = bt.read_parquet(file_of("quote_tick/EURUSD.SIM"))
    np.testing.assert_array_equal(quotes.timestamp, START + K * SECOND + 1)
    np.testing.assert_array_equal(quotes.bid, euro(K))
    np.testing.assert_array_equal(quotes.ask, euro(K + 2))
    np.testing.assert_array_equal(quotes.bid_size, 1_000_000.0 + K)
    assert quotes.timezone == "UTC"
    assert quotes.notes[0] == "format: NautilusTrader catalog, by its columns"


def test_trades_that_it_wrote():
    trades = bt.read_parquet(file_of("trade_tick/BTCUSDT.BINANCE"), format="nautilus")
    np.testing.assert_array_equal(trades.price, [float(f"{42_000 + k * 0.37:.2f}") for k in range(30)])
    np.testing.assert_array_equal(trades.size, [float(f"{0.001 * (k + 1):.6f}") for k in range(30)])
    np.testing.assert_array_equal(trades.side, [1, -1, 0] * 10)
    assert trades.timestamp[-1] == START + 29 * 10**6


def test_bars_that_it_wrote_begin_one_length_before_their_closes():
    bars = bt.read_parquet(file_of("bar/BTCUSDT.BINANCE-*"))
    np.testing.assert_array_equal(bars.timestamp, START + np.arange(6) * 5 * MINUTE)
    np.testing.assert_array_equal(bars.end, START + np.arange(1, 7) * 5 * MINUTE)
    np.testing.assert_array_equal(bars.close, 42_001.5 + np.arange(6))
    assert (bars.resolution, bars.source, bars.volume[0]) == ("5min", "trade", 1.5)
    assert bt.read_parquet(file_of("bar/EURUSD.SIM-1-MINUTE-BID*")).source == "bid"


def test_an_import_has_every_dataset_and_the_instruments(tmp_path):
    catalog = bt.Catalog(tmp_path / "catalog")
    seen = []
    written = bt.import_nautilus(SAVED, catalog, progress=lambda share, name: seen.append((share, name)))
    assert [(e.symbol, e.resolution, e.kind, e.source, e.rows) for e in catalog.list()] == [
        ("BTCUSDT.BINANCE", "5min", "bars", "trade", 6),
        ("BTCUSDT.BINANCE", "tick", "trades", "", 30),
        ("EUR/USD.SIM", "minute", "bars", "bid_ask", 10),
        ("EUR/USD.SIM", "minute", "bars", "mid", 10),
        ("EUR/USD.SIM", "tick", "quotes", "", 20),
    ]
    assert len(written) == 5
    assert (seen[0][0], seen[-1]) == (0.0, (1.0, "done"))
    both = catalog.read("EUR/USD.SIM", "minute", source="bid_ask")
    np.testing.assert_array_equal(both.bid.close, euro(np.arange(1, 11) + 1))
    np.testing.assert_array_equal(both.ask.close, euro(np.arange(1, 11) + 3))
    assert both.notes[-1] == "bid and ask: of two datasets; their volumes are left out"
    instrument = catalog.definition("BTCUSDT.BINANCE").instrument
    assert instrument == bt.Instrument(tick_size=0.01, lot_size=1e-6, currency="USDT")
    result = bt.run(catalog, "momentum", {"lookback_period": 5}, symbols=["EUR/USD.SIM"], resolution="tick")
    assert result.manifest["run"]["instruments"]["EUR/USD.SIM"]["tick_size"] == 1e-5


def test_only_the_symbols_that_are_asked_for(tmp_path):
    catalog = bt.Catalog(tmp_path / "catalog")
    bt.import_nautilus(SAVED, catalog, symbols=["BTCUSDT.BINANCE"])
    assert catalog.symbols() == ["BTCUSDT.BINANCE"]
    with pytest.raises(bt.DataError, match=r"'X' is not among its symbols, BTCUSDT.BINANCE, EUR/USD.SIM"):
        bt.import_nautilus(SAVED, catalog, symbols=["X", "EUR/USD.SIM"])
    with pytest.raises(bt.DataError, match="it has no files such as data/quote_tick"):
        bt.import_nautilus(tmp_path, catalog)


def packed(values, width, scale=10**9):
    return [round(value * scale).to_bytes(width, "little", signed=True) for value in values]


def bars_file(path, kind, closes, columns):
    """A file of bars of that type; `columns` are bytes by name, or prices for all of them."""
    if not isinstance(columns, dict):
        columns = dict.fromkeys(COLUMNS, packed(columns, 8))
    times = {name: pl.Series(closes, dtype=pl.UInt64) for name in ("ts_event", "ts_init")}
    path.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(columns | times).write_parquet(path, metadata={"bar_type": kind} if kind else {})
    return path


def test_numbers_of_eight_bytes_are_counts_of_a_thousand_millionth(tmp_path):
    kind, closes = "A.X-1-HOUR-LAST-INTERNAL", [3600 * SECOND * 500_000]
    bars = bt.read_parquet(bars_file(tmp_path / "a.parquet", kind, closes, [1234.5]))
    assert (bars.close[0], bars.resolution) == (1234.5, "hour")


def test_each_number_is_the_float_nearest_to_the_exact_value():
    counts = [10**21 + 1, 2**64 + 12_345, 3 * 10**15, 1, 0]
    column = pl.Series([n.to_bytes(16, "little", signed=True) for n in counts])
    assert fixed_point(column, "x", signed=True).tolist() == [n / 10**16 for n in counts]
    negative = pl.Series([(-(10**16)).to_bytes(16, "little", signed=True)])
    assert fixed_point(negative, "x", signed=True).tolist() == [-1.0]


@pytest.mark.parametrize("width", [8, 16])
def test_an_undefined_price_is_refused(tmp_path, width):
    undefined = (2 ** (8 * width - 1) - 1).to_bytes(width, "little")
    good = packed([1.0], width)[0]
    columns = {name: [good, undefined if name == "close" else good] for name in COLUMNS}
    file = bars_file(tmp_path / "a.parquet", "A.X-1-MINUTE-LAST-EXTERNAL", [MINUTE, 2 * MINUTE], columns)
    with pytest.raises(bt.DataError, match=r"a\.parquet.* row 2: close is undefined"):
        bt.read_parquet(file)


def test_bars_of_ticks_and_bars_without_a_type_are_refused(tmp_path):
    file = bars_file(tmp_path / "a.parquet", "A.X-100-TICK-LAST-INTERNAL", [SECOND], [1.0])
    with pytest.raises(bt.DataError, match="have no length of time, so that their beginnings are unknown"):
        bt.read_parquet(file)
    file = bars_file(tmp_path / "b.parquet", "", [SECOND], [1.0])
    with pytest.raises(bt.DataError, match="its bar type is missing"):
        bt.read_parquet(file)


def test_bars_of_bid_and_ask_with_other_times_stay_apart(tmp_path):
    for side, closes in (("BID", [60, 120]), ("ASK", [60, 180])):
        kind = f"A.X-1-MINUTE-{side}-EXTERNAL"
        times = [close * SECOND for close in closes]
        bars_file(tmp_path / "data" / "bar" / kind / "part-0.parquet", kind, times, [1.0, 2.0])
    catalog = bt.Catalog(tmp_path / "catalog")
    bt.import_nautilus(tmp_path, catalog)
    assert [(e.source, e.rows) for e in catalog.list()] == [("ask", 2), ("bid", 2)]


def test_files_of_one_dataset_follow_each_other(tmp_path):
    kind = "A.X-1-MINUTE-LAST-EXTERNAL"
    for name, first in (("part-1", 60), ("part-0", 240)):  # the names are not in order of time
        closes = [(first + 60 * k) * SECOND for k in range(3)]
        bars_file(tmp_path / "data" / "bar" / kind / f"{name}.parquet", kind, closes, [1.0, 2.0, 3.0])
    catalog = bt.Catalog(tmp_path / "catalog")
    bt.import_nautilus(tmp_path, catalog)
    np.testing.assert_array_equal(catalog.read("A.X", "minute").timestamp, np.arange(6) * MINUTE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("EUR/USD.SIM-1-MINUTE-BID-EXTERNAL", ("EUR/USD.SIM", "1min", "bid")),
        ("BTC-PERP.X-4-HOUR-LAST-INTERNAL@1-MINUTE-EXTERNAL", ("BTC-PERP.X", "4h", "trade")),
        ("A.X-1-MONTH-MID-EXTERNAL", ("A.X", "1mo", "mid")),
        ("A.X-1000-VOLUME-LAST-INTERNAL", ("A.X", None, "trade")),
    ],
)
def test_bar_types(text, expected):
    assert BarType.parse(text) == expected


def test_another_text_is_no_bar_type():
    with pytest.raises(bt.DataError, match="bar type 'AAPL' is not INSTRUMENT-STEP-UNIT-PRICE-SOURCE"):
        BarType.parse("AAPL")


def test_a_file_without_rows_is_refused(tmp_path):
    kind = "A.X-1-MINUTE-LAST-EXTERNAL"
    bars_file(
        tmp_path / "data" / "bar" / kind / "part-0.parquet",
        kind,
        [],
        dict.fromkeys(COLUMNS, pl.Series([], dtype=pl.Binary)),
    )
    with pytest.raises(bt.DataError, match=r"part-0\.parquet: the file has no rows"):
        bt.import_nautilus(tmp_path, bt.Catalog(tmp_path / "catalog"))
