"""`GET /v1/optimizations/{optimization_id}/results`: of a completed one, or the trials of one that failed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from btcore.errors import near_name
from btserver import schemas
from btserver.errors import ApiError, fault
from btserver.optimization_schemas import OptimizationResults
from btserver.run_id import run_text
from btserver.runs.optimizations import Optimizations
from btserver.schemas import RunRecord
from btserver.store.blocks import DamagedError, unseal
from btserver.store.records import Records
from btserver.store.turns import Turns

from . import encodings, requests
from .endpoint import PREFIX, Endpoint
from .job_routes import JobRoutes

CHUNK_EVENTS = 64  # whose sending takes as long as that of a block
LISTS = ("logs", "all_trials")
Blocks = Callable[[str], AsyncIterator[bytes]]
_json = msgspec.json.Encoder().encode
_msgpack = msgspec.msgpack.Encoder().encode
_decode = msgspec.json.Decoder().decode


class OptimizationResultsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The query of the results of an optimization."""

    fields: (
        Annotated[str, Meta(description="Fields of the document, comma-separated; all by default.")] | None
    ) = None


class OptimizationResultsApi:
    """The handler; `jobs` finds the optimization of a request."""

    def __init__(self, store: Records, optimizations: Optimizations, turns: Turns, jobs: JobRoutes) -> None:
        self._store = store
        self._optimizations = optimizations
        self._turns = turns
        self._jobs = jobs

    def endpoints(self) -> list[Endpoint]:
        """The route table."""
        return [
            Endpoint(
                "GET",
                f"{PREFIX}/optimizations/{{optimization_id}}/results",
                self.optimization_results,
                "The results of an optimization that has ended; its trials as Arrow or Parquet",
                gives=OptimizationResults,
                query=OptimizationResultsQuery,
                errors=("validation_error", "unauthorized", "not_found", "conflict"),
                media_types=encodings.MEDIA_TYPES,
            )
        ]

    async def optimization_results(self, request: Request) -> Response:
        """By `Accept`: the document as JSON or MessagePack, or all trials as Arrow or Parquet."""
        key, record = await self._jobs.find(request)
        if record.state not in schemas.TERMINAL:
            raise ApiError("conflict", f"the optimization is {record.state}, it has no results yet")
        query = requests.read_query(request, OptimizationResultsQuery)
        media_type = encodings.media_type(request)
        values, blocks = await self._stored(key, record)
        if media_type in encodings.TABLES:
            if query.fields is not None:
                raise fault("fields: it is for JSON and MessagePack; a table has all trials")
            trials = [trial async for block in blocks("all_trials") for trial in _decode(block)]
            write = self._optimizations.table_writer(media_type)
            return Response(await asyncio.to_thread(write, trials), 200, encodings.VARY, media_type)
        fields = _fields(query, [*values, *LISTS])
        written = _as_json if media_type == encodings.JSON else _as_msgpack
        chunks = written(fields, values, blocks)
        return encodings.streamed(request, chunks, media_type)

    async def _stored(self, key: bytes, record: RunRecord) -> tuple[dict[str, bytes], Blocks]:
        """The fields that are values, as JSON, and a function that gives the blocks of a list."""
        values = {
            "optimization_id": _json(run_text(key)),
            "state": _json(record.state),
            "error": _json(record.error),
        }
        if record.state == "completed":
            more, blocks = await self._completed(key)
        else:
            more, blocks = await self._so_far(key, record)
        return values | more, blocks

    async def _completed(self, key: bytes) -> tuple[dict[str, bytes], Blocks]:
        """Those of a completed one; DamagedError if a block is not what was stored."""
        head = self._store.result(key)
        if head is None:
            raise self._jobs.missing_part(key)
        try:
            for name, table in head.tables.items():
                for index in range(table.blocks):
                    await self._turns.take(CHUNK_EVENTS)
                    unseal(self._store.block(key, name, index))
        except DamagedError:
            raise self._jobs.missing_part(key) from None

        async def blocks(name: str) -> AsyncIterator[bytes]:
            for index in range(head.tables[name].blocks):
                await self._turns.take(CHUNK_EVENTS)
                yield unseal(self._store.block(key, name, index))

        summary = msgspec.json.decode(head.metrics, type=dict[str, msgspec.Raw])
        values = {name: bytes(summary[name]) for name in ("best_trial", "odds", "validation")}
        return values | {"manifest": head.manifest}, blocks

    async def _so_far(self, key: bytes, record: RunRecord) -> tuple[dict[str, bytes], Blocks]:
        """Those of one that did not complete: the trials of its study."""
        try:
            trials = await self._optimizations.trials_so_far(key)
        except msgspec.DecodeError:
            raise self._jobs.missing_part(key) from None

        async def blocks(name: str) -> AsyncIterator[bytes]:
            found = trials if name == "all_trials" else []
            for start in range(0, len(found), CHUNK_EVENTS):
                await self._turns.take(CHUNK_EVENTS)
                yield _json(found[start : start + CHUNK_EVENTS])

        best = record.trials.best if record.trials is not None else b""
        return {"best_trial": best or b"null"} | dict.fromkeys(
            ("odds", "validation", "manifest"), b"null"
        ), blocks


async def _as_json(fields: list[str], values: dict[str, bytes], blocks: Blocks) -> AsyncIterator[bytes]:
    """The document with these fields."""
    before = b"{"
    for name in fields:
        yield b"%b%b:" % (before, _json(name))
        before = b","
        if name in values:
            yield values[name]
            continue
        separator = b"["
        async for block in blocks(name):
            yield separator + block[1:-1]
            separator = b","
        yield b"]" if separator == b"," else b"[]"
    yield b"}"


async def _as_msgpack(fields: list[str], values: dict[str, bytes], blocks: Blocks) -> AsyncIterator[bytes]:
    """The same document as MessagePack, with the same values."""
    yield b"\xdf" + len(fields).to_bytes(4, "big")
    for name in fields:
        yield _msgpack(name)
        if name in values:
            yield _msgpack(_decode(values[name]))
            continue
        items: list[Any] = [item async for block in blocks(name) for item in _decode(block)]
        yield b"\xdd" + len(items).to_bytes(4, "big")
        for start in range(0, len(items), CHUNK_EVENTS):
            yield b"".join(map(_msgpack, items[start : start + CHUNK_EVENTS]))


def _fields(query: OptimizationResultsQuery, known: list[str]) -> list[str]:
    if query.fields is None:
        return known
    wanted = [name.strip() for name in query.fields.split(",")]
    for name in wanted:
        if name not in known:
            raise fault(f"fields: {name[:64]!r} is not one of {', '.join(known)}{near_name(name, known)}")
    return [name for name in known if name in wanted or name == "optimization_id"]
