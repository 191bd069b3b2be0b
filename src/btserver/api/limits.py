"""uvicorn's HTTP protocol, with deadlines, bounds and the usual error body."""

import asyncio
from http import HTTPStatus
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from btserver.errors import ApiError, whole_response

from .cycle import Cycle
from .read_control import ReadControl

REQUEST_SECONDS = 20.0  # from the first byte (or the connection) to the end of the body
WRITE_SECONDS = 20.0  # a client that reads nothing of its response for this long is disconnected
MAX_HEAD = 32 * 1024  # request line and headers
MAX_DISCARDED = 64 * 2**20  # bytes of a refused body that are read, so that the client can read the response
PARSED_BYTES = 4096  # parsed at a time; requests in them may wait for the response to an earlier one
STOP_SECONDS = 0.5  # to send what is buffered when the server stops


class HttpProtocol(HttpToolsProtocol):
    """Ends requests that take too long or are too large, and clients that do not read their responses.

    Requests that arrive while responses wait are not parsed, and no more are read.
    """

    max_connections: ClassVar[int] = 8192  # of both protocols

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deadline: asyncio.TimerHandle | None = None
        self._write_deadline: asyncio.TimerHandle | None = None
        self._unread = b""  # received and not parsed
        self._in_head = True
        self._has_begun = False  # since the last deadline was started
        self._ended = False
        self._head = 0
        self._body = 0
        self._is_done = False  # refused, or upgraded to a WebSocket: nothing more is parsed
        self._idle_since = 0.0
        self._running: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Starts the deadline: a client that connects must send a request."""
        super().connection_made(transport)
        self.flow: ReadControl = ReadControl(transport)
        self._idle_since = self.loop.time()
        self._start_deadline()
        if len(self.connections) > self.max_connections:
            self._make_room()

    def _make_room(self) -> None:
        """Ends the connection that has waited longest for a request; if there is none, refuses this one."""
        others = (c for c in self.connections if isinstance(c, HttpProtocol) and c is not self)
        idle = [other for other in others if other.is_idle]
        if idle:
            min(idle, key=lambda other: other._idle_since).transport.abort()
        else:
            error = ApiError(
                "too_many_requests", "too many connections are open", headers={"retry-after": "1"}
            )
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, error)

    @property
    def is_idle(self) -> bool:
        """True while no request is being handled."""
        is_answered = self.cycle is None or self.cycle.response_complete
        return is_answered and not self.transport.is_closing()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        cycle.__class__ = Cycle
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancels the deadlines."""
        self._cancel_deadline()
        self._cancel_write_deadline()
        self._unread = b""
        if self._running is not None:  # uvicorn knows only the last of pipelined requests
            self._running.disconnected = True
            self._running.message_event.set()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Also aborts the connection soon if the client does not read."""
        super().shutdown()
        self.loop.call_later(STOP_SECONDS, self._abort_if_unread)

    def _abort_if_unread(self) -> None:
        if self.flow.write_paused:
            self.transport.abort()
        elif not self.transport.is_closing():
            self.loop.call_later(STOP_SECONDS, self._abort_if_unread)

    def data_received(self, data: bytes) -> None:
        """Parses the data up to the first request that must wait for the response to an earlier one."""
        if self._is_done:
            return
        if self._unread or self.pipeline or len(data) > PARSED_BYTES:
            self._unread += data
            self._parse_unread()
        else:  # most requests arrive as a whole
            self._parse(data)
            self._after_parsing()

    def _parse_unread(self) -> None:
        while self._unread and not self.pipeline and not self._is_done:
            part, self._unread = self._unread[:PARSED_BYTES], self._unread[PARSED_BYTES:]
            self._parse(part)
        self._after_parsing()

    def _after_parsing(self) -> None:
        if self._is_done:
            return
        if self._unread or self.pipeline or self.flow.is_held:
            self.flow.hold(bool(self._unread or self.pipeline))
        if self._has_begun:  # and its end has not arrived
            self._has_begun = False
            self._start_deadline()

    def _parse(self, part: bytes) -> None:
        """Counts the bytes that arrive before the headers are complete; the parser buffers them."""
        self._ended = False
        super().data_received(part)
        # If a request has just ended, most of `part` was its body.
        if self._in_head and not self._ended and not self._is_done:
            self._head += len(part)
            if self._head > MAX_HEAD:
                self._refuse_head()

    def on_message_begin(self) -> None:
        """Notes that a request has begun."""
        super().on_message_begin()
        self._in_head = self._has_begun = True
        self._head = self._body = 0

    def on_headers_complete(self) -> None:
        """Refuses a head that is too large, also if its last part makes it so."""
        if self._is_done:
            return
        self._in_head = False
        if self._head + PARSED_BYTES > MAX_HEAD and self._size_of_head() > MAX_HEAD:
            self._refuse_head()
        else:
            super().on_headers_complete()

    def _size_of_head(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def on_body(self, body: bytes) -> None:
        """Aborts the connection if the body is far too large."""
        if self._is_done:
            return
        self._body += len(body)
        if self._body > MAX_DISCARDED:
            self.transport.abort()
            return
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Cancels the deadline: the request is complete."""
        self._has_begun = False
        self._cancel_deadline()
        if not self._is_done:
            super().on_message_complete()
        self._ended = True

    def on_response_complete(self) -> None:
        """Goes on with what has arrived in the meantime."""
        super().on_response_complete()
        self._idle_since = self.loop.time()
        if self.flow.is_held:
            self.loop.call_soon(self._parse_unread)

    def handle_websocket_upgrade(self) -> None:
        """Cancels the deadline: from now on, the pings of the WebSocket watch the connection."""
        self._cancel_deadline()
        self._is_done = True
        super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:
        """Sends the usual error body for bytes that are not HTTP."""
        if not self._is_done:
            self._refuse(HTTPStatus.BAD_REQUEST, ApiError("validation_error", msg))

    def pause_writing(self) -> None:
        """Starts the deadline of the reader."""
        super().pause_writing()
        self._watch_reader()

    def resume_writing(self) -> None:
        """The client reads."""
        self._cancel_write_deadline()
        super().resume_writing()

    def _watch_reader(self) -> None:
        unsent = self.transport.get_write_buffer_size()

        def check() -> None:
            if self.transport.get_write_buffer_size() < unsent:
                self._watch_reader()
            else:
                self.transport.abort()

        self._cancel_write_deadline()
        self._write_deadline = self.loop.call_later(WRITE_SECONDS, check)

    def _cancel_write_deadline(self) -> None:
        if self._write_deadline is not None:
            self._write_deadline.cancel()
            self._write_deadline = None

    def _refuse_head(self) -> None:
        message = f"the request line and headers are larger than {MAX_HEAD} bytes"
        self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, ApiError("validation_error", message))

    def _refuse(self, status: HTTPStatus, error: ApiError) -> None:
        self._is_done = True
        self._cancel_deadline()
        self.transport.write(whole_response(status, error))
        self.transport.close()

    def _start_deadline(self) -> None:
        self._cancel_deadline()
        self._deadline = self.loop.call_later(REQUEST_SECONDS, self._on_deadline)

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _on_deadline(self) -> None:
        if self.pipeline or self._unread:  # this request waits for the server, not for the client
            self._start_deadline()
        else:
            self.transport.abort()
