"""Looks at everything that a store has, and says what is damaged."""

from collections.abc import Iterator
from pathlib import Path

import lmdb
import msgspec

from btserver.run_id import run_text
from btserver.schemas import TERMINAL, RunRecord

from .blocks import JSON_TABLES, DamagedError, unpack_rows, unseal
from .files import find_damage
from .records import Records
from .store import Store
from .transitions import decode_marks


def check_store(directory: Path) -> tuple[int, list[str]]:
    """The number of runs and optimizations, and what is wrong: with the file, or if nothing is, with each."""
    damage = find_damage(directory)
    if damage:
        return 0, damage
    store = Store(directory)
    try:
        runs, problems = _check(store, "run")
        optimizations, others = _check(store.optimizations, "optimization")
        return runs + optimizations, [*problems, *others, *store.studies.find_damage()]
    except lmdb.Error as error:
        return 0, [str(error)]
    finally:
        store.close()


def _check(store: Records, kind: str) -> tuple[int, list[str]]:
    """The number of jobs of a kind, and what is wrong with them."""
    runs = [key[-16:] for key in store.keys("by_created")]
    problems = [*_orphans(store, set(runs), kind), *_mark_problems(store, set(runs), kind)]
    for run in runs:
        problems += [f"{kind} {run_text(run)}: {problem}" for problem in _problems(store, run)]
    return len(runs), problems


def _orphans(store: Records, runs: set[bytes], kind: str) -> Iterator[str]:
    """What is stored of jobs that are not listed."""
    for table in ("runs", "requests", "events", "results", "marks"):
        known = {key[:16] for key in store.keys(table)}
        yield from (f"{table} has {kind} {run_text(run)}, which is not listed" for run in known - runs)


def _problems(store: Records, run: bytes) -> Iterator[str]:
    try:
        record = store.run(run)
    except DamagedError as error:
        yield str(error)
        return
    if record is None:
        yield "it has no record"
        return
    if not (request := store.request(run)):
        yield "it has no request"
    elif not _is_json(request):
        yield "its request is damaged"
    if run not in store.oldest(record.state):
        yield f"it is not listed as {record.state}"
    yield from _event_problems(store, run, record)
    if record.state == "completed":
        yield from _result_problems(store, run)


def _is_json(text: bytes) -> bool:
    try:
        return isinstance(msgspec.json.decode(text), dict)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False


def _mark_problems(store: Records, runs: set[bytes], kind: str) -> Iterator[str]:
    """What is wrong with the keys and inputs by which runs are found again."""
    named = {store.value("idempotency", key)[:16] for key in store.keys("idempotency")}
    named |= {key[-16:] for key in store.keys("inputs")}
    yield from (
        f"{kind} {run.hex()} can be found by its key or inputs, and is not listed" for run in named - runs
    )
    for key in store.keys("marks"):
        try:
            marks = decode_marks(store.value("marks", key))
        except DamagedError as error:
            yield f"{kind} {run_text(key)}: {error}"
            continue
        if marks.key and store.value("idempotency", marks.key) != key + marks.body:
            yield f"{kind} {run_text(key)}: it is not found by its idempotency key"
        if marks.inputs and marks.inputs + key not in store.keys("inputs", marks.inputs + key):
            yield f"{kind} {run_text(key)}: it is not found by its inputs"


def _event_problems(store: Records, run: bytes, record: RunRecord) -> Iterator[str]:
    _, events = store.events(run, 0, 2**31)
    if len(events) != record.last_event_id:
        yield f"it has {len(events)} events, not {record.last_event_id}"
    last: dict[str, object] = {}
    for number, text in enumerate(events, 1):
        try:
            last = msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError):
            last = {}
        if last.get("event_id") != number:
            yield f"event {number} is damaged"
    if record.state in TERMINAL and last.get("type") != "state":
        yield "its last event is not that of its end"


def _result_problems(store: Records, run: bytes) -> Iterator[str]:
    try:
        head = store.result(run)
    except DamagedError as error:
        yield str(error)
        return
    if head is None:
        yield "it has no result"
        return
    for name, table in head.tables.items():
        for index in range(table.blocks):
            stored = store.block(run, name, index)
            try:
                unseal(stored) if name in JSON_TABLES else unpack_rows(stored)
            except DamagedError as error:
                yield f"block {index} of {name}: {error}"
    extra = len(list(store.keys("results", run))) - 1 - sum(t.blocks for t in head.tables.values())
    if extra:
        yield f"its result has {extra} blocks too many"
