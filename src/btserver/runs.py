"""A run's life: accepted, queued, handed to a worker, watched, finished or failed.

Whatever happens to a worker or to the server, the store says where each run stands: `start` puts those back
into the queue that were interrupted.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from btserver import keys, wire
from btserver.errors import ApiError
from btserver.pool import WorkerProcess
from btserver.schemas import LogPayload, MetricPayload, Payload, ProgressPayload, RunRecord
from btserver.store import Store, StoreError

MAX_QUEUED = 10_000
_log = logging.getLogger("btserver.runs")
_MAX_PAUSE = 30.0  # between attempts to start a worker that does not come up


class Runs:
    """The queue and the workers."""

    def __init__(self, store: Store, start_worker: Callable[[], "asyncio.Future[WorkerProcess]"], workers: int) -> None:
        raise NotImplementedError
