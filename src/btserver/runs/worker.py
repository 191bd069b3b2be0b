"""A worker process: takes jobs from a socket, runs them one at a time, and sends messages about them.

Started as `python -m btserver.runs.worker`. It does not open the store, and it ends when the server ends.
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
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import msgspec
import numpy as np

from btcore.errors import BtcoreError
from btserver.optimization_schemas import OptimizationRequest
from btserver.schemas import ResultHead, RunRequest, TableHead
from btserver.store.blocks import pack_rows, seal

from . import messages
from .cluster import Cluster
from .limits import BEAT_SECONDS, limit_this_process

NICENESS = 10
PROGRESS_SECONDS = 0.05
BLOCK_ROWS = 4096
BLOCK_TRIALS = 64  # some 100 kB, which a client is sent at once
LOG_LINES = 1000  # lines of a log that become events; the results have all of them


class Worker:
    """Runs jobs of one socket with one engine."""

    def __init__(
        self, channel: socket.socket, engine: ModuleType, data: str | None, cluster: Cluster | None = None
    ) -> None:
        """With a cluster, its nodes play the backtests."""
        self._channel = channel
        self._engine = engine
        self._cluster = cluster
        self._source = engine.open_source(data)
        self._is_sample = data is None
        self._jobs: queue.SimpleQueue[messages.ToWorker] = queue.SimpleQueue()
        self._next_progress = 0.0
        self._sending = threading.Lock()
        self._is_busy = threading.Event()

    def serve(self) -> None:
        """Runs jobs until the server closes the socket."""
        # A thread reads the socket, so that the end of the server is noticed while the engine computes.
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._beat, daemon=True).start()
        self._send(messages.Ready())
        while True:
            job = self._jobs.get()
            self._is_busy.set()
            self._run(job)

    def _beat(self) -> None:
        while self._is_busy.wait():
            with self._sending:
                if self._is_busy.is_set():
                    self._write(messages.Beat())
            time.sleep(BEAT_SECONDS)

    def _read(self) -> None:
        # The process ends when the connection ends, also by a reset, as when the server is killed.
        try:
            with self._channel.makefile("rb") as stream:
                while header := stream.read(messages.HEADER.size):
                    (size,) = messages.HEADER.unpack(header)
                    self._jobs.put(messages.decode_job(stream.read(size)))
        finally:
            _end()

    def _send(self, message: messages.FromWorker) -> None:
        with self._sending:
            if isinstance(message, messages.Done | messages.Failed):
                self._is_busy.clear()  # an idle worker sends nothing
            self._write(message)

    def _write(self, message: messages.FromWorker) -> None:
        try:
            self._channel.sendall(messages.encode(message))
        except OSError:
            _end()  # the server has ended

    def _run(self, job: messages.ToWorker) -> None:
        try:
            if isinstance(job, messages.Search):
                self._search(job)
            else:
                self._backtest(job)
        except (BtcoreError, msgspec.DecodeError) as error:
            self._send(messages.Failed(str(error)))
        except MemoryError:
            self._send(messages.Failed("out of memory: the run needs more than a worker may use"))
        except Exception as error:
            traceback.print_exc()
            self._send(messages.Failed(f"internal error: {type(error).__name__}: {error}"))

    def _backtest(self, job: messages.Job) -> None:
        request = msgspec.json.decode(job.request, type=RunRequest)
        self._send(messages.Log([_start_line(request, self._is_sample)]))
        started = time.monotonic()
        self._next_progress = 0.0
        if self._cluster is None:
            result = self._engine.run_request(request, self._source, self._send_progress)
        else:
            result = self._cluster.run(job.request, self._send_progress)
        self._send_result(result, time.monotonic() - started)

    def _search(self, job: messages.Search) -> None:
        from .search.play import play_search  # what searches is imported by those who search

        request = msgspec.json.decode(job.request, type=OptimizationRequest)
        source = "synthetic sample data" if self._is_sample else "the catalog"
        lines = [
            f"searching {request.base_backtest.strategy.name} by {request.method} on {source}, "
            f"trials by {job.executor}"
        ]
        self._send(messages.Log(lines))
        started = time.monotonic()

        def told(new: list[str]) -> None:
            lines.extend(new)
            self._send(messages.Log(new))

        played = play_search(
            request,
            self._source,
            study=Path(job.study),
            executor=job.executor,
            progress=lambda *said: self._send(messages.Tried(*said)),
            log=told,
        )
        told([*played.lines, f"finished in {time.monotonic() - started:.3f} s"])
        trials = [_json(trial) for trial in played.trials]
        tables = {
            "all_trials": self._send_json("all_trials", trials, BLOCK_TRIALS),
            "logs": self._send_logs(lines),
        }
        self._send(messages.Tried(1.0, played.counts, {}))
        head = ResultHead(
            metrics=_json(played.summary),
            manifest=_json(played.manifest),
            fingerprint=played.fingerprint,
            tables=tables,
        )
        self._send(messages.Done(head, _numeric_metrics(played.metrics)))

    def _send_progress(self, progress: Any) -> None:
        now = time.monotonic()
        fraction = min(max(float(progress.fraction), 0.0), 1.0)
        if now < self._next_progress and fraction < 1.0:
            return
        self._next_progress = now + PROGRESS_SECONDS
        equity = float(progress.equity)
        self._send(messages.Progress(fraction, equity if math.isfinite(equity) else None))

    def _send_result(self, result: Any, seconds: float) -> None:
        tables = {name: self._send_rows(name, rows) for name, rows in result.tables().items()}
        if getattr(result, "indicators", None):
            tables["indicators"] = self._send_rows("indicators", result.table("indicators"))
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
            bounds=b"" if getattr(result, "bounds", None) is None else _json(result.bounds._asdict()),
        )
        self._send(messages.Done(head, _numeric_metrics(result.metrics)))

    def _send_rows(self, name: str, rows: np.ndarray) -> TableHead:
        starts = range(0, max(len(rows), 1), BLOCK_ROWS)  # a table without rows has its columns
        for index, start in enumerate(starts):
            self._send(messages.Block(name, index, pack_rows(rows[start : start + BLOCK_ROWS])))
        return TableHead(len(rows), len(starts))

    def _send_logs(self, lines: list[str]) -> TableHead:
        return self._send_json("logs", [_json(line) for line in lines], BLOCK_ROWS)

    def _send_json(self, name: str, items: list[bytes], size: int) -> TableHead:
        """Sends blocks of `size` items each, as JSON arrays."""
        starts = range(0, len(items), size)
        for index, start in enumerate(starts):
            array = b"[%b]" % b",".join(items[start : start + size])
            self._send(messages.Block(name, index, seal(array)))
        return TableHead(len(items), len(starts))


def _end() -> NoReturn:
    """Ends this process, with those that it has started if it leads their group."""
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(0)


def _start_line(request: RunRequest, is_sample: bool) -> str:
    source = "synthetic sample data" if is_sample else "the catalog"
    symbols = ", ".join(request.symbols)
    return f"running {request.strategy.name} on {symbols} ({request.resolution}) from {source}"


def _to_builtin(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def _json(value: Any) -> bytes:
    return msgspec.json.encode(value, enc_hook=_to_builtin)


def _numeric_metrics(metrics: dict[str, Any]) -> dict[str, float]:
    """The metrics that are finite numbers; others get no event and are null or text in the results."""
    numbers = (int, float, np.integer, np.floating)
    return {
        name: float(value)
        for name, value in metrics.items()
        if isinstance(value, numbers) and not isinstance(value, bool) and math.isfinite(value)
    }


def main() -> None:
    """Serves the inherited socket `--fd`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--engine", required=True)
    parser.add_argument("--data")
    parser.add_argument("--strategies")
    parser.add_argument("--cluster", action="store_true")
    parser.add_argument("--memory", type=int, default=0)
    arguments = parser.parse_args()
    # A signal to the process group also reaches workers, but the server decides when they end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.nice(NICENESS)
    limit_this_process(arguments.memory)
    channel = socket.socket(fileno=arguments.fd)
    engine = importlib.import_module(arguments.engine)
    if arguments.strategies is not None:
        engine.load_strategies(arguments.strategies)
    cluster = None
    if arguments.cluster:
        cluster = Cluster(arguments.engine, arguments.data, arguments.strategies)
    Worker(channel, engine, arguments.data, cluster).serve()


if __name__ == "__main__":
    main()
