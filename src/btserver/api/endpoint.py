"""What the routes and the OpenAPI document are built from."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from btserver.errors import Code

PREFIX = "/v1"
Handler = Callable[[Request], Awaitable[Response]]
_encode = msgspec.json.Encoder().encode


class Endpoint(NamedTuple):
    """One method of one path: its handler, and what the OpenAPI document says about it."""

    method: str
    path: str
    handler: Handler
    summary: str
    status: int = 200
    takes: type | None = None
    gives: object = None
    query: type | None = None
    errors: tuple[Code, ...] = ()
    is_open: bool = False  # needs no API key
    media_types: tuple[str, ...] = ("application/json",)


class Methods:
    """An ASGI application for one path, with a handler for each method.

    Starlette's own wrapper of a handler catches the errors that its middleware catches again.
    """

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._handlers = {endpoint.method: endpoint.handler for endpoint in endpoints}
        if "GET" in self._handlers:
            self._handlers.setdefault("HEAD", self._handlers["GET"])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the response of the handler; the route has checked the method."""
        response = await self._handlers[scope["method"]](Request(scope, receive, send))
        await response(scope, receive, send)


class _JsonResponse(Response):
    """A value as JSON, with no more headers than it needs, which are known to be valid."""

    def __init__(self, value: object, status: int, headers: Mapping[str, str]) -> None:
        self.status_code = status
        self.background = None
        self.body = _encode(value)
        self.raw_headers = [_JSON, (b"content-length", b"%d" % len(self.body))]
        self.raw_headers += [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the response; its `length` tells the middleware that the headers are valid."""
        body = self.body
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
                "length": len(body),
            }
        )
        await send({"type": "http.response.body", "body": body})


_JSON = b"content-type", b"application/json"
_NO_HEADERS: dict[str, str] = {}


def json_response(value: object, status: int = 200, headers: Mapping[str, str] = _NO_HEADERS) -> Response:
    """The value as a JSON response."""
    return _JsonResponse(value, status, headers)
