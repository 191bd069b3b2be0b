"""The only thread that writes to the store: concurrent writes share one synchronous commit."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any, NamedTuple

import lmdb

Write = Callable[["lmdb.Transaction[bytes]"], Any]
_log = logging.getLogger("btserver.store")

LINGER_SECONDS = 0.02  # that a write which nobody waits for may be late
MAX_BATCH = 512  # writes of one commit, which bounds how long a client waits


class StoreError(Exception):
    """A write failed, for example because the disk is full; the store is unchanged."""


class Chain:
    """Writes of which none is made once one of them has failed."""

    def __init__(self) -> None:
        self.is_broken = False


class _Job(NamedTuple):
    write: Write
    on_commit: Callable[[Any], None]
    future: asyncio.Future[Any]
    chain: Chain | None
    is_urgent: bool  # somebody waits for it


def _break(job: _Job) -> None:
    if job.chain is not None:
        job.chain.is_broken = True


Outcome = tuple[_Job, Any, BaseException | None]


class Writer:
    """Runs writes from the event loop in order and resolves their futures after the commit.

    A write may raise only before its first put, because other writes share its transaction.
    """

    def __init__(
        self, env: lmdb.Environment, loop: asyncio.AbstractEventLoop, committed: Callable[[], None]
    ) -> None:
        self._env = env
        self._loop = loop
        self._committed = committed
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._is_closing = Event()
        self.commits = 0
        self._thread = Thread(target=self._run, name="btserver-store", daemon=True)
        self._thread.start()

    def submit(
        self,
        write: Write,
        on_commit: Callable[[Any], None],
        *,
        chain: Chain | None = None,
        is_urgent: bool = True,
    ) -> asyncio.Future[Any]:
        """A future of what `write` returns, resolved after the commit. Writes run in order of submission.

        One that is not urgent waits up to LINGER_SECONDS for others, to share their commit.

        After the commit, `on_commit` is called on the loop with that value, even if the future was cancelled.
        """
        future: asyncio.Future[Any] = self._loop.create_future()
        self._queue.put(_Job(write, on_commit, future, chain, is_urgent))
        return future

    def close(self) -> None:
        """Finishes the submitted writes, then ends the thread."""
        self._is_closing.set()
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        is_closed = False
        while not is_closed:
            batch: list[_Job] = []
            for job in self._gather():
                if job is None:
                    is_closed = True
                    break
                batch.append(job)
            if batch:
                self._resolve_soon(self._commit(batch))

    def _gather(self) -> Iterator[_Job | None]:
        """The next job and those that share its commit; None to end the thread."""
        job = self._queue.get()
        yield job
        is_urgent = job is None or job.is_urgent
        until = time.monotonic() + LINGER_SECONDS
        with contextlib.suppress(Empty):
            for _ in range(MAX_BATCH - 1):
                wait = 0.0 if is_urgent else max(until - time.monotonic(), 0.0)
                job = self._queue.get(block=wait > 0, timeout=wait or None)
                yield job
                is_urgent = is_urgent or job is None or job.is_urgent

    def _commit(self, batch: list[_Job]) -> list[Outcome]:
        try:
            outcomes = self._attempt(batch)
        except lmdb.MapFullError:
            self._grow_map()
            return self._commit(batch)
        except lmdb.Error as error:
            if len(batch) > 1:  # retried one by one, so that only a write too large for the map fails
                return [outcome for job in batch for outcome in self._commit([job])]
            _log.error("write failed: %s", error)
            _break(batch[0])
            return [(batch[0], None, StoreError(str(error)))]
        self.commits += 1
        return outcomes

    def _grow_map(self) -> None:
        """Doubles the map. The loop does it, between its reads, which must not be open at that time."""
        size = 2 * int(self._env.info()["map_size"])
        grown = Event()

        def grow() -> None:
            self._env.set_mapsize(size)
            grown.set()

        if not self._is_closing.is_set():
            self._loop.call_soon_threadsafe(grow)
        while not grown.wait(0.05):
            if self._is_closing.is_set() and not grown.is_set():  # the loop waits for this thread
                grow()
        _log.info("the map of the store has %d bytes now", size)

    def _attempt(self, batch: list[_Job]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        with self._env.begin(write=True) as txn:
            for job in batch:
                try:
                    if job.chain is not None and job.chain.is_broken:
                        raise StoreError("an earlier write failed")
                    outcomes.append((job, job.write(txn), None))
                except lmdb.Error:
                    raise
                except Exception as error:
                    _break(job)
                    outcomes.append((job, None, error))
        return outcomes

    def _resolve_soon(self, outcomes: list[Outcome]) -> None:
        try:
            self._loop.call_soon_threadsafe(self._resolve, outcomes)
        except RuntimeError:
            _log.warning("%d writes were committed after the event loop had closed", len(outcomes))

    def _resolve(self, outcomes: list[Outcome]) -> None:
        for job, value, error in outcomes:
            if error is None:
                job.on_commit(value)
            if job.future.done():
                continue  # cancelled by the caller; the write is committed
            if error is None:
                job.future.set_result(value)
            else:
                job.future.set_exception(error)
        self._committed()
