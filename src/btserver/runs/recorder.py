"""Stores what a worker says about one run."""

import asyncio
import logging
from collections import deque
from typing import Any

from btserver.run_id import run_text
from btserver.schemas import LogPayload, MetricPayload, Payload, ProgressPayload
from btserver.store.records import Records
from btserver.store.writer import Chain

from . import messages

MAX_PENDING = 256  # writes that are submitted and not on disk
MAX_PENDING_BYTES = 16 * 2**20
_log = logging.getLogger("btserver.runs")


class Recorder:
    """Submits the writes of one run without waiting for each of them, so that they share commits.

    They are one chain: after a failed write none of the later ones is made.
    """

    def __init__(self, store: Records, run: bytes) -> None:
        self._store = store
        self.run = run
        self._chain = Chain()
        self._pending: deque[tuple[asyncio.Future[Any], int]] = deque()
        self._bytes = 0
        self._progress = 0.0
        self.has_begun = False  # the worker has said something about the run

    async def begin(self) -> None:
        """Stores that the run has begun."""
        begun = asyncio.ensure_future(self._store.change_state(self.run, "running", chain=self._chain))
        await self._add(begun, 0)
        await asyncio.sleep(0)  # it is submitted before the first message

    async def settle(self) -> None:
        """Waits until every write has been made or has failed."""
        await asyncio.gather(*(write for write, _ in self._pending), return_exceptions=True)
        self._pending.clear()

    async def record(self, message: messages.FromWorker) -> bool:
        """Stores a message of the worker; True if it ended the run, which is then on disk."""
        self.has_begun = self.has_begun or not isinstance(message, messages.Beat)
        match message:
            case messages.Progress(progress, equity):
                self._progress = progress
                payloads: list[Payload] = [ProgressPayload(progress)]
                if equity is not None:
                    payloads.append(MetricPayload("equity", equity))
                await self._add(self._store.append(self.run, payloads, progress, chain=self._chain), 64)
            case messages.Tried(progress, trials, metrics):
                self._progress = progress
                tried: list[Payload] = [ProgressPayload(progress)]
                tried += [MetricPayload(name, value) for name, value in metrics.items()]
                write = self._store.append(self.run, tried, progress, trials=trials, chain=self._chain)
                await self._add(write, 64 + len(trials.best))
            case messages.Log(lines):
                log = [LogPayload(line) for line in lines]
                await self._add(self._store.append(self.run, log, chain=self._chain), sum(map(len, lines)))
            case messages.Block(table, index, data):
                put = self._store.put_block(self.run, table, index, data, chain=self._chain)
                await self._add(put, len(data))
            case messages.Done():
                await self._complete(message)
                return True
            case messages.Failed(reason):
                await self._fail(reason)
                return True
            case messages.Ready() | messages.Beat():
                pass
        return False

    async def _add(self, write: asyncio.Future[Any], size: int) -> None:
        write.add_done_callback(self._look_at)
        self._pending.append((write, size))
        self._bytes += size
        while len(self._pending) > MAX_PENDING or self._bytes > MAX_PENDING_BYTES:
            earliest, size = self._pending.popleft()
            self._bytes -= size
            await earliest

    async def _complete(self, done: messages.Done) -> None:
        payloads: list[Payload] = [MetricPayload(name, value) for name, value in done.metrics.items()]
        if self._progress < 1.0:
            payloads.insert(0, ProgressPayload(1.0))
        await self._store.change_state(
            self.run, "completed", payloads=payloads, result=done.result, chain=self._chain
        )
        _log.info("run %s completed", run_text(self.run))

    async def _fail(self, reason: str) -> None:
        payloads = [LogPayload(reason)]
        await self._store.change_state(self.run, "failed", error=reason, payloads=payloads, chain=self._chain)
        _log.info("run %s failed: %s", run_text(self.run), reason)

    def _look_at(self, write: asyncio.Future[Any]) -> None:
        """Marks the exception of a write as seen: the last write of the chain raises it too."""
        if write.cancelled() or write.exception() is not None:
            self._chain.is_broken = True
