"""Compares ratios to hand-written loops, and instructions per event, with baseline.json."""

import json
import platform
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

import btcore as bt

from . import instructions
from .bench_events import COSTS, FAST, SLOW
from .data import bars, quotes, trades
from .handwritten.native import ema_loop
from .measure import clock
from .page import compiler_version, machine, processor
from .peers.loops import play_bars, play_orders, sweep
from .peers.work import CAPITAL, FEE, order_rows

FILE = Path(__file__).with_name("baseline.json")
FALL, DRIFT = 0.15, 0.03  # allowed fall of a ratio, allowed growth of a count of instructions
ROUNDS, ATTEMPTS = 8, 5
Pair = tuple[Callable[[], Any], Callable[[], Any]]


def of_quotes() -> Pair:
    data = quotes(10_000_000)
    return (
        lambda: bt.run({"A": data}, "ema_crossover", SLOW, execution=COSTS),
        lambda: ema_loop(data, *SLOW.values()),
    )


def of_bars() -> Pair:
    data = bars(1_000_000)
    return (
        lambda: bt.run({"A": data}, "ma_crossover", FAST, execution=COSTS).metrics,
        lambda: play_bars(data.open, data.close, *FAST.values(), CAPITAL, FEE),
    )


def of_sweep() -> Pair:
    data = bars(100_000)
    shorts, longs = np.arange(2, 12), np.arange(60, 160, 10)
    grid = {"short_period": shorts.tolist(), "long_period": longs.tolist()}
    left, right = np.repeat(shorts, len(longs)), np.tile(longs, len(shorts))
    return (
        lambda: bt.sweep({"A": data}, "ma_crossover", grid, execution=COSTS, workers=1),
        lambda: sweep(data.open, data.close, left, right, CAPITAL, FEE),
    )


def of_orders() -> Pair:
    data = trades(1_000_000)
    rows, sizes = order_rows(len(data), 0.1)
    orders = bt.Orders(data.timestamp[rows], "A", np.where(sizes > 0, 1, -1), np.abs(sizes))
    return (
        lambda: bt.run({"A": data}, orders, execution=COSTS),
        lambda: play_orders(data.price, rows, sizes, CAPITAL, FEE),
    )


RATIOS = {
    "quotes, ema_crossover ÷ C loop": of_quotes,
    "bars, ma_crossover ÷ Numba loop": of_bars,
    "sweep of 100 pairs ÷ Numba loop": of_sweep,
    "order array, 10 % ÷ Numba loop": of_orders,
}


def reached(pair: Pair, enough: float = float("inf")) -> float:
    """The loop's best time ÷ our best time. Ends early once the ratio is at least `enough`.

    Rounds of both alternate. Other load can only slow a round, so the best times are compared.
    """
    best = [float("inf")] * 2
    for function in pair:
        function()
    for _ in range(ATTEMPTS):
        for _ in range(ROUNDS):
            best = [min(least, clock(function)) for least, function in zip(best, pair, strict=True)]
        if best[1] / best[0] >= enough:
            break
    return round(best[1] / best[0], 3)


def tools() -> str:
    """Compiler, machine, CPython and Cython, on which counts of instructions depend."""
    python = ".".join(platform.python_version_tuple()[:2])
    return f"{compiler_version()}; {platform.machine()}; CPython {python}; Cython {version('cython')}"


def update() -> int:
    """Measures and writes the baseline. Ratios measured on other processors stay."""
    known = json.loads(FILE.read_text())["ratios"] if FILE.exists() else {}
    found = known | {processor(): {name: reached(make()) for name, make in RATIOS.items()}}
    counts = instructions.per_event() if instructions.available() else {}
    baseline = {"machine": machine(), "ratios": found, "tools": tools(), "instructions": counts}
    FILE.write_text(json.dumps(baseline, indent=2, ensure_ascii=False) + "\n")
    print(FILE.read_text(), end="")
    return 0


def check() -> int:
    """Prints every comparison; returns 0 if nothing is worse than the baseline, else 1."""
    if not FILE.exists():
        print(f"{FILE.name} is missing: `scripts/bench --update` writes it")
        return 2
    baseline = json.loads(FILE.read_text())
    committed = baseline["ratios"].get(processor())
    if committed is None:
        committed = lowest(baseline["ratios"].values())
        print(f"no ratios of {processor()}: compared with the lowest of {', '.join(baseline['ratios'])}")
    return int(fallen(committed) + grown(baseline) > 0)


def lowest(known: Iterable[dict[str, float]]) -> dict[str, float]:
    """The lowest ratio of each name."""
    found: dict[str, float] = {}
    for ratios in known:
        found |= {name: min(ratio, found.get(name, ratio)) for name, ratio in ratios.items()}
    return found


def fallen(committed: dict[str, float]) -> int:
    """Number of ratios more than FALL below the baseline."""
    wrong = 0
    for name, figure in committed.items():
        least = figure * (1.0 - FALL)
        now = reached(RATIOS[name](), least)
        wrong += now < least
        print(
            f"{'FELL' if now < least else 'ok':>6}  {name}: {now:.2f}"
            f" (committed {figure:.2f}, at least {least:.2f})"
        )
    return wrong


def grown(baseline: dict[str, Any]) -> int:
    """Number of counts more than DRIFT above the baseline. A fall is printed but does not count."""
    committed = baseline["instructions"]
    if not instructions.available():
        print("skipped: instructions are not counted without valgrind")
        return 0
    if baseline["tools"] != tools():
        print(f"skipped: the baseline was counted with {baseline['tools']}, this machine has {tools()}")
        return 0
    wrong = 0
    for name, now in instructions.per_event(list(committed)).items():
        change = now / committed[name] - 1.0
        word = "GREW" if change > DRIFT else "fell" if change < -DRIFT else "ok"
        wrong += change > DRIFT
        print(
            f"{word:>6}  {name}: {now:.1f} instructions per event"
            f" (committed {committed[name]:.1f}, {change:+.1%})"
        )
        if word == "fell":
            print("        `scripts/bench --update` makes this the baseline")
    return wrong
