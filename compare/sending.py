"""btcore plays the small cases."""

import numpy as np
from numpy.typing import NDArray

import btcore as bt

from .small_cases import BUY, Case

MINUTE = 60 * 10**9


class Sends(bt.Strategy):
    """Sends the orders of a case on its first row."""

    def __init__(self, case: Case) -> None:
        super().__init__()
        self.case, self.was_sent = case, False

    def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
        self.send(ctx)

    def on_quote(self, ctx: bt.Context, quote: bt.QuoteEvent) -> None:
        self.send(ctx)

    def on_trade(self, ctx: bt.Context, trade: bt.TradeEvent) -> None:
        self.send(ctx)

    def send(self, ctx: bt.Context) -> None:
        if self.was_sent:
            return
        self.was_sent = True
        for order in self.case.orders:
            act = ctx.buy if order.side == BUY else ctx.sell
            entry = act("A", order.quantity, **order.prices, **order.terms)
            if self.case.exits is not None:
                leave = ctx.sell if order.side == BUY else ctx.buy
                target, stop = self.case.exits
                leave("A", order.quantity, limit=target, parent=entry, oco=1)
                leave("A", order.quantity, stop=stop, parent=entry, oco=1)


def play(case: Case, execution: bt.Execution) -> bt.Result:
    stamps = MINUTE * np.arange(len(case.rows))
    columns = np.array(case.rows, np.float64).T
    data: bt.Bars | bt.Quotes | bt.Trades | tuple[bt.Quotes, bt.Trades]
    if case.kind == "bars":
        data = bt.Bars(stamps, *columns, interval="1min")
    elif case.kind == "trades":
        data = bt.Trades(stamps, *columns[:2])
    else:
        data = bt.Quotes(stamps, *columns)
        if case.prints:
            minute, price, size, _ = np.array(case.prints, np.float64).T
            data = data, bt.Trades((MINUTE * minute).astype(np.int64), price, size)
    return bt.run({"A": data}, Sends(case), initial_capital=case.capital, execution=execution, progress=False)


def fills_of(result: bt.Result) -> NDArray[np.float64]:
    """Rows of order, signed size and price."""
    t = result.trades
    side = np.where(t["side"] == "buy", 1, -1)
    return np.column_stack([t["order_id"], side * t["quantity"], t["price"]]).astype(np.float64)
