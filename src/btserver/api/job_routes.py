"""What the endpoints of backtests and of optimizations share: they find, list, change and delete."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from btserver.errors import fault, not_found
from btserver.run_id import run_key, run_text
from btserver.runs.jobs import Jobs
from btserver.schemas import RunRecord, State
from btserver.store.blocks import DamagedError
from btserver.store.records import Records
from btserver.store.turns import Turns

LIST_PAGE = 64  # jobs that are looked at in a turn
Found: TypeAlias = tuple[bytes, RunRecord]
Authorise = Callable[[Request], Awaitable[None]]


class JobRoutes:
    """The jobs of one kind; `authorise` raises ApiError 401, `parameter` is the name of the id in a path."""

    def __init__(
        self, store: Records, jobs: Jobs, turns: Turns, authorise: Authorise, parameter: str
    ) -> None:
        self._store, self._jobs, self._turns, self._authorise = store, jobs, turns, authorise
        self._parameter = parameter

    async def find(self, request: Request) -> Found:
        """The job of the path; ApiError 401 or 404."""
        await self._authorise(request)
        text = request.path_params[self._parameter]
        key = run_key(text)
        record = None if key is None else self._store.run(key)
        if key is None or record is None:
            raise not_found(text, self._jobs.noun)
        return key, record

    async def newest(self, state: State | None, after: str | None) -> AsyncIterator[Found]:
        """Jobs that are older than `after`, the newest first, in pages, between which others are served."""
        before = None if after is None else self._place(after)
        while page := self._store.newest(LIST_PAGE, state, before):
            for key, record in page:
                yield key, record
            before = page[-1][1].order, page[-1][0]
            await self._turns.take(LIST_PAGE)

    def _place(self, text: str) -> tuple[int, bytes]:
        """The place of a job in the order of creation; ApiError 422 if it is unknown."""
        key = run_key(text)
        record = None if key is None else self._store.run(key)
        if key is None or record is None:
            raise fault(f"after: no {self._jobs.noun} has the id {text[:64]!r}")
        return record.order, key

    async def changed(self, request: Request, change: Callable[[bytes], Awaitable[RunRecord]]) -> Found:
        """The job of the path after the change."""
        key, _ = await self.find(request)
        try:
            return key, await change(key)
        except KeyError as error:  # deleted meanwhile
            raise not_found(run_text(key), self._jobs.noun) from error

    async def delete(self, request: Request) -> Response:
        """204 once nothing of the job is on disk."""
        key, _ = await self.find(request)
        try:
            await self._jobs.delete(key)
        except KeyError as error:
            raise not_found(run_text(key), self._jobs.noun) from error
        return Response(status_code=204)

    async def request(self, request: Request) -> Response:
        """The request of the job as it was accepted, with defaults."""
        key, _ = await self.find(request)
        text = self._store.request(key)
        if not text:
            raise self.missing_part(key)
        return Response(text, media_type="application/json")

    def missing_part(self, key: bytes) -> Exception:
        """Why a part of a job is not there: it was deleted after it was found, or the store is damaged."""
        if self._store.run(key) is None:
            return not_found(run_text(key), self._jobs.noun)
        return DamagedError(f"a part of the {self._jobs.noun} is missing or damaged")
