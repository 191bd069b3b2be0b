"""The ASGI application: routes, error handlers, start and stop."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from importlib.metadata import version

import msgspec
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, Router, WebSocketRoute
from starlette.types import ASGIApp

from btserver.errors import ApiError
from btserver.runs.lifecycle import Runs
from btserver.runs.limits import Limits
from btserver.runs.optimizations import Optimizations, Terms
from btserver.runs.retention import Keep, Retention
from btserver.settings import Settings
from btserver.store.follow import Notifier
from btserver.store.store import Store
from btserver.store.turns import Turns

from . import openapi
from .auth import ApiKeys
from .counters import Counters
from .endpoint import PREFIX, Endpoint, Methods
from .hosts import Hosts
from .middleware import ErrorMiddleware, RequestMiddleware
from .routes import Api
from .websocket import Streams

POLLED = f"{PREFIX}/backtests/{{run_id}}"
STREAMS = ("/backtests/{run_id}/stream", "/optimizations/{optimization_id}/stream")


def create_app(settings: Settings, store: Store, *, engine: str = "btserver.runs.engine") -> ASGIApp:
    """The application on an open store. Its lifespan starts and stops the workers, then closes the store."""
    limits = Limits(rows=settings.max_rows, memory_mib=settings.max_memory, seconds=settings.max_seconds)
    runs = Runs(
        store,
        workers=settings.workers,
        engine=engine,
        data=settings.data,
        strategies=settings.strategies,
        limits=limits,
        on_cluster=settings.executor == "ray" and bool(os.environ.get("RAY_ADDRESS")),
    )
    terms = Terms(
        workers=settings.optimizations,
        executor=settings.executor,
        trials=settings.max_trials,
        trial_rows=settings.max_trial_rows,
        seconds=settings.max_search_seconds,
    )
    optimizations = Optimizations(store, runs, terms)
    keep = Keep(
        days=settings.keep_days, runs=settings.keep_runs, mib=settings.keep_mib, quota_mib=settings.quota_mib
    )
    retention = Retention(store, keep)
    keys = ApiKeys(settings.api_keys)
    counters = Counters()
    notifier = Notifier()
    turns = Turns()
    streams = [
        Streams(
            records,
            notifier,
            turns,
            keys,
            counters=counters,
            origins=settings.cors_origins,
            parameter=parameter,
            noun=noun,
        )
        for records, parameter, noun in (
            (store, "run_id", "backtest"),
            (store.optimizations, "optimization_id", "optimization"),
        )
    ]

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        store.attach(notifier.notify)
        try:
            await runs.start()
            await optimizations.start()
            sweeps = asyncio.create_task(retention.work())
            yield
            sweeps.cancel()
            await asyncio.gather(runs.stop(), optimizations.stop())
        finally:
            store.close()

    endpoints = Api(
        store, runs, optimizations, retention, turns=turns, keys=keys, counters=counters
    ).endpoints()
    routes = [*_http(endpoints), *_pages(endpoints, has_keys=bool(keys)), *_websockets(streams)]
    # No redirect of slashes: it turns a POST into a GET.
    app = ErrorMiddleware(Router(routes, redirect_slashes=False, lifespan=lifespan))
    hosts = Hosts(settings.allowed_hosts, loopback_only=not settings.api_keys)
    return RequestMiddleware(_with_cors(app, settings.cors_origins), counters, hosts)


def _with_cors(app: ASGIApp, origins: tuple[str, ...]) -> ASGIApp:
    """The application, which pages of these origins may call."""
    if not origins:
        return app
    return ErrorMiddleware(
        Cors(
            app,
            allow_origins=origins,
            allow_methods=("GET", "POST", "DELETE"),
            allow_headers=("Authorization", "X-API-Key", "X-Request-ID", "Idempotency-Key"),
            expose_headers=("Location", "X-Request-ID", "Retry-After"),
        )
    )


class Cors(CORSMiddleware):
    """Starlette's, with the usual error body."""

    def preflight_response(self, request_headers: Headers) -> Response:
        """ApiError 400 if a page may not make that call."""
        answer = super().preflight_response(request_headers)
        if answer.status_code == HTTPStatus.OK:
            return answer
        message = bytes(answer.body).decode()
        raise ApiError("validation_error", message, status=answer.status_code, headers={"Vary": "Origin"})


def _http(endpoints: list[Endpoint]) -> list[BaseRoute]:
    """One route for each path, so that 405 lists every method; with and without the prefix `/v1`."""
    by_path: dict[str, list[Endpoint]] = {POLLED: []}  # tried first, as it is called most
    for endpoint in endpoints:
        by_path.setdefault(endpoint.path, []).append(endpoint)
    routes: list[BaseRoute] = []
    for path, found in by_path.items():
        # A symbol may have a slash.
        for spelling in _spellings(path.replace("{symbol}", "{symbol:path}")):
            routes.append(Route(spelling, Methods(found), methods=[e.method for e in found]))
    return routes


def _spellings(path: str) -> tuple[str, str]:
    bare = path.removeprefix(PREFIX)
    return PREFIX + bare, bare


def _pages(endpoints: list[Endpoint], *, has_keys: bool) -> list[BaseRoute]:
    described = openapi.document(endpoints, version("btcore"), has_keys=has_keys)
    as_json = msgspec.json.encode(described)
    as_html = openapi.page(described)

    async def document(_: Request) -> Response:
        return Response(as_json, media_type="application/json")

    async def docs(_: Request) -> Response:
        return Response(as_html, media_type="text/html")

    pages = {"/openapi.json": document, "/docs": docs, **dict.fromkeys(STREAMS, _upgrade_required)}
    return [Route(spelling, page) for path, page in pages.items() for spelling in _spellings(path)]


async def _upgrade_required(_: Request) -> Response:
    message = "the stream is a WebSocket: connect with ws:// or wss://"
    raise ApiError("validation_error", message, status=426, headers={"Upgrade": "websocket"})


def _websockets(streams: list[Streams]) -> list[BaseRoute]:
    return [
        *(
            WebSocketRoute(path, each.serve)
            for template, each in zip(STREAMS, streams, strict=True)
            for path in _spellings(template)
        ),
        WebSocketRoute("/{path:path}", streams[0].refuse),
    ]
