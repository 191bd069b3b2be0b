"""Signals as columns: a crossover of two means on several symbols, with stops and a shared account."""

import numpy as np

import btcore as bt

symbols = ("AAPL", "MSFT", "NVDA")
bars = {symbol: bt.sample_bars(symbol, "2022-01-01", "2025-01-01") for symbol in symbols}


def mean(values: np.ndarray, n: int) -> np.ndarray:
    """The mean of the last `n` values, NaN before there are as many."""
    means = np.convolve(values, np.ones(n) / n)[: len(values)]
    means[: n - 1] = np.nan
    return means


def crossover(fast: int, slow: int, stop: float) -> bt.Signals:
    """Long while the fast mean is above the slow one; comparisons with NaN are False."""
    above = {s: mean(b.close, fast) > mean(b.close, slow) for s, b in bars.items()}
    below = {s: mean(b.close, fast) < mean(b.close, slow) for s, b in bars.items()}
    return bt.Signals(bars, above, below, stop_loss=stop, take_profit=3 * stop)


execution = bt.Execution(slippage_bps=2, commission_bps=1)
result = bt.run(bars, crossover(10, 50, 0.05), execution=execution)
print(result)
print(*(line for line in result.logs if line.startswith("signals: ")), sep="\n")

grid = {"fast": [5, 10, 20], "slow": [50, 100], "stop": [0.03, 0.05, 0.1]}
swept = bt.sweep(bars, crossover, grid, execution=execution)
best = swept.best("sharpe_ratio")
print(best.params, f"sharpe_ratio {best.metrics['sharpe_ratio']:.2f}")
