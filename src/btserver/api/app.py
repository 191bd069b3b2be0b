"""The ASGI application: routes, error handlers, start and stop."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp

from btserver.errors import ApiError, from_status, response
from btserver.runs.lifecycle import Runs
from btserver.runs.limits import Limits
from btserver.runs.retention import Keep, Retention
from btserver.settings import Settings
from btserver.store.blocks import DamagedError
from btserver.store.follow import Notifier
from btserver.store.store import Store
from btserver.store.turns import Turns

from . import openapi
from .auth import ApiKeys
from .counters import Counters
from .endpoint import PREFIX, Endpoint, Handler
from .hosts import Hosts
from .middleware import RequestMiddleware
from .routes import Api
from .websocket import Streams

_log = logging.getLogger("btserver.api")
STREAM = "/backtests/{run_id}/stream"


def create_app(settings: Settings, store: Store, *, engine: str = "btserver.runs.engine") -> ASGIApp:
    """The application on an open store. Its lifespan starts and stops the workers, then closes the store."""
    limits = Limits(rows=settings.max_rows, memory_mib=settings.max_memory, seconds=settings.max_seconds)
    runs = Runs(store, workers=settings.workers, engine=engine, data=settings.data, limits=limits)
    keep = Keep(
        days=settings.keep_days, runs=settings.keep_runs, mib=settings.keep_mib, quota_mib=settings.quota_mib
    )
    retention = Retention(store, keep)
    keys = ApiKeys(settings.api_keys)
    counters = Counters()
    notifier = Notifier()
    turns = Turns()
    streams = Streams(store, notifier, turns, keys, counters=counters, origins=settings.cors_origins)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        store.attach(notifier.notify)
        try:
            await runs.start()
            sweeps = asyncio.create_task(retention.work())
            yield
            sweeps.cancel()
            await runs.stop()
        finally:
            store.close()

    endpoints = Api(store, runs, retention, turns=turns, keys=keys, counters=counters).endpoints()
    app = Starlette(
        routes=[*_http(endpoints), *_pages(endpoints, has_keys=bool(keys)), *_websockets(streams)],
        exception_handlers={
            ApiError: _on_api_error,
            HTTPException: _on_http_exception,
            ClientDisconnect: _on_disconnect,
            DamagedError: _on_damage,
            Exception: _on_exception,
        },
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # a redirect turns a POST into a GET
    hosts = Hosts(settings.allowed_hosts, loopback_only=not settings.api_keys)
    return RequestMiddleware(_with_cors(app, settings.cors_origins), counters, hosts)


def _with_cors(app: ASGIApp, origins: tuple[str, ...]) -> ASGIApp:
    """The application, which pages of these origins may call."""
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=("GET", "POST", "DELETE"),
        allow_headers=("Authorization", "X-API-Key", "X-Request-ID", "Idempotency-Key"),
        expose_headers=("Location", "X-Request-ID", "Retry-After"),
    )


def _http(endpoints: list[Endpoint]) -> list[BaseRoute]:
    """One route for each path, so that 405 lists every method; with and without the prefix `/v1`."""
    by_path: dict[str, dict[str, Endpoint]] = {}
    for endpoint in endpoints:
        by_path.setdefault(endpoint.path, {})[endpoint.method] = endpoint
    routes: list[BaseRoute] = []
    for path, methods in by_path.items():
        # A symbol may have a slash.
        for spelling in _spellings(path.replace("{symbol}", "{symbol:path}")):
            routes.append(Route(spelling, _dispatch(methods), methods=list(methods)))
    return routes


def _spellings(path: str) -> tuple[str, str]:
    bare = path.removeprefix(PREFIX)
    return PREFIX + bare, bare


def _dispatch(methods: dict[str, Endpoint]) -> Handler:
    async def dispatch(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await methods[method].handler(request)

    return dispatch


def _pages(endpoints: list[Endpoint], *, has_keys: bool) -> list[BaseRoute]:
    described = openapi.document(endpoints, version("btcore"), has_keys=has_keys)
    as_json = msgspec.json.encode(described)
    as_html = openapi.page(described)

    async def document(_: Request) -> Response:
        return Response(as_json, media_type="application/json")

    async def docs(_: Request) -> Response:
        return Response(as_html, media_type="text/html")

    pages = {"/openapi.json": document, "/docs": docs, STREAM: _upgrade_required}
    return [Route(spelling, page) for path, page in pages.items() for spelling in _spellings(path)]


async def _upgrade_required(_: Request) -> Response:
    message = "the stream is a WebSocket: connect with ws:// or wss://"
    raise ApiError("validation_error", message, status=426, headers={"Upgrade": "websocket"})


def _websockets(streams: Streams) -> list[BaseRoute]:
    return [
        *(WebSocketRoute(path, streams.serve) for path in _spellings(STREAM)),
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


async def _on_damage(request: Request, error: Exception) -> Response:
    _log.error("%s: %s", request.url.path, error)
    message = "what is stored of this backtest is damaged; an operator can restore a backup"
    return response(ApiError("internal_error", message), request.scope["request_id"])


async def _on_exception(request: Request, _: Exception) -> Response:
    # The exception goes to the log, not to the client.
    return response(ApiError("internal_error", "internal error"), request.scope["request_id"])
