"""`walk_forward`: parameters are chosen on one window of time and tested on the next."""

from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

import numpy as np

from btcore.backtest.progress import Progress, ProgressCallback, reporter
from btcore.config import WarmUp, checked
from btcore.data.run_data import RunData
from btcore.errors import ConfigError
from btcore.research.executors.choice import kept_open
from btcore.research.sweeps.options import Stop, StoppedEarlyError, stop_function
from btcore.research.sweeps.records import check_metric
from btcore.research.sweeps.run_many import Grid
from btcore.research.sweeps.sweep_result import SweepResult
from btcore.research.sweeps.swept import SweptStrategy
from btcore.times.clock import moment_text

from .folds import Spans, Window, windows
from .joined import Part, join
from .objectives import check_direction
from .spans import SpanLike, span_of
from .stability import rank_of, stability_of
from .validations import Fold, WalkForward, metric_of
from .window_runs import WindowRuns, in_window


def walk_forward(
    data: RunData,
    strategy: SweptStrategy,
    params: Grid,
    *,
    train: SpanLike,
    test: SpanLike,
    step: SpanLike | None = None,
    anchored: bool = False,
    purge: SpanLike | None = None,
    embargo: SpanLike | None = None,
    keep_short: bool = False,
    objective: str = "sharpe_ratio",
    direction: str = "maximize",
    warm_up: int | None = None,
    close_at_end: bool = True,
    check_leaks: bool = True,
    ranks: bool = True,
    stop: Stop | None = None,
    symbol: str | None = None,
    symbols: Sequence[str] | None = None,
    resolution: str | None = None,
    progress: ProgressCallback | bool | None = None,
    **options: Any,
) -> WalkForward:
    """Chooses parameters by a sweep over each training window, and plays them over the test that follows it.

        bt.walk_forward(bars, "ma_crossover", grid, train="2y", test="6mo", symbol="SPY")

    data, symbol, symbols, resolution, progress: as in `run`; `fraction` counts windows.
    strategy, params: as in `sweep`. A function of the parameters that has a parameter `data` too is given the
        data by symbol, only with rows that begin before the end of the window it is made for.
    train, test, step: lengths of the windows: "2y", "6mo", "90d" or "4h", "500 bars" (rows), or a number of
        periods of the returns. Months and days follow the clock of the run's timezone. `step`, from one
        test to the next, is `test` by default, and no shorter.
    anchored: every training window begins at the start of the data.
    purge, embargo: lengths that are left out between training and test. No training follows a test here, so
        both widen the same gap.
    keep_short: play a last test that the data do not fill; by default it is left out.
    objective, direction: the metric that chooses, and "maximize" or "minimize".
    warm_up: rows before a test that its run can read, see `run`; None for those of the training window and
        the gap. Nothing is traded before the test.
    close_at_end: close the positions left at the end of a test, with costs, as `Execution.close_at_end`. If
        False they are valued at the last mark, and the next test begins without them.
    check_leaks: run `leakcheck` for each different set that is chosen, over all data.
    ranks: also sweep each test, for the rank of the chosen set.
    stop: a function or an Event that says when to stop; the result then has the windows so far, and
        BtcoreError is raised before the first has ended.
    options: the other keyword arguments of `run`, and those of `sweep` that say how it searches and where it
        runs.

    Each test begins flat with the capital with which the last one ended, and `result` joins them.
    docs/validation.md has the rules. Raises ConfigError for windows that the data have no room for, and
    LookaheadError for a chosen strategy that depends on later data; otherwise as `sweep`.
    """
    highest = check_direction(direction)
    check_metric(objective, "objective")
    for name, switch in (
        ("anchored", anchored), ("keep_short", keep_short), ("close_at_end", close_at_end),
        ("check_leaks", check_leaks), ("ranks", ranks),
    ):  # fmt: skip
        checked(name, switch, bool)
    is_stopped = stop_function(stop)
    spans = Spans(
        span_of("train", train),
        span_of("test", test),
        span_of("step", test if step is None else step),
        tuple(
            span_of(name, gap) for name, gap in (("purge", purge), ("embargo", embargo)) if gap is not None
        ),
    )
    rows_before = None if warm_up is None else checked("warm_up", warm_up, WarmUp)
    selection = {"symbol": symbol, "symbols": symbols, "resolution": resolution}
    runs = WindowRuns(data, strategy, selection, {**options, "stop": is_stopped}, close_at_end=close_at_end)
    found = windows(runs.line, spans, anchored=anchored, keep_short=keep_short)
    _require_windows(runs, found, train, test, keep_short=keep_short)
    _use_year_of_all(runs, found)

    capital, folds, parts, tried = (
        runs.whole.initial_capital,
        list[Fold](),
        list[Part](),
        dict[str, list[Any]](),
    )
    notes, was_stopped = [_how(found, anchored=anchored, close_at_end=close_at_end)], False
    report, close = reporter(progress, len(found))
    with ExitStack() as open_meanwhile:
        open_meanwhile.callback(close)
        open_meanwhile.enter_context(kept_open(options.get("executor")))
        for number, window in enumerate(found):
            name = f"window {number}, {moment_text(window.test_start)} to {moment_text(window.test_end)}"
            if not capital > 0.0:
                notes.append(f"{name} and later ones are not played: the capital is {capital:.2f}")
                break
            step_of = _Step(runs, window, objective, highest=highest, rows_before=rows_before)
            play = partial(step_of.play, params, number, capital, check_leaks=check_leaks, ranks=ranks)
            played = None if is_stopped() else in_window(name, play)
            if played is None:
                notes.append(f"{name} and later ones are not played: stopped")
                was_stopped = True
                break
            fold, swept = played
            for key, column in swept.params.items():
                tried.setdefault(key, []).extend(column.tolist())
            folds.append(fold)
            assert fold.result is not None
            parts.append(Part(name, fold.result))
            capital = metric_of(fold.result, "final_equity")
            if report is not None:
                report(Progress((number + 1) / len(found), window.test_end, capital, number + 1))
    if not parts:
        raise StoppedEarlyError("walk_forward: stopped before the first window had ended")
    notes += runs.leak_lines()
    return WalkForward(
        result=join(parts, runs.whole, WalkForward.kind, notes),
        folds=folds,
        objective=objective,
        direction=direction,
        stability=stability_of(objective, folds, tried),
        leaks=runs.leaks,
        notes=notes,
        is_stopped=was_stopped,
    )


