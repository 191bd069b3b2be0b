"""Optimizations that are cancelled, killed or interrupted: no trial is lost, and none is played twice."""

import os
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import psutil
import pytest
from optimizations import (
    PATH,
    counted,
    ended,
    events,
    own_strategies,
    plays,
    reached,
    results,
    search,
    start,
    status,
    studied,
)  # fmt: skip
from server_process import (
    ServerProcess,
    check_error,
    check_history,
    open_stream,
    read_until_disconnected,
    wait_until,
)  # fmt: skip

from btserver.store.checkup import check_store

LEVELS = 12


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "strategies"


@pytest.fixture
def server(tmp_path: Path, folder: Path) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path / "store", fake=False, flags=own_strategies(folder)) as served:
        yield served.wait_ready()


def again(store: Path, folder: Path, *flags: str) -> ServerProcess:
    """Another server on the same store."""
    return ServerProcess(store, fake=False, flags=("--strategies", str(folder), *flags)).wait_ready()


def check_complete(server: ServerProcess, store: Path, key: str, before: dict[str, str]) -> None:
    """All levels are completed once, those of the study before the interruption as they were."""
    shown = ended(server, key)
    assert (shown["state"], shown["error"]) == ("completed", None)
    assert (shown["trials_completed"], shown["trials_failed"]) == (LEVELS, 0)
    trials = results(server, key, fields="all_trials")["all_trials"]
    assert [trial["parameters"]["level"] for trial in trials] == list(range(1, LEVELS + 1))
    found = studied(store, key)
    assert len(found) == LEVELS
    assert before.items() <= found.items()  # not one of them was played again


def check_ids(key: str, seen: list[dict[str, object]]) -> None:
    assert [event["event_id"] for event in seen] == list(range(1, len(seen) + 1))
    assert {event["run_id"] for event in seen} == {key}


def test_cancel_and_resume(server: ServerProcess, tmp_path: Path, folder: Path) -> None:
    key = start(server, counted(LEVELS, pause=0.25, validation_mode=None))
    running = reached(server, key, 2)
    assert (running["state"], running["trials_running"]) == ("running", 1)
    check_error(server.http.get(f"{PATH}/{key}/results"), 409, "conflict")
    check_error(server.http.post(f"{PATH}/{key}/resume"), 409, "conflict")
    cancelled = server.http.post(f"{PATH}/{key}/cancel").json()
    assert (cancelled["state"], cancelled["error"]) == ("failed", "cancelled")
    assert cancelled["trials_running"] == 0
    check_error(server.http.post(f"{PATH}/{key}/cancel"), 409, "conflict")
    first = events(server, key)
    check_history(key, first)

    wait_until(lambda: len(psutil.Process(server.process.pid).children()) == 1, "the end of the worker")
    begun, before = len(plays(folder)), studied(tmp_path / "store", key)
    found = results(server, key)
    assert len(found["all_trials"]) == len(before) >= 2
    assert found["best_trial"] in found["all_trials"]
    assert (found["state"], found["error"], found["odds"], found["manifest"]) == (
        "failed", "cancelled", None, None,
    )  # fmt: skip

    resumed = server.http.post(f"{PATH}/{key}/resume").json()
    assert (resumed["state"], resumed["error"], resumed["finished_at"]) == ("queued", None, None)
    assert resumed["trials_completed"] == cancelled["trials_completed"]
    check_complete(server, tmp_path / "store", key, before)
    assert any("were not played again" in line for line in results(server, key)["logs"])
    # The rest of the levels, and the best of all once more for its manifest.
    assert len(plays(folder)) - begun == LEVELS - len(before) + 1
    seen = events(server, key)
    check_ids(key, seen)
    assert seen[: len(first)] == first
    states = [event["payload"]["state"] for event in seen if event["type"] == "state"]
    assert states == ["queued", "running", "failed", "queued", "running", "completed"]
    counts = [e["payload"]["value"] for e in seen if e["payload"].get("name") == "trials_completed"]
    assert counts[-1] == LEVELS


