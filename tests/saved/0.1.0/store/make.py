"""Makes `data.mdb`: `python make.py FOLDER`, under the release whose store is wanted.

The store holds four runs: one completed, one failed because its worker was killed, and one running and one
queued when the server was killed.
"""

import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import lmdb
import psutil

COMPLETED = {
    "symbols": ["AAPL", "MSFT"],
    "start_date": "2024-01-02",
    "end_date": "2024-03-01",
    "strategy": {"name": "ma_crossover", "params": {"short_period": 2, "long_period": 5}},
    "execution": {"slippage_bps": 1.0, "commission_bps": 0.5, "cash_rate": 0.03},
}
FAILED = COMPLETED | {"resolution": "tick", "end_date": "2025-01-01"}
INTERRUPTED = {
    "symbols": ["AAPL", "MSFT"],
    "start_date": "2024-01-02T09:30:00",
    "end_date": "2024-02-01T00:00:00Z",
    "resolution": "tick",
    "strategy": {"name": "ma_crossover", "params": {"short_period": 500, "long_period": 2000}},
    "execution": {
        "slippage_ticks": 1.0,
        "maker_bps": -0.1,
        "taker_bps": 0.3,
        "commission_tiers": [{"notional": 1e6, "maker_bps": -0.2, "taker_bps": 0.2}],
        "latency_ms": [["2024-01-01", 5.0], [1705276800000000000, 7.0]],
        "leverage": 2.0,
        "cash_rate": [["2024-01-01", 0.03]],
        "off_step": "snap",
        "cost_basis": "fifo",
    },
    "instruments": {
        "AAPL": {"tick_size": 0.01, "lot_size": 1.0, "dividends": [["2024-01-09T12:00:00", 0.24]]},
        "MSFT": {"currency": "EUR", "borrow_rate": 0.01, "splits": [["2024-01-20T00:00:00Z", 2.0]]},
    },
    "initial_capital": 500000.0,
    "timezone": "America/New_York",
    "mark_every": "1h",
    "calendar": "XNYS",
    "fx": {"EUR": [["2024-01-01", 1.1], ["2024-01-15", 1.05]]},
}
QUEUED = COMPLETED | {"strategy": {"name": "buy_and_hold", "params": {"weight": 0.5}}}


def call(url: str, body: dict[str, Any] | None = None) -> Any:
    """The JSON that answers a GET, or a POST of `body`."""
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(url, data, {"content-type": "application/json"})) as answer:
        return json.load(answer)


def wait(url: str, run_id: str, state: str, progress: float) -> None:
    """Returns once the run is in `state` and has made at least `progress`."""
    while (status := call(f"{url}/{run_id}"))["state"] != state or status["progress"] < progress:
        if status["finished_at"] and status["state"] != state:
            raise SystemExit(f"{status}")
        time.sleep(0.002)


def main(folder: Path) -> None:
    """Fills a store, kills its server, and saves a compact copy."""
    with tempfile.TemporaryDirectory() as name:
        command = [
            sys.executable,
            "-m",
            "btserver",
            "serve",
            "--port",
            "0",
            "--store",
            name,
            "--workers",
            "1",
        ]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            address = next(found[1] for line in server.stdout if (found := re.search(r"(http://\S+)", line)))
            url = f"{address}/v1/backtests"
            wait(url, call(url, COMPLETED)["run_id"], "completed", 1.0)
            failed = call(url, FAILED)["run_id"]
            wait(url, failed, "running", 0.01)
            for worker in psutil.Process(server.pid).children():
                worker.kill()
            wait(url, failed, "failed", 0.0)
            interrupted = call(url, INTERRUPTED)["run_id"]
            call(url, QUEUED)
            wait(url, interrupted, "running", 0.01)
            server.kill()
        time.sleep(1.0)  # the worker ends by itself
        with lmdb.Environment(name, max_dbs=16, readonly=True) as store:
            store.copy(str(folder), compact=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
