"""What a request says, as the arguments of `sweep` and `run`."""

import inspect
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from btcore.backtest.request import run_options
from btcore.config import RunRequest
from btcore.research.search.documents import space_of
from btcore.research.search.ranges import Choice
from btcore.strategies.callbacks.strategy import Strategy
from btcore.times.zones import midnights
from btserver.optimization_schemas import OptimizationRequest
from btserver.runs.engine import own_strategies


def strategy_of(base: RunRequest) -> str | type[Strategy]:
    """The strategy of a backtest: the name of a built-in one, or a class."""
    own = own_strategies().get(base.strategy.name)
    return base.strategy.name if own is None else own[0]


def send_by_value(base: RunRequest) -> None:
    """Has a search send the code of a strategy of the folder to nodes, which do not have its file."""
    own = own_strategies().get(base.strategy.name)
    if own is None or not own[1].endswith(".py"):
        return
    pickler: Any = import_module("cloudpickle")  # by which a sweep is sent
    folder = Path(inspect.getfile(own[0])).parent
    for module in list(sys.modules.values()):
        if (file := getattr(module, "__file__", None)) and Path(file).parent == folder:
            pickler.register_pickle_by_value(module)


def searched(request: OptimizationRequest) -> dict[str, Any]:
    """The ranges of the searched parameters by name; ConfigError with the path of a fault."""
    return dict(space_of(msgspec.to_builtins(request.search_space.parameters)))


def whole_space(request: OptimizationRequest) -> dict[str, Any]:
    """The searched parameters, and before them the others of the base backtest, each with one value."""
    ranges = searched(request)
    given = request.base_backtest.strategy.params
    return {name: Choice((value,)) for name, value in given.items() if name not in ranges} | ranges


def search_terms(request: OptimizationRequest) -> dict[str, Any]:
    """The keyword arguments of `sweep` that say how it searches."""
    return {
        "method": request.method,
        "trials": request.max_trials,
        "seed": request.random_seed,
        "constraints": request.constraints or None,
        "on_error": "record",
    }


def split_ns(request: OptimizationRequest) -> int | None:
    """The time at which the holdout begins, ns UTC: a midnight of the zone if there is one; None without."""
    if request.validation_mode != "holdout":
        return None
    base = request.base_backtest
    start, end = base.start_ns, base.end_ns
    split = end - int((end - start) * request.holdout_share)
    table = midnights(start, split, base.timezone)
    before = table[(table > start) & (table <= split)]
    return int(before[-1]) if len(before) else split


def search_period(request: OptimizationRequest) -> dict[str, Any]:
    """The keyword arguments of `sweep` that the base backtest gives, over the time that is searched."""
    base = request.base_backtest
    options = run_options(base, base.timezone)
    split = split_ns(request)
    return options if split is None else options | {"end": split}


def holdout_period(request: OptimizationRequest) -> dict[str, Any]:
    """The keyword arguments of `run` over the holdout."""
    base = request.base_backtest
    return run_options(base, base.timezone) | {"start": split_ns(request)}


def moment(ns: int) -> str:
    """A time as RFC 3339."""
    return f"{np.datetime_as_string(np.datetime64(ns, 'ns'), unit='us')}Z"