class _Step:
    """One window: the choice in training and the run over the test."""

    def __init__(
        self, runs: WindowRuns, window: Window, objective: str, *, highest: bool, rows_before: int | None
    ) -> None:
        self.runs, self.objective, self.highest = runs, objective, highest
        # A search that learns from results looks for the same as this choice.
        self.search = {"objective": {objective: "maximize" if highest else "minimize"}}
        self.train = (window.train_start, runs.clean_end(window.train_end))
        self.test = (window.test_start, runs.clean_end(window.test_end))
        before = runs.rows_between(window.train_start, window.test_start)
        self.rows_before = before if rows_before is None else rows_before

    def play(
        self, params: Grid, number: int, capital: float, *, check_leaks: bool, ranks: bool
    ) -> tuple[Fold, SweepResult] | None:
        """The fold and the sweep over its training; None if it was stopped before its end."""
        try:
            return self._played(params, number, capital, check_leaks=check_leaks, ranks=ranks)
        except StoppedEarlyError:
            return None

    def _played(
        self, params: Grid, number: int, capital: float, *, check_leaks: bool, ranks: bool
    ) -> tuple[Fold, SweepResult]:
        start, end = self.train
        swept = self.runs.sweep(params, start=start, end=end, **self.search)
        best = swept.best(self.objective, self.highest)
        if check_leaks:
            self.runs.check_leaks(best.params)
        start, end = self.test
        terms = {"initial_capital": capital, "warm_up": self.rows_before}
        result = self.runs.play(best.params, start, end, **terms)
        rank, share = None, float("nan")
        if ranks and len(swept) > 1:
            tested = self.runs.sweep_again([run.params for run in swept], start=start, end=end, **terms)
            values = tested.metrics[self.objective].astype(np.float64)
            if len(tested) == len(swept):
                rank, share = rank_of(values, best.row, highest=self.highest)
        return Fold(
            number,
            (self.train,),
            (self.test,),
            dict(best.params),
            float(swept.metrics[self.objective][best.row]),
            metric_of(result, self.objective),
            rank,
            len(swept),
            share,
            result=result,
        ), swept


def _require_windows(
    runs: WindowRuns, found: Sequence[Window], train: SpanLike, test: SpanLike, *, keep_short: bool
) -> None:
    if not found:
        line = runs.line
        hint = "" if keep_short else "; keep_short=True plays a last test that is shorter"
        raise ConfigError(
            f"train, test: the data from {moment_text(line.first)} to {moment_text(line.last)} have no room "
            f"for {train!r} of training and {test!r} of test{hint}"
        )
    for number, window in enumerate(found):
        ranges = {
            "training": (window.train_start, window.train_end),
            "test": (window.test_start, window.test_end),
        }
        for name, (start, end) in ranges.items():
            if start >= end or not runs.rows_between(start, runs.clean_end(end)):
                raise ConfigError(
                    f"window {number}: its {name}, {moment_text(start)} to {moment_text(end)}, has no rows"
                )


def _use_year_of_all(runs: WindowRuns, found: Sequence[Window]) -> None:
    """Annual figures of short windows have the year of all data, if each window has two of its periods."""
    starts = runs.line.periods
    limits = np.array([[w.train_start, w.train_end, w.test_start, w.test_end] for w in found])
    place = np.searchsorted(starts, limits)
    if ((place[:, 1::2] - place[:, ::2]) >= 2).all():
        runs.with_periods_per_year()


def _how(found: Sequence[Window], *, anchored: bool, close_at_end: bool) -> str:
    kind = "anchored" if anchored else "rolling"
    left = (
        "closed at the end of each, with costs"
        if close_at_end
        else "valued at the last mark of each, not closed"
    )
    return f"walk forward: {len(found)} {kind} windows; positions are {left}"
