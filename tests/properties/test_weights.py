"""Orders by weight: both engines agree, and whatever was asked for is an order, a rejection or a line."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from engines import Case, assert_engines_agree
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from markets import cases
from msgspec.structs import replace as with_terms

import btcore as bt

WEIGHTS = st.sampled_from([0.0, 0.3, 0.5, 1.0, 1.0, 2.0, -0.4, -1.0])
PLANS = st.lists(st.lists(WEIGHTS, min_size=3, max_size=3), min_size=1, max_size=12)


def by_weight(plan: list[list[float]], together: bool) -> Any:
    """A strategy that asks for the next weights of the plan at each of its events, one by one or together."""

    def make(base: type) -> type:
        class Weights(base):  # type: ignore[misc]
            def on_start(self, ctx: Any) -> None:
                self.todo, self.ids, self.seen = [list(row) for row in plan], [], []
                self.symbols: list[str] = []

            def act(self, ctx: Any, symbol: str) -> None:
                if symbol not in self.symbols:
                    self.symbols.append(symbol)
                if not self.todo:
                    return
                wanted = dict(zip(self.symbols, self.todo.pop(0), strict=False))
                if together:
                    self.ids.append(sorted(ctx.order_target_weights(wanted).items()))
                    return
                for name, weight in wanted.items():
                    self.ids.append((name, ctx.order_target_percent(name, weight)))

            def on_bar(self, ctx: Any, bar: Any) -> None:
                self.act(ctx, bar.symbol)

            def on_quote(self, ctx: Any, quote: Any) -> None:
                self.act(ctx, quote.symbol)

            def on_trade(self, ctx: Any, trade: Any) -> None:
                pass

        return Weights

    return make


def plain(case: Case) -> Case:
    """The case without what the sizes of the second engine leave out, with one kind of data a symbol."""
    streams = {}
    for symbol, stream in case.streams.items():
        kind = "quotes" if stream.get("quotes") else "bars"
        streams[symbol] = {k: v for k, v in stream.items() if k in (kind, "interval", "ends", "sides")}
    execution = with_terms(
        case.execution,
        response_latency_ms=0.0,
        response_jitter_ms=0.0,
        position_mode="netting",
        off_step="snap",
    )
    return replace(case, streams=streams, execution=execution)


def ends_at_zero(instrument: bt.Instrument) -> bool:
    return instrument.delisting is not None and instrument.delisting[1] == 0.0


@settings(max_examples=400, deadline=None)
@given(cases(), PLANS, st.booleans())
def test_both_engines_send_the_same_orders(drawn: Any, plan: list[list[float]], together: bool) -> None:
    case = plain(drawn[0])
    assume(all(stream.get("quotes") or stream.get("bars") for stream in case.streams.values()))
    # At a price of 0 no size has a weight.
    assume(not any(i.negative_prices or ends_at_zero(i) for i in case.instruments.values()))
    assert_engines_agree(case, by_weight(plan, together), "ids")


START, DAY = 1_704_067_200 * 10**9, 86_400 * 10**9


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([0.0, 1.0, 50.0]))
def test_every_request_is_an_order_or_a_line(seed: int, lot: float) -> None:
    """A weight away from the position gives an order; less than a lot gives none, and a line."""
    rng = np.random.default_rng(seed)
    data = {}
    for symbol in "AB":
        close = 100.0 * np.exp(np.cumsum(rng.normal(0, 0.02, 30)))
        data[symbol] = bt.Bars(START + DAY * np.arange(30), close, close, close, close, interval="1d")
    asked = []

    class Asks(bt.Strategy):
        def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
            weight = float(rng.choice([0.0, 0.004, 0.4, 1.0, 50.0]))
            held = ctx.position(bar.symbol) * bar.close / ctx.equity
            number = ctx.order_target_percent(bar.symbol, weight)
            asked.append((weight, held, number, ctx.open_orders(bar.symbol)))

    result = bt.run(
        data,
        Asks,
        initial_capital=1e4,
        instruments={s: bt.Instrument(lot_size=lot) for s in "AB"},
        progress=False,
    )
    silent = [(w, held) for w, held, number, pending in asked if number is None and not pending]
    unsaid = [
        (w, held)
        for w, held in silent
        if abs(w - held) * 1e4 > 3e4 * (lot * 150.0 / 1e4) + 1.0 and w != 0.004
    ]
    assert not unsaid
    assert len(result.orders) == sum(number is not None for _, _, number, _ in asked)
    assert {*result.orders["status"].tolist()} <= {"filled", "canceled", "expired", "rejected"}
    clipped = result.order_events[result.order_events["event"] == "clipped"]
    sizes = dict(zip(result.orders["order_id"].tolist(), result.orders["quantity"].tolist(), strict=True))
    assert all(row["value"] > sizes[int(row["order_id"])] for row in clipped)
    assert bool(len(clipped)) == any("smaller than asked" in line for line in result.logs)


def test_a_sale_pays_for_the_purchase_beside_it() -> None:
    """All of it in A; then all of it in B: alone the purchase is rejected, together the sale pays for it."""
    flat = np.full(6, 100.0)
    bars = bt.Bars(START + DAY * np.arange(6), flat, flat, flat, flat, interval="1d")

    class Rotates(bt.Strategy):
        together: bool = False

        def on_start(self, ctx: bt.Context) -> None:
            self.day = 0

        def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
            if bar.symbol != "B":
                return
            self.day += 1
            if self.day == 1:
                ctx.order_target_percent("A", 1.0)
            if self.day == 3 and self.together:
                self.ids = ctx.order_target_weights({"B": 1.0, "A": 0.0})
            elif self.day == 3:
                ctx.order_target_percent("B", 1.0)
                ctx.order_target_percent("A", 0.0)

    data = {"A": bars, "B": bars}
    alone = bt.run(data, Rotates, progress=False).orders
    assert alone[["symbol", "side", "status", "reason"]].tolist() == [
        ("A", "buy", "filled", ""),
        ("B", "buy", "rejected", "buying_power"),
        ("A", "sell", "filled", ""),
    ]
    result = bt.run(data, Rotates, {"together": True}, progress=False)
    assert result.orders[["symbol", "side", "status"]].tolist() == [
        ("A", "buy", "filled"),
        ("A", "sell", "filled"),
        ("B", "buy", "filled"),
    ]
    assert result.strategy.ids == {"B": 3, "A": 2}
    assert result.orders["quantity"][2] == pytest.approx(result.orders["quantity"][1], rel=1e-12)