def test_resumed_at_once_again_and_again(server: ServerProcess, tmp_path: Path) -> None:
    """A resume waits for the end of the attempt before it, which can then write nothing more."""
    key = start(server, counted(LEVELS, pause=0.1, validation_mode=None))
    for completed in (1, 1, 3, 3, 3, 6):
        reached(server, key, completed)
        assert server.http.post(f"{PATH}/{key}/cancel").json()["state"] == "failed"
        assert server.http.post(f"{PATH}/{key}/resume").json()["state"] == "queued"
    check_complete(server, tmp_path / "store", key, {})
    seen = events(server, key)
    check_ids(key, seen)
    states = [event["payload"] for event in seen if event["type"] == "state"]
    for before, after in pairwise([None, *states]):
        assert after["previous_state"] == (before and before["state"])
    for event, following in pairwise(seen):
        if event["payload"].get("state") == "failed":
            assert following["payload"] == {"message": "resumed"}
    assert server.stop() == 0
    assert "Traceback" not in server.log()


def test_a_killed_server_goes_on(server: ServerProcess, tmp_path: Path, folder: Path) -> None:
    store = tmp_path / "store"
    key = start(server, counted(LEVELS, pause=0.25, validation_mode=None))
    url = f"{server.url.replace('http', 'ws', 1)}{PATH}/{key}/stream"
    stream = open_stream(url)
    told = reached(server, key, 3)
    server.kill()
    seen = read_until_disconnected(stream)
    assert len(seen) >= 4
    before, begun = studied(store, key), plays(folder)
    assert len(before) >= told["trials_completed"] >= 3  # what was told is on disk
    with again(store, folder) as other:
        shown = status(other, key)
        assert shown["state"] in ("queued", "running")
        assert shown["trials_completed"] >= told["trials_completed"]
        check_complete(other, store, key, before)
        history = events(other, key)
        check_ids(key, history)
        assert history[: len(seen)] == seen
        assert events(other, key, len(seen)) == history[len(seen) :]
        assert len(plays(folder)) - len(begun) == LEVELS - len(before) + 1
        logs = [event["payload"]["message"] for event in history if event["type"] == "log"]
        assert "interrupted: the server ended; queued again" in logs
        assert other.stop() == 0
    assert check_store(store) == (1, [])


def test_many_kills(server: ServerProcess, tmp_path: Path, folder: Path) -> None:
    """An attempt that gets on is none of those after which an optimization fails."""
    store = tmp_path / "store"
    key = start(server, counted(LEVELS, pause=0.25, validation_mode=None))
    reached(server, key, 1)
    server.kill()
    known = studied(store, key)
    for completed in (3, 5, 7):
        with again(store, folder) as current:
            reached(current, key, completed)
            current.kill()
        found = studied(store, key)
        assert known.items() <= found.items()
        known = found
    with again(store, folder) as last:
        check_complete(last, store, key, known)
        check_ids(key, events(last, key))
        assert last.stop() == 0


def test_a_stopped_server_goes_on(server: ServerProcess, tmp_path: Path, folder: Path) -> None:
    key = start(server, counted(LEVELS, pause=0.25, validation_mode=None))
    reached(server, key, 2)
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 5
    assert "Traceback" not in server.log()
    before = studied(tmp_path / "store", key)
    with again(tmp_path / "store", folder) as other:
        check_complete(other, tmp_path / "store", key, before)
        assert other.stop() == 0


def test_a_worker_that_is_killed(server: ServerProcess, tmp_path: Path) -> None:
    """The optimization fails, as a backtest does, and can go on."""
    key = start(server, counted(LEVELS, pause=0.2, validation_mode=None))
    reached(server, key, 2)
    (worker,) = (each for each in server.workers() if os.getpgid(each.pid) == each.pid)  # leads its group
    worker.kill()
    shown = ended(server, key)
    assert (shown["state"], shown["error"]) == ("failed", "worker crashed (exit code -9)")
    before = studied(tmp_path / "store", key)
    assert server.http.post(f"{PATH}/{key}/resume").status_code == 200
    check_complete(server, tmp_path / "store", key, before)
    assert server.stop() == 0


