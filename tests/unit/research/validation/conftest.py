"""Validations of one market, played once for all tests."""

import pytest
from validations import COSTS, GRID

import btcore as bt


@pytest.fixture(scope="session")
def bars() -> bt.Bars:
    return bt.sample_bars("A", "2020-01-01", "2023-01-01")


@pytest.fixture(scope="session")
def forward(bars: bt.Bars) -> bt.WalkForward:
    return bt.walk_forward(
        {"A": bars}, "ma_crossover", GRID, train="1y", test="6mo", execution=COSTS, progress=False
    )


@pytest.fixture(scope="session")
def folded(bars: bt.Bars) -> bt.PurgedKFold:
    return bt.purged_kfold(
        {"A": bars}, "ma_crossover", GRID, folds=4, purge=3, embargo=2, execution=COSTS, progress=False
    )


@pytest.fixture(scope="session")
def crossed(bars: bt.Bars) -> bt.CPCV:
    return bt.cpcv({"A": bars}, "ma_crossover", GRID, groups=4, execution=COSTS, progress=False)
