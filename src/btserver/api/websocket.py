"""The WebSocket endpoints: send the events of one job to one client until the job has ended."""

import asyncio
import contextlib
import logging
import struct

from starlette.websockets import WebSocket, WebSocketDisconnect

from btserver.run_id import run_key
from btserver.store.blocks import DamagedError
from btserver.store.follow import Notifier, RunDeletedError, follow
from btserver.store.records import Records
from btserver.store.turns import Turns

from . import auth
from .counters import Counters
from .requests import read_event_id

POLICY_VIOLATION, INTERNAL_ERROR, TRY_AGAIN_LATER = 1008, 1011, 1013
SEND_SECONDS = 10.0  # a client that reads nothing for this long is disconnected
MAX_STREAMS = 4096
_log = logging.getLogger("btserver.api")


class Streams:
    """The open streams. For an error, the connection is accepted and closed with 1008 and a reason."""

    def __init__(
        self,
        store: Records,
        notifier: Notifier,
        turns: Turns,
        keys: auth.ApiKeys,
        *,
        counters: Counters,
        origins: tuple[str, ...] = (),
        parameter: str = "run_id",
        noun: str = "backtest",
    ) -> None:
        """The streams of the jobs of `store`, whose ids are in a parameter of the path."""
        self._store = store
        self._notifier = notifier
        self._turns = turns
        self._keys = keys
        self._counters = counters
        self._origins = origins
        self._parameter, self._noun = parameter, noun

    async def serve(self, socket: WebSocket) -> None:
        """`WS .../stream?last_event_id=&api_key=`."""
        with contextlib.suppress(WebSocketDisconnect, OSError):  # the client disconnected
            await socket.accept()
            try:
                await self._handle(socket)
            except DamagedError as error:
                _log.error("%s: %s", socket.scope["path"], error)
                await socket.close(INTERNAL_ERROR, f"what is stored of this {self._noun} is damaged")

    async def refuse(self, socket: WebSocket) -> None:
        """WebSockets on any other path."""
        with contextlib.suppress(WebSocketDisconnect, OSError):
            await socket.accept()
            await socket.close(POLICY_VIOLATION, "unknown path")

    async def _handle(self, socket: WebSocket) -> None:
        denied = await self._access_error(socket)
        run = run_key(socket.path_params[self._parameter])
        after = read_event_id(socket.query_params.getlist("last_event_id"))
        if denied is not None:
            await socket.close(POLICY_VIOLATION, denied)
        elif run is None or (record := self._store.run(run)) is None:
            await socket.close(POLICY_VIOLATION, f"unknown {self._parameter.replace('_', ' ')}")
        elif after is None:
            await socket.close(POLICY_VIOLATION, "last_event_id is not an event id")
        elif after > record.last_event_id:
            await socket.close(POLICY_VIOLATION, "unknown event id")
        elif self._counters.streams_open >= MAX_STREAMS:
            await socket.close(TRY_AGAIN_LATER, "too many streams")
        else:
            await self._stream(socket, run, after)

    async def _access_error(self, socket: WebSocket) -> str | None:
        scope = socket.scope
        offered = auth.header_keys(scope["headers"]) + auth.query_keys(scope["query_string"])
        if not self._keys.allow(offered):
            await self._keys.slow_down(socket.client and socket.client.host, offered)
            return "unauthorized: a valid API key is required"
        # Without keys, only the loopback address protects the server, and a web page can use that.
        origin = socket.headers.get("origin")
        if not self._keys and origin is not None and origin not in self._origins:
            host = origin.partition("://")[2]
            if host != socket.headers.get("host"):
                return "a page of another origin may not read this stream"
        return None

    async def _stream(self, socket: WebSocket, run: bytes, after: int) -> None:
        # Without a pending read, pongs and a disconnect would not be noticed.
        reader = asyncio.create_task(_read(socket))
        sender = asyncio.create_task(self._send(socket, run, after))
        self._counters.streams_open += 1
        try:
            await asyncio.wait({reader, sender}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._counters.streams_open -= 1
            reader.cancel()
            sender.cancel()
            await asyncio.gather(reader, sender, return_exceptions=True)
        if sender.cancelled():
            return
        error = sender.exception()
        if error is None:
            await socket.close(
                1000, "the run has ended" if self._noun == "backtest" else f"the {self._noun} has ended"
            )
        elif isinstance(error, RunDeletedError):
            await socket.close(POLICY_VIOLATION, "deleted")
        elif isinstance(error, TimeoutError):
            self._counters.streams_dropped += 1
            # The close frame is queued behind the unread events; the connection is aborted soon after.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await socket.close(TRY_AGAIN_LATER, "too slow; reconnect with the last event id seen")
        elif not isinstance(error, WebSocketDisconnect | OSError):
            raise error

    async def _send(self, socket: WebSocket, run: bytes, after: int) -> None:
        async for page in follow(self._store, self._notifier, self._turns, run, after):
            async with asyncio.timeout(SEND_SECONDS):
                await _send_page(socket, page)


async def _send_page(socket: WebSocket, page: list[bytes]) -> None:
    """Sends each event as a text message; all of them at once where the server can send frames."""
    if "btserver.frames" in socket.scope.get("extensions", {}):
        await socket.send({"type": "websocket.send", "frames": b"".join(map(_frame, page))})
    else:
        for event in page:
            await socket.send_text(event.decode())


def _frame(text: bytes) -> bytes:
    """A text frame of a server, RFC 6455: final, not masked, of the opcode 1."""
    size = len(text)
    if size < 126:
        return b"\x81%c%b" % (size, text)
    if size < 2**16:
        return b"\x81\x7e%b%b" % (struct.pack(">H", size), text)
    return b"\x81\x7f%b%b" % (struct.pack(">Q", size), text)


async def _read(socket: WebSocket) -> None:
    while (await socket.receive())["type"] != "websocket.disconnect":
        continue
