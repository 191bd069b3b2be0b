"""The code of a worker process: takes one job after another from a socket, runs it, tells what happens.

Started as `python -m btserver.worker`. It owns no store and ends when its server does.
"""

import argparse
import importlib
import math
import os
import queue
import signal
import socket
import threading
import time
import traceback
from io import BytesIO
from types import ModuleType
from typing import Any

import msgspec
import numpy as np

from btcore.config import RunRequest
from btcore.errors import BtcoreError
from btserver.schemas import ResultHead, TableHead

from . import messages

NICENESS = 10
TICK_SECONDS = 0.05
BLOCK_ROWS = 4096
LOG_LINES = 1000  # of a result's log are sent as events; all of them are in the results


class Worker:
    """One engine, one socket, one run at a time."""

    def __init__(self, channel: socket.socket, engine: ModuleType, data: str | None) -> None:
        self._channel = channel
        self._engine = engine
        self._source = engine.open_source(data)
        self._is_sample = data is None
        self._jobs: queue.SimpleQueue[messages.Job] = queue.SimpleQueue()
        self._next_tick = 0.0

    def serve(self) -> None:
        """Run jobs until the server goes away."""
        # Reading has its own thread: it notices that the server is gone even while the engine computes.
        threading.Thread(target=self._read, daemon=True).start()
        self._send(messages.Ready())
        while True:
            self._run(self._jobs.get())

    def _read(self) -> None:
        # However the connection ends (a server that was killed resets it), this process ends with it.
        try:
            with self._channel.makefile("rb") as stream:
                while header := stream.read(messages.HEADER.size):
                    (size,) = messages.HEADER.unpack(header)
                    self._jobs.put(messages.decode_job(stream.read(size)))
        finally:
            os._exit(0)

    def _send(self, message: messages.FromWorker) -> None:
        try:
            self._channel.sendall(messages.frame(message))
        except OSError:
            os._exit(0)  # the server is gone, and with it everyone who could be told

    def _run(self, job: messages.Job) -> None:
        try:
            request = msgspec.json.decode(job.request, type=RunRequest)
            self._send(messages.Log([_first_line(request, self._is_sample)]))
            started = time.monotonic()
            self._next_tick = 0.0
            result = self._engine.run_request(request, self._source, self._tick)
            self._finish(result, time.monotonic() - started)
        except (BtcoreError, msgspec.ValidationError) as error:
            self._send(messages.Failed(str(error)))
        except Exception as error:
            traceback.print_exc()
            self._send(messages.Failed(f"internal error: {type(error).__name__}: {error}"))

    def _tick(self, progress: Any) -> None:
        now = time.monotonic()
        fraction = min(max(float(progress.fraction), 0.0), 1.0)
        if now < self._next_tick and fraction < 1.0:
            return
        self._next_tick = now + TICK_SECONDS
        equity = float(progress.equity)
        self._send(messages.Tick(fraction, equity if math.isfinite(equity) else None))

    def _finish(self, result: Any, seconds: float) -> None:
        tables = {name: self._send_rows(name, rows) for name, rows in result.tables().items()}
        logs = [str(line) for line in result.logs]
        tables["logs"] = self._send_logs(logs)
        shown = logs[:LOG_LINES]
        if len(logs) > LOG_LINES:
            shown.append(f"{len(logs) - LOG_LINES} more lines are in the results")
        shown.append(f"finished in {seconds:.3f} s")
        self._send(messages.Log(shown))
        head = ResultHead(
            metrics=_json(result.metrics),
            manifest=_json(result.manifest),
            fingerprint=str(result.fingerprint),
            tables=tables,
        )
        self._send(messages.Done(head, _numbers(result.metrics)))

    def _send_rows(self, name: str, rows: np.ndarray) -> TableHead:
        starts = range(0, len(rows), BLOCK_ROWS)
        for index, start in enumerate(starts):
            buffer = BytesIO()
            np.lib.format.write_array(buffer, rows[start : start + BLOCK_ROWS], allow_pickle=False)
            self._send(messages.Block(name, index, buffer.getvalue()))
        return TableHead(len(rows), len(starts))

    def _send_logs(self, lines: list[str]) -> TableHead:
        starts = range(0, len(lines), BLOCK_ROWS)
        for index, start in enumerate(starts):
            self._send(messages.Block("logs", index, msgspec.json.encode(lines[start : start + BLOCK_ROWS])))
        return TableHead(len(lines), len(starts))


def _first_line(request: RunRequest, is_sample: bool) -> str:
    source = "synthetic sample data" if is_sample else "the catalog"
    symbols = ", ".join(request.symbols)
    return f"running {request.strategy.name} on {symbols} ({request.resolution}) from {source}"


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _json(value: Any) -> bytes:
    return msgspec.json.encode(value, enc_hook=_plain)


def _numbers(metrics: dict[str, Any]) -> dict[str, float]:
    """The metrics that are numbers; what is undefined is null in the results and no event."""
    numbers = (int, float, np.integer, np.floating)
    return {
        name: float(value)
        for name, value in metrics.items()
        if isinstance(value, numbers) and not isinstance(value, bool) and math.isfinite(value)
    }


def main() -> None:
    """Serve the socket that was inherited."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--engine", required=True)
    parser.add_argument("--data")
    arguments = parser.parse_args()
    # A signal to the process group is for the server: it alone decides when a worker ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.nice(NICENESS)
    channel = socket.socket(fileno=arguments.fd)
    Worker(channel, importlib.import_module(arguments.engine), arguments.data).serve()


if __name__ == "__main__":
    main()
