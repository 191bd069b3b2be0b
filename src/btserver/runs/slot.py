"""A place for one worker process: starts it, sends it runs, stores what it says, replaces it when it ends."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from btserver import schemas
from btserver.run_id import run_text
from btserver.schemas import LogPayload
from btserver.store.blocks import DamagedError
from btserver.store.records import Records
from btserver.store.store import StoreError

from . import limits, messages
from .process import WorkerProcess
from .queue import RunQueue
from .recorder import Recorder

INTERNAL_ERROR = "internal error in the server; its log has the cause"
RETRY_SECONDS = 1.0  # between attempts to write to a store that fails
_MAX_PAUSE = 30.0  # seconds between attempts to start a worker that fails to start
_log = logging.getLogger("btserver.runs")

Pending = asyncio.Task[messages.FromWorker | None]


class Interruption(NamedTuple):
    """The end of an attempt that is not the fault of the run."""

    reason: str


class Slot:
    """One of the places, which works until its task is cancelled."""

    def __init__(
        self,
        store: Records,
        queue: RunQueue,
        start: Callable[[], Awaitable[WorkerProcess]],
        job_of: Callable[[bytes], messages.ToWorker],
        *,
        noun: str = "run",
        seconds: int = 0,
        is_lazy: bool = False,
    ) -> None:
        """`seconds` bound a run, 0 for no bound; a lazy slot starts its worker when there is a run for it."""
        self._store = store
        self._queue = queue
        self._start = start
        self._job_of = job_of
        self._noun, self._seconds = noun, seconds
        self._is_lazy = is_lazy
        self.worker: WorkerProcess | None = None
        self.run: bytes | None = None  # that the worker plays
        self.is_ready = False
        self.has_failed = False  # to start a worker, the last time

    async def work(self) -> None:
        """Replaces a worker whenever it ends; waits longer after each failed start."""
        failures = 0
        while True:
            has_started = False
            if self._is_lazy:
                await self._queue.filled()
            try:
                has_started = await self._employ()
            except OSError as error:  # no process, descriptor or memory for it
                _log.error("a worker could not be started: %s", error.strerror or error)
            except Exception:
                _log.exception("a worker could not be started")
            self.has_failed = not has_started
            failures = 0 if has_started else failures + 1
            if failures:
                await asyncio.sleep(min(_MAX_PAUSE, 2.0**failures / 4))

    async def _employ(self) -> bool:
        """Starts a worker and sends it runs until it ends; False if it failed to start."""
        worker = self.worker = await self._start()
        has_started = True
        try:
            has_started = await self._feed(worker)
        except Exception:
            _log.exception("worker %d is replaced", worker.pid)
            worker.kill()
        finally:
            self.is_ready = False
        code = await worker.end()
        self.worker = None
        _log.warning("worker %d ended (exit code %d); starting another", worker.pid, code)
        return has_started

    async def _feed(self, worker: WorkerProcess) -> bool:
        """Sends runs to a worker until it ends; False if it failed to start."""
        if not isinstance(await worker.receive(), messages.Ready):
            return False
        self.is_ready, self.has_failed = True, False
        alive = True
        while alive:
            # An idle worker sends nothing: this is the first message of its next run, or its end.
            pending: Pending = asyncio.create_task(worker.receive())
            try:
                self.run = await self._queue.take(unless=pending)
                alive = self.run is not None and await self._play(worker, self.run, pending)
            finally:
                self.run = None
                pending.cancel()
        return True

    async def _play(self, worker: WorkerProcess, run: bytes, pending: Pending) -> bool:
        """Plays `run` on a worker; False if the worker has ended or was killed."""
        recorder = Recorder(self._store, run)
        error = await self._try(worker, recorder, pending)
        if error is None:
            return True
        worker.kill()
        await recorder.settle()
        if isinstance(error, Interruption):
            await self.queue_again(run, error.reason)
        else:
            await self.fail(run, error)
        return False

    async def _try(
        self, worker: WorkerProcess, recorder: Recorder, pending: Pending
    ) -> "str | Interruption | None":
        """Plays a run on a worker; why it did not come to its end, or None."""
        run = recorder.run
        seconds = self._seconds or None
        try:
            worker.send(self._job_of(run))
            await recorder.begin()
            async with asyncio.timeout(seconds) as limit:
                if await self._record(worker, recorder, pending):
                    return None
            if not recorder.has_begun:
                return Interruption("its worker had ended")
            return f"worker crashed (exit code {await worker.end()})"
        except WorkerSilentError:
            return Interruption("its worker did not respond")
        except TimeoutError:
            return (
                f"the {self._noun} took longer than {seconds} seconds" if limit.expired() else INTERNAL_ERROR
            )
        except StoreError:
            return Interruption("the store did not accept its results")
        except Exception:  # a bug: the run must still reach a terminal state
            if not self._has_ended(run):
                _log.exception("run %s failed in the server", run_text(run))
            return INTERNAL_ERROR

    async def _record(self, worker: WorkerProcess, recorder: Recorder, pending: Pending) -> bool:
        """Stores the messages of the worker; False if it ended before the run."""
        message = await _in_time(pending)
        while message is not None:
            if await recorder.record(message):
                return True
            message = await _in_time(worker.receive())
        return False

    async def queue_again(self, run: bytes, reason: str) -> None:
        """Queues an interrupted run behind the others, or fails it after MAX_ATTEMPTS."""
        if self._has_ended(run):
            return
        record = self._store.run(run)
        if record is not None and record.state == "queued":  # its start could not be stored
            await asyncio.sleep(RETRY_SECONDS)
            if not self._has_ended(run):  # cancelled or deleted meanwhile
                self._queue.put_first(run)
            return
        if record is not None and record.attempts >= limits.MAX_ATTEMPTS:
            await self.fail(run, f"interrupted {record.attempts} times; the last time {reason}")
            return
        _log.warning("run %s is queued again: %s", run_text(run), reason)
        while not self._has_ended(run):
            try:
                payloads = [LogPayload(f"interrupted: {reason}; queued again")]
                await self._store.change_state(run, "queued", payloads=payloads)
            except StoreError as cause:
                await self._wait_for_store(run, cause)
            else:
                self._queue.put(run)
                return

    async def fail(self, run: bytes, error: str) -> None:
        """Stores the failure of a run that its worker did not end; retries until it is on disk."""
        while not self._has_ended(run):
            _log.error("run %s: %s", run_text(run), error)
            try:
                await self._store.change_state(run, "failed", error=error, payloads=[LogPayload(error)])
            except StoreError as cause:
                await self._wait_for_store(run, cause)

    def _has_ended(self, run: bytes) -> bool:
        """True also for a run that has been deleted."""
        try:
            record = self._store.run(run)
        except DamagedError:
            return True
        return record is None or record.state in schemas.TERMINAL

    async def _wait_for_store(self, run: bytes, cause: StoreError) -> None:
        _log.error("the end of run %s is not stored yet: %s", run_text(run), cause)
        await asyncio.sleep(RETRY_SECONDS)


async def _in_time(message: Awaitable[messages.FromWorker | None]) -> messages.FromWorker | None:
    try:
        async with asyncio.timeout(limits.SILENCE_SECONDS) as silence:
            return await message
    except TimeoutError:
        if silence.expired():
            raise WorkerSilentError from None
        raise


class WorkerSilentError(Exception):
    """A worker has sent nothing for SILENCE_SECONDS."""
