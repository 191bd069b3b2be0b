"""Changes of a stored run, as functions of a write transaction. Each checks first, then writes.

A change of state and its event are written in one transaction.
"""

import time
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import lmdb
import msgspec
from msgspec.structs import replace

from btserver import schemas
from btserver.run_id import run_text
from btserver.schemas import Payload, ResultHead, RunRecord, State, StatePayload, Trials

from . import keys
from .blocks import DamagedError, seal

TRANSITIONS: dict[State, tuple[State, ...]] = {
    "queued": ("running", "failed"),
    "running": ("completed", "failed", "queued"),
    "completed": (),
    "failed": (),
}


class Marks(NamedTuple):
    """Digests by which a run is found again; empty for none.

    key: of the `Idempotency-Key`. body: of the request that came with it. inputs: of all that has an effect
    on the result.
    """

    key: bytes = b""
    body: bytes = b""
    inputs: bytes = b""


_marks = msgspec.msgpack.Decoder(Marks)
_record = msgspec.msgpack.Decoder(RunRecord)
_pack = msgspec.msgpack.Encoder().encode
_json = msgspec.json.Encoder().encode


Txn: TypeAlias = "lmdb.Transaction[bytes]"  # quoted: not subscriptable at run time


class Tables(NamedTuple):
    """The named databases of the environment."""

    runs: lmdb._Database
    requests: lmdb._Database
    by_created: lmdb._Database
    by_state: lmdb._Database
    events: lmdb._Database
    results: lmdb._Database
    meta: lmdb._Database
    marks: lmdb._Database
    idempotency: lmdb._Database
    inputs: lmdb._Database


def decode_marks(stored: bytes) -> Marks:
    """The stored marks of a run; runs of earlier releases have none. DamagedError if they are damaged."""
    try:
        return _marks.decode(stored) if stored else Marks()
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DamagedError("the marks of the run are damaged") from error


def read_record(txn: Txn, tables: Tables, run: bytes) -> RunRecord | None:
    """The record of the run, or None; DamagedError if it cannot be read."""
    stored = txn.get(run, db=tables.runs)
    try:
        return None if stored is None else _record.decode(stored)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DamagedError("the record of the run is damaged") from error


def create(
    txn: Txn, tables: Tables, run: bytes, record: RunRecord, request: bytes, *, marks: Marks
) -> tuple[bytes, RunRecord, bool]:
    """Writes a new queued run and its first event, and returns the run, its record and True.

    If there is a run with the same idempotency key, returns that one and False; ValueError if its body was
    another one.
    """
    if known := find_key(txn, tables, marks):
        return *known, False
    if marks.key:
        txn.put(marks.key, run + marks.body, db=tables.idempotency)
    if marks.inputs:
        txn.put(marks.inputs + run, b"", db=tables.inputs)
    txn.put(run, _pack(marks), db=tables.marks)
    record = _append_events(txn, tables, run, record, [StatePayload("queued", None)], now=record.created_ns)
    txn.put(run, request, db=tables.requests)
    txn.put(keys.created_key(record.order, run), b"", db=tables.by_created)
    txn.put(keys.state_key(record.state, record.order, run), b"", db=tables.by_state)
    txn.put(run, _pack(record), db=tables.runs)
    return run, record, True


def find_key(txn: Txn, tables: Tables, marks: Marks) -> tuple[bytes, RunRecord] | None:
    """The run that has the idempotency key of `marks`; ValueError if its body was another one."""
    known = txn.get(marks.key, db=tables.idempotency) if marks.key else None
    if known is None:
        return None
    if known[16:] != marks.body:
        raise ValueError("the Idempotency-Key was used with another body")
    record = read_record(txn, tables, known[:16])
    return None if record is None else (known[:16], record)


def delete(txn: Txn, tables: Tables, run: bytes) -> State:
    """Removes all that is stored of a run; returns the state that it had. KeyError if there is none."""
    record = _require(txn, tables, run)
    marks = decode_marks(txn.get(run, b"", db=tables.marks))
    txn.delete(marks.key or b"\0", db=tables.idempotency)
    txn.delete(marks.inputs + run, db=tables.inputs)
    txn.delete(keys.created_key(record.order, run), db=tables.by_created)
    txn.delete(keys.state_key(record.state, record.order, run), db=tables.by_state)
    for table in (tables.marks, tables.requests, tables.events, tables.results, tables.runs):
        _delete_all(txn, table, run)
    return record.state


def append(
    txn: Txn,
    tables: Tables,
    run: bytes,
    payloads: Sequence[Payload],
    *,
    progress: float | None,
    trials: Trials | None,
) -> RunRecord:
    """Appends events to a run that has not ended, and stores its progress; ValueError if it has ended."""
    record = _require(txn, tables, run)
    if record.state in schemas.TERMINAL:
        raise ValueError(f"run {run_text(run)} has ended: it accepts no more events")
    if progress is not None:
        record = replace(record, progress=progress)
    if trials is not None:
        known = record.trials or Trials()
        if trials.ended > known.ended:  # an attempt that gets on is not one of those that fail in a row
            record = replace(record, attempts=1)
        record = replace(record, trials=trials)
    record = _append_events(txn, tables, run, record, payloads, now=time.time_ns())
    txn.put(run, _pack(record), db=tables.runs)
    return record


