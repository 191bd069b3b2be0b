"""Under each setting of a run, look-ahead is found, and an honest strategy passes."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from lookahead_data import DAY, HOUR, TICKS, YEAR, Follow, ends, honest, sides

import btcore as bt
from btcore import jit
from btcore.audit.lookahead import LookaheadError, leakcheck

BARS = YEAR.slice(None, int(YEAR.timestamp[120]))
ONE = {"A": BARS}
TWO = {"A": BARS, "B": bt.sample_bars("B", "2024-01-01", "2024-06-01")}
QUOTES = {"A": bt.sample_quotes("A", *TICKS)}
SIZE = 2000.0  # more than a quote shows
MIDDLE = int(BARS.timestamp[60])


def tomorrows_close(data: Mapping[str, Any]) -> bt.Strategy:
    return Follow(targets=(*[float(after > now) for now, after in pairwise(data["A"].close)], 0.0))


def own_bar_at_its_open(data: Mapping[str, Any]) -> bt.Orders:
    bars = data["A"]
    return bt.Orders(bars.timestamp, "A", sides(bars.close > bars.open), 1)


def mean_of_the_sample(data: Mapping[str, Any]) -> bt.Orders:
    bars = data["A"]
    return bt.Orders(ends(bars), "A", sides(bars.close < bars.close.mean()), 1)


def next_quote(data: Mapping[str, Any]) -> bt.Orders:
    quotes = data["A"]
    return bt.Orders(quotes.timestamp[:-1], "A", sides(np.diff(quotes.bid) > 0), SIZE)


def last_quote(data: Mapping[str, Any]) -> bt.Orders:
    quotes = data["A"]
    return bt.Orders(quotes.timestamp[1:], "A", sides(np.diff(quotes.bid) > 0), SIZE)


class Pairs(bt.Strategy):
    """Sends a pair of limits on two symbols, of which one is to fill."""

    def on_start(self, ctx: bt.Context) -> None:
        self.group, self.close = 0, dict[str, float]()

    def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
        self.close[bar.symbol] = bar.close
        if bar.symbol == "B":
            self.group += 1
            for symbol, close in self.close.items():
                ctx.buy(symbol, 1, limit=0.99 * close, oco=self.group, time_in_force="DAY")


def pairs(data: Mapping[str, Any]) -> bt.Strategy:
    return Pairs()


def commission(price: float, quantity: float, side: int, liquidity: int, instrument: Any) -> float:
    return 0.001 * price * quantity + 0.01


def slippage(price: float, quantity: float, side: int, liquidity: int, instrument: Any) -> float:
    return price * (1 + 0.001 * side)


def fill_size(price: float, quantity: float, side: int, liquidity: int, instrument: Any) -> float:
    return 0.5 * quantity


def of_a(**terms: Any) -> dict[str, Any]:
    return {"instruments": {"A": bt.Instrument(**terms)}}


def execution(**terms: Any) -> dict[str, Any]:
    return {"execution": bt.Execution(**terms)}


MODEL = bt.CostModel(commission, slippage, fill_size)
MARKS = [
    (int(ts) + 6 * HOUR, float(price)) for ts, price in zip(BARS.timestamp, 1.01 * BARS.open, strict=True)
]
LOW, HIGH = 0.98 * float(BARS.close[30]), 1.02 * float(BARS.close[30])
ON_BARS = {
    "close": execution(bar_fill="close"),
    "halts": of_a(halts=[(MIDDLE, MIDDLE + 5 * DAY), (MIDDLE + 9 * DAY, MIDDLE + 12 * DAY)]),
    "price bands": of_a(price_bands=[(MIDDLE, LOW, HIGH), (MIDDLE + 20 * DAY, None, None)]),
    "mark prices": of_a(mark_prices=MARKS),
    "delisting": of_a(delisting=(int(BARS.end[-1]), 50.0)),
    "pre-trade limits": execution(max_position=3, max_loss=50.0, max_open_orders=2, max_orders_per_second=1),
    "fee per order": execution(commission_per_order=1.0, commission_round_to=0.01, slippage_entry_bps=5.0),
    "costs of the instrument": of_a(commission=bt.Commission(bps=5.0), slippage=bt.Slippage(bps=5.0)),
    "like LEAN": {"execution": bt.Execution.like("lean")},
    "cost model": {"cost_model": MODEL},
    "compiled cost model": {"cost_model": bt.CostModel(*map(jit.cost_model, MODEL))},
}
ON_QUOTES = {
    "age of quotes": execution(max_quote_age="200ms"),
    "size until refreshed": execution(consume="until_refresh"),
    "cost model": {"cost_model": MODEL},
}
LEAKS = (tomorrows_close, own_bar_at_its_open, mean_of_the_sample)


def outcome(
    data: Mapping[str, Any], strategy: Callable[..., Any], settings: dict[str, Any]
) -> tuple[Any, ...]:
    result = bt.run(data, strategy(data), progress=False, **settings)
    return result.trades.tobytes(), result.equity_curve.tobytes(), result.orders.tobytes()


@pytest.mark.parametrize("leak", LEAKS)
@pytest.mark.parametrize("name", ON_BARS)
def test_a_leak_is_found_on_bars(name: str, leak: Callable[..., Any]) -> None:
    with pytest.raises(LookaheadError, match=r"with the future after .*Z (truncated|perturbed)"):
        leakcheck(ONE, leak, **ON_BARS[name])


@pytest.mark.parametrize("name", ON_BARS)
def test_an_honest_strategy_passes_on_bars(name: str) -> None:
    report = leakcheck(ONE, honest, **ON_BARS[name])
    assert report.orders_checked > 50
    assert report.fills_checked > 10
    assert any("bar_fill" in line for line in report.cautions) == (name in ("close", "like LEAN"))


@pytest.mark.parametrize("name", ON_BARS)
def test_the_setting_matters_on_bars(name: str) -> None:
    """So that the checks above are under it, and not beside it."""
    strategy = honest if name != "close" else mean_of_the_sample  # market orders
    assert outcome(ONE, strategy, ON_BARS[name]) != outcome(ONE, strategy, {})


@pytest.mark.parametrize("name", ON_QUOTES)
def test_quotes(name: str) -> None:
    with pytest.raises(LookaheadError):
        leakcheck(QUOTES, next_quote, cuts=4, **ON_QUOTES[name])
    assert leakcheck(QUOTES, last_quote, cuts=4, **ON_QUOTES[name]).fills_checked > 10
    assert outcome(QUOTES, last_quote, ON_QUOTES[name]) != outcome(QUOTES, last_quote, {})


def test_groups_over_symbols() -> None:
    settings = execution(oco_across=True)
    assert leakcheck(TWO, pairs, **settings).fills_checked > 10
    assert outcome(TWO, pairs, settings) != outcome(TWO, pairs, {})
    with pytest.raises(LookaheadError):
        leakcheck(TWO, tomorrows_close_of_two, **settings)


def tomorrows_close_of_two(data: Mapping[str, Any]) -> bt.Strategy:
    rises = np.diff(data["A"].close, append=0.0) > 0
    when = {int(ts): float(up) for ts, up in zip(data["A"].end, rises, strict=True)}

    class Knows(bt.Strategy):
        def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
            ctx.order_target("A", when.get(ctx.now, 0.0))

    return Knows()
