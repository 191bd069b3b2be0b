"""The life of a run: accepted, queued, sent to a worker, then completed or failed.

The store holds the state of each run, so a crash of a worker or of the server loses none. `start` and `stop`
queue interrupted runs again.
"""

import asyncio
import importlib
import logging
from collections import deque
from typing import Any

import msgspec

from btcore.errors import BtcoreError
from btserver.errors import ApiError, fault
from btserver.run_id import run_text
from btserver.schemas import LogPayload, MetricPayload, Payload, ProgressPayload, RunRecord, RunRequest
from btserver.settings import SettingsError
from btserver.store.store import Store, StoreError

from . import messages
from .process import WorkerProcess

MAX_QUEUED = 10_000
RETRY_SECONDS = 1.0  # between attempts to write to a store that fails
_MAX_PAUSE = 30.0  # seconds between attempts to start a worker that fails to start
_log = logging.getLogger("btserver.runs")

Pending = asyncio.Task[messages.FromWorker | None]


class Runs:
    """The queue of runs, and one task for each worker process."""

    def __init__(
        self, store: Store, *, workers: int, engine: str = "btserver.runs.engine", data: str | None = None
    ):
        self._store = store
        self._size = workers
        self._engine_name = engine
        self._engine = importlib.import_module(engine)
        self._data = data
        try:
            self._source: Any = self._engine.open_source(data)
        except BtcoreError as error:
            raise SettingsError(str(error)) from error
        self._queue: deque[bytes] = deque()
        self._arrived = asyncio.Event()
        self._workers: set[WorkerProcess] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._failing: set[int] = set()  # slots of workers whose last start failed
        self.workers_ready = 0

    async def start(self) -> None:
        """Queues the runs that an earlier server left unfinished, then starts the workers."""
        await self._requeue("interrupted by a restart of the server; queued again")
        self._queue.extend(self._store.oldest("queued"))
        self._tasks = [asyncio.create_task(self._supervise_worker(slot)) for slot in range(self._size)]

    async def stop(self) -> None:
        """Kills the workers; their runs are queued for the next start."""
        for task in self._tasks:
            task.cancel()
        workers = list(self._workers)
        for worker in workers:
            worker.kill()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(worker.end() for worker in workers))
        await self._store.check()  # returns after every write that the tasks have submitted
        await self._requeue("interrupted by a stop of the server; queued again")

    def can_work(self) -> bool:
        """False if the last start of every worker failed."""
        return len(self._failing) < self._size

    def worker_pids(self) -> list[int]:
        """The ids of the worker processes."""
        return [worker.pid for worker in self._workers]

    def check(self, request: RunRequest) -> None:
        """Raises a validation error with the path of a field that the engine or the data source refuses."""
        try:
            self._engine.check_request(request, self._source)
        except BtcoreError as error:
            raise fault(str(error)) from error

    async def submit(self, request: RunRequest) -> tuple[bytes, RunRecord]:
        """Stores and queues a run; ApiError 429 if too many are queued, StoreError if the write fails."""
        if len(self._queue) >= MAX_QUEUED:
            message = f"{len(self._queue)} backtests are queued; the limit is {MAX_QUEUED}"
            raise ApiError("too_many_requests", message, headers={"Retry-After": "5"})
        run, record = await self._store.create(msgspec.json.encode(request))
        self._queue.append(run)
        self._arrived.set()
        return run, record

    def rows_json(self, rows: Any, start: int, stop: int) -> bytes:
        """Rows [start, stop) of a stored table as a JSON array."""
        text: bytes = self._engine.rows_json(rows, start, stop)
        return text

    async def _requeue(self, reason: str) -> None:
        for run in self._store.oldest("running"):
            await self._store.change_state(run, "queued", payloads=[LogPayload(reason)])

    async def _supervise_worker(self, slot: int) -> None:
        """Replaces a worker whenever it ends; waits longer after each failed start."""
        failures = 0
        while True:
            has_started = False
            try:
                has_started = await self._employ_worker(slot)
            except OSError as error:  # no process, descriptor or memory for it
                _log.error("a worker could not be started: %s", error.strerror or error)
            except Exception:
                _log.exception("a worker could not be started")
            failures = 0 if has_started else failures + 1
            if failures:
                self._failing.add(slot)
                await asyncio.sleep(min(_MAX_PAUSE, 2.0**failures / 4))

    async def _employ_worker(self, slot: int) -> bool:
        """Starts a worker and sends it runs until it ends; False if it failed to start."""
        worker = await WorkerProcess.start(self._engine_name, self._data)
        self._workers.add(worker)
        has_started = True
        try:
            has_started = await self._feed_worker(worker, slot)
        except Exception:
            _log.exception("worker %d is replaced", worker.pid)
            worker.kill()
        finally:
            self._workers.discard(worker)
        code = await worker.end()
        _log.warning("worker %d ended (exit code %d); starting another", worker.pid, code)
        return has_started

    async def _feed_worker(self, worker: WorkerProcess, slot: int) -> bool:
        """Sends runs to a worker until it ends; False if it failed to start."""
        if not isinstance(await worker.receive(), messages.Ready):
            return False
        self._failing.discard(slot)
        self.workers_ready += 1
        try:
            alive = True
            while alive:
                # An idle worker sends nothing: this is the first message of its next run, or its end.
                pending: Pending = asyncio.create_task(worker.receive())
                try:
                    run = await self._next_run(pending)
                    alive = run is not None and await self._run_job(worker, run, pending)
                finally:
                    pending.cancel()
        finally:
            self.workers_ready -= 1
        return True

    async def _next_run(self, pending: Pending) -> bytes | None:
        """The oldest queued run, or None if the worker ends first."""
        while not pending.done():
            if self._queue:
                return self._queue.popleft()
            self._arrived.clear()
            arrived = asyncio.create_task(self._arrived.wait())
            try:
                await asyncio.wait({pending, arrived}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                arrived.cancel()
        return None

    async def _run_job(self, worker: WorkerProcess, run: bytes, pending: Pending) -> bool:
        """Runs `run` on a worker; False if the worker has ended or was killed."""
        try:
            await self._store.change_state(run, "running")
        except StoreError as cause:
            _log.error("run %s stays queued: %s", run_text(run), cause)
            self._queue.appendleft(run)
            await asyncio.sleep(RETRY_SECONDS)
            return True
        try:
            worker.send(messages.Job(self._store.request(run)))
            message = await pending
            while message is not None:
                if await self._record(run, message):
                    return True
                message = await worker.receive()
            error = f"worker crashed (exit code {await worker.end()})"
        except Exception as cause:
            # A failing disk or a bug: the run must still reach a terminal state.
            _log.exception("run %s failed in the server", run_text(run))
            worker.kill()
            error = f"internal error: {type(cause).__name__}: {cause}"
        await self._fail(run, error)
        return False

    async def _record(self, run: bytes, message: messages.FromWorker) -> bool:
        """Stores a message of the worker; True if it ended the run."""
        match message:
            case messages.Progress(progress, equity):
                payloads: list[Payload] = [ProgressPayload(progress)]
                if equity is not None:
                    payloads.append(MetricPayload("equity", equity))
                await self._store.append(run, payloads, progress)
            case messages.Log(lines):
                await self._store.append(run, [LogPayload(line) for line in lines])
            case messages.Block(table, index, data):
                await self._store.put_block(run, table, index, data)
            case messages.Done(result, metrics):
                final: list[Payload] = [MetricPayload(name, value) for name, value in metrics.items()]
                record = self._store.run(run)
                is_complete = record is not None and record.progress == 1.0
                payloads = final if is_complete else [ProgressPayload(1.0), *final]
                await self._store.change_state(run, "completed", payloads=payloads, result=result)
                return True
            case messages.Failed(reason):
                await self._store.change_state(run, "failed", error=reason, payloads=[LogPayload(reason)])
                return True
            case messages.Ready():
                raise RuntimeError("a worker sent Ready during a run")
        return False

    async def _fail(self, run: bytes, error: str) -> None:
        """Stores the failure of a run that its worker did not end; retries until it is on disk."""
        _log.error("run %s: %s", run_text(run), error)
        while (record := self._store.run(run)) is not None and record.state == "running":
            try:
                await self._store.change_state(run, "failed", error=error, payloads=[LogPayload(error)])
            except StoreError as cause:
                _log.error("the failure of run %s is not stored yet: %s", run_text(run), cause)
                await asyncio.sleep(RETRY_SECONDS)
