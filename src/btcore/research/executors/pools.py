"""The kinds of pool: each takes batches of trials of one work and returns futures."""

import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, ThreadPoolExecutor
from typing import Any, Protocol

from btcore.data.conversions import import_library
from btcore.errors import ConfigError

from .files import CGROUP
from .shipping import PROCESSES_EXTRA, Parcel, Shipment, load

Task = Any  # what a work plays: a batch of trials
LOSSES_OF_DASK = ("KilledWorker", "FutureCancelledError", "FuturesCancelledError")
LEAK = 300_000_000  # bytes by which a worker may grow before loky replaces it, above the data that it maps
PARENT_SECONDS = 0.5  # between two looks of a worker at its parent


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
    ahead: how many batches for each worker are handed over, so that the next one waits where it is played.
    batch_seconds: of work in a batch, so that handing it over costs little.
    breaks_whole: True if the loss of one worker ends all batches that are being played.
    """

    @property
    def workers(self) -> int: ...
    @property
    def ahead(self) -> int: ...
    @property
    def breaks_whole(self) -> bool: ...
    @property
    def batch_seconds(self) -> float: ...

    def submit(self, task: Task, *, whole: bool = False) -> Future:
        """Hands a task over; `whole` with all data, for a worker that cannot open the memory or the files."""

    def is_loss(self, error: Exception) -> bool:
        """True if a worker has ended, False if the task itself has failed."""

    def renew(self) -> None:
        """Replaces workers that were lost."""

    def close(self) -> None:
        """Ends the workers; batches that are being played are given up."""


def processors() -> int:
    """The processors that this process, and its container, may use."""
    if hasattr(os, "process_cpu_count"):
        count = os.process_cpu_count()
    else:
        count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        quota, period = (CGROUP / "cpu.max").read_text().split()
        share = -(-float(quota) // float(period)) if quota != "max" else float("inf")
    except (OSError, ValueError):
        share = float("inf")
    return int(max(1, min(count or 1, share)))


class LocalPool:
    """What a pool on this machine does about its workers: nothing."""

    breaks_whole = False
    batch_seconds: float = 0.05

    @property
    def ahead(self) -> int:
        return 2

    def is_loss(self, error: Exception) -> bool:
        return isinstance(error, BrokenExecutor)

    def renew(self) -> None:
        """Nothing to replace."""


class ThreadPool(LocalPool):
    """Threads of this process. Runs of Python callbacks take turns."""

    def __init__(self, work: Work, workers: int) -> None:
        self.workers, self._work = workers, work
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="btcore-sweep")

    def submit(self, task: Task, *, whole: bool = False) -> Future:
        return self._pool.submit(self._work.play, task)

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)


def play_shipment(shipment: Shipment, task: Task) -> Any:
    """Plays a batch in a worker process; what was sent is kept for the next one."""
    return load(shipment).play(task)


def follow(parent: int) -> None:
    """Ends this process soon after its parent, which may be killed without a word.

    A terminal sends Ctrl-C to every process, and the parent decides what follows.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="btcore-parent").start()


class ProcessPool(LocalPool):
    """Processes of this machine. They do not import the main module, so that a script needs no guard."""

    breaks_whole = True

    def __init__(self, work: Work, workers: int) -> None:
        self._loky = import_library("loky", PROCESSES_EXTRA)
        self.workers, self._parcel = workers, Parcel(work)
        self._pool: Any = self._started()

    def _started(self) -> Any:
        # loky replaces a worker that grows; pages of the data count as its growth when it first reads them
        most = LEAK + self._parcel.size + self._parcel.shipment.size
        return self._loky.ProcessPoolExecutor(
            self.workers, context=self._loky.backend.get_context("loky"), initializer=follow,
            initargs=(os.getpid(),), env={"LOKY_MAX_MEMORY_LEAK_SIZE": str(most)},
        )  # fmt: skip

    def submit(self, task: Task, *, whole: bool = False) -> Future:
        shipment = self._parcel.complete() if whole else self._parcel.shipment
        future: Future = self._pool.submit(play_shipment, shipment, task)
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
        self._executor, self._work = executor, work
        self.workers = workers or _workers_of(executor)
        self._is_limited = workers is not None
        self._parcel: Parcel | None = None
        self._complete: Any = None
        if isinstance(executor, ThreadPoolExecutor):
            self.workers = 1 if work.is_python else self.workers
        else:
            self._parcel = Parcel(work)

    def submit(self, task: Task, *, whole: bool = False) -> Future:
        terms: dict[str, Any] = {"pure": False} if _is_of_dask(self._executor) else {}
        try:
            future: Future
            if self._parcel is None:
                future = self._executor.submit(self._work.play, task)
            else:
                shipment = self._whole(self._parcel) if whole else self._parcel.shipment
                future = self._executor.submit(play_shipment, shipment, task, **terms)
        except BrokenExecutor as error:
            raise self._broken(error) from error
        except RuntimeError as error:
            raise ConfigError(f"executor: {self._executor!r} takes no tasks ({error})") from error
        return future

    @property
    def ahead(self) -> int:
        return 1 if self._is_limited else 2  # the object may have more workers than it shall use

    def _whole(self, parcel: Parcel) -> Any:
        """The shipment with all data; of Dask a reference to it, with a copy at each worker."""
        if self._complete is None:
            self._complete = parcel.complete()
            if _is_of_dask(self._executor):
                self._complete = self._executor.scatter(self._complete, broadcast=True, hash=False)
        return self._complete

    def is_loss(self, error: Exception) -> bool:
        if isinstance(error, BrokenExecutor):
            raise self._broken(error) from error
        return type(error).__name__ in LOSSES_OF_DASK

    def _broken(self, error: Exception) -> ConfigError:
        return ConfigError(
            f"executor: {self._executor!r} has lost a worker and takes no more tasks ({error}); "
            "'processes' replaces its workers"
        )

    def close(self) -> None:
        if self._parcel is not None:
            self._parcel.close()


def _is_of_dask(executor: Any) -> bool:
    return hasattr(executor, "scatter")


def _workers_of(executor: Any) -> int:
    """How many batches the caller's object plays at once."""
    if hasattr(executor, "nthreads"):
        return max(1, int(sum(executor.nthreads().values())))
    count = getattr(executor, "_max_workers", None) or getattr(executor, "num_workers", None)
    return count if isinstance(count, int) and count > 0 else processors()
