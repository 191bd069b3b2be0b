"""Optimizations: their requests are checked, and their searches played by a worker process of their own.

A search may take hours, so it does not take the place of a backtest. Its trials are in a study, by which an
interrupted or cancelled one goes on.
"""

import asyncio
from functools import partial
from typing import Any

import msgspec
from msgspec import Struct

from btcore.errors import BtcoreError
from btserver.errors import ApiError, fault
from btserver.optimization_schemas import OptimizationRequest, Trial
from btserver.schemas import LogPayload, RunRecord
from btserver.store.store import Store

from . import messages
from .jobs import Jobs
from .lifecycle import Runs
from .slot import Slot


class Terms(Struct, frozen=True, kw_only=True):
    """How a server plays optimizations.

    workers: how many at a time. executor: by what their trials are played. trials, trial_rows, seconds: the
    bounds of one; 0 for none.
    """

    workers: int = 1
    executor: str = "threads"
    trials: int = 0
    trial_rows: int = 0
    seconds: int = 0


class Optimizations(Jobs):
    """The optimizations of a server, on the data of its `runs`."""

    noun = "optimization"

    def __init__(self, store: Store, runs: Runs, terms: Terms) -> None:
        self._runs, self._terms, self._studies = runs, terms, store.studies

        def job_of(key: bytes) -> messages.Search:
            request = store.optimizations.request(key)
            return messages.Search(request, str(store.studies.path(key)), terms.executor)

        super().__init__(
            store.optimizations,
            terms.workers,
            lambda queue: Slot(
                store.optimizations,
                queue,
                partial(runs.start_worker, is_group=True),
                job_of,
                noun=self.noun,
                seconds=terms.seconds,
                is_lazy=True,
            ),
        )

    async def start(self) -> None:
        """As in Jobs; studies that belong to no optimization are removed."""
        self._studies.remove_others(key[-16:] for key in self._store.keys("by_created"))
        await super().start()

    async def check(self, request: OptimizationRequest) -> None:
        """A validation error with the path of a field that cannot be played; works on a thread."""
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._runs.checks, self._check, request)
        except BtcoreError as error:
            raise fault(str(error)) from error

    def _check(self, request: OptimizationRequest) -> None:
        from .search.checks import Bounds, check_search  # takes a second, for those who search

        bounds = Bounds(
            rows=self._runs.limits.rows, trials=self._terms.trials, trial_rows=self._terms.trial_rows
        )
        check_search(request, self._runs.source, bounds)

    def find(self, request: OptimizationRequest, key: str) -> tuple[bytes, RunRecord] | None:
        """That which an earlier call with that idempotency key made; ApiError 409 for another request."""
        return self.find_body(msgspec.json.encode(request), key)

    async def submit(self, request: OptimizationRequest, key: str | None) -> tuple[bytes, RunRecord]:
        """Stores and queues an optimization, or finds that with the same key; errors as `submit_body`."""
        return await self.submit_body(msgspec.json.encode(request), b"", key)

    async def resume(self, optimization: bytes) -> RunRecord:
        """Queues one that failed or was cancelled; ApiError 409 otherwise, KeyError if there is none."""
        record = self._store.run(optimization)
        if record is not None and record.state == "failed":
            await self._released(optimization)  # its last attempt writes neither study nor events any more
        try:
            record = await self._store.resume(optimization, [LogPayload("resumed")])
        except ValueError as error:
            raise ApiError("conflict", str(error)) from error
        self._queue.put(optimization)
        return record

    async def delete(self, run: bytes) -> None:
        """As in Jobs, with the study."""
        await super().delete(run)
        await self._released(run)
        self._studies.remove(run)

    async def trials_so_far(self, optimization: bytes) -> list[Trial]:
        """The trials in the study of one that has not completed, in the order of their end."""
        request = msgspec.json.decode(self._store.request(optimization), type=OptimizationRequest)
        path = self._studies.path(optimization)

        def read() -> list[Trial]:
            from .search.trials import Goal, trials_in

            return trials_in(path, Goal.of(request))

        return await asyncio.to_thread(read)

    def table_writer(self, media_type: str) -> Any:
        """A function that makes an Arrow stream or a Parquet file of trials."""

        def write(trials: list[dict[str, Any]]) -> bytes:
            from .search.table import write_trials

            return write_trials(media_type, trials)

        return write
