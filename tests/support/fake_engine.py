"""A fast engine for tests. The parameters of the strategy set what a run does.

steps, pause: number of progress reports, and the seconds between two.
gate: a file; the run waits at half its steps until it exists.
rows, logs: rows of the equity curve, and extra log lines.
fail: the run raises, DataError for "data". crash: the process ends with this exit code.
"""

import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from btcore.config import RunRequest
from btcore.errors import ConfigError, DataError
from btcore.results.export import to_json
from btserver.runs import engine

PARAMETERS = {"steps": int, "rows": int, "gate": str, "fail": str, "crash": int, "pause": float, "logs": int}
SYMBOLS = ("AAPL", "MSFT")


def open_source(data: str | None) -> object:
    if "FAKE_ENGINE_BROKEN" in os.environ and "btserver.runs.worker" in sys.orig_argv:
        raise ImportError("the engine cannot be imported")
    return data


def check_request(request: RunRequest, source: object) -> None:
    if request.strategy.name not in ("buy_and_hold", "scripted"):
        raise ConfigError(
            f"strategy.name: {request.strategy.name!r} is unknown; choose from buy_and_hold, scripted"
        )
    for name, value in request.strategy.params.items():
        if name not in PARAMETERS:
            raise ConfigError(
                f"strategy.params.{name}: unknown parameter; choose from {', '.join(PARAMETERS)}"
            )
        kind = PARAMETERS[name]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise ConfigError(f"strategy.params.{name}: {value!r} is not of type {kind.__name__}")
        if name == "steps" and not 0 <= value <= 100_000:
            raise ConfigError(f"strategy.params.steps: {value} is not between 0 and 100000")
    for index, symbol in enumerate(request.symbols):
        if symbol.startswith("NO"):
            raise DataError(f"symbols[{index}]: no data for {symbol!r}; choose from {', '.join(SYMBOLS)}")


def count_rows(request: RunRequest, source: object) -> int:
    return len(request.symbols) * request.strategy.params.get("rows", 3)


def data_mark(request: RunRequest, source: object) -> bytes:
    return b"fake"


def run_request(request: RunRequest, source: object, progress: Any) -> Any:
    params = request.strategy.params
    steps = params.get("steps", 4)
    for step in range(steps):
        if step == steps // 2 and "gate" in params:
            _wait(params["gate"], progress, step / steps)
        progress(
            SimpleNamespace(fraction=step / steps, now=request.start_ns, equity=1e6 + step / 3, events=step)
        )
        time.sleep(params.get("pause", 0.0))
    if "crash" in params:
        os._exit(params["crash"])
    if params.get("fail") == "data":
        raise DataError("AAPL.csv row 3: high < low")
    if "fail" in params:
        raise RuntimeError("a bug")
    result = _result(request, params.get("rows", 3))
    result.logs += [f"line {number} " + "x" * 8000 for number in range(params.get("logs", 0))]
    return result


def _wait(gate: str, progress: Any, fraction: float) -> None:
    deadline = time.monotonic() + 60
    while not Path(gate).exists():
        assert time.monotonic() < deadline, "the file of the gate was not created"
        progress(SimpleNamespace(fraction=fraction, now=0, equity=1e6, events=0))
        time.sleep(0.005)


def _result(request: RunRequest, count: int) -> Any:
    equity = np.zeros(count, [("timestamp", "i8"), ("equity", "f8"), ("cash", "f8"), ("positions", "f8")])
    equity["timestamp"] = request.start_ns + np.arange(count) * 86_400_000_000_000
    equity["equity"] = 0.1 + np.arange(count) / 3
    equity["cash"] = 1 / 3
    dtype = [
        ("timestamp", "i8"),
        ("symbol", "U8"),
        ("side", "U4"),
        ("quantity", "f8"),
        ("price", "f8"),
        ("commission", "f8"),
    ]
    trades = np.array([(request.start_ns, request.symbols[0], "buy", 2.0, 0.1 + 0.2, 1e-9)], dtype)
    empty = np.zeros(0, [("timestamp", "i8"), ("symbol", "U8"), ("value", "f8")])
    return SimpleNamespace(
        metrics={"total_return": np.float64(0.1) + 0.2, "sharpe_ratio": None, "total_trades": 1, "name": "x"},
        tables=lambda: {
            "equity_curve": equity,
            "trades": trades,
            "exposures": empty,
            "orders": empty,
            "round_trips": empty,
        },
        logs=["first line", "second line"],
        manifest={"data": "synthetic sample data", "rows": np.int64(count)},
        fingerprint="abc123",
    )


def rows_json(rows: Any, start: int, stop: int) -> bytes:
    return to_json(rows[start:stop])


write_table = engine.write_table


def list_strategies() -> list[dict[str, Any]]:
    types = {int: "integer", float: "number", str: "string"}
    properties = {name: {"type": types[kind]} for name, kind in PARAMETERS.items()}
    scripted = {"type": "object", "properties": properties}
    plain = {"name": "buy_and_hold", "description": "Does nothing.", "parameters": {"type": "object"}}
    steered = {"name": "scripted", "description": "Does what its parameters say.", "parameters": scripted}
    return [plain | {"package": None}, steered | {"package": None}]


def list_symbols(source: object, resolution: str | None) -> dict[str, Any]:
    return {"symbols": list(SYMBOLS), "source": "fake"}


def describe_symbol(source: object, symbol: str) -> dict[str, Any] | None:
    if symbol not in SYMBOLS:
        return None
    times = {"first": "2024-01-01T00:00:00Z", "last": "2024-12-31T00:00:00Z"}
    dataset = {"resolution": "day", "kind": "bars", "rows": 366, "timezone": "UTC"} | times
    return {"symbol": symbol, "source": "fake", "datasets": [dataset]}
