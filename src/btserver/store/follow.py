"""Follows the events of a run: reads them from the store, waits for the next commit, and reads again."""

import asyncio
from collections.abc import AsyncIterator, Iterable

from btserver.schemas import TERMINAL

from .records import Records
from .turns import Turns

PAGE = 64
PAGE_BYTES = 64 * 1024
NEW_EVENTS = 4  # that a commit usually adds to a run


class RunDeletedError(Exception):
    """The run was deleted while it was followed."""


class Notifier:
    """Wakes the clients that follow a run. It holds no events, so a slow client costs no memory here."""

    def __init__(self) -> None:
        self._flags: dict[bytes, set[asyncio.Event]] = {}

    def notify(self, runs: Iterable[bytes]) -> None:
        """Sets the flags of these runs, which have new events on disk."""
        for run in runs:
            for flag in self._flags.get(run, ()):
                flag.set()

    def subscribe(self, run: bytes) -> asyncio.Event:
        """A new flag, set whenever the run has new events."""
        flag = asyncio.Event()
        self._flags.setdefault(run, set()).add(flag)
        return flag

    def unsubscribe(self, run: bytes, flag: asyncio.Event) -> None:
        """Removes a flag of `subscribe`."""
        flags = self._flags[run]
        flags.discard(flag)
        if not flags:
            del self._flags[run]


async def follow(
    store: Records, notifier: Notifier, turns: Turns, run: bytes, after: int
) -> AsyncIterator[list[bytes]]:
    """Yields pages of the events after `after`, then of live ones, up to the event of the terminal state.

    Both come from the store, so none is missed or repeated between stored and live events.
    """
    cursor = after
    expected = PAGE
    flag = notifier.subscribe(run)
    try:
        while True:
            await turns.take(expected)
            flag.clear()  # before the read: a commit between the two sets it again
            record, page = store.events(run, cursor, PAGE, PAGE_BYTES)
            if page:
                cursor += len(page)
                expected = max(len(page), NEW_EVENTS)
                yield page
            elif record is None:
                raise RunDeletedError
            elif record.state in TERMINAL:
                return
            else:
                await flag.wait()
                expected = NEW_EVENTS
    finally:
        notifier.unsubscribe(run, flag)
