"""The result of a sweep: parameters and metrics in columns, one row for each run."""

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from btcore.errors import ConfigError
from btcore.names import no_attribute
from btcore.research.odds.of_sweep import SweepOdds
from btcore.results.pages import Page
from btcore.results.result import Result
from btcore.results.summary import Metrics, format_metric
from btcore.results.tables import Table

from .axes import Neighbourhood, neighbourhood, row_of
from .goals import Goal, pareto
from .records import Columns, check_metric, per_period, row
from .sweep_columns import SweepColumns

if TYPE_CHECKING:
    pass


class Refusal(NamedTuple):
    """A parameter set that the strategy refuses, and the reason."""

    params: dict[str, Any]
    reason: str


class SweepRun(NamedTuple):
    """One run of a sweep: its row, its parameters as given, and the metrics of `Result.metrics`."""

    row: int
    params: dict[str, Any]
    metrics: Metrics

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self.params.items())
        names = ("sharpe_ratio", "total_return", "max_drawdown")
        found = ", ".join(f"{name}={format_metric(self.metrics.get(name))}" for name in names)
        return f"<SweepRun {self.row}: {given}; {found}>"


class SweepResult(SweepColumns):
    """Parameters and metrics of every run, in the order of the parameter sets.

    params: parameters by name, arrays with a value for each run.
    metrics: metrics by name, likewise; NaN where a metric is undefined.
    refused: the parameter sets that the strategy refuses, with reasons; `n_refused` counts them, also where
        not all are kept.
    failed: the parameter sets whose run failed, with reasons, if the sweep records them.
    numbers: int64, the number of each run among all that were run, if only the best are kept.
    seconds: float64, what each run took.
    n_trials: how many runs there were. n_found: how many of them were in the study.
    goals: the objectives, each with `metric` and `direction`.
    notes: lines about the search. is_stopped: True if the sweep was stopped before its end.

    The highest Sharpe ratio of many runs is high by chance: `neighbourhood` says whether runs with nearly the
    same parameters are good too. `result[i]` is the SweepRun of run `i`; `result.run(i)` plays it again and
    returns its Result.
    """

    def __init__(
        self,
        params: Columns,
        table: Table,
        refused: Sequence[Refusal],
        run: Callable[[int], Result],
        *,
        failed: Sequence[Refusal] = (),
        numbers: NDArray[np.int64] | None = None,
        seconds: NDArray[np.float64] | None = None,
        n_refused: int | None = None,
        goals: Sequence[Goal] = (Goal("sharpe_ratio", "maximize"),),
        sharpe_ratios: NDArray[np.float64] | None = None,
        returns: Callable[[], NDArray[np.float64] | None] = lambda: None,
        returns_of: Callable[[int], NDArray[np.float64] | None] = lambda _: None,
        is_played_again: bool = False,
        n_found: int = 0,
        notes: Sequence[str] = (),
        is_stopped: bool = False,
    ) -> None:
        super().__init__(params, table)
        self.refused: tuple[Refusal, ...] = tuple(refused)
        self.failed: tuple[Refusal, ...] = tuple(failed)
        self.n_refused: int = len(refused) if n_refused is None else n_refused
        self.numbers: NDArray[np.int64] = np.arange(len(table)) if numbers is None else numbers
        self.seconds: NDArray[np.float64] = np.zeros(len(table)) if seconds is None else seconds
        self.goals: tuple[Goal, ...] = tuple(goals)
        self._sharpe_ratios = per_period(table) if sharpe_ratios is None else sharpe_ratios
        self.n_trials: int = len(self._sharpe_ratios)
        self.n_found: int = n_found
        self.notes: tuple[str, ...] = tuple(notes)
        self.is_stopped: bool = is_stopped
        self._run, self._returns, self._returns_of = run, returns, returns_of
        self._is_played_again = is_played_again  # for its returns

    if not TYPE_CHECKING:  # type checkers find unknown names by themselves

        def __getattr__(self, name: str) -> Any:
            return no_attribute(self, name, metrics=vars(self).get("metrics", ()))

    def __getitem__(self, index: int) -> SweepRun:
        """Parameters and metrics of one run; a negative index counts from the end, IndexError beyond."""
        i = self._row(index, IndexError)
        return SweepRun(i, row(self.params, i), row(self.metrics, i))

    def __iter__(self) -> Iterator[SweepRun]:
        return (self[i] for i in range(len(self)))

    def run(self, index: int) -> Result:
        """The Result of one run, equal to that of `bt.run`. It is played again.

        A negative index counts from the end; ConfigError beyond.
        """
        return self._run(self._row(index, ConfigError))

    def _row(self, index: int, error: type[Exception]) -> int:
        """The index from 0; `error` if there is no such run, and TypeError or ConfigError for no number."""
        try:
            i = operator.index(index)
        except TypeError:
            wrong = TypeError if error is IndexError else error
            raise wrong(f"run {index!r}: not a whole number, the index of a run") from None
        if not -len(self) <= i < len(self):
            count = "there is 1 run" if len(self) == 1 else f"there are {len(self):,} runs"
            raise error(f"run {i}: {count}")
        return i % len(self)

    def order(self, metric: str = "sharpe_ratio", highest: bool = True) -> NDArray[np.int64]:
        """The indexes of all runs, best first, int64; undefined metrics are last, ties in order of index."""
        check_metric(metric)
        column = self.metrics[metric]
        return np.argsort(-column if highest else column, kind="stable")

    @overload
    def best(self, metric: str = ..., highest: bool = ..., n: None = None) -> SweepRun: ...

    @overload
    def best(self, metric: str = ..., highest: bool = ..., *, n: int) -> list[SweepRun]: ...

    def best(
        self, metric: str = "sharpe_ratio", highest: bool = True, n: int | None = None
    ) -> SweepRun | list[SweepRun]:
        """The run with the highest metric, or the lowest; with `n` a list of the best `n`, best first.

        The list has no runs whose metric is undefined, so it may be shorter. ConfigError if the metric is
        unknown, or undefined in every run, and if `n` is not a whole number above 0.
        """
        if n is not None and (isinstance(n, bool) or not isinstance(n, int) or n < 1):
            raise ConfigError(f"n: {n!r} is not a whole number above 0")
        order = self.order(metric, highest)
        column = self.metrics[metric]
        if np.isnan(column[order[0]]):
            raise ConfigError(f"metric: {metric} is undefined in every run")
        if n is None:
            return self[int(order[0])]
        return [self[int(i)] for i in order[:n] if not np.isnan(column[i])]

    @cached_property
    def returns(self) -> NDArray[np.float64] | None:
        """The return of each period of each run, a fraction, float64 (runs, periods).

        None if only the best runs are kept, or the returns of all take more than 256 MiB. Those of runs that
        were played side by side are played again.
        """
        return self._returns()

    @cached_property
    def odds(self) -> SweepOdds:
        """How likely the best run, by the first goal, is luck: each figure is computed when it is read.

        Deflated Sharpe ratio by the number of runs, probability of backtest overfitting, reality check and
        SPA. docs/odds.md.
        """
        best, returns = self._best_row, self.returns
        if returns is None and best is not None:  # at least those of the best
            if self._odds_of_best is not None:
                return self._odds_of_best
            return self._odds(self.run(best).period_returns["return"][np.newaxis] / 100.0, 0)
        return self._odds(np.empty((0, 0)) if returns is None else returns, best)

    @cached_property
    def _odds_of_best(self) -> SweepOdds | None:
        """The odds by the returns of the best run alone; None if the engine would have to play it again."""
        returns = None if self._best_row is None else self._returns_of(self._best_row)
        return None if returns is None else self._odds(returns[np.newaxis], 0)

    @cached_property
    def _best_row(self) -> int | None:
        """The best run by the first goal; None if the goal is undefined in every run."""
        goal = self.goals[0]
        row = int(self.order(goal.metric, goal.highest)[0])
        return None if np.isnan(self.metrics[goal.metric][row]) else row

    def _odds(self, returns: NDArray[np.float64], best: int | None) -> SweepOdds:
        """Those by the returns of some runs, (runs, periods), of which `best` is the row of the best."""
        defined = self._sharpe_ratios[np.isfinite(self._sharpe_ratios)]
        variance = float(np.var(defined, ddof=1)) if len(defined) > 1 else None
        a_year = None if self._best_row is None else self.metrics["periods_per_year"][self._best_row]
        columns = np.ascontiguousarray(returns.T)
        return SweepOdds(columns, best, self.n_trials, variance, a_year if a_year and a_year > 0 else None)

    def pareto(self) -> list[SweepRun]:
        """The runs that no other run beats in one goal without being worse in another, in their order."""
        return [self[int(i)] for i in pareto([self.metrics[goal.metric] for goal in self.goals], self.goals)]

    def neighbourhood(
        self,
        params: Mapping[str, Any] | SweepRun | int,
        metric: str = "sharpe_ratio",
        highest: bool = True,
        than: float | None = None,
    ) -> Neighbourhood:
        """The runs beside one run, and the median and the worst of their metric.

        A run is beside it if every number is the next lower value of this sweep, the same, or the next
        higher; other parameters are the same.

        params: all parameters that vary, or a run of this sweep, or its index.
        than: `share_better` of the result is the share of these runs that are better; None for the median of
            all runs.

        ConfigError for an unknown metric or parameter, one that is missing, and a set or index without a run.
        """
        check_metric(metric)
        if isinstance(params, Mapping):
            row = row_of(self.axes, self.params, params)
        else:
            row = self._row(params.row if isinstance(params, SweepRun) else params, ConfigError)
        column = self.metrics[metric].astype(np.float64)
        return neighbourhood(self.axes, self[row].params, row, metric, column, highest, than)

    @overload
    def report(self, path: None = None, metric: str = ..., *, highest: bool = ...) -> Page: ...

    @overload
    def report(self, path: str | Path, metric: str = ..., *, highest: bool = ...) -> Path: ...

    def report(
        self, path: str | Path | None = None, metric: str = "sharpe_ratio", *, highest: bool = True
    ) -> Page | Path:
        """One offline page: heat maps, parallel coordinates, best runs and those beside them.

        Notebooks show it. With a path it is written, and its path is returned. If the metric is undefined in
        every run, the page says so and lists the runs in order. ConfigError unless the path ends in .html,
        and for an unknown metric.
        """
        from .page import sweep_page

        check_metric(metric)
        made = sweep_page(self, metric, highest=highest)
        return made if path is None else made.save(path)

    def __repr__(self) -> str:
        text = f"<SweepResult: {len(self)} runs of {', '.join(self.params) or 'no parameters'}"
        if self.n_trials > len(self):
            text += f", the best of {self.n_trials:,}"
        if self.n_refused:
            text += f", {self.n_refused} sets refused"
        if self.failed:
            text += f", {len(self.failed)} failed"
        if self.is_stopped:
            text += ", stopped before the end"
        if self._best_row is None:
            return text + ">"
        best, goal = self[self._best_row], self.goals[0]
        which = "highest" if goal.highest else "lowest"
        text += f"; {which} {goal.metric} {format_metric(best.metrics[goal.metric])}"
        if best.params:
            text += f" with {', '.join(f'{name}={value!r}' for name, value in best.params.items())}"
        if self.n_trials > 1 and self._odds_of_best is not None:
            deflated = self._odds_of_best.deflated_sharpe
            text += f", deflated Sharpe {deflated.probability:.2f}" if deflated is not None else ""
        return f"{text}>"

    def _repr_html_(self) -> str:
        from .page import sweep_html

        return sweep_html(self)
