"""The index of resting orders leaves the bytes of a walk over all; thousands cost an event what ten do."""

from collections.abc import Callable
from dataclasses import fields
from functools import partial
from random import Random
from typing import Any
from unittest.mock import patch

import pytest
from engines import Case, Maker, Outcome, assert_engines_agree, run_btcore
from hypothesis import given
from hypothesis import strategies as st
from markets import cases
from msgspec.structs import replace
from order_states import unhashed
from strategy_scripts import Script, scripted
from variations import accepted, law

from btcore.backtest import fast_paths
from btcore.config import Execution, Instrument
from btcore.engine.engine import Engine

SECOND = 10**9
START = 1_704_096_000 * SECOND
NO_LIMIT = 2**31 - 1
KINDS = ("quotes", "trades", "bars", "quotes and trades", "quotes and bars")
EXECUTIONS = {
    "margin": Execution(leverage=1000.0),
    "cash": Execution(account="cash"),
    "through": Execution(leverage=1000.0, limit_fill="through", slippage_bps=1.0),
    "path": Execution(leverage=1000.0, intrabar="path"),
    "optimistic": Execution(leverage=1000.0, intrabar="optimistic", latency_ms=1500.0),
    "sizes": Execution(leverage=1000.0, displayed_size=True, consume="until_refresh", volume_share=0.25),
    "hedging": Execution(leverage=1000.0, position_mode="hedging", response_latency_ms=700.0),
    "across": Execution(leverage=1000.0, oco_across=True),
    "few": Execution(leverage=1000.0, max_open_orders=300, max_position=2000.0),
    "close": Execution(leverage=1000.0, bar_fill="close", close_at_end=True),
    "liquidated": Execution(leverage=50.0, maintenance_margin=0.015),
}


def with_walks(limit: int, run: Callable[[], Any]) -> tuple[Any, list[Engine]]:
    """What `run` returns if longer queues than `limit` use the index, and the engines that it made."""
    made: list[Engine] = []

    def make(*parts: Any) -> Engine:
        made.append(Engine(*parts))
        made[-1].limit_walks(limit)
        return made[-1]

    with patch.object(fast_paths, "Engine", make):
        return run(), made


def assert_same_outcomes(one: Outcome, other: Outcome) -> None:
    """Asserts equality of every number, to the last bit; NaN equals NaN."""
    for part in fields(one):
        if part.name != "strategy":
            assert repr(getattr(one, part.name)) == repr(getattr(other, part.name)), part.name
    assert repr(one.strategy.seen) == repr(other.strategy.seen)


@law
@given(cases(), st.sampled_from([0, 1, 3]))
def test_results_do_not_depend_on_the_index(drawn: tuple[Case, Script], limit: int) -> None:
    case, script = drawn
    make = unhashed(scripted(script))
    walked, _ = with_walks(NO_LIMIT, lambda: accepted(lambda: run_btcore(case, make)))
    indexed, engines = with_walks(limit, lambda: accepted(lambda: run_btcore(case, make)))
    assert engines
    assert_same_outcomes(indexed, walked)


def market(kind: str, rng: Random, n: int, base: float = 1000.0) -> dict[str, Any]:
    """A walk in quarters, a row a second (bars: a second long)."""
    px, stream = base, {name: [] for name in kind.split(" and ")}
    for row in range(n):
        ts, last = START + row * SECOND, px
        px = last + rng.randint(-12, 12) / 4
        if "quotes" in stream:
            stream["quotes"].append(
                (ts, px - 0.25, px + 0.25, float(rng.randint(1, 40)), float(rng.randint(1, 40)))
            )
        if "trades" in stream:
            stream["trades"].append((ts, px + rng.randint(-3, 3) / 4, float(rng.randint(1, 40)), 1))
        if "bars" in stream:
            high, low = max(px, last) + rng.randint(0, 6) / 4, min(px, last) - rng.randint(0, 6) / 4
            stream["bars"].append((ts, last, high, low, px, float(rng.randint(1, 400))))
    return stream | ({"interval": SECOND} if "bars" in stream else {})


