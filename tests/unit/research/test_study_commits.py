"""When the trials of a study are on disk."""

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest
from sweeps import bars

import btcore as bt

SECONDS = 10.0


class Waits(bt.Strategy):
    """Level 3 waits until the file of the variable GATE exists."""

    level: int = 1

    def on_start(self, ctx):
        end = time.monotonic() + 2 * SECONDS
        while self.level == 3 and not Path(os.environ["GATE"]).exists() and time.monotonic() < end:
            time.sleep(0.01)

    def on_bar(self, ctx, bar):
        """Does nothing."""


def n_trials(path: Path) -> int:
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path)) as file:
        try:
            (count,) = file.execute("SELECT count(*) FROM trials").fetchone()
        except sqlite3.OperationalError:  # it is being made
            return 0
    return int(count)


def test_trials_that_a_long_one_follows_are_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two short trials end, and the third takes as long as it likes: a kill then loses neither."""
    path, gate = tmp_path / "study.sqlite", tmp_path / "gate"
    monkeypatch.setenv("GATE", str(gate))
    seen: list[int] = []

    def look() -> None:
        end = time.monotonic() + SECONDS
        while (count := n_trials(path)) < 2 and time.monotonic() < end:
            time.sleep(0.02)
        seen.append(count)
        gate.touch()

    watch = Thread(target=look)
    watch.start()
    result = bt.sweep({"A": bars(50)}, Waits, {"level": [1, 2, 3]}, study=path, progress=False)
    watch.join()
    assert seen == [2]
    assert len(result) == n_trials(path) == 3
