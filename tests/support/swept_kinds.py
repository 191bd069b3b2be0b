"""A market and a strategy of each kind that a sweep takes; imported by workers of other processes too."""

import os
import signal
import time
from pathlib import Path

import numpy as np

import btcore as bt


def is_open() -> int:
    """Number of open files of this process."""
    return len(list(Path("/proc/self/fd").iterdir()))


def market(n: int = 2500, seed: int = 7) -> bt.Bars:
    close = 100.0 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0.0, 0.001, n)))
    start = 1_704_067_200 * 10**9 + 3600 * 10**9 * np.arange(n)
    return bt.Bars(start, close, 1.001 * close, 0.999 * close, close, interval="1h")


BARS = market()  # its columns are larger than shipping.SHARED_FROM, so that other processes map them


class EveryNth(bt.Strategy):
    """Turns its position around at every nth bar."""

    n: int = 5

    def on_start(self, ctx):
        self.count = 0

    def on_bar(self, ctx, bar):
        self.count += 1
        if self.count % self.n == 0:
            ctx.order_target(bar.symbol, 10.0 if self.count // self.n % 2 else 0.0)


def signals(k):
    falls = BARS.close < np.roll(BARS.close, k)
    return bt.Signals(BARS, falls, ~falls, size=10)


def orders(k):
    times = BARS.end[k::40]
    sides = np.where(np.arange(len(times)) % 2, "sell", "buy")
    return bt.Orders(timestamp=times, symbol="A", side=sides, quantity=np.full(len(times), 5.0))


KINDS = {
    "built-in": ("ma_crossover", {"short_period": range(2, 9), "long_period": [20, 30]}),
    "class": (EveryNth, {"n": range(2, 9)}),
    "signals": (signals, {"k": range(1, 8)}),
    "orders": (orders, {"k": range(1, 8)}),
    "list": ([signals(1), orders(2), EveryNth(n=3)], None),
    "named": ({"falls": signals(1), "times": orders(2)}, None),
}


class Deadly(EveryNth):
    """Kills the process that plays it: the first so many that try to play `n` = 4."""

    folder: str = ""
    deaths: int = 1

    def on_start(self, ctx):
        super().on_start(ctx)
        if self.n != 4:
            return
        for i in range(self.deaths):
            try:
                (Path(self.folder) / f"death{i}").touch(exist_ok=False)
            except FileExistsError:
                continue
            time.sleep(0.1)  # others of the pool are at work
            os.kill(os.getpid(), signal.SIGKILL)


class Slow(EveryNth):
    """Takes a while, and notes in a folder that it has been played."""

    folder: str = ""
    seconds: float = 0.05

    def on_start(self, ctx):
        super().on_start(ctx)
        time.sleep(self.seconds)
        with (Path(self.folder) / f"played{self.n}").open("a") as file:
            file.write("x")
