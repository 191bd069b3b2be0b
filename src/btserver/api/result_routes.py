"""`GET /v1/backtests/{run_id}/results`: formats, fields and points of a stored result."""

from typing import Annotated

from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from btcore.errors import near_name
from btserver.errors import ApiError, fault
from btserver.runs.lifecycle import Runs
from btserver.schemas import ResultHead
from btserver.store.blocks import DamagedError
from btserver.store.store import Store
from btserver.store.turns import Turns

from . import encodings, requests
from .endpoint import PREFIX, Endpoint
from .job_routes import JobRoutes
from .result_schemas import Results
from .result_stream import ResultStream, field_names, table_names


class ResultsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The query of the results."""

    fields: (
        Annotated[str, Meta(description="Fields of the document, comma-separated; all by default.")] | None
    ) = None
    points: (
        Annotated[
            int, Meta(ge=4, le=1_000_000, description="Points of the curves at most; extremes are kept.")
        ]
        | None
    ) = None
    table: (
        Annotated[str, Meta(description="The table of Arrow and Parquet; equity_curve by default.")] | None
    ) = None


class ResultsApi:
    """The handler; `jobs` finds the run of a request."""

    def __init__(self, store: Store, runs: Runs, turns: Turns, jobs: JobRoutes) -> None:
        self._store = store
        self._runs = runs
        self._turns = turns
        self._jobs = jobs

    def endpoints(self) -> list[Endpoint]:
        """The route table."""
        return [
            Endpoint(
                "GET",
                f"{PREFIX}/backtests/{{run_id}}/results",
                self.results,
                "The results of a completed backtest",
                gives=Results,
                query=ResultsQuery,
                errors=("validation_error", "unauthorized", "not_found", "conflict"),
                media_types=encodings.MEDIA_TYPES,
            )
        ]

    async def results(self, request: Request) -> Response:
        """By `Accept`: the document as JSON or MessagePack, or one table as Arrow or Parquet."""
        run, record = await self._jobs.find(request)
        head = self._store.result(run) if record.state == "completed" else None
        if head is None and record.state == "completed":
            raise self._jobs.missing_part(run)
        if head is None:
            reason = f": {record.error}" if record.error else ""
            raise ApiError("conflict", f"the backtest is {record.state}, it has no results{reason}")
        query = requests.read_query(request, ResultsQuery)
        media_type = encodings.media_type(request)
        stream = ResultStream(self._store, self._runs, self._turns, run, head)
        try:
            await stream.verify()
            if media_type in encodings.TABLES:
                return Response(
                    await self._table(stream, head, query, media_type), 200, encodings.VARY, media_type
                )
        except DamagedError:
            if self._store.run(run) is None:
                raise self._jobs.missing_part(run) from None
            raise
        if query.table is not None:
            raise fault("table: it is for Arrow and Parquet; choose fields of the document with `fields`")
        write = stream.json if media_type == encodings.JSON else stream.msgpack
        chunks = write(_fields(query, head), query.points)
        return encodings.streamed(request, chunks, media_type)

    async def _table(
        self, stream: ResultStream, head: ResultHead, query: ResultsQuery, media_type: str
    ) -> bytes:
        if query.fields is not None:
            raise fault("fields: it is for JSON and MessagePack; choose a table with `table`")
        name = query.table or "equity_curve"
        if name not in table_names(head):
            known = ", ".join(table_names(head))
            raise fault(f"table: {name[:64]!r} is not one of {known}{near_name(name, table_names(head))}")
        return await stream.table(name, query.points, self._runs.table_writer(media_type))


def _fields(query: ResultsQuery, head: ResultHead) -> list[str]:
    known = field_names(head)
    if query.fields is None:
        return known
    wanted = [name.strip() for name in query.fields.split(",")]
    for name in wanted:
        if name not in {*known, "run_id", "bounds"}:
            raise fault(
                f"fields: {name[:64]!r} is not one of run_id, {', '.join(known)}{near_name(name, known)}"
            )
    return [name for name in known if name in wanted]
