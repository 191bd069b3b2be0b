"""What every request passes through: check of its host, its id, headers of the response, counters, errors.

It is part of the time of every call, so it reads the headers once and calls little.
"""

import logging
import re
import secrets
import time
from collections.abc import Iterable
from itertools import count

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from btserver.errors import ApiError, UnreadableDataError, from_status, response
from btserver.store.blocks import DamagedError
from btserver.store.store import StoreError

from .counters import Counters
from .hosts import Hosts

_log = logging.getLogger("btserver.api")
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECURITY = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
]
_LINES = b"x-request-id: %b\r\n" + b"".join(b"%b: %b\r\n" % header for header in _SECURITY)
_PROCESS = secrets.token_hex(8).encode()  # with a number, the id of a request that has none
_numbers = count(1)


class RequestMiddleware:
    """Refuses requests to another host. Gives each HTTP request an id, `X-Request-ID`, and counts it."""

    def __init__(self, app: ASGIApp, counters: Counters, hosts: Hosts) -> None:
        self._app = app
        self._counters = counters
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Calls the application; the handshake of a WebSocket is only checked."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        hosts, request_id = _hosts_and_id(scope["headers"])
        scope["request_id"] = request_id.decode()
        app = self._app
        if len(hosts) != 1 and (hosts or scope["http_version"] == "1.1"):
            app = _bad_request
        elif hosts and not self._hosts.allow(hosts[0]):
            app = _misdirected
        if scope["type"] != "http":
            await app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                scope["status"] = message["status"]
                if "length" in message:  # for `Cycle`
                    lines = b"".join([b"%b: %b\r\n" % header for header in message["headers"]])
                    message["lines"] = lines + _LINES % request_id
                message["headers"] += [(b"x-request-id", request_id), *_SECURITY]
            await send(message)

        started = time.perf_counter()
        try:
            await app(scope, receive, send_with_headers)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "OTHER"
            self._counters.count(method, scope.get("status", 500), time.perf_counter() - started)


class ErrorMiddleware:
    """Turns what handlers raise into responses, in place of the two layers of Starlette's application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Calls the application; an error after the start of a response ends the connection."""
        scope["app"] = self  # the router raises its errors only within an application
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            if "status" in scope and isinstance(error, DamagedError):
                _log.error("%s: %s, or it was deleted; its response is cut off", scope["path"], error)
                return  # uvicorn closes the connection
            if scope["type"] != "http" or "status" in scope:
                raise
            await response(_api_error(scope, error), scope["request_id"])(scope, receive, send)


def _api_error(scope: Scope, error: Exception) -> ApiError:
    if isinstance(error, ApiError):
        return error
    if isinstance(error, HTTPException):
        return from_status(error.status_code, error.headers)
    if isinstance(error, ClientDisconnect):  # before the body was complete: nobody reads it, but it is no 500
        return ApiError("validation_error", "incomplete body", status=400)
    if isinstance(error, DamagedError):
        _log.error("%s: %s", scope["path"], error)
        message = "what is stored of this backtest is damaged; an operator can restore a backup"
        return ApiError("internal_error", message)
    if isinstance(error, UnreadableDataError):
        _log.error("%s: %s", scope["path"], error)
        return ApiError("internal_error", "the data of this server cannot be read")
    if isinstance(error, StoreError):  # the writer has logged its cause
        return ApiError("internal_error", "the store is full or failing", status=507)
    _log.error("%s %s", scope["method"], scope["path"], exc_info=error)  # not for the client
    return ApiError("internal_error", "internal error")


async def _misdirected(scope: Scope, receive: Receive, send: Send) -> None:
    """421, also for the handshake of a WebSocket."""
    error = ApiError("validation_error", "this server is not known by the name in Host", status=421)
    await response(error, scope["request_id"])(scope, receive, send)


async def _bad_request(scope: Scope, receive: Receive, send: Send) -> None:
    """400; the connection is closed, as a proxy may see another request in the same bytes."""
    error = ApiError(
        "validation_error",
        "a request of HTTP/1.1 has one Host header",
        status=400,
        headers={"connection": "close"},
    )
    await response(error, scope["request_id"])(scope, receive, send)


def _hosts_and_id(headers: Iterable[tuple[bytes, bytes]]) -> tuple[list[bytes], bytes]:
    """The headers `Host`; the `X-Request-ID` of 1 to 128 letters, digits, `.`, `_` or `-`, else a new id."""
    hosts, request_id = [], b""
    for name, value in headers:
        if name == b"host":
            hosts.append(value)
        elif name == b"x-request-id" and not request_id and _REQUEST_ID.fullmatch(value):
            request_id = value
    return hosts, request_id or b"%b%016x" % (_PROCESS, next(_numbers))
