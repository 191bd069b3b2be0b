"""Clients on raw sockets that resume streams and do nothing else: a herd that one process can be."""

import contextlib
import selectors
import socket
import threading


class Herd:
    """Clients that resume the stream of one run from its first event, again and again, until it is left."""

    def __init__(self, host: str, port: int, run_id: str, size: int) -> None:
        request = f"GET /v1/backtests/{run_id}/stream HTTP/1.1\r\nhost: {host}:{port}\r\n"
        request += "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
        self._request = f"{request}sec-websocket-key: {'A' * 22}==\r\n\r\n".encode()
        self._address = (host, port)
        self._size = size
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._graze)
        self.received = 0  # bytes
        self.finished = 0  # streams that were read to their end

    def __enter__(self) -> "Herd":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _join(self, selector: selectors.BaseSelector) -> None:
        client = socket.create_connection(self._address)
        client.sendall(self._request)
        client.setblocking(False)
        selector.register(client, selectors.EVENT_READ)

    def _graze(self) -> None:
        with selectors.DefaultSelector() as selector:
            for _ in range(self._size):
                self._join(selector)
            while not self._is_over.is_set():
                for key, _ in selector.select(0.1):
                    client = key.fileobj
                    assert isinstance(client, socket.socket)
                    data = b""
                    with contextlib.suppress(ConnectionError):
                        data = client.recv(2**18)
                    self.received += len(data)
                    if not data:
                        selector.unregister(client)
                        client.close()
                        self.finished += 1
                        self._join(selector)
            for key in list(selector.get_map().values()):
                client = key.fileobj
                assert isinstance(client, socket.socket)
                client.close()
