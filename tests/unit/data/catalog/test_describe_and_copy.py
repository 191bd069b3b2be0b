"""What a catalog says it has, and copies of it."""

import numpy as np
import pytest
from catalog_data import bars

import btcore as bt
from btcore.data import Catalog, Quotes, Trades
from btcore.errors import DataError

TRADES = Trades([0, 5], [1.0, 2.0]).with_notes(("2 rows dropped",))


@pytest.fixture
def filled(catalog):
    catalog.write("A", [bars(), bars(2.0, "5min"), TRADES])
    catalog.write("B", bars(3.0))
    catalog.define("A", bt.Instrument(tick_size=0.01, splits=[("2020-08-31", 4.0)]), timezone="Asia/Tokyo")
    catalog.define("C", names=[("2020-01-02", "OLD")])
    return catalog


def test_describe_has_every_dataset_with_its_size_on_disk(filled):
    described = filled.describe()
    assert [(d.symbol, d.resolution, d.kind, d.rows, d.notes) for d in described.datasets] == [
        ("A", "5min", "bars", 10, ()),
        ("A", "minute", "bars", 10, ()),
        ("A", "tick", "trades", 2, ("2 rows dropped",)),
        ("B", "minute", "bars", 10, ()),
    ]
    files = [path for path in (filled.path / "datasets").rglob("*") if path.is_file()]
    assert described.size == sum(path.stat().st_size for path in files)
    assert described.symbols == ["A", "B", "C"]
    assert described.definitions == filled.definitions()
    assert described.datasets[0].columns == filled.list()[0].columns


def test_describe_prints_a_table(filled):
    size = filled.describe("A").size
    assert str(filled.describe("A")) == (
        f"{filled.path}: 1 symbol, 3 datasets, {size / 1000:.1f} kB\n"
        "A\n"
        "  definition: zone Asia/Tokyo, tick_size 0.01, splits (1)\n"
        "  5min bars: 10 rows, 1970-01-01T00:00:00Z to 1970-01-01T00:45:00Z, zone unknown, 1.0 kB\n"
        "  minute bars: 10 rows, 1970-01-01T00:00:00Z to 1970-01-01T00:09:00Z, zone unknown, 1.0 kB\n"
        "  tick trades: 2 rows, 1970-01-01T00:00:00Z to 1970-01-01T00:00:00.000000005Z, zone unknown, "
        "288 bytes\n"
        "    2 rows dropped"
    )
    assert "  definition: OLD until 2020-01-02" in str(filled.describe())


def test_describe_of_a_symbol_that_is_not_there(filled, tmp_path):
    with pytest.raises(DataError, match="no data of 'NONE'; the symbols with data are A, B"):
        filled.describe("NONE")
    with pytest.raises(DataError, match="symbol: 'a b' is not"):
        filled.describe("a b")
    assert (
        str(Catalog(tmp_path / "none").describe()) == f"{tmp_path / 'none'}: 0 symbols, 0 datasets, 0 bytes"
    )


def test_a_copy_has_data_definitions_notes_and_zones(filled, tmp_path):
    entries = filled.copy(tmp_path / "copy")
    copied = Catalog(tmp_path / "copy")
    assert copied.list() == filled.list() == sorted(entries, key=lambda entry: entry.key)
    assert copied.definitions() == filled.definitions()
    assert copied.read("A", "tick") == TRADES
    assert copied.read("A", "tick").notes == TRADES.notes
    filled.delete("A")
    assert copied.read("A", "5min") == bars(2.0, "5min")


def test_a_copy_of_chosen_data_replaces_equal_keys_and_leaves_the_rest(filled, tmp_path):
    other = Catalog(tmp_path / "other")
    other.write("A", [bars(9.0), bars(9.0, "1d")])
    other.define("A", timezone="UTC")
    other.define("B", timezone="UTC")
    (entry,) = filled.copy(other, ["A", "A"], "60s")
    assert entry == next(e for e in filled.list() if e.key == entry.key)
    assert other.read("A", "minute") == bars()
    assert other.read("A", "day") == bars(9.0, "1d")
    assert [e.resolution for e in other.list()] == ["day", "minute"]
    assert other.timezone("A") == "Asia/Tokyo"
    filled.copy(other, ["B"])  # it has no definition, so the one there stays
    assert other.timezone("B") == "UTC"
    assert filled.copy(other, ["C"]) == []
    assert other.definition("C").names == (("2020-01-02", "OLD"),)


