"""A stored result as JSON, in chunks that block the event loop only briefly."""

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO

import msgspec
import numpy as np

from btserver.run_id import run_text
from btserver.runs.lifecycle import Runs
from btserver.schemas import ResultHead, TableHead
from btserver.store.store import Store

CHUNK_ROWS = 250  # under a millisecond each
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


async def results_json(store: Store, runs: Runs, run: bytes, head: ResultHead) -> AsyncIterator[bytes]:
    """The document of `GET /results` as byte chunks; other tasks run between two chunks."""
    yield b'{"run_id":%s,"metrics_summary":%s' % (_encode(run_text(run)), head.metrics)
    tables = [*TABLES, *sorted(set(head.tables) - {*TABLES, "logs"})]
    for name in tables:
        yield b",%s:[" % _encode(name)
        async for chunk in _rows(store, runs, run, name, head.tables.get(name)):
            yield chunk
        yield b"]"
    yield b',"logs":['
    logs = head.tables.get("logs", TableHead(0, 0))
    for index in range(logs.blocks):
        yield b","[: index > 0] + store.block(run, "logs", index)[1:-1]
    bounds = b',"bounds":%s' % head.bounds if head.bounds else b""
    yield b'],"manifest":%s,"fingerprint":%s%s}' % (head.manifest, _encode(head.fingerprint), bounds)


async def _rows(
    store: Store, runs: Runs, run: bytes, name: str, table: TableHead | None
) -> AsyncIterator[bytes]:
    separator = b""
    for index in range(0 if table is None else table.blocks):
        block = np.lib.format.read_array(BytesIO(store.block(run, name, index)), allow_pickle=False)
        for start in range(0, len(block), CHUNK_ROWS):
            rows = runs.rows_json(block, start, min(start + CHUNK_ROWS, len(block)))
            yield separator + rows[1:-1]
            separator = b","
            await asyncio.sleep(0)
