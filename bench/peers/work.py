"""The work of every peer, and its report. Needs only numpy."""

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

QUICK = bool(os.environ.get("BTCORE_BENCH_QUICK"))
START = 1_704_067_200 * 10**9
MINUTE = 60 * 10**9
CAPITAL, FEE = 1e6, 1e-4  # initial cash; commission as a share of the notional of each fill
BARS = (10, 30)  # periods of the two means
TICKS = (500, 2000)  # periods of the two EMAs over quotes, which cross about every 1,500 quotes
SHORTS, LONGS = range(2, 52, 2), range(60, 460, 10)  # 25 x 40: the thousand pairs of the sweep
SHARES = (0.01, 0.1, 1.0)  # share of rows that trade, in an array of orders


def scaled(n: int, least: int = 1000) -> int:
    """`n`, or a fiftieth of it with `--quick`."""
    return max(least, n // 50) if QUICK else n


def walk(n: int, seed: int = 7) -> np.ndarray:
    """A random walk in cents from 100 that never falls below it."""
    steps = np.random.default_rng(seed).integers(-1, 2, n, dtype=np.int8)
    cents = np.abs(np.cumsum(steps, dtype=np.int32)).astype(np.float64)
    cents += 10_000.0
    cents /= 100.0
    return cents


def candles(n: int) -> dict[str, np.ndarray]:
    """The walk as minute bars; each opens at the close of the one before."""
    close = walk(n)
    opened = np.r_[close[0], close[:-1]]
    return {
        "timestamp": START + MINUTE * np.arange(n),
        "open": opened,
        "high": np.maximum(opened, close) + 0.01,
        "low": np.minimum(opened, close) - 0.01,
        "close": close,
        "volume": np.full(n, 1e4),
    }


def ticks(n: int) -> dict[str, np.ndarray]:
    """The walk as quotes one cent wide, 10 ms apart."""
    mid = walk(n)
    return {"timestamp": START + 10**7 * np.arange(n), "bid": mid - 0.005, "ask": mid + 0.005}


def order_rows(n: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Rows that trade, and their signed sizes: 10, -10, 10 ..."""
    rows = np.linspace(0, n - 2, int(n * share)).astype(np.int64)
    return rows, np.where(np.arange(len(rows)) % 2, -10.0, 10.0)


def pairs(count: int) -> list[tuple[int, int]]:
    """Some of the pairs of the sweep, spread over its grid."""
    grid = [(short, long) for short in SHORTS for long in LONGS]
    return grid[:: max(1, len(grid) // count)][:count]


_rows: list[dict[str, Any]] = []


def measure(
    workload: str,
    kind: str,
    work: int,
    function: Callable[[], Any],
    *,
    computed: str | Callable[[Any], str],
    rounds: int = 5,
) -> None:
    """Runs once to warm up, then `rounds` times.

    `computed` describes the output: a text, or a function of the output that
    returns one.
    """
    seconds = []
    for attempt in range(rounds + 1):
        start = time.perf_counter()
        result = function()
        seconds.append(time.perf_counter() - start)
        if attempt == 0 and seconds[0] > 60.0:  # for a peer this slow one round is enough
            break
    seconds = seconds[1:] or seconds
    text = computed if isinstance(computed, str) else computed(result)
    _rows.append({"workload": workload, "kind": kind, "work": work, "seconds": seconds, "computed": text})
    print(
        f"  {workload} ({kind}): {work / sorted(seconds)[len(seconds) // 2] / 1e6:.3g} M/s", file=sys.stderr
    )


def report(*versions: str) -> None:
    """Prints one line of JSON, the last of this process."""
    print(json.dumps({"versions": list(versions), "rows": _rows}))
