"""The life of a run: accepted, queued, sent to a worker, then completed or failed.

The store holds the state of each run, so a crash of a worker or of the server loses none. `start` and `stop`
queue interrupted runs again.
"""

import asyncio
import importlib
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from typing import Any

import msgspec

from btcore.errors import BtcoreError, ConfigError
from btserver.errors import ApiError, fault
from btserver.run_id import run_text
from btserver.schemas import LogPayload, RunRecord, RunRequest
from btserver.settings import SettingsError
from btserver.store.blocks import DamagedError
from btserver.store.store import Store, StoreError
from btserver.store.transitions import Marks

from .limits import Limits
from .process import WorkerProcess
from .queue import RunQueue
from .slot import Slot

CANCELLED = "cancelled"
MAX_QUEUED = 10_000
_log = logging.getLogger("btserver.runs")


class Runs:
    """The queue of runs, and a slot for each worker process."""

    def __init__(
        self,
        store: Store,
        *,
        workers: int,
        engine: str = "btserver.runs.engine",
        data: str | None = None,
        strategies: str | None = None,
        limits: Limits | None = None,
    ):
        self._store = store
        self.engine: Any = importlib.import_module(engine)
        self._limits = limits or Limits()
        try:
            self.source: Any = self.engine.open_source(data)
            if strategies is not None:
                self.engine.load_strategies(strategies)
        except BtcoreError as error:
            raise SettingsError(str(error)) from error
        self._queue = RunQueue()
        start = partial(WorkerProcess.start, engine, data, self._limits.memory_mib, strategies)
        self._slots = [Slot(store, self._queue, start, self._limits) for _ in range(workers)]
        self._tasks: list[asyncio.Task[None]] = []
        # One thread, because the first use of a calendar takes a second, and ranges of minutes are generated.
        self._checks = ThreadPoolExecutor(1, "btserver-check")

    async def start(self) -> None:
        """Queues the runs that an earlier server left unfinished, then starts the workers."""
        interrupted = self._store.oldest("running")
        queued = self._store.oldest("queued")
        self._queue.put(*(run for run in queued if not self._attempts(run)))
        self._queue.put(*queued)
        for run in interrupted:
            await self._slots[0].queue_again(run, "the server ended")
        self._tasks = [asyncio.create_task(slot.work()) for slot in self._slots]

    async def stop(self) -> None:
        """Kills the workers; their runs are queued for the next start."""
        for task in self._tasks:
            task.cancel()
        workers = [slot.worker for slot in self._slots if slot.worker is not None]
        for worker in workers:
            worker.kill()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(worker.end() for worker in workers))
        self._checks.shutdown(wait=False, cancel_futures=True)
        await self._store.check()  # returns after every write that the tasks have submitted
        reason = LogPayload("interrupted by a stop of the server; queued again")
        for run in self._store.oldest("running"):
            await self._store.change_state(run, "queued", payloads=[reason], is_attempt=False)

    @property
    def workers_ready(self) -> int:
        """The number of workers that play a run or wait for one."""
        return sum(slot.is_ready for slot in self._slots)

    def can_work(self) -> bool:
        """False if the last start of every worker failed."""
        return not all(slot.has_failed for slot in self._slots)

    def worker_pids(self) -> list[int]:
        """The ids of the worker processes."""
        return [slot.worker.pid for slot in self._slots if slot.worker is not None]

    async def check(self, request: RunRequest) -> bytes:
        """The digest of all that has an effect on the result.

        Raises a validation error with the path of a field that the engine or the data source refuses. It
        works on a thread, while the event loop serves others.
        """
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._checks, self._check, request)
        except BtcoreError as error:
            raise fault(str(error)) from error

    def _check(self, request: RunRequest) -> bytes:
        self.engine.check_request(request, self.source)
        rows = self.engine.count_rows(request, self.source)
        if self._limits.rows and rows > self._limits.rows:
            raise ConfigError(
                f"symbols: the run could have {rows:,} rows; the limit is {self._limits.rows:,}: "
                "choose fewer symbols, less time or a coarser resolution"
            )
        origin: bytes = self.engine.data_mark(request, self.source)
        if not origin:
            return b""
        inputs = msgspec.structs.replace(request, labels=[], note=None)
        return sha256(msgspec.json.encode(inputs) + b"\0" + origin).digest()

    def find(self, request: RunRequest, key: str) -> tuple[bytes, RunRecord] | None:
        """The run that an earlier call with that idempotency key made; ApiError 409 for another request."""
        try:
            return self._store.with_key(_marks(msgspec.json.encode(request), b"", key))
        except ValueError as error:
            raise ApiError("conflict", str(error)) from error

    async def submit(self, request: RunRequest, inputs: bytes, key: str | None) -> tuple[bytes, RunRecord]:
        """Stores and queues a run, or finds that with the same idempotency key.

        ApiError 429 if too many are queued, 409 if the key came with another request; StoreError if the write
        fails.
        """
        if len(self._queue) >= MAX_QUEUED:
            message = f"{len(self._queue)} backtests are queued; the limit is {MAX_QUEUED}"
            raise ApiError("too_many_requests", message, headers={"Retry-After": "5"})
        body = msgspec.json.encode(request)
        try:
            run, record, is_new = await self._store.create(body, _marks(body, inputs, key))
        except ValueError as error:
            raise ApiError("conflict", str(error)) from error
        if is_new:
            self._queue.put(run)
        return run, record

    async def cancel(self, run: bytes) -> RunRecord:
        """Ends a run that is queued or running: failed, error `cancelled`; ApiError 409 otherwise."""
        try:
            with self._taken_off_queue(run):
                record = await self._store.change_state(
                    run, "failed", error=CANCELLED, payloads=[LogPayload(CANCELLED)]
                )
        except ValueError as error:
            raise ApiError("conflict", "the backtest has ended") from error
        self._kill_worker_of(run)
        return record

    async def delete(self, run: bytes) -> None:
        """Removes a run in any state; KeyError if there is none."""
        with self._taken_off_queue(run):
            await self._store.delete(run)
        self._kill_worker_of(run)

    @contextmanager
    def _taken_off_queue(self, run: bytes) -> Iterator[None]:
        """No worker takes the run while its end is stored; it waits on if that fails."""
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

    def rows_json(self, rows: Any, start: int, stop: int) -> bytes:
        """Rows [start, stop) of a stored table as a JSON array."""
        text: bytes = self.engine.rows_json(rows, start, stop)
        return text

    def table_writer(self, media_type: str) -> Any:
        """A function that makes bytes of that type of the rows of a table."""
        return partial(self.engine.write_table, media_type)

    def _attempts(self, run: bytes) -> int:
        try:
            record = self._store.run(run)
        except DamagedError as error:
            _log.error("run %s is left as it is: %s", run_text(run), error)
            return 0
        return 0 if record is None else record.attempts


def _marks(body: bytes, inputs: bytes, key: str | None) -> Marks:
    """What a run with that request, inputs and idempotency key is found by."""
    if key is None:
        return Marks(inputs=inputs)
    return Marks(sha256(key.encode()).digest(), sha256(body).digest(), inputs)
