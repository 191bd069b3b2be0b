"""`sweep`: one strategy with many parameter sets over the same data, in parallel."""

import inspect
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from threading import Lock
from typing import Any, NamedTuple, TypeVar, Unpack

import numpy as np
from msgspec import Struct
from msgspec.structs import asdict

from btcore.backtest.fast_paths import portions, sweep_lanes
from btcore.backtest.handlers import StrategyLike, prepare_strategy
from btcore.backtest.opening import prepare_run
from btcore.backtest.prepare import PreparedRun
from btcore.backtest.progress import Progress, ProgressCallback, reporter
from btcore.backtest.request import require_request, run_options
from btcore.backtest.run_one import BOUNDS, RunTerms, play_prepared
from btcore.backtest.strategy_checks import check_strategy
from btcore.config import RunRequest
from btcore.data.run_data import RunData
from btcore.data.source import Source
from btcore.errors import ConfigError, OrderError, StrategyError, near_name
from btcore.metrics.run_metrics import RUN_METRICS_DTYPE
from btcore.names import names_keywords
from btcore.results.result import Result
from btcore.results.tables import Table
from btcore.strategies import STRATEGIES, check_params
from btcore.strategies.callbacks.strategy import Strategy
from btcore.validation import check_names

from .sweep_result import Refusal, SweepResult, as_record, columns

SweptStrategy = str | type[Strategy] | Callable[..., StrategyLike]
Params = dict[str, Any]
T = TypeVar("T")
Grid = Mapping[str, Any] | Sequence[Mapping[str, Any]]


@names_keywords(RunTerms)
def sweep(
    data: RunData,
    strategy: SweptStrategy,
    params: Grid,
    *,
    symbol: str | None = None,
    symbols: Sequence[str] | None = None,
    resolution: str | None = None,
    workers: int | None = None,
    progress: ProgressCallback | bool | None = None,
    **terms: Unpack[RunTerms],
) -> SweepResult:
    """Runs `strategy` with every parameter set of `params`; the metrics of each equal those of `run`.

        bt.sweep(data, "ma_crossover", {"short_period": range(5, 50), "long_period": range(20, 200, 5)})

    data, symbol, symbols, resolution: as in `run`.
    strategy: the name of a built-in strategy, a Strategy subclass, whose runs share one thread, or a
        function of the parameters that returns what `run` plays: Signals, Orders, Targets, Compiled or a
        Strategy. It is called once for each parameter set, by one thread at a time. A set for which it
        raises an OrderError or a ConfigError is refused.
    params: a grid, which maps names to the values to combine (a text, a number or a mapping is one value; the
        last name varies fastest); or a sequence of parameter sets.
    workers: number of threads; None for one per processor. The result does not depend on it.
    progress: as in `run`; `fraction` counts finished runs, `equity` is that of the last of them.
    terms: the other keyword arguments of `run`.

    Parameter sets that the strategy refuses are in `refused` of the result, with the reason. Raises
    ConfigError for a parameter that the strategy does not have, and if every set is refused; otherwise as
    `run`.
    """
    threads = _threads(workers)
    sets = _parameter_sets(params)
    names = _parameter_names(strategy, sets)
    accepted, refused = _check_sets(strategy, sets)
    prepared = prepare_run(data, symbol=symbol, symbols=symbols, resolution=resolution, **terms)
    if prepared.execution.intrabar == BOUNDS:
        raise ConfigError(
            "intrabar: a sweep plays each run once, and 'bounds' plays two readings; a single run takes it"
        )
    if isinstance(strategy, type):
        check_strategy(prepared, strategy, None)
    made = _Makes(strategy)

    report, close = reporter(progress, len(accepted))
    try:
        table = _measure(prepared, made, accepted, threads, report)
    finally:
        close()
    if made.refused:
        kept = [i for i, item in enumerate(accepted) if id(item.given) not in made.refused]
        refused += [
            Refusal(item.given, made.refused[id(item.given)])
            for item in accepted
            if id(item.given) in made.refused
        ]
        accepted, table = [accepted[i] for i in kept], table[kept]
        _require_some(accepted, refused)
    return SweepResult(
        params=columns([{name: item.complete.get(name) for name in names} for item in accepted]),
        table=table,
        refused=refused,
        run=lambda i: _play(prepared, made, accepted[i].given),
    )


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


class _ParameterSet(NamedTuple):
    """A parameter set that the strategy accepts."""

    given: Params
    complete: Params  # with defaults
    struct: Struct | None  # for a built-in strategy


def _threads(workers: int | None) -> int:
    if workers is None:
        return os.process_cpu_count() or 1 if hasattr(os, "process_cpu_count") else os.cpu_count() or 1
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
        raise ConfigError(f"workers: {workers!r} is not a whole number above 0")
    return workers


def _parameter_sets(params: Grid) -> list[Params]:
    """One mapping for each run; the last name of a grid varies fastest."""
    if isinstance(params, Mapping):
        check_names("params", params)
        values = [_values(name, value) for name, value in params.items()]
        return [dict(zip(params, chosen, strict=True)) for chosen in product(*values)]
    if isinstance(params, str) or not isinstance(params, Iterable):  # type: ignore[unreachable]
        raise ConfigError(
            f"params: {params!r} is not a mapping of names to values or a sequence of parameter sets"
        )
    sets = list(params)
    for i, item in enumerate(sets):
        check_names(f"params[{i}]", item)
    if not sets:
        raise ConfigError("params: the sequence of parameter sets is empty")
    return [dict(item) for item in sets]


def _values(name: str, value: Any) -> list[Any]:
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        return [value]
    values = [v.item() if isinstance(v, np.generic) else v for v in value]
    if not values:
        raise ConfigError(f"params.{name}: the list of values is empty")
    return values


