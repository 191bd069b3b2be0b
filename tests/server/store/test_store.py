"""The store on disk: state changes, lists, commits, failures, locks.

Over 300 lines: all tests are of one class and share three short helpers.
"""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import lmdb
import msgspec
import pytest

from btserver import schemas
from btserver.schemas import LogPayload, ResultHead, RunRecord, TableHead
from btserver.store import keys, transitions
from btserver.store.store import Store, StoreError, StoreLockedError


def with_store(path: Path, work: Callable[[Store], Awaitable[None]], **options: int) -> None:
    async def go() -> None:
        store = Store(path, **options)
        store.attach()
        try:
            await work(store)
        finally:
            store.close()

    asyncio.run(go())


def ids(store: Store, run: bytes, after: int = 0) -> list[int]:
    return [msgspec.json.decode(e)["event_id"] for e in store.events(run, after, 10_000)[1]]


HEAD = ResultHead(metrics=b"{}", manifest=b"{}", fingerprint="f", tables={"trades": TableHead(2, 1)})


def test_the_life_of_a_run(tmp_path: Path) -> None:
    async def work(store: Store) -> None:
        run, record, _ = await store.create(b'{"a":1}')
        assert record.state == "queued"
        assert record.last_event_id == 1
        assert store.request(run) == b'{"a":1}'
        await store.change_state(run, "running")
        await store.append(run, [LogPayload("x"), LogPayload("y")], 0.5)
        await store.put_block(run, "trades", 0, b"rows")
        assert store.result(run) is None
        await store.change_state(run, "completed", payloads=[LogPayload("z")], result=HEAD)
        assert store.result(run) == HEAD
        assert store.block(run, "trades", 0) == b"rows"
        assert ids(store, run) == [1, 2, 3, 4, 5, 6]
        assert store.counts == {"queued": 0, "running": 0, "completed": 1, "failed": 0}
        assert store.events_written == 6

    with_store(tmp_path / "s", work)

    async def again(store: Store) -> None:
        [(run, record)] = store.newest(10)
        assert record.state == "completed"
        assert record.progress == 1.0
        assert record.started_ns is not None
        assert record.finished_ns is not None
        assert ids(store, run) == [1, 2, 3, 4, 5, 6]
        assert store.counts["completed"] == 1
        assert store.result(run) == HEAD

    with_store(tmp_path / "s", again)


def test_illegal_state_changes_have_no_effect(tmp_path: Path) -> None:
    async def work(store: Store) -> None:
        run, *_ = await store.create(b"{}")
        with pytest.raises(ValueError, match="cannot go from queued to completed"):
            await store.change_state(run, "completed")
        await store.change_state(run, "running")
        await store.change_state(run, "failed", error="no")
        before = store.run(run)
        for state in ("queued", "running", "completed", "failed"):
            with pytest.raises(ValueError, match="cannot go"):
                await store.change_state(run, state)
        with pytest.raises(ValueError, match="has ended"):
            await store.append(run, [LogPayload("late")])
        with pytest.raises(KeyError):
            await store.append(b"?" * 16, [LogPayload("nobody")])
        other, *_ = await store.create(b"{}")
        with pytest.raises(UnicodeEncodeError):
            await store.append(other, [LogPayload("fine"), LogPayload("\ud800")])
        assert store.run(run) == before
        assert ids(store, run) == [1, 2, 3]
        assert ids(store, other) == [1]

    with_store(tmp_path / "s", work)


def test_requeued_runs_lose_the_results_of_the_interrupted_attempt(tmp_path: Path) -> None:
    async def work(store: Store) -> None:
        run, *_ = await store.create(b"{}")
        other, *_ = await store.create(b"{}")
        for each in (run, other):
            await store.change_state(each, "running")
            await store.put_block(each, "trades", 0, b"old")
            await store.put_block(each, "trades", 7, b"old")
        await store.append(run, [], 0.7)
        record = await store.change_state(run, "queued")
        assert (record.progress, record.started_ns) == (0.0, None)
        assert store.block(run, "trades", 0) == store.block(run, "trades", 7) == b""
        assert store.block(other, "trades", 7) == b"old"
        last = msgspec.json.decode(store.events(run, 2, 10)[1][-1])
        assert last["payload"] == {"state": "queued", "previous_state": "running"}

    with_store(tmp_path / "s", work)


