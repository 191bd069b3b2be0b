"""backtrader runs the strategy of its quickstart."""

from importlib.metadata import version as version_of
from typing import Any

import backtrader


class TestStrategy(backtrader.Strategy):  # type: ignore[misc]
    params = (("maperiod", 15),)

    def __init__(self) -> None:
        self.order: Any = None
        self.executed = 0
        self.sma = backtrader.indicators.SimpleMovingAverage(self.data, period=self.params.maperiod)

    def notify_order(self, order: Any) -> None:
        if order.status in (order.Submitted, order.Accepted):
            return
        self.executed += order.status == order.Completed
        self.order = None

    def next(self) -> None:
        if self.order:
            return
        if not self.position:
            if self.data.close[0] > self.sma[0]:
                self.order = self.buy()
        elif self.data.close[0] < self.sma[0]:
            self.order = self.sell()


def version() -> str:
    return version_of("backtrader")


def run(frame: Any, commission: float, maperiod: int = 15) -> tuple[float, Any]:
    """The final value, and the strategy."""
    cerebro = backtrader.Cerebro()
    cerebro.addstrategy(TestStrategy, maperiod=maperiod)
    cerebro.adddata(backtrader.feeds.PandasData(dataname=frame))
    cerebro.broker.setcash(10_000.0)
    cerebro.addsizer(backtrader.sizers.FixedSize, stake=10)
    cerebro.broker.setcommission(commission=commission)
    cerebro.addanalyzer(backtrader.analyzers.DrawDown, _name="drawdown")
    cerebro.addanalyzer(backtrader.analyzers.TradeAnalyzer, _name="trades")
    (strategy,) = cerebro.run()
    return float(cerebro.broker.getvalue()), strategy


def played(page: dict[str, Any]) -> dict[str, float]:
    frame = page["bars"].to_pandas().tz_localize(None)
    (free, strategy), (paid, _) = run(frame, 0.0), run(frame, 0.001)
    values = {period: run(frame, 0.0, period)[0] for period in range(10, 31)}
    best = max(values, key=lambda period: values[period])
    trades = strategy.analyzers.trades.get_analysis()
    return {
        "Final Portfolio Value": free,
        "orders executed": strategy.executed,
        "TradeAnalyzer: total.closed": trades.total.closed,
        "TradeAnalyzer: won.total": trades.won.total,
        "DrawDown: max.drawdown": strategy.analyzers.drawdown.get_analysis().max.drawdown,
        "Final Portfolio Value, commission 0.001": paid,
        "best maperiod of 10 to 30": best,
        "Final Portfolio Value with it": values[best],
    }
