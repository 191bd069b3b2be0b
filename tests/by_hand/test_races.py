"""Orders, amendments, cancels and fills that overtake each other, built step by step, in both engines.

Quotes have sizes, requests and reports have latencies, and the latency steps, so a later request may arrive
before an earlier one. When a history is complete, both engines run it, and the outcomes are compared.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest
from engines import Case, Maker, assert_same, containers, run_btcore, run_reference
from hand_cases import MIDNIGHT
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from markets import EXAMPLES
from order_states import unhashed
from random_rows import SECOND

import btcore
from btcore.config import Execution, Instrument

QUARTER = SECOND // 4
Step = tuple[int, Callable[[Any], Any]]  # in quarters of a second

sides = st.sampled_from(("buy", "sell"))
prices = st.integers(98, 103).map(float)
lots = st.integers(1, 9).map(float)
shown = st.integers(0, 6).map(float)
delays = st.sampled_from((0.0, 250.0, 500.0, 1000.0, 2250.0))
pauses = st.integers(0, 6)
latency_steps = st.lists(
    st.tuples(st.integers(0, 60), delays), min_size=1, max_size=4, unique_by=lambda s: s[0]
)


@st.composite
def order_terms(draw: Any) -> tuple[str, float, dict[str, Any]]:
    """A side, a quantity and terms that agree; `expires` and `parent` are relative to the history so far."""
    kind = draw(st.sampled_from((None, "limit", "limit", "stop", "touch", "trail")))
    lifetime = draw(st.sampled_from(("GTC", "GTC", "IOC", "FOK", "GTD")))
    terms: dict[str, Any] = {"time_in_force": lifetime, "oco": draw(st.integers(0, 2))}
    terms["latency_ms"] = draw(st.one_of(st.none(), delays))
    terms["reduce_only"] = draw(st.integers(0, 3)) == 3
    terms["parent"] = max(draw(st.integers(-18, 6)), 0)
    if kind:
        terms[kind] = draw(prices) - (95.0 if kind == "trail" else 0.0)
    if kind == "limit" and lifetime in ("GTC", "GTD"):
        terms["post_only"] = draw(st.integers(0, 3)) == 3
    if lifetime == "GTD":
        terms["expires"] = draw(st.integers(0, 30))
    return draw(sides), draw(lots), terms


def following(history: list[Step]) -> Maker:
    """A strategy that does each step at its time and records what it receives and sees."""

    def build(base: type) -> type:
        class Following(base):
            def on_start(self, ctx: Any) -> None:
                self.seen: list[Any] = []
                self.todo = list(history)
                for at in sorted({at for at, _ in history}):
                    ctx.set_timer(MIDNIGHT + at * QUARTER)

            def record(self, ctx: Any, *event: Any) -> None:
                self.seen.append((*event, ctx.now, float(ctx.position("A")), tuple(ctx.open_orders())))

            def on_timer(self, ctx: Any) -> None:
                self.record(ctx, "timer")
                while self.todo and MIDNIGHT + self.todo[0][0] * QUARTER <= ctx.now:
                    self.todo.pop(0)[1](ctx)

            def on_quote(self, ctx: Any, quote: Any) -> None:
                self.record(ctx, "quote", quote.timestamp)

            def on_fill(self, ctx: Any, fill: Any) -> None:
                self.record(ctx, "fill", fill.order_id, fill.timestamp, fill.quantity, fill.price)

        return Following

    return build


class Races(RuleBasedStateMachine):
    """`now` runs in quarters of a second; requests and quotes are known before the run."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1
        self.quotes: list[tuple[float, ...]] = [(MIDNIGHT, 100.0, 101.0, 3.0, 3.0)]
        self.history: list[Step] = []
        self.orders: list[set[str]] = []  # the prices that each can be amended in
        self.execution = Execution()

    @initialize(
        latencies=st.lists(
            st.tuples(st.integers(0, 60), delays), min_size=1, max_size=4, unique_by=lambda s: s[0]
        ),
        response=delays,
        jitter=st.sampled_from((0.0, 0.0, 700.0)),
        fifo=st.booleans(),
    )
    def begin(self, latencies: list[tuple[int, float]], response: float, jitter: float, fifo: bool) -> None:
        self.execution = Execution(
            latency_ms=[(MIDNIGHT + at * QUARTER, ms) for at, ms in sorted(latencies)],
            response_latency_ms=response,
            latency_jitter_ms=jitter,
            response_jitter_ms=jitter,
            displayed_size=True,
            commission_bps=1.0,
            cost_basis="fifo" if fifo else "average",
            leverage=20.0,
        )

    def do(self, act: Callable[[Any], Any]) -> None:
        self.history.append((self.now, act))

    @rule(pause=st.integers(1, 6), bid=prices, spread=st.integers(0, 2), bid_size=shown, ask_size=shown)
    def quote(self, pause: int, bid: float, spread: int, bid_size: float, ask_size: float) -> None:
        self.now += pause
        self.quotes.append((MIDNIGHT + self.now * QUARTER, bid, bid + spread, bid_size, ask_size))

    @rule(pause=pauses)
    def wait(self, pause: int) -> None:
        self.now += pause

    @rule(drawn=order_terms())
    def order(self, drawn: tuple[str, float, dict[str, Any]]) -> None:
        side, quantity, terms = drawn
        if "expires" in terms:
            terms["expires"] = MIDNIGHT + (self.now + terms["expires"]) * QUARTER
        if terms.get("parent"):
            terms["parent"] = 1 + terms["parent"] % len(self.orders) if self.orders else 0
        has = {
            "stop" if name == "trail" else name for name in terms.keys() & {"limit", "stop", "touch", "trail"}
        }
        self.orders.append({"quantity"} | has)
        self.do(lambda ctx: getattr(ctx, side)("A", quantity, **terms))

    @rule(side=sides, quantity=lots, gain=st.integers(1, 4), guard=st.integers(1, 4), limit=prices)
    def bracket(self, side: str, quantity: float, gain: int, guard: int, limit: float) -> None:
        way = 1 if side == "buy" else -1
        exits = {"take_profit": limit + way * gain, "stop_loss": limit - way * guard}
        self.orders += [{"quantity", "limit"}, {"quantity", "limit"}, {"quantity", "stop"}]
        self.do(lambda ctx: ctx.bracket("A", quantity, side=side, limit=limit, **exits))

    @precondition(lambda self: self.orders)
    @rule(which=st.integers(0, 30), quantity=st.one_of(st.none(), lots), price=st.one_of(st.none(), prices))
    def amend(self, which: int, quantity: float | None, price: float | None) -> None:
        number = which % len(self.orders)
        terms = {name: quantity if name == "quantity" else price for name in self.orders[number]}
        self.do(lambda ctx: ctx.amend(number + 1, **terms))

    @precondition(lambda self: self.orders)
    @rule(which=st.integers(0, 30))
    def cancel(self, which: int) -> None:
        number = which % len(self.orders)
        self.do(lambda ctx: ctx.cancel(number + 1))

    def teardown(self) -> None:
        for bid in (99.0, 102.0, 100.0):  # so that the last reports arrive
            self.quote(9, bid, 1, 4.0, 4.0)
        streams = {"A": {"quotes": self.quotes}}
        case = Case(streams, execution=self.execution, instruments={"A": Instrument(lot_size=1.0)})
        make = unhashed(following(self.history))
        expected, found = run_reference(case, make), run_btcore(case, make)
        assert_same(expected.strategy.seen, found.strategy.seen, 1e6, "seen")
        for part in fields(expected):
            if part.name != "strategy":
                assert_same(getattr(expected, part.name), getattr(found, part.name), 1e6, part.name)
        self.check(run(case, make))

    def check(self, result: btcore.Result) -> None:
        """Invariants of any history."""
        taken: dict[tuple[int, str], float] = defaultdict(float)
        for fill in result.trades:
            taken[int(fill["event"]), str(fill["side"])] += fill["quantity"]
        for (event, side), quantity in taken.items():
            assert quantity <= self.quotes[event][4 if side == "buy" else 3]
        held = 0.0
        for order in result.orders:
            mine = result.trades[result.trades["order_id"] == order["order_id"]]
            assert order["status"] in ("filled", "canceled", "expired", "rejected")
            assert order["leaves_quantity"] == 0.0
            assert (order["status"] == "filled") == (order["reason"] == "")
            assert mine["quantity"].sum() == order["filled_quantity"] <= order["quantity"]
            assert order["status"] != "filled" or order["filled_quantity"] == order["quantity"]
            if len(mine):
                assert order["sent_at"] <= order["arrived_at"] <= mine["timestamp"].min()
                assert mine["timestamp"].max() <= order["closed_at"]
                mean = (mine["price"] * mine["quantity"]).sum() / mine["quantity"].sum()
                assert order["average_price"] == pytest.approx(mean)
            held += order["filled_quantity"] * (1 if order["side"] == "buy" else -1)
        assert result.journal.positions["qty"][0] == held


def run(case: Case, make: Maker) -> btcore.Result:
    streams = {symbol: containers(stream) for symbol, stream in case.streams.items()}
    strategy = make(btcore.Strategy)()
    return btcore.run(streams, strategy, execution=case.execution, instruments=case.instruments)


TestRaces = Races.TestCase
TestRaces.settings = settings(
    max_examples=max(EXAMPLES // 20, 1),
    stateful_step_count=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
