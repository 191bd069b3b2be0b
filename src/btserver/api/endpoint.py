"""What the routes and the OpenAPI document are built from."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import Response

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


def json_response(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """The value as a JSON response."""
    return Response(_encode(value), status, headers=headers, media_type="application/json")
