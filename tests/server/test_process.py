"""The server as a process: start, stop, kill, and what is stored afterwards."""

import json
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest
from server_process import (
    DEADLINE,
    HERE,
    ServerProcess,
    check_history,
    read_until_closed,
    read_until_disconnected,
    wait_until,
)
from websockets.exceptions import ConnectionClosed, WebSocketException


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    return tmp_path / "gate"


def audit(store: Path) -> None:
    command = [sys.executable, "-m", "lmdb", "verify", "-e", str(store)]
    found = subprocess.run(command, check=False, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_banner(store: Path) -> None:
    with ServerProcess(store) as server:
        text = "\n".join(server.banner)
        assert "synthetic sample data" in text
        assert str(store) in text
        assert "NONE: open to every user" in text
        assert server.banner[-1] == f"btserver listening on {server.url}"
        assert "NO API KEYS" in server.log()
    with ServerProcess(store, keys="a,b", data=str(store.parent)) as server:
        text = "\n".join(server.banner)
        assert "synthetic" not in text
        assert "NO API KEYS" not in server.log()


def run_cli(*flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(HERE / "serve_fake.py"), *flags]
    return subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=DEADLINE, env={"PYTHONPATH": str(HERE)}
    )


def test_invalid_settings_print_one_line(store: Path) -> None:
    with ServerProcess(store) as server:
        second = run_cli("serve", "--store", str(store), "--port", "0")
        assert second.returncode == 2
        assert "in use by another btserver" in second.stderr
        port = server.url.rpartition(":")[2]
        taken = run_cli("serve", "--store", str(store.parent / "other"), "--port", port)
        assert taken.returncode == 2
        assert f"cannot listen on 127.0.0.1 port {port}" in taken.stderr
    for flags in (("--port", "x"), ("--host", "0.0.0.0"), ("--workers", "0")):
        refused = run_cli("serve", "--store", str(store), *flags)
        assert refused.returncode == 2
        assert refused.stderr.count("\n") == 1
    assert run_cli("--version").stdout.startswith("btserver ")
    assert run_cli().returncode == 2


