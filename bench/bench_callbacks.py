"""Claim 5: strategies of users: Numba, Python, arrays of orders."""

import numpy as np
import pytest

import btcore as bt

from .bench_events import COSTS, SLOW
from .data import bars, quotes, trades
from .handwritten.native import ema_loop
from .measure import figure
from .peers.loops import play_orders
from .peers.work import CAPITAL, FEE, SHARES, START, TICKS, order_rows, scaled

SHORT_ALPHA, LONG_ALPHA = (2.0 / (period + 1) for period in TICKS)
ROWS_GOALS = {0.01: 0.008, 0.1: 0.012, 1.0: 0.040}


class Emas(bt.Strategy):
    """Updates two means at each quote and never trades."""

    def on_start(self, ctx):
        self.short = self.long = 100.0

    def on_quote(self, ctx, quote):
        mid = 0.5 * (quote.bid + quote.ask)
        self.short += SHORT_ALPHA * (mid - self.short)
        self.long += LONG_ALPHA * (mid - self.long)


class Event:
    """The smallest event object: two slots."""

    __slots__ = ("ask", "bid")


class Waiting(bt.Strategy):
    """Trades on a timer every minute and receives its fills."""

    def on_start(self, ctx):
        self.fills = 0
        ctx.set_timer(START + 60 * 10**9)

    def on_timer(self, ctx):
        ctx.order_target("A", 0 if ctx.position("A") else 10)
        ctx.set_timer(ctx.now + 60 * 10**9)

    def on_fill(self, ctx, fill):
        self.fills += 1


def interpreter_alone(n):
    """The same callback body, called `n` times by a plain Python loop."""
    strategy, event = Emas(), Event()
    strategy.on_start(None)
    event.bid, event.ask = 99.995, 100.005
    call = strategy.on_quote
    for _ in range(n):
        call(None, event)


def test_python_on_quote(benchmark):
    data = quotes(scaled(1_000_000))
    figure(
        benchmark,
        lambda: bt.run({"A": data}, Emas()),
        claim=5,
        what="Python `on_quote` that updates two EMAs",
        work=len(data),
        unit="calls",
        bound=("the interpreter calling it", lambda: interpreter_alone(len(data))),
        goal=("rate", 3e6),
    )


def test_python_between_calls(benchmark):
    data = quotes(scaled(10_000_000))
    figure(
        benchmark,
        lambda: bt.run({"A": data}, Waiting()),
        claim=5,
        what="Python with only `on_timer` (each minute) and `on_fill`",
        work=len(data),
        unit="quotes",
        bound=("compiled `ema_crossover`", lambda: bt.run({"A": data}, "ema_crossover", SLOW)),
        goal=("ratio", 1.0),
    )


@pytest.mark.parametrize("kind", ["trades", "bars"])
@pytest.mark.parametrize("share", SHARES)
def test_orders(benchmark, share, kind):
    n = scaled(1_000_000)
    data = trades(n) if kind == "trades" else bars(n)
    price = data.price if kind == "trades" else data.close
    rows, sizes = order_rows(n, share)
    orders = bt.Orders(data.timestamp[rows], "A", np.where(sizes > 0, 1, -1), np.abs(sizes))
    result = figure(
        benchmark,
        lambda: bt.run({"A": data}, orders, execution=COSTS),
        claim=5,
        what=f"`bt.Orders` on {share:.0%} of 1 M {kind}",
        work=n,
        unit="rows",
        bound=("Numba loop", lambda: play_orders(price, rows, sizes, CAPITAL, FEE)),
        goal=("seconds", ROWS_GOALS[share]),
        note="the loop: equity a row, return, drawdown",
        rounds=11,
    )
    assert result.metrics["total_trades"] >= len(rows) - 1


def test_making_orders(benchmark):
    rows, sizes = order_rows(scaled(1_000_000), 1.0)
    times, side, quantity = START + 10**7 * rows, np.where(sizes > 0, 1, -1), np.abs(sizes)
    figure(
        benchmark,
        lambda: bt.Orders(times, "A", side, quantity),
        claim=5,
        what="making `bt.Orders` of 1 M rows, checks included",
        work=len(rows),
        unit="orders",
    )


def test_numba(benchmark):
    from .numba_strategy import crossover

    data = quotes(scaled(10_000_000))
    result = figure(
        benchmark,
        lambda: bt.run({"A": data}, crossover(), execution=COSTS),
        claim=5,
        what="Numba `@cfunc` strategy, two EMAs 500/2000 that trade",
        work=len(data),
        unit="quotes",
        bound=("C loop", lambda: ema_loop(data, *TICKS)),
        goal=("rate", 60e6),
    )
    assert result.metrics["total_trades"] == ema_loop(data, *SLOW.values()).flips
