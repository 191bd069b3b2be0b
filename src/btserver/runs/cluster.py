"""Backtests on the nodes of a Ray cluster: a worker sends each to a node, and passes on what that says.

The nodes have the packages of the server, and data and strategies at the same paths.
"""

import importlib
import os
import time
from collections.abc import Callable, Iterator
from functools import cache
from queue import SimpleQueue
from threading import Thread
from typing import Any, NamedTuple

import msgspec

from btcore.errors import BtcoreError
from btserver.schemas import RunRequest

LOSSES = 3  # of a run with its node, after which it fails
PROGRESS_SECONDS = 0.05
# What Ray raises when a worker of it, or a node, has ended.
LOST = (
    "WorkerCrashedError", "NodeDiedError", "OutOfMemoryError", "ObjectLostError", "OwnerDiedError",
    "ObjectFetchTimedOutError", "LocalRayletDiedError",
)  # fmt: skip


class Step(NamedTuple):
    """How far a run is, and its equity."""

    fraction: float
    equity: float


class Failure(NamedTuple):
    """Why a run could not be played."""

    reason: str


class NodeResult(NamedTuple):
    """The part of a result that is stored."""

    rows: dict[str, Any]
    logs: list[str]
    metrics: dict[str, Any]
    manifest: dict[str, Any]
    fingerprint: str
    bounds: Any

    def tables(self) -> dict[str, Any]:
        """The tables by name."""
        return self.rows


class Cluster:
    """The cluster of RAY_ADDRESS, for runs of one engine on the same data."""

    def __init__(self, engine: str, data: str | None, strategies: str | None) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        ray: Any = importlib.import_module("ray")
        ray.init(log_to_driver=False, logging_level="ERROR")
        self._ray = ray
        self._terms = engine, data, strategies
        self._play = ray.remote(max_retries=0, num_cpus=1)(play).options(num_returns="streaming")

    def run(self, request: bytes, progress: Callable[[Any], None]) -> NodeResult:
        """The result of a run. One that is lost with its node is played again; BtcoreError after LOSSES."""
        for _ in range(LOSSES):
            try:
                return self._once(request, progress)
            except self._ray.exceptions.RayError as error:
                if type(error).__name__ not in LOST:
                    raise
                last = type(error).__name__
        raise BtcoreError(f"the run was lost {LOSSES} times with its node, the last time by {last}")

    def _once(self, request: bytes, progress: Callable[[Any], None]) -> NodeResult:
        for reference in self._play.remote(*self._terms, request):
            said = self._ray.get(reference)
            if isinstance(said, NodeResult):
                return said
            if isinstance(said, Failure):
                raise BtcoreError(said.reason)
            progress(said)
        raise BtcoreError("the node gave no result")


def play(engine: str, data: str | None, strategies: str | None, request: bytes) -> Iterator[Any]:
    """On a node: steps of the run, then its result or why there is none."""
    said: SimpleQueue[Any] = SimpleQueue()
    Thread(target=_work, args=(said, engine, data, strategies, request), daemon=True).start()
    while True:
        item = said.get()
        yield item
        if not isinstance(item, Step):
            return


def _work(
    said: "SimpleQueue[Any]", engine: str, data: str | None, strategies: str | None, text: bytes
) -> None:
    last = 0.0

    def progress(step: Any) -> None:
        nonlocal last
        if (now := time.monotonic()) - last >= PROGRESS_SECONDS:
            last = now
            said.put(Step(float(step.fraction), float(step.equity)))

    try:
        module, source = _opened(engine, data, strategies)
        result = module.run_request(msgspec.json.decode(text, type=RunRequest), source, progress)
        rows = dict(result.tables())
        if getattr(result, "indicators", None):
            rows["indicators"] = result.table("indicators")
        said.put(
            NodeResult(
                rows,
                [str(line) for line in result.logs],
                dict(result.metrics),
                dict(result.manifest),
                str(result.fingerprint),
                getattr(result, "bounds", None),
            )
        )
    except BtcoreError as error:
        said.put(Failure(str(error)))
    except BaseException as error:
        said.put(Failure(f"internal error: {type(error).__name__}: {error}"))


@cache
def _opened(engine: str, data: str | None, strategies: str | None) -> tuple[Any, Any]:
    """The engine and its source, opened once in a process of a node."""
    module = importlib.import_module(engine)
    if strategies is not None:
        module.load_strategies(strategies)
    return module, module.open_source(data)
