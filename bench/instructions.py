"""Instructions per event, counted by valgrind: unlike times, they do not depend on load.

`python -m bench.instructions NAME PARTS` runs under valgrind: it generates two parts of data and runs over
the first PARTS of them. The difference between two parts and one is the cost of the events alone.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from shutil import which
from typing import Any

import numpy as np
from msgspec.structs import replace

import btcore as bt

from .data import bars, quotes, trades
from .handwritten.native import idle_function
from .peers.work import BARS, FEE, TICKS, order_rows

PART = 250_000  # events
SWEPT = {"short_period": [5, 10, 15, 20], "long_period": [30, 60, 90, 120]}
COSTS = bt.Execution(commission_bps=FEE * 1e4)


def periods(pair: tuple[int, int]) -> dict[str, int]:
    return dict(zip(("short_period", "long_period"), pair, strict=True))


def cut(data: Any, n: int) -> Any:
    """The first `n` rows."""
    return data.slice(None, int(data.timestamp[n])) if n < len(data) else data


def quotes_ema(n: int) -> Callable[[], Any]:
    data = cut(quotes(2 * PART), n)
    return lambda: bt.run({"A": data}, "ema_crossover", periods(TICKS), execution=COSTS)


def bars_ma(n: int) -> Callable[[], Any]:
    data = cut(bars(2 * PART), n)
    return lambda: bt.run({"A": data}, "ma_crossover", periods(BARS), execution=COSTS).metrics


def called_at_quotes(n: int) -> Callable[[], Any]:
    """A C function that does nothing, called at every quote."""
    data = cut(quotes(2 * PART), n)
    return lambda: bt.run({"A": data}, bt.Compiled(idle_function(), events="quotes"), execution=COSTS)


def two_symbols(n: int) -> Callable[[], Any]:
    """The same with two symbols, whose quotes come in turn; counted per quote of both."""
    data = cut(quotes(PART), n // 2)
    other = bt.Quotes(data.timestamp + 1, data.bid, data.ask, data.bid_size, data.ask_size)
    strategy = bt.Compiled(idle_function(), events="quotes")
    return lambda: bt.run({"A": data, "B": other}, strategy, execution=COSTS)


def order_array(n: int, execution: bt.Execution = COSTS) -> Callable[[], Any]:
    """Orders at a tenth of the rows."""
    data = trades(2 * PART)
    rows, sizes = order_rows(2 * PART, 0.1)
    rows, sizes = rows[rows < n], sizes[rows < n]
    orders = bt.Orders(data.timestamp[rows], "A", np.where(sizes > 0, 1, -1), abs(sizes))
    data = cut(data, n)
    return lambda: bt.run({"A": data}, orders, execution=execution)


def engine_orders(n: int) -> Callable[[], Any]:
    """The same, played by the engine, as a run with a limit of orders is not plain; counted per order."""
    return order_array(n, replace(COSTS, max_order=1e12))


def sweep(n: int) -> Callable[[], Any]:
    """A sweep of sixteen pairs, counted per bar and pair."""
    data = cut(bars(2 * PART // 10), n // 10)
    return lambda: bt.sweep({"A": data}, "ma_crossover", SWEPT, execution=COSTS, workers=1)


WORKLOADS: dict[
    str, tuple[Callable[[int], Callable[[], Any]], float]
] = {  # with the evaluations per event of PART
    "quotes, ema_crossover": (quotes_ema, 1.0),
    "bars, ma_crossover": (bars_ma, 1.0),
    "C function at every quote": (called_at_quotes, 1.0),
    "C function at every quote of 2 symbols": (two_symbols, 1.0),
    "order array, 10 %": (order_array, 1.0),
    "the same in the engine, an order with its fill": (engine_orders, 0.1),
    "sweep, ma_crossover": (sweep, 16 / 10),
}


def available() -> bool:
    return which("valgrind") is not None


def count(name: str, parts: int) -> int:
    """Instructions of a whole process that runs over `parts` times PART events."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable]
    command += ["-m", "bench.instructions", name, str(parts)]
    env = os.environ | {"PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or not found:
        raise RuntimeError(f"{name}: {done.stderr.strip().splitlines()[-1]}")
    return int(found[1])


def per_event(names: list[str] | None = None) -> dict[str, float]:
    """Instructions per event of each workload; as many processes at once as there are cores."""
    names = list(WORKLOADS) if names is None else names
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        once, twice = (list(pool.map(lambda name, p=parts: count(name, p), names)) for parts in (1, 2))
    return {
        name: round((two - one) / (PART * WORKLOADS[name][1]), 2)
        for name, one, two in zip(names, once, twice, strict=True)
    }


if __name__ == "__main__":
    run = WORKLOADS[sys.argv[1]][0](PART * int(sys.argv[2]))
    run()
