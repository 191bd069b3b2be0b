"""A backtest on the server: submit it, follow its events, print its metrics, draw its equity curve.

btserver serve                    # in one terminal
python examples/demo.py http://127.0.0.1:8000 demo.html
"""

import json
import sys
from types import SimpleNamespace
from typing import Any
from urllib.request import Request, urlopen

import numpy as np
from websockets.sync.client import connect

from btcore.results.report.chart import draw
from btcore.results.summary import format_metric

BACKTEST = {
    "symbols": ["AAPL", "MSFT", "NVDA", "AMZN"],
    "start_date": "2024-01-01",
    "end_date": "2024-05-01",
    "resolution": "tick",
    "strategy": {
        "name": "ma_crossover",
        "params": {"short_period": 2000, "long_period": 8000},
    },
    "execution": {"slippage_bps": 0.5, "commission_bps": 0.5, "latency_ms": 5},
    "initial_capital": 1_000_000,
}
SHOWN = (
    "total_return sharpe_ratio max_drawdown win_rate profit_factor total_trades total_commission final_equity"
)


def call(url: str, body: dict[str, Any] | None = None) -> Any:
    """The JSON response to a GET, or to a POST of `body`."""
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(url, data, {"Content-Type": "application/json"}), timeout=60) as answer:
        return json.load(answer)


def watch(server: str, run_id: str) -> str:
    """Prints the run's events as they arrive, and returns its last state."""
    state, equity = "queued", BACKTEST["initial_capital"]
    stream = f"{server.replace('http', 'ws', 1)}/v1/backtests/{run_id}/stream"
    with connect(stream) as events:
        for message in events:  # until the server closes the stream after the last event
            event = json.loads(message)
            payload = event["payload"]
            if event["type"] == "state":
                state = payload["state"]
                print(f"\r{event['event_id']:>5}  {state:<70}")
            elif event["type"] == "log":
                print(f"\r{event['event_id']:>5}  {payload['message']:<70}")
            elif event["type"] == "metric" and payload["name"] == "equity":
                equity = payload["value"]
            elif event["type"] == "progress":
                done = round(40 * payload["progress"])
                bar = f"[{'#' * done}{'.' * (40 - done)}] {payload['progress']:4.0%}"
                print(f"\r{event['event_id']:>5}  {bar}  equity {equity:,.2f}", end="", flush=True)
    return state


def draw_curves(results: dict[str, Any], path: str) -> None:
    """Draws equity, drawdown and exposure into an .html or .svg file."""
    rows = [
        (
            np.datetime64(point["timestamp"].rstrip("Z"), "ns").astype(np.int64),
            *map(point.get, ("equity", "cash", "positions")),
        )
        for point in results["equity_curve"]
    ]
    kinds = [("timestamp", "i8"), ("equity", "f8"), ("cash", "f8"), ("positions", "f8")]
    curve = np.array(rows, kinds)
    draw(
        SimpleNamespace(
            metrics=results["metrics_summary"],
            equity_curve=curve,
            trades=np.empty(0, [("symbol", "U8")]),
            markets={},  # the server's results have no prices
            benchmark_curve=curve[:0],
            logs=results["logs"],
            manifest=results["manifest"],
            fingerprint=results["fingerprint"],
        )
    ).save(path)


def main(server: str = "http://127.0.0.1:8000", path: str = "demo.html") -> int:
    status = call(f"{server}/v1/backtests", BACKTEST)
    print(f"POST /v1/backtests -> {status['run_id']} is {status['state']}")
    if watch(server, status["run_id"]) != "completed":
        print(call(f"{server}/v1/backtests/{status['run_id']}")["error"], file=sys.stderr)
        return 1
    results = call(f"{server}/v1/backtests/{status['run_id']}/results")
    print()
    for name in SHOWN.split():
        print(f"  {name:<20}{format_metric(results['metrics_summary'][name]):>18}")
    draw_curves(results, path)
    print(f"\nThe equity curve of {len(results['equity_curve']):,} points is drawn in {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
