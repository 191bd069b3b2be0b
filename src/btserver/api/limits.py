"""uvicorn's two protocols with the limits they lack: a deadline for each request, an end for each socket."""

import asyncio
import secrets
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from btserver.errors import ApiError, envelope

REQUEST_SECONDS = 20.0  # from the first byte (or the connection) to the end of the body
MAX_HEAD = 32 * 1024  # request line and headers
MAX_SWALLOWED = 64 * 2**20  # of a refused body is read and dropped, so that the client sees the answer
LINGER_SECONDS = 5.0
STOP_SECONDS = 0.5


class HttpProtocol(HttpToolsProtocol):
    """Closes silent, endless and oversized requests."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deadline: asyncio.TimerHandle | None = None
        self._in_head = True
        self._ended = False
        self._head = 0
        self._body = 0
        self._too_large = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock: a client that connects must also ask."""
        super().connection_made(transport)
        self._start_clock()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what arrives before the headers are complete: the parser holds it back."""
        if self._too_large:
            return
        self._ended = False
        super().data_received(data)
        # Where a request has just ended, most of this piece was its body.
        if self._in_head and not self._ended and not self._too_large:
            self._head += len(data)
            if self._head > MAX_HEAD:
                self._refuse_head()

    def on_message_begin(self) -> None:
        """A request starts, and its clock."""
        super().on_message_begin()
        self._in_head = True
        self._head = self._body = 0
        self._start_clock()

    def on_headers_complete(self) -> None:
        """Refuse a head too large even where it came in one piece."""
        if self._too_large:
            return
        self._in_head = False
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > MAX_HEAD:
            self._refuse_head()
            return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Cut off a body without end."""
        if self._too_large:
            return
        self._body += len(body)
        if self._body > MAX_SWALLOWED:
            self.transport.abort()
            return
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is here in time."""
        self._stop_clock()
        if not self._too_large:
            super().on_message_complete()
        self._ended = True

    def handle_websocket_upgrade(self) -> None:
        """From here on the WebSocket's own pings watch the connection."""
        self._stop_clock()
        super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP gets the same envelope as everything else."""
        if not self._too_large:
            self._refuse(400, b"Bad Request", ApiError("validation_error", msg))

    def _refuse_head(self) -> None:
        self._too_large = True
        message = f"the request line and headers are larger than {MAX_HEAD} bytes"
        self._refuse(431, b"Request Header Fields Too Large", ApiError("validation_error", message))

    def _refuse(self, status: int, phrase: bytes, error: ApiError) -> None:
        self._stop_clock()
        body = envelope(error, secrets.token_hex(16))
        headers = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(
            body
        )
        self.transport.write(b"HTTP/1.1 %d %s\r\n" % (status, phrase) + headers + body)
        self.transport.close()

    def _start_clock(self) -> None:
        self._stop_clock()
        self._deadline = self.loop.call_later(REQUEST_SECONDS, self._too_late)

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_late(self) -> None:
        if self.pipeline:  # we, not the client, are what this request waits for
            self._start_clock()
        else:
            self.transport.abort()


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """Gives the socket back even where the other side takes nothing more."""

    async def send(self, message: Any) -> None:
        """A connection that is closing already, for a stop or a broken peer, is gone, not misused."""
        if self.close_sent:
            raise ClientDisconnected
        await super().send(message)

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """The handler is done: some time to take what is buffered, then the end."""
        super().on_task_complete(task)
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def shutdown(self) -> None:
        """The server stops: a stuck reader must not keep it."""
        super().shutdown()
        self.loop.call_later(STOP_SECONDS, self.transport.abort)
