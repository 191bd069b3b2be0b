"""A store that has a completed run with a chosen number of events."""

import asyncio
from pathlib import Path

from btserver.run_id import run_text
from btserver.schemas import MetricPayload
from btserver.store.store import Store


def store_long_run(directory: Path, events: int) -> str:
    """The id of the run."""
    return asyncio.run(_write(directory, events))


async def _write(directory: Path, events: int) -> str:
    store = Store(directory)
    try:
        store.attach()
        run, *_ = await store.create(
            b'{"symbols":["AAPL"],"start_date":"2024-01-01","end_date":"2024-06-01"}'
        )
        await store.change_state(run, "running")
        for first in range(0, events, 1000):
            count = min(1000, events - first)
            await store.append(run, [MetricPayload("equity", 1e6 + first + i) for i in range(count)])
        await store.change_state(run, "failed", error="no results")
        return run_text(run)
    finally:
        store.close()
