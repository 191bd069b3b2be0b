"""Signals as columns: a crossover of two means on several symbols, with stops and a shared account."""

import btcore as bt

COSTS = bt.Execution(slippage_bps=2, commission_bps=1)


def crossover(data: dict[str, bt.Bars], fast: int = 10, slow: int = 50, stop: float = 0.05) -> bt.Signals:
    """Long while the fast mean is above the slow one; comparisons with NaN are False."""
    means = {s: [bt.indicators.sma(b.close, n) for n in (fast, slow)] for s, b in data.items()}
    above = {s: quick > calm for s, (quick, calm) in means.items()}
    below = {s: quick < calm for s, (quick, calm) in means.items()}
    return bt.Signals(data, above, below, stop_loss=stop, take_profit=3 * stop)


if __name__ == "__main__":
    bars = {symbol: bt.sample_bars(symbol, "2022-01-01", "2025-01-01") for symbol in ("AAPL", "MSFT", "NVDA")}
    result = bt.run(bars, crossover(bars), execution=COSTS)
    print(result)
    print(*(line for line in result.logs if line.startswith("signals: ")), sep="\n")
    print(bt.leakcheck(bars, crossover, execution=COSTS))

    def of_parameters(fast: int, slow: int, stop: float) -> bt.Signals:
        return crossover(bars, fast, slow, stop)

    grid = {"fast": [5, 10, 20], "slow": [50, 100], "stop": [0.03, 0.05, 0.1]}
    swept = bt.sweep(bars, of_parameters, grid, execution=COSTS)
    best = swept.best("sharpe_ratio")
    print(best.params, f"sharpe_ratio {best.metrics['sharpe_ratio']:.2f}")
