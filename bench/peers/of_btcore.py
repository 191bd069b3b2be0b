"""btcore itself on the peers' work, run in the same way."""

from importlib.metadata import version

import numpy as np
import work
from work import CAPITAL, FEE

import btcore as bt

COSTS = bt.Execution(commission_bps=FEE * 1e4)
RESULT = "orders, fills, round trips, equity, exposures, 40-odd metrics"


class Emas(bt.Strategy):
    def on_start(self, ctx):
        self.short = self.long = None
        self.alphas = [2 / (period + 1) for period in work.TICKS]
        self.holds = False

    def on_quote(self, ctx, quote):
        mid = 0.5 * (quote.bid + quote.ask)
        if self.short is None:
            self.short = self.long = mid
        self.short += self.alphas[0] * (mid - self.short)
        self.long += self.alphas[1] * (mid - self.long)
        if (self.short > self.long) != self.holds:
            self.holds = not self.holds
            ctx.order_target("A", 10 if self.holds else 0)


def play(data, *strategy):
    return bt.run({"A": data}, *strategy, initial_capital=CAPITAL, execution=COSTS)


def to_metrics(data, *strategy):
    """Reads the metrics, which are computed on first access."""
    result = play(data, *strategy)
    assert result.metrics
    return result


def bars():
    data = bt.Bars(**work.candles(work.scaled(1_000_000)), interval="1min")
    periods = dict(zip(("short_period", "long_period"), work.BARS, strict=True))
    work.measure(
        "bars",
        "from prices to metrics",
        len(data),
        lambda: to_metrics(data, "ma_crossover", periods),
        computed=f"means; next open; {RESULT}",
    )


def ticks():
    columns = work.ticks(work.scaled(10_000_000))
    size = np.full(len(columns["bid"]), 100.0)
    data = bt.Quotes(**columns, bid_size=size, ask_size=size)
    periods = dict(zip(("short_period", "long_period"), work.TICKS, strict=True))
    work.measure(
        "ticks",
        "compiled strategy",
        len(data),
        lambda: to_metrics(data, "ema_crossover", periods),
        computed=f"EMAs; fills at bid and ask; one-minute curve; {RESULT}",
    )
    n = work.scaled(1_000_000)
    few = bt.Quotes(**{name: column[:n] for name, column in data.columns.items()})
    work.measure(
        "ticks",
        "Python at each quote",
        n,
        lambda: to_metrics(few, Emas()),
        computed=lambda result: f"{result.metrics['total_trades']} market orders of 10; {RESULT}",
    )


def sweep():
    data = bt.Bars(**work.candles(work.scaled(100_000)), interval="1min")
    grid = {"short_period": list(work.SHORTS), "long_period": list(work.LONGS)}
    work.measure(
        "sweep",
        "from prices to metrics",
        len(data) * 1000,
        lambda: bt.sweep({"A": data}, "ma_crossover", grid, execution=COSTS, workers=1),
        computed="metrics of each pair",
        rounds=3,
    )


def orders():
    data = bt.Bars(**work.candles(work.scaled(1_000_000)), interval="1min")
    for share in work.SHARES:
        rows, sizes = work.order_rows(len(data), share)
        array = bt.Orders(data.timestamp[rows], "A", np.where(sizes > 0, 1, -1), np.abs(sizes))
        for how, played in (("orders and fills", play), ("to metrics", to_metrics)):
            work.measure(
                f"orders {share:.0%}",
                how,
                len(data),
                lambda array=array, played=played: played(data, array),
                computed=f"next open; {RESULT if played is to_metrics else 'records when first read'}",
            )


if __name__ == "__main__":
    for run in (bars, ticks, sweep, orders):
        try:
            run()
        except (AttributeError, bt.BtcoreError) as error:
            print(f"  {run.__name__}: not measured ({error})", file=work.sys.stderr)
    work.report(f"btcore {version('btcore')}", f"numpy {np.__version__}")
