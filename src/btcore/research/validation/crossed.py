"""`purged_kfold` and `cpcv`: parameters are chosen on periods before and after the test."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, NamedTuple

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from btcore.backtest.progress import Progress, ProgressCallback, reporter
from btcore.config import WarmUp, checked
from btcore.data.run_data import RunData
from btcore.research.sweeps.run_many import Grid
from btcore.research.sweeps.swept import SweptStrategy
from btcore.results.result import Result
from btcore.times.clock import moment_text

from .folds import groups as group_ranges
from .folds import label_ends, paths, purged_train, splits
from .joined import Part, join
from .objectives import check_direction, check_objective
from .spans import Timeline
from .stability import stability_of
from .trial_returns import Choice, TrialReturns
from .validations import CPCV, Fold, PurgedKFold, Range, metric_of
from .window_runs import WindowRuns, in_window

Rows = NDArray[np.int64]
Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]
SHARE_OF_TRIALS = 0.5  # of the progress


def purged_kfold(
    data: RunData,
    strategy: SweptStrategy,
    params: Grid,
    *,
    folds: int = 5,
    purge: int = 0,
    embargo: int = 0,
    objective: str = "sharpe_ratio",
    direction: str = "maximize",
    warm_up: int | None = None,
    close_at_end: bool = True,
    check_leaks: bool = True,
    symbol: str | None = None,
    symbols: Sequence[str] | None = None,
    resolution: str | None = None,
    progress: ProgressCallback | bool | None = None,
    **options: Any,
) -> PurgedKFold:
    """Tests each of `folds` groups of periods with the parameters that are best on the others.

    data, strategy, params, warm_up, close_at_end, check_leaks, options: as in `walk_forward`; a `warm_up` of
        None is the rows of the longest group.
    folds: the number of groups of equal size, in order of time.
    purge: the number of periods after its own that the outcome of a period depends on, such as the time a
        position is held. Training periods that overlap a test so are left out: `purge` before it, and as many
        after it.
    embargo: periods left out after these.
    objective: sharpe_ratio, sortino_ratio, total_return, annual_return, annual_volatility, max_drawdown or
        calmar_ratio, as training periods do not follow each other.

    Training returns are those of one run over all data for each set. Tests are runs of their own that begin
    flat, joined in order of time. ConfigError for another objective; otherwise as `walk_forward`.
    """
    terms = _Terms(folds, 1, purge, embargo, objective, direction, warm_up, close_at_end)
    selection = {"symbol": symbol, "symbols": symbols, "resolution": resolution}
    crossed = _Crossed(data, strategy, params, terms, selection=selection, options=options)
    report, close = reporter(progress, folds)
    try:
        crossed.choose(report, check_leaks=check_leaks)
        notes = crossed.notes("purged k-fold")
        parts = crossed.play(np.arange(folds), "fold", notes)
        result = join(parts, crossed.runs.whole, PurgedKFold.kind, notes)
    finally:
        close()
    return PurgedKFold(
        result=result,
        **crossed.common([part.result for part in parts]),
        notes=notes,
    )


def cpcv(
    data: RunData,
    strategy: SweptStrategy,
    params: Grid,
    *,
    groups: int = 6,
    test_groups: int = 2,
    purge: int = 0,
    embargo: int = 0,
    objective: str = "sharpe_ratio",
    direction: str = "maximize",
    warm_up: int | None = None,
    close_at_end: bool = True,
    check_leaks: bool = True,
    symbol: str | None = None,
    symbols: Sequence[str] | None = None,
    resolution: str | None = None,
    progress: ProgressCallback | bool | None = None,
    **options: Any,
) -> CPCV:
    """Tests every choice of `test_groups` of `groups` groups with the parameters that are best on the others.

    groups, test_groups: 6 and 2 make 15 splits and 5 paths. Each path has every group once, as a test of one
        of the splits, and is a Result; their objectives are a distribution instead of one number.

    The other arguments are those of `purged_kfold`.
    """
    terms = _Terms(groups, test_groups, purge, embargo, objective, direction, warm_up, close_at_end)
    selection = {"symbol": symbol, "symbols": symbols, "resolution": resolution}
    crossed = _Crossed(data, strategy, params, terms, selection=selection, options=options)
    table = paths(groups, test_groups)
    report, close = reporter(progress, len(table))
    found: list[Result] = []
    try:
        crossed.choose(report, check_leaks=check_leaks)
        notes = crossed.notes("combinatorial purged cross-validation")
        for j, chosen in enumerate(table):
            parts = crossed.play(chosen, f"path {j}, group", notes)
            found.append(join(parts, crossed.runs.whole, CPCV.kind, notes))
            if report is not None:
                share = SHARE_OF_TRIALS + (1 - SHARE_OF_TRIALS) * (j + 1) / len(table)
                equity = metric_of(found[-1], "final_equity")
                report(Progress(share, crossed.runs.line.last, equity, j + 1))
    finally:
        close()
    return CPCV(paths=found, path_splits=table, **crossed.common([None] * len(crossed.choices)), notes=notes)


class _Terms(NamedTuple):
    """The arguments of the two functions that say what is tested and how."""

    groups: int
    tests: int
    purge: int
    embargo: int
    objective: str
    direction: str
    warm_up: int | None
    close_at_end: bool


class _Crossed:
    """The splits of the periods, the choice of each, and runs over the groups."""

    def __init__(
        self,
        data: RunData,
        strategy: SweptStrategy,
        params: Grid,
        terms: _Terms,
        *,
        selection: dict[str, Any],
        options: dict[str, Any],
    ) -> None:
        name = "folds" if terms.tests == 1 else "groups"
        groups, tests = checked(name, terms.groups, Count), checked("test_groups", terms.tests, Count)
        self.purge, self.embargo = (
            checked("purge", terms.purge, Count),
            checked("embargo", terms.embargo, Count),
        )
        rows = None if terms.warm_up is None else checked("warm_up", terms.warm_up, WarmUp)
        checked("close_at_end", terms.close_at_end, bool)
        self.highest, self.direction = check_direction(terms.direction), terms.direction
        check_objective(terms.objective)
        self.objective, self.params, self.close_at_end = terms.objective, params, terms.close_at_end
        self.runs = WindowRuns(data, strategy, selection, options, close_at_end=terms.close_at_end)
        self.runs.with_periods_per_year()
        line = self.runs.line
        self.ranges = group_ranges(len(line.periods), groups, name)
        self.splits = splits(groups, tests)
        size = len(line.periods)
        labels = label_ends(size, self.purge)
        self.trains = [
            purged_train(np.arange(size), labels, [self.ranges[g] for g in chosen], self.embargo)
            for chosen in self.splits
        ]
        self.times = [_times(line, first, stop) for first, stop in self.ranges]
        self.rows_before = (
            max(self.runs.rows_between(start, end) for start, end in self.times) if rows is None else rows
        )
        self.choices: list[Choice] = []

    def choose(self, report: ProgressCallback | None, *, check_leaks: bool) -> None:
        """Plays every set over all data, and chooses one for each split."""
        last = self.runs.line.last

        def done(fraction: float) -> None:
            if report is not None:
                report(Progress(SHARE_OF_TRIALS * fraction, last, self.runs.whole.initial_capital, 0))

        checked("check_leaks", check_leaks, bool)
        self.trials = TrialReturns(self.runs, self.params, self.objective, highest=self.highest, done=done)
        for chosen, train in zip(self.splits, self.trains, strict=True):
            where = f"test of group {', '.join(map(str, chosen))}"
            test = np.concatenate([np.arange(*self.ranges[g]) for g in chosen])
            choice = self.trials.choose(train, test, where)
            self.choices.append(choice)
            if check_leaks:
                in_window(where, partial(self.runs.check_leaks, self.trials.params[choice.row]))

    def notes(self, kind: str) -> list[str]:
        left = (
            "closed at the end of each test, with costs" if self.close_at_end else "valued at the last mark"
        )
        return [
            f"{kind}: {len(self.splits)} splits of {len(self.ranges)} groups of returns by "
            f"{self.runs.periods.kind.name.lower()}; purge {self.purge} and embargo {self.embargo} periods",
            f"positions are {left}",
            *self.runs.leak_lines(),
        ]

    def play(self, of_group: Rows, name: str, notes: list[str]) -> list[Part]:
        """The runs over all groups in order of time, each with the set that the given split has chosen."""
        capital, parts = self.runs.whole.initial_capital, list[Part]()
        for group, (start, end) in enumerate(self.times):
            where = f"{name} {group}, {moment_text(start)} to {moment_text(end)}"
            if not capital > 0.0:
                notes.append(f"{where} and later ones are not played: the capital is {capital:.2f}")
                break
            params = self.trials.params[self.choices[int(of_group[group])].row]
            play = partial(self.runs.play, params, start, self.runs.clean_end(end))
            terms = {"initial_capital": capital, "warm_up": self.rows_before}
            result = in_window(where, partial(play, **terms))
            parts.append(Part(where, result))
            capital = metric_of(result, "final_equity")
        return parts

    def common(self, results: Sequence[Result | None]) -> dict[str, Any]:
        """The arguments of the result, but for its joined results and notes."""
        folds = [
            Fold(
                number,
                tuple(self._ranges_of(self.trains[number])),
                tuple(self.times[g] for g in chosen),
                self.trials.params[choice.row],
                choice.in_sample,
                choice.out_of_sample,
                choice.rank,
                len(self.trials),
                choice.share_better,
                chosen,
                results[number] if number < len(results) else None,
            )
            for number, (chosen, choice) in enumerate(zip(self.splits, self.choices, strict=True))
        ]
        return {
            "folds": folds,
            "objective": self.objective,
            "direction": self.direction,
            # What the test lacks is in the training, so that the slope would be negative.
            "stability": stability_of(self.objective, folds, self.trials.tried, has_slope=False),
            "leaks": self.runs.leaks,
        }

    def _ranges_of(self, train: Rows) -> list[Range]:
        """The training periods as ranges of time."""
        if not len(train):
            return []
        parts = np.split(train, np.flatnonzero(np.diff(train) > 1) + 1)
        return [_times(self.runs.line, int(part[0]), int(part[-1]) + 1) for part in parts]


def _times(line: Timeline, first: int, stop: int) -> Range:
    """The time from the first row of a period to the first row after another."""
    return int(line.periods[first]), int(line.periods[stop]) if stop < len(line.periods) else line.end
