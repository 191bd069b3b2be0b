"""Makes `run.npz` and `run.parquet`: `python make.py FOLDER`, under the release whose files are wanted."""

import sys
from pathlib import Path
from typing import Any

import numpy as np

import btcore as bt

DAY = 86_400 * 10**9
START = 1_704_153_600 * 10**9  # 2024-01-02
N = 40


def bars(first: float, swing: float) -> bt.Bars:
    """Daily bars whose close moves as a sine around a rising line; every price is a multiple of 0.25."""
    close = np.round((first + 0.5 * np.arange(N) + swing * np.sin(np.arange(N) / 3.0)) * 4) / 4
    before = np.concatenate(([first], close[:-1]))
    return bt.Bars(
        timestamp=START + DAY * np.arange(N),
        open=before,
        high=np.maximum(before, close) + 1.0,
        low=np.minimum(before, close) - 1.0,
        close=close,
        volume=np.full(N, 10_000.0),
        interval="1d",
    )


class Everything(bt.Strategy):
    """Orders of many types and ends, an amendment, two rejections, a short position, and log lines."""

    def on_start(self, ctx: bt.Context) -> None:
        """Starts the count of bars."""
        self.n = 0

    def on_bar(self, ctx: bt.Context, bar: Any) -> None:
        """Sends the orders of the bar's number."""
        if bar.symbol != "AAA":
            return
        self.n += 1
        if self.n == 2:
            ctx.buy("AAA", 100.0)
            ctx.sell("BBB", 50.0)
            ctx.log(f"first orders at {bar.close:.2f}")
        elif self.n == 4:
            self.resting = ctx.buy("AAA", 10.0, limit=bar.close - 50.0)
        elif self.n == 6:
            ctx.amend(self.resting, quantity=20.0)
            ctx.buy("AAA", 0.3)  # not a whole lot
            ctx.buy("AAA", 1e9)  # beyond the buying power
        elif self.n == 8:
            ctx.buy("BBB", 5.0, stop=bar.close * 10.0, time_in_force="DAY")
            ctx.sell("AAA", 30.0, trail=2.0)
        elif self.n == 12:
            ctx.sell("AAA", 20.0, stop=bar.close - 1.0, oco=1)
            ctx.sell("AAA", 20.0, limit=bar.close + 1.0, oco=1)
        elif self.n == 16:
            parent = ctx.buy("AAA", 10.0, limit=bar.close - 1.0)
            ctx.sell("AAA", 10.0, limit=bar.close + 2.0, parent=parent)
        elif self.n == 30:
            ctx.order_target("BBB", 0.0)
            ctx.log('covered: Überschuß, 日本, "quoted"')

    def on_fill(self, ctx: bt.Context, fill: Any) -> None:
        """Writes a line for each fill."""
        ctx.log(f"fill of order {fill.order_id}: {fill.quantity:g} at {fill.price:.2f}")


def main(folder: Path) -> None:
    """Runs the strategy and saves its result twice."""
    days = [f"2024-01-{day:02d}T12:00:00Z" for day in (10, 20, 30)]
    result = bt.run(
        {"AAA": bars(100.0, 8.0), "BBB": bars(50.0, 4.0)},
        Everything,
        timezone="America/New_York",
        execution=bt.Execution(
            slippage_bps=1.0, commission_bps=0.5, latency_ms=5, cash_rate=0.03, debit_rate=0.05
        ),
        instruments={
            "AAA": bt.Instrument(lot_size=1.0, splits=[(days[1], 2.0)], dividends=[(days[2], 0.5)]),
            "BBB": bt.Instrument(lot_size=1.0, borrow_rate=0.02, funding=[(days[0], 0.001)], currency="EUR"),
        },
        fx={"EUR": 1.125},
    )
    result.save(folder / "run.npz")
    result.save(folder / "run.parquet")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
