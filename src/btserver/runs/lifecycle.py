"""Backtests: their requests are checked, and played by worker processes."""

import asyncio
import importlib
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import sha256
from typing import Any

import msgspec

from btcore.errors import BtcoreError, ConfigError
from btserver.errors import fault
from btserver.schemas import RunRecord, RunRequest
from btserver.settings import SettingsError
from btserver.store.store import Store

from . import messages
from .jobs import Jobs
from .limits import Limits
from .process import WorkerProcess
from .slot import Slot


class Runs(Jobs):
    """The backtests, and the engine that plays them."""

    noun = "backtest"

    def __init__(
        self,
        store: Store,
        *,
        workers: int,
        engine: str = "btserver.runs.engine",
        data: str | None = None,
        strategies: str | None = None,
        limits: Limits | None = None,
        on_cluster: bool = False,
    ):
        """`on_cluster`: the nodes of the cluster of RAY_ADDRESS play them."""
        self.engine: Any = importlib.import_module(engine)
        self.limits = limits or Limits()
        try:
            self.source: Any = self.engine.open_source(data)
            if strategies is not None:
                self.engine.load_strategies(strategies)
        except BtcoreError as error:
            raise SettingsError(str(error)) from error
        self.start_worker = partial(WorkerProcess.start, engine, data, self.limits.memory_mib, strategies)
        super().__init__(
            store,
            workers,
            lambda queue: Slot(
                store,
                queue,
                partial(self.start_worker, on_cluster=on_cluster),
                lambda run: messages.Job(store.request(run)),
                seconds=self.limits.seconds,
            ),
        )
        # One thread, because the first use of a calendar takes a second, and ranges of minutes are generated.
        self.checks = ThreadPoolExecutor(1, "btserver-check")

    async def stop(self) -> None:
        """As in Jobs; checks that have not begun are given up."""
        self.checks.shutdown(wait=False, cancel_futures=True)
        await super().stop()

    async def check(self, request: RunRequest) -> bytes:
        """The digest of all that has an effect on the result.

        Raises a validation error with the path of a field that the engine or the data source refuses. It
        works on a thread, while the event loop serves others.
        """
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self.checks, self._check, request)
        except BtcoreError as error:
            raise fault(str(error)) from error

    def _check(self, request: RunRequest) -> bytes:
        self.engine.check_request(request, self.source)
        self.check_rows(request)
        origin: bytes = self.engine.data_mark(request, self.source)
        if not origin:
            return b""
        inputs = msgspec.structs.replace(request, labels=[], note=None)
        return sha256(msgspec.json.encode(inputs) + b"\0" + origin).digest()

    def check_rows(self, request: RunRequest) -> int:
        """About how many rows the run has at most; ConfigError if they are more than the limit."""
        rows: int = self.engine.count_rows(request, self.source)
        if self.limits.rows and rows > self.limits.rows:
            raise ConfigError(
                f"symbols: the run could have {rows:,} rows; the limit is {self.limits.rows:,}: "
                "choose fewer symbols, less time or a coarser resolution"
            )
        return rows

    def find(self, request: RunRequest, key: str) -> tuple[bytes, RunRecord] | None:
        """The run that an earlier call with that idempotency key made; ApiError 409 for another request."""
        return self.find_body(msgspec.json.encode(request), key)

    async def submit(self, request: RunRequest, inputs: bytes, key: str | None) -> tuple[bytes, RunRecord]:
        """Stores and queues a run, or finds that with the same idempotency key; errors as `submit_body`."""
        return await self.submit_body(msgspec.json.encode(request), inputs, key)

    def rows_json(self, rows: Any, start: int, stop: int) -> bytes:
        """Rows [start, stop) of a stored table as a JSON array."""
        text: bytes = self.engine.rows_json(rows, start, stop)
        return text

    def table_writer(self, media_type: str) -> Any:
        """A function that makes bytes of that type of the rows of a table."""
        return partial(self.engine.write_table, media_type)
