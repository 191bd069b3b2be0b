"""The live stream: one log in the store, a cursor for each client, and a wake-up after each commit."""

import asyncio
from collections.abc import AsyncIterator, Iterable

from btserver.schemas import TERMINAL

from .store import Store

PAGE = 64


class Hub:
    """Wakes those who follow a run. It holds no events, so a slow client costs one flag here."""

    def __init__(self) -> None:
        self._followers: dict[bytes, set[asyncio.Event]] = {}

    def publish(self, runs: Iterable[bytes]) -> None:
        """New events of these runs are on disk."""
        for run in runs:
            for follower in self._followers.get(run, ()):
                follower.set()

    def join(self, run: bytes) -> asyncio.Event:
        """A flag that is set whenever the run has new events."""
        flag = asyncio.Event()
        self._followers.setdefault(run, set()).add(flag)
        return flag

    def leave(self, run: bytes, flag: asyncio.Event) -> None:
        """The flag is no longer wanted."""
        followers = self._followers[run]
        followers.discard(flag)
        if not followers:
            del self._followers[run]


async def follow(store: Store, hub: Hub, run: bytes, after: int) -> AsyncIterator[list[bytes]]:
    """Pages of the events after `after`, then of live ones; ends with the event of the terminal state.

    Stored and live events come by one road, so nothing can be missed or repeated between them.
    """
    cursor = after
    flag = hub.join(run)
    try:
        while True:
            flag.clear()  # before the read: a commit between the two sets it again
            record, page = store.events(run, cursor, PAGE)
            if page:
                cursor += len(page)
                yield page
            elif record is None or record.state in TERMINAL:
                return
            else:
                await flag.wait()
    finally:
        hub.leave(run, flag)
