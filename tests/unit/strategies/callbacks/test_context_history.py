"""`Context.history`: read-only views of the data up to the latest event."""

from typing import Any

import numpy as np
import pytest

import btcore as bt

DAY = 86400 * 10**9


def bars(closes: list[float]) -> bt.Bars:
    prices = np.array(closes)
    return bt.Bars(
        np.arange(len(closes)) * DAY, prices, prices, prices, prices, np.ones(len(closes)), interval="1d"
    )


class Looks(bt.Strategy):
    def on_start(self, ctx: bt.Context) -> None:
        self.seen: list[list[float]] = []
        self.last: list[list[float]] = []
        self.other: list[int] = []

    def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
        if bar.symbol == "A":
            view = ctx.history("A", "close")
            assert not view.flags.writeable
            self.seen.append(view.tolist())
            self.last.append(ctx.history("A", "close", rows=2).tolist())
            self.other.append(len(ctx.history("B", "timestamp")))


def test_a_view_ends_at_the_newest_event() -> None:
    strategy = bt.run({"A": bars([1.0, 2.0, 3.0]), "B": bars([5.0, 6.0, 7.0])}, Looks()).strategy
    assert strategy.seen == [[1.0], [1.0, 2.0], [1.0, 2.0, 3.0]]
    assert strategy.last == [[1.0], [1.0, 2.0], [2.0, 3.0]]
    assert strategy.other == [0, 1, 2]  # B's bar of the same time is delivered after A's


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"symbol": "C", "column": "close"}, "'C' is not in this run"),
        ({"symbol": "A", "column": "bid"}, "column 'bid' is not one of timestamp, "),
        ({"symbol": "A", "column": "close", "kind": "quotes"}, "kind 'quotes' is not one of bars"),
    ],
)
def test_unknown_symbols_columns_and_kinds(arguments: dict[str, Any], message: str) -> None:
    class Asks(bt.Strategy):
        def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
            ctx.history(**arguments)

    with pytest.raises(bt.StrategyError, match=message):
        bt.run({"A": bars([1.0, 2.0])}, Asks)