def test_ipv6(store: Path) -> None:
    with ServerProcess(store, host="::1") as server:
        assert server.url.startswith("http://[::1]:")
        assert server.http.get("/healthz").json() == {"status": "ok"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_loses_nothing(store: Path, gate: Path, number: signal.Signals) -> None:
    with ServerProcess(store) as server:
        done = server.post()
        server.wait_end(done)
        running = server.post(params={"gate": str(gate)})
        queued = server.post()
        server.wait_state(running, "running")
        stream = server.stream(running)
        seen = [json.loads(stream.recv()) for _ in range(3)]
        workers = server.workers()
        assert workers
        server.process.send_signal(number)
        assert server.process.wait(DEADLINE) == 0
        more, code, _ = read_until_closed(stream)
        assert code == 1012
        seen += more
        _, alive = psutil.wait_procs(workers, timeout=DEADLINE)
        assert not alive
        assert "Traceback" not in server.log()
    audit(store)
    gate.touch()
    with ServerProcess(store) as server:
        for run_id in (running, queued):
            assert server.wait_end(run_id)["state"] == "completed"
        assert server.status(done)["state"] == "completed"
        history = server.events(running)
        check_history(running, history)
        assert history[: len(seen)] == seen
        assert history[len(seen) :] == server.events(running, len(seen))
        moves = [e["payload"]["state"] for e in history if e["type"] == "state"]
        assert moves == ["queued", "running", "queued", "running", "completed"]
        check_history(queued, server.events(queued))
        assert [s["run_id"] for s in server.http.get("/backtests").json()] == [queued, running, done]


def test_a_stop_does_not_wait_for_clients_that_do_not_read(store: Path, gate: Path) -> None:
    with ServerProcess(store) as server:
        host, port = server.url.removeprefix("http://").split(":")
        run_id = server.post(params={"gate": str(gate)})
        streams = [server.stream(run_id) for _ in range(20)]
        half = socket.create_connection((host, int(port)))
        half.sendall(b"POST /v1/backtests HTTP/1.1\r\ncontent-length: 99\r\n\r\n{")
        silent = socket.create_connection((host, int(port)))
        assert server.stop() == 0
        for stream in streams:
            assert read_until_closed(stream)[1] == 1012
        half.close()
        silent.close()


def test_a_kill_loses_nothing_and_interrupted_runs_finish(store: Path, gate: Path) -> None:
    with ServerProcess(store) as server:
        done = server.post(params={"rows": 5000})
        server.wait_end(done)
        results = server.http.get(f"/backtests/{done}/results").json()
        running = server.post(params={"gate": str(gate), "steps": 6})
        server.wait_state(running, "running")
        queued = [server.post() for _ in range(5)]
        stream = server.stream(running)
        seen = [json.loads(stream.recv()) for _ in range(4)]
        server.kill()
        seen += read_until_disconnected(stream)
    audit(store)
    gate.touch()
    with ServerProcess(store) as server:
        for run_id in (running, *queued):
            assert server.wait_end(run_id)["state"] == "completed"
        history = server.events(running)
        check_history(running, history)
        assert history[: len(seen)] == seen, "a client saw an event that was not on disk"
        for after in range(len(history) + 1):
            assert server.events(running, after) == history[after:]
        assert server.http.get(f"/backtests/{done}/results").json() == results
        listed = [s["run_id"] for s in server.http.get("/backtests").json()]
        assert listed == [*queued[::-1], running, done]


def test_kills_under_load(store: Path) -> None:
    """Clients post and read while the server is killed repeatedly; then every run is accounted for."""
    acknowledged: list[str] = []
    seen: dict[str, list[dict[str, Any]]] = {}

    def client(server: ServerProcess) -> None:
        with httpx2.Client(base_url=server.url, timeout=DEADLINE) as http:
            while True:
                try:
                    body = {"symbols": ["AAPL"], "start_date": "2024-01-01", "end_date": "2024-02-01"}
                    run_id = http.post("/v1/backtests", json=body).json()["run_id"]
                    acknowledged.append(run_id)
                    history = seen.setdefault(run_id, [])
                    with server.stream(run_id) as stream:
                        while True:
                            history.append(json.loads(stream.recv()))
                except ConnectionClosed as closed:
                    if closed.rcvd is None:
                        return
                except (httpx2.HTTPError, WebSocketException, OSError):
                    return

    for target in (3, 40, 90):
        with ServerProcess(store, workers=2) as server:
            clients = [threading.Thread(target=client, args=(server,)) for _ in range(8)]
            for thread in clients:
                thread.start()
            wait_until(lambda target=target: len(acknowledged) >= target, "load")
            server.kill()
            for thread in clients:
                thread.join(DEADLINE)
                assert not thread.is_alive()
        audit(store)
    with ServerProcess(store, workers=2) as server:
        for run_id in acknowledged:
            assert server.wait_end(run_id)["state"] == "completed"
            history = server.events(run_id)
            check_history(run_id, history)
            assert history[: len(seen[run_id])] == seen[run_id]
        assert server.stop() == 0


def test_a_killed_worker_fails_its_run_alone(store: Path, gate: Path) -> None:
    with ServerProcess(store, workers=2) as server:
        server.wait_ready()
        wait_until(lambda: len(server.workers()) == 2, "two workers")
        doomed = server.post(params={"gate": str(gate)})
        server.wait_state(doomed, "running")
        busy = wait_until(
            lambda: max(server.workers(), key=lambda w: sum(w.cpu_times()[:2])), "the busy worker"
        )
        for worker in server.workers():
            worker.kill()
        assert busy
        status = server.wait_end(doomed)
        assert (status["state"], status["error"]) == ("failed", "worker crashed (exit code -9)")
        history = server.events(doomed)
        check_history(doomed, history)
        assert history[-2]["payload"] == {"message": "worker crashed (exit code -9)"}
        assert history[-1]["payload"] == {"state": "failed", "previous_state": "running"}
        for run_id in [server.post() for _ in range(4)]:  # the end of an idle worker fails no run
            assert server.wait_end(run_id)["state"] == "completed"
        wait_until(lambda: len(server.workers()) == 2, "two workers again")
        crashed = server.post(params={"crash": 3})
        assert server.wait_end(crashed)["error"] == "worker crashed (exit code 3)"
        assert server.wait_end(server.post())["state"] == "completed"
        assert server.stop() == 0


def test_workers_end_with_a_killed_server(store: Path, gate: Path) -> None:
    with ServerProcess(store, workers=2) as server:
        running = server.post(params={"gate": str(gate)})
        server.wait_state(running, "running")
        workers = server.workers()
        server.process.kill()
        _, alive = psutil.wait_procs(workers, timeout=DEADLINE)
        assert not alive


def test_runs_share_the_workers(store: Path, gate: Path) -> None:
    with ServerProcess(store, workers=2) as server:
        first, second = (server.post(params={"gate": str(gate)}) for _ in range(2))
        third = server.post()
        server.wait_state(first, "running")
        server.wait_state(second, "running")
        assert server.status(third)["state"] == "queued"
        lower = min(psutil.Process(server.process.pid).nice() + 10, 19)  # 19 is the lowest priority there is
        assert {worker.nice() for worker in server.workers()} == {lower}
        gate.touch()
        for run_id in (first, second, third):
            assert server.wait_end(run_id)["state"] == "completed"


def test_many_posts_share_commits(store: Path) -> None:
    with ServerProcess(store) as server:
        server.wait_ready()

        def count(name: str) -> int:
            lines = server.http.get("/metrics").text.splitlines()
            return int(float(next(line.split()[1] for line in lines if line.startswith(f"btserver_{name}"))))

        def client() -> None:
            with httpx2.Client(base_url=server.url, timeout=DEADLINE) as http:
                for _ in range(20):
                    body = {"symbols": ["AAPL"], "start_date": "2024-01-01", "end_date": "2024-02-01"}
                    assert http.post("/v1/backtests", json=body).status_code == 201

        clients = [threading.Thread(target=client) for _ in range(8)]
        for thread in clients:
            thread.start()
        for thread in clients:
            thread.join()
        assert len(server.http.get("/backtests?limit=200").json()) == 160
        assert count("events_written_total") >= 160
        assert count("commits_total") < count("events_written_total")
        assert server.stop() == 0


def test_an_engine_that_does_not_start_is_not_ready(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_ENGINE_BROKEN", "1")
    with ServerProcess(store) as server:
        run_id = server.post()
        wait_until(lambda: "starting another" in server.log(), "a second attempt")
        answer = server.http.get("/readyz")
        assert (answer.status_code, answer.json()["status"]) == (503, "no worker is up")
        assert server.status(run_id)["state"] == "queued"
        assert server.stop() == 0
    monkeypatch.delenv("FAKE_ENGINE_BROKEN")
    with ServerProcess(store) as server:
        assert server.wait_end(run_id)["state"] == "completed"
