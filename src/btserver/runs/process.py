"""The server's side of a worker process: start it, talk to it, know how it ended."""

import asyncio
import os
import socket
import subprocess
import sys
from typing import Self

from . import messages

_READ_LIMIT = 2**20


class WorkerProcess:
    """A fresh interpreter, which inherits neither store nor listening socket, and the socket to it."""

    def __init__(
        self, process: subprocess.Popen[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer

    @classmethod
    async def start(cls, engine: str, data: str | None) -> Self:
        """A worker that is importing the engine; its first message is `Ready`."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        command = [
            sys.executable,
            "-m",
            "btserver.runs.worker",
            "--fd",
            str(theirs.fileno()),
            "--engine",
            engine,
        ]
        if data is not None:
            command += ["--data", data]
        with theirs:
            process = _popen(command, theirs.fileno())
        try:
            reader, writer = await asyncio.open_connection(sock=ours, limit=_READ_LIMIT)
        except BaseException:
            ours.close()
            process.kill()
            process.wait()
            raise
        return cls(process, reader, writer)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def send(self, job: messages.Job) -> None:
        """Give it a job; one at a time."""
        self._writer.write(messages.frame(job))

    async def receive(self) -> messages.FromWorker | None:
        """Its next message, or None once it is gone."""
        try:
            (size,) = messages.HEADER.unpack(await self._reader.readexactly(messages.HEADER.size))
            return messages.decode_message(await self._reader.readexactly(size))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    async def end(self) -> int:
        """Kill it if need be; its exit code, negative for a signal."""
        self._writer.close()
        try:
            return await asyncio.to_thread(self._process.wait, 1.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return await asyncio.to_thread(self._process.wait)

    def kill(self) -> None:
        """End it now."""
        self._process.kill()


def _popen(command: list[str], descriptor: int) -> subprocess.Popen[bytes]:
    # One thread each: the workers share the cores among themselves. And no secrets: they need none.
    environment = os.environ | dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    environment.pop("BTSERVER_API_KEYS", None)
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=(descriptor,), env=environment)
