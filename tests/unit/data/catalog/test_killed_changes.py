"""Imports and copies that are killed leave the old datasets, and two at once do not mix."""

import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import btcore as bt
from btcore.data import Bars, Catalog

# Changes the catalog `path`; kills itself at the n-th call of a function that changes the disk.
CHANGING = """
import os, shutil, signal, sys
from pathlib import Path
import numpy as np
from btcore.data import Bars, Catalog

change, path, other, target, number, when = *sys.argv[1:5], int(sys.argv[5]), sys.argv[6]
owner = {"fsync": os, "rename": Path, "replace": Path, "rmtree": shutil}[target]
real, calls = getattr(owner, target), []

def dying(*args, **kwargs):
    calls.append(target)
    if len(calls) == number and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    result = real(*args, **kwargs)
    if len(calls) == number and when == "after":
        os.kill(os.getpid(), signal.SIGKILL)
    return result

setattr(owner, target, dying)
if change == "import":
    Catalog(path).import_export(other)
elif change == "copy":
    Catalog(other).copy(path)
elif change == "export":
    Catalog(path).export(other)
else:
    data = {symbol: Catalog(other).read(symbol, "5min") for symbol in ("A", "B")}
    pieces = {symbol: [bars.slice(None, 2000), bars.slice(2000)] for symbol, bars in data.items()}
    Catalog(path).write_stream(pieces)
print(len(calls))
"""

REPEATING = """
import sys
from btcore.data import Catalog

path, exports = sys.argv[1], sys.argv[2:]
for _ in range(12):
    for export in exports:
        Catalog(path).import_export(export)
"""


def constant(price, rows=4):
    column = np.full(rows, price)
    return Bars(np.arange(rows) * 300 * 10**9, column, column, column, column, column, interval="5min")


def made(path, price, symbols=("A", "B"), rows=4):
    """A catalog whose datasets and definitions all have that price."""
    catalog = Catalog(path)
    for symbol in symbols:
        catalog.write(symbol, constant(price, rows))
        catalog.define(symbol, bt.Instrument(tick_size=price))
    return catalog


def prices(catalog):
    """The prices that datasets and definitions have."""
    found = {symbol: catalog.read(symbol, "5min") for symbol in catalog.symbols()}
    for bars in found.values():
        assert (bars.close == bars.close[0]).all()
        assert bars._hash == Bars(**bars.columns, interval="5min").content_hash
    return {s: float(b.close[0]) for s, b in found.items()}, {
        s: d.instrument.tick_size for s, d in catalog.definitions().items()
    }


def run(code, *args):
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, args)], capture_output=True, text=True, check=False
    )


OLD, NEW = 1.0, 2.0
POINTS = [
    *[("fsync", number, "before") for number in (1, 8, 16)],
    *[("rename", number, when) for number in (1, 2) for when in ("before", "after")],
    ("replace", 1, "before"),
    ("replace", 1, "after"),
    ("rmtree", 1, "after"),
]


@pytest.mark.parametrize("change", ["import", "copy", "write_stream"])
@pytest.mark.parametrize(("target", "number", "when"), POINTS)
def test_a_killed_change_leaves_all_or_nothing(tmp_path, change, target, number, when):
    catalog = made(tmp_path / "catalog", OLD)
    source = made(tmp_path / "source", NEW)
    other = tmp_path / "source"
    if change == "import":
        source.export(other := tmp_path / "export")
    killed = run(CHANGING, change, catalog.path, other, target, number, when)
    assert killed.returncode == -signal.SIGKILL, killed
    changed = NEW if target == "rmtree" or (target, when) == ("replace", "after") else OLD
    defined = OLD if change == "write_stream" else changed
    assert prices(Catalog(catalog.path)) == ({"A": changed, "B": changed}, {"A": defined, "B": defined})
    # The next change is not blocked and removes what was left.
    source.copy(catalog)
    assert prices(catalog) == ({"A": NEW, "B": NEW}, {"A": NEW, "B": NEW})
    assert len(list((catalog.path / "datasets").iterdir())) == 2


