"""Catalogs that released versions wrote open in this one, with every value unchanged.

`python test_old_catalogs.py FOLDER` writes the catalog of `DATASETS` with the btcore that is installed. The
catalogs in tests/saved were written that way, each by the release it is named after.
"""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

import btcore as bt
from btcore.data import Bars, Catalog, Quotes, Trades

SAVED = Path(__file__).resolve().parents[3] / "saved"
CATALOGS = sorted(SAVED.glob("*/catalog"))

SECOND = 10**9
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND
MONDAY = 1_704_067_200 * SECOND  # 2024-01-01 00:00 UTC
OPEN = MONDAY + 52_200 * SECOND  # 14:30
BLOCK_ROWS = 1024  # the extremes of prices are stored for each block of as many rows
MANY = 1030

# Every float here is exact in binary, so that equal means equal to the last bit.
DAYS = {
    "timestamp": [MONDAY + i * DAY for i in (0, 1, 2, 3, 4, 7)],
    "open": [100.0, 101.5, 102.25, 101.0, 99.75, 100.5],
    "high": [102.0, 103.0, 102.5, 101.25, 101.0, 104.125],
    "low": [99.5, 101.0, 100.5, 98.0, 99.0, 100.0],
    "close": [101.5, 102.0, 101.0, 99.5, 100.75, 104.0],
    "volume": [1000.0, 1500.0, 0.0, 2500.5, 800.0, 4096.0],
}
MINUTES = {
    "timestamp": [OPEN + i * MINUTE for i in (0, 1, 2, 4, 5)],
    "open": [0.5, -0.25, -1.0, 0.0, 0.25],
    "high": [0.75, 0.25, -0.5, 0.5, 0.25],
    "low": [-0.5, -1.5, -2.0, -0.25, -0.75],
    "close": [-0.25, -1.0, -0.75, 0.25, -0.5],
    "volume": [0.0] * 5,
}
QUOTES = {
    "timestamp": [OPEN + i for i in (0, 1, 500, 500, 10**9, 10**9 + 7)],
    "bid": [100.0, 100.25, 100.25, 100.5, 100.0, 99.75],
    "ask": [100.5, 100.5, 100.75, 100.75, 100.0, 100.25],
    "bid_size": [10.0, 20.0, 5.0, 0.0, 40.5, 8.0],
    "ask_size": [7.0, 6.0, 0.0, 100.0, 3.0, 2.25],
}
TRADES = {
    "timestamp": [OPEN + i for i in (1, 2, 500, 10**9, 10**9 + 8)],
    "price": [100.5, 100.25, 100.75, 100.0, 99.75],
    "size": [1.0, 2.5, 100.0, 3.0, 0.125],
    "side": [1, -1, 1, 0, -1],
}
PRINTS = {
    "timestamp": [OPEN + i * SECOND for i in range(MANY)],
    "price": [(i * 7 % 33 - 16) / 4 for i in range(MANY)],  # -4 to 4
}

# symbol, resolution, kind, columns, and what else the container is made of
DATASETS = [
    ("ACME", "day", Bars, DAYS, {"interval": "1d"}),
    ("ACME", "tick", Quotes, QUOTES, {}),
    ("ACME", "tick", Trades, TRADES, {}),
    ("SPREAD", "minute", Bars, MINUTES, {"interval": "1min", "source": "mid", "negative_prices": True}),
    ("SPREAD", "tick", Trades, PRINTS, {"negative_prices": True}),
]
DTYPES = {"timestamp": np.dtype("<i8"), "side": np.dtype("i1")}


def write(path: Path) -> None:
    """The catalog of `DATASETS`, with the order of its ticks."""
    catalog = Catalog(path)
    for symbol in sorted({symbol for symbol, *_ in DATASETS}):
        catalog.write(
            symbol, [kind(**columns, **more) for s, _, kind, columns, more in DATASETS if s == symbol]
        )
    catalog.merge(["ACME", "SPREAD"], "tick")


@pytest.fixture(params=CATALOGS, ids=[path.parent.name for path in CATALOGS])
def catalog(request, tmp_path):
    """A copy: opening a catalog may add files to it."""
    return Catalog(shutil.copytree(request.param, tmp_path / "catalog"))


def test_the_catalog_of_the_first_release_is_there():
    assert SAVED / "0.1.0" / "catalog" in CATALOGS


