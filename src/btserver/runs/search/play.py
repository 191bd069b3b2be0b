"""Plays an optimization in a worker process: the search, its validation, and what the results say of both."""

import contextlib
import sqlite3
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from threading import Event, Thread
from typing import Any, NamedTuple, Self

import msgspec

from btcore.backtest.progress import Progress
from btcore.data import Catalog, SampleMarket
from btcore.research.executors.pools import processors
from btcore.research.sweeps.run_many import sweep
from btcore.research.sweeps.sweep_result import SweepResult
from btcore.results.result import Result
from btserver.optimization_schemas import OptimizationRequest, Trial
from btserver.schemas import Trials

from .terms import search_period, search_terms, send_by_value, strategy_of, whole_space
from .trials import Goal, StudyReader, best_of, trials_of
from .validation import validate

READ_SECONDS = 0.25  # between two looks at the study
READ_SHARE = 0.05  # of the time that reading the study may take
# Parts of the progress that the search takes: a holdout is one run, the others search again.
SEARCH_SHARE = {None: 0.99, "holdout": 0.98, "walk_forward": 0.5, "purged_kfold": 0.6, "cpcv": 0.6}
Tell = Callable[[float, Trials, dict[str, float]], None]


class Played(NamedTuple):
    """An optimization that is complete.

    summary: best_trial, odds and validation; manifest: of the search and of the best run.
    """

    trials: list[Trial]
    counts: Trials
    summary: dict[str, Any]
    manifest: dict[str, Any]
    fingerprint: str
    metrics: dict[str, Any]  # of the best trial
    lines: list[str]


def play_search(
    request: OptimizationRequest,
    source: Catalog | SampleMarket,
    *,
    study: Path,
    executor: str,
    progress: Tell,
    log: Callable[[list[str]], None],
) -> Played:
    """Searches, and validates the choice. Trials that the study has are not played again.

    progress: called with the share that is done, the trials so far, and the numbers that have changed.
    log: called with lines of the log.

    Raises what `sweep` raises, with ConfigError if the strategy refuses every set.
    """
    goal, workers = Goal.of(request), _workers(request.concurrency, executor)
    strategy = strategy_of(request.base_backtest)
    running = partial(_at_once, workers, executor, is_python=not isinstance(strategy, str))
    if executor == "ray":
        send_by_value(request.base_backtest)
    watch = _Watch(progress, StudyReader(study, goal), goal, running)
    share = SEARCH_SHARE[request.validation_mode]
    playing: dict[str, Any] = {"executor": executor, "workers": workers}

    def searched(step: Progress) -> None:
        watch.fraction = share * step.fraction

    with watch:
        result = sweep(
            source,
            strategy,
            whole_space(request),
            objective={request.objective_metric: request.direction},
            study=study,
            progress=searched,
            **search_period(request),
            **search_terms(request),
            **playing,
        )
    trials, counts = trials_of(result, goal)
    watch.tell(share, counts)
    log([f"{counts.completed:,} trials completed, {counts.failed:,} failed", *_found(result)])
    row = best_of(trials, goal)
    best, validation = None, None
    if row is not None:
        best = result.run(row)
        validation = validate(
            request,
            source,
            (dict(result[row].params), trials[row].objective),
            playing,
            study=study.with_suffix(".validation.sqlite"),
            progress=lambda fraction: watch.tell(share + (1 - share) * fraction, counts),
        )
    odds = result.odds.to_dict() | {"headline": result.odds.headline(), "lines": result.odds.lines()}
    return Played(
        trials=trials,
        counts=counts,
        summary={
            "best_trial": None if row is None else trials[row],
            "odds": odds,
            "validation": validation,
        },
        manifest={
            "search": _manifest(request, result, best, playing),
            "best_run": None if best is None else best.manifest,
        },
        fingerprint="" if best is None else str(best.fingerprint),
        metrics={} if best is None else dict(best.metrics),
        lines=[*result.notes, *result.odds.lines()],
    )


def _workers(wanted: int | None, executor: str) -> int | None:
    """How many trials are played at once: a core is left for the server unless more is asked for."""
    if executor == "ray":
        return wanted
    most = processors()
    return max(1, most - 1) if wanted is None else min(wanted, most)


def _at_once(workers: int | None, executor: str, *, is_python: bool) -> int:
    """How many trials run at a time: threads play those of a Python strategy in turn."""
    if executor == "threads" and is_python:
        return 1
    if executor == "ray" and workers is None:
        ray: Any = import_module("ray")
        return int(ray.cluster_resources().get("CPU", 1)) if ray.is_initialized() else 1
    return workers or 1


def _found(result: SweepResult) -> list[str]:
    if not result.n_found:
        return []
    return [f"{result.n_found:,} of them are of an earlier attempt and were not played again"]


class _Watch:
    """Tells how far the search is, of the trials that are on disk, while the block of `with` is run."""

    def __init__(self, tell: Tell, study: StudyReader, goal: Goal, running: Callable[[], int]) -> None:
        self._tell_server, self._study, self._goal, self._running = tell, study, goal, running
        self.fraction = 0.0
        self._last: tuple[float, Trials] = (-1.0, Trials())
        self._best: float | None = None
        self._ended = Event()
        self._thread = Thread(target=self._work, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        if kind is not None:  # what has ended is told before the error
            self._look(running=0)

    def tell(self, fraction: float, counts: Trials) -> None:
        """Tells numbers that have changed."""
        known, metrics = self._last[1], dict[str, float]()
        if (fraction, counts) == self._last:
            return
        if counts.completed != known.completed:
            metrics["trials_completed"] = counts.completed
        if counts.failed != known.failed:
            metrics["trials_failed"] = counts.failed
        best = msgspec.json.decode(counts.best, type=Trial).objective if counts.best else None
        if best is not None and best != self._best:
            metrics[self._goal.metric] = self._best = best
        self._last = fraction, counts
        self._tell_server(fraction, counts, metrics)

    def _look(self, running: int) -> None:
        with contextlib.suppress(sqlite3.OperationalError):  # the file is being made
            self.tell(self.fraction, msgspec.structs.replace(self._study.counts(), running=running))

    def _work(self) -> None:
        pause = READ_SECONDS
        while not self._ended.wait(pause):
            started = time.monotonic()
            self._look(running=self._running())
            pause = max(READ_SECONDS, (time.monotonic() - started) / READ_SHARE)


def _manifest(
    request: OptimizationRequest, result: SweepResult, best: Result | None, playing: dict[str, Any]
) -> dict[str, Any]:
    """What is needed to search again; versions and data are those of any of its runs."""
    played = (result.run(0) if best is None else best).manifest
    versions = {name: played[name] for name in ("btcore", "numpy", "python", "platform")}
    if request.method == "optuna":
        versions["optuna"] = version("optuna")
    return {
        "versions": versions,
        "data": played["data"],
        "data_source": played["data_source"],
        "method": request.method,
        "random_seed": request.random_seed,
        "max_trials": request.max_trials,
        "search_space": msgspec.to_builtins(request.search_space),
        "constraints": request.constraints,
        "objective_metric": request.objective_metric,
        "direction": request.direction,
        "validation_mode": request.validation_mode,
        "trials_run": result.n_trials,
        "sets_refused": result.n_refused,
        **playing,
    }
