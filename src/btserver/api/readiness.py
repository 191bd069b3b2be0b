"""Whether the store accepts writes: asked by anybody, tried by one write in a while."""

import asyncio
import time

from btserver.store.store import Store

READY_SECONDS = 2.0  # for which the result of a write is valid


class Readiness:
    """Callers within READY_SECONDS share one write."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._write: asyncio.Task[None] | None = None
        self._valid_until = 0.0

    async def check(self) -> None:
        """Raises StoreError if the last write did not reach the disk."""
        now = time.monotonic()
        if self._write is None or (self._write.done() and now >= self._valid_until):
            self._write = asyncio.create_task(self._store.check())
            self._valid_until = now + READY_SECONDS
        await asyncio.shield(self._write)
