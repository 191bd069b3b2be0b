"""The period returns of every parameter set over all data, and the choice of a set on some of the periods."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.errors import ConfigError
from btcore.research.sweeps.run_many import Grid

from .objectives import Returns, check_objective, value_of
from .stability import rank_of
from .window_runs import Params, WindowRuns

ADAPTIVE = "optuna"
Rows = NDArray[np.int64]


class Choice(NamedTuple):
    """The set that is best on the training periods, and what it is worth on the test periods.

    row: its index; rank and share_better: see `Fold`.
    """

    row: int
    in_sample: float
    out_of_sample: float
    rank: int | None
    share_better: float


class TrialReturns:
    """One run over all data for each parameter set, of which the returns of the periods are kept.

    params: the sets. tried: the values of each parameter.
    """

    def __init__(
        self,
        runs: WindowRuns,
        params: Grid,
        objective: str,
        *,
        highest: bool,
        done: Callable[[float], None] = lambda _: None,
    ) -> None:
        """`done` is called with the fraction of runs that are over. ConfigError for an adaptive search."""
        self._objective = check_objective(objective)
        self.name: str = objective
        self.highest: bool = highest
        if runs.sweep_options.get("method") == ADAPTIVE:
            raise ConfigError(
                f"method: {ADAPTIVE!r} learns from runs over all data, which have the tests in them; choose "
                "one whose sets do not depend on results, such as 'grid' or 'random'"
            )
        swept = runs.sweep(params)
        self.params: list[Params] = [dict(run.params) for run in swept]
        self.tried: Mapping[str, Sequence[Any]] = {name: c.tolist() for name, c in swept.params.items()}
        kept = swept.returns
        if kept is not None and kept.shape[1] != len(runs.periods.ends):
            kept = None  # the curve has other periods than the data
        self._returns: list[Returns] = []
        for row in range(len(swept)):
            simple = runs.returns_of(swept.run(row)) if kept is None else kept[row]
            self._returns.append(runs.with_rates(simple))
            done((row + 1) / len(swept))

    def __len__(self) -> int:
        return len(self.params)

    def matrix(self) -> NDArray[np.float64]:
        """The returns, float64, shape (periods, sets)."""
        return np.column_stack([each.simple for each in self._returns])

    def values(self, rows: Rows) -> NDArray[np.float64]:
        """The objective of every set over these periods, float64; NaN if undefined."""
        return np.array([value_of(self._objective, each, rows) for each in self._returns])

    def choose(self, train: Rows, test: Rows, where: str) -> Choice:
        """The best set over the training periods; of equal ones the first. ConfigError if none is defined."""
        inside = self.values(train)
        if np.isnan(inside).all():
            raise ConfigError(
                f"{where}: {self.name} is undefined in training ({len(train)} periods) for every set"
            )
        row = int(np.nanargmax(inside if self.highest else -inside))
        outside = self.values(test)
        rank, share = rank_of(outside, row, highest=self.highest)
        return Choice(row, float(inside[row]), float(outside[row]), rank, share)
