"""What is sent to other processes: memory, files by path, bytes; and what may go wrong with each."""

import errno
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import swept_kinds
from swept_kinds import BARS, KINDS, EveryNth, market

import btcore as bt
from btcore.research.executors import files, shipping


@pytest.fixture(autouse=True)
def nothing_is_kept():
    shipping._loaded.clear()


def swept(strategy, params=None, **options) -> bt.SweepResult:
    return bt.sweep({"A": BARS}, strategy, params, progress=False, **options)


def content(result: bt.SweepResult) -> list[bytes]:
    return [column.tobytes() for column in result.metrics.values()]


class TestMemory:
    def test_without_memory_of_the_system_a_temporary_file_is_used(self, monkeypatch, tmp_path):
        monkeypatch.delattr(os, "memfd_create")
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        column = np.arange(50_000.0)
        with shipping.Parcel(column) as parcel:
            assert Path(parcel.shipment.path).parent == tmp_path
            assert (shipping.load(parcel.shipment) == column).all()
        assert list(tmp_path.iterdir()) == []
        assert content(swept(*KINDS["class"], executor="processes", workers=1)) == content(
            swept(*KINDS["class"])
        )
        assert list(tmp_path.iterdir()) == []

    def test_data_of_more_than_half_of_the_free_memory_are_in_a_file(self, monkeypatch, tmp_path):
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        column = np.arange(50_000.0)
        for free, is_file in ((790_000.0, True), (810_000.0, False)):
            monkeypatch.setattr(files, "free_memory", lambda free=free: free)
            with shipping.Parcel(column) as parcel:
                assert (Path(parcel.shipment.path).parent == tmp_path) is is_file

    def test_a_full_disk_is_said_before_the_sweep(self, monkeypatch):
        def full(*_):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(files, "free_memory", lambda: 0.0)
        monkeypatch.setattr(os, "posix_fallocate", full)
        with pytest.raises(
            bt.ConfigError, match=r"executor: 0\.0 GB of data do not fit into memory or into .*TMPDIR"
        ):
            shipping.Parcel(np.arange(50_000.0))

    def test_free_memory_is_the_least_of_system_and_container(self, monkeypatch, tmp_path):
        monkeypatch.setattr(files, "MEMORY_INFO", tmp_path / "meminfo")
        monkeypatch.setattr(files, "CGROUP", tmp_path)
        assert files.free_memory() == float("inf")
        (tmp_path / "meminfo").write_text("MemTotal: 99 kB\nMemAvailable:   4000 kB\n")
        assert files.free_memory() == 4_096_000
        (tmp_path / "memory.current").write_text("1000\n")
        for limit, free in (("max", 4_096_000), ("51000", 50_000), ("500", 0)):
            (tmp_path / "memory.max").write_text(limit + "\n")
            assert files.free_memory() == free

    def test_a_write_that_takes_a_part_is_continued(self):
        """Linux writes 2 GiB at most in one call."""

        class Parts:
            def __init__(self) -> None:
                self.taken = b""

            def seek(self, offset):
                self.offset = offset

            def write(self, content):
                self.taken += bytes(content[:7])
                return len(content[:7])

        file, text = Parts(), bytes(range(100))
        files.write_all(file, 5, memoryview(text))
        assert (file.offset, file.taken) == (5, text)

    def test_the_same_path_of_another_machine_is_not_read(self, tmp_path):
        with shipping.Parcel(np.arange(50_000.0)) as parcel:
            other = tmp_path / "other"
            other.write_bytes(b"x" * 400_064)
            with pytest.raises(shipping.NotHereError, match="it is another file"):
                shipping.load(parcel.shipment._replace(path=str(other)))
            other.write_bytes(b"")
            with pytest.raises(shipping.NotHereError):
                shipping.load(parcel.shipment._replace(path=str(other)))


