"""raptorbt: its single backtest on signals, its batch and its backtest on ticks."""

from importlib.metadata import version

import numpy as np
import raptorbt
import work
from work import CAPITAL, FEE

METRICS = "next open; equity a bar, its 33 metrics, records of trades"


def config():
    return raptorbt.BacktestConfig(initial_capital=CAPITAL, fees=FEE, fill_timing="next_bar_open")


def columns(candles):
    names = ("timestamp", "open", "high", "low", "close", "volume")
    return [candles[name] for name in names]


def crosses(close, periods, mean):
    """Entry and exit signals: the first row on each side; none before both means are known."""
    fast, slow = (np.asarray(mean(close, int(period))) for period in periods)
    above = fast > slow
    before = np.r_[False, above[:-1]]
    return above & ~before, ~above & before


def bars():
    candles = work.candles(work.scaled(1_000_000))
    arrays = columns(candles)
    entries, exits = crosses(candles["close"], work.BARS, raptorbt.sma)

    def given(entries=entries, exits=exits):
        return raptorbt.run_single_backtest(
            *arrays, entries, exits, direction=1, weight=1.0, symbol="A", config=config()
        )

    n = len(entries)
    work.measure("bars", "kernel, signals given", n, given, computed=f"no means; {METRICS}")
    work.measure(
        "bars",
        "from prices to metrics",
        n,
        lambda: given(*crosses(candles["close"], work.BARS, raptorbt.sma)),
        computed=METRICS,
    )


def ticks():
    quotes = work.ticks(work.scaled(2_000_000))
    mid, none = 0.5 * (quotes["bid"] + quotes["ask"]), np.zeros(len(quotes["bid"]))
    entries, exits = crosses(mid, work.TICKS, raptorbt.ema)
    prices = quotes["timestamp"], mid, quotes["bid"], quotes["ask"], none, none, none

    def given(entries=entries, exits=exits):
        return raptorbt.run_tick_backtest(
            *prices, entries, exits, symbol="A", initial_capital=CAPITAL, fees=FEE
        )

    work.measure(
        "ticks",
        "array kernel, signals given",
        len(mid),
        given,
        computed="no EMAs; one unit a trade; equity a tick, its metrics",
        rounds=3,
    )
    work.measure(
        "ticks",
        "array kernel with its EMAs",
        len(mid),
        lambda: given(*crosses(mid, work.TICKS, raptorbt.ema)),
        computed="EMAs; one unit a trade; equity a tick, its metrics",
        rounds=3,
    )


def sweep():
    candles = work.candles(work.scaled(100_000))
    arrays, count = columns(candles), 50

    def whole():
        items = [
            raptorbt.BatchSingleItem(str(k), *crosses(candles["close"], pair, raptorbt.sma), config=config())
            for k, pair in enumerate(work.pairs(count))
        ]
        return raptorbt.batch_single_backtest(*arrays, items)

    work.measure(
        "sweep",
        f"from prices to metrics, {count} of the pairs",
        len(candles["close"]) * count,
        whole,
        computed=METRICS,
        rounds=2,
    )


def orders():
    candles = work.candles(work.scaled(1_000_000))
    arrays = columns(candles)
    for share in work.SHARES:
        rows, sizes = work.order_rows(len(candles["close"]), share)
        entries, exits = (np.zeros(len(candles["close"]), bool) for _ in range(2))
        entries[rows[sizes > 0]], exits[rows[sizes < 0]] = True, True
        work.measure(
            f"orders {share:.0%}",
            "as entries and exits, to metrics",
            len(entries),
            lambda e=entries, x=exits: raptorbt.run_single_backtest(*arrays, e, x, config=config()),
            computed=f"all of equity a trade; {METRICS}",
            rounds=3,
        )


if __name__ == "__main__":
    for run in (bars, ticks, sweep, orders):
        run()
    work.report(f"raptorbt {version('raptorbt')}", f"numpy {np.__version__}")