@pytest.mark.parametrize(("target", "number"), [("fsync", 1), ("fsync", 3), ("rename", 1)])
def test_a_killed_export_leaves_no_folder(tmp_path, target, number):
    catalog = made(tmp_path / "catalog", OLD)
    killed = run(CHANGING, "export", catalog.path, tmp_path / "out", target, number, "before")
    assert killed.returncode == -signal.SIGKILL, killed
    assert not (tmp_path / "out").exists()
    catalog.export(tmp_path / "out")
    assert prices(Catalog(tmp_path / "back")) == ({}, {})
    Catalog(tmp_path / "back").import_export(tmp_path / "out")
    assert prices(Catalog(tmp_path / "back")) == prices(catalog)


def test_an_import_killed_from_outside_leaves_all_or_nothing(tmp_path):
    """Killed after several times, so at points that no test chose."""
    catalog = made(tmp_path / "catalog", OLD)
    made(tmp_path / "source", NEW, rows=400_000).export(tmp_path / "export", "csv")
    before = prices(catalog)
    code = "import sys; from btcore.data import Catalog\nprint('go', flush=True)\n"
    code += "Catalog(sys.argv[1]).import_export(sys.argv[2])"
    for wait in (0.0, 0.05, 0.1, 0.2, 0.4):
        process = subprocess.Popen(
            [sys.executable, "-c", code, catalog.path, tmp_path / "export"], stdout=subprocess.PIPE
        )
        assert process.stdout.readline() == b"go\n"
        time.sleep(wait)
        process.kill()
        process.communicate()
        found = prices(Catalog(catalog.path))
        assert found in [before, ({"A": NEW, "B": NEW}, {"A": NEW, "B": NEW})]
        made(catalog.path, OLD)
        assert len(list((catalog.path / "datasets").iterdir())) == 2


def test_imports_of_the_same_symbols_at_once_are_one_or_the_other(tmp_path):
    exports = []
    for price in (OLD, NEW):
        exports.append(tmp_path / f"export {price}")
        made(tmp_path / f"source {price}", price).export(exports[-1])
    with ThreadPoolExecutor() as pool:
        first = pool.submit(run, REPEATING, tmp_path / "catalog", *exports)
        second = pool.submit(run, REPEATING, tmp_path / "catalog", *reversed(exports))
        while not (first.done() and second.done()):
            index = Catalog(tmp_path / "catalog")._current()  # one state of the index
            hashes = {entry.content_hash for entry in index.datasets}
            assert len(hashes) <= 1
            assert len({d.instrument.tick_size for d in index.definitions.values()}) <= 1
            time.sleep(0.01)
    assert (first.result().returncode, second.result().returncode) == (0, 0), (
        first.result(),
        second.result(),
    )
    catalog = Catalog(tmp_path / "catalog")
    datasets, definitions = prices(catalog)
    assert datasets == definitions
    assert len(set(datasets.values())) == 1
    assert len(list((catalog.path / "datasets").iterdir())) == 2


def test_imports_of_different_symbols_at_once_are_both_there(tmp_path):
    exports = []
    for price, symbols in ((OLD, ("A", "B")), (NEW, ("C", "D"))):
        exports.append(tmp_path / f"export {price}")
        made(tmp_path / f"source {price}", price, symbols).export(exports[-1])
    with ThreadPoolExecutor() as pool:
        done = list(pool.map(lambda export: run(REPEATING, tmp_path / "catalog", export), exports))
    assert [process.returncode for process in done] == [0, 0], done
    expected = {"A": OLD, "B": OLD, "C": NEW, "D": NEW}
    assert prices(Catalog(tmp_path / "catalog")) == (expected, expected)


def test_two_exports_to_one_folder_leave_one_whole(tmp_path):
    catalog = made(tmp_path / "catalog", OLD)
    code = "import sys; from btcore.data import Catalog; Catalog(sys.argv[1]).export(sys.argv[2])"
    with ThreadPoolExecutor() as pool:
        done = list(pool.map(lambda _: run(code, catalog.path, tmp_path / "out"), range(3)))
    assert sorted(process.returncode for process in done) == [0, 1, 1], done
    assert all("the folder is not empty" in process.stderr for process in done if process.returncode)
    Catalog(tmp_path / "back").import_export(tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["back", "catalog", "out"]
