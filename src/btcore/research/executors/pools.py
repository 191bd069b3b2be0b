"""The kinds of pool: each takes batches of trials of one work and returns futures."""

import os
import signal
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, ThreadPoolExecutor
from typing import Any, Protocol

from btcore.data.conversions import import_library
from btcore.errors import ConfigError

from .shipping import PROCESSES_EXTRA, NotHereError, Parcel, Shipment, load

Task = Any  # what a work plays: a batch of trials
LOSSES_OF_DASK = ("KilledWorker", "FutureCancelledError", "FuturesCancelledError")


class Work(Protocol):
    """What all batches have in common, and how one is played."""

    @property
    def is_python(self) -> bool:
        """True if threads cannot play two batches at once."""

    def play(self, task: Task) -> Any: ...


class Future(Protocol):
    """The part of `concurrent.futures.Future` that is used."""

    def add_done_callback(self, function: Callable[[Any], object], /) -> object: ...
    def result(self) -> Any: ...
    def cancel(self) -> object: ...


class Pool(Protocol):
    """Workers that play batches of one work.

    workers: how many batches are played at once.
    breaks_whole: True if the loss of one worker ends all batches that are being played.
    """

    workers: int
    breaks_whole: bool

    def submit(self, task: Task) -> Future: ...

    def is_loss(self, error: Exception) -> bool:
        """True if a worker has ended, False if the task itself has failed."""

    def renew(self) -> None:
        """Replaces workers that were lost."""

    def send_all(self) -> None:
        """From now on each task has the data with it, for workers that cannot open the shared memory."""

    def close(self) -> None:
        """Ends the workers; batches that are being played are given up."""


def processors() -> int:
    """The processors that this process may use."""
    count = os.process_cpu_count() if hasattr(os, "process_cpu_count") else len(os.sched_getaffinity(0))
    return count or 1


class LocalPool:
    """What a pool on this machine does about its workers: nothing."""

    breaks_whole = False

    def is_loss(self, error: Exception) -> bool:
        return isinstance(error, BrokenExecutor)

    def renew(self) -> None:
        """Nothing to replace."""

    def send_all(self) -> None:
        raise NotHereError("executor: a worker cannot open the memory that holds the data")


class ThreadPool(LocalPool):
    """Threads of this process. Runs of Python callbacks take turns."""

    def __init__(self, work: Work, workers: int) -> None:
        self.workers, self._work = workers, work
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="btcore-sweep")

    def submit(self, task: Task) -> Future:
        return self._pool.submit(self._work.play, task)

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)


def play_shipment(shipment: Shipment, task: Task) -> Any:
    """Plays a batch in a worker process; what was sent is kept for the next one."""
    return load(shipment).play(task)


class ProcessPool(LocalPool):
    """Processes of this machine. They do not import the main module, so that a script needs no guard."""

    breaks_whole = True

    def __init__(self, work: Work, workers: int) -> None:
        self._loky = import_library("loky", PROCESSES_EXTRA)
        self.workers, self._parcel = workers, Parcel(work)
        self._pool: Any = self._started()

    def _started(self) -> Any:
        return self._loky.ProcessPoolExecutor(
            self.workers,
            context=self._loky.backend.get_context("loky"),
            # A terminal sends Ctrl-C to every process; the one that sweeps decides what follows.
            initializer=signal.signal,
            initargs=(signal.SIGINT, signal.SIG_IGN),
        )

    def submit(self, task: Task) -> Future:
        future: Future = self._pool.submit(play_shipment, self._parcel.shipment, task)
        return future

    def renew(self) -> None:
        self._pool.shutdown(wait=False, kill_workers=True)
        self._pool = self._started()

    def close(self) -> None:
        self._pool.shutdown(wait=True, kill_workers=True)
        self._parcel.close()


class GivenPool(LocalPool):
    """An object of the caller with `submit`. It stays open, and replaces its workers itself."""

    def __init__(self, work: Work, executor: Any, workers: int | None) -> None:
        self.workers = workers or _workers_of(executor)
        self._executor, self._work = executor, work
        self._parcel: Parcel | None = None
        self._sent: Any = None
        self._complete: Shipment | None = None
        if isinstance(executor, ThreadPoolExecutor):
            self.workers = 1 if work.is_python else self.workers
        elif hasattr(executor, "scatter"):  # Dask: one copy for each of its workers
            self._sent = executor.scatter(work, broadcast=True, hash=False)
        else:
            self._parcel = Parcel(work)

    def submit(self, task: Task) -> Future:
        future: Future
        if self._sent is not None:
            future = self._executor.submit(_play, self._sent, task, pure=False)
        elif self._parcel is not None:
            future = self._executor.submit(play_shipment, self._complete or self._parcel.shipment, task)
        else:
            future = self._executor.submit(self._work.play, task)
        return future

    def is_loss(self, error: Exception) -> bool:
        if isinstance(error, BrokenExecutor):
            raise ConfigError(
                f"executor: {self._executor!r} has lost a worker and takes no more tasks ({error}); "
                "'processes' replaces its workers"
            ) from error
        return type(error).__name__ in LOSSES_OF_DASK

    def send_all(self) -> None:
        assert self._parcel is not None
        self._complete = self._complete or self._parcel.complete()

    def close(self) -> None:
        if self._parcel is not None:
            self._parcel.close()


def _play(work: Work, task: Task) -> Any:
    return work.play(task)


def _workers_of(executor: Any) -> int:
    """How many batches the caller's object plays at once."""
    if hasattr(executor, "nthreads"):
        return max(1, int(sum(executor.nthreads().values())))
    count = getattr(executor, "_max_workers", None) or getattr(executor, "num_workers", None)
    return count if isinstance(count, int) and count > 0 else processors()
