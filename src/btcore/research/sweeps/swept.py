"""The strategy of a sweep: which parameters it takes, and what is played for a set of them."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import Lock
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import asdict

from btcore.backtest.handlers import StrategyLike, prepare_strategy
from btcore.backtest.manifest import describe_strategy
from btcore.backtest.prepare import PreparedRun
from btcore.errors import ConfigError, near_name
from btcore.strategies import STRATEGIES, check_params
from btcore.strategies.callbacks.strategy import Strategy
from btcore.strategies.code_hash import CodeHash
from btcore.strategies.compiled.decorator import CompiledFunction

SweptStrategy = (
    str | type[Strategy] | Callable[..., StrategyLike] | Sequence[StrategyLike] | Mapping[str, StrategyLike]
)
Params = dict[str, Any]
ONE_OF_MANY = "strategy"  # the parameter of a sweep over a list of strategies


class ParameterSet(NamedTuple):
    """A parameter set that the strategy accepts."""

    given: Params
    complete: Params  # with defaults
    struct: Struct | None  # for a built-in strategy


class Swept:
    """One strategy, a function that makes strategies of parameters, or a list of strategies.

    is_function: True if a strategy is made for each parameter set, which may be refused then.
    is_python: True if it is known to be Python callbacks, of which one runs at a time in a process.
    """

    def __init__(self, strategy: SweptStrategy) -> None:
        self.strategy: Any = strategy
        self.items: dict[Any, StrategyLike] = {}
        if isinstance(strategy, Mapping):
            self.items = dict(strategy)
        elif isinstance(strategy, Sequence) and not isinstance(strategy, str):
            self.items = dict(enumerate(strategy))
        elif not _can_be_swept(strategy):
            raise ConfigError(
                f"strategy: {strategy!r} cannot be swept; pass the name of a built-in strategy, a Strategy "
                "subclass, a function of the parameters that returns the strategy, or a list of strategies"
            )
        if not self.items and isinstance(strategy, Mapping | Sequence) and not isinstance(strategy, str):
            raise ConfigError("strategy: the list of strategies is empty")
        if isinstance(strategy, str) and strategy not in STRATEGIES:
            check_params(strategy, {})  # raises ConfigError, which lists the known names
        self.is_function: bool = not isinstance(strategy, str | type)
        kinds: list[Any] = list(self.items.values()) or [strategy]
        self.is_python: bool = any(isinstance(each, type | Strategy) for each in kinds)
        self._is_class = isinstance(strategy, type)
        self._lock = Lock()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._lock = Lock()

    @property
    def parameters(self) -> list[str] | None:
        """The names of the parameters; None if the strategy takes any."""
        if self.items:
            return [ONE_OF_MANY]
        if isinstance(self.strategy, str):
            return list(STRATEGIES[self.strategy].params.__struct_fields__)
        if self._is_class:
            return list(self.strategy._hints())
        return _arguments(self.strategy)

    def check_names(self, names: Iterable[str]) -> None:
        """ConfigError for a name that is not a parameter."""
        known = self.parameters
        for name in names:
            if known is not None and name not in known:
                meant, has = near_name(name, known), ", ".join(known)
                only = f", only {has}" if has else "; it has none"
                raise ConfigError(f"params.{name}: the strategy has no such parameter{meant}{only}")

    def check(self, given: Params) -> ParameterSet:
        """The set with its defaults; ConfigError if the strategy refuses it."""
        if self.items:
            if given.get(ONE_OF_MANY) not in self.items:
                known = ", ".join(map(repr, self.items))
                raise ConfigError(f"params.{ONE_OF_MANY}: {given.get(ONE_OF_MANY)!r} is not one of {known}")
            return ParameterSet(given, given, None)
        if isinstance(self.strategy, str):
            struct = check_params(self.strategy, given)
            return ParameterSet(given, asdict(struct), struct)
        if self._is_class:
            return ParameterSet(given, self.strategy.check_params(given), None)
        signature = inspect.signature(self.strategy)
        try:
            signature.bind(**given)
        except TypeError as error:
            raise ConfigError(f"strategy: {error}") from error
        defaults = {name: p.default for name, p in signature.parameters.items() if p.default is not p.empty}
        return ParameterSet(given, {**defaults, **given}, None)

    def make(self, params: Params) -> tuple[StrategyLike, Params | None]:
        """The strategy of a set and its parameters, as `run` takes them; one call of a function at a time."""
        if self.items:
            return self.items[params[ONE_OF_MANY]], None
        if not self.is_function:
            return self.strategy, params
        with self._lock:
            return self.strategy(**params), None

    def describe(self, given: ParameterSet, run: PreparedRun) -> dict[str, Any]:
        """What identifies the strategy of a set: the entry of a manifest, or a hash of the function's code.

        ConfigError if a part of it cannot be identified.
        """
        if given.struct is not None:
            found = describe_strategy(self.strategy, given.struct)
        elif self.is_function and not self.items and not isinstance(self.strategy, CompiledFunction):
            found = self._described_with(given.complete)
        else:
            found = prepare_strategy(run, *self.make(given.given))[1]()
        if found.get("incomplete"):
            raise ConfigError(
                f"study: {', '.join(found['incomplete'])} cannot be identified, so that an equal trial would "
                "not be recognised"
            )
        return found

    def _described_with(self, params: Params) -> dict[str, Any]:
        """The function and parameters of any type, by their content: JSON has no tuple, date or array."""
        if "_function" not in vars(self):
            code = CodeHash()
            code.add_callable("strategy", self.strategy)
            self._function = code.digest, code.incomplete
        values = CodeHash()
        values.add_value("params", params)
        digest, incomplete = self._function
        found = {"kind": "function", "code_sha256": digest, "params_sha256": values.digest}
        missing = [*incomplete, *values.incomplete]
        return found | ({"incomplete": missing} if missing else {})


def _can_be_swept(strategy: Any) -> bool:
    if isinstance(strategy, type):
        return issubclass(strategy, Strategy)
    return isinstance(strategy, str) or (callable(strategy) and not isinstance(strategy, Strategy))


def _arguments(function: Callable[..., Any]) -> list[str] | None:
    """The names of the arguments of a function; None if it takes any."""
    parameters = inspect.signature(function).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return None
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
