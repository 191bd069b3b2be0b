"""A catalog's folder: concurrent changes, foreign and damaged files, read-only folders."""

import mmap
import pickle
from pathlib import Path

import numpy as np
import pytest
from catalog_data import bars

from btcore.data import Catalog
from btcore.data.catalog.storage import map_columns
from btcore.errors import DataError


def test_other_catalogs_of_the_same_folder_see_changes(catalog):
    other = pickle.loads(pickle.dumps(catalog))
    assert other.symbols() == []
    catalog.write("AAPL", bars())
    assert other.symbols() == ["AAPL"]
    assert other.read("AAPL", "minute") == bars()
    catalog.write("AAPL", bars(2.0))
    assert other.read("AAPL", "minute") == bars(2.0)
    other.delete("AAPL")
    assert catalog.symbols() == []


def test_a_dataset_replaced_while_it_is_opened_is_read_again(catalog, monkeypatch):
    catalog.write("AAPL", bars(1.0))
    real, calls = map_columns, []

    def replaced_meanwhile(root, entry):
        calls.append(entry)
        if len(calls) == 1:
            Catalog(catalog.path).write("AAPL", bars(2.0))
        return real(root, entry)

    monkeypatch.setattr("btcore.data.catalog.datasets.map_columns", replaced_meanwhile)
    assert catalog.read("AAPL", "minute") == bars(2.0)
    assert len(calls) == 2


def test_only_files_of_the_catalog_are_removed(catalog):
    catalog.write("AAPL", bars())
    folder = catalog.path / "datasets"
    (folder / "mine").mkdir()
    (folder / "partial-abc123").mkdir()
    (folder / ("0" * 16 + "-" + "1" * 24)).mkdir()
    catalog.write("MSFT", bars(2.0))
    assert (folder / "mine").is_dir()
    assert len(list(folder.iterdir())) == 3


def test_damaged_files_are_data_errors(catalog):
    catalog.write("AAPL", bars())
    (column,) = catalog.path.glob("datasets/*/close.npy")
    whole = column.read_bytes()
    column.write_bytes(whole[:-8])
    with pytest.raises(DataError, match=r"close\.npy: not a readable column"):
        catalog.read("AAPL", "minute")
    np.save(column, np.ones(3))
    with pytest.raises(DataError, match=r"the index says \(10,\) <f8, the file \(3,\) <f8"):
        catalog.read("AAPL", "minute")
    column.unlink()
    with pytest.raises(DataError, match=r"close\.npy is in the index, but not on disk"):
        catalog.read("AAPL", "minute")
    for text in (b"{", b'{"datasets":[{}]}', b"\xff"):
        (catalog.path / "index.json").write_bytes(text)
        with pytest.raises(DataError, match="the index cannot be read"):
            catalog.list()
    (catalog.path / "index.json").write_bytes(b'{"datasets":[],"version":3,"more":1}')
    with pytest.raises(DataError, match="version 3 cannot be read; versions 1 and 2 can"):
        catalog.list()


def test_a_file_is_not_a_catalog(tmp_path):
    path = tmp_path / "file"
    path.write_text("x")
    with pytest.raises(DataError, match="it is not a folder"):
        Catalog(path).list()
    with pytest.raises(DataError, match="it is not a folder"):
        Catalog(path).write("A", bars())


def test_a_read_only_catalog_can_be_read(catalog):
    catalog.write("AAPL", bars())
    (catalog.path / "lock").unlink()
    for path in [catalog.path, *catalog.path.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        assert Catalog(catalog.path).load("AAPL", "minute", 0, 10**18) == (bars(),)
    finally:
        for path in [catalog.path, *catalog.path.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)


def flags_of_mappings(file):
    """The kernel's flags of each mapping of the file in this process."""
    flags, is_of_file = [], False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        first, _, rest = line.partition(" ")
        if "-" in first and not first.endswith(":"):
            is_of_file = line.endswith(str(file))
        elif is_of_file and first == "VmFlags:":
            flags.append(rest.split())
    return flags


@pytest.mark.skipif(
    not hasattr(mmap, "MADV_HUGEPAGE") or not Path("/sys/kernel/mm/transparent_hugepage").exists(),
    reason="the system has no huge pages",
)
def test_columns_are_mapped_with_advice_to_use_huge_pages(catalog):
    catalog.write("AAPL", bars())
    mapped = catalog.read("AAPL", "minute")
    (file,) = catalog.path.glob("datasets/*/close.npy")
    assert [("hg" in flags) for flags in flags_of_mappings(file.resolve())] == [True]
    assert mapped == bars()


def test_columns_are_mapped_where_the_system_refuses_advice(catalog, monkeypatch):
    catalog.write("AAPL", bars())
    monkeypatch.setattr(mmap, "MADV_HUGEPAGE", 12345, raising=False)
    assert catalog.read("AAPL", "minute") == bars()