def _parameter_names(strategy: SweptStrategy, sets: list[Params]) -> list[str]:
    """The names in `sets`, in order; ConfigError for one that the strategy does not have."""
    if isinstance(strategy, str):
        if strategy not in STRATEGIES:
            check_params(strategy, {})  # raises ConfigError, which lists the known names
        known: Iterable[str] | None = STRATEGIES[strategy].params.__struct_fields__
    elif isinstance(strategy, type) and issubclass(strategy, Strategy):
        known = strategy._hints()
    elif callable(strategy) and not isinstance(strategy, Strategy):
        known = _arguments(strategy)
    else:
        raise ConfigError(
            f"strategy: {strategy!r} cannot be swept; pass the name of a built-in "
            "strategy, a Strategy subclass, or a function of the parameters that returns the strategy"
        )
    names = list(dict.fromkeys(name for given in sets for name in given))
    for name in names:
        if known is not None and name not in known:
            meant, has = near_name(name, known), ", ".join(known)
            raise ConfigError(
                f"params.{name}: the strategy has no such parameter{meant}, only {has or 'none'}"
            )
    return names


def _arguments(function: Callable[..., Any]) -> list[str] | None:
    """The names of the arguments of a function; None if it takes any."""
    parameters = inspect.signature(function).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return None
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]


def _require_some(accepted: list[_ParameterSet], refused: list[Refusal]) -> None:
    if not accepted:
        raise ConfigError(f"params: every parameter set is refused, the first because {refused[0].reason}")


def _check_sets(strategy: SweptStrategy, sets: list[Params]) -> tuple[list[_ParameterSet], list[Refusal]]:
    """The sets that the strategy accepts and those it refuses; ConfigError if it refuses all."""
    accepted, refused = [], []
    for given in sets:
        try:
            accepted.append(_check_set(strategy, given))
        except ConfigError as error:
            refused.append(Refusal(given, str(error)))
    _require_some(accepted, refused)
    return accepted, refused


def _check_set(strategy: SweptStrategy, given: Params) -> _ParameterSet:
    if isinstance(strategy, str):
        struct = check_params(strategy, given)
        return _ParameterSet(given, asdict(struct), struct)
    if isinstance(strategy, type) and issubclass(strategy, Strategy):
        return _ParameterSet(given, strategy.check_params(given), None)
    signature = inspect.signature(strategy)
    try:
        signature.bind(**given)
    except TypeError as error:
        raise ConfigError(f"strategy: {error}") from error
    defaults = {name: p.default for name, p in signature.parameters.items() if p.default is not p.empty}
    return _ParameterSet(given, {**defaults, **given}, None)


class _Makes:
    """Creates the strategy of a parameter set, where it is a function; one call at a time."""

    def __init__(self, strategy: SweptStrategy) -> None:
        self.strategy = strategy
        self.is_function = not isinstance(strategy, str | type)
        self.refused: dict[int, str] = {}  # the reasons, by the id of the parameter set
        self._lock = Lock()

    def __call__(self, params: Params) -> tuple[StrategyLike, Params | None]:
        """The strategy and its parameters, as `run` takes them."""
        if not callable(self.strategy) or isinstance(self.strategy, type):
            return self.strategy, params
        with self._lock:
            return self.strategy(**params), None


def _play(prepared: PreparedRun, made: _Makes, params: Params) -> Result:
    strategy, given = made(params)
    if made.is_function:
        check_strategy(prepared, strategy, given)
    try:
        return play_prepared(prepared, *prepare_strategy(prepared, strategy, given), None)
    except StrategyError as error:
        raise StrategyError(f"{params}: {error}") from error


def _measure(
    prepared: PreparedRun,
    made: _Makes,
    sets: list[_ParameterSet],
    threads: int,
    report: ProgressCallback | None,
) -> Table:
    """A record of RUN_METRICS_DTYPE for each run, from the lanes if they can play it, else the engine."""
    table = np.zeros(len(sets), RUN_METRICS_DTYPE)
    for_engine: Sequence[int] = range(len(sets))
    n_done = 0

    def count(rows: Sequence[int]) -> None:
        nonlocal n_done
        n_done += len(rows)
        if report is not None and rows:
            equity, events = float(table["final_equity"][rows[-1]]), n_done * prepared.tape.n_events
            report(Progress(n_done / len(sets), prepared.tape.last_time(), equity, events))

    lanes = sweep_lanes(prepared, made.strategy, [item.struct for item in sets])
    if lanes is not None:
        table = lanes.metrics
        for rows in _in_threads(lanes.play, portions(lanes, threads), threads):
            count(rows[lanes.codes[rows] == 0].tolist())
        for_engine = np.flatnonzero(lanes.codes).tolist()

    def play_one(i: int) -> None:
        try:
            table[i] = as_record(_play(prepared, made, sets[i].given).metrics)
        except (ConfigError, OrderError) as error:
            if not made.is_function:
                raise
            made.refused[id(sets[i].given)] = str(error)

    for i in _in_threads(play_one, for_engine, 1 if isinstance(made.strategy, type) else threads):
        count([i])
    return table


def _in_threads(work: Callable[[T], object], items: Sequence[T], threads: int) -> Iterator[T]:
    """Calls `work` with each item, in up to `threads` threads; yields the finished items in their order."""
    if threads == 1 or len(items) < 2:
        for item in items:
            work(item)
            yield item
        return
    with ThreadPoolExecutor(threads) as pool:
        futures = [pool.submit(work, item) for item in items]
        try:
            for item, future in zip(items, futures, strict=True):
                future.result()
                yield item
        finally:
            for future in futures:
                future.cancel()