def crowd(seed: int, symbols: list[str], n: int, reach: int, base: float = 1000.0) -> Maker:
    """A strategy that sends `n` orders of every type in waves, and changes three at every event."""

    def make(base_class: type) -> type:
        class Crowd(base_class):
            def on_start(self, ctx: Any) -> None:
                self.random, self.sent, self.seen, self.left = Random(seed), [], [], n

            def on_bar(self, ctx: Any, bar: Any) -> None:
                self.step(ctx)

            on_quote = on_trade = on_bar

            def on_fill(self, ctx: Any, fill: Any) -> None:
                self.seen.append((ctx.now, fill.order_id, fill.quantity, fill.price, float(ctx.cash)))

            def step(self, ctx: Any) -> None:
                rng = self.random
                for _ in range(min(self.left, n // 4 if rng.random() < 0.3 else 3)):
                    self.left -= 1
                    self.send(ctx, rng)
                for _ in range(3):
                    order, _, terms = rng.choice(self.sent)
                    if rng.random() < 0.5:
                        ctx.cancel(order)
                    else:
                        ctx.amend(order, **{name: change(rng) for name, change in terms.items()})

            def send(self, ctx: Any, rng: Random) -> None:
                symbol, buys = rng.choice(symbols), rng.random() < 0.6
                quantity = rng.randint(1, 5) * (1.0 if symbol == "A" else 0.1)  # of which no sum is exact
                below, above = base - rng.randint(1, reach) / 4, base + rng.randint(1, reach) / 4
                passive, worse = (below, above) if buys else (above, below)
                kind = rng.randrange(8)
                terms: dict[str, Any] = {}
                if kind < 3:
                    terms["limit"] = passive
                elif kind == 3:
                    terms["stop"] = worse
                elif kind == 4:
                    terms |= {"stop": worse, "limit": worse}
                elif kind == 5:
                    terms["touch"] = passive
                elif kind == 6:
                    terms["trail"] = rng.randint(4, reach) / 4
                changes = {name: partial(around, value) for name, value in terms.items()}
                if kind == 7 and rng.random() < 0.7:
                    gain, loss = (above + 1, below - 1) if buys else (below - 1, above + 1)
                    side = "buy" if buys else "sell"
                    ids = ctx.bracket(
                        symbol, quantity, side=side, limit=passive, take_profit=gain, stop_loss=loss
                    )
                    self.sent += [(order, symbol, {"quantity": number}) for order in ids]
                    return
                if rng.random() < 0.2:
                    terms["oco"] = rng.randint(1, 40)
                if rng.random() < 0.2:
                    terms |= {"time_in_force": "GTD", "expires": ctx.now + rng.randint(1, 60) * SECOND}
                elif rng.random() < 0.2:
                    terms["time_in_force"] = rng.choice(("DAY", "IOC", "GTC", "FOK"))
                if rng.random() < 0.1:
                    terms["reduce_only"] = True
                elif earlier := [order for order, of, _ in self.sent[-20:] if of == symbol]:
                    terms |= {"parent": rng.choice(earlier)} if rng.random() < 0.1 else {}
                send = ctx.buy if buys else ctx.sell
                self.sent.append((send(symbol, quantity, **terms), symbol, changes | {"quantity": number}))

        return Crowd

    return make


def number(rng: Random) -> float:
    return float(rng.randint(1, 6))


def around(value: float, rng: Random) -> float:
    return max(value + rng.randint(-8, 8) / 4, 0.25)


def crowded(kind: str, name: str, seed: int, n: int, rows: int, reach: int) -> tuple[Case, Maker]:  # noqa: PLR0917
    """A market of two symbols, and a strategy of `n` orders within `reach` quarters of their price."""
    rng = Random(seed)
    streams = {name: market(kind, rng, rows) for name in ("A", "B")}
    instruments = {"A": Instrument(tick_size=0.25, lot_size=1.0)}
    if seed % 2:
        instruments["B"] = Instrument(
            splits=[(START + rows // 2 * SECOND + 1, 2.0)], dividends=[(START + rows // 3 * SECOND + 1, 0.5)]
        )
    capital = 20_000.0 if name == "liquidated" else 1e8
    execution = EXECUTIONS[name]
    if kind == "quotes and bars" and seed % 2 == 0 and execution.bar_fill == "open":
        execution = replace(execution, resting_on="bars")
    case = Case(streams, execution=execution, instruments=instruments, initial_capital=capital)
    return case, unhashed(crowd(seed, ["A", "B"], n, reach))


@pytest.mark.parametrize("name", EXECUTIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_crowds_do_not_depend_on_the_index(kind: str, name: str) -> None:
    for seed, reach in enumerate((16, 200, 1600)):
        case, make = crowded(kind, name, seed, 600, 100, reach)
        walked, _ = with_walks(NO_LIMIT, lambda case=case, make=make: run_btcore(case, make))
        for limit in (0, 16):
            indexed, _ = with_walks(limit, lambda case=case, make=make: run_btcore(case, make))
            assert_same_outcomes(indexed, walked)


@pytest.mark.parametrize("name", ["margin", "cash", "across", "sizes"])
@pytest.mark.parametrize("kind", KINDS)
def test_crowds_agree_with_the_reference(kind: str, name: str) -> None:
    assert_engines_agree(*crowded(kind, name, 1 + KINDS.index(kind), 400, 50, 60))


def test_thousands_of_resting_orders_agree_with_the_reference() -> None:
    case, make = crowded("quotes", "margin", 8, 2500, 16, 1600)
    assert_engines_agree(case, make)
    outcome = run_btcore(case, make)
    rested = [order for order in outcome.orders if order["status"] == "EXPIRED"]
    assert len(rested) > 1000
    assert len(outcome.fills) > 20


def steady(n: int, oco: bool) -> Maker:
    """A strategy that sends `n` orders far away, then trades and replaces an order at every event."""

    def make(base: type) -> type:
        class Steady(base):
            def on_start(self, ctx: Any) -> None:
                self.events = 0

            def on_bar(self, ctx: Any, bar: Any) -> None:
                if self.events == 0:
                    for i in range(n):
                        far = {"limit": 500 - i / 100} if i % 2 else {"stop": 2000 + i / 100}
                        ctx.buy("A", 1.0, **far, oco=i + 1 if oco else 0)
                else:
                    ctx.cancel(self.last)
                self.last = ctx.buy("A", 1.0, limit=900.0)
                (ctx.sell if self.events % 2 else ctx.buy)("A", 1.0)
                self.events += 1

            on_quote = on_trade = on_bar

        return Steady

    return unhashed(make)


@pytest.mark.parametrize("oco", [False, True])
@pytest.mark.parametrize("kind", ["quotes", "trades", "bars"])
def test_an_event_costs_as_much_with_thousands_of_resting_orders_as_with_ten(kind: str, oco: bool) -> None:
    """By the orders that walks visit in the second half of the events. Each sends, ends and fills orders."""
    streams = {"A": market(kind, Random(3), 400)}
    half = {"A": {name: rows if name == "interval" else rows[:200] for name, rows in streams["A"].items()}}

    def visited(n: int) -> int:
        def walked(data: dict[str, Any]) -> int:
            case = Case(data, execution=Execution(leverage=1000.0), initial_capital=1e9)
            _, (engine,) = with_walks(16, lambda: run_btcore(case, steady(n, oco)))
            return engine.n_walked

        return walked(streams) - walked(half)

    few, many = visited(10), visited(10_000)
    assert few > 200 * 10
    assert many < 2 * few
