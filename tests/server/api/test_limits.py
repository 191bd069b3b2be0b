"""Hostile and broken clients on raw sockets: each is refused or disconnected, and the others are served."""

import contextlib
import json
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from server_process import DEADLINE, ServerProcess, open_stream, wait_until

BODY = b'{"symbols":["AAPL"],"start_date":"2024-01-01","end_date":"2024-02-01"}'


@pytest.fixture
def strict_server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server with deadlines of half a second."""
    with ServerProcess(tmp_path / "store", script="serve_short_deadlines.py") as served:
        yield served.wait_ready()


def dial(server: ServerProcess) -> socket.socket:
    host, port = server.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=DEADLINE)


def answer(client: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Reads one response with a Content-Length."""
    with client.makefile("rb") as stream:
        status = int(stream.readline().split()[1])
        headers = {}
        while line := stream.readline().strip():
            name, _, value = line.decode().partition(": ")
            headers[name] = value
        return status, headers, stream.read(int(headers["content-length"]))


def head(length: int | None, *more: bytes) -> bytes:
    lines = [b"POST /v1/backtests HTTP/1.1", b"host: localhost", b"content-type: application/json", *more]
    if length is not None:
        lines.append(b"content-length: %d" % length)
    return b"\r\n".join(lines) + b"\r\n\r\n"


def test_a_request_byte_by_byte(server: ServerProcess) -> None:
    with dial(server) as client:
        for byte in head(len(BODY)) + BODY:
            client.sendall(bytes([byte]))
        assert answer(client)[0] == 201


def test_many_requests_on_one_connection(server: ServerProcess) -> None:
    with dial(server) as client:
        for _ in range(3):
            client.sendall(head(len(BODY)) + BODY)
            assert answer(client)[0] == 201
        client.sendall((head(len(BODY)) + BODY) * 2)  # pipelined
        with client.makefile("rb") as stream:
            for _ in range(2):
                assert b" 201 " in stream.readline()
                while stream.readline().strip():
                    continue
                stream.read(174)


def test_a_large_body_gets_a_response_and_the_connection_stays_open(server: ServerProcess) -> None:
    with dial(server) as client:
        client.sendall(head(10 * 2**20) + b" " * (10 * 2**20))
        status, _, body = answer(client)
        assert status == 413
        assert json.loads(body)["error"]["code"] == "request_too_large"
        client.sendall(head(len(BODY)) + BODY)
        assert answer(client)[0] == 201


def test_large_bodies_without_a_length(server: ServerProcess) -> None:
    with dial(server) as client:
        client.sendall(head(None, b"transfer-encoding: chunked"))
        chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        for _ in range(160):
            client.sendall(chunk)
        client.sendall(b"0\r\n\r\n")
        assert answer(client)[0] == 413


def test_a_large_content_length_is_refused_before_the_body(server: ServerProcess) -> None:
    with dial(server) as client:
        client.sendall(head(2**40))
        assert answer(client)[0] == 413


@pytest.mark.parametrize(
    "request_head",
    [
        head(0, b"x: " + b"a" * 40_000),
        head(0, *(b"x%d: %s" % (n, b"a" * 100) for n in range(500))),
        b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET /" + b"a" * 40_000,
        b"GET / HTTP/1.1\r\nx: " + b"a" * 40_000,
    ],
    ids=["one header", "many headers", "line", "line without end", "header without end"],
)
def test_heads_too_large(server: ServerProcess, request_head: bytes) -> None:
    with dial(server) as client:
        client.sendall(request_head)
        status, headers, body = answer(client)
        assert status == 431
        assert headers["connection"] == "close"
        assert json.loads(body)["error"]["code"] == "validation_error"


def test_invalid_http_gets_the_error_body(server: ServerProcess) -> None:
    for nonsense in (b"\0\0\0\0\r\n\r\n", b"hello\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02"):
        with dial(server) as client:
            client.sendall(nonsense)
            status, _, body = answer(client)
            assert status == 400
            assert set(json.loads(body)) == {"error", "detail", "request_id"}


