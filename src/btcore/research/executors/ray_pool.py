"""Trials on a Ray cluster: the data are once in the object store of each node, which its workers read in place."""

import os
from typing import Any

from btcore.data.conversions import import_library

from .pools import Future, LocalPool, Task, Work

RAY_EXTRA = "btcore[ray]"
# What Ray raises when a worker or its node has ended, or memory had to be freed.
LOSSES_OF_RAY = (
    "WorkerCrashedError", "NodeDiedError", "ActorDiedError", "ActorUnavailableError", "OutOfMemoryError",
    "ObjectLostError", "OwnerDiedError", "ObjectFetchTimedOutError", "LocalRayletDiedError",
)  # fmt: skip

_kept: dict[str, Any] = {}  # the work that this process has read, by its object id


def play_reference(references: list[Any], task: Task) -> Any:
    """Plays a batch in a worker of Ray; the work is read once."""
    import ray

    key = references[0].hex()
    if key not in _kept:
        _kept.clear()
        _kept[key] = ray.get(references[0])
    return _kept[key].play(task)


class RayPool(LocalPool):
    """The cluster that the process is connected to; else that of RAY_ADDRESS; else one on this machine.

    A cluster that this pool has started ends with it.
    """

    def __init__(self, work: Work, workers: int | None) -> None:
        ray = self._ray = import_library("ray", RAY_EXTRA)
        self._is_mine = not ray.is_initialized()
        if self._is_mine:
            connect(ray)
        self.workers = workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
        self._reference = ray.put(work)
        self._play = ray.remote(max_retries=0, num_cpus=1)(play_reference)

    def submit(self, task: Task) -> Future:
        return _RayFuture(self._ray, self._play.remote([self._reference], task))

    def is_loss(self, error: Exception) -> bool:
        return type(error).__name__ in LOSSES_OF_RAY

    def close(self) -> None:
        self._reference = None
        if self._is_mine:
            self._ray.shutdown()


class _RayFuture:
    """A reference of Ray with the methods of a future."""

    def __init__(self, ray: Any, reference: Any) -> None:
        self._ray, self._reference = ray, reference
        self._future = reference.future()
        self.add_done_callback, self.result = self._future.add_done_callback, self._future.result

    def cancel(self) -> None:
        self._ray.cancel(self._reference, force=True)


def connect(ray: Any) -> None:
    """Connects to the cluster of RAY_ADDRESS, or starts one on 127.0.0.1; without usage statistics."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if os.environ.get("RAY_ADDRESS"):
        ray.init(log_to_driver=False, logging_level="ERROR")
    else:
        ray.init(
            address="local", include_dashboard=False, log_to_driver=False, logging_level="ERROR",
            _node_ip_address="127.0.0.1",
        )  # fmt: skip
