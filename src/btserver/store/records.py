"""The records of one kind of job, backtests or optimizations: reads, and writes that return after the commit.

Reads are short and run on the event loop; writes run on the thread of `Writer`.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import lmdb
import msgspec

from btserver.run_id import new_run_key
from btserver.schemas import Payload, ResultHead, RunRecord, State, Trials

from . import keys, transitions
from .blocks import DamagedError, unseal
from .transitions import Marks, Tables, Txn
from .writer import Chain, StoreError, Writer

_head = msgspec.msgpack.Decoder(ResultHead)
NO_MARKS = Marks()


class Commits:
    """What the kinds of jobs of one store share: the writer, and which jobs its last commits have changed."""

    def __init__(self) -> None:
        self.writer: Writer | None = None
        self.changed: set[bytes] = set()
        self.events_written = 0


class Records:
    """The jobs of one kind: their records, requests, events and results."""

    def __init__(self, env: lmdb.Environment, tables: Tables, commits: Commits) -> None:
        self._env, self._tables, self._commits = env, tables, commits
        with env.begin() as txn:
            cursor = txn.cursor(tables.by_created)
            self._last_order = keys.order_of(cursor.key()) if cursor.last() else 0
            self.counts = {state: transitions.count(txn, tables, state) for state in keys.STATE_CODES}

    # Reads: one short transaction each, never held across an await.

    def run(self, run: bytes) -> RunRecord | None:
        """The run's record, or None."""
        with self._env.begin() as txn:
            return transitions.read_record(txn, self._tables, run)

    def request(self, run: bytes) -> bytes:
        """The JSON of the request, as it was accepted; empty if there is no such run."""
        with self._env.begin(self._tables.requests) as txn:
            return txn.get(run, b"")

    def with_inputs(self, inputs: bytes) -> tuple[bytes, RunRecord] | None:
        """The newest completed run whose inputs have that digest."""
        for key in reversed(self.keys("inputs", inputs)):
            record = self.run(key[-16:])
            if record is not None and record.state == "completed":
                return key[-16:], record
        return None

    def with_key(self, marks: Marks) -> tuple[bytes, RunRecord] | None:
        """The run that has that idempotency key; ValueError if its body was another one."""
        with self._env.begin() as txn:
            return transitions.find_key(txn, self._tables, marks)

    def newest(
        self, limit: int, state: State | None = None, before: tuple[int, bytes] | None = None
    ) -> list[tuple[bytes, RunRecord]]:
        """Up to `limit` runs, the newest first; those that are older than `before`, an order and its run."""
        table = self._tables.by_created if state is None else self._tables.by_state
        prefix = b"" if state is None else keys.STATE_CODES[state]
        found: list[tuple[bytes, RunRecord]] = []
        with self._env.begin() as txn:
            cursor = txn.cursor(table)
            # Step back from the first key past the prefix; no key starts with 0xff.
            past = bytes([prefix[0] + 1]) if prefix else b"\xff"
            if before is not None:
                past = prefix + keys.created_key(*before)
            has_key = cursor.prev() if cursor.set_range(past) else cursor.last()
            while has_key and len(found) < limit and cursor.key().startswith(prefix):
                run = cursor.key()[-16:]
                with contextlib.suppress(DamagedError):
                    record = transitions.read_record(txn, self._tables, run)
                    if record is not None:
                        found.append((run, record))
                has_key = cursor.prev()
        return found

    def oldest(self, state: State) -> list[bytes]:
        """All runs in that state, the oldest first."""
        prefix = keys.STATE_CODES[state]
        found: list[bytes] = []
        with self._env.begin() as txn:
            cursor = txn.cursor(self._tables.by_state)
            has_key = cursor.set_range(prefix)
            while has_key and cursor.key().startswith(prefix):
                found.append(cursor.key()[-16:])
                has_key = cursor.next()
        return found

    def events(
        self, run: bytes, after: int, limit: int, max_bytes: int = 2**31
    ) -> tuple[RunRecord | None, list[bytes]]:
        """The record and events with ids above `after`, from one transaction.

        There are up to `limit` events, and no more once they have `max_bytes`.
        """
        page: list[bytes] = []
        size = 0
        with self._env.begin() as txn:
            record = transitions.read_record(txn, self._tables, run)
            cursor = txn.cursor(self._tables.events)
            has_key = cursor.set_range(keys.event_key(run, after + 1))
            while has_key and len(page) < limit and size < max_bytes and cursor.key().startswith(run):
                page.append(cursor.value())
                size += len(page[-1])
                has_key = cursor.next()
        return record, page

    def result(self, run: bytes) -> ResultHead | None:
        """The metrics, manifest and table sizes of a completed run; None if there is no result.

        DamagedError if they cannot be read.
        """
        with self._env.begin(self._tables.results) as txn:
            head = txn.get(run)
        try:
            return None if head is None else _head.decode(unseal(head))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise DamagedError("the head of the result is damaged") from error

    def keys(self, table: str, prefix: bytes = b"") -> list[bytes]:
        """The keys of a table that begin with `prefix`, in order."""
        found: list[bytes] = []
        with self._env.begin() as txn:
            cursor = txn.cursor(getattr(self._tables, table))
            has_key = cursor.set_range(prefix) if prefix else cursor.first()
            while has_key and cursor.key().startswith(prefix):
                found.append(cursor.key())
                has_key = cursor.next()
        return found

    def value(self, table: str, key: bytes) -> bytes:
        """What a table has under a key; empty if it has nothing."""
        with self._env.begin(getattr(self._tables, table)) as txn:
            return txn.get(key, b"")

    def block(self, run: bytes, table: str, index: int) -> bytes:
        """The bytes of one block of rows of a result; empty if there is none."""
        with self._env.begin(self._tables.results) as txn:
            return txn.get(keys.block_key(run, table, index), b"")

    # Writes: each returns after the commit.

    async def create(self, request: bytes, marks: Marks = NO_MARKS) -> tuple[bytes, RunRecord, bool]:
        """Stores a new queued run and its first event; returns its key and record, and True.

        For a run with the same idempotency key, those of that one and False; ValueError for another body.
        """
        now = time.time_ns()
        run = new_run_key(now)
        self._last_order = max(now, self._last_order + 1)
        record = RunRecord(order=self._last_order, created_ns=now)

        def on_commit(made: tuple[bytes, RunRecord, bool]) -> None:
            if made[2]:
                self.counts["queued"] += 1
                self._count_events(run, 1)

        write = partial(
            transitions.create, tables=self._tables, run=run, record=record, request=request, marks=marks
        )
        created: tuple[bytes, RunRecord, bool] = await self._submit(write, on_commit)
        return created

    async def delete(self, run: bytes) -> None:
        """Removes all that is stored of a run; KeyError if there is none."""

        def on_commit(state: State) -> None:
            self.counts[state] -= 1
            self._commits.changed.add(run)

        await self._submit(partial(transitions.delete, tables=self._tables, run=run), on_commit)

    def append(
        self,
        run: bytes,
        payloads: Sequence[Payload],
        progress: float | None = None,
        *,
        trials: Trials | None = None,
        chain: Chain | None = None,
    ) -> asyncio.Future[RunRecord]:
        """Appends events to a run that has not ended; stores `progress` and `trials` with them if given."""

        def on_commit(_: RunRecord) -> None:
            self._count_events(run, len(payloads))

        write = partial(
            transitions.append,
            tables=self._tables,
            run=run,
            payloads=payloads,
            progress=progress,
            trials=trials,
        )
        return self._submit(write, on_commit, chain=chain, is_urgent=chain is None)

    async def change_state(
        self,
        run: bytes,
        state: State,
        *,
        error: str | None = None,
        payloads: Sequence[Payload] = (),
        result: ResultHead | None = None,
        chain: Chain | None = None,
        is_attempt: bool = True,
    ) -> RunRecord:
        """Changes the state: appends `payloads` and a state event and stores `result`, in one transaction.

        A run that is queued again without `is_attempt` was interrupted by no fault of its own.
        """

        def on_commit(moved: tuple[State, RunRecord]) -> None:
            self.counts[moved[0]] -= 1
            self.counts[state] += 1
            self._count_events(run, len(payloads) + 1)

        write = partial(
            transitions.change_state,
            tables=self._tables,
            run=run,
            state=state,
            error=error,
            payloads=payloads,
            result=result,
            is_attempt=is_attempt,
        )
        moved: tuple[State, RunRecord] = await self._submit(
            write, on_commit, chain=chain, is_urgent=state != "running"
        )
        return moved[1]

    async def resume(self, run: bytes, payloads: Sequence[Payload]) -> RunRecord:
        """Queues a failed job again, with these events; ValueError if it has another state."""

        def on_commit(moved: tuple[State, RunRecord]) -> None:
            self.counts[moved[0]] -= 1
            self.counts["queued"] += 1
            self._count_events(run, len(payloads) + 1)

        write = partial(transitions.resume, tables=self._tables, run=run, payloads=payloads)
        moved: tuple[State, RunRecord] = await self._submit(write, on_commit)
        return moved[1]

    def put_block(
        self, run: bytes, table: str, index: int, data: bytes, *, chain: Chain | None = None
    ) -> asyncio.Future[Any]:
        """Stores one block of rows of a running run; it is read once `change_state` has stored the result."""
        key = keys.block_key(run, table, index)
        write = partial(transitions.put_block, tables=self._tables, run=run, key=key, data=data)
        return self._submit(write, _do_nothing, chain=chain, is_urgent=chain is None)

    async def check(self) -> None:
        """Raises StoreError unless a write reaches the disk."""
        now = str(time.time_ns()).encode()
        await self._submit(lambda txn: txn.put(b"checked", now, db=self._tables.meta), _do_nothing)

    def _submit(
        self,
        write: Callable[[Txn], Any],
        on_commit: Callable[[Any], None],
        *,
        chain: Chain | None = None,
        is_urgent: bool = True,
    ) -> asyncio.Future[Any]:
        if self._commits.writer is None:
            raise StoreError("the store is not attached to an event loop, or closed")
        return self._commits.writer.submit(write, on_commit, chain=chain, is_urgent=is_urgent)

    def _count_events(self, run: bytes, events: int) -> None:
        self._commits.events_written += events
        self._commits.changed.add(run)


def _do_nothing(_: object) -> None:
    """For writes that change no run."""
