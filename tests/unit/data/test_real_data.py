"""Real files of the folder BTCORE_REAL_DATA; skipped without it."""

import os
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest

import btcore as bt
from btcore.data import Catalog, import_lean, read_csv, read_parquet, resample

ROOT = Path(os.environ.get("BTCORE_REAL_DATA", "")) if os.environ.get("BTCORE_REAL_DATA") else None
pytestmark = pytest.mark.skipif(ROOT is None, reason="BTCORE_REAL_DATA is not set")

HOUR = 3600 * 10**9


@pytest.mark.parametrize(
    ("file", "rows", "interval"),
    [
        ("backtesting_py/GOOG.csv", 2148, 24 * HOUR),
        ("backtesting_py/EURUSD.csv", 5000, HOUR),
        ("nautilus/fxcm/usdjpy-m1-bid-2013.csv.gz", 28761, HOUR // 60),
        ("nautilus/fxcm/usdjpy-m1-ask-2013.csv.gz", 28761, HOUR // 60),
        ("nautilus/fxcm/gbpusd-m1-bid-2012.csv.gz", 30117, HOUR // 60),
        ("nautilus/fxcm/gbpusd-m1-ask-2012.csv.gz", 30117, HOUR // 60),
        ("nautilus/btc-perp-20211231-20220201_1m.csv.gz", 45031, HOUR // 60),
        ("nautilus/xcme/6EH4.XCME_1min_bars_20240101_20240131.csv.gz", 29996, HOUR // 60),
    ],
)
def test_bars(file, rows, interval):
    bars = read_csv(ROOT / file)
    assert (len(bars), bars.interval) == (rows, interval)


def test_months_dated_with_their_last_day_end_with_it():
    months = read_csv(ROOT / "backtesting_py/BTCUSD.csv")
    assert (len(months), months.interval) == (156, 0)
    assert (
        months.timestamp[:2].tolist() == np.array(["2012-01-01", "2012-02-01"], "M8[ns]").astype(int).tolist()
    )
    assert months.end[:2].tolist() == np.array(["2012-02-01", "2012-03-01"], "M8[ns]").astype(int).tolist()
    assert any(note.startswith("stamp: ") for note in months.notes)


def test_ticks():
    quotes = read_csv(ROOT / "nautilus/truefx/usdjpy-ticks.csv.gz", kind="quotes")
    assert len(quotes) == 1000
    assert quotes.timestamp[0] == np.datetime64("2013-01-01T22:00:00.295", "ns").astype(int)
    assert len(read_parquet(ROOT / "nautilus/binance/btcusdt-quotes.parquet", kind="quotes")) == 451
    trades = read_parquet(ROOT / "nautilus/binance/btcusdt-trades.parquet", kind="trades")
    assert len(trades) == 2001
    assert trades.side[:2].tolist() == [-1, 1]


@pytest.fixture(scope="module")
def lean(tmp_path_factory):
    catalog = Catalog(tmp_path_factory.mktemp("lean"))
    return catalog, import_lean(ROOT / "lean", catalog)


def test_every_row_of_lean_is_accounted_for(lean):
    _, report = lean
    read = {}
    for entry in report:
        assert entry.rows_read == entry.rows_kept + sum(entry.dropped.values())
        read[entry.resolution] = read.get(entry.resolution, 0) + entry.rows_read
    assert read == {"tick": 1878288, "second": 426764, "minute": 48389, "hour": 278544, "day": 75600}


def factors(symbol):
    """Rows (date, price factor, split factor) of a factor file."""
    text = (ROOT / f"lean/equity/usa/factor_files/{symbol}.csv").read_text()
    return [(row[0], float(row[1]), float(row[2])) for row in (line.split(",") for line in text.split())]


def raw_days(symbol):
    """Rows (date, open, close) of a file of days, in dollars."""
    with ZipFile(ROOT / f"lean/equity/usa/daily/{symbol}.zip") as archive:
        text = archive.read(archive.namelist()[0]).decode()
    rows = (line.split(",") for line in text.split("\n") if line.strip())
    return [(row[0][:8], float(row[1]) / 10_000, float(row[4]) / 10_000) for row in rows]


@pytest.mark.parametrize("symbol", ["aapl", "spy", "ibm"])
def test_a_holder_gets_the_total_return_of_the_factor_files(symbol, tmp_path):
    catalog = Catalog(tmp_path / "catalog")
    import_lean(ROOT / "lean", catalog, symbols=[symbol], resolutions=["day"], adjust="total")
    days, rows = raw_days(symbol), factors(symbol)

    def factor(day):
        return next(price * split for until, price, split in rows if day <= until)

    bought, (last, _, close) = days[1], days[-1]
    expected = close * factor(last) / (bought[1] * factor(bought[0]))
    bars = catalog.read(symbol.upper(), "day")
    assert bars.close[-1] / bars.open[1] == pytest.approx(expected, rel=1e-6)
    # The strategy orders at the first close and is filled at the second open, cut if that is dearer. The rest
    # of the money stays.
    instruments = {symbol.upper(): bt.Instrument()}
    result = bt.run(
        catalog, "buy_and_hold", symbols=[symbol.upper()], instruments=instruments, initial_capital=1e6
    )
    shares = 1e6 / max(days[0][2] * factor(days[0][0]), bought[1] * factor(bought[0]))
    paid = shares * bought[1] * factor(bought[0])
    assert result.equity_curve["equity"][-1] == pytest.approx(1e6 - paid + paid * expected, rel=1e-6)


@pytest.mark.parametrize("symbol", ["aapl", "spy", "ibm"])
def test_raw_prices_with_splits_and_dividends_give_the_same_growth_of_each_share(lean, symbol, tmp_path):
    catalog, _ = lean
    definition = catalog.definition(symbol.upper()).instrument
    split = np.prod([ratio for _, ratio in definition.splits])
    days = raw_days(symbol)
    result = bt.run(
        catalog,
        bt.Orders([days_open(catalog, symbol)], symbol.upper(), "buy", 1000),
        symbols=[symbol.upper()],
        initial_capital=1e9,
    )
    units, paid, shares = 1000.0, 0.0, {day.replace("-", ""): ratio for day, ratio in definition.splits}
    amounts = {day.replace("-", ""): amount for day, amount in definition.dividends}
    for day, _, _ in days:
        units *= shares.pop(day, 1.0)
        paid += units * amounts.pop(day, 0.0)
    assert not shares
    assert not amounts
    assert units == pytest.approx(1000 * split)
    cost = 1000 * days[0][1]
    assert result.equity_curve["equity"][-1] == pytest.approx(
        1e9 - cost + paid + units * days[-1][2], abs=0.01
    )


def days_open(catalog, symbol):
    return int(catalog.read(symbol.upper(), "day").timestamp[0])


@pytest.mark.parametrize("resolution", ["second", "minute"])
def test_quotes_of_lean_resampled_are_its_bars(lean, resolution):
    catalog, _ = lean
    theirs = catalog.read("EURUSD", resolution)
    ours = resample(catalog.read("EURUSD", "tick"), resolution, sides=True)
    np.testing.assert_array_equal(ours.timestamp, theirs.timestamp)
    for side in ("bid", "ask"):
        np.testing.assert_array_equal(getattr(ours, side), getattr(theirs, side))


@pytest.mark.parametrize(
    ("resolution", "prices", "volumes"), [("second", 0.93, 0.94), ("minute", 0.94, 0.996)]
)
def test_trades_of_lean_resampled_are_nearly_its_bars(lean, resolution, prices, volumes):
    """Its bars leave out prints of some sale conditions, and their seconds are those of another clock."""
    catalog, _ = lean
    trades = catalog.read("SPY", "tick", kind="trades")
    theirs = catalog.read("SPY", resolution, "2013-10-07", "2013-10-09", source="trade")
    ours = resample(trades, resolution)
    both, mine, yours = np.intersect1d(ours.timestamp, theirs.timestamp, return_indices=True)
    assert len(both) == len(theirs)
    for name in ("open", "high", "low", "close"):
        assert np.mean(getattr(ours, name)[mine] == getattr(theirs, name)[yours]) > prices
    assert np.mean(ours.volume[mine] == theirs.volume[yours]) > volumes


def test_trades_of_lean_are_within_its_quotes(lean):
    catalog, _ = lean
    quotes, trades = catalog.load("IBM", "tick", 0, 2**62)
    row = np.searchsorted(quotes.timestamp, trades.timestamp, "right") - 1
    known = row >= 0
    inside = (trades.price >= quotes.bid[row]) & (trades.price <= quotes.ask[row])
    assert inside[known].mean() > 0.9
