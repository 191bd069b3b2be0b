"""The lowest and highest price of each block of rows are stored beside the columns."""

import json

import numpy as np
import pytest

from btcore.data import Bars, Quotes, Trades
from btcore.errors import DataError
from btcore.feed.blocks import BLOCK_ROWS

SECOND = 10**9
QUOTES = Quotes([0], [1.0], [2.0])
LONG = 3 * BLOCK_ROWS + 5


def long_data(kind):
    random = np.random.default_rng(3)
    price = 100.0 + np.cumsum(random.integers(-1, 2, LONG)) * 0.001
    times = np.arange(LONG) * 60 * SECOND
    if kind == "quotes":
        return Quotes(times, price, price + 0.01)
    if kind == "trades":
        return Trades(times, price)
    return Bars(times, price, price + 0.02, price - 0.02, price)


@pytest.mark.parametrize("kind", ["quotes", "trades", "bars"])
def test_block_extremes_are_stored_beside_the_columns(catalog, kind):
    data = long_data(kind)
    part = data.slice(int(data.timestamp[7]), None)
    data.build_index()
    for written in (data, part):  # the blocks of a part begin at its first row
        (entry,) = catalog.write("AAPL", written)
        assert entry.blocks_hash
        read = catalog.read("AAPL", entry.resolution)
        extremes, row = read.index
        assert row == 0
        assert not extremes.flags.writeable
        assert isinstance(extremes.base, np.memmap)
        np.testing.assert_array_equal(extremes, written.extremes())
        assert read.build_index()[0] is extremes
        assert read.slice(int(read.timestamp[5]), None).index[1] == 5
        assert set(read.columns) == set(data.columns)


def test_a_short_dataset_has_no_block_extremes(catalog):
    (entry,) = catalog.write("AAPL", QUOTES)
    assert not entry.blocks_hash
    assert catalog.read("AAPL", "tick").index is None
    assert "blocks_hash" not in (catalog.path / "index.json").read_text()


def without_blocks(catalog):
    """Removes block extremes, as in a catalog that was written before they existed."""
    file = catalog.path / "index.json"
    index = json.loads(file.read_text())
    for entry in index["datasets"]:
        del entry["blocks_hash"]
    file.write_text(json.dumps(index))
    for blocks in catalog.path.glob("datasets/*/blocks.npy"):
        blocks.unlink()


def test_a_catalog_without_block_extremes_gets_them_at_the_next_write(catalog):
    data = long_data("quotes")
    catalog.write("AAPL", data)
    without_blocks(catalog)
    old = catalog.read("AAPL", "tick")
    assert old.index is None
    np.testing.assert_array_equal(old.build_index()[0], data.extremes())
    catalog.write("AAPL", data)
    np.testing.assert_array_equal(catalog.read("AAPL", "tick").index[0], data.extremes())
    assert list(catalog.path.rglob("*.new")) == []


def test_damaged_block_extremes_are_refused(catalog):
    data = long_data("trades")
    catalog.write("AAPL", data)
    (file,) = catalog.path.glob("datasets/*/blocks.npy")
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    with pytest.raises(DataError, match=r"blocks\.npy: not a readable column"):
        catalog.read("AAPL", "tick")
    file.write_bytes(whole[:-3] + b"\0\0\0")
    with pytest.raises(DataError, match=r"blocks\.npy: not the checksum of the index; remove it"):
        catalog.read("AAPL", "tick")
    np.save(file, data.extremes()[:, :2])
    with pytest.raises(DataError, match=r"the index says \(2, 4\) <f8, the file \(2, 2\) <f8"):
        catalog.read("AAPL", "tick")
    file.unlink()
    with pytest.raises(DataError, match=r"blocks\.npy is in the index, but not on disk"):
        catalog.read("AAPL", "tick")
    catalog.write("AAPL", data)
    assert catalog.read("AAPL", "tick") == data
