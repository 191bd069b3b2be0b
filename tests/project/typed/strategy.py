from typing import Any

import numpy as np

import btcore as bt


class Dip(bt.Strategy):
    warm_up = 20
    period: int = 20

    def on_start(self, ctx: bt.Context) -> None:
        self.entry: bt.Ticket | None = None
        self.mean = ctx.indicator("sma", "A", self.period)
        ctx.every("5min", "check")
        ctx.at("15:55", "flat", timezone="America/New_York")

    def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
        if bar.close < self.mean.value and ctx.position("A") == 0:
            self.entry = ctx.buy("A", bt.sizing.by_stop(100.0, bar.close, 0.98 * bar.close), limit=bar.close)
        elif self.entry is not None and self.entry.is_open:
            self.entry.amend(limit=bar.close)

    def on_bars(self, ctx: bt.Context, bars: dict[str, bt.BarEvent]) -> None:
        for symbol, bar in bars.items():
            ctx.log(f"{symbol} {bar.volume} {ctx.time:%H:%M}")

    def on_fill(self, ctx: bt.Context, fill: bt.FillEvent) -> None:
        ctx.sell("A", fill.quantity, stop=-0.05, parent=fill.order_id, from_fill=True)

    def on_reject(self, ctx: bt.Context, order: bt.OrderState) -> None:
        ctx.log(order.reason)

    def on_timer(self, ctx: bt.Context, name: str) -> None:
        if name == "flat":
            ctx.close_all()


class Quiet(Dip):
    weight: float = 0.5

    def on_timer(self, ctx: bt.Context, name: str = "") -> None:
        ctx.order_target_percent("A", self.weight)

    def on_cancel(self, ctx: bt.Context, order: bt.OrderState) -> None:
        ctx.log(order.symbol)

    def on_trigger(self, ctx: bt.Context, order: bt.OrderState) -> None:
        ctx.log(order.status)

    def on_end(self, ctx: bt.Context) -> None:
        ctx.log(f"{ctx.equity:.2f}")


class Ticks(bt.Strategy):
    size: float

    def on_quote(self, ctx: bt.Context, event: bt.QuoteEvent) -> None:
        ctx.buy(event.symbol, self.size, limit=event.bid, time_in_force="IOC", tag="join")

    def on_trade(self, ctx: bt.Context, event: bt.TradeEvent) -> None:
        ctx.sell(event.symbol, self.size, trail=1.0, trail_by="percent")

    def on_timer(self, ctx: bt.Context) -> None:
        ctx.close_all()


@bt.compiled
def holds(state: Any, event: Any, account: Any) -> None:
    account.order_target_percent(event.symbol, 0.5)


@bt.compiled(rate=0.1, flag=True, events=["bars", "fills"], state={"mean": 0.0, "seen": np.zeros(3)})
def mean(state: Any, event: Any, account: Any) -> None:
    state.mean += state.rate * (event.close - state.mean)
    if event.close < state.mean:
        account.order_target(event.symbol, 1.0)


data = {"A": bt.sample_bars("A", "2024-01-02", "2024-03-01", "1h")}
result = bt.run(data, Dip, {"period": 10}, execution=bt.Execution(commission_bps=1.0))
swept = bt.sweep(data, Dip, {"period": [5, 10]}, initial_capital=1e5)
best: float = result.metrics["sharpe_ratio"] if isinstance(result.metrics["sharpe_ratio"], float) else 0.0
quiet = bt.run(data, Quiet(period=10, weight=0.25), intrabar="path")
costs = bt.Execution.like("vectorbt", commission_bps=1.0)
compiled: bt.Compiled = mean(rate=0.2)
held = bt.run(data, holds)
averaged = bt.run(data, mean, {"rate": 0.3})
rates = bt.sweep(data, mean, {"rate": [0.1, 0.2]})
checked = bt.leakcheck(data, mean, {"rate": 0.1}, cuts=2)
