"""Optimizations of a server process for tests, and a strategy whose trials are slow and leave a trace."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from server_process import ServerProcess, open_stream, read_until_closed, wait_until

PATH = "/v1/optimizations"
STRATEGY = '''"""A strategy for tests of the server."""

import os
import time
from pathlib import Path

import btcore as bt

FOLDER = Path(__file__).parent


class Counted(bt.Strategy):
    """Holds `level` shares; each run takes `pause` seconds and adds a line to a file; level 3 may fail.

    Level 5 waits for the file `gate` if there is `hold`.
    """

    level: int = 1
    pause: float = 0.0
    fails: bool = False

    def on_start(self, ctx):
        with (FOLDER / "plays.txt").open("a") as file:
            file.write(f"{self.level}\\n")
        time.sleep(self.pause)
        while self.level == 5 and (FOLDER / "hold").exists():
            time.sleep(0.01)
        if self.fails and self.level == 3:
            raise RuntimeError("level 3 is not for this strategy")

    def on_bar(self, ctx, bar):
        ctx.order_target(bar.symbol, self.level)
'''


def base(**changes: Any) -> dict[str, Any]:
    """The backtest of a search, with changes."""
    body: dict[str, Any] = {
        "symbols": ["AAPL"],
        "start_date": "2023-01-01",
        "end_date": "2024-01-01",
        "strategy": {"name": "ma_crossover"},
    }
    return body | changes


def whole(name: str, low: int, high: int, **more: Any) -> dict[str, Any]:
    """A parameter of whole numbers."""
    return {"name": name, "kind": "int_range", "low": low, "high": high, **more}


def search(*parameters: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The body of an optimization, with changes; a small grid of crossovers without parameters."""
    space = list(parameters) or [whole("short_period", 5, 8), whole("long_period", 20, 40, step=10)]
    return {"base_backtest": base(), "search_space": {"parameters": space}} | changes


def counted(levels: int, *, pause: float = 0.0, **changes: Any) -> dict[str, Any]:
    """A search over the levels of the strategy for tests."""
    strategy = {"name": "counted", "params": {"pause": pause, **changes.pop("params", {})}}
    return search(whole("level", 1, levels), base_backtest=base(strategy=strategy), **changes)


def own_strategies(folder: Path) -> tuple[str, str]:
    """The flags of a server with the strategy for tests, in a new folder."""
    folder.mkdir()
    (folder / "counted.py").write_text(STRATEGY)
    return ("--strategies", str(folder))


def plays(folder: Path) -> list[int]:
    """The levels that were begun, in order."""
    path = folder / "plays.txt"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def start(server: ServerProcess, body: dict[str, Any], **headers: str) -> str:
    """The id of an optimization that the server has accepted."""
    answer = server.http.post(PATH, json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    found: str = answer.json()["optimization_id"]
    assert answer.headers["location"] == f"{PATH}/{found}"
    return found


def status(server: ServerProcess, key: str) -> dict[str, Any]:
    shown: dict[str, Any] = server.http.get(f"{PATH}/{key}").json()
    return shown


def ended(server: ServerProcess, key: str) -> dict[str, Any]:
    """The status once the optimization has ended."""
    return wait_until(lambda: (s := status(server, key))["finished_at"] and s, f"the end of {key}")


def reached(server: ServerProcess, key: str, completed: int) -> dict[str, Any]:
    """The status once so many trials are completed."""
    return wait_until(
        lambda: (s := status(server, key))["trials_completed"] >= completed and s, f"{completed} trials"
    )


def results(server: ServerProcess, key: str, **query: str) -> dict[str, Any]:
    answer = server.http.get(f"{PATH}/{key}/results", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def events(server: ServerProcess, key: str, after: int = 0) -> list[dict[str, Any]]:
    """All events after one, up to the end; the stream must close with 1000."""
    url = f"{server.url.replace('http', 'ws', 1)}{PATH}/{key}/stream?last_event_id={after}"
    seen, code, _ = read_until_closed(open_stream(url))
    assert code == 1000
    return seen


def studied(store: Path, key: str) -> dict[str, str]:
    """The fingerprints of the trials in the study, with the time of their end and their seconds."""
    path = store / "studies" / f"{key}.sqlite"
    with closing(sqlite3.connect(path)) as file:
        rows = file.execute("SELECT fingerprint, finished || ' ' || seconds FROM trials").fetchall()
    return dict(rows)
