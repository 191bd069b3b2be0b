"""The ASGI application: routes, error handlers, start and stop."""

import re
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from btserver.errors import ApiError, from_status, response
from btserver.runs.lifecycle import Runs
from btserver.settings import Settings
from btserver.store.follow import Notifier
from btserver.store.store import Store
from btserver.store.turns import Turns

from . import openapi
from .auth import ApiKeys
from .counters import Counters
from .routes import PREFIX, Api, Endpoint, Handler
from .websocket import Streams

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def create_app(settings: Settings, store: Store, *, engine: str = "btserver.runs.engine") -> ASGIApp:
    """The application on an open store. Its lifespan starts and stops the workers, then closes the store."""
    runs = Runs(store, workers=settings.workers, engine=engine, data=settings.data)
    keys = ApiKeys(settings.api_keys)
    counters = Counters()
    notifier = Notifier()
    turns = Turns()
    streams = Streams(store, notifier, turns, keys, counters)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        store.attach(notifier.notify)
        try:
            await runs.start()
            yield
            await runs.stop()
        finally:
            store.close()

    endpoints = Api(store, runs, turns, keys, counters).endpoints()
    app = Starlette(
        routes=[*_http(endpoints), *_pages(endpoints), *_websockets(streams)],
        exception_handlers={
            ApiError: _on_api_error,
            HTTPException: _on_http_exception,
            ClientDisconnect: _on_disconnect,
            Exception: _on_exception,
        },
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # a redirect turns a POST into a GET
    return RequestMiddleware(app, counters)


def _http(endpoints: list[Endpoint]) -> list[BaseRoute]:
    """One route for each path, so that 405 lists every method; with and without the prefix `/v1`."""
    by_path: dict[str, dict[str, Endpoint]] = {}
    for endpoint in endpoints:
        by_path.setdefault(endpoint.path, {})[endpoint.method] = endpoint
    routes: list[BaseRoute] = []
    for path, methods in by_path.items():
        for spelling in dict.fromkeys((path, path.removeprefix(PREFIX))):
            routes.append(Route(spelling, _dispatch(methods), methods=list(methods)))
    return routes


def _dispatch(methods: dict[str, Endpoint]) -> Handler:
    async def dispatch(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await methods[method].handler(request)

    return dispatch


def _pages(endpoints: list[Endpoint]) -> list[BaseRoute]:
    described = openapi.document(endpoints, version("btcore"))
    as_json = msgspec.json.encode(described)
    as_html = openapi.page(described)

    async def document(_: Request) -> Response:
        return Response(as_json, media_type="application/json")

    async def docs(_: Request) -> Response:
        return Response(as_html, media_type="text/html")

    return [Route("/openapi.json", document), Route("/docs", docs)]


def _websockets(streams: Streams) -> list[BaseRoute]:
    return [
        WebSocketRoute(f"{PREFIX}/backtests/{{run_id}}/stream", streams.serve),
        WebSocketRoute("/backtests/{run_id}/stream", streams.serve),
        WebSocketRoute("/{path:path}", streams.refuse),
    ]


async def _on_api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return response(error, request.scope["request_id"])


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return response(from_status(error.status_code, error.headers), request.scope["request_id"])


async def _on_disconnect(request: Request, _: Exception) -> Response:
    # The client disconnected before its body was complete. This response is never read, but it is not a 500.
    return response(ApiError("validation_error", "incomplete body", status=400), request.scope["request_id"])


async def _on_exception(request: Request, _: Exception) -> Response:
    # The exception goes to the log, not to the client.
    return response(ApiError("internal_error", "internal error"), request.scope["request_id"])


class RequestMiddleware:
    """Gives each HTTP request an id, adds it to the response as `X-Request-ID`, and counts the request."""

    def __init__(self, app: ASGIApp, counters: Counters) -> None:
        self._app = app
        self._counters = counters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Calls the application; WebSockets are passed through unchanged."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope["request_id"] = request_id
        status = 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
            await send(message)

        started = time.perf_counter()
        try:
            await self._app(scope, receive, send_with_id)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "OTHER"
            self._counters.count(method, status, time.perf_counter() - started)


def _request_id(scope: Scope) -> str:
    """The `X-Request-ID` of the client if it has 1 to 128 letters, digits, `.`, `_` or `-`; else a new id."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return str(value.decode())
    return secrets.token_hex(16)
