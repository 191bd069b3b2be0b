"""Real files of the folder BTCORE_REAL_DATA; skipped without it."""

import os
from pathlib import Path

import numpy as np
import pytest

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


def test_ticks_and_bars_of_lean_agree(lean):
    catalog, _ = lean
    seconds = catalog.read("SPY", "second", "2013-10-07", "2013-10-09")
    made = resample(catalog.read("SPY", "tick", kind="trades"), "second")
    both, mine, theirs = np.intersect1d(made.timestamp, seconds.timestamp, return_indices=True)
    assert len(both) > 0.95 * len(seconds)
    assert np.mean(made.close[mine] == seconds.close[theirs]) > 0.9


def test_trades_of_lean_are_within_its_quotes(lean):
    catalog, _ = lean
    quotes, trades = catalog.load("IBM", "tick", 0, 2**62)
    row = np.searchsorted(quotes.timestamp, trades.timestamp, "right") - 1
    known = row >= 0
    inside = (trades.price >= quotes.bid[row]) & (trades.price <= quotes.ask[row])
    assert inside[known].mean() > 0.9
