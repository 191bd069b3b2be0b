"""LEAN folders are imported by documented rules, and every row is counted."""

import numpy as np
import pytest

from btcore.data import Catalog, import_lean
from btcore.data.lean.folder import catalog_names, lean_files
from btcore.errors import DataError


def ns(text):
    return int(np.datetime64(text, "ns").astype(int))


@pytest.fixture
def load(tmp_path):
    """Imports the folder; returns (report by (symbol, resolution, kind, source), catalog)."""

    def load(**options):
        catalog = Catalog(tmp_path / "catalog")
        report = import_lean(tmp_path / "lean", catalog, **options)
        for entry in report:
            assert entry.rows_read == entry.rows_kept + sum(entry.dropped.values())
        return {(e.symbol, e.resolution, e.kind, e.source): e for e in report}, catalog

    return load


def test_equity_bars_are_in_deci_cents_on_the_clock_of_new_york(lean, load):
    lean(
        "equity/usa/daily/spy.zip",
        "20240102 00:00,1000000,1020000,990000,1010000,500\n20240701 00:00,1,1,1,1,0",
    )
    lean("equity/usa/hour/spy.zip", "20240102 09:00,1000000,1020000,990000,1010000,500\n")
    lean("equity/usa/minute/spy/20240102_trade.zip", "34200000,1000000,1020000,990000,1010000,500\n")
    lean("equity/usa/minute/spy/20240103_trade.zip", "34200000,1000000,1020000,990000,1010000,500\n")
    report, catalog = load()
    days = catalog.read("SPY", "day")
    assert days.timestamp.tolist() == [ns("2024-01-02T05:00"), ns("2024-07-01T04:00")]
    assert (days.open[0], days.high[0], days.low[0], days.close[0], days.volume[0]) == (
        100.0,
        102.0,
        99.0,
        101.0,
        500.0,
    )
    assert days.low[1] == 0.0001
    assert catalog.read("SPY", "hour").timestamp.tolist() == [ns("2024-01-02T14:00")]
    assert catalog.read("SPY", "minute").timestamp.tolist() == [
        ns("2024-01-02T14:30"),
        ns("2024-01-03T14:30"),
    ]
    entry = report["SPY", "minute", "bars", "trade"]
    assert (entry.files, entry.rows_read, entry.rows_kept, entry.dropped) == (2, 2, 2, {})
    assert (entry.market, entry.first) == ("equity/usa", ns("2024-01-02T14:30"))


def test_quote_bars_become_mids(lean, load):
    lean("forex/fxcm/second/eurusd/20240701_quote.zip", "1000,1.0,1.2,0.8,1.1,0,1.2,1.4,1.0,1.3,0\n")
    _, catalog = load(quote_bars="mid")
    bars = catalog.read("EURUSD", "second")
    assert bars.source == "mid"
    assert bars.bid is None
    assert bars.timestamp.tolist() == [ns("2024-07-01T05:00:01")]  # five hours behind, also in summer
    assert [bars.open[0], bars.high[0], bars.low[0], bars.close[0]] == pytest.approx([1.1, 1.3, 0.9, 1.2])


def test_quote_bars_have_no_volume(lean, load):
    lean("forex/oanda/daily/eurusd.zip", "20240102 00:00,1,1,1,1,7,1,1,1,1,8")
    _, catalog = load()
    assert catalog.read("EURUSD", "day").volume is None


def test_both_sides_of_quote_bars(lean, load):
    rows = ["1000,1.0,1.2,0.8,1.1,5,1.2,1.4,1.0,1.3,5", "2000,1.0,1.2,0.8,1.1,5,1.2,1.4,1.0,1.5,5"]
    lean("forex/oanda/second/eurusd/20240701_quote.zip", "\n".join(rows))
    report, catalog = load()
    bars = catalog.read("EURUSD", "second")
    assert [side.tolist() for side in bars.bid] == [[1.0], [1.2], [0.8], [1.1]]
    assert [side.tolist() for side in bars.ask] == [[1.2], [1.4], [1.0], [1.3]]
    assert bars.close.tolist() == [0.5 * (1.1 + 1.3)]
    assert (bars.source, bars.volume) == ("mid", None)
    # The close of the ask in the second row is above its high; that of the mid is not.
    assert report["EURUSD", "second", "bars", "mid"].dropped == {"inconsistent": 1}
    assert bars.notes[:2] == ("times: local in UTC", "rows: 1 dropped (1 inconsistent)")
    with pytest.raises(DataError, match="quote_bars: 'both' is not one of bid_ask, mid"):
        load(quote_bars="both")