class TestMappedFiles:
    @pytest.mark.skipif(not files.MAPS.exists(), reason="the system does not list what is mapped")
    @pytest.mark.parametrize("is_replaced", [True, False])
    def test_a_file_that_has_been_replaced_or_removed_is_copied(self, is_replaced, tmp_path):
        path, old = tmp_path / "column.npy", np.arange(10_000.0)
        np.save(path, old)
        mapped = np.load(path, mmap_mode="r")
        path.unlink()
        if is_replaced:
            np.save(path, old + 1.0)
        with shipping.Parcel(mapped) as parcel:
            assert parcel.shipment.files == ()
            assert (shipping.load(parcel.shipment) == old).all()

    def test_a_part_of_a_column_is_found_in_its_file(self, tmp_path):
        path = tmp_path / "column.npy"
        np.save(path, np.arange(10_000.0))
        part = np.load(path, mmap_mode="r")[3000:9000]
        with shipping.Parcel(part) as parcel:
            assert (parcel.size, parcel.shipment.size) == (0, path.stat().st_size)
            assert (shipping.load(parcel.shipment) == part).all()

    def test_columns_of_a_catalog_are_sent_by_path(self, tmp_path):
        catalog = bt.Catalog(tmp_path / "data")
        catalog.write("A", market(20_000))
        bars = catalog.read("A", "hour")
        with shipping.Parcel({"bars": bars, "own": np.arange(30_000)}) as parcel:
            assert 240_000 <= parcel.size < 250_000  # the own array alone
            names = {Path(each.path).name for each in parcel.shipment.files}
            assert names >= {"close.npy", "open.npy"}
            loaded = shipping.load(parcel.shipment)
        assert loaded["bars"] == bars
        assert not loaded["own"].flags.writeable
        assert loaded["own"][-1] == 29_999  # what was opened stays

    def test_a_file_that_has_changed_is_not_read(self, tmp_path):
        path = tmp_path / "column.npy"
        np.save(path, np.arange(10_000.0))
        with shipping.Parcel(np.load(path, mmap_mode="r")) as parcel:
            path.unlink()
            np.save(path, np.arange(10_000.0) + 1.0)
            with pytest.raises(shipping.NotHereError, match="not the file that the data were mapped from"):
                shipping.load(parcel.shipment)
            whole = parcel.complete()
        shipping._loaded.clear()
        assert (shipping.load(whole) == np.arange(10_000.0)).all()

    def test_a_view_is_sent_once(self):
        column = np.arange(100_000.0)
        with shipping.Parcel([column, column[:], column.view()]) as parcel:
            assert parcel.size == 800_000 + shipping.ALIGNMENT
            assert all((each == column).all() for each in shipping.load(parcel.shipment))


class Elsewhere:
    """Two workers of another machine: no path leads to the memory, and each keeps what it was sent."""

    def __init__(self) -> None:
        self.pool, self.sent, self.num_workers = ThreadPoolExecutor(1), [], 1

    def submit(self, function, shipment, task):
        self.sent.append(shipment.memory is not None)
        return self.pool.submit(function, shipment._replace(path="/nowhere"), task)


def test_bytes_are_sent_only_until_a_worker_has_them():
    executor = Elsewhere()
    found = swept(EveryNth, {"n": range(1, 60)}, executor=executor)
    assert content(found) == content(swept(EveryNth, {"n": range(1, 60)}))
    assert 1 <= sum(executor.sent) <= 2  # of the two tasks that were handed over at first
    assert len(executor.sent) > 4


def test_a_worker_with_another_version_is_refused(monkeypatch):
    with (
        shipping.Parcel([1]) as parcel,
        pytest.raises(bt.ConfigError, match=r"a worker has btcore .*sweeps 0\.0\.1"),
    ):
        shipping.load(parcel.shipment._replace(version="0.0.1"))


def test_a_module_that_a_worker_does_not_have_is_named(tmp_path, monkeypatch):
    (tmp_path / "only_here.py").write_text("class Thing:\n    pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import only_here

    with shipping.Parcel(only_here.Thing()) as parcel:
        monkeypatch.delitem(__import__("sys").modules, "only_here")
        (tmp_path / "only_here.py").unlink()
        __import__("importlib").invalidate_caches()
        monkeypatch.setattr("sys.dont_write_bytecode", True)
        with pytest.raises(
            bt.ConfigError, match=r"cannot load the strategy .No module named 'only_here'.*importable"
        ):
            shipping.load(parcel.shipment)


OPENED = """
from concurrent.futures import ProcessPoolExecutor
from swept_kinds import BARS, EveryNth, is_open
from btcore.research.executors import shipping
import btcore as bt

def swept(**options):
    bt.sweep({"A": BARS}, EveryNth, {"n": [2]}, progress=False, **options)

with ProcessPoolExecutor(1) as executor:
    swept(executor=executor)
    before, in_worker = is_open(), executor.submit(is_open).result()
    for _ in range(50):
        swept(executor=executor)
        swept(workers=2)
    assert is_open() <= before
    assert executor.submit(is_open).result() <= in_worker + shipping.KEPT
"""


def test_no_file_stays_open_over_fifty_sweeps():
    """In a process of its own, in which no other test opens or closes files."""
    done = subprocess.run(
        [sys.executable, "-c", OPENED],
        env=os.environ | {"PYTHONPATH": str(Path(swept_kinds.__file__).parent)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_columns_are_copied_whole_for_another_machine(tmp_path):
    catalog = bt.Catalog(tmp_path)
    catalog.write("A", market(20_000))
    bars = catalog.read("A", "hour")
    for maps_files, n_files in ((True, True), (False, False)):
        shipment = shipping.shipment_of(bars, str(maps_files), maps_files=maps_files)
        assert bool(shipment.files) is n_files
        assert shipping.load(shipment) == bars
