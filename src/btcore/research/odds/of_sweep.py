"""The odds of a sweep: every figure of this package for its best trial, in plain words."""

from collections.abc import Callable
from functools import cached_property
from math import isfinite, isnan
from typing import Any, TypeVar

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from btcore.errors import ConfigError
from btcore.metrics import probabilistic_sharpe_ratio

from .inputs import Floats, as_column, finite, is_constant, whole
from .overfitting import PBO, checked_blocks, pbo
from .sharpe import DeflatedSharpe, TrackRecord, deflated, min_track_record_length
from .superiority import SPA, RealityCheck, both_tests
from .words import headline_of, lines_of

LEAST_SHARE = 0.9  # of the trials that were run, whose returns must be at hand for what compares trials

T = TypeVar("T")


class SweepOdds:
    """The odds that the best trial of a sweep is luck. Each figure is computed when it is first read.

    returns: float64 of shape (periods, trials), returns per period of the trials at hand. Trials with a
        number that is not finite or without dispersion, such as those that never trade, are left out of what
        compares trials.
    best: column of the best trial, by any objective; None if there is none.
    trials: number of trials that were run, with those whose returns are not at hand.
    variance: variance (ddof 1) of the Sharpe ratios per period of all trials that were run and have one, or
        None.
    periods_per_year: for Sharpe ratios per year and years of a track record; None shows them per period.
    blocks, resamples, block, seed: settings of `bt.pbo` and of `bt.spa`.

    A figure that cannot be computed is None, and `missing` says why. Figures that compare trials, which are
    `pbo`, `reality_check` and `spa`, need the returns of 90 % of the trials that were run: those of a
    selection, such as the best hundred, would be too favourable.
    """

    def __init__(
        self,
        returns: Floats,
        best: int | None,
        trials: int,
        variance: float | None,
        periods_per_year: float | None = None,
        *,
        blocks: int = 16,
        resamples: int = 1000,
        block: float | None = None,
        seed: int = 0,
    ) -> None:
        if returns.ndim != 2 or returns.dtype != np.float64:
            raise ConfigError(
                f"returns: {returns.dtype} of shape {returns.shape} is not (periods, trials), float64"
            )
        columns = returns.shape[1]
        self.returns = returns
        self.best: int | None = None if best is None else whole("best", best, 0, columns - 1)
        self.trials: int = whole("trials", trials, columns)
        self.variance: float | None = None if variance is None or not isfinite(variance) else float(variance)
        if self.variance is not None and self.variance < 0:
            raise ConfigError(f"variance: {variance} is not at least 0")
        self.periods_per_year: float | None = (
            None if periods_per_year is None else finite("periods_per_year", periods_per_year)
        )
        if self.periods_per_year is not None and self.periods_per_year <= 0:
            raise ConfigError(f"periods_per_year: {periods_per_year} is not above 0")
        self.blocks: int = checked_blocks(blocks)
        self.resamples: int = whole("resamples", resamples, 1)
        self.block = block
        self.seed: int = whole("seed", seed, 0)
        self._reasons: dict[str, str] = {}

    @cached_property
    def probabilistic_sharpe(self) -> float | None:
        """Probability that the true Sharpe ratio of the best trial is above 0, as if it were the only one."""
        return self._figure("probabilistic_sharpe", self._probabilistic)

    @cached_property
    def deflated_sharpe(self) -> DeflatedSharpe | None:
        """`bt.deflated_sharpe` of the best trial, by the number of trials that were run."""
        return self._figure("deflated_sharpe", self._deflated)

    @cached_property
    def track_record(self) -> TrackRecord | None:
        """`bt.min_track_record_length` of the best trial against the threshold of `deflated_sharpe`.

        Against 0, as if it were the only trial, if that is missing.
        """
        target = 0.0 if self.deflated_sharpe is None else self.deflated_sharpe.threshold
        return self._figure("track_record", lambda: min_track_record_length(self._best_returns(), target))

    @cached_property
    def pbo(self) -> PBO | None:
        """`bt.pbo` of the trials at hand; `chosen` are columns of `returns`."""
        return self._figure("pbo", self._pbo)

    @cached_property
    def reality_check(self) -> RealityCheck | None:
        """`bt.reality_check` of the trials at hand against a return of 0; `best` is a column of `returns`."""
        return None if self._tests is None else self._tests[0]

    @cached_property
    def spa(self) -> SPA | None:
        """`bt.spa` of the trials at hand against a return of 0; `best` is a column of `returns`."""
        return None if self._tests is None else self._tests[1]

    @cached_property
    def usable(self) -> NDArray[np.intp]:
        """Columns of `returns` that are compared: finite numbers that vary."""
        if not self.returns.size:
            return np.arange(0)
        with np.errstate(invalid="ignore", over="ignore"):
            usable = np.isfinite(self.returns.sum(axis=0)) & ~is_constant(self.returns)
        return np.flatnonzero(usable)

    @property
    def missing(self) -> dict[str, str]:
        """Why a figure is None, by its name. Computes all."""
        figures = ("probabilistic_sharpe", "deflated_sharpe", "track_record", "pbo", "reality_check", "spa")
        for name in figures:
            getattr(self, name)
        return {name: self._reasons[name] for name in figures if name in self._reasons}

    def lines(self, *, of_best: bool = False) -> list[str]:
        """Each figure as a sentence with what it means, or why it is missing.

        With `of_best` only those that need the returns of the best trial alone, which take no time.
        """
        return lines_of(self, of_best=of_best)

    def headline(self) -> str:
        """`deflated Sharpe 0.41, PBO 0.57, SPA p 0.628`, for a line beside the best trial."""
        return headline_of(self)

    def to_dict(self) -> dict[str, Any]:
        """The figures as numbers, None where one is `missing`, and the reasons; all are computed."""
        deflated_, record, split = self.deflated_sharpe, self.track_record, self.pbo
        check, test = self.reality_check, self.spa
        return {
            "trials": self.trials,
            "trials_compared": len(self.usable),
            "sharpe_variance": self.variance,
            "probabilistic_sharpe": self.probabilistic_sharpe,
            "deflated_sharpe": None if deflated_ is None else deflated_.probability,
            "expected_maximum_sharpe": None if deflated_ is None else deflated_.threshold,
            "track_record_target": None if record is None else record.target,
            "track_record_needed": None if record is None else record.needed,
            "pbo": None if split is None else split.pbo,
            "pbo_slope": None if split is None else split.slope,
            "reality_check": None if check is None else check.p_value,
            "spa_lower": None if test is None else test.lower,
            "spa_consistent": None if test is None else test.consistent,
            "spa_upper": None if test is None else test.upper,
            "missing": self.missing,
        }

    def __repr__(self) -> str:
        return "\n".join(self.lines())

    def _figure(self, name: str, compute: Callable[[], T]) -> T | None:
        """The figure, or None after noting the reason."""
        try:
            return compute()
        except ConfigError as error:
            self._reasons[name] = str(error)
            return None

    def _best_returns(self) -> Floats:
        if self.best is None:
            raise ConfigError("no trial is the best")
        column = as_column(self.returns[:, self.best], rows=2, where="returns of the best trial")
        if is_constant(column):
            raise ConfigError(f"the returns of the best trial are all {column[0]:g}")
        return np.ascontiguousarray(column)

    def _deflated(self) -> DeflatedSharpe:
        column = self._best_returns()
        if self.trials < 2:
            raise ConfigError("one trial was run, and none was chosen")
        if self.variance is None:
            raise ConfigError("the variance of the Sharpe ratios of all trials is not known")
        return deflated(column, self.trials, self.variance, self.best)

    def _compared(self, least: int) -> Floats:
        """The returns of the trials that can be compared; ConfigError if they are too few or a selection."""
        if self.trials < least:
            raise ConfigError("one trial was run, and none was chosen")
        held = self.returns.shape[1]
        if held < LEAST_SHARE * self.trials:
            raise ConfigError(
                f"the returns of {held:,} of {self.trials:,} trials are at hand, and those of "
                f"{LEAST_SHARE:.0%} are needed"
            )
        if len(self.usable) < least:
            raise ConfigError(
                f"the returns of {len(self.usable)} trials vary, and at least {least} are needed"
            )
        return self.returns if len(self.usable) == held else self.returns[:, self.usable]

    def _both_tests(self) -> tuple[RealityCheck, SPA]:
        check, test = both_tests(
            self._compared(1), None, resamples=self.resamples, block=self.block, seed=self.seed
        )
        column = self.usable
        return replace(check, best=int(column[check.best])), replace(test, best=int(column[test.best]))

    @cached_property
    def _tests(self) -> tuple[RealityCheck, SPA] | None:
        tests = self._figure("spa", self._both_tests)
        if tests is None:
            self._reasons["reality_check"] = self._reasons["spa"]
        return tests

    def _pbo(self) -> PBO:
        split = pbo(self._compared(2), blocks=self.blocks)
        return replace(split, chosen=self.usable[split.chosen])

    def _probabilistic(self) -> float:
        probability = probabilistic_sharpe_ratio(self._best_returns())
        if isnan(probability):
            raise ConfigError("the standard error of the Sharpe ratio is 0 or undefined")
        return probability
