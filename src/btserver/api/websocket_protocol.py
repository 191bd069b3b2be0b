"""uvicorn's WebSocket protocol, which closes sockets in bounded time and has the usual error body."""

import asyncio
import secrets
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol

from btserver.errors import ApiError, envelope, whole_response

from . import limits

LINGER_SECONDS = 5.0  # to send the buffers of a WebSocket whose handler has returned


class Handshake(ServerProtocol):
    """The handshake of a WebSocket, whose errors have the usual body."""

    def accept(self, request: Request) -> Response:
        """The response to the handshake."""
        response = super().accept(request)
        if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            error = ApiError("validation_error", (response.body or b"").decode().strip())
            response.body = envelope(error, secrets.token_hex(16))
            for name, value in (
                ("Content-Length", str(len(response.body))),
                ("Content-Type", "application/json"),
            ):
                del response.headers[name]
                response.headers[name] = value
        return response


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """Closes the socket even if the client has stopped reading; sends frames that the application made."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conn = Handshake(max_size=self.config.ws_max_size, logger=self.logger)

    async def run_asgi(self) -> None:
        """Tells the application that it may send frames."""
        self.scope["extensions"]["btserver.frames"] = {}
        await super().run_asgi()

    async def send(self, message: Any) -> None:
        """Raises ClientDisconnected on a connection that is closing, where uvicorn raises RuntimeError."""
        frames = message.get("frames")
        if frames is not None:
            await self.writable.wait()
        if self.close_sent or self.disconnected:
            raise ClientDisconnected
        if frames is not None:
            self.transport.write(frames)
        else:
            await super().send(message)

    def data_received(self, data: bytes) -> None:
        """Refuses a handshake that the library cannot read, such as one with too many headers."""
        super().data_received(data)
        if self.handshake_initiated or self.conn.handshake_exc is None:
            return
        self.handshake_initiated = self.handshake_complete = self.close_sent = True
        error = ApiError("validation_error", "the handshake is invalid, or it has too many headers")
        self.transport.write(whole_response(HTTPStatus.BAD_REQUEST, error))
        self.transport.close()

    def send_receive_event_to_app(self) -> None:
        """Closes with 1007 for a text that is not UTF-8, as uvicorn does, which logs a traceback for each."""
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.frames = []
                self.conn.send_close(1007)
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """Aborts the connection LINGER_SECONDS after the handler has returned, so that buffers are sent."""
        super().on_task_complete(task)
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def shutdown(self) -> None:
        """Aborts the connection soon after the server stops, even if the client does not read."""
        super().shutdown()
        self.loop.call_later(limits.STOP_SECONDS, self.transport.abort)
