"""ferro-ta: its Rust functions, called as in its own `backtest` and `sweep`."""

import ferro_ta._ferro_ta as rust
import numpy as np
import work
from ferro_ta import __version__
from work import CAPITAL, FEE

COST = {"commission_per_trade": 0.0, "slippage_bps": FEE * 1e4, "initial_capital": CAPITAL}
METRICS = "equity a bar from returns, no records of trades; its 20-odd metrics"


def bars():
    candles = work.candles(work.scaled(1_000_000))
    close = candles["close"]
    signals = np.asarray(rust.sma_crossover_signals(close, *work.BARS))
    work.measure(
        "bars",
        "kernel, signals given",
        len(close),
        lambda: rust.backtest_core(close, signals, **COST),
        computed="positions, returns and equity a bar: no means, no trades, no metrics",
    )

    def whole():
        signals = np.asarray(rust.sma_crossover_signals(close, *work.BARS))
        _, _, returns, equity = rust.backtest_core(close, signals, **COST)
        return rust.compute_performance_metrics(returns, equity)

    work.measure(
        "bars", "from prices to metrics", len(close), whole, computed=f"long or short at the close; {METRICS}"
    )


def ticks():
    quotes = work.ticks(work.scaled(5_000_000))
    mid = 0.5 * (quotes["bid"] + quotes["ask"])
    fast, slow = (np.asarray(rust.ema(mid, period)) for period in work.TICKS)
    signals = (fast > slow).astype(float)
    work.measure(
        "ticks",
        "array kernel, signals given",
        len(mid),
        lambda: rust.backtest_core(mid, signals, **COST),
        computed="mids as closes: positions, returns, equity a tick; no EMAs, no bid and ask, no trades",
        rounds=3,
    )

    def whole():
        fast, slow = (np.asarray(rust.ema(mid, period)) for period in work.TICKS)
        return rust.backtest_core(mid, (fast > slow).astype(float), **COST)

    work.measure(
        "ticks",
        "array kernel with its EMAs",
        len(mid),
        whole,
        computed="mids as closes: EMAs, positions, returns, equity a tick; no bid and ask, no trades",
        rounds=3,
    )


def sweep():
    close = work.candles(work.scaled(100_000))["close"]
    pairs = np.array(work.pairs(1000), float)
    work.measure(
        "sweep",
        "from prices to metrics",
        len(close) * len(pairs),
        lambda: rust.backtest_sweep_builtin_core(
            close, "sma_crossover", ["fast", "slow"], pairs, parallel=False, **COST
        ),
        computed="long or short at the close; a matrix of returns, its metrics of each pair",
        rounds=2,
    )


def orders():
    close = work.candles(work.scaled(1_000_000))["close"]
    for share in work.SHARES:
        rows, sizes = work.order_rows(len(close), share)
        held = np.zeros(len(close))
        held[rows] = sizes / 10.0
        held = np.cumsum(held)
        work.measure(
            f"orders {share:.0%}",
            "kernel, as positions",
            len(close),
            lambda held=held: rust.backtest_core(close, held, **COST),
            computed="positions, not orders: all of equity or none; equity a row, no trades, no metrics",
        )


if __name__ == "__main__":
    for run in (bars, ticks, sweep, orders):
        run()
    work.report(f"ferro-ta {__version__}", f"numpy {np.__version__}")
