"""The loop over quotes or trades of one stream leaves the same bytes as processing every event in full."""

from typing import Any

import numpy as np
import pytest
from event_by_event import SECOND, SETTINGS, assert_same_bytes, market, market_of, played
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

import btcore as bt


class Acts(bt.Strategy):
    """Sends orders of every type, cancels and sets timers at random events; keeps what it sees at each."""

    seed: int = 0
    share: float = 0.1  # of events at which it acts

    def on_start(self, ctx: bt.Context) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.seen: list[tuple[Any, ...]] = []

    def on_quote(self, ctx: bt.Context, quote: bt.QuoteEvent) -> None:
        self.see(ctx, quote.timestamp, quote.bid, quote.ask, quote.bid_size, quote.ask_size)

    def on_trade(self, ctx: bt.Context, trade: bt.TradeEvent) -> None:
        self.see(ctx, trade.timestamp, trade.price, trade.size)

    def on_timer(self, ctx: bt.Context) -> None:
        self.see(ctx, "timer")

    def on_fill(self, ctx: bt.Context, fill: bt.FillEvent) -> None:
        self.seen.append((ctx.now, ctx.equity, fill.timestamp, fill.price, fill.quantity))

    def see(self, ctx: bt.Context, *values: Any) -> None:
        self.seen.append((ctx.now, ctx.equity, ctx.cash, ctx.position("A"), ctx.mark("A"), *values))
        if self.rng.random() < self.share:
            self.act(ctx)

    def act(self, ctx: bt.Context) -> None:
        action, near = self.rng.integers(0, 8), ctx.mark("A") + self.rng.integers(-50, 51) / 100
        side, quantity = str(self.rng.choice(["buy", "sell"])), float(self.rng.integers(1, 20))
        if action == 0:
            ctx.set_timer(ctx.now + int(self.rng.integers(0, 40)) * SECOND // 2)
        elif action == 1 and ctx.open_orders():
            ctx.cancel(ctx.open_orders()[0])
        elif action == 2:
            ctx.order_target("A", float(self.rng.integers(-10, 11)))
        elif action == 3:
            ctx.send(
                "A",
                side,
                quantity,
                time_in_force="GTD",
                expires=ctx.now + int(self.rng.integers(1, 60)) * SECOND,
                limit=near,
            )
        else:
            name = ["limit", "stop", "touch", "trail"][action - 4]
            ctx.send("A", side, quantity, **{name: 0.5 if name == "trail" else near})


def played_in_both_ways(*args: Any, **terms: Any) -> tuple[bt.Result, bt.Result]:
    return played(False, *args, **terms), played(True, *args, **terms)


@settings(max_examples=300, deadline=None)
@given(
    kind=st.sampled_from(["quotes", "trades"]),
    seed=st.integers(0, 10**6),
    n=st.integers(1, 400),
    gap=st.sampled_from([0, 1, 7, 90]),
    given=SETTINGS,
    mode=st.sampled_from(["netting", "hedging"]),
    share=st.sampled_from([0.01, 0.1, 0.5]),
)
def test_strategies_that_listen_to_every_tick(**drawn):
    data, given = {"A": market_of(drawn)}, drawn["given"]
    given["execution"] = replace(given["execution"], position_mode=drawn["mode"])
    params = {"seed": drawn["seed"], "share": drawn["share"]}
    found, expected = played_in_both_ways(data, Acts, params, **given)
    assert_same_bytes(found, expected)
    assert found.strategy.seen == expected.strategy.seen


@pytest.mark.parametrize("kind", ["quotes", "trades"])
def test_splits_dividends_and_halts(kind):
    data = {"A": market(kind, 6, 2000, 3)}
    first, last = int(data["A"].timestamp[0]), int(data["A"].timestamp[-1])
    third = (last - first) // 3
    instrument = bt.Instrument(
        splits=[(first + third, 2.0)],
        dividends=[(first + 2 * third, 0.25)],
        halts=[(first + third // 2, first + third // 2 + 60 * SECOND)],
    )
    found, expected = played_in_both_ways(
        data, Acts, {"seed": 3}, instruments={"A": instrument}, mark_every="7s", progress=False,
        execution=bt.Execution(leverage=3.0, displayed_size=True),
    )  # fmt: skip
    assert_same_bytes(found, expected)
    assert found.strategy.seen == expected.strategy.seen
    assert len(found.trades) > 20


def test_a_strategy_that_fails_at_a_tick():
    class Fails(Acts):
        def see(self, ctx: bt.Context, *values: Any) -> None:
            super().see(ctx, *values)
            if len(self.seen) == 100:
                raise ValueError("the hundredth")

    data = {"A": market("quotes", 7, 500, 3)}
    texts = []
    for each in (False, True):
        with pytest.raises(bt.StrategyError) as raised:
            played(each, data, Fails(), progress=False)
        texts.append((str(raised.value), str(raised.value.__cause__)))
    assert texts[0] == texts[1]