def change_state(
    txn: Txn,
    tables: Tables,
    run: bytes,
    state: State,
    *,
    error: str | None,
    payloads: Sequence[Payload],
    result: ResultHead | None,
    is_attempt: bool = True,
) -> tuple[State, RunRecord]:
    """Returns the previous state and the new record; ValueError if the state may not follow.

    Appends `payloads` and the state event, then stores the result.
    """
    old = _require(txn, tables, run)
    if state not in TRANSITIONS[old.state]:
        raise ValueError(f"run {run_text(run)} cannot go from {old.state} to {state}")
    now = time.time_ns()
    events = [*payloads, StatePayload(state, old.state)]
    record = _append_events(
        txn, tables, run, _with_state(old, state, error, now, is_attempt), events, now=now
    )
    if state != "completed":
        _delete_all(txn, tables.results, run)  # of an interrupted attempt
    if result is not None:
        txn.put(run, seal(_pack(result)), db=tables.results)
    txn.delete(keys.state_key(old.state, old.order, run), db=tables.by_state)
    txn.put(keys.state_key(state, old.order, run), b"", db=tables.by_state)
    txn.put(run, _pack(record), db=tables.runs)
    return old.state, record


def resume(txn: Txn, tables: Tables, run: bytes, payloads: Sequence[Payload]) -> tuple[State, RunRecord]:
    """Queues a failed job again; as `change_state`. ValueError if it has another state."""
    old = _require(txn, tables, run)
    if old.state != "failed":
        raise ValueError(f"job {run_text(run)} is {old.state}: only one that failed or was cancelled goes on")
    now = time.time_ns()
    queued = replace(
        _with_state(old, "queued", None, now, is_attempt=True), attempts=0, finished_ns=None, error=None
    )
    record = _append_events(txn, tables, run, queued, [*payloads, StatePayload("queued", "failed")], now=now)
    txn.delete(keys.state_key(old.state, old.order, run), db=tables.by_state)
    txn.put(keys.state_key("queued", old.order, run), b"", db=tables.by_state)
    txn.put(run, _pack(record), db=tables.runs)
    return old.state, record


def put_block(txn: Txn, tables: Tables, run: bytes, key: bytes, data: bytes) -> None:
    """Stores a block of rows of a running run; ValueError if it does not run."""
    if _require(txn, tables, run).state != "running":
        raise ValueError(f"run {run_text(run)} is not running: it takes no results")
    txn.put(key, data, db=tables.results)


def _require(txn: Txn, tables: Tables, run: bytes) -> RunRecord:
    record = read_record(txn, tables, run)
    if record is None:
        raise KeyError(f"no run {run_text(run)}")
    return record


def _with_state(old: RunRecord, state: State, error: str | None, now: int, is_attempt: bool) -> RunRecord:
    if old.trials is not None:
        old = replace(old, trials=replace(old.trials, running=0))
    if state == "queued":
        attempts = old.attempts - (not is_attempt)
        return replace(old, state=state, progress=0.0, started_ns=None, attempts=attempts)
    if state == "running":
        return replace(old, state=state, started_ns=now, attempts=old.attempts + 1)
    progress = 1.0 if state == "completed" else old.progress
    return replace(old, state=state, progress=progress, finished_ns=now, error=error)


def _append_events(
    txn: Txn, tables: Tables, run: bytes, record: RunRecord, payloads: Sequence[Payload], *, now: int
) -> RunRecord:
    first = record.last_event_id + 1
    # Encoded before the first put, so that an error leaves no partial change in the transaction.
    encoded = [
        _json(schemas.make_event(number, run, now, payload)) for number, payload in enumerate(payloads, first)
    ]
    for number, data in enumerate(encoded, first):
        txn.put(keys.event_key(run, number), data, db=tables.events)
    return replace(record, last_event_id=record.last_event_id + len(encoded))


def _delete_all(txn: Txn, table: "lmdb._Database", run: bytes) -> None:
    cursor = txn.cursor(table)
    has_key = cursor.set_range(run)
    while has_key and cursor.key().startswith(run):
        has_key = cursor.delete()  # moves on to the next key


def count(txn: Txn, tables: Tables, state: str) -> int:
    """The number of runs in that state."""
    cursor = txn.cursor(tables.by_state)
    prefix = keys.STATE_CODES[state]
    total = 0
    has_key = cursor.set_range(prefix)
    while has_key and cursor.key().startswith(prefix):
        total += 1
        has_key = cursor.next()
    return total