def test_days_and_hours_end_on_the_clock_of_the_market(lean, load):
    """2024-03-10 has 23 hours in New York, and 2024-11-03 has 25."""
    days = ["20240308", "20240310", "20240311", "20241103", "20241104"]
    lean("equity/usa/daily/spy.zip", "\n".join(f"{day} 00:00,1,1,1,1,0" for day in days))
    lean("equity/usa/hour/spy.zip", "20240308 15:00,1,1,1,1,0\n20240311 09:00,1,1,1,1,0")
    _, catalog = load()
    bars = catalog.read("SPY", "day")
    assert ((bars.end - bars.timestamp) // 3600 // 10**9).tolist() == [24, 23, 24, 25, 24]
    assert bars.end[1] == ns("2024-03-11T04:00")
    assert bars.interval == 24 * 3600 * 10**9
    assert catalog.read("SPY", "hour").end.tolist() == [ns("2024-03-08T21:00"), ns("2024-03-11T14:00")]
    assert "end" not in catalog.read("SPY", "hour").columns


def test_days_without_a_clock_change_have_no_ends_of_their_own(lean, load):
    lean("equity/usa/daily/spy.zip", "20240308 00:00,1,1,1,1,0\n20240311 00:00,1,1,1,1,0")
    _, catalog = load()
    bars = catalog.read("SPY", "day")
    assert "end" not in bars.columns
    assert bars.notes[0] == "times: local in America/New_York"


def test_invalid_bars_are_dropped_and_counted(lean, load):
    good = "1.0,2.0,0.5,1.5,7"
    rows = [
        f"1000,{good}",
        "2000,1.0,0.9,0.5,0.8,7",  # open above high
        "3000,0,2.0,0.5,1.5,7",
        "4000,,2.0,0.5,1.5,7",
        "5000,1.0,2.0,0.5,1.5,-1",
        "6000,1.0,2.0,0.5,1.5,",
        f"1000,{good}",
        f"500,{good}",
        f"7000,{good}",
        f"7000,{good}",
    ]
    lean("crypto/coinbase/second/btcusd/20240101_trade.zip", "\n".join(rows))
    report, catalog = load()
    entry = report["BTCUSD", "second", "bars", "trade"]
    assert entry.dropped == {
        "inconsistent": 1,
        "bad_price": 2,
        "bad_volume": 2,
        "out_of_order": 1,
        "duplicate": 2,
    }
    assert catalog.read("BTCUSD", "second").timestamp.tolist() == [
        ns("2024-01-01T00:00:01"),
        ns("2024-01-01T00:00:07"),
    ]


def test_one_sided_quote_bars_are_dropped(lean, load):
    rows = "0,1,1,1,1,5,,,,,\n1000,0,0,0,0,0,1,1,1,1,5\n2000,1,1,1,1,5,2,2,2,2,5\n3000,0,0,0,0,0,0,0,0,0,0"
    lean("crypto/coinbase/second/btcusd/20240101_quote.zip", rows)
    report, _ = load()
    assert report["BTCUSD", "second", "bars", "mid"].dropped == {"one_sided": 2, "bad_price": 1}


def test_trade_ticks(lean, load):
    rows = [
        "100,1000000,5,P,0,0",
        "100,1000000,5,P,0,0",
        "200,1000000,5,P,0,1",
        "300,1000000,0,P,0,0",
        "400,0,1,P,0,0",
        "50,1000000,1,P,0,0",
    ]
    lean("equity/usa/tick/ibm/20240102_trade.zip", "\n".join(rows))
    report, catalog = load()
    assert report["IBM", "tick", "trades", ""].dropped == {
        "suspicious": 1,
        "zero_size": 1,
        "bad_price": 1,
        "out_of_order": 1,
    }
    trades = catalog.read("IBM", "tick", kind="trades")
    assert (trades.price.tolist(), trades.size.tolist()) == (
        [100.0, 100.0],
        [5.0, 5.0],
    )  # equal rows, but two trades


def test_disorder_is_judged_by_the_latest_row(lean, load):
    # Of 100, 300, 200, 250, 300, 400: 200 is before 300, and so is 250, which follows the 200 in its file.
    # Bars drop the second 300 too; a second trade at one time is another trade.
    times = (100, 300, 200, 250, 300, 400)
    bars = "\n".join(f"{1000 * t},1000000,1000000,1000000,1000000,5" for t in times)
    lean("equity/usa/second/ibm/20240102_trade.zip", bars)
    lean("equity/usa/tick/ibm/20240102_trade.zip", "\n".join(f"{t},1000000,5,P,0,0" for t in times))
    lean("forex/fxcm/tick/eurusd/20240102_quote.zip", "\n".join(f"{t},1.1,1.2" for t in times))
    report, catalog = load()
    midnight = ns("2024-01-02T05:00:00")
    assert report["IBM", "second", "bars", "trade"].dropped == {"out_of_order": 2, "duplicate": 1}
    bars_at = catalog.read("IBM", "second").timestamp - midnight
    assert bars_at.tolist() == [t * 10**9 for t in (100, 300, 400)]
    for symbol, kind in (("IBM", "trades"), ("EURUSD", "quotes")):
        assert report[symbol, "tick", kind, ""].dropped == {"out_of_order": 2}
    trades_at = catalog.read("IBM", "tick", kind="trades").timestamp - midnight
    assert trades_at.tolist() == [t * 10**6 for t in (100, 300, 300, 400)]


def test_forex_ticks(lean, load):
    lean("forex/fxcm/tick/eurusd/20240102_quote.zip", "0,1.1,1.2\n1,1.3,1.2\n2,0,1.2\n3,1.2,1.2\n2,1.1,1.2\n")
    report, catalog = load()
    assert report["EURUSD", "tick", "quotes", ""].dropped == {"bad_price": 1, "out_of_order": 1}
    quotes = catalog.read("EURUSD", "tick")
    assert quotes.bid.tolist() == [1.1, 1.3, 1.2]
    assert quotes.bid_size is None
    assert quotes.crossed == "keep"


def test_equity_quote_ticks_combine_both_sides(lean, load):
    rows = [
        "100,1000000,300,0,0,P,1,0",  # bid only: one_sided
        "100,0,0,1010000,200,Q,1,0",  # 100 / 101
        "200,0,0,1010000,200,Z,1,0",  # unchanged
        "300,1005000,100,0,0,K,1,0",  # 100.5 / 101
        "400,1020000,100,0,0,K,1,0",  # crossed
        "400,0,0,1030000,500,K,1,0",  # 102 / 103
        "500,1,1,0,0,K,1,1",  # suspicious
        "600,0,0,0,0,K,1,0",  # bad_price
        "700,1020000,100,1030000,400,K,1,0",  # both sides, another size
    ]
    lean("equity/usa/tick/ibm/20240102_quote.zip", "\n".join(rows))
    lean(
        "equity/usa/tick/ibm/20240103_quote.zip", "100,0,0,1010000,200,Q,1,0\n"
    )  # a day begins without either side
    report, catalog = load()
    entry = report["IBM", "tick", "quotes", ""]
    assert entry.dropped == {"one_sided": 2, "unchanged": 1, "crossed": 1, "suspicious": 1, "bad_price": 1}
    quotes = catalog.read("IBM", "tick")
    assert quotes.bid.tolist() == [100.0, 100.5, 102.0, 102.0]
    assert quotes.ask.tolist() == [101.0, 101.0, 103.0, 103.0]
    assert quotes.bid_size.tolist() == [300.0, 100.0, 100.0, 100.0]
    assert quotes.ask_size.tolist() == [200.0, 200.0, 500.0, 400.0]
    assert quotes.timestamp[0] == ns("2024-01-02T05:00:00.1")


def test_futures_have_a_symbol_for_each_expiry(lean, load):
    lean(
        "future/comex/tick/gc/20131007_trade.zip",
        {
            "20131007_gc_tick_trade_201312.csv": "1000,1313.8,1,usa,,0\n1000,1313.8,0,usa,,0\n",
            "20131007_gc_tick_trade_201402.csv": "2000,1314.0,2,usa,,0\n",
            "20131007_gc_tick_trade_201404.csv": "2000,1314.0,0,usa,,0\n",
        },
    )
    report, catalog = load()
    assert catalog.symbols() == ["GC201312", "GC201402"]
    assert report["GC201312", "tick", "trades", ""].dropped == {"zero_size": 1}
    nothing = report["GC201404", "tick", "trades", ""]
    assert (nothing.rows_read, nothing.rows_kept, nothing.first) == (1, 0, None)


def test_a_symbol_is_one_market(lean, load, tmp_path):
    row = "20240102 00:00,1,1,1,1,0,1,1,1,1,0"
    lean("forex/oanda/daily/eurusd.zip", row)
    lean("forex/oanda/hour/eurusd.zip", row)
    lean("forex/fxcm/daily/eurusd.zip", row)
    lean("forex/oanda/daily/gbpusd.zip", row)
    _, catalog = load()
    names = [(e.symbol, e.resolution) for e in catalog.list()]
    assert names == [("EURUSD", "day"), ("EURUSD.oanda", "day"), ("EURUSD.oanda", "hour"), ("GBPUSD", "day")]
    assert catalog.read("EURUSD", "day").timestamp[0] == ns("2024-01-02T05:00")
    assert catalog.read("EURUSD.oanda", "day").timestamp[0] == ns("2024-01-02")
    # A name does not depend on the other arguments.
    other = Catalog(tmp_path / "other")
    import_lean(tmp_path / "lean", other, markets=["oanda"], resolutions=["day"])
    assert other.symbols() == ["EURUSD.oanda", "GBPUSD"]
    import_lean(tmp_path / "lean", other, symbols=["eurusd"])
    assert other.symbols() == ["EURUSD", "EURUSD.oanda", "GBPUSD"]
    files, _ = lean_files(tmp_path / "lean")
    assert len(catalog_names(files)) == 3


def test_filters_and_progress(lean, load):
    row = "20240102 00:00,1,1,1,1,0"
    for symbol in ("spy", "ibm"):
        lean(f"equity/usa/daily/{symbol}.zip", row)
        lean(f"equity/usa/hour/{symbol}.zip", row)
    reports = []
    report, _ = load(symbols=["SPY"], resolutions=["hour"], progress=lambda *args: reports.append(args))
    assert list(report) == [("SPY", "hour", "bars", "trade")]
    assert reports == [(0.0, "SPY hour"), (1.0, "done")]
    with pytest.raises(
        DataError, match="no file matches symbols, resolutions and markets; the symbols are IBM, SPY"
    ):
        load(symbols=["AAPL"])
    with pytest.raises(DataError, match="resolution: 'daily'"):
        load(resolutions=["daily"])


def test_unknown_files_are_reported(lean, load):
    lean("equity/usa/daily/spy.zip", "20240102 00:00,1,1,1,1,0")
    lean("option/usa/daily/spy.zip", "x")
    lean("equity/moon/daily/spy.zip", "x")
    lean("future/comex/tick/gc/20131007_openinterest.zip", "x")
    report, _ = load()
    unknown = report["", "", "", ""]
    assert unknown.files == 3
    assert "equity/moon/daily/spy.zip" in unknown.note


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "20240102 00:00,1,1,1,1,0\n20240103 00:00,1,x,1,1,0",
            r"spy\.zip/rows\.csv row 2: 'x' is not a number",
        ),
        ("20240102 00:00,1,1,1,1,0\nsoon,1,1,1,1,0", r"spy\.zip/rows\.csv row 2: 'soon' is not a time"),
        ("20240102 00:00,1,1,1,1", r"spy\.zip/rows\.csv: 5 columns; 6 are needed"),
        (
            "20240310 02:30,1,1,1,1,0",
            r"spy\.zip/rows\.csv row 1: local time 2024-03-10T02:30:00 does not exist in America/New_York: "
            "the clock jumped over it; correct the time in the file, or remove the row",
        ),
        ("20240102 00:00,1,1,1,1,0\n1,2,3,4,5,6,7,8,9,10,11,12", r"spy\.zip/rows\.csv: not a readable CSV"),
        ("20240102 00:00,1,1,1,1,0\n20240102 12:00,1,1,1,1,0", r"SPY day: bars\[1\]: overlapping"),
    ],
)
def test_rows_that_cannot_be_parsed_are_an_error(lean, load, text, message):
    lean("equity/usa/daily/spy.zip", text)
    with pytest.raises(DataError, match=message):
        load()


def test_folders_without_lean_data(tmp_path):
    with pytest.raises(DataError, match="it is not a folder"):
        import_lean(tmp_path / "none", Catalog(tmp_path / "c"))
    with pytest.raises(DataError, match="it has no LEAN data"):
        import_lean(tmp_path, Catalog(tmp_path / "c"))
    bad = tmp_path / "equity/usa/daily/spy.zip"
    bad.parent.mkdir(parents=True)
    bad.write_text("x")
    with pytest.raises(DataError, match=r"spy\.zip: not a readable zip"):
        import_lean(tmp_path, Catalog(tmp_path / "c"))


def test_an_empty_file(lean, load):
    lean("equity/usa/daily/spy.zip", "")
    report, catalog = load()
    assert report["SPY", "day", "bars", "trade"].rows_read == 0
    assert catalog.symbols() == []
