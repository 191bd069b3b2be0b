"""uvicorn's HTTP and WebSocket protocols, with deadlines and size limits added."""

import asyncio
import secrets
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from btserver.errors import ApiError, envelope

REQUEST_SECONDS = 20.0  # from the first byte (or the connection) to the end of the body
MAX_HEAD = 32 * 1024  # request line and headers
MAX_DISCARDED = 64 * 2**20  # bytes of a refused body that are read, so that the client can read the response
LINGER_SECONDS = 5.0  # to send the buffers of a WebSocket whose handler has returned
STOP_SECONDS = 0.5  # the same when the server stops


class HttpProtocol(HttpToolsProtocol):
    """Ends requests that take too long or are too large."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deadline: asyncio.TimerHandle | None = None
        self._in_head = True
        self._ended = False
        self._head = 0
        self._body = 0
        self._too_large = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Starts the deadline: a client that connects must send a request."""
        super().connection_made(transport)
        self._start_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancels the deadline."""
        self._cancel_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Counts the bytes that arrive before the headers are complete; the parser buffers them."""
        if self._too_large:
            return
        self._ended = False
        super().data_received(data)
        # If a request has just ended, most of `data` was its body.
        if self._in_head and not self._ended and not self._too_large:
            self._head += len(data)
            if self._head > MAX_HEAD:
                self._refuse_head()

    def on_message_begin(self) -> None:
        """Starts the deadline of a request."""
        super().on_message_begin()
        self._in_head = True
        self._head = self._body = 0
        self._start_deadline()

    def on_headers_complete(self) -> None:
        """Refuses a head that is too large, also if it arrived in one piece."""
        if self._too_large:
            return
        self._in_head = False
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > MAX_HEAD:
            self._refuse_head()
            return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Aborts the connection if the body is far too large."""
        if self._too_large:
            return
        self._body += len(body)
        if self._body > MAX_DISCARDED:
            self.transport.abort()
            return
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Cancels the deadline: the request is complete."""
        self._cancel_deadline()
        if not self._too_large:
            super().on_message_complete()
        self._ended = True

    def handle_websocket_upgrade(self) -> None:
        """Cancels the deadline: from now on, the pings of the WebSocket watch the connection."""
        self._cancel_deadline()
        super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:
        """Sends the usual error body for bytes that are not HTTP."""
        if not self._too_large:
            self._refuse(400, b"Bad Request", ApiError("validation_error", msg))

    def _refuse_head(self) -> None:
        self._too_large = True
        message = f"the request line and headers are larger than {MAX_HEAD} bytes"
        self._refuse(431, b"Request Header Fields Too Large", ApiError("validation_error", message))

    def _refuse(self, status: int, phrase: bytes, error: ApiError) -> None:
        self._cancel_deadline()
        body = envelope(error, secrets.token_hex(16))
        headers = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(
            body
        )
        self.transport.write(b"HTTP/1.1 %d %s\r\n" % (status, phrase) + headers + body)
        self.transport.close()

    def _start_deadline(self) -> None:
        self._cancel_deadline()
        self._deadline = self.loop.call_later(REQUEST_SECONDS, self._on_deadline)

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _on_deadline(self) -> None:
        if self.pipeline:  # this request waits for the server, not for the client
            self._start_deadline()
        else:
            self.transport.abort()


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """Closes the socket even if the client has stopped reading."""

    async def send(self, message: Any) -> None:
        """Raises ClientDisconnected on a connection that is closing, where uvicorn raises RuntimeError."""
        if self.close_sent:
            raise ClientDisconnected
        await super().send(message)

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """Aborts the connection LINGER_SECONDS after the handler has returned, so that buffers are sent."""
        super().on_task_complete(task)
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def shutdown(self) -> None:
        """Aborts the connection soon after the server stops, even if the client does not read."""
        super().shutdown()
        self.loop.call_later(STOP_SECONDS, self.transport.abort)
