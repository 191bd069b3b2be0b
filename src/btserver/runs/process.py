"""The server's side of a worker process: start, messages, exit code."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from typing import Self

from . import messages

_READ_LIMIT = 2**20


class WorkerProcess:
    """A new interpreter and the socket to it; it inherits neither the store nor the listening socket."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        is_group: bool,
    ) -> None:
        self._process = process
        self._is_group = is_group
        self._reader = reader
        self._writer = writer

    @classmethod
    async def start(
        cls,
        engine: str,
        data: str | None,
        memory_mib: int = 0,
        strategies: str | None = None,
        *,
        is_group: bool = False,
        on_cluster: bool = False,
    ) -> Self:
        """Starts a worker, which may use so much memory (0: any); its first message is `Ready`.

        With `is_group` it leads a group of processes, those that it starts itself, which end with it.
        With `on_cluster` the nodes of the cluster of RAY_ADDRESS play its backtests.
        """
        ours, theirs = socket.socketpair()
        command = [
            sys.executable,
            "-m",
            "btserver.runs.worker",
            "--fd",
            str(theirs.fileno()),
            "--engine",
            engine,
            "--memory",
            str(memory_mib),
        ]
        if data is not None:
            command += ["--data", data]
        if strategies is not None:
            command += ["--strategies", strategies]
        if on_cluster:
            command.append("--cluster")
        with theirs, contextlib.ExitStack() as on_error:
            on_error.callback(ours.close)
            ours.setblocking(False)
            process = _popen(command, theirs.fileno(), is_group=is_group)
            on_error.callback(process.wait)
            on_error.callback(process.kill)
            reader, writer = await asyncio.open_connection(sock=ours, limit=_READ_LIMIT)
            on_error.pop_all()
        return cls(process, reader, writer, is_group=is_group)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def send(self, job: messages.ToWorker) -> None:
        """Sends a job. The caller sends the next one only after this job has ended."""
        self._writer.write(messages.encode(job))

    async def receive(self) -> messages.FromWorker | None:
        """The next message, or None if the process has ended."""
        try:
            (size,) = messages.HEADER.unpack(await self._reader.readexactly(messages.HEADER.size))
            return messages.decode_message(await self._reader.readexactly(size))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    async def end(self) -> int:
        """Waits a second for the process to end, then kills it; the exit code, negative for a signal."""
        self._writer.close()
        try:
            return await asyncio.to_thread(self._process.wait, 1.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return await asyncio.to_thread(self._process.wait)
        finally:
            self._end_group()

    def kill(self) -> None:
        """Kills the process, and those of its group."""
        self._process.kill()
        self._end_group()

    def _end_group(self) -> None:
        if self._is_group:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)


def _popen(command: list[str], descriptor: int, *, is_group: bool) -> subprocess.Popen[bytes]:
    # One thread each, as there is a worker for each core. API keys are removed: workers do not need them.
    environment = os.environ | dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    environment.pop("BTSERVER_API_KEYS", None)
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        pass_fds=(descriptor,),
        env=environment,
        process_group=0 if is_group else None,
    )
