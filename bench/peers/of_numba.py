"""A hand-written loop, compiled by Numba."""

import loops
import numba
import numpy as np
import work
from work import CAPITAL, FEE

if __name__ == "__main__":
    candles = work.candles(work.scaled(1_000_000))
    opened, close = candles["open"], candles["close"]
    work.measure(
        "bars",
        "loop by hand",
        len(close),
        lambda: loops.play_bars(opened, close, *work.BARS, CAPITAL, FEE),
        computed="its own means; next open; equity a bar, return, Sharpe of bars, drawdown",
    )
    few = close[: work.scaled(100_000)]
    shorts, longs = np.array(work.pairs(1000)).T
    work.measure(
        "sweep",
        "loop by hand",
        len(few) * len(shorts),
        lambda: loops.sweep(opened[: len(few)], few, shorts, longs, CAPITAL, FEE),
        computed="means of each pair computed again; return, Sharpe of bars, drawdown",
        rounds=3,
    )
    for share in work.SHARES:
        rows, sizes = work.order_rows(len(close), share)
        work.measure(
            f"orders {share:.0%}",
            "loop by hand",
            len(close),
            lambda r=rows, s=sizes: loops.play_orders(close, r, s, CAPITAL, FEE),
            computed="fills at the close; equity a row, return, drawdown; no records",
        )
    ticks = work.ticks(work.scaled(10_000_000))
    work.measure(
        "ticks",
        "array kernel",
        len(ticks["bid"]),
        lambda: loops.play_quotes(*ticks.values(), *work.TICKS, CAPITAL, FEE, work.MINUTE),
        computed="its own EMAs; fills at bid and ask; one-minute curve; no metrics",
    )
    work.report(f"numba {numba.__version__}", f"numpy {np.__version__}")
