"""Claim 3: a thousand resting orders over memory-mapped quotes of a catalog."""

import numpy as np
import pytest

import btcore as bt

from .data import quotes_catalog
from .measure import figure
from .peers.work import scaled

ORDERS = 1000


def sparse_orders(quotes):
    """Limits, stops, and entries with target and stop, over the whole period, up to 20 from the price."""
    rng = np.random.default_rng(5)
    rows = np.linspace(0, len(quotes) * 0.98, ORDERS // 5).astype(np.int64)
    orders = {name: [] for name in ("timestamp", "side", "limit_price", "stop_price", "oco", "parent")}

    def add(row, side, *, limit=np.nan, stop=np.nan, oco=0, parent=-1):
        values = (quotes.timestamp[row], side, limit, stop, oco, parent)
        for column, value in zip(orders.values(), values, strict=True):
            column.append(value)
        return len(orders["side"]) - 1

    for group, row in enumerate(rows, start=1):
        price, away = round(float(quotes.bid[row]), 2), np.round(rng.uniform(0.5, 20.0, 4), 2)
        away = np.minimum(away, price * 0.4)
        add(row, "buy", limit=price - away[0])
        add(row, "sell", stop=price - away[1])
        entry = add(row, "buy", stop=price + away[2])
        add(row, "sell", limit=price + away[2] + away[3], oco=group, parent=entry)
        add(row, "sell", stop=price + away[2] - away[3], oco=group, parent=entry)
    return bt.Orders(symbol="A", quantity=10.0, **orders)


@pytest.mark.parametrize("reopened", [False, True], ids=["mapped", "reopened"])
def test_sparse_orders(benchmark, reopened):
    """Lows and highs of blocks are saved with the data. A reused mapping costs no page faults."""
    n = scaled(200_000_000)
    catalog = quotes_catalog(n)
    mapped = catalog.read("A", "tick")
    orders = sparse_orders(mapped)

    def play():
        data = catalog.read("A", "tick") if reopened else mapped
        return bt.run({"A": data}, orders, execution=bt.Execution(leverage=1000.0))

    result = figure(
        benchmark,
        play,
        claim=3,
        what=f"{len(orders.timestamp)} limit, stop and bracket orders over {n / 1e6:.0f} M quotes, indexed",
        work=n,
        unit="quotes",
        bound=("reading the columns", lambda: [c.max() for c in columns_of(catalog)]),
        goal=None if reopened else ("rate", 5e9),
        note="opened in every run" if reopened else "the same mapping in every run; one-minute curve",
        rounds=5,
    )
    assert result.metrics["events"] == n
    assert result.metrics["total_trades"] > ORDERS // 10


def columns_of(catalog):
    quotes = catalog.read("A", "tick")
    return [quotes.columns[name] for name in ("timestamp", "bid", "ask")]
