"""The endpoints of optimizations, which keep the promises of those of backtests."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from btserver.errors import Code, fault, not_found
from btserver.optimization_schemas import OptimizationRequest, OptimizationStatus, status_of
from btserver.run_id import run_key, run_text
from btserver.runs.optimizations import Optimizations
from btserver.schemas import RunRecord, State
from btserver.store.blocks import DamagedError
from btserver.store.records import Records
from btserver.store.turns import Turns

from . import requests
from .endpoint import PREFIX, Endpoint, json_response
from .optimization_results import OptimizationResultsApi

LIST_PAGE = 64  # optimizations that are looked at in a turn
NOUN = "optimization"
Found: TypeAlias = tuple[bytes, RunRecord]
_FOUND: tuple[Code, ...] = ("unauthorized", "not_found")


class OptimizationsApi:
    """The handlers; `authorise` raises ApiError 401, `refuse_if_full` 507."""

    def __init__(
        self,
        store: Records,
        optimizations: Optimizations,
        turns: Turns,
        authorise: Callable[[Request], Awaitable[None]],
        *,
        refuse_if_full: Callable[[], None],
    ) -> None:
        self._store = store
        self._optimizations = optimizations
        self._turns = turns
        self._authorise = authorise
        self._refuse_if_full = refuse_if_full

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
            *OptimizationResultsApi(self._store, self._optimizations, self._turns, self._find).endpoints(),
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
        before = None if query.after is None else self._place(query.after)
        found: list[OptimizationStatus] = []
        async for key, record in self._older(query.state, before):
            if len(found) == query.limit:
                break
            found.append(status_of(key, record, self._store.request(key)))
        return json_response(found)

    async def show_optimization(self, request: Request) -> Response:
        """`GET /v1/optimizations/{optimization_id}`."""
        return self._status(*await self._find(request))

    async def delete_optimization(self, request: Request) -> Response:
        """`DELETE /v1/optimizations/{optimization_id}`: 204 once nothing of it is on disk."""
        key, _ = await self._find(request)
        try:
            await self._optimizations.delete(key)
        except KeyError as error:
            raise not_found(run_text(key), NOUN) from error
        return Response(status_code=204)

    async def cancel_optimization(self, request: Request) -> Response:
        """`POST /v1/optimizations/{optimization_id}/cancel`."""
        return await self._changed(request, self._optimizations.cancel)

    async def resume_optimization(self, request: Request) -> Response:
        """`POST /v1/optimizations/{optimization_id}/resume`."""
        return await self._changed(request, self._optimizations.resume)

    async def optimization_request(self, request: Request) -> Response:
        """`GET /v1/optimizations/{optimization_id}/request`: as it was accepted, with defaults."""
        key, _ = await self._find(request)
        text = self._store.request(key)
        if not text:
            if self._store.run(key) is None:  # deleted meanwhile
                raise not_found(run_text(key), NOUN)
            raise DamagedError("the request is missing")
        return Response(text, media_type="application/json")

    async def _changed(self, request: Request, change: Callable[[bytes], Awaitable[RunRecord]]) -> Response:
        key, _ = await self._find(request)
        try:
            record = await change(key)
        except KeyError as error:  # deleted meanwhile
            raise not_found(run_text(key), NOUN) from error
        return self._status(key, record)

    def _status(
        self, key: bytes, record: RunRecord, status: int = 200, headers: dict[str, str] | None = None
    ) -> Response:
        return json_response(status_of(key, record, self._store.request(key)), status, headers or {})

    async def _older(self, state: State | None, before: tuple[int, bytes] | None) -> AsyncIterator[Found]:
        """Optimizations, the newest first, in pages, between which others are served."""
        while page := self._store.newest(LIST_PAGE, state, before):
            for key, record in page:
                yield key, record
            before = page[-1][1].order, page[-1][0]
            await self._turns.take(LIST_PAGE)

    def _place(self, text: str) -> tuple[int, bytes]:
        """The place of an optimization in the order of creation; ApiError 422 if it is unknown."""
        key = run_key(text)
        record = None if key is None else self._store.run(key)
        if key is None or record is None:
            raise fault(f"after: no optimization has the id {text[:64]!r}")
        return record.order, key

    async def _find(self, request: Request) -> Found:
        await self._authorise(request)
        text = request.path_params["optimization_id"]
        key = run_key(text)
        record = None if key is None else self._store.run(key)
        if key is None or record is None:
            raise not_found(text, NOUN)
        return key, record
