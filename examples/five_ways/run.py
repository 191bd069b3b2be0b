"""Plays the crossover and the mean reversion in all five ways, and prints what each costs; results are equal.

    python examples/five_ways/run.py          # 50 000 bars
    python examples/five_ways/run.py 200000

A cost is the time from the parameters to the result, in ns per bar. That of signals has the computation of
their columns. None has the compilation by Numba and Cython, which happens once. The ways take turns, so that
all meet the same load of the machine. A row has the median of the repeats, the least and the greatest, and
the ratio of the median to that of the built-in.
"""

import sys
import time
from statistics import median

from ways import IDEAS, cython_module, ways

import btcore as bt

REPEATS = 7
COSTS = bt.Execution(slippage_bps=1.0, commission_bps=0.5)


def main(rows: int = 50_000) -> None:
    bars = bt.sample_bars("AAPL", "2023-01-01", "2025-01-01", "1min")
    data = {"AAPL": bars.slice(int(bars.timestamp[0]), int(bars.timestamp[min(rows, len(bars) - 1)]))}
    count = len(data["AAPL"])
    began = time.perf_counter()
    cython_module()
    print(f"{count} bars; Cython compiled in {time.perf_counter() - began:.1f} s\n")
    for name, idea in IDEAS.items():
        made = ways(idea)
        times: dict[str, list[float]] = {way: [] for way in made}
        results = {}
        for _ in range(REPEATS):
            for way, make in made.items():
                began = time.perf_counter()
                strategy, params = make(data)
                results[way] = bt.run(data, strategy, params, execution=COSTS, progress=False)
                times[way].append((time.perf_counter() - began) / count * 1e9)
        first = results["built-in"]
        for way, result in results.items():
            assert result.trades.tobytes() == first.trades.tobytes(), way
            assert result.equity_curve.tobytes() == first.equity_curve.tobytes(), way
        print(f"{name}: {len(first.trades)} equal fills, total return {first.metrics['total_return']:.2f} %")
        print(f"  {'':10}{'ns/bar':>8}{'least':>8}{'greatest':>10}{'ratio':>8}")
        base = median(times["built-in"])
        for way, each in times.items():
            cost = median(each)
            print(f"  {way:10}{cost:8.0f}{min(each):8.0f}{max(each):10.0f}{cost / base:8.1f}")
        print()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
