"""Without credit, no fill leaves more exposure than equity pays, and what closes a position is never cut."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from order_arrays import drawn

import btcore as bt

ROUNDING = 1 + 2e-9
Fills = list[tuple[float, float, float]]  # signed quantity, price, commission


def run_without_credit(seed: int) -> bt.Result:
    data, orders, terms = drawn(seed)
    terms["execution"] = replace(
        terms["execution"], account="margin", leverage=1.0, position_mode="netting", volume_share=None
    )
    terms["instruments"] = {"A": bt.Instrument(lot_size=terms["instruments"]["A"].lot_size)}
    terms["initial_capital"] = min(terms["initial_capital"], 5000.0)
    return bt.run({"A": data}, orders, **terms)


def fills_of(result: bt.Result) -> Fills:
    sign = np.where(result.trades["side"] == "buy", 1.0, -1.0)
    columns = sign * result.trades["quantity"], result.trades["price"], result.trades["commission"]
    return list(zip(*(column.tolist() for column in columns), strict=True))


def opened(held: float, signed: float) -> float:
    """The size of the part of a fill that raises the position."""
    return abs(signed) if held * signed >= 0 else max(0.0, abs(signed) - abs(held))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32))
def test_a_fill_that_raises_a_position_is_paid_by_equity(seed: int) -> None:
    result = run_without_credit(seed)
    cash, held = result.metrics["initial_capital"], 0.0
    for signed, price, commission in fills_of(result):
        equity = cash + held * price
        raised = opened(held, signed)
        held += signed
        cash -= signed * price + commission
        if raised > 1e-9 * abs(signed):
            assert abs(held) * price + commission <= equity * ROUNDING + 1e-9


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32))
def test_what_closes_a_position_is_never_cut(seed: int) -> None:
    result = run_without_credit(seed)
    positions = np.cumsum([0.0, *(signed for signed, _, _ in fills_of(result))])
    by_order: dict[int, Any] = dict(
        zip(result.trades["order_id"].tolist(), pairwise(positions), strict=False)
    )
    for order in result.orders[result.orders["reason"] == "cash"]:
        before, after = by_order.get(int(order["order_id"]), (0.0, 0.0))
        side = 1.0 if order["side"] == "buy" else -1.0
        assert after == pytest.approx(0.0, abs=1e-9) or after * side > 0, (before, after)


def test_enough_orders_are_cut() -> None:
    """Guards against a test that proves nothing."""
    reasons = np.concatenate([run_without_credit(seed).orders["reason"] for seed in range(200)])
    assert np.count_nonzero(reasons == "cash") > 20