def test_what_cannot_be_copied(filled, tmp_path):
    (tmp_path / "file").write_text("mine")
    for arguments, message in (
        ((filled,), "copy: .* is this catalog"),
        ((tmp_path / "x" / ".." / "data",), "copy: .* is this catalog"),
        ((tmp_path / "copy", ["NONE"]), "no data of 'NONE'; the symbols with data are A, B"),
        ((tmp_path / "copy", ["B"], "5min"), "no 5min data of 'B'; there is minute bars from"),
        ((tmp_path / "copy", ["C"], "5min"), "no 5min data of 'C'"),
        ((tmp_path / "copy", None, "1y"), "no 1y data; the symbols with data are A, B"),
        ((tmp_path / "copy", []), "symbols: none is given; the symbols with data are A, B"),
        ((tmp_path / "copy", [5]), "symbol: 5 is not"),
        ((tmp_path / "copy", "A"), "symbols: 'A' is not a list"),
        ((tmp_path / "file",), "file: it is not a folder"),
    ):
        (tmp_path / "x").mkdir(exist_ok=True)
        with pytest.raises(DataError, match=message):
            filled.copy(*arguments)
    with pytest.raises(DataError, match="no data; the catalog is empty"):
        Catalog(tmp_path / "none").copy(tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_damaged_data_are_not_copied(filled, tmp_path):
    other = Catalog(tmp_path / "other")
    other.write("A", bars(9.0))
    (entry,) = [entry for entry in filled.list() if entry.symbol == "B"]
    column = filled.path / "datasets" / entry.directory / "close.npy"
    content = column.read_bytes()
    column.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(DataError, match="the minute bars of B do not have their content hash"):
        filled.copy(other)
    assert other.read("A", "minute") == bars(9.0)
    assert len(other.list()) == len(list((other.path / "datasets").iterdir())) == 1


def test_the_extremes_of_blocks_are_copied(catalog, tmp_path):
    many = 5000
    data = Quotes(np.arange(many), np.linspace(1.0, 2.0, many), np.linspace(1.5, 2.5, many))
    catalog.write("A", data)
    catalog.rename("A", "B")
    (entry,) = catalog.copy(tmp_path / "copy")
    found = Catalog(tmp_path / "copy").read("B", "tick")
    assert entry.blocks_hash
    np.testing.assert_array_equal(found.index[0], data.extremes())


@pytest.mark.parametrize("change", ["copy", "export", "describe"])
def test_a_dataset_replaced_meanwhile_is_taken_as_it_is_then(filled, tmp_path, monkeypatch, change):
    real = filled._current

    def outdated():
        index = real()
        index = type(index)(index.version, list(index.datasets), dict(index.definitions))
        Catalog(filled.path).write("B", bars(4.0))
        return index

    monkeypatch.setattr(filled, "_current", outdated)
    arguments = [] if change == "describe" else [tmp_path / "out"]
    getattr(filled, change)(*arguments)
    if change == "export":
        Catalog(tmp_path / "back").import_export(tmp_path / "out")
    if change != "describe":
        found = Catalog(tmp_path / ("out" if change == "copy" else "back"))
        assert found.read("B", "minute") == bars(4.0)


def test_a_dataset_deleted_meanwhile_is_an_error(filled, tmp_path, monkeypatch):
    index = filled._current()
    Catalog(filled.path).delete("B")
    monkeypatch.setattr(filled, "_current", lambda: index)
    monkeypatch.setattr(filled, "_read", lambda wanted: [])
    with pytest.raises(DataError, match="no minute bars of trade of 'B'"):
        filled.export(tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
