"""Inspections of real files of the folder BTCORE_REAL_DATA; skipped without it."""

import os
from pathlib import Path

import pytest

import btcore as bt

ROOT = Path(os.environ.get("BTCORE_REAL_DATA", ""))
pytestmark = pytest.mark.skipif("BTCORE_REAL_DATA" not in os.environ, reason="BTCORE_REAL_DATA is not set")


@pytest.fixture(scope="module")
def lean(tmp_path_factory):
    catalog = bt.Catalog(tmp_path_factory.mktemp("lean"))
    bt.import_lean(ROOT / "lean", catalog, symbols=["spy", "aapl"], resolutions=["day"])
    for symbol in ("SPY", "AAPL"):
        catalog.define(symbol)  # without the splits and sessions that the import knows
    return catalog


@pytest.mark.parametrize("calendar", [None, "XNYS"])
def test_nothing_is_found_in_the_days_of_spy(lean, calendar):
    found = bt.inspect(lean, symbols=["SPY"], resolution="day", calendar=calendar)
    assert found.datasets[0].facts["rows"] == 5849
    assert found.findings == ()


def test_the_raw_days_of_aapl_have_its_splits_and_three_bad_lows(lean):
    found = {each.name: each for each in bt.inspect(lean, symbols=["AAPL"], resolution="day").findings}
    assert {name: each.count for name, each in found.items()} == {"split_jumps": 5, "outliers": 3}
    splits = [(row.time[:10], row.value.rpartition(" ")[2]) for row in found["split_jumps"].rows]
    assert splits == [
        ("2000-06-21", "2:1"),
        ("2000-09-29", "2:1"),  # a fall by half within a day, after a warning of the company
        ("2005-02-28", "2:1"),
        ("2014-06-09", "7:1"),
        ("2020-08-31", "4:1"),
    ]
    assert found["split_jumps"].changes_results
    assert [row.time[:10] for row in found["outliers"].rows] == ["2009-09-21", "2010-08-31", "2011-01-03"]


def test_known_splits_of_aapl_are_not_found(lean):
    splits = [("2000-06-21", 2), ("2005-02-28", 2), ("2014-06-09", 7), ("2020-08-31", 4)]
    found = bt.inspect(
        lean, symbols=["AAPL"], resolution="day", instruments={"AAPL": bt.Instrument(splits=splits)}
    )
    (finding,) = [each for each in found.findings if "split" in each.name]
    assert [row.time[:10] for row in finding.rows] == ["2000-09-29"]


def test_the_definitions_of_lean_explain_its_raw_prices(tmp_path):
    catalog = bt.Catalog(tmp_path)
    bt.import_lean(ROOT / "lean", catalog, symbols=["spy", "aapl"], adjust="raw")
    for entry in catalog.list():
        found = bt.inspect(catalog, symbols=[entry.symbol], resolution=entry.resolution)
        names = {each.name: each for each in found.findings if each.changes_results}
        assert "splits_without_jump" not in names, entry
        assert [r.time[:10] for f in found.findings if f.name == "split_jumps" for r in f.rows] in (
            [],
            ["2000-09-29"],
        )
        assert "other_clock" not in names, entry


@pytest.mark.parametrize(
    "file",
    [
        "backtesting_py/GOOG.csv",
        "backtesting_py/EURUSD.csv",
        "nautilus/btc-perp-20211231-20220201_1m.csv.gz",
        "nautilus/fxcm/gbpusd-m1-ask-2012.csv.gz",
        "nautilus/fxcm/usdjpy-m1-bid-2013.csv.gz",
        "nautilus/xcme/6EH4.XCME_1min_bars_20240101_20240131.csv.gz",
        "nautilus/truefx/usdjpy-ticks.csv.gz",
        "nautilus/binance/btcusdt-quotes.parquet",
        "nautilus/binance/btcusdt-trades.parquet",
    ],
)
def test_files_of_vendors_have_nothing_that_changes_results(file):
    found = bt.inspect(ROOT / file)
    assert found.ok, str(found)


def test_a_table_of_interest_rates_is_refused():
    found = bt.inspect(ROOT / "nautilus/short-term-interest.csv.gz")
    assert [each.name for each in found.findings] == ["refused"]
