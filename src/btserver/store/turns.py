"""Bounds the work of one turn of the event loop.

uvloop accepts one connection a turn. If each of many streams and downloads sent a page in every turn, a new
connection would wait for all of them.
"""

import asyncio
from collections import deque

TURN_EVENTS = 128  # events sent in a turn; other work is counted as the events that take as long


class Turns:
    """Lets its users work in order of their calls, a bounded amount in each turn."""

    def __init__(self) -> None:
        self._left = TURN_EVENTS
        self._waiting: deque[tuple[asyncio.Future[None], int]] = deque()
        self._is_scheduled = False

    async def take(self, events: int) -> None:
        """Returns in a turn that has room for the work of sending that many events."""
        if self._left > 0 and not self._waiting:
            self._use(events)
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((turn, events))
        await turn

    def _use(self, events: int) -> None:
        self._left -= events
        if not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._begin_turn)

    def _begin_turn(self) -> None:
        self._is_scheduled = False
        self._left = TURN_EVENTS
        while self._waiting and self._left > 0:
            turn, events = self._waiting.popleft()
            if not turn.done():  # cancelled
                turn.set_result(None)
                self._use(events)
