"""Columns that share the places of a cache are copied before they are read; results are the same bytes."""

from typing import Any
from unittest.mock import patch

import numpy as np
import pytest

import btcore as bt
from btcore.backtest import fast_paths
from btcore.engine.engine import Engine
from btcore.results.tables import TABLES

START = 1_704_067_200 * 10**9
MINUTE = 60 * 10**9
SYMBOLS = 20
APART = 1 << 17  # bytes between lines that share a place
LENGTHS = [1, 2, 255, 256, 257, 511, 512, 513, 700]  # of rows; 256 are copied at once


def container(kind: str, seed: int) -> Any:
    rng = np.random.default_rng(seed)
    n = LENGTHS[seed % len(LENGTHS)]
    times = START + np.sort(rng.integers(0, 700, n)) * MINUTE
    price = 100 + np.cumsum(rng.integers(-3, 4, n)) / 100
    size = rng.integers(1, 9, n).astype(float)
    if kind == "quotes":
        return bt.Quotes(times, price, price + 0.01, size, size + 1)
    if kind == "quotes without sizes":
        return bt.Quotes(times, price, price + 0.01)
    if kind == "trades":
        return bt.Trades(times, price, size, rng.integers(-1, 2, n).astype(np.int8))
    opens = START + np.arange(n) * MINUTE
    four = [price, price + 0.02, price - 0.02, price + 0.01]
    if kind == "bars":
        return bt.Bars(opens, *four, size, interval="1min")
    if kind == "bars with ends":
        return bt.Bars(opens, *four, size, interval="1min", end=opens + rng.integers(1, MINUTE, n))
    return bt.Bars(opens, bid=four, ask=[each + 0.03 for each in four], interval="1min")


KINDS = ["quotes", "quotes without sizes", "trades", "bars", "bars with ends", "bars of bid and ask"]


def market(kind: str) -> dict[str, Any]:
    if kind == "mixed":
        return {f"S{k}": container(KINDS[k % len(KINDS)], k) for k in range(SYMBOLS)}
    return {f"S{k}": container(kind, k) for k in range(SYMBOLS)}


def placed(data: dict[str, Any], places: Any) -> dict[str, Any]:
    """The same data, with each column at the next of the places in one block of memory."""
    block = np.zeros(APART * (1 + sum(len(c.columns) for c in data.values())), np.uint8)
    start = -block.ctypes.data % 64
    moved = {}
    for symbol, each in data.items():
        columns = {}
        for name, column in each.columns.items():
            at = start + next(places)
            columns[name] = block[at : at + column.nbytes].view(column.dtype)
            columns[name][:] = column
        moved[symbol] = each._like(columns)
    return moved


def crowded(data: dict[str, Any]) -> dict[str, Any]:
    return placed(data, iter(range(0, 1 << 40, APART)))


def spread(data: dict[str, Any]) -> dict[str, Any]:
    return placed(data, iter(range(0, 1 << 40, APART // 2 + 64 * 7)))


class Records(bt.Strategy):
    """Trades, and keeps what it sees."""

    def on_start(self, ctx):
        self.seen = []

    def receive(self, ctx, event):
        self.seen.append((ctx.now, repr(event)))
        if len(self.seen) % 7 == 0 or len(self.seen) % 400 > 300:
            ctx.order_target(event.symbol, len(self.seen) % 3 - 1)
        if hasattr(event, "close") and len(self.seen) % 5 == 0:
            ctx.buy(event.symbol, 1, time_in_force="CLS")

    on_quote = on_trade = on_bar = receive


def play(data: dict[str, Any], strategy: Any, params: Any = None, **terms: Any) -> tuple[bool, bt.Result]:
    """Whether rows were copied, and the result."""
    engines = []

    def make_engine(*parts: Any) -> Engine:
        engines.append(Engine(*parts))
        return engines[-1]

    with patch.object(fast_paths, "Engine", make_engine):
        result = bt.run(data, strategy, params, **terms)
    return engines[0].copies_rows, result


def assert_same(found: bt.Result, expected: bt.Result) -> None:
    for name in TABLES:
        assert found.table(name).tobytes() == expected.table(name).tobytes(), name
    assert repr(found.metrics) == repr(expected.metrics)


@pytest.mark.parametrize("kind", [*KINDS, "mixed"])
def test_copied_rows_are_those_of_the_columns(kind):
    copied, found = play(crowded(market(kind)), Records())
    in_place, expected = play(spread(market(kind)), Records())
    assert (copied, in_place) == (True, False)
    assert found.strategy.seen == expected.strategy.seen
    assert len(expected.trades) > 10
    assert_same(found, expected)


@pytest.mark.parametrize("kind", ["quotes", "trades", "bars"])
def test_built_in_strategies_and_rows_before_the_run(kind):
    periods = {"short_period": 3, "long_period": 9}
    terms = {"start": START + 200 * MINUTE, "warm_up": 50} if kind == "bars" else {}
    data = {symbol: each for symbol, each in market(kind).items() if len(each) > 300}
    data |= {f"{symbol}b": each for symbol, each in data.items()}
    copied, found = play(crowded(data), "ema_crossover", periods, **terms)
    in_place, expected = play(spread(data), "ema_crossover", periods, **terms)
    assert (copied, in_place) == (True, False)
    assert len(expected.trades) > 10
    assert_same(found, expected)


@pytest.mark.parametrize("latency", [1, 60_000])
def test_orders_in_flight_meet_the_open_of_the_next_bar(latency):
    """The row after those that are copied is known too."""
    terms = bt.Execution(latency_ms=latency)
    _, found = play(crowded(market("bars")), Records(), execution=terms)
    _, expected = play(spread(market("bars")), Records(), execution=terms)
    assert_same(found, expected)


def test_few_streams_are_read_in_place():
    data = dict(list(market("quotes").items())[:3])
    assert not play(crowded(data), Records())[0]