def test_every_dataset_is_listed(catalog):
    listed = [(e.symbol, e.resolution, e.kind, e.rows) for e in catalog.list()]
    assert listed == [(symbol, at, kind.kind, len(c["timestamp"])) for symbol, at, kind, c, _ in DATASETS]


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda row: f"{row[0]} {row[1]} {row[2].kind}")
def test_every_value_is_unchanged(catalog, dataset):
    symbol, resolution, kind, columns, more = dataset
    data = catalog.read(symbol, resolution, kind=kind.kind)
    assert type(data) is kind
    assert list(data.columns) == list(columns)
    for name, values in columns.items():
        assert data.columns[name].dtype == DTYPES.get(name, np.dtype("<f8"))
        assert data.columns[name].tolist() == values
    made = kind(**columns, **more)
    assert data == made
    assert data.content_hash == made.content_hash
    assert data.negative_prices == more.get("negative_prices", False)
    if kind is Bars:
        assert (data.interval, data.source) == (made.interval, more.get("source", "trade"))


def test_block_extremes_are_read(catalog):
    data = catalog.read("SPREAD", "tick")
    blocks, first = data.index
    assert first == 0
    second = PRINTS["price"][BLOCK_ROWS:]
    assert blocks.tolist() == [[-4.0, min(second)], [4.0, max(second)]]


def test_a_stored_merge_order_is_read(catalog):
    before = sorted(catalog.path.rglob("*"))
    merged = catalog.merge(["ACME", "SPREAD"], "tick")
    assert sorted(catalog.path.rglob("*")) == before
    streams = [QUOTES, TRADES, PRINTS]
    events = sorted((ts, i) for i, stream in enumerate(streams) for ts in stream["timestamp"])
    assert merged.order.tolist() == [i for _, i in events]


def test_stored_bars_can_be_backtested(catalog):
    data = {"ACME": catalog.read("ACME", "day")}
    result = bt.run(data, bt.Orders([MONDAY + 2 * DAY], "ACME", "buy", [10.0]), initial_capital=10_000.0)
    # Sent when the second bar ends, filled where the third opens; the last bar closes at 104.
    assert result.trades["price"].tolist() == [102.25]
    assert result.equity_curve["equity"][-1] == 10_000.0 + 10 * (104.0 - 102.25)


def test_stored_ticks_can_be_backtested(catalog):
    data = catalog.merge(["ACME", "SPREAD"], "tick")
    orders = bt.Orders([OPEN + 600, OPEN + 600], ["ACME", "SPREAD"], ["sell", "buy"], [2.0, 1.0])
    execution = bt.Execution(latency_ms=500.0)
    instruments = {"SPREAD": bt.Instrument(negative_prices=True)}
    result = bt.run(data, orders, initial_capital=1000.0, execution=execution, instruments=instruments)
    # Half a second later ACME is still bid at 100.5; the second print of SPREAD comes after that.
    assert sorted(zip(result.trades["symbol"].tolist(), result.trades["price"].tolist(), strict=True)) == [
        ("ACME", 100.5),
        ("SPREAD", PRINTS["price"][1]),
    ]


def test_a_dataset_can_be_added_and_removed(catalog):
    catalog.write("ACME", Bars(**DAYS, interval="1d", source="mid"))
    assert len(catalog.list()) == len(DATASETS) + 1
    assert catalog.delete("ACME", "day", source="mid") == 1
    assert catalog.read("ACME", "day") == Bars(**DAYS, interval="1d")


def test_a_definition_and_a_new_name_change_the_version_and_no_data(catalog):
    before = {entry.key: (entry.content_hash, entry.directory) for entry in catalog.list()}
    made = catalog.define("ACME", bt.Instrument(tick_size=0.25), timezone="America/New_York")
    catalog.rename("ACME", "ACME2")
    assert catalog.definitions() == {"ACME2": made}
    after = {e.key: (e.content_hash, e.directory) for e in Catalog(catalog.path).list()}
    assert after == {(key[0].replace("ACME", "ACME2"), *key[1:]): found for key, found in before.items()}
    assert catalog.read("ACME2", "day") == Bars(**DAYS, interval="1d")
    assert catalog.merge(["ACME2", "SPREAD"], "tick").order.tolist()
    assert json.loads((catalog.path / "index.json").read_text())["version"] == 2


def test_it_is_exported_and_read_back(catalog, tmp_path):
    catalog.export(tmp_path / "out", "csv")
    back = Catalog(tmp_path / "back")
    back.import_export(tmp_path / "out")
    assert [(e.key, e.content_hash) for e in back.list()] == [(e.key, e.content_hash) for e in catalog.list()]


if __name__ == "__main__":
    write(Path(sys.argv[1]))
