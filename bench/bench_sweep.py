"""Claim 4: a sweep of a thousand pairs of periods over 100,000 bars, with metrics for each."""

import subprocess
import sys

import numba
import numpy as np
import pytest

import btcore as bt

from .bench_events import COSTS
from .data import bars
from .measure import figure
from .peers.loops import sweep, sweep_on_threads
from .peers.work import CAPITAL, FEE, LONGS, SHORTS, pairs, scaled

GRID = {"short_period": list(SHORTS), "long_period": list(LONGS)}
GOALS = {1: 0.7e9, 2: 1.3e9}
MEMORY = """
from bench.bench_sweep import COSTS, GRID, bt, bars, scaled
from bench.memory import Peak
data = bars(scaled(100_000))
with Peak() as peak:
    bt.sweep({"A": data}, "ma_crossover", GRID, execution=COSTS, workers=2)
print(peak.megabytes)
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_sweep(benchmark, workers):
    data = bars(scaled(100_000))
    shorts, longs = np.array(pairs(1000)).T
    by_hand = sweep if workers == 1 else sweep_on_threads
    numba.set_num_threads(min(workers, numba.config.NUMBA_NUM_THREADS))
    result = figure(
        benchmark,
        lambda: bt.sweep({"A": data}, "ma_crossover", GRID, execution=COSTS, workers=workers),
        claim=4,
        what=f"1,000 pairs of `ma_crossover`, {workers} thread{'s'[: workers - 1]}",
        work=len(shorts) * len(data),
        unit="bar-evaluations",
        bound=("Numba loop", lambda: by_hand(data.open, data.close, shorts, longs, CAPITAL, FEE)),
        goal=("rate", GOALS[workers]),
        note="metrics for each pair; the loop: return, Sharpe of bars, drawdown",
        rounds=5,
    )
    returns = by_hand(data.open, data.close, shorts, longs, CAPITAL, FEE)[:, 0]
    assert np.allclose(result.metrics["total_return"], 100.0 * returns, rtol=1e-6, atol=1e-9)


def test_memory(benchmark):
    """Memory of a sweep above that of its data, in a fresh process."""
    taken = []

    def once():
        done = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, check=True, text=True)
        taken.append(float(done.stdout))

    benchmark.pedantic(once, rounds=1)
    benchmark.extra_info |= {"claim": 4, "what": "memory of the sweep above its data", "megabytes": taken[0]}
    benchmark.extra_info["goal"] = ("megabytes", 100)
