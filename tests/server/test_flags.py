"""Settings of the command line, as the clients of a server process see them."""

import asyncio
import sys
import time
from pathlib import Path

import psutil
import pytest
from server_process import ServerProcess, check_error, wait_until

from btserver.run_id import run_text
from btserver.store.store import Store

DAY_NS = 86_400 * 10**9


def test_only_allowed_hosts_are_answered(tmp_path: Path) -> None:
    flags = ("--allowed-hosts", "api.example, other.example")
    with ServerProcess(tmp_path / "store", keys="k", flags=flags) as server:
        for host in ("api.example", "API.example:8443", "other.example"):
            assert server.http.get("/healthz", headers={"Host": host}).status_code == 200
            assert server.http.get("/v1/backtests", headers={"Host": host}).status_code == 200
        for host in ("127.0.0.1", "evil.example", "api.example.evil.example", ""):
            check_error(server.http.get("/healthz", headers={"Host": host}), 421, "validation_error")


def store_ended_runs(directory: Path, days_ago: list[int], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of runs that ended so many days ago."""
    now = time.time_ns()

    async def write() -> list[str]:
        store = Store(directory)
        store.attach()
        runs = []
        try:
            for days in days_ago:
                monkeypatch.setattr(time, "time_ns", lambda days=days: now - days * DAY_NS)
                run, *_ = await store.create(
                    b'{"symbols":["AAPL"],"start_date":"2024-01-01","end_date":"2024-06-01"}'
                )
                await store.change_state(run, "failed", error="ended")
                runs.append(run_text(run))
        finally:
            store.close()
            monkeypatch.undo()
        return runs

    return asyncio.run(write())


def test_ended_runs_are_kept_for_days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, older, recent = store_ended_runs(tmp_path / "store", [40, 31, 29], monkeypatch)
    with ServerProcess(tmp_path / "store", flags=("--keep-days", "30")) as server:
        new = server.post()
        server.wait_end(new)

        def listed() -> list[str]:
            return [run["run_id"] for run in server.http.get("/v1/backtests").json()]

        wait_until(lambda: listed() == [new, recent], "the end of old runs")
        for run_id in (old, older):
            check_error(server.http.get(f"/v1/backtests/{run_id}"), 404, "not_found")
        assert server.events(recent)
        assert server.stop() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="the score is Linux's")
def test_the_system_ends_a_worker_before_the_server(tmp_path: Path) -> None:
    def score(pid: int) -> int:
        return int(Path(f"/proc/{pid}/oom_score_adj").read_text())

    with ServerProcess(tmp_path / "store", workers=2) as server:
        server.wait_ready()
        wait_until(lambda: len(server.workers()) == 2, "two workers")
        for worker in server.workers():
            wait_until(lambda pid=worker.pid: score(pid) == 800, "the score of a worker")
        assert score(server.process.pid) == score(psutil.Process().pid)
