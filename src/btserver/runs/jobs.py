"""The life of a job, a backtest or an optimization: accepted, queued, sent to a worker, completed or failed.

The store holds the state of each job, so a crash of a worker or of the server loses none. `start` and `stop`
queue interrupted jobs again.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256

from btserver.errors import ApiError
from btserver.run_id import run_text
from btserver.schemas import LogPayload, RunRecord
from btserver.store.blocks import DamagedError
from btserver.store.records import Records
from btserver.store.store import StoreError
from btserver.store.transitions import Marks

from .queue import RunQueue
from .slot import Slot

CANCELLED = "cancelled"
MAX_QUEUED = 10_000
RELEASE_SECONDS = 0.01  # between two looks at whether a worker has left a job
_log = logging.getLogger("btserver.runs")


class Jobs:
    """The jobs of one kind, which `noun` names: their queue, and a slot for each worker process."""

    noun = "job"

    def __init__(self, store: Records, workers: int, slot: Callable[[RunQueue], Slot]) -> None:
        self._store = store
        self._queue = RunQueue()
        self._slots = [slot(self._queue) for _ in range(workers)]
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Queues the jobs that an earlier server left unfinished, then starts the workers."""
        interrupted = self._store.oldest("running")
        queued = self._store.oldest("queued")
        self._queue.put(*(run for run in queued if not self._attempts(run)))
        self._queue.put(*queued)
        for run in interrupted:
            await self._slots[0].queue_again(run, "the server ended")
        self._tasks = [asyncio.create_task(slot.work()) for slot in self._slots]

    async def stop(self) -> None:
        """Kills the workers; their jobs are queued for the next start."""
        for task in self._tasks:
            task.cancel()
        workers = [slot.worker for slot in self._slots if slot.worker is not None]
        for worker in workers:
            worker.kill()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(worker.end() for worker in workers))
        await self._store.check()  # returns after every write that the tasks have submitted
        reason = LogPayload("interrupted by a stop of the server; queued again")
        for run in self._store.oldest("running"):
            await self._store.change_state(run, "queued", payloads=[reason], is_attempt=False)

    @property
    def workers_ready(self) -> int:
        """The number of workers that play a job or wait for one."""
        return sum(slot.is_ready for slot in self._slots)

    def can_work(self) -> bool:
        """False if the last start of every worker failed."""
        return not all(slot.has_failed for slot in self._slots)

    def worker_pids(self) -> list[int]:
        """The ids of the worker processes."""
        return [slot.worker.pid for slot in self._slots if slot.worker is not None]

    def find_body(self, body: bytes, key: str) -> tuple[bytes, RunRecord] | None:
        """The job that an earlier call with that idempotency key made; ApiError 409 for another body."""
        try:
            return self._store.with_key(marks_of(body, b"", key))
        except ValueError as error:
            raise ApiError("conflict", str(error)) from error

    async def submit_body(self, body: bytes, inputs: bytes, key: str | None) -> tuple[bytes, RunRecord]:
        """Stores and queues a job, or finds that with the same idempotency key.

        ApiError 429 if too many are queued, 409 if the key came with another request; StoreError if the write
        fails.
        """
        if len(self._queue) >= MAX_QUEUED:
            message = f"{len(self._queue)} {self.noun}s are queued; the limit is {MAX_QUEUED}"
            raise ApiError("too_many_requests", message, headers={"Retry-After": "5"})
        try:
            run, record, is_new = await self._store.create(body, marks_of(body, inputs, key))
        except ValueError as error:
            raise ApiError("conflict", str(error)) from error
        if is_new:
            self._queue.put(run)
        return run, record

    async def cancel(self, run: bytes) -> RunRecord:
        """Ends a job that is queued or running: failed, error `cancelled`; ApiError 409 otherwise."""
        try:
            with self._taken_off_queue(run):
                record = await self._store.change_state(
                    run, "failed", error=CANCELLED, payloads=[LogPayload(CANCELLED)]
                )
        except ValueError as error:
            raise ApiError("conflict", f"the {self.noun} has ended") from error
        self._kill_worker_of(run)
        return record

    async def delete(self, run: bytes) -> None:
        """Removes a job in any state; KeyError if there is none."""
        with self._taken_off_queue(run):
            await self._store.delete(run)
        self._kill_worker_of(run)

    async def _released(self, run: bytes) -> None:
        """Returns when no worker has the job, nor any write of it is open."""
        while any(slot.run == run for slot in self._slots):
            await asyncio.sleep(RELEASE_SECONDS)

    @contextmanager
    def _taken_off_queue(self, run: bytes) -> Iterator[None]:
        """No worker takes the job while its end is stored; it waits on if that fails."""
        was_queued = self._queue.remove(run)
        try:
            yield
        except StoreError:
            if was_queued:
                self._queue.put_first(run)
            raise

    def _kill_worker_of(self, run: bytes) -> None:
        for slot in self._slots:
            if slot.run == run and slot.worker is not None:
                slot.worker.kill()

    def _attempts(self, run: bytes) -> int:
        try:
            record = self._store.run(run)
        except DamagedError as error:
            _log.error("%s %s is left as it is: %s", self.noun, run_text(run), error)
            return 0
        return 0 if record is None else record.attempts


def marks_of(body: bytes, inputs: bytes, key: str | None) -> Marks:
    """What a job with that request, inputs and idempotency key is found by."""
    if key is None:
        return Marks(inputs=inputs)
    return Marks(sha256(key.encode()).digest(), sha256(body).digest(), inputs)
