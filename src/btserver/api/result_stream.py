"""A stored result as JSON, in chunks that block the event loop only briefly."""

from collections.abc import AsyncIterator

import msgspec

from btserver.run_id import run_text
from btserver.runs.lifecycle import Runs
from btserver.schemas import ResultHead, TableHead
from btserver.store.blocks import unpack_rows, unseal
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
_encode = msgspec.json.Encoder().encode


class ResultStream:
    """Writes stored results."""

    def __init__(self, store: Store, runs: Runs, turns: Turns) -> None:
        self._store = store
        self._runs = runs
        self._turns = turns

    async def verify(self, run: bytes, head: ResultHead) -> None:
        """DamagedError if a block is not what was stored; once a response has begun, it is too late."""
        for name, table in head.tables.items():
            for index in range(table.blocks):
                await self._turns.take(CHUNK_EVENTS)
                block = unseal(self._store.block(run, name, index))
                if block.startswith(b"\x93NUMPY"):  # of an earlier release, without a checksum
                    unpack_rows(block)

    async def json(self, run: bytes, head: ResultHead) -> AsyncIterator[bytes]:
        """The document of `GET /results` as byte chunks; other tasks run between two chunks."""
        yield b'{"run_id":%s,"metrics_summary":%s' % (_encode(run_text(run)), head.metrics)
        for name in [*TABLES, *sorted(set(head.tables) - {*TABLES, "logs"})]:
            yield b",%s:[" % _encode(name)
            async for chunk in self._rows(run, name, head.tables.get(name, TableHead(0, 0))):
                yield chunk
            yield b"]"
        yield b',"logs":['
        for index in range(head.tables.get("logs", TableHead(0, 0)).blocks):
            await self._turns.take(CHUNK_EVENTS)
            yield b","[: index > 0] + unseal(self._store.block(run, "logs", index))[1:-1]
        bounds = b',"bounds":%s' % head.bounds if head.bounds else b""
        yield b'],"manifest":%s,"fingerprint":%s%s}' % (head.manifest, _encode(head.fingerprint), bounds)

    async def _rows(self, run: bytes, name: str, table: TableHead) -> AsyncIterator[bytes]:
        separator = b""
        for index in range(table.blocks):
            block = unpack_rows(self._store.block(run, name, index))
            for start in range(0, len(block), CHUNK_ROWS):
                await self._turns.take(CHUNK_EVENTS)
                rows = self._runs.rows_json(block, start, min(start + CHUNK_ROWS, len(block)))
                yield separator + rows[1:-1]
                separator = b","