def test_lists_are_newest_first_whatever_the_clock_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[bytes] = []

    async def work(store: Store) -> None:
        for clock in (3_000, 2_000, 2_000, 9_000, 1):
            monkeypatch.setattr(time, "time_ns", lambda clock=clock: clock)
            made.append((await store.create(b"{}"))[0])
        await store.change_state(made[1], "running")
        await store.change_state(made[3], "running")
        assert [run for run, _ in store.newest(10)] == made[::-1]
        assert [run for run, _ in store.newest(2)] == made[:2:-1]
        assert [run for run, _ in store.newest(10, "queued")] == [made[4], made[2], made[0]]
        assert [run for run, _ in store.newest(10, "running")] == [made[3], made[1]]
        assert store.newest(10, "completed") == store.newest(10, "failed") == []
        assert store.oldest("queued") == [made[0], made[2], made[4]]

    with_store(tmp_path / "s", work)

    async def again(store: Store) -> None:
        made.append((await store.create(b"{}"))[0])
        assert [run for run, _ in store.newest(10)] == made[::-1]

    with_store(tmp_path / "s", again)


def test_many_writers_share_commits(tmp_path: Path) -> None:
    async def work(store: Store) -> None:
        runs = await asyncio.gather(*(store.create(b"{}") for _ in range(500)))
        assert len({made[0] for made in runs}) == 500
        assert store.commits < 100
        run = runs[0][0]
        before = store.commits
        await asyncio.gather(*(store.append(run, [LogPayload(str(n))]) for n in range(500)))
        assert store.commits - before < 100
        events = [msgspec.json.decode(e) for e in store.events(run, 1, 1000)[1]]
        assert [e["event_id"] for e in events] == list(range(2, 502))
        assert [e["payload"]["message"] for e in events] == [str(n) for n in range(500)]

    with_store(tmp_path / "s", work)


def test_listeners_are_called_after_the_commit(tmp_path: Path) -> None:
    async def go() -> None:
        store = Store(tmp_path / "s")
        pages: list[tuple[bytes, int]] = []

        def listen(runs: set[bytes]) -> None:
            for run in runs:
                record, page = store.events(run, 0, 100)
                assert record is not None
                assert record.last_event_id == len(page)
                pages.append((run, len(page)))

        store.attach(listen)
        run, *_ = await store.create(b"{}")
        await store.change_state(run, "running")
        store.close()
        assert (run, 1) in pages
        assert pages[-1] == (run, 2)

    asyncio.run(go())


def test_a_failed_write_does_not_affect_others_of_its_commit(tmp_path: Path) -> None:
    async def work(store: Store) -> None:
        run, *_ = await store.create(b"{}")
        good = [store.append(run, [LogPayload("good")]) for _ in range(20)]
        bad = [store.change_state(run, "completed"), store.append(b"n" * 16, [LogPayload("lost")])]
        answers = await asyncio.gather(*good, *bad, *good[:0], return_exceptions=True)
        assert all(isinstance(a, RunRecord) for a in answers[:20])
        assert isinstance(answers[20], ValueError)
        assert isinstance(answers[21], KeyError)
        assert ids(store, run) == list(range(1, 22))
        assert store.counts["queued"] == 1
        run, *_ = await store.create(b"{}")  # the store still works
        assert ids(store, run) == [1]

    with_store(tmp_path / "s", work, map_size=2**20)


