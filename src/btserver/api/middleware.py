"""What every request passes through: check of its host, its id, headers of the response, counters."""

import re
import secrets
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from btserver.errors import ApiError, response

from .counters import Counters
from .hosts import Hosts

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECURITY = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
]


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
        host, request_id = _host_and_id(scope)
        scope["request_id"] = request_id
        app = self._app if host is None or self._hosts.allow(host) else _misdirected
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        status = 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] += [(b"x-request-id", request_id.encode()), *_SECURITY]
            await send(message)

        started = time.perf_counter()
        try:
            await app(scope, receive, send_with_headers)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "OTHER"
            self._counters.count(method, status, time.perf_counter() - started)


async def _misdirected(scope: Scope, receive: Receive, send: Send) -> None:
    """421, also for the handshake of a WebSocket."""
    error = ApiError("validation_error", "this server is not known by the name in Host", status=421)
    await response(error, scope["request_id"])(scope, receive, send)


def _host_and_id(scope: Scope) -> tuple[bytes | None, str]:
    """The header `Host`; the `X-Request-ID` of 1 to 128 letters, digits, `.`, `_` or `-`, else a new id."""
    host, request_id = None, ""
    for name, value in scope["headers"]:
        if name == b"host":
            host = value
        elif name == b"x-request-id" and not request_id and _REQUEST_ID.fullmatch(value):
            request_id = value.decode()
    return host, request_id or secrets.token_hex(16)
