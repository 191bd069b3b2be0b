"""Many runs and a clock that is set: memory does not grow, and order, events and store stay sound."""

import sys
from pathlib import Path

import pytest
from server_process import ServerProcess, check_history, wait_until

from btserver.store.checkup import check_store

HERE = Path(__file__).parent
MIB = 2**20
BATCH = 50
DAY_NS = 86_400 * 10**9


def private_bytes(pid: int) -> int:
    """The memory of a process that is not a mapped file."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return 1024 * int(next(line.split()[1] for line in lines if line.startswith("Anonymous:")))


def play(server: ServerProcess, runs: int) -> None:
    """Plays that many runs, in batches, and reads the events and results of one of each batch."""
    for _ in range(runs // BATCH):
        posted = [server.post(params={"steps": 3, "rows": 50}) for _ in range(BATCH)]
        for run_id in posted:
            server.wait_end(run_id)
        check_history(posted[0], server.events(posted[0]))
        assert server.http.get(f"/v1/backtests/{posted[-1]}/results").status_code == 200


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
@pytest.mark.parametrize(("warm_up", "runs"), [(100, 150), pytest.param(1000, 4000, marks=pytest.mark.long)])
def test_memory_does_not_grow_with_runs(tmp_path: Path, warm_up: int, runs: int) -> None:
    with ServerProcess(tmp_path / "store", workers=1) as server:
        server.wait_ready()
        play(server, warm_up)
        (worker,) = server.workers()
        pids = [server.process.pid, worker.pid]
        before = [private_bytes(pid) for pid in pids]
        descriptors = len(list(Path(f"/proc/{pids[0]}/fd").iterdir()))
        play(server, runs)
        grown = [private_bytes(pid) - was for pid, was in zip(pids, before, strict=True)]
        print(f"grown by {[round(g / MIB, 2) for g in grown]} MiB over {runs} runs")
        assert max(grown) < 8 * MIB
        wait_until(lambda: len(list(Path(f"/proc/{pids[0]}/fd").iterdir())) <= descriptors, "descriptors")
        assert [process.pid for process in server.workers()] == [worker.pid]
        assert server.stop() == 0
    assert check_store(tmp_path / "store") == (warm_up + runs, [])


def test_a_clock_that_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    step = tmp_path / "step"
    monkeypatch.setenv("STEP", str(step))
    script = str(HERE / "serve_stepping_clock.py")
    posted: list[str] = []
    for days in ([0, 30, -30, 0], [-365 * 40, 365 * 150, 1, -1]):
        step.write_text(str(days[0] * DAY_NS))
        with ServerProcess(tmp_path / "store", script=script) as server:
            server.wait_ready()
            for number in range(len(days)):
                gate = tmp_path / f"gate{len(posted)}"
                run_id = server.post(params={"gate": str(gate)})
                server.wait_state(run_id, "running")
                following = days[(number + 1) % len(days)]
                step.write_text(str(following * DAY_NS))  # while it runs
                gate.touch()
                assert server.wait_end(run_id)["state"] == "completed"
                check_history(run_id, server.events(run_id))
                posted.insert(0, run_id)
                listed = server.http.get("/v1/backtests").json()
                assert [run["run_id"] for run in listed] == posted
                pages = []
                after = ""
                while page := server.http.get(f"/v1/backtests?limit=2{after}").json():
                    pages += [run["run_id"] for run in page]
                    after = f"&after={pages[-1]}"
                assert pages == posted
                moment = listed[len(listed) // 2]["created_at"]
                for name, is_listed in (
                    ("created_from", moment.__le__),
                    ("created_to", moment.__gt__),
                ):
                    expected = [run["run_id"] for run in listed if is_listed(run["created_at"])]
                    found = server.http.get("/v1/backtests", params={name: moment}).json()
                    assert [run["run_id"] for run in found] == expected, name
            assert "Traceback" not in server.log()
            assert server.stop() == 0
    assert check_store(tmp_path / "store") == (len(posted), [])
