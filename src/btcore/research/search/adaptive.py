"""A search by Optuna: parameter sets that depend on the results of earlier ones."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from math import isfinite
from typing import Any

from btcore.data.conversions import import_library

from .constraints import EXTRA
from .draws import random_points
from .fixed import MOST_REDRAWS, Fits, Goals, exhausted, no_fit, none_fits
from .ranges import DecimalSteps, LogUniform
from .space import Axis, Params, Point, Space

BATCH = 16
STARTUP = 10  # results before proposals follow them; Optuna's default
MOST_PROPOSALS = 20  # that break a constraint or are not new, until a set is drawn at random


class OptunaSearch:
    """A `Search` by Optuna's TPE sampler, for one goal or several.

    The sets of a batch are proposed before any result of that batch, and results are told to Optuna when the
    batch is complete, in its order: the parameter sets follow from space, seed and results alone.

    The first are drawn at random, until `STARTUP` of them have results. No set is asked twice in a space
    without a continuum.
    """

    goals_needed: bool = True

    def __init__(
        self,
        space: Space,
        trials: int,
        *,
        seed: int,
        fits: Fits | None,
        directions: Sequence[str],
        batch: int | None,
    ) -> None:
        self.batch: int | None = BATCH if batch is None else batch
        self.at_most: int = trials if space.size is None else min(trials, space.size)
        self.n_trials: int | None = self.at_most if fits is None or space.size is None else None
        self.types: dict[str, set[type]] = space.types
        self.left_out = 0
        self.notes: list[str] = []
        self._space, self._trials, self._fits = space, trials, fits
        self._names = [space.names[i] for i in space.free]
        self._optuna = import_library("optuna", EXTRA)
        self._distributions = {space.names[i]: self._distribution(space.axes[i]) for i in space.free}
        with quiet(self._optuna):
            sampler = self._optuna.samplers.TPESampler(seed=seed % 2**32, n_startup_trials=STARTUP)
            self._study = self._optuna.create_study(directions=list(directions), sampler=sampler)
        self._random = random_points(space, seed)
        self._seen: set[Point] = set()
        self._n_proposed = 0
        self._n_complete = 0
        self._batch: list[tuple[Any, Params]] = []  # trials of Optuna with their parameter sets
        self._n_asked = 0  # of the batch
        self._told: list[Goals] = []
        self._n_goals = len(directions)
        self._propose_batch()
        if not self._batch:
            raise none_fits(self.left_out)

    def ask(self, n: int) -> list[Params]:
        if self._n_asked == len(self._batch):
            if len(self._told) < len(self._batch):
                missing = len(self._batch) - len(self._told)
                raise RuntimeError(f"ask: {missing} results of the batch have not been told")
            self._propose_batch()
        sets = [params for _, params in self._batch[self._n_asked : self._n_asked + n]]
        self._n_asked += len(sets)
        return sets

    def tell(self, trials: Sequence[tuple[Params, Goals]]) -> None:
        for params, goals in trials:
            place = len(self._told)
            if place == self._n_asked:
                raise ValueError(f"tell: {params} was told already, or was not asked")
            if params != self._batch[place][1]:
                raise ValueError(f"tell: {params} is not the next in order, {self._batch[place][1]}")
            if goals is not None and len(goals) != self._n_goals:
                raise ValueError(f"tell: {len(goals)} objectives for {self._n_goals} directions")
            self._told.append(goals)
        if len(self._told) == len(self._batch):
            self._tell_batch()

    def _tell_batch(self) -> None:
        states = self._optuna.trial.TrialState
        with quiet(self._optuna):
            for (trial, _), goals in zip(self._batch, self._told, strict=True):
                values = [float("nan") if goal is None else float(goal) for goal in goals or [None]]
                if all(isfinite(value) for value in values):
                    self._study.tell(trial, values)
                    self._n_complete += 1
                else:  # Optuna ranks pruned trials below all others, and leaves failed ones out
                    self._study.tell(trial, state=states.PRUNED)

    def _propose_batch(self) -> None:
        assert self.batch is not None
        self._batch, self._told, self._n_asked = [], [], 0
        with quiet(self._optuna):
            while len(self._batch) < self.batch and self._n_proposed < self._trials:
                proposed = self._propose()
                if proposed is None:
                    if not self.notes:
                        self.notes.append(exhausted(self._n_proposed, self._trials))
                    return
                self._batch.append(proposed)
                self._n_proposed += 1

    def _propose(self) -> tuple[Any, Params] | None:
        """A trial of Optuna that has begun, with its parameter set; None if there is no other set."""
        if self._n_complete >= STARTUP and len(self._seen) != self._space.size:
            for _ in range(MOST_PROPOSALS):
                trial = self._study.ask(self._distributions)
                params = self._new(self._point(trial.params))
                if params is not None:
                    return trial, params
                self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)
        for redraws, point in enumerate(self._random, 1):
            params = self._new(point)
            if params is not None:
                free = zip(self._names, (point[i] for i in self._space.free), strict=True)
                self._study.enqueue_trial(dict(free))
                return self._study.ask(self._distributions), params
            if redraws == MOST_REDRAWS:
                raise no_fit(self._n_proposed, self.left_out)
        return None

    def _new(self, point: Point) -> Params | None:
        """The parameter set, if it was not proposed before and keeps the constraints."""
        if point in self._seen:
            return None
        if self._space.size is not None:
            self._seen.add(point)
        params = self._space.params(point)
        if self._fits is None or self._fits(params):
            return params
        self.left_out += 1
        return None

    def _point(self, chosen: dict[str, Any]) -> Point:
        point: list[int | float] = [0] * len(self._space.axes)
        for i, name in zip(self._space.free, self._names, strict=True):
            point[i] = chosen[name]
        return tuple(point)

    def _distribution(self, axis: Axis) -> Any:
        """That of the numbers of a continuum, or of the positions among the values."""
        kinds = self._optuna.distributions
        if axis.continuum is not None:
            low, high = axis.continuum.low, axis.continuum.high
            return kinds.FloatDistribution(low, high, log=isinstance(axis.continuum, LogUniform))
        assert axis.values is not None
        if is_ordered(axis.values):
            return kinds.IntDistribution(0, len(axis.values) - 1)
        return kinds.CategoricalDistribution(range(len(axis.values)))


def is_ordered(values: Any) -> bool:
    """Whether the values are numbers that only increase or only decrease, so that near ones are alike."""
    if isinstance(values, range | DecimalSteps):
        return True
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in values):
        return False
    pairs = list(pairwise(values))
    return all(a < b for a, b in pairs) or all(a > b for a, b in pairs)


@contextmanager
def quiet(optuna: Any) -> Iterator[None]:
    """Without Optuna's lines about each study on stderr; its verbosity is restored."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(max(before, optuna.logging.ERROR))
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
