"""A catalog stays valid if a writer is killed at any point, and with many writers at once."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from btcore.data import Bars, Catalog, Trades

# Kills itself at the n-th call of a function that changes the disk, before or after the call.
DYING = """
import os, shutil, signal, sys
from pathlib import Path
import numpy as np
from btcore.data import Bars, Catalog, Trades

path, target, number, when = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
owner, name = {"fsync": (os, "fsync"), "save": (np, "save"), "rename": (Path, "rename"),
               "replace": (Path, "replace"), "rmtree": (shutil, "rmtree")}[target]
real, calls = getattr(owner, name), []

def dying(*args, **kwargs):
    calls.append(name)
    if len(calls) == number and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    result = real(*args, **kwargs)
    if len(calls) == number and when == "after":
        os.kill(os.getpid(), signal.SIGKILL)
    return result

setattr(owner, name, dying)
two = np.full(10, 2.0)
times = np.arange(10) * 60 * 10**9
Catalog(path).write("AAPL", [Bars(times, two, two, two, two, two), Trades(times, two)])
print(len(calls))
"""

WRITING = """
import sys
import numpy as np
from btcore.data import Bars, Catalog

path, name = sys.argv[1], int(sys.argv[2])
catalog = Catalog(path)
times = np.arange(10) * 60 * 10**9
for i in range(15):
    price = np.full(10, 1.0 + name * 100 + i)
    catalog.write(f"OWN{name}", Bars(times, price, price, price, price, price))
    catalog.write("SHARED", Bars(times, price, price, price, price, price))
    for symbol in catalog.symbols():
        close = catalog.read(symbol, "minute").close
        assert len(close) == 10 and (close == close[0]).all()
"""

TIMES = np.arange(10) * 60 * 10**9


def constant(price):
    column = np.full(10, price)
    return Bars(TIMES, column, column, column, column, column)


def run(code, *args):
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, args)], capture_output=True, text=True, check=False
    )


POINTS = [
    *[("save", n, w) for n, w in ((1, "before"), (1, "after"), (7, "before"), (8, "after"))],
    *[("fsync", n, "before") for n in (1, 7, 8, 12, 13, 14)],
    *[("rename", n, w) for n in (1, 2) for w in ("before", "after")],
    ("replace", 1, "before"),
    ("replace", 1, "after"),
    ("rmtree", 1, "before"),
    ("rmtree", 1, "after"),
]


@pytest.mark.parametrize(("target", "number", "when"), POINTS)
def test_a_writer_killed_at_any_point_leaves_all_or_nothing(tmp_path, target, number, when):
    catalog = Catalog(tmp_path)
    old, new = constant(1.0), constant(2.0)
    catalog.write("AAPL", old)
    catalog.write("MSFT", old)
    killed = run(DYING, tmp_path, target, number, when)
    assert killed.returncode == -9, killed
    fresh = Catalog(tmp_path)
    committed = (
        target == "rmtree" or (target, when) == ("replace", "after") or (target, number) == ("fsync", 14)
    )
    assert fresh.read("AAPL", "minute") == (new if committed else old)
    assert fresh.symbols("tick") == (["AAPL"] if committed else [])
    assert fresh.read("MSFT", "minute") == old
    # The next writer is not blocked, finishes, and removes what was left.
    fresh.write("AAPL", [new, Trades(TIMES, np.full(10, 2.0))])
    assert fresh.read("AAPL", "minute") == new
    assert sorted(p.name for p in (tmp_path / "datasets").iterdir()) == sorted(
        e.directory for e in fresh.list()
    )
    assert sorted(p.name for p in tmp_path.iterdir()) == ["datasets", "index.json", "lock"]


def test_the_kill_points_cover_every_call(tmp_path):
    Catalog(tmp_path).write("AAPL", constant(1.0))
    for target, calls in (("save", 8), ("fsync", 14), ("rename", 2), ("replace", 1), ("rmtree", 1)):
        (tmp_path / target).mkdir()
        Catalog(tmp_path / target).write("AAPL", constant(1.0))
        assert run(DYING, tmp_path / target, target, 99, "before").stdout.split() == [str(calls)], target


def test_processes_write_at_once(tmp_path):
    with ThreadPoolExecutor() as pool:
        done = list(pool.map(lambda name: run(WRITING, tmp_path, name), range(3)))
    assert [p.returncode for p in done] == [0, 0, 0], [p.stderr for p in done]
    catalog = Catalog(tmp_path)
    assert catalog.symbols() == ["OWN0", "OWN1", "OWN2", "SHARED"]
    for name in range(3):
        assert catalog.read(f"OWN{name}", "minute") == constant(1.0 + name * 100 + 14)
    assert len(list((tmp_path / "datasets").iterdir())) == 4


def test_threads_write_at_once(tmp_path):
    catalog = Catalog(tmp_path)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda i: catalog.write(f"S{i}", constant(1.0 + i)), range(20)))
    assert len(catalog.symbols()) == 20
