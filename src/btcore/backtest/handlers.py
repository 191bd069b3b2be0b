"""Turns a strategy of any kind into a handler or Orders for a player, and describes it for the manifest."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from btcore.contract import Handler
from btcore.data.other_bars import resolutions_of
from btcore.errors import ConfigError
from btcore.strategies import TargetWeights, check_params, make_handler
from btcore.strategies.arrays.orders import Orders
from btcore.strategies.builtin.signal import Signal
from btcore.strategies.callbacks.handler import CallbackHandler
from btcore.strategies.callbacks.strategy import Strategy
from btcore.strategies.compiled.compiled import Compiled
from btcore.strategies.compiled.decorator import CompiledFunction
from btcore.strategies.signals.signals import Signals
from btcore.strategies.targets.handler import make_handler as make_targets_handler
from btcore.strategies.targets.targets import Targets
from btcore.validation import check_names

from .manifest import describe_strategy
from .prepare import PreparedRun

StrategyLike = str | type[Strategy] | Strategy | Orders | Signals | Targets | Compiled | Handler
Describe = Callable[[], dict[str, Any]]


def prepare_strategy(
    run: PreparedRun, strategy: StrategyLike, params: Mapping[str, Any] | None, *, describes: bool = True
) -> tuple[Handler | Orders, Describe]:
    """The strategy, ready for one run, and a function that describes it.

    Orders are returned as they are: `fast_paths.play` decides who plays them, and hashing them waits until
    the manifest is read, as their columns cannot change. Everything else is described before the run; without
    `describes` it is not, which saves much of a short run whose manifest nobody reads.
    """
    if params is None:
        params = {}
    check_names("params", params)
    if isinstance(strategy, Orders):
        _refuse_params(params)
        strategy.places(run.tape.symbols)  # OrderError for a symbol that is not in the run
        return strategy, lambda: describe_strategy(strategy, None)
    handler, described = _handler_of(run, strategy, params)
    description = describe_strategy(*described) if describes else {}
    if isinstance(handler, CallbackHandler):
        sessions = None if run.calendar is None else (run.sessions.opens, run.sessions.closes)
        handler.context.attach_data(
            run.markets, run.timezone, sessions, run.others, resolutions_of(run.others)
        )
    return handler, lambda: description


def _handler_of(
    run: PreparedRun,
    strategy: str | type[Strategy] | Strategy | Signals | Targets | Compiled | Handler,
    params: Mapping[str, Any],
) -> tuple[Handler, tuple[Any, Any]]:
    """The handler that the engine calls, and the arguments of `describe_strategy`."""
    symbols = run.tape.symbols
    if isinstance(strategy, str):
        struct = check_params(strategy, params)
        if isinstance(struct, TargetWeights):
            return _targets_handler(run, Targets.of_weights(struct, symbols)), (strategy, struct)
        handler = make_handler(strategy, struct, len(symbols))
        if run.warm_up and isinstance(handler, Signal):
            handler.see_history(run.tape)
        return handler, (strategy, struct)
    if isinstance(strategy, type) and issubclass(strategy, Strategy):
        created = strategy(**params)
        return CallbackHandler(created, symbols), (created, None)
    if isinstance(strategy, CompiledFunction):
        compiled = strategy.with_params(params).handler(len(symbols))
        return compiled, (compiled, None)
    _refuse_params(params)
    if isinstance(strategy, Strategy):
        return CallbackHandler(_copied(strategy), symbols), (strategy, None)
    if isinstance(strategy, Signals):
        signals = strategy.handler(symbols, run.markets, run.execution, run.first_ts)
        return signals, (strategy, None)
    if isinstance(strategy, Targets):
        return _targets_handler(run, strategy), (strategy, None)
    if isinstance(strategy, Compiled):
        strategy = strategy.handler()
    if isinstance(strategy, Handler):
        return strategy, (strategy, None)
    raise ConfigError(
        f"strategy: {strategy!r} is not the name of a built-in strategy, a Strategy, Orders, Signals, "
        "Targets, Compiled or Handler"
    )


def _targets_handler(run: PreparedRun, targets: Targets) -> Handler:
    callbacks = make_targets_handler(
        targets, run.rows_of_run, run.instruments, run.timezone, run.execution, run.fx
    )
    return CallbackHandler(callbacks, run.tape.symbols)


def _copied(strategy: Strategy) -> Strategy:
    """A copy for one run, which changes it; ConfigError that names the attribute that cannot be copied."""
    try:
        return deepcopy(strategy)
    except Exception as error:
        name = f"strategy: {type(strategy).__name__}"
        for attribute, value in vars(strategy).items():
            try:
                deepcopy(value)
            except Exception as reason:
                raise ConfigError(
                    f"{name}.{attribute} cannot be copied for the run ({reason}); create it in on_start, "
                    "or give the class instead of an instance"
                ) from error
        raise ConfigError(f"{name} cannot be copied for the run ({error}); give the class instead") from error


def _refuse_params(params: Mapping[str, Any]) -> None:
    if params:
        raise ConfigError(
            "params: only a strategy given by name or class, or made by bt.compiled, takes parameters"
        )
