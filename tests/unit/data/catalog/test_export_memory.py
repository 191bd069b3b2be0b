"""A dataset is exported and read back in memory that does not grow with it."""

import json
import os
import subprocess
import sys

import pytest

CHILD = """
import json, sys, threading
import numpy as np
import polars, pyarrow.parquet
from btcore.data import Catalog, Quotes

def anonymous():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("RssAnon")) // 1024

def generated(n, piece=100_000):
    for first in range(0, n, piece):
        times = 1_704_067_200_000_000_000 + np.arange(first, first + piece) * 1_000_000
        bid = 100.0 + np.random.default_rng(first).normal(size=piece)
        yield Quotes(times, bid, bid + 0.01)

def watch():
    while not done.wait(0.01):
        seen.append(anonymous())

root, format, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
Catalog(root + "/catalog").write_stream({"A": generated(n)})
seen, done = [anonymous()], threading.Event()
watcher = threading.Thread(target=watch)
watcher.start()
Catalog(root + "/catalog").export(root + "/out", format)
(entry,) = Catalog(root + "/back").import_export(root + "/out")
done.set()
watcher.join()
assert entry.rows == n
print(json.dumps(max(seen) - seen[0]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("format", ["parquet", "arrow", "csv"])
def test_an_export_is_written_and_read_in_memory_that_does_not_grow_with_it(tmp_path, format):
    done = subprocess.run(
        [sys.executable, "-c", CHILD, tmp_path, format, str(12_000_000)],  # 288 MB
        capture_output=True,
        check=True,
        text=True,
        env=os.environ | {"POLARS_MAX_THREADS": "2"},
    )
    assert json.loads(done.stdout) < 220
    for path in tmp_path.rglob("*"):  # 1 GB, which pytest would keep
        if path.is_file():
            path.unlink()
