"""Trials on a Ray cluster: the data are once in the object store of each node, which its workers read there.

Data of a Catalog are read from its files by nodes that have them at the same path.
"""

import os
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from btcore.data.conversions import import_library
from btcore.errors import ConfigError

from .pools import Future, LocalPool, Task, Work
from .shipping import Shipment, load, shipment_of

RAY_EXTRA = "btcore[ray]"
# What Ray raises when a worker or its node has ended, or memory had to be freed.
LOSSES_OF_RAY = (
    "WorkerCrashedError", "NodeDiedError", "ActorDiedError", "ActorUnavailableError", "OutOfMemoryError",
    "ObjectLostError", "OwnerDiedError", "ObjectFetchTimedOutError", "LocalRayletDiedError",
)  # fmt: skip

CLUSTERS = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"  # "0": one machine, whose address is 127.0.0.1
WORKERS_SECONDS = 5.0  # between two looks at the size of the cluster

_own: set[int] = set()  # ids of open pools on a cluster that one of them has started
_lock = threading.Lock()


def play_reference(references: list[Any], task: Task) -> Any:
    """Plays a batch in a worker of Ray; the work is read once."""
    import ray

    found: Shipment = ray.get(references[0])
    return load(found).play(task)


class RayPool(LocalPool):
    """The cluster that the process is connected to; else that of RAY_ADDRESS; else one on this machine.

    A cluster that a pool has started ends with the last pool that uses it.
    """

    batch_seconds: float = 0.2  # handing one over takes some ms

    def __init__(self, work: Work, workers: int | None) -> None:
        ray = self._ray = import_library("ray", RAY_EXTRA)
        self._work, self._key = work, uuid.uuid4().hex
        join(self)
        self._given, self._found, self._looked = workers, 1, -WORKERS_SECONDS
        self._references: dict[bool, Any] = {}
        try:
            self._reference(whole=False)
        except BaseException:
            self.close()
            raise
        self._play = ray.remote(max_retries=0, num_cpus=1)(play_reference)

    @property
    def workers(self) -> int:
        """How many were given, else the processors of the cluster."""
        return self._given or self._processors()

    @property
    def ahead(self) -> int:
        """1 where the cluster could play more batches at once than it shall."""
        return 2 if self._given is None or self._given >= self._processors() else 1

    def _processors(self) -> int:
        """Of all nodes, which may come and go."""
        if time.monotonic() - self._looked > WORKERS_SECONDS:
            self._found = max(1, int(self._ray.cluster_resources().get("CPU", 1)))
            self._looked = time.monotonic()
        return self._found

    def submit(self, task: Task, *, whole: bool = False) -> Future:
        return _RayFuture(self._ray, self._play.remote([self._reference(whole=whole)], task))

    def _reference(self, *, whole: bool) -> Any:
        """The shipment in the object store, with the arrays that are sent."""
        if whole not in self._references:
            errors = self._ray.exceptions
            try:
                self._references[whole] = self._ray.put(
                    shipment_of(self._work, self._key, maps_files=not whole)
                )
            except (errors.ObjectStoreFullError, errors.OutOfDiskError) as error:
                raise ConfigError(
                    f"executor: the object store of Ray has no room for the data ({error}); data of a "
                    "Catalog on a disk that all nodes share are not copied"
                ) from error
        return self._references[whole]

    def is_loss(self, error: Exception) -> bool:
        return type(error).__name__ in LOSSES_OF_RAY

    def close(self) -> None:
        self._references = {}
        leave(self)


class _RayFuture:
    """A reference of Ray with the methods of a future."""

    def __init__(self, ray: Any, reference: Any) -> None:
        self._ray, self._reference = ray, reference
        self._future = reference.future()
        self.add_done_callback = self._future.add_done_callback

    def result(self) -> Any:
        """What the task returns; its own exception, where Ray has another around it."""
        try:
            return self._future.result()
        except self._ray.exceptions.RayTaskError as error:
            raise (error.cause if isinstance(error.cause, Exception) else error) from None

    def cancel(self) -> None:
        self._ray.cancel(self._reference, force=True)


def join(user: object) -> None:
    """Connects to a cluster, which stays until all users have left, if this process has started it."""
    ray = import_library("ray", RAY_EXTRA)
    with _lock:
        is_own = bool(_own) or not ray.is_initialized()
        if is_own and not ray.is_initialized():
            connect(ray)
        if is_own:
            _own.add(id(user))


def leave(user: object) -> None:
    """The opposite of `join`."""
    with _lock:
        if id(user) in _own:
            _own.remove(id(user))
            if not _own:
                import_library("ray", RAY_EXTRA).shutdown()


def connect(ray: Any) -> None:
    """Connects to the cluster of RAY_ADDRESS, or starts one on 127.0.0.1; without usage statistics."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if os.environ.get("RAY_ADDRESS"):
        ray.init(log_to_driver=False, logging_level="ERROR")
    else:
        with _loopback():
            ray.init(
                address="local", include_dashboard=False, log_to_driver=False, logging_level="ERROR",
                _node_ip_address="127.0.0.1",
                runtime_env={"env_vars": {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}},
            )  # fmt: skip


@contextmanager
def _loopback() -> Iterator[None]:
    """Has Ray listen on 127.0.0.1 alone; it would replace that by an address that others can reach."""
    constants: Any = import_module("ray._private.ray_constants")
    kept = os.environ.get(CLUSTERS)
    enabled, os.environ[CLUSTERS] = getattr(constants, "ENABLE_RAY_CLUSTER", True), "0"
    constants.ENABLE_RAY_CLUSTER = False
    try:
        yield
    finally:
        constants.ENABLE_RAY_CLUSTER = enabled
        if kept is None:
            del os.environ[CLUSTERS]
        else:
            os.environ[CLUSTERS] = kept
