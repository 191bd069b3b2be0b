"""What a strategy is told of its orders beside fills: rejections, ends without a complete fill, triggers."""

from typing import Any

import pytest
from engines import Case, EngineRun
from hand_cases import at, planned, quotes, seconds

import btcore as bt
from btcore.config import Execution, Instrument

MARKET = quotes((0, 99, 100), (1, 99, 100), (2, 104, 105), (3, 99, 100), (5, 99, 100))


def told(engine: EngineRun, plan: dict[Any, Any], hooks: str, **terms: Any) -> list[tuple[Any, ...]]:
    """(callback, seconds, order) of each report."""
    found: list[tuple[Any, ...]] = []

    def make(base: type) -> type:
        def hook(name: str) -> Any:
            def call(self: Any, ctx: Any, order: Any) -> None:
                number = getattr(order, "order_id", None) or order.id
                found.append((name, seconds(ctx.now), number))

            return call

        return type("Told", (planned(plan)(base),), {name: hook(name) for name in hooks.split()})

    instruments = terms.pop("instruments", {})
    engine(Case({"A": MARKET}, execution=Execution(**terms), instruments=instruments), make)
    return found


ALL = "on_reject on_cancel on_trigger on_fill"


def test_each_comes_at_its_time(engine: EngineRun) -> None:
    plan = {
        0: lambda ctx: [ctx.buy("A", 0.5), ctx.buy("A", 1, stop=104.0), ctx.sell("A", 1, limit=200.0)],
        1: lambda ctx: ctx.cancel(3),
        3: lambda ctx: ctx.buy("A", 1, limit=50.0, time_in_force="IOC"),
    }
    # The lot size rejects half a unit. The ask of 105 triggers the stop, which fills there.
    found = told(engine, plan, ALL, instruments={"A": Instrument(lot_size=1.0)})
    assert found == [
        ("on_reject", 0, 1), ("on_cancel", 1, 3), ("on_trigger", 2, 2), ("on_fill", 2, 2), ("on_cancel", 3,
        4),
    ]  # fmt: skip


def test_an_expiry_is_an_end(engine: EngineRun) -> None:
    plan = {0: lambda ctx: ctx.buy("A", 1, limit=50.0, time_in_force="GTD", expires=at(2.5))}
    assert told(engine, plan, "on_cancel") == [("on_cancel", 3, 1)]


def test_what_is_open_when_the_data_end_is_not_reported(engine: EngineRun) -> None:
    assert told(engine, {0: lambda ctx: ctx.buy("A", 1, limit=50.0)}, ALL) == []


def test_the_other_order_of_a_group_comes_after_the_fill(engine: EngineRun) -> None:
    plan = {0: lambda ctx: [ctx.buy("A", 1, oco=1), ctx.buy("A", 1, limit=50.0, oco=1)]}
    assert [each[0] for each in told(engine, plan, "on_cancel on_fill")] == ["on_fill", "on_cancel"]


def test_response_latency_delays_reports(engine: EngineRun) -> None:
    plan = {0: lambda ctx: ctx.buy("A", 1, stop=104.0), 1: lambda ctx: ctx.buy("A", 0.5)}
    found = told(engine, plan, ALL, response_latency_ms=1500, instruments={"A": Instrument(lot_size=1.0)})
    assert found == [("on_reject", 2.5, 2), ("on_trigger", 3.5, 1), ("on_fill", 3.5, 1)]


def test_an_order_of_a_report_goes_to_the_market_at_once(engine: EngineRun) -> None:
    sent: list[float | None] = []

    def make(base: type) -> type:
        def on_reject(self: Any, ctx: Any, order: Any) -> None:
            sent.append(seconds(ctx.now))
            ctx.buy("A", 1)

        plan = {1: lambda ctx: ctx.buy("A", 0.5)}
        return type("Again", (planned(plan)(base),), {"on_reject": on_reject})

    outcome = engine(Case({"A": MARKET}, instruments={"A": Instrument(lot_size=1.0)}), make)
    assert sent == [1]
    assert [(seconds(fill["ts"]), fill["order_id"]) for fill in outcome.fills] == [(1, 2)]


def test_a_rejection_that_sends_what_is_rejected_again_ends_the_run(engine: EngineRun) -> None:
    def make(base: type) -> type:
        def again(self: Any, ctx: Any, order: Any) -> None:
            ctx.buy("A", 0.5)

        return type("Endless", (planned({1: lambda ctx: ctx.buy("A", 0.5)})(base),), {"on_reject": again})

    with pytest.raises(bt.StrategyError, match="more than 10000 rounds of requests"):
        engine(Case({"A": MARKET}, instruments={"A": Instrument(lot_size=1.0)}), make)


def test_the_state_has_status_and_reason() -> None:
    class Reads(bt.Strategy):
        def on_start(self, ctx: bt.Context) -> None:
            self.seen: list[tuple[str, str, float, str]] = []
            ctx.buy("A", 0.5, tag="half")
            ctx.cancel(ctx.buy("A", 2.0, limit=1.0))

        def on_reject(self, ctx: bt.Context, order: bt.OrderState) -> None:
            self.seen.append((order.status, order.reason, order.quantity, order.tag))
            assert order == ctx.order(order.order_id)

        on_cancel = on_reject

    data = {"A": bt.Quotes([at(0), at(1)], [99.0, 99.0], [100.0, 100.0])}
    result = bt.run(data, Reads, instruments={"A": Instrument(lot_size=1.0)})
    assert result.strategy.seen == [("canceled", "requested", 2.0, ""), ("rejected", "lot_size", 0.5, "half")]
