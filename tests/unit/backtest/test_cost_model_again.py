"""A run with a cost model, repeated from its manifest and checked by its account."""

from pathlib import Path
from typing import Any

import pytest

import btcore as bt
from btcore import jit

BARS = bt.sample_bars("A", "2023-01-01", "2023-07-01")


def per_unit(price: float, quantity: float, side: int, liquidity: int, instrument: Any) -> float:
    return 0.01 * quantity


def twice(price: float, quantity: float, side: int, liquidity: int, instrument: Any) -> float:
    return 0.02 * quantity


def worse(price: float, quantity: float, side: int, liquidity: int, instrument: Any) -> float:
    return price * (1 + 0.001 * side)


MODEL = bt.CostModel(commission=per_unit, slippage=worse)


def first(model: bt.CostModel | None = MODEL) -> bt.Result:
    return bt.run({"A": BARS}, "ma_crossover", {"short_period": 3}, cost_model=model, progress=False)


@pytest.mark.parametrize("model", [MODEL, bt.CostModel(*map(jit.cost_model, MODEL[:2]))])
def test_it_is_repeated_with_the_same_functions(model: bt.CostModel) -> None:
    run = first(model)
    assert run.metrics["total_commission"] > 0
    for given in (run, run.manifest):
        again = bt.replay(given, {"A": BARS}, cost_model=model)
        assert again.is_equal, again.differences
        assert again.result.trades.tobytes() == run.trades.tobytes()
        assert again.result.fingerprint == run.fingerprint


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (None, r"cost_model: the run had a function for commission, .*per_unit, which a manifest does not"),
        (bt.CostModel(commission=per_unit), "cost_model: the run had a function for slippage, .*worse"),
        (
            bt.CostModel(commission=twice, slippage=worse),
            r"cost_model\.commission: the code of .*twice is not that of the run, .*per_unit",
        ),
        (
            bt.CostModel(commission=per_unit, slippage=worse, fill_size=per_unit),
            "cost_model: the run had no function for fill_size",
        ),
        (per_unit, "cost_model: .* is not a CostModel"),
    ],
)
def test_other_functions_are_refused(model: Any, words: str) -> None:
    with pytest.raises(bt.ConfigError, match=words):
        bt.replay(first(), {"A": BARS}, cost_model=model)


def test_a_run_without_a_model_is_repeated_without_one() -> None:
    with pytest.raises(bt.ConfigError, match="cost_model: the run had no function for commission"):
        bt.replay(first(None), {"A": BARS}, cost_model=MODEL)
    assert bt.replay(first(None), {"A": BARS}).is_equal


def test_its_account_is_that_of_its_fills(tmp_path: Path) -> None:
    run = first()
    assert run.reconcile().is_exact
    run.save(tmp_path / "r.npz")
    loaded = bt.load_result(tmp_path / "r.npz")
    assert loaded.reconcile().is_exact
    assert bt.replay(loaded, {"A": BARS}, cost_model=MODEL).is_equal
