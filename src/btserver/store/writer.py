"""The one thread that writes: what many clients ask for at once shares one synchronous commit."""

import asyncio
import logging
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Any, NamedTuple

import lmdb

Write = Callable[["lmdb.Transaction[bytes]"], Any]
_log = logging.getLogger("btserver.store")

# A commit is at most this many writes, so that no client waits for an endless one.
MAX_BATCH = 512


class StoreError(Exception):
    """The disk or the map refused a write; the store is as it was before."""


class _Job(NamedTuple):
    write: Write
    after: Callable[[Any], None]
    done: asyncio.Future[Any]


Outcome = tuple[_Job, Any, BaseException | None]


class Writer:
    """Takes writes from the event loop, runs them in order, answers after the commit.

    A write must raise before its first put or not at all: then a refused write leaves the others of its
    transaction alone.
    """

    def __init__(
        self, env: lmdb.Environment, loop: asyncio.AbstractEventLoop, committed: Callable[[], None]
    ) -> None:
        self._env = env
        self._loop = loop
        self._committed = committed
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self.commits = 0
        self._thread = Thread(target=self._run, name="btserver-store", daemon=True)
        self._thread.start()

    def submit(self, write: Write, after: Callable[[Any], None]) -> asyncio.Future[Any]:
        """The write's answer, once it is on disk; writes happen in the order they are submitted.

        `after` is called on the loop with the answer of a committed write, even where nobody waits any more.
        """
        done: asyncio.Future[Any] = self._loop.create_future()
        self._queue.put(_Job(write, after, done))
        return done

    def close(self) -> None:
        """Finish what was submitted, then stop."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while True:
            first = self._queue.get()
            batch = []
            while first is not None:
                batch.append(first)
                if len(batch) == MAX_BATCH or self._queue.empty():
                    break
                first = self._queue.get()
            if batch:
                self._answer(self._commit(batch))
            if first is None:
                return

    def _commit(self, batch: list[_Job]) -> list[Outcome]:
        try:
            outcomes = self._attempt(batch)
        except lmdb.Error as error:
            if len(batch) > 1:  # one too large for the map must not take its neighbours with it
                return [outcome for job in batch for outcome in self._commit([job])]
            _log.error("write refused: %s", error)
            return [(batch[0], None, StoreError(str(error)))]
        self.commits += 1
        return outcomes

    def _attempt(self, batch: list[_Job]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        with self._env.begin(write=True) as txn:
            for job in batch:
                try:
                    outcomes.append((job, job.write(txn), None))
                except lmdb.Error:
                    raise
                except Exception as error:
                    outcomes.append((job, None, error))
        return outcomes

    def _answer(self, outcomes: list[Outcome]) -> None:
        try:
            self._loop.call_soon_threadsafe(self._resolve, outcomes)
        except RuntimeError:
            _log.warning("%d writes were committed after the event loop had closed", len(outcomes))

    def _resolve(self, outcomes: list[Outcome]) -> None:
        for job, value, error in outcomes:
            if error is None:
                job.after(value)
            if job.done.done():
                continue  # whoever waited was cancelled; the write stands
            if error is None:
                job.done.set_result(value)
            else:
                job.done.set_exception(error)
        self._committed()
