"""btcore compared with backtesting.py on a few bars with limits, stops and exits."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy
from numpy.typing import NDArray

import btcore as bt

from .rows import Differs, Row, Same
from .sending import play
from .small_cases import BUY, FLAT, Case, bar, buy, sell

Floats = NDArray[np.float64]
SAME = (
    Case("a limit order that the open has passed", (FLAT, bar(94, 96, 93, 95.5)), (buy(limit=95),)),
    Case("a limit order that the low touches", (FLAT, bar(100, 101, 95, 99)), (buy(limit=95),)),
    Case("a stop that the open has passed", (FLAT, bar(106, 107, 104, 105)), (buy(stop=105),)),
    Case("a stop in the range", (FLAT, bar(101, 107, 100, 106)), (buy(stop=105),)),
    Case("a stop-limit in the range", (FLAT, bar(101, 107, 100, 106)), (buy(stop=105, limit=106),)),
    Case(
        "target and stop in one bar: the stop",
        (FLAT, FLAT, bar(100, 110, 90, 101)),
        (buy(),),
        exits=(108, 92),
    ),
    Case(
        "a stop released at the open, in that bar", (FLAT, bar(100, 101, 90, 95)), (buy(),), exits=(108, 92)
    ),
    Case("a sale of a part of two lots", (FLAT, bar(110, 110, 110, 110)), (buy(5), buy(5), sell(7))),
)
STOP_LIMIT_GAP = Case("stop-limit gap", (FLAT, bar(106, 107, 104, 105.5)), (buy(stop=105, limit=106.5),))
CHILD_IN_BAR = Case(
    "child", (FLAT, bar(100, 100, 94, 96), bar(93, 94, 92, 93)), (buy(limit=98),), exits=(120, 95)
)


class Sends(Strategy):  # type: ignore[misc]
    """Sends the orders of a case on the first call, which is at the second bar."""

    case: Case | None = None

    def init(self) -> None:
        pass

    def next(self) -> None:
        if self.case is None or len(self.data) != 2:
            return
        target, stop = self.case.exits or (None, None)
        for order in self.case.orders:
            send = self.buy if order.side == BUY else self.sell
            send(size=order.quantity, sl=stop, tp=target, **order.prices)


def their_fills(case: Case) -> Floats:
    """Signed size and price, those of the entries first."""
    rows = (case.rows[0], *case.rows)
    index = pd.date_range("2024-01-01", periods=len(rows))
    data = pd.DataFrame(rows, index, ["Open", "High", "Low", "Close", "Volume"])
    with warnings.catch_warnings():  # of open trades, and of what a row covers
        warnings.simplefilter("ignore")
        stats: Any = Backtest(data, Sends, cash=case.capital).run(case=case)
    broker = stats["_strategy"]
    trades = [*broker.closed_trades, *broker.trades]
    entries = [(trade.size, trade.entry_price) for trade in trades]
    exits = [(-trade.size, trade.exit_price) for trade in trades if trade.exit_price is not None]
    return summed([*entries, *exits])


def fills(case: Case, **settings: Any) -> Floats:
    t = play(case, bt.Execution.like("backtesting.py", **settings)).trades
    return summed(list(zip(np.where(t["side"] == "buy", 1, -1) * t["quantity"], t["price"], strict=True)))


def summed(found: list[tuple[float, float]]) -> Floats:
    """Size bought and sold at each price: theirs splits a trade where a part of it is closed."""
    total: dict[tuple[int, float], float] = {}
    for size, price in found:
        key = (int(np.sign(size)), float(price))
        total[key] = total.get(key, 0.0) + float(size)
    return np.array([[size, price] for (_, price), size in sorted(total.items())], np.float64).reshape(-1, 2)


def rows() -> list[Row]:
    gap, child = STOP_LIMIT_GAP, CHILD_IN_BAR
    entry, stop = child.orders[0].prices["limit"], child.rows[2][0]
    return [
        *(Same(case.name, "fills (size, price)", fills(case), their_fills(case)) for case in SAME),
        Differs(
            "a stop-limit (105, 106.5) whose stop the open (106) has passed",
            "price of the fill",
            "the open, which the limit allows",
            "the lower of stop and limit",
            float(fills(gap)[0, 1]),
            float(their_fills(gap)[0, 1]),
            min(gap.orders[0].prices.values()),
        ),
        Differs(
            "a stop (95) of a limit order (98), both inside one bar; the next opens at 93",
            "loss of 10 units",
            "the stop fills in that bar, and counts as ambiguous",
            "from the next bar on, with a warning",
            float((fills(child)[:, 0] * fills(child)[:, 1]).sum()),
            float((their_fills(child)[:, 0] * their_fills(child)[:, 1]).sum()),
            10 * (entry - stop),
        ),
    ]
