"""A stored result as JSON, MessagePack, Arrow or Parquet, in chunks that block the loop only briefly."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np

from btserver.run_id import run_text
from btserver.runs.lifecycle import Runs
from btserver.schemas import ResultHead, TableHead
from btserver.store.blocks import Rows, unpack_rows, unseal
from btserver.store.store import Store
from btserver.store.turns import Turns

CHUNK_ROWS = 250  # under a millisecond each
CHUNK_EVENTS = 64  # whose sending takes as long
# Always present, in this order.
TABLES = (
    "equity_curve",
    "trades",
    "exposures",
    "orders",
    "round_trips",
    "cash_flows",
    "order_events",
    "benchmark_curve",
)
CURVES = {"equity_curve": "equity", "benchmark_curve": "value"}  # and the column whose extremes are kept
_NO_ROWS = TableHead(0, 0)
_json = msgspec.json.Encoder().encode
_msgpack = msgspec.msgpack.Encoder().encode
_decode = msgspec.json.Decoder().decode


def table_names(head: ResultHead) -> list[str]:
    """The tables of a result in the order of its document, without `logs`."""
    return [*TABLES, *sorted(set(head.tables) - {*TABLES, "logs"})]


def field_names(head: ResultHead) -> list[str]:
    """The fields of the document of a result besides `run_id`, in order."""
    bounds = ["bounds"] if head.bounds else []
    return ["metrics_summary", *table_names(head), "logs", "manifest", "fingerprint", *bounds]


class ResultStream:
    """Writes the result of one run."""

    def __init__(self, store: Store, runs: Runs, turns: Turns, run: bytes, head: ResultHead) -> None:
        self._store = store
        self._runs = runs
        self._turns = turns
        self._run = run
        self._head = head

    async def verify(self) -> None:
        """DamagedError if a block is not what was stored; once a response has begun, it is too late."""
        for name, table in self._head.tables.items():
            for index in range(table.blocks):
                await self._turns.take(CHUNK_EVENTS)
                block = unseal(self._store.block(self._run, name, index))
                if block.startswith(b"\x93NUMPY"):  # of an earlier release, without a checksum
                    unpack_rows(block)

    async def json(self, fields: list[str], points: int | None) -> AsyncIterator[bytes]:
        """The document with these fields; `points` is a number of points to thin the curves to."""
        yield b'{"run_id":%s' % _json(run_text(self._run))
        for name in fields:
            if name not in table_names(self._head) and name != "logs":
                yield b",%s:%s" % (_json(name), self._value(name))
                continue
            yield b",%s:[" % _json(name)
            separator = b""
            async for rows in self._rows_json(name, points):
                yield separator + rows[1:-1]
                separator = b","
            yield b"]"
        yield b"}"

    async def msgpack(self, fields: list[str], points: int | None) -> AsyncIterator[bytes]:
        """The same document as MessagePack, with the same values."""
        yield (
            b"\xdf"
            + (len(fields) + 1).to_bytes(4, "big")
            + _msgpack("run_id")
            + _msgpack(run_text(self._run))
        )
        for name in fields:
            yield _msgpack(name)
            if name not in table_names(self._head) and name != "logs":
                yield _msgpack(_decode(self._value(name)))
                continue
            thinned = await self._thinned(name, points)
            size = self._head.tables.get(name, _NO_ROWS).rows if thinned is None else len(thinned)
            yield b"\xdd" + size.to_bytes(4, "big")
            async for rows in self._rows_json(name, points):
                yield b"".join(map(_msgpack, _decode(rows)))

    async def table(self, name: str, points: int | None, write: Any) -> bytes:
        """What `write` makes of the rows of a table, on a thread."""
        rows = await self._thinned(name, points)
        if rows is None:
            rows = await self._whole(name)
        data: bytes = await asyncio.to_thread(write, rows)
        return data

    def _value(self, name: str) -> bytes:
        head = self._head
        values = {"metrics_summary": head.metrics, "manifest": head.manifest, "bounds": head.bounds}
        return values[name] if name in values else _json(head.fingerprint)

    async def _rows_json(self, name: str, points: int | None) -> AsyncIterator[bytes]:
        """JSON arrays of some rows each, none of them empty."""
        table = self._head.tables.get(name, _NO_ROWS)
        if name == "logs":
            for index in range(table.blocks):
                await self._turns.take(CHUNK_EVENTS)
                yield unseal(self._store.block(self._run, name, index))
            return
        thinned = await self._thinned(name, points)
        for index in range(table.blocks if thinned is None else 1):
            block = unpack_rows(self._store.block(self._run, name, index)) if thinned is None else thinned
            for start in range(0, len(block), CHUNK_ROWS):
                await self._turns.take(CHUNK_EVENTS)
                yield self._runs.rows_json(block, start, min(start + CHUNK_ROWS, len(block)))

    async def _whole(self, name: str) -> Rows:
        blocks = []
        for index in range(self._head.tables.get(name, _NO_ROWS).blocks):
            await self._turns.take(CHUNK_EVENTS)
            blocks.append(unpack_rows(self._store.block(self._run, name, index)))
        return np.concatenate(blocks) if blocks else np.zeros(0, [("timestamp", "i8")])

    async def _thinned(self, name: str, points: int | None) -> Rows | None:
        """The rows of a curve that has more than `points`; None for another table."""
        if points is None or name not in CURVES or self._head.tables.get(name, _NO_ROWS).rows <= points:
            return None
        rows = await self._whole(name)
        return rows[extremes(rows[CURVES[name]], points)]


def extremes(values: Rows, points: int) -> Rows:
    """The places of at most `points` values: first, last, and the least and the greatest of equal parts."""
    places = {0, len(values) - 1}
    edges = np.linspace(0, len(values), (points - 2) // 2 + 1, dtype=np.int64)
    for start, stop in pairwise(edges):
        part = values[start:stop]
        places |= {int(start + np.argmin(part)), int(start + np.argmax(part))}
    return np.array(sorted(places))
