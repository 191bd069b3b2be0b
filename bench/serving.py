"""Clients on raw sockets for the benchmarks of the server, which cost little beside it."""

import contextlib
import os
import re
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

SYNC_BYTES = 32 * 1024  # about what a commit of a short run writes


@contextlib.contextmanager
def bare_app() -> Iterator[tuple[str, int]]:
    """The address of the bare application, in a process of its own."""
    command = [sys.executable, str(Path(__file__).with_name("bare_app.py"))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"http://([^:]+):(\d+)", process.stdout.readline())
        assert found
        yield found[1], int(found[2])
        process.kill()


class Clients:
    """Connections that stay open; each has one request at a time."""

    def __init__(
        self, address: tuple[str, int], path: str, connections: int, headers: str = "accept: */*\r\n"
    ) -> None:
        request = f"GET {path} HTTP/1.1\r\nhost: {address[0]}:{address[1]}\r\n{headers}\r\n"
        self._request = request.encode()
        self._sockets = [socket.create_connection(address) for _ in range(connections)]
        for client in self._sockets:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def get(self, times: int) -> None:
        """That many requests on each connection; the JSON of each response is read."""
        for _ in range(times):
            for client in self._sockets:
                client.sendall(self._request)
            for client in self._sockets:
                answer = client.recv(4096)
                while not answer.endswith(b"}"):
                    answer += client.recv(4096)
                assert answer.startswith(b"HTTP/1.1 200"), answer

    def ask(self) -> None:
        """A request on each connection, whose response is not read."""
        for client in self._sockets:
            client.sendall(self._request)

    def close(self) -> None:
        """Closes the connections."""
        for client in self._sockets:
            client.close()


def sync(folder: Path, times: int) -> None:
    """That many writes to the disk of the folder, one after another, each synchronised."""
    with (folder / "synced").open("wb") as file:
        for number in range(times):
            os.pwrite(file.fileno(), os.urandom(SYNC_BYTES), SYNC_BYTES * (number % 8))
            os.fdatasync(file.fileno())


def knock(address: tuple[str, int]) -> None:
    """A new connection, one request and its response."""
    with socket.create_connection(address) as client:
        client.sendall(f"GET /healthz HTTP/1.1\r\nhost: {address[0]}\r\n\r\n".encode())
        assert client.recv(2000).startswith(b"HTTP/1.1 200")


class Audience:
    """Clients that follow one run to its end, and the delay of each event that each of them received."""

    def __init__(self, address: tuple[str, int], run_id: str, size: int) -> None:
        request = f"GET /v1/backtests/{run_id}/stream HTTP/1.1\r\nhost: {address[0]}:{address[1]}\r\n"
        request += "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
        request += f"sec-websocket-key: {'A' * 22}==\r\n\r\n"
        self._selector = selectors.DefaultSelector()
        for _ in range(size):
            client = socket.create_connection(address)
            client.sendall(request.encode())
            assert client.recv(1000, socket.MSG_PEEK).startswith(b"HTTP/1.1 101")
            client.setblocking(False)
            self._selector.register(client, selectors.EVENT_READ)

    def follow(self) -> list[float]:
        """Reads until every stream has ended; the seconds from the write of each event to its arrival."""
        begun = time.time()
        received: list[tuple[float, bytes]] = []
        while self._selector.get_map():
            for key, _ in self._selector.select():
                client: Any = key.fileobj
                data = client.recv(2**18)
                received.append((time.time(), data))
                if not data or b"the run has ended" in data[-40:]:  # the reason of the close frame
                    self._selector.unregister(client)
                    client.close()
        self._selector.close()
        texts = ((at, text) for at, data in received for text in _TIMESTAMP.findall(data))
        written = ((at, datetime.fromisoformat(text.decode()).timestamp()) for at, text in texts)
        return [at - then for at, then in written if then > begun]

    def close(self) -> None:
        """Closes the connections, if they were not followed."""
        for key in list(self._selector.get_map().values()):
            client: Any = key.fileobj
            client.close()
        self._selector.close()


_TIMESTAMP = re.compile(rb'"timestamp":"([^"]+)"')
