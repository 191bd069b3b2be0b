"""Files are imported, and datasets written and played, in memory that does not grow with them."""

import json
import os
import subprocess
import sys

import pytest

from btcore.data import Catalog

CHILD = """
import json, sys
import numpy as np
import btcore as bt
from btcore.data import Catalog, Quotes, scan_csv, scan_parquet

def anonymous():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("RssAnon")) // 1024

def watched(pieces):
    for piece in pieces:
        seen.append(anonymous())
        yield piece

def generated(n, piece=100_000):
    for first in range(0, n, piece):
        times = 1_704_067_200_000_000_000 + np.arange(first, first + piece) * 1_000_000
        bid = 100.0 + (np.arange(first, first + piece) // 5000 % 7)
        yield Quotes(times, bid, bid + 0.01)

seen = [anonymous()]
root, what, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
if what == "write":
    Catalog(root).write_stream({"A": watched(generated(n))})
elif what == "run":
    result = bt.run({"A": Catalog(root).read("A", "tick")}, "ma_crossover")
    assert result.metrics["events"] == n
elif what == "csv":
    Catalog(root).write_stream({"A": watched(scan_csv(root + "/a.csv", "quotes", rows=20_000))})
seen.append(anonymous())
print(json.dumps(max(seen) - seen[0]))
"""


def grown(*arguments):
    """MB of memory, mapped files excluded, that a child process needed for the work."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, *map(str, arguments)],
        capture_output=True,
        check=True,
        text=True,
        env=os.environ | {"POLARS_MAX_THREADS": "2"},
    )
    return json.loads(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_dataset_is_written_and_played_in_memory_that_does_not_grow_with_it(tmp_path):
    n = 12_000_000  # 288 MB
    assert grown(tmp_path, "write", n) < 60
    assert grown(tmp_path, "run", n) < 60


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_csv_is_imported_in_memory_that_does_not_grow_with_it(tmp_path):
    """Whole, the file takes 0.4 GB."""
    day = "".join(f"{1704067200000 + i},100.25,100.5\n" for i in range(200_000))
    with (tmp_path / "a.csv").open("w") as stream:
        stream.write("timestamp,bid,ask\n")
        for part in range(40):
            stream.write(day.replace("1704067", str(1704067 + part)))
    assert grown(tmp_path, "csv", 0) < 150
    assert Catalog(tmp_path).list()[0].rows == 8_000_000
    (tmp_path / "a.csv").unlink()  # 0.2 GB, which pytest would keep
    Catalog(tmp_path).delete("A")
