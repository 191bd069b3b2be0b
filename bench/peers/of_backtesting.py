"""backtesting.py: a strategy in Python, called at each bar."""

import os
import warnings

os.environ["TQDM_DISABLE"] = "1"

import backtesting
import numpy as np
import pandas as pd
import work
from work import CAPITAL, FEE


def mean(values, period):
    """Running mean; NaN for the first rows."""
    total = np.cumsum(np.r_[0.0, values])
    return np.r_[np.full(period - 1, np.nan), (total[period:] - total[:-period]) / period]


class Crossing(backtesting.Strategy):
    short_period, long_period = work.BARS

    def init(self):
        self.short = self.I(mean, self.data.Close, self.short_period)
        self.long = self.I(mean, self.data.Close, self.long_period)

    def next(self):
        above = self.short[-1] > self.long[-1]
        if above and not self.position:
            self.buy()
        elif not above and self.position:
            self.position.close()


class Emas(backtesting.Strategy):
    """Updates its two means itself, as a strategy on ticks must."""

    def init(self):
        self.short = self.long = self.data.Close[0]
        self.alphas = [2 / (period + 1) for period in work.TICKS]

    def next(self):
        price = self.data.Close[-1]
        self.short += self.alphas[0] * (price - self.short)
        self.long += self.alphas[1] * (price - self.long)
        if self.short > self.long and not self.position:
            self.buy()
        elif self.short <= self.long and self.position:
            self.position.close()


def frame(candles):
    names = {"Open": "open", "High": "high", "Low": "low", "Close": "close", "Volume": "volume"}
    index = pd.to_datetime(candles["timestamp"])
    return pd.DataFrame({name: candles[column] for name, column in names.items()}, index=index)


def made(data, strategy):
    return backtesting.Backtest(data, strategy, cash=CAPITAL, commission=FEE, finalize_trades=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    data = frame(work.candles(work.scaled(100_000)))
    work.measure(
        "bars",
        "Python at each bar",
        len(data),
        lambda: made(data, Crossing).run(),
        computed="next open, whole shares; equity a bar, its metrics; a tenth of the bars",
        rounds=2,
    )
    work.measure(
        "ticks",
        "Python at each tick",
        len(data),
        lambda: made(data, Emas).run(),
        computed="mids as bars: no bid and ask; equity a tick, its metrics; 100,000 ticks",
        rounds=2,
    )
    few = work.pairs(4)

    def sweep():
        for short, long in few:
            made(data, Crossing).run(short_period=short, long_period=long)

    work.measure(
        "sweep",
        f"Python at each bar, {len(few)} of the pairs",
        len(data) * len(few),
        sweep,
        computed="as for bars, each pair alone",
        rounds=1,
    )
    work.report(f"backtesting {backtesting.__version__}", f"pandas {pd.__version__}")
