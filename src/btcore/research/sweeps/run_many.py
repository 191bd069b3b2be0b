"""`sweep`: one strategy with many parameter sets over the same data, in parallel."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Event
from typing import Any, Literal, NamedTuple, Unpack

from btcore.backtest.opening import prepare_run
from btcore.backtest.prepare import PreparedRun
from btcore.backtest.progress import Progress, ProgressCallback, reporter
from btcore.backtest.request import require_request, run_options
from btcore.backtest.run_one import BOUNDS, RunTerms
from btcore.backtest.strategy_checks import check_strategy
from btcore.config import RunRequest
from btcore.data.run_data import RunData
from btcore.data.source import Source
from btcore.errors import BtcoreError, ConfigError, not_one_of
from btcore.names import names_keywords
from btcore.research.executors.choice import open_pool
from btcore.research.search.constraints import Constraints
from btcore.research.search.method import Search, make_search
from btcore.results.tables import Table

from .collect import Collected
from .goals import Goal, Objective, goals_of, values_of
from .study import Study
from .sweep_result import Refusal, SweepResult
from .swept import ONE_OF_MANY, ParameterSet, Params, Swept, SweptStrategy
from .trials import Finished, Trials
from .work import SweepWork, returns_again

Grid = Mapping[str, Any] | Sequence[Mapping[str, Any]]
Stop = Callable[[], bool] | Event
OnError = Literal["raise", "record"]
PART = 16_384  # parameter sets that are asked for at once
MOST_REFUSALS = 1_000  # with `keep` or `out`


class StoppedEarlyError(BtcoreError):
    """The work was stopped before there was anything to return."""


@names_keywords(RunTerms)
def sweep(
    data: RunData,
    strategy: SweptStrategy,
    params: Grid | None = None,
    *,
    symbol: str | None = None,
    symbols: Sequence[str] | None = None,
    resolution: str | None = None,
    method: str = "grid",
    trials: int | None = None,
    seed: int = 0,
    constraints: Constraints = None,
    objective: Objective = "sharpe_ratio",
    batch: int | None = None,
    executor: Any = "threads",
    workers: int | None = None,
    study: str | Path | None = None,
    keep: int | None = None,
    out: str | Path | None = None,
    on_error: OnError = "raise",
    stop: Stop | None = None,
    progress: ProgressCallback | bool | None = None,
    **terms: Unpack[RunTerms],
) -> SweepResult:
    """Runs `strategy` with many parameter sets; the metrics of each equal those of `run`.

        bt.sweep(data, "ma_crossover", {"short_period": range(5, 50), "long_period": range(20, 200, 5)})

    data, symbol, symbols, resolution: as in `run`.
    strategy: the name of a built-in strategy, a Strategy subclass, what `bt.compiled` makes, or a function of
        the parameters that returns what `run` plays: Signals, Orders, Targets, Compiled or a Strategy. It is
        called once for each parameter set, by one thread at a time. A set for which it raises an OrderError
        or a ConfigError is refused. Or a list of strategies, or a mapping of names to them, without `params`.
    params: names to values or ranges (FloatRange, IntRange, LogUniform, Choice); a text, a number or a
        mapping is one value. For a grid also a sequence of parameter sets.
    method: how sets are chosen: "grid" (all, the last name varies fastest), "random", "latin_hypercube",
        "sobol", or "optuna", which learns from the trials so far. docs/search.md.
    trials: how many sets are chosen; a grid without it has all.
    seed: a whole number; the same seed gives the same sets, whatever the executor.
    constraints: conditions of the sets, such as "short_period < long_period", or functions of a set.
    objective: the metric that is sought; several names, or names to "maximize" and "minimize", for several
        goals. A name alone is maximized.
    batch: how many sets Optuna proposes at once; None for 16.
    executor: "threads" of this process (the runs of a Strategy take turns), "processes" of this machine,
        "ray" for a cluster, or an object with the `submit` of concurrent.futures. docs/cluster.md.
    workers: how many threads or processes; None for one per processor. The result does not depend on it.
    study: a file (SQLite) that keeps each trial by its fingerprint: a sweep that was ended goes on, and no
        equal trial is run twice.
    keep: how many of the best trials the result has; None for all.
    out: a Parquet file for all trials; the result then has the best 1,000, or `keep`.
    on_error: "raise" the error of a trial that fails, or "record" it in `failed` of the result.
    stop: a function or an Event that says when to stop; the result then has the trials so far.
    progress: as in `run`; `fraction` counts finished runs, `equity` is that of the last of them.
    terms: the other keyword arguments of `run`.

    Parameter sets that the strategy refuses are in `refused` of the result, with the reason. Raises
    ConfigError for a parameter that the strategy does not have, and if every set is refused; otherwise as
    `run`.
    """
    options = _Options(
        goals_of(objective),
        executor,
        _workers(workers),
        study,
        _keep(keep),
        out,
        _on_error(on_error),
        stop_function(stop),
    )
    swept = Swept(strategy)
    search = make_search(
        _space(swept, params), method, trials=trials, seed=seed, constraints=constraints,
        directions=[goal.direction for goal in options.goals], batch=batch,
    )  # fmt: skip
    prepared = prepare_run(data, symbol=symbol, symbols=symbols, resolution=resolution, **terms)
    if prepared.execution.intrabar == BOUNDS:
        raise ConfigError(
            "intrabar: a sweep plays each run once, and 'bounds' plays two readings; a single run takes it"
        )
    if isinstance(swept.strategy, type):
        check_strategy(prepared, swept.strategy, None)
    return _Sweep(prepared, swept, search, options).result(progress)


class _Options(NamedTuple):
    """How the trials are played and which of them are kept."""

    goals: list[Goal]
    executor: Any
    workers: int | None
    study: str | Path | None
    keep: int | None
    out: str | Path | None
    on_error: OnError
    is_stopped: Callable[[], bool]


class _Sweep:
    """A sweep that is being run."""

    def __init__(self, prepared: PreparedRun, swept: Swept, search: Search, options: _Options) -> None:
        self._prepared, self._swept, self._search, self._options = prepared, swept, search, options
        self._refused: list[Refusal] = []
        self._failed: list[Refusal] = []
        self._n_refused = self._n_done = 0
        self._is_bounded = options.keep is not None or options.out is not None
        self._work = SweepWork(prepared, swept, options.is_stopped, keep_returns=False)

    def result(self, progress: ProgressCallback | bool | None) -> SweepResult:
        """Plays all trials."""
        options, first = self._options, self._ask()
        accepted = self._accepted(first)
        lanes = self._work.lanes_of(accepted[0].struct) if accepted else None
        # Lanes play a trial again in less time than its returns take to be kept.
        self._work.keep_returns = lanes is None and not self._is_bounded
        names = list(dict.fromkeys(name for given in first for name in given))
        goal = options.goals[0]
        kept = Collected(names, goal.metric, highest=goal.highest, keep=options.keep, out=options.out)
        study = None if options.study is None else Study(options.study, self._prepared, self._swept)
        pool = open_pool(options.executor, self._work, options.workers)
        report, close = reporter(progress, self._n_runs)
        is_complete = False
        try:
            trials = Trials(self._work, pool, study, options.is_stopped, strict=options.on_error == "raise")
            given = first
            while given:
                finished = trials.play(accepted, self._counter(report))
                self._collect(kept, accepted, finished)
                if options.is_stopped():
                    break
                self._search.tell(self._told(given, accepted, finished))
                given = self._ask()
                accepted = self._accepted(given)
            is_complete = True
        finally:
            pool.close()
            close()
            if study is not None:
                study.close()
            kept.close(is_complete=is_complete)
        return self._made(kept, trials)

    def _ask(self) -> list[Params]:
        given = self._search.ask(self._search.batch or PART)
        self._swept.check_names(dict.fromkeys(name for each in given for name in each))
        return given

    def _accepted(self, given: Sequence[Params]) -> list[ParameterSet]:
        """The sets that the strategy takes; the others are noted."""
        accepted = []
        for each in given:
            try:
                accepted.append(self._swept.check(each))
            except ConfigError as error:
                self._refuse(each, str(error))
        return accepted

    def _refuse(self, given: Params, reason: str) -> None:
        self._n_refused += 1
        if not self._is_bounded or len(self._refused) < MOST_REFUSALS:
            self._refused.append(Refusal(given, reason))

    def _counter(self, report: ProgressCallback | None) -> Callable[[list[int], Table], None]:
        def count(rows: list[int], table: Table) -> None:
            self._n_done += len(rows)
            if report is not None and rows:
                done = min(1.0, self._n_done / self._n_runs())
                events = self._n_done * self._prepared.tape.n_events
                equity = float(table["final_equity"][rows[-1]])
                report(Progress(done, self._prepared.tape.last_time(), equity, events))

        return count

    def _n_runs(self) -> int:
        """How many runs there are at most, without those that are known not to be played."""
        return max(1, self._search.at_most - self._n_refused - self._search.left_out)

    def _collect(self, kept: Collected, sets: Sequence[ParameterSet], finished: Finished) -> None:
        for row in sorted(finished.errors):
            text = str(finished.errors[row])
            if row in finished.refused:
                self._refuse(sets[row].given, text)
            else:
                self._failed.append(Refusal(sets[row].given, text))
        good = [i for i, played in enumerate(finished.is_played) if played and i not in finished.errors]
        if len(good) == len(sets):
            kept.add(sets, finished.table, finished.returns, finished.seconds)
        elif good:
            returns = None if finished.returns is None else finished.returns[good]
            kept.add([sets[i] for i in good], finished.table[good], returns, finished.seconds[good])

    def _told(self, given: Sequence[Params], accepted: Sequence[ParameterSet], finished: Finished) -> Any:
        """The objectives of all sets that were asked for, in their order."""
        if not self._search.goals_needed:
            return []
        places = {id(each.given): i for i, each in enumerate(accepted)}
        told: list[tuple[Params, list[float | None] | None]] = []
        for each in given:
            i = places.get(id(each))
            is_good = i is not None and i not in finished.errors
            told.append((each, values_of(self._options.goals, finished.table[i]) if is_good else None))
        return told

    def _made(self, kept: Collected, trials: Trials) -> SweepResult:
        sets = kept.sets
        if not sets:
            if self._options.is_stopped():
                raise StoppedEarlyError("sweep: stopped before the first trial had ended")
            reasons = [*self._refused, *self._failed]
            raise ConfigError(
                f"params: every parameter set is refused, the first because {reasons[0].reason}"
            )
        return SweepResult(
            params=kept.params,
            table=kept.table,
            refused=self._refused,
            run=lambda i: self._work.result(sets[i].given),
            failed=self._failed,
            numbers=kept.numbers,
            seconds=kept.seconds,
            n_refused=self._n_refused,
            goals=self._options.goals,
            sharpe_ratios=kept.sharpe_ratios,
            returns=self._returns(kept),
            returns_of=self._returns_of(kept),
            is_played_again=not self._work.keep_returns,
            n_found=trials.n_found,
            notes=list(self._search.notes),
            is_stopped=self._options.is_stopped(),
        )

    def _returns(self, kept: Collected) -> Callable[[], Any]:
        """A function that returns the period returns of all trials, from lanes those of trials played again."""
        if self._work.keep_returns or not kept.is_all:
            return lambda: kept.returns
        return lambda: returns_again(self._work, kept.sets)

    def _returns_of(self, kept: Collected) -> Callable[[int], Any]:
        """A function that returns the period returns of one trial; None if the engine had to play it."""
        if self._work.keep_returns:
            return lambda i: None if kept.returns is None else kept.returns[i]

        def played(i: int) -> Any:
            found = returns_again(self._work, [kept.sets[i]])
            return None if found is None else found[0]

        return played


def sweep_request(
    request: RunRequest,
    source: Source,
    *,
    workers: int | None = None,
    progress: ProgressCallback | bool | None = False,
) -> SweepResult:
    """`sweep` for a request whose `strategy.params` is a grid, on the data of a Catalog or a SampleMarket."""
    require_request(request, source)
    return play_sweep_request(request, source, request.timezone, workers=workers, progress=progress)


def play_sweep_request(
    request: RunRequest, source: Source, timezone: str | None, *, workers: int | None, progress: Any
) -> SweepResult:
    """`sweep_request` with `timezone` in place of that of the request; None for that of the data."""
    return sweep(
        source,
        request.strategy.name,
        request.strategy.params,
        workers=workers,
        progress=progress,
        **run_options(request, timezone),
    )


def _space(swept: Swept, params: Grid | None) -> Grid:
    """The parameters to search; those of a list of strategies choose one of it."""
    if not swept.items:
        if params is None:
            raise ConfigError("params: names and values are needed; only a list of strategies has none")
        return params
    if params:
        raise ConfigError("params: a list of strategies has none")
    return [{ONE_OF_MANY: name} for name in swept.items]


def _workers(workers: int | None) -> int | None:
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int) or workers < 1):
        raise ConfigError(f"workers: {workers!r} is not a whole number above 0")
    return workers


def _keep(keep: int | None) -> int | None:
    if keep is not None and (isinstance(keep, bool) or not isinstance(keep, int) or keep < 1):
        raise ConfigError(f"keep: {keep!r} is not a whole number above 0")
    return keep


def _on_error(on_error: Any) -> OnError:
    if on_error not in ("raise", "record"):
        raise ConfigError(f"on_error: {not_one_of(on_error, ('raise', 'record'))}")
    chosen: OnError = on_error
    return chosen


def stop_function(stop: Stop | None) -> Callable[[], bool]:
    """Whether to stop, as a function; ConfigError if `stop` is neither that nor an Event."""
    if stop is None:
        return lambda: False
    if isinstance(stop, Event):
        return stop.is_set
    if not callable(stop):
        raise ConfigError(f"stop: {stop!r} is not a function or a threading.Event")
    return stop
