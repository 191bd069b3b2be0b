"""`sweep`: one strategy with many parameter sets over the same data, in parallel."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Unpack

from btcore.backtest.opening import prepare_run
from btcore.backtest.progress import ProgressCallback
from btcore.backtest.request import require_request, run_options
from btcore.backtest.run_one import BOUNDS, RunTerms
from btcore.backtest.strategy_checks import check_strategy
from btcore.config import RunRequest
from btcore.data.run_data import RunData
from btcore.data.source import Source
from btcore.errors import ConfigError
from btcore.names import names_keywords
from btcore.research.search.constraints import Constraints
from btcore.research.search.method import make_search

from .goals import Objective
from .options import OnError, Stop, SweepOptions
from .running import RunningSweep
from .sweep_result import SweepResult
from .swept import ONE_OF_MANY, Swept, SweptStrategy

Grid = Mapping[str, Any] | Sequence[Mapping[str, Any]]


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
    options = SweepOptions.of(
        objective=objective, executor=executor, workers=workers, study=study, keep=keep, out=out,
        on_error=on_error, stop=stop,
    )  # fmt: skip
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
    return RunningSweep(prepared, swept, search, options).result(progress)


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
