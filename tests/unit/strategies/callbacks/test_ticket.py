"""Tickets: what sends an order returns its id, through which the strategy reads, amends and cancels it."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import btcore as bt

SECOND = 10**9
QUOTES = bt.Quotes(
    np.arange(6) * SECOND, [99.0, 99.0, 98.0, 99.0, 99.0, 99.0], [100.0, 100.0, 99.0, 100.0, 100.0, 100.0]
)


class Steps(bt.Strategy):
    """Calls `step(ctx)` at each quote, with the number of the quote."""

    def on_start(self, ctx: bt.Context) -> None:
        self.number = 0

    def on_quote(self, ctx: bt.Context, quote: bt.QuoteEvent) -> None:
        self.step(ctx, self.number)
        self.number += 1

    def step(self, ctx: bt.Context, number: int) -> None:
        raise NotImplementedError


def run(step: Any, **terms: Any) -> bt.Result:
    return bt.run({"A": QUOTES}, type("Mine", (Steps,), {"step": step}), **terms)


def test_it_follows_its_order() -> None:
    seen = []

    def step(self: Any, ctx: bt.Context, number: int) -> None:
        if number == 0:
            self.ticket = ctx.buy("A", 10, limit=99.0, tag="dip")
        t = self.ticket
        seen.append((t.status, t.filled, t.leaves, t.average_price, t.is_open))
        assert (t.id, t.symbol, t.side, t.quantity, t.tag) == (1, "A", "buy", 10.0, "dip")
        assert t.state == ctx.order(t)

    run(step)
    assert seen[:2] == [("new", 0.0, 10.0, None, True)] * 2
    assert seen[2:] == [("filled", 10.0, 0.0, 99.0, False)] * 4


def test_with_response_latency_it_shows_what_was_reported() -> None:
    seen = []

    def step(self: Any, ctx: bt.Context, number: int) -> None:
        if number == 0:
            self.ticket = ctx.buy("A", 10)
        seen.append(self.ticket.status)

    run(step, execution=bt.Execution(response_latency_ms=1500))
    assert seen == ["new", "new", "filled", "filled", "filled", "filled"]


def test_it_amends_and_cancels() -> None:
    def step(self: Any, ctx: bt.Context, number: int) -> None:
        if number == 0:
            self.one, self.other = ctx.buy("A", 10, limit=50.0), ctx.sell("A", 5, limit=150.0)
        elif number == 1:
            self.one.amend(quantity=7, limit=99.5)
            self.other.cancel()

    result = run(step)
    assert result.orders["status"].tolist() == ["filled", "canceled"]
    assert result.trades["quantity"].tolist() == [7.0]


def test_it_is_the_id() -> None:
    def step(self: Any, ctx: bt.Context, number: int) -> None:
        if number == 0:
            ticket = ctx.buy("A", 10, limit=50.0)
            assert isinstance(ticket, int)
            assert (ticket == 1, {1: "x"}[ticket], f"{ticket}", str(ticket), repr(ticket)) == (
                True,
                "x",
                *["1"] * 3,
            )
            assert np.array([ticket]).dtype == np.int64
            ctx.amend(ticket, limit=60.0)
            ctx.cancel(1)
            child = ctx.sell("A", 10, limit=150.0, parent=ticket)
            assert child.state.order_id == child == 2
            for copied in (copy.deepcopy(ticket), pickle.loads(pickle.dumps(ticket))):
                assert type(copied) is int
                assert copied == 1

    assert run(step).orders["limit_price"].tolist() == [60.0, 150.0]


def test_everything_that_sends_returns_one() -> None:
    sent: list[Any] = []

    def step(self: Any, ctx: bt.Context, number: int) -> None:
        if number == 1:
            sent.extend(ctx.bracket("A", 1, take_profit=120.0, stop_loss=80.0))
            sent.append(ctx.bracket("A", 1)[1])
            sent.append(ctx.send("A", "sell", 1))
            sent.append(ctx.order_target("A", 5))
            sent.append(ctx.order_target_percent("A", 0.1))
            sent.append(ctx.order_target_value("A", 5000.0))
            sent.append(ctx.order_target_weights({"A": 0.2})["A"])
        elif number == 3:
            sent.append(ctx.close("A"))
            sent.append(ctx.close("A"))
            sent.append(ctx.close_all())

    run(step)
    assert [type(each).__name__ for each in sent] == [
        *["Ticket"] * 3, "NoneType", *["Ticket"] * 6, "NoneType", "list",
    ]  # fmt: skip


def test_after_the_run_the_result_has_the_order() -> None:
    def step(self: Any, ctx: bt.Context, number: int) -> None:
        if number == 0:
            self.ticket = ctx.buy("A", 10)

    ticket = run(step).strategy.ticket
    assert ticket.id == 1
    for read in (lambda: ticket.status, ticket.cancel, lambda: ticket.amend(limit=1.0)):
        with pytest.raises(bt.OrderError, match="callback"):
            read()


@pytest.mark.parametrize("side", ["buy", 1, np.int64(1), "sell", -1])
def test_sides_are_words_or_signs_everywhere(side: Any) -> None:
    def step(self: Any, ctx: bt.Context, number: int) -> None:
        if number == 0:
            ctx.send("A", side, 1)
            ctx.bracket("A", 1, side=side)

    word = "buy" if side in ("buy", 1) else "sell"
    assert run(step).orders["side"].tolist() == [word, word]


@pytest.mark.parametrize("side", ["long", "BUY", 0, 2, -0.5, True, None])
def test_another_side_is_refused(side: Any) -> None:
    for send in (lambda ctx: ctx.send("A", side, 1), lambda ctx: ctx.bracket("A", 1, side=side)):

        def step(self: Any, ctx: bt.Context, number: int, send: Any = send) -> None:
            send(ctx)

        with pytest.raises(bt.StrategyError, match=r"A: side .* is not 'buy' or 'sell', 1 or -1"):
            run(step)
