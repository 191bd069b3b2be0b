"""A strategy in Python: buys a new high, then sends a stop and a target that cancel each other."""

from collections import deque

import btcore as bt
from btcore.strategies.callbacks.strategy import BarEvent, FillEvent


class Breakout(bt.Strategy):
    """Buys when the close is above the last `lookback` highs; exits at a loss of 1 % or a gain of 2 %."""

    lookback: int = 60
    risk: float = 0.01
    reward: float = 0.02

    def on_start(self, ctx: bt.Context) -> None:
        self.highs: deque[float] = deque(maxlen=self.lookback)
        self.group = 0

    def on_bar(self, ctx: bt.Context, bar: BarEvent) -> None:
        flat = ctx.position(bar.symbol) == 0 and not ctx.open_orders(bar.symbol)
        if flat and len(self.highs) == self.lookback and bar.close > max(self.highs):
            ctx.buy(bar.symbol, 0.5 * ctx.equity // bar.close)
        self.highs.append(bar.high)

    def on_fill(self, ctx: bt.Context, fill: FillEvent) -> None:
        if fill.side > 0:
            self.group += 1
            ctx.sell(fill.symbol, fill.quantity, stop=fill.price * (1 - self.risk), oco=self.group)
            ctx.sell(fill.symbol, fill.quantity, limit=fill.price * (1 + self.reward), oco=self.group)
        else:
            ctx.log(f"sold {fill.quantity:g} at {fill.price:.2f}")


if __name__ == "__main__":
    bars = bt.sample_bars("AAPL", "2024-01-01", "2024-07-01", "1min")
    costs = bt.Execution(slippage_bps=1.0, commission_bps=0.5)
    result = bt.run({"AAPL": bars}, Breakout, {"lookback": 120}, execution=costs)
    print(result)
    for trip in result.rows("round_trips", 0, 5):
        prices = f"{trip['entry_price']:8.2f} -> {trip['exit_price']:8.2f}"
        print(f"{trip['entry_timestamp']}  {prices}  {trip['pnl']:10.2f}")
