"""Clients that do not read what they have asked for: little is held for them, and only for a while."""

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from server_process import ServerProcess, check_history, wait_until

HERE = Path(__file__).parent
SMALL = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server that waits a second for a client that does not read."""
    with ServerProcess(tmp_path / "store", script=str(HERE / "serve_impatient.py")) as served:
        yield served.wait_ready()
        assert "Traceback" not in served.log()


def dial(server: ServerProcess) -> socket.socket:
    host, port = server.url.removeprefix("http://").split(":")
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect((host, int(port)))
    return client


def test_pipelined_requests_wait_in_the_socket(server: ServerProcess) -> None:
    """A client sends requests as long as the server takes them, and reads no response."""
    process = psutil.Process(server.process.pid)
    before = process.memory_info().rss
    sent = 0
    with dial(server) as client:
        client.settimeout(3)
        with contextlib.suppress(TimeoutError, ConnectionError):
            while sent < 15_000_000:
                sent += client.send(SMALL * 2000)
        assert sent < 15_000_000
        assert process.memory_info().rss - before < 100 * 2**20
    assert server.http.get("/healthz").status_code == 200


def test_pipelined_requests_are_all_answered_in_order(server: ServerProcess) -> None:
    """More than are parsed at a time."""
    with dial(server) as client, client.makefile("rb") as stream:
        client.settimeout(60)
        ids = [f"n{number}" for number in range(1000)]
        client.sendall(
            b"".join(
                b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-request-id: %s\r\n\r\n" % i.encode()
                for i in ids
            )
        )
        seen = []
        while len(seen) < len(ids):
            line = stream.readline()
            assert line
            if line.startswith(b"x-request-id: "):
                seen.append(line[14:].strip().decode())
        assert seen == ids


def test_a_download_that_is_not_read_is_ended(server: ServerProcess) -> None:
    run_id = server.post(params={"rows": 500_000})
    server.wait_end(run_id)
    with dial(server) as client:
        client.sendall(f"GET /v1/backtests/{run_id}/results HTTP/1.1\r\nhost: localhost\r\n\r\n".encode())
        process = psutil.Process(server.process.pid)
        own = client.getsockname()
        wait_until(lambda: all(c.raddr != own for c in process.net_connections("tcp")), "the end")
    assert server.http.get(f"/v1/backtests/{run_id}").status_code == 200


def test_a_slow_download_is_not_ended(server: ServerProcess) -> None:
    run_id = server.post(params={"rows": 20_000})
    server.wait_end(run_id)
    with dial(server) as client:
        client.settimeout(60)
        head = f"GET /v1/backtests/{run_id}/results HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        client.sendall(head.encode())
        received = b""
        while data := client.recv(4096):
            received += data
        assert received.endswith(b"0\r\n\r\n")


def test_a_download_of_a_run_that_is_deleted_meanwhile_is_cut_off(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "store") as server:
        run_id = server.post(params={"rows": 500_000})
        server.wait_end(run_id)
        with dial(server) as client:
            client.settimeout(60)
            head = f"GET /v1/backtests/{run_id}/results HTTP/1.1\r\nhost: localhost\r\n\r\n"
            client.sendall(head.encode())
            received = client.recv(4096)
            assert received.startswith(b"HTTP/1.1 200")
            assert server.http.delete(f"/v1/backtests/{run_id}").status_code == 204
            while data := client.recv(65536):
                received = data
            assert not received.endswith(b"0\r\n\r\n")
        assert "its response is cut off" in server.log()
        assert "Traceback" not in server.log()


def test_a_stop_does_not_wait_for_downloads_that_are_not_read(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "store") as server:
        run_id = server.post(params={"rows": 500_000})
        server.wait_end(run_id)
        clients = [dial(server) for _ in range(5)]
        for client in clients:
            client.sendall(f"GET /v1/backtests/{run_id}/results HTTP/1.1\r\nhost: localhost\r\n\r\n".encode())
            assert client.recv(12) == b"HTTP/1.1 200"
        assert server.stop() == 0
        for client in clients:
            client.close()


def test_a_stop_ends_downloads_that_wait_for_their_turn(tmp_path: Path) -> None:
    """More than can begin before the server stops waiting for responses, and streams of a run without end."""
    with ServerProcess(tmp_path / "store") as server:
        run_id = server.post(params={"rows": 200_000})
        server.wait_end(run_id)
        endless = server.post(params={"steps": 100_000, "pause": 0.01})
        server.wait_state(endless, "running")
        clients = [dial(server) for _ in range(200)]
        for client in clients[:150]:
            client.sendall(f"GET /v1/backtests/{run_id}/results HTTP/1.1\r\nhost: localhost\r\n\r\n".encode())
        upgrade = f"GET /v1/backtests/{endless}/stream HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\n"
        upgrade += "upgrade: websocket\r\nsec-websocket-version: 13\r\n"
        upgrade += f"sec-websocket-key: {'A' * 22}==\r\n\r\n"
        for client in clients[150:]:
            client.sendall(upgrade.encode())
        assert server.stop() == 0
        assert "ResourceWarning" not in server.log()
        for client in clients:
            client.close()
    with ServerProcess(tmp_path / "store") as server:
        assert server.http.post(f"/v1/backtests/{endless}/cancel").status_code == 200
        check_history(endless, server.events(endless))