def test_header_bytes_beyond_ascii(server: ServerProcess) -> None:
    with dial(server) as client:
        client.sendall(head(len(BODY), b"x-api-key: \xff\xfe", b"x-request-id: \xff") + BODY)
        assert answer(client)[0] == 201


def test_deadlines(strict_server: ServerProcess) -> None:
    starts = [
        b"",
        b"GET",
        b"GET / HTTP/1.1\r\nhost",
        head(99),
        head(99) + b"{",
        head(None, b"transfer-encoding: chunked"),
    ]
    clients = [dial(strict_server) for _ in starts]
    for client, start in zip(clients, starts, strict=True):
        client.sendall(start)
    for client in clients:
        with contextlib.suppress(ConnectionResetError):
            assert client.recv(1) == b""
        client.close()
    assert strict_server.http.get("/healthz").status_code == 200


def test_a_slow_reader_is_disconnected_and_others_are_not(
    strict_server: ServerProcess, tmp_path: Path
) -> None:
    """One client reads nothing; another client of the same run gets all events."""
    gate = tmp_path / "gate"
    run_id = strict_server.post(params={"logs": 1000, "gate": str(gate)})
    host, port = strict_server.url.removeprefix("http://").split(":")
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.connect((host, int(port)))
    upgrade = f"GET /v1/backtests/{run_id}/stream HTTP/1.1\r\nhost: {host}:{port}\r\nconnection: upgrade\r\n"
    upgrade += (
        "upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: " + "A" * 22 + "==\r\n\r\n"
    )
    slow.sendall(upgrade.encode())
    assert b"101" in slow.recv(100)
    gate.touch()
    with open_stream(f"{strict_server.url.replace('http', 'ws')}/v1/backtests/{run_id}/stream") as quick:
        number = 0
        with contextlib.suppress(Exception):
            while True:
                number += 1
                assert json.loads(quick.recv(timeout=DEADLINE))["event_id"] == number
    assert number > 1000

    def value(name: str) -> int:
        lines = strict_server.http.get("/metrics").text.splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith(f"btserver_{name}")))

    wait_until(lambda: value("streams_dropped_total") == 1, "the slow reader to be dropped")
    wait_until(lambda: value("streams_open") == 0, "no open stream")
    process = psutil.Process(strict_server.process.pid)
    wait_until(
        lambda: all(c.raddr != slow.getsockname() for c in process.net_connections("tcp")),
        "its socket to be freed",
    )
    slow.close()
    assert strict_server.stop() == 0


def test_clients_that_reset(server: ServerProcess) -> None:
    for start in (b"", b"GET / HT", head(len(BODY)) + BODY, head(99)):
        client = dial(server)
        client.sendall(start)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    assert server.http.get("/healthz").status_code == 200


def test_connections_leave_no_open_files(server: ServerProcess) -> None:
    process = psutil.Process(server.process.pid)
    run_id = server.post()
    server.wait_end(run_id)
    server.events(run_id)
    before = process.num_fds()
    for _ in range(50):
        with dial(server) as client:
            client.sendall(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            assert answer(client)[0] == 200
        server.events(run_id)
    wait_until(lambda: process.num_fds() <= before + 2, "descriptors to be closed")


def test_a_response_has_the_same_headers_if_the_connection_is_closed(server: ServerProcess) -> None:
    """The two are written by different code."""
    request = b"GET /v1/backtests?limit=1 HTTP/1.1\r\nhost: localhost\r\nx-request-id: same\r\n"
    with dial(server) as client:
        client.sendall(request + b"\r\n")
        kept = answer(client)
        client.sendall(request + b"connection: close\r\n\r\n")
        closed = answer(client)
        assert client.recv(1) == b""
    assert closed[1].pop("connection") == "close"
    assert set(kept[1]) == set(closed[1])
    assert {**kept[1], "date": ""} == {**closed[1], "date": ""}
    assert kept[1]["x-request-id"] == "same"
    assert kept[::2] == closed[::2]
