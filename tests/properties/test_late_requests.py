"""Random plans, in both engines, for two rules that the general random cases rarely reach.

Requests that arrive after the expiry of an order, and shares of grandchildren.
"""

from dataclasses import fields
from typing import Any

from engines import Case, Outcome, assert_same, run_btcore, run_reference
from hand_cases import at, both, buy, planned, quotes, sell
from hypothesis import assume, given
from hypothesis import strategies as st
from variations import law

from btcore.config import Execution


def played(streams: dict[str, Any], plan: dict[Any, Any], **execution: Any) -> Outcome:
    """The outcome of the engine, after comparing it with that of the reference."""
    case = Case(streams, execution=Execution(**execution))
    expected = run_reference(case, planned(plan))
    found = run_btcore(case, planned(plan))
    for part in fields(expected):
        if part.name != "strategy":
            assert_same(getattr(expected, part.name), getattr(found, part.name), 1e6, part.name)
    return found


@st.composite
def late_requests(draw: st.DrawFn) -> tuple[dict[str, Any], dict[Any, Any], float]:
    """Orders of A that expire at a time between two of its events, and a request at an event of B."""
    expiry = draw(st.sampled_from([2.0, 3.0, 4.0]))
    terms = {"time_in_force": "GTD", "expires": at(expiry)}
    parent = {"parent": 1} if draw(st.booleans()) else {}
    orders = [buy(2, limit=draw(st.sampled_from([90.0, 99.0, 101.0])))]
    orders.append(
        draw(st.sampled_from([buy, sell]))(3, limit=draw(st.sampled_from([95.0, 105.0])), **terms, **parent)
    )
    number = draw(st.integers(1, 2))
    change = draw(st.sampled_from(["limit", "quantity", "cancel"]))
    value = draw(st.sampled_from([1.0, 2.0, 95.0, 102.0]))

    def request(ctx: Any) -> None:
        if change == "cancel":
            ctx.cancel(number)
        else:
            ctx.amend(number, **{change: value})

    streams = {
        "A": quotes(
            (0, 100, 101, 5, 5), (1, 100, 101, 5, 1), (draw(st.sampled_from([5, 7])), 100, 101, 5, 5)
        ),
        "B": quotes((draw(st.sampled_from([2, 3, 4])), 50, 51, 5, 5), (6, 50, 51, 5, 5)),
    }
    return streams, {0: both(*orders), draw(st.sampled_from([1.5, 2, 3, 4])): request}, expiry


@law
@given(late_requests(), st.sampled_from([0.0, 500.0]), st.sampled_from([0.0, 700.0]))
def test_no_order_changes_or_fills_after_its_expiry(
    drawn: tuple[dict[str, Any], dict[Any, Any], float], latency_ms: float, response_latency_ms: float
) -> None:
    streams, plan, expiry = drawn
    outcome = played(
        streams, plan, latency_ms=latency_ms, response_latency_ms=response_latency_ms, displayed_size=True
    )
    order = outcome.orders[1]
    assert order["ts_closed"] <= at(expiry) or order["status"] != "CANCELED" or order["reason"] != "requested"
    assert all(fill["ts"] < at(expiry) for fill in outcome.fills if fill["order_id"] == 2)


@law
@given(
    st.lists(st.integers(1, 12), min_size=3, max_size=3),
    st.lists(st.tuples(st.sampled_from([95, 99, 104]), st.integers(1, 5)), min_size=3, max_size=9),
    st.integers(1, 8),
    st.integers(1, 3),
)
def test_three_generations_of_orders(
    quantities: list[int], market: list[tuple[int, int]], cancelled_at: int, cancelled: int
) -> None:
    first, second, third = quantities
    assume(cancelled_at <= len(market))
    rows = [(t + 1.0, bid, bid + 1, size, size) for t, (bid, size) in enumerate(market)]
    orders = buy(first, limit=100.0), sell(second, limit=104.0, parent=1), buy(third, limit=96.0, parent=2)
    plan = {0: both(*orders), cancelled_at: lambda ctx: ctx.cancel(cancelled)}
    outcome = played({"A": quotes((0, 100, 101, 1, 1), *rows)}, plan, displayed_size=True)
    for order, quantity in zip(outcome.orders, quantities, strict=True):
        assert order["quantity"] <= quantity