def test_backtests_are_played_beside_a_search(server: ServerProcess, folder: Path) -> None:
    (folder / "hold").touch()
    first = start(server, counted(6, validation_mode=None))
    second = start(server, search())
    reached(server, first, 3)
    run_id = server.post(strategy={"name": "buy_and_hold"})
    assert server.wait_end(run_id)["state"] == "completed"
    assert status(server, second)["state"] == "queued"
    ended_first = server.http.post(f"{PATH}/{second}/cancel").json()
    assert (ended_first["state"], ended_first["error"]) == ("failed", "cancelled")
    assert results(server, second)["all_trials"] == []
    assert server.http.post(f"{PATH}/{second}/resume").json()["state"] == "queued"
    (folder / "hold").unlink()
    assert ended(server, first)["state"] == "completed"
    assert ended(server, second)["state"] == "completed"
    assert server.stop() == 0


def test_deleted_while_it_runs(server: ServerProcess, tmp_path: Path, folder: Path) -> None:
    studies = tmp_path / "store" / "studies"
    done = start(server, search())
    ended(server, done)
    assert [path.name for path in studies.glob("*.sqlite")] == [f"{done}.sqlite"]
    (folder / "hold").touch()
    key = start(server, counted(6, validation_mode=None))
    reached(server, key, 3)
    assert (studies / f"{key}.sqlite").exists()
    for each in (key, done):
        assert server.http.delete(f"{PATH}/{each}").status_code == 204
        check_error(server.http.get(f"{PATH}/{each}"), 404, "not_found")
    assert list(studies.iterdir()) == []
    assert server.http.get(PATH).json() == []
    assert server.stop() == 0
    assert "Traceback" not in server.log()


def test_what_is_left_of_a_deleted_one(server: ServerProcess, tmp_path: Path, folder: Path) -> None:
    """A kill between the deletion of the record and that of the file leaves a file, which a start removes."""
    key = start(server, search())
    ended(server, key)
    server.kill()
    studies = tmp_path / "store" / "studies"
    left = studies / f"{key[:-1]}{'1' if key[-1] == '0' else '0'}.sqlite"
    left.write_bytes((studies / f"{key}.sqlite").read_bytes())
    with again(tmp_path / "store", folder) as other:
        assert not left.exists()
        assert (studies / f"{key}.sqlite").exists()
        assert other.stop() == 0


def test_processes_end_with_the_server(tmp_path: Path, folder: Path) -> None:
    flags = (*own_strategies(folder), "--executor", "processes")
    with ServerProcess(tmp_path / "store", fake=False, flags=flags) as server:
        server.wait_ready()
        body = counted(LEVELS, pause=0.4, validation_mode=None, concurrency=2)
        key = start(server, body)
        assert reached(server, key, 2)["trials_running"] == 2
        started = server.workers()
        assert len(started) >= 4  # a worker of backtests, one of optimizations, and its two processes
        server.process.kill()
        server.process.wait()
        gone, alive = psutil.wait_procs(started, timeout=10)
        assert (len(gone), alive) == (len(started), [])
    before = studied(tmp_path / "store", key)
    with again(tmp_path / "store", folder, "--executor", "processes") as other:
        check_complete(other, tmp_path / "store", key, before)
        cancelled = start(other, counted(LEVELS, pause=0.4, validation_mode=None, concurrency=2))
        reached(other, cancelled, 1)
        other.http.post(f"{PATH}/{cancelled}/cancel")
        # The worker of backtests is left, and that which another optimization would need is not started.
        wait_until(lambda: len(other.workers()) == 1, "the end of the processes of the search")
        assert other.stop() == 0
        assert "Traceback" not in other.log()
