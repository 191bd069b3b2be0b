"""The HTTP endpoints: handlers, and the table from which routes and OpenAPI document are built."""

from collections.abc import Collection
from typing import NoReturn

from starlette.requests import Request
from starlette.responses import Response

from btserver.errors import ApiError, unauthorized
from btserver.run_id import run_text
from btserver.runs.lifecycle import Runs
from btserver.runs.optimizations import Optimizations
from btserver.runs.retention import Retention
from btserver.schemas import RunRecord, RunRequest, Status, to_ns
from btserver.store.store import Store, StoreError
from btserver.store.turns import Turns

from . import auth, requests
from .counters import Counters
from .data_routes import DataApi
from .endpoint import PREFIX, Endpoint, json_response
from .job_routes import JobRoutes
from .optimization_routes import OptimizationsApi
from .readiness import Readiness
from .result_routes import ResultsApi


class Api:
    """The handlers."""

    def __init__(
        self,
        store: Store,
        runs: Runs,
        optimizations: Optimizations,
        retention: Retention,
        *,
        turns: Turns,
        keys: auth.ApiKeys,
        counters: Counters,
    ) -> None:
        self._store = store
        self._runs = runs
        self._optimizations = optimizations
        self._retention = retention
        self._turns = turns
        self._keys = keys
        self._readiness = Readiness(store)
        self._counters = counters
        self._jobs = JobRoutes(store, runs, turns, self._authorise, "run_id")

    def endpoints(self) -> list[Endpoint]:
        """The route table."""
        one = f"{PREFIX}/backtests/{{run_id}}"
        return [
            Endpoint(
                "POST",
                f"{PREFIX}/backtests",
                self.create,
                "Start a backtest",
                status=201,
                takes=RunRequest,
                gives=Status,
                query=requests.CreateQuery,
                errors=(
                    "validation_error",
                    "unauthorized",
                    "conflict",
                    "request_too_large",
                    "too_many_requests",
                ),
            ),
            Endpoint(
                "GET",
                f"{PREFIX}/backtests",
                self.list,
                "List backtests, the newest first",
                gives=list[Status],
                query=requests.ListQuery,
                errors=("validation_error", "unauthorized"),
            ),
            Endpoint(
                "DELETE",
                one,
                self.delete,
                "Delete a backtest in any state",
                status=204,
                errors=("unauthorized", "not_found"),
            ),
            Endpoint(
                "POST",
                f"{one}/cancel",
                self.cancel,
                "End a backtest that is queued or running",
                gives=Status,
                errors=("unauthorized", "not_found", "conflict"),
            ),
            Endpoint(
                "GET",
                f"{one}/request",
                self.request,
                "The request of a backtest",
                gives=RunRequest,
                errors=("unauthorized", "not_found"),
            ),
            Endpoint(
                "GET", one, self.show, "Show a backtest", gives=Status, errors=("unauthorized", "not_found")
            ),
            *ResultsApi(self._store, self._runs, self._turns, self._jobs).endpoints(),
            *OptimizationsApi(
                self._store.optimizations,
                self._optimizations,
                self._turns,
                self._authorise,
                refuse_if_full=self._refuse_if_full,
            ).endpoints(),
            *DataApi(self._runs, self._authorise).endpoints(),
            Endpoint(
                "GET", "/healthz", self.health, "The process is alive and can start workers", is_open=True
            ),
            Endpoint("GET", "/readyz", self.ready, "The store and the workers are ready", is_open=True),
            Endpoint("GET", "/metrics", self.metrics, "Counters for Prometheus", is_open=True),
        ]

    async def create(self, request: Request) -> Response:
        """`POST /v1/backtests`: 201 once the run is on disk."""
        await self._authorise(request)
        query = requests.read_query(request, requests.CreateQuery)
        key = requests.read_idempotency_key(request)
        run_request = await requests.read_body(request, RunRequest)
        if key is not None and (known := self._runs.find(run_request, key)):
            return _created(*known)
        inputs = await self._runs.check(run_request)
        if query.reuse and inputs and (known := self._store.with_inputs(inputs)):
            return _created(*known, 200)
        self._refuse_if_full()
        return _created(*await self._runs.submit(run_request, inputs, key))

    def _refuse_if_full(self) -> None:
        if self._retention.is_full:
            raise ApiError("internal_error", "the store has reached its quota; delete runs", status=507)

    async def list(self, request: Request) -> Response:
        """`GET /v1/backtests?state=&limit=&after=` and filters."""
        await self._authorise(request)
        query = requests.read_query(request, requests.ListQuery)
        first = None if query.created_from is None else to_ns(query.created_from)
        last = None if query.created_to is None else to_ns(query.created_to)
        found: list[Status] = []
        async for run, record in self._jobs.newest(query.state, query.after):
            # The order of a run is its time, or later if the clock was set back.
            if len(found) == query.limit or (first is not None and record.order < first):
                break
            if (first is not None and record.created_ns < first) or (
                last is not None and record.created_ns >= last
            ):
                continue
            if not query.selects or query.admits(self._store.request(run)):
                found.append(record.status(run))
        return json_response(found)

    async def delete(self, request: Request) -> Response:
        """`DELETE /v1/backtests/{run_id}`: 204 once nothing of the run is on disk."""
        return await self._jobs.delete(request)

    async def cancel(self, request: Request) -> Response:
        """`POST /v1/backtests/{run_id}/cancel`."""
        run, record = await self._jobs.changed(request, self._runs.cancel)
        return json_response(record.status(run))

    async def request(self, request: Request) -> Response:
        """`GET /v1/backtests/{run_id}/request`: as it was accepted, with defaults."""
        return await self._jobs.request(request)

    async def show(self, request: Request) -> Response:
        """`GET /v1/backtests/{run_id}`."""
        run, record = await self._jobs.find(request)
        return json_response(record.status(run))

    async def health(self, _: Request) -> Response:
        """`GET /healthz`: 200, or 503 if no worker can be started."""
        if not self._runs.can_work():
            return json_response({"status": "no worker can be started"}, 503)
        return json_response({"status": "ok"})

    async def ready(self, _: Request) -> Response:
        """`GET /readyz`: 200 if the store accepts writes and a worker is ready, else 503."""
        try:
            await self._readiness.check()
        except StoreError:
            return json_response({"status": "the store refuses writes"}, 503)
        if not self._runs.workers_ready:
            return json_response({"status": "no worker is up"}, 503)
        return json_response({"status": "ready"})

    async def metrics(self, _: Request) -> Response:
        """`GET /metrics`."""
        page = self._counters.render(
            runs=self._store.counts,
            optimizations=self._store.optimizations.counts,
            events=self._store.events_written,
            commits=self._store.commits,
            workers=self._runs.workers_ready,
            sizes={
                "store_used_bytes": self._store.used_bytes,
                "store_map_bytes": self._store.map_bytes,
                "store_quota_bytes": self._retention.quota_bytes,
                "store_alarm": self._retention.is_alarmed,
                "disk_free_bytes": self._retention.free_bytes(),
            },
        )
        return Response(page, media_type="text/plain; version=0.0.4; charset=utf-8")

    async def _authorise(self, request: Request) -> None:
        offered = auth.header_keys(request.scope["headers"])
        if not self._keys.allow(offered):
            await self._refuse(request, offered)

    async def _refuse(self, request: Request, offered: Collection[bytes]) -> NoReturn:
        await self._keys.slow_down(request.client and request.client.host, offered)
        raise unauthorized()


def _created(run: bytes, record: RunRecord, status: int = 201) -> Response:
    location = f"{PREFIX}/backtests/{run_text(run)}"
    return json_response(record.status(run), status, {"Location": location})
