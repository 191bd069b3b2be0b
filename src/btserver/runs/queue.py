"""The queued runs, in the order in which they are started."""

import asyncio
from collections import OrderedDict
from typing import Any


class RunQueue:
    """Runs that wait for a worker."""

    def __init__(self) -> None:
        self._runs: OrderedDict[bytes, None] = OrderedDict()
        self._arrived = asyncio.Event()

    def __len__(self) -> int:
        return len(self._runs)

    def put(self, *runs: bytes) -> None:
        """Adds runs at the end."""
        self._runs.update(dict.fromkeys(runs))
        self._arrived.set()

    def put_first(self, run: bytes) -> None:
        """Adds a run that was taken and not started."""
        self.put(run)
        self._runs.move_to_end(run, last=False)

    def remove(self, run: bytes) -> bool:
        """Removes a run; False if it is not there."""
        return self._runs.pop(run, False) is None

    async def filled(self) -> None:
        """Returns once there is a run."""
        while not self._runs:
            self._arrived.clear()
            await self._arrived.wait()

    async def take(self, unless: "asyncio.Future[Any]") -> bytes | None:
        """The first run, removed, once there is one; None if `unless` is done before."""
        while not unless.done():
            if self._runs:
                return self._runs.popitem(last=False)[0]
            self._arrived.clear()
            arrived = asyncio.ensure_future(self._arrived.wait())
            try:
                await asyncio.wait({arrived, unless}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                arrived.cancel()
        return None
