"""The store: backtests and optimizations, their events and their results in one LMDB environment.

    runs        run -> RunRecord            requests  run -> the request as JSON
    by_created  order|run -> empty          by_state  state|order|run -> empty
    events      run|event id -> JSON        results   run -> ResultHead, run|table|block -> rows
    meta        "format" -> the version of this layout

These are the tables of backtests; those of optimizations have the same names after `optimization_`, and the
trials of an optimization are in a file beside the environment (`studies`).

Reads are short and run on the event loop; writes run on the thread of `Writer`. The memory map reserves
64 GiB of address space; the file grows with its content, so the map is never resized while it is read.
"""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from .opening import StoreLockedError, lock_directory, open_environment
from .records import Commits, Records
from .studies import Studies
from .writer import StoreError, Writer

__all__ = ["Store", "StoreError", "StoreLockedError"]

MAP_SIZE = 64 * 2**30
Listener = Callable[[set[bytes]], None]


class Store(Records):
    """The store of one server: the records of backtests, and in `optimizations` those of optimizations.

    Call `attach` in a running event loop before the first write.
    """

    def __init__(self, directory: str | Path, *, map_size: int = MAP_SIZE) -> None:
        self.directory = Path(directory)
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = lock_directory(self.directory / "server.lock")
        try:
            env, tables, of_optimizations = open_environment(self.directory, map_size)
        except BaseException:
            os.close(self._lock)
            raise
        commits = Commits()
        super().__init__(env, tables, commits)
        self.optimizations = Records(env, of_optimizations, commits)
        self._all_tables = (*tables, *of_optimizations)
        self._listener: Listener | None = None
        self.studies = Studies(self.directory)

    def attach(self, listener: Listener | None = None) -> None:
        """Starts the writer. After each commit, `listener` is called on the loop with the changed jobs."""
        self._listener = listener
        self._commits.writer = Writer(self._env, asyncio.get_running_loop(), self._notify_listener)

    def close(self) -> None:
        """Finishes the submitted writes, closes the environment and releases the lock."""
        if self._commits.writer is not None:
            self._commits.writer.close()
            self._commits.writer = None
        self._env.close()
        os.close(self._lock)

    @property
    def used_bytes(self) -> int:
        """The bytes of the pages that have content, without free ones, and of the studies."""
        with self._env.begin() as txn:
            stats = [txn.stat(table) for table in self._all_tables]
        pages = sum(s["psize"] * (s["branch_pages"] + s["leaf_pages"] + s["overflow_pages"]) for s in stats)
        return pages + self.studies.used_bytes

    @property
    def map_bytes(self) -> int:
        """The size of the memory map, which grows when it is full."""
        return int(self._env.info()["map_size"])

    @property
    def commits(self) -> int:
        """The number of commits since `attach`."""
        return 0 if self._commits.writer is None else self._commits.writer.commits

    @property
    def events_written(self) -> int:
        """The number of events on disk since the start."""
        return self._commits.events_written

    def _notify_listener(self) -> None:
        changed, self._commits.changed = self._commits.changed, set()
        if self._listener is not None and changed:
            self._listener(changed)
