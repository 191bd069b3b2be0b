"""The thread that writes: which writes share a commit, and what happens after one that nobody waits for."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from btserver.schemas import LogPayload, MetricPayload, ProgressPayload, ResultHead, TableHead
from btserver.store import writer
from btserver.store.store import Store
from btserver.store.writer import Chain


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that nobody waits for waits for others until the test ends, so that no clock decides."""
    monkeypatch.setattr(writer, "LINGER_SECONDS", 3600.0)


def run_with(directory: Path, work: Callable[[Store, list[bytes]], Awaitable[None]]) -> None:
    """Calls `work` with a store, and with the list of runs that the store announces."""

    async def go() -> None:
        store = Store(directory)
        announced: list[bytes] = []
        store.attach(announced.extend)
        try:
            await work(store, announced)
        finally:
            store.close()

    asyncio.run(go())


HEAD = ResultHead(metrics=b"{}", manifest=b"{}", fingerprint="", tables={"trades": TableHead(9, 9)})


def test_the_writes_of_a_run_share_the_commit_of_its_end(tmp_path: Path) -> None:
    async def work(store: Store, announced: list[bytes]) -> None:
        run, *_ = await store.create(b"{}")
        before, chain = store.commits, Chain()
        pending = [asyncio.ensure_future(store.change_state(run, "running", chain=chain))]
        await asyncio.sleep(0)  # submitted
        pending += [store.append(run, [ProgressPayload(n / 9)], n / 9, chain=chain) for n in range(9)]
        pending += [store.put_block(run, "trades", n, b"x", chain=chain) for n in range(9)]
        assert not any(write.done() for write in pending)
        assert store.run(run).state == "queued"  # type: ignore[union-attr]
        await store.change_state(
            run, "completed", payloads=[MetricPayload("m", 1.0)], result=HEAD, chain=chain
        )
        assert all(write.done() for write in pending)
        assert store.commits == before + 1
        record, events = store.events(run, 0, 100)
        assert record is not None
        assert (record.state, record.last_event_id, len(events)) == ("completed", 13, 13)
        assert [store.block(run, "trades", n) for n in range(9)] == [b"x"] * 9
        assert set(announced) == {run}

    run_with(tmp_path / "s", work)


def test_a_write_that_somebody_waits_for_takes_the_others_along(tmp_path: Path) -> None:
    async def work(store: Store, announced: list[bytes]) -> None:
        run, *_ = await store.create(b"{}")
        before = store.commits
        late = store.append(run, [LogPayload("nobody waits")], chain=Chain())
        other, *_ = await store.create(b"{}")
        assert late.done()
        assert store.commits == before + 1
        assert announced[-2:] in ([run, other], [other, run])

    run_with(tmp_path / "s", work)


def test_a_write_whose_waiter_was_cancelled_counts_and_is_announced(tmp_path: Path) -> None:
    async def work(store: Store, announced: list[bytes]) -> None:
        run, *_ = await store.create(b"{}")
        announced.clear()
        # The waiter ends while its write waits for others.
        waiter = asyncio.create_task(store.change_state(run, "running", chain=Chain()))
        await asyncio.sleep(0)
        waiter.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiter
        assert store.counts["running"] == 0
        assert announced == []
        await store.check()
        assert (store.counts["queued"], store.counts["running"]) == (0, 1)
        assert announced == [run]
        assert store.events_written == 2
        assert len(store.events(run, 0, 10)[1]) == 2

    run_with(tmp_path / "s", work)


def test_a_failed_write_whose_waiter_was_cancelled_breaks_its_chain(tmp_path: Path) -> None:
    async def work(store: Store, announced: list[bytes]) -> None:
        run, *_ = await store.create(b"{}")
        chain = Chain()
        failing = store.append(b"n" * 16, [LogPayload("no such run")], chain=chain)
        failing.cancel()
        with pytest.raises(writer.StoreError, match="earlier write"):
            await store.change_state(run, "failed", error="x", chain=chain)
        assert store.counts["queued"] == 1
        await store.change_state(run, "failed", error="x", chain=Chain())

    run_with(tmp_path / "s", work)
