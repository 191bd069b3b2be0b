"""The endpoints of optimizations, which keep the promises of those of backtests."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from btserver.errors import Code
from btserver.optimization_schemas import OptimizationRequest, OptimizationStatus, status_of
from btserver.run_id import run_text
from btserver.runs.optimizations import Optimizations
from btserver.schemas import RunRecord
from btserver.store.records import Records
from btserver.store.turns import Turns

from . import requests
from .endpoint import PREFIX, Endpoint, json_response
from .job_routes import Authorise, JobRoutes
from .optimization_results import OptimizationResultsApi

_FOUND: tuple[Code, ...] = ("unauthorized", "not_found")


class OptimizationsApi:
    """The handlers; `authorise` raises ApiError 401, `refuse_if_full` 507."""

    def __init__(
        self,
        store: Records,
        optimizations: Optimizations,
        turns: Turns,
        authorise: Authorise,
        *,
        refuse_if_full: Callable[[], None],
    ) -> None:
        self._store = store
        self._optimizations = optimizations
        self._turns = turns
        self._authorise = authorise
        self._refuse_if_full = refuse_if_full
        self._jobs = JobRoutes(store, optimizations, turns, authorise, "optimization_id")

    def endpoints(self) -> list[Endpoint]:
        """The route table."""
        all_, one = f"{PREFIX}/optimizations", f"{PREFIX}/optimizations/{{optimization_id}}"
        return [
            Endpoint(
                "POST",
                all_,
                self.create_optimization,
                "Start an optimization",
                status=201,
                takes=OptimizationRequest,
                gives=OptimizationStatus,
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
                all_,
                self.list_optimizations,
                "List optimizations, the newest first",
                gives=list[OptimizationStatus],
                query=requests.OptimizationsQuery,
                errors=("validation_error", "unauthorized"),
            ),
            Endpoint(
                "GET",
                one,
                self.show_optimization,
                "Show an optimization",
                gives=OptimizationStatus,
                errors=_FOUND,
            ),
            Endpoint(
                "DELETE",
                one,
                self.delete_optimization,
                "Delete an optimization in any state, with its trials",
                status=204,
                errors=_FOUND,
            ),
            Endpoint(
                "POST",
                f"{one}/cancel",
                self.cancel_optimization,
                "End an optimization that is queued or running; its trials are kept",
                gives=OptimizationStatus,
                errors=(*_FOUND, "conflict"),
            ),
            Endpoint(
                "POST",
                f"{one}/resume",
                self.resume_optimization,
                "Go on with an optimization that failed or was cancelled; no trial is played again",
                gives=OptimizationStatus,
                errors=(*_FOUND, "conflict"),
            ),
            Endpoint(
                "GET",
                f"{one}/request",
                self.optimization_request,
                "The request of an optimization",
                gives=OptimizationRequest,
                errors=_FOUND,
            ),
            *OptimizationResultsApi(self._store, self._optimizations, self._turns, self._jobs).endpoints(),
        ]

    async def create_optimization(self, request: Request) -> Response:
        """`POST /v1/optimizations`: 201 once it is on disk."""
        await self._authorise(request)
        key = requests.read_idempotency_key(request)
        body = await requests.read_body(request, OptimizationRequest)
        found = None if key is None else self._optimizations.find(body, key)
        if found is None:
            await self._optimizations.check(body)
            self._refuse_if_full()
            found = await self._optimizations.submit(body, key)
        return self._status(*found, 201, {"Location": f"{PREFIX}/optimizations/{run_text(found[0])}"})

    async def list_optimizations(self, request: Request) -> Response:
        """`GET /v1/optimizations?state=&limit=&after=`."""
        await self._authorise(request)
        query = requests.read_query(request, requests.OptimizationsQuery)
        found: list[OptimizationStatus] = []
        async for key, record in self._jobs.newest(query.state, query.after):
            if len(found) == query.limit:
                break
            found.append(status_of(key, record, self._store.request(key)))
        return json_response(found)

    async def show_optimization(self, request: Request) -> Response:
        """`GET /v1/optimizations/{optimization_id}`."""
        return self._status(*await self._jobs.find(request))

    async def delete_optimization(self, request: Request) -> Response:
        """`DELETE /v1/optimizations/{optimization_id}`: 204 once nothing of it is on disk."""
        return await self._jobs.delete(request)

    async def cancel_optimization(self, request: Request) -> Response:
        """`POST /v1/optimizations/{optimization_id}/cancel`."""
        return self._status(*await self._jobs.changed(request, self._optimizations.cancel))

    async def resume_optimization(self, request: Request) -> Response:
        """`POST /v1/optimizations/{optimization_id}/resume`."""
        return self._status(*await self._jobs.changed(request, self._optimizations.resume))

    async def optimization_request(self, request: Request) -> Response:
        """`GET /v1/optimizations/{optimization_id}/request`: as it was accepted, with defaults."""
        return await self._jobs.request(request)

    def _status(
        self, key: bytes, record: RunRecord, status: int = 200, headers: dict[str, str] | None = None
    ) -> Response:
        return json_response(status_of(key, record, self._store.request(key)), status, headers or {})