def test_a_full_map_grows_while_it_is_read(tmp_path: Path) -> None:
    async def work(store: Store) -> None:
        writes = [asyncio.ensure_future(store.create(b"x" * 20_000)) for _ in range(100)]
        while not all(write.done() for write in writes):
            store.newest(200)
            await asyncio.sleep(0)
        made = [write.result()[0] for write in writes]
        assert sorted(run for run, _ in store.newest(200)) == sorted(made)
        assert store.map_bytes > 2**20
        assert store.used_bytes > 100 * 20_000

    with_store(tmp_path / "s", work, map_size=2**20)


def test_a_closed_store_has_grown_for_what_was_submitted(tmp_path: Path) -> None:
    async def work(store: Store) -> None:
        for _ in range(100):
            asyncio.ensure_future(store.create(b"x" * 20_000))  # noqa: RUF006
        await asyncio.sleep(0)

    with_store(tmp_path / "s", work, map_size=2**20)
    store = Store(tmp_path / "s")
    assert len(store.newest(200)) == 100
    store.close()


def test_a_store_has_one_server(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")
    with pytest.raises(StoreLockedError, match=f"in use by another btserver .process {os.getpid()}"):
        Store(tmp_path / "s")
    store.close()
    Store(tmp_path / "s").close()


def test_another_format_is_refused(tmp_path: Path) -> None:
    Store(tmp_path / "s").close()
    env = lmdb.Environment(str(tmp_path / "s"), max_dbs=16)
    with env.begin(write=True, db=env.open_db(b"meta")) as txn:
        txn.put(b"format", b"99")
    env.close()
    for _ in range(2):  # the lock is released
        with pytest.raises(StoreError, match="format 99"):
            Store(tmp_path / "s")


def test_a_closed_store_refuses_writes(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")

    async def go() -> None:
        with pytest.raises(StoreError, match="closed"):
            await store.create(b"{}")

    asyncio.run(go())
    store.close()


KILLED = """
import asyncio, sys
from btserver.schemas import LogPayload
from btserver.store.store import Store

async def client(store, number):
    while True:
        run, record, _ = await store.create(b"{}")
        print("run", run.hex(), 1, flush=True)
        await store.change_state(run, "running")
        for _ in range(5):
            record = await store.append(run, [LogPayload("x")] * 3)
            print("run", run.hex(), record.last_event_id, flush=True)
        await store.change_state(run, "completed")

async def main():
    store = Store(sys.argv[1])
    store.attach()
    await asyncio.gather(*(client(store, n) for n in range(16)))

asyncio.run(main())
"""


@pytest.mark.parametrize("acknowledged", [1, 50, 700])
def test_nothing_acknowledged_is_lost_by_a_kill(tmp_path: Path, acknowledged: int) -> None:
    script = tmp_path / "killed.py"
    script.write_text(textwrap.dedent(KILLED))
    process = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path / "s")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    last_ids: dict[str, int] = {}
    for number, line in enumerate(process.stdout):
        if line.endswith("\n") and len(words := line.split()) == 3:
            last_ids[words[1]] = max(last_ids.get(words[1], 0), int(words[2]))
        if number == acknowledged:
            process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    command = [sys.executable, "-m", "lmdb", "verify", "-e", str(tmp_path / "s")]
    audit = subprocess.run(command, check=False, capture_output=True, text=True)
    assert audit.returncode == 0, audit.stdout + audit.stderr
    store = Store(tmp_path / "s")
    for run, last in last_ids.items():
        record = store.run(bytes.fromhex(run))
        assert record is not None
        assert record.last_event_id >= last
    for state in schemas.TERMINAL:
        assert all(record.finished_ns for _, record in store.newest(10_000, state))
    for run, record in store.newest(10_000):
        assert ids(store, run) == list(range(1, record.last_event_id + 1))
    with store._env.begin() as txn:
        counted = {state: transitions.count(txn, store._tables, state) for state in keys.STATE_CODES}
    assert counted == store.counts
    assert sum(counted.values()) == len(store.newest(10_000))
    store.close()
