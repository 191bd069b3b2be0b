"""Claim 5: a commission of the user's own, beside the built-in one in the same engine."""

import numpy as np
import pytest

import btcore as bt
from btcore import jit

from .data import trades
from .measure import figure
from .peers.work import FEE, order_rows, scaled

SHARE = 0.1
BPS = FEE * 1e4
# A limit that is never reached: without one, the built-in commission takes the path for order arrays.
IN_THE_ENGINE = bt.Execution(commission_bps=BPS, max_order=1e12)


def in_bps(price, quantity, side, liquidity, instrument):
    return FEE * price * quantity


MODELS = {"Numba function": jit.cost_model(in_bps), "Python callable": in_bps}


@pytest.mark.parametrize("kind", MODELS)
def test_commission_of_ones_own(benchmark, kind):
    data = trades(scaled(1_000_000))
    rows, sizes = order_rows(len(data), SHARE)
    orders = bt.Orders(data.timestamp[rows], "A", np.where(sizes > 0, 1, -1), np.abs(sizes))
    model = bt.CostModel(commission=MODELS[kind])

    def built_in():
        return bt.run({"A": data}, orders, execution=IN_THE_ENGINE)

    result = figure(
        benchmark,
        lambda: bt.run({"A": data}, orders, execution=IN_THE_ENGINE, cost_model=model),
        claim=5,
        what=f"commission by a {kind}, `bt.Orders` on {SHARE:.0%} of 1 M trades",
        work=len(rows),
        unit="orders",
        bound=("the built-in commission", built_in),
        note="both in the engine, event by event",
    )
    expected = built_in()
    assert result.metrics["total_trades"] == expected.metrics["total_trades"] > 0
    np.testing.assert_allclose(result.trades["commission"], expected.trades["commission"], rtol=1e-9)
