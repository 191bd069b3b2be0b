"""Many parameter sets of one strategy over the same data, run side by side and told in columns."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any, NamedTuple, TypeVar, get_type_hints

import numpy as np
from msgspec import Struct
from msgspec.structs import asdict

from btcore.config import RunRequest
from btcore.data.markets import Market
from btcore.data.source import Source
from btcore.errors import ConfigError, StrategyError
from btcore.metrics.run_metrics import MEASURES_DTYPE
from btcore.results.result import Result
from btcore.results.tables import Table
from btcore.strategies import STRATEGIES, check_params
from btcore.strategies.callbacks.strategy import Strategy

from .abreast import lanes_of, portions
from .progress import Progress, ProgressCallback, reporter
from .run_one import Setting, check_data, load_data, prepare, run_terms
from .sweep_result import Refusal, SweepResult, as_record, columns

Swept = str | type[Strategy]
Params = dict[str, Any]
T = TypeVar("T")
Grid = Mapping[str, Any] | Sequence[Mapping[str, Any]]


def sweep(
    data: Mapping[str, Market],
    strategy: Swept,
    params: Grid,
    *,
    workers: int | None = None,
    progress: ProgressCallback | bool | None = None,
    **terms: Any,
) -> SweepResult:
    """Runs `strategy` with every parameter set of `params`: the metrics of each, as `run` would give them.

        bt.sweep(data, "ma_crossover", {"short_period": range(5, 50), "long_period": range(20, 200, 5)})

    `strategy` is a built-in's name or a Strategy subclass. `params` is a grid, names to the values to combine
    (the last name varies fastest; a text, a number or a mapping is one value), or a sequence of parameter
    sets. `workers` threads share the work (None: as many as there are processors); they change nothing but
    the time it takes. A Python strategy's sets run in turn. `terms` are the other keyword arguments of `run`.

    Sets that the strategy refuses are in `refused`, with the reason. Raises ConfigError for a parameter that
    the strategy does not have and where every set is refused, and whatever `run` raises.
    """
    threads = _workers(workers)
    sets = _sets(params)
    names = _names(strategy, sets)
    accepted, refused = _sift(strategy, sets)
    setting = prepare(data, **terms)

    tell, close = reporter(progress)
    try:
        table = _measure(setting, strategy, accepted, threads, tell)
    finally:
        close()
    return SweepResult(
        params=columns([{name: item.full[name] for name in names} for item in accepted]),
        table=table,
        refused=refused,
        run=lambda i: _play(setting, strategy, accepted[i].given),
    )


def sweep_request(
    request: RunRequest,
    source: Source,
    *,
    workers: int | None = None,
    progress: ProgressCallback | bool | None = False,
) -> SweepResult:
    """The sweep of a request whose strategy's parameters are a grid, on a catalog or the sample market."""
    check_data(request, source)
    return sweep(
        load_data(request, source),
        request.strategy.name,
        request.strategy.params,
        workers=workers,
        progress=progress,
        **run_terms(request, source),
    )


class _Set(NamedTuple):
    """A parameter set that the strategy takes."""

    given: Params
    full: Params  # with the defaults of what was not given
    made: Struct | None  # as a built-in's handler takes it


def _workers(workers: int | None) -> int:
    if workers is None:
        return os.process_cpu_count() or 1 if hasattr(os, "process_cpu_count") else os.cpu_count() or 1
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
        raise ConfigError(f"workers: {workers!r} is not a whole number from 1 on")
    return workers


def _sets(params: Grid) -> list[Params]:
    """One mapping a run, in the order of the grid."""
    if isinstance(params, Mapping):
        values = [_values(name, value) for name, value in params.items()]
        return [dict(zip(params, chosen, strict=True)) for chosen in product(*values)]
    if isinstance(params, str) or not isinstance(params, Iterable):  # type: ignore[unreachable]
        raise ConfigError("params: a mapping of names to values, or a sequence of parameter sets, is needed")
    sets = list(params)
    for i, item in enumerate(sets):
        if not isinstance(item, Mapping):
            raise ConfigError(f"params[{i}]: {item!r} is not a mapping of names to values")
    if not sets:
        raise ConfigError("params: no parameter set")
    return [dict(item) for item in sets]


def _values(name: str, value: Any) -> list[Any]:
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        return [value]
    values = [v.item() if isinstance(v, np.generic) else v for v in value]
    if not values:
        raise ConfigError(f"params.{name}: no values")
    return values


def _names(strategy: Swept, sets: list[Params]) -> list[str]:
    """The parameters that were named; ConfigError for one that the strategy does not have."""
    if isinstance(strategy, str):
        if strategy not in STRATEGIES:
            check_params(strategy, {})  # says which there are
        known: Iterable[str] = STRATEGIES[strategy].params.__struct_fields__
    elif isinstance(strategy, type) and issubclass(strategy, Strategy):
        known = get_type_hints(strategy)
    else:
        raise ConfigError(
            f"strategy: {strategy!r} can't be swept: a built-in's name or a Strategy subclass is needed, "
            "as every run plays one of its own"
        )
    names = list(dict.fromkeys(name for given in sets for name in given))
    for name in names:
        if name not in known:
            raise ConfigError(f"params.{name}: the strategy has no such parameter ({', '.join(known)})")
    return names


def _sift(strategy: Swept, sets: list[Params]) -> tuple[list[_Set], list[Refusal]]:
    """The sets that the strategy takes, and those it does not; ConfigError if that is all of them."""
    accepted, refused = [], []
    for given in sets:
        try:
            accepted.append(_checked(strategy, given))
        except ConfigError as error:
            refused.append(Refusal(given, str(error)))
    if not accepted:
        raise ConfigError(f"params: every set is refused, the first for {refused[0].reason}")
    return accepted, refused


def _checked(strategy: Swept, given: Params) -> _Set:
    if isinstance(strategy, str):
        made = check_params(strategy, given)
        return _Set(given, asdict(made), made)
    return _Set(given, strategy.check_params(given), None)


def _play(setting: Setting, strategy: Swept, params: Params) -> Result:
    try:
        return setting.play(*setting.handler(strategy, params), None)
    except StrategyError as error:
        raise StrategyError(f"{params}: {error}") from error


def _measure(
    setting: Setting, strategy: Swept, sets: list[_Set], threads: int, tell: ProgressCallback | None
) -> Table:
    """A record of measures a run: by lanes where they can play it, else by the general engine."""
    left: Sequence[int] = range(len(sets))
    table = np.zeros(len(sets), MEASURES_DTYPE)
    done = 0

    def count(rows: Sequence[int]) -> None:
        nonlocal done
        done += len(rows)
        if tell is not None and rows:
            equity, events = float(table["final_equity"][rows[-1]]), done * setting.tape.n_events
            tell(Progress(done / len(sets), setting.tape.last_time(), equity, events))

    lanes = lanes_of(setting, strategy, [item.made for item in sets])
    if lanes is not None:
        table = lanes.measures
        for rows in _in_threads(lanes.play, portions(lanes, threads), threads):
            count(rows[lanes.codes[rows] == 0].tolist())
        left = np.flatnonzero(lanes.codes).tolist()

    def record(i: int) -> None:
        table[i] = as_record(_play(setting, strategy, sets[i].given).metrics)

    for i in _in_threads(record, left, 1 if isinstance(strategy, type) else threads):
        count([i])
    return table


def _in_threads(work: Callable[[T], object], items: Sequence[T], threads: int) -> Iterator[T]:
    """Does the work on each item, up to `threads` at once; gives them back in their order, done."""
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
