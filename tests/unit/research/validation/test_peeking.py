"""A strategy that peeks: it is caught, or its advantage stays in training."""

from typing import Any

import numpy as np
import pytest
from validations import noise

import btcore as bt
from btcore.audit.lookahead import LookaheadError

TERMS: dict[str, Any] = {"progress": False}
WINDOWS: dict[str, Any] = {"train": 100, "test": 50}


def peek(data: dict[str, bt.Bars], ahead: int = 1) -> bt.Targets:
    """Long before a rise: the close `ahead` bars later is compared with that of the bar."""
    bars = data["A"]
    later = np.append(bars.close[ahead:], np.full(ahead, -np.inf))
    return bt.Targets(bars=bars, symbol="A", value=np.where(later > bars.close, 1.0, 0.0))


def normalised(data: dict[str, bt.Bars], below: float = 0.0) -> bt.Targets:
    """Long below the mean of all closes that it is given: look-ahead within them."""
    bars = data["A"]
    return bt.Targets(bars=bars, symbol="A", value=np.where(bars.close < bars.close.mean() - below, 1.0, 0.5))


def honest(data: dict[str, bt.Bars], lookback: int = 3) -> bt.Targets:
    """Long after a rise over `lookback` bars."""
    bars = data["A"]
    rise = np.append(np.zeros(lookback), bars.close[lookback:] - bars.close[:-lookback])
    return bt.Targets(bars=bars, symbol="A", value=np.where(rise > 0, 1.0, 0.0))


@pytest.mark.parametrize(
    ("strategy", "grid"), [(peek, {"ahead": [1, 2]}), (normalised, {"below": [0.0, 1.0]})]
)
def test_a_strategy_that_peeks_is_caught(strategy: Any, grid: Any) -> None:
    data = {"A": noise(4)}
    with pytest.raises(LookaheadError, match=r"^window 0, .*: (order|equity|the run)"):
        bt.walk_forward(data, strategy, grid, **WINDOWS, **TERMS)
    with pytest.raises(LookaheadError, match=r"^test of group 0: "):
        bt.purged_kfold(data, strategy, grid, folds=3, **TERMS)
    with pytest.raises(LookaheadError, match=r"^test of group 0, 1: "):
        bt.cpcv(data, strategy, grid, groups=3, **TERMS)


def test_an_honest_strategy_passes_and_the_check_is_told() -> None:
    found = bt.walk_forward({"A": noise(3)}, honest, {"lookback": [3, 5, 8]}, **WINDOWS, **TERMS)
    assert set(found.leaks) == {f"lookback={fold.params['lookback']}" for fold in found.folds}
    assert all(isinstance(each, tuple) and each.orders_checked > 0 for each in found.leaks.values())
    assert any(
        line.startswith("look-ahead of lookback=") and "no look-ahead in" in line for line in found.notes
    )


def test_without_the_check_training_still_sees_its_own_rows_only() -> None:
    """The peek of one bar over the end of training is not possible: what it is given ends there."""
    seen: list[tuple[int, int]] = []

    def spy(data: dict[str, bt.Bars], lookback: int = 3) -> bt.Targets:
        seen.append((int(data["A"].timestamp[0]), int(data["A"].timestamp[-1])))
        return honest(data, lookback)

    bars = noise(3)
    found = bt.walk_forward({"A": bars}, spy, {"lookback": [3, 5]}, check_leaks=False, **WINDOWS, **TERMS)
    limits = [fold.train[0][1] for fold in found.folds] + [fold.test[0][1] for fold in found.folds]
    last_rows = {int(bars.timestamp[bars.timestamp < limit][-1]) for limit in limits}
    assert {last for _, last in seen} == last_rows
    assert found.leaks == {}


def test_arrays_computed_from_all_data_beforehand_are_said_to_be_unchecked() -> None:
    """A function without `data` has its arrays from elsewhere: no run can show where they come from."""
    bars = noise(3)

    def closed_over(ahead: int = 1) -> bt.Targets:
        return peek({"A": bars}, ahead)

    found = bt.walk_forward({"A": bars}, closed_over, {"ahead": [1, 2]}, **WINDOWS, **TERMS)
    assert any("not covered: pass a function of the data" in note for note in found.notes)


class Recalls(bt.Strategy):
    """Buys after a rise; keeps every close that it has seen in a list of the class, as careless code does."""

    size: float = 1.0
    closes: Any = ()

    def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
        later = ctx.history("A", "close")
        ctx.order_target("A", self.size if len(later) > 1 and later[-1] > later[-2] else 0.0)


def test_callbacks_are_checked_by_their_class() -> None:
    found = bt.walk_forward({"A": noise(3)}, Recalls, {"size": [1.0, 2.0]}, **WINDOWS, **TERMS)
    assert all(isinstance(each, tuple) for each in found.leaks.values())


def test_a_strategy_fitted_to_noise_in_training_loses_its_advantage_in_the_test() -> None:
    """Signs drawn at random for every bar: the best of many is good in training and nothing after it."""

    def signs(seed: int) -> bt.Signals:
        drawn = np.random.default_rng(seed).random(len(bars)) < 0.5
        return bt.Signals(bars, drawn, ~drawn)

    inside, outside, shares = [], [], []
    for market in range(6):
        bars = noise(100 + market)
        found = bt.walk_forward(
            {"A": bars}, signs, {"seed": range(40)}, check_leaks=False, **WINDOWS, **TERMS
        )
        inside += found.stability.in_sample.tolist()
        outside += found.stability.out_of_sample.tolist()
        shares += found.stability.share_better.tolist()
    assert np.mean(inside) > 1.5
    assert abs(np.mean(outside)) < 0.75
    assert 0.35 < np.mean(shares) < 0.65
