"""Workers that cannot be started, and descriptors that clients hold."""

import socket
from pathlib import Path

import psutil
from server_process import ServerProcess, wait_until

HERE = Path(__file__).parent


def test_a_worker_that_cannot_be_started_is_started_later(tmp_path: Path) -> None:
    refuse = tmp_path / "store.refuse"
    with ServerProcess(tmp_path / "store", script=str(HERE / "serve_without_processes.py")) as server:
        server.wait_ready()
        refuse.touch()
        server.workers()[0].kill()
        wait_until(lambda: "a worker could not be started" in server.log(), "a log line")
        run_id = server.post()
        wait_until(lambda: server.http.get("/healthz").status_code == 503, "/healthz to fail")
        assert server.http.get("/healthz").json() == {"status": "no worker can be started"}
        refuse.unlink()
        assert server.wait_end(run_id)["state"] == "completed"
        assert server.http.get("/healthz").status_code == 200
        assert "Traceback" not in server.log()


def test_silent_connections_leave_descriptors_for_workers_and_other_clients(tmp_path: Path) -> None:
    script = str(HERE / "serve_few_descriptors.py")
    with ServerProcess(tmp_path / "store", script=script, keys="k") as server:
        server.wait_ready()
        host, port = server.url.removeprefix("http://").split(":")
        silent = [socket.create_connection((host, int(port))) for _ in range(70)]
        server.workers()[0].kill()
        assert server.wait_end(server.post())["state"] == "completed"
        assert psutil.Process(server.process.pid).num_fds() < 64
        assert "could not be started" not in server.log()
        for client in silent:
            client.close()
        assert server.stop() == 0


def test_busy_connections_beyond_the_limit_are_refused(tmp_path: Path) -> None:
    """Each of the connections waits for the end of a run, so that none is idle."""
    gate = tmp_path / "gate"
    script = str(HERE / "serve_few_descriptors.py")
    with ServerProcess(tmp_path / "store", script=script) as server:
        run_id = server.post(params={"gate": str(gate)})
        host, port = server.url.removeprefix("http://").split(":")
        clients = []
        refused = b""
        upgrade = f"GET /v1/backtests/{run_id}/stream HTTP/1.1\r\nhost: {host}:{port}\r\n"
        upgrade += "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
        upgrade += f"sec-websocket-key: {'A' * 22}==\r\n\r\n"
        for _ in range(70):
            client = socket.create_connection((host, int(port)))
            clients.append(client)
            client.sendall(upgrade.encode())
            received = client.recv(1000)
            if b"101" not in received[:15]:
                refused = received
                break
        assert refused.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        assert b'"code":"too_many_requests"' in refused
        gate.touch()
        for client in clients:
            client.close()
        wait_until(lambda: server.status(run_id).get("state") == "completed", "the run")
        assert server.stop() == 0
