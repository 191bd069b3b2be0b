"""`compiled`: a decorator that makes a strategy of a plain function of state, event and account."""

import inspect
import keyword
from collections.abc import Callable, Mapping, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from btcore.errors import ConfigError
from btcore.strategies.code_hash import CodeHash
from btcore.validation import check_names

from .compile_errors import place_of
from .compile_function import compile_function
from .compiled import Compiled, checked_events, describe_numba
from .handler import CompiledHandler
from .state_layout import Layout

Number = bool | int | float
PARAMETERS = ", as parameters are; other options are events, state and shared"
StateOf = Mapping[str, Any] | Callable[..., Mapping[str, Any]]


@overload
def compiled(function: Callable[..., None], /) -> "CompiledFunction": ...
@overload
def compiled(
    *,
    events: str | Sequence[str] = "bars",
    state: StateOf | None = None,
    shared: bool = False,
    **parameters: Number,
) -> Callable[[Callable[..., None]], "CompiledFunction"]: ...
def compiled(
    function: Callable[..., None] | None = None,
    /,
    *,
    events: str | Sequence[str] = "bars",
    state: StateOf | None = None,
    shared: bool = False,
    **parameters: Number,
) -> Any:
    """Decorator that makes a Numba strategy of a function of (state, event, account), which returns nothing.

        @bt.compiled(rate=0.1, state={"mean": 0.0})
        def dip(state, event, account):
            state.mean += state.rate * (event.close - state.mean)
            account.order_target(event.symbol, 100.0 if event.close < state.mean else 0.0)

        bt.run(data, dip)
        bt.run(data, dip, {"rate": 0.2})
        bt.sweep(data, dip, {"rate": [0.1, 0.2, 0.4]})

    parameters: names and defaults, each True or False, a whole or a decimal number. They are fields of
        `state` that the function cannot set. `dip(rate=0.2)` is the strategy with another value.
    state: the other fields of `state` and what they are at the start of a run: numbers, and arrays of
        numbers with one dimension, such as `jit.indicator("sma", 10)`. Where they follow from parameters, a
        function of these, by their names.
    shared: by default each symbol has a state of its own, and the start, the end and timers have that of the
        first symbol; with True there is one state.
    events: as in `Compiled`.

    `event` and `account` have the fields and methods listed in docs/strategies.md. A function that cannot be
    compiled raises ConfigError, with file and line. ModuleNotFoundError without numba.
    """

    def make(given: Callable[..., None]) -> CompiledFunction:
        return CompiledFunction(given, events, state, shared, parameters)

    return make if function is None else make(function)


class CompiledFunction(Compiled):
    """What `compiled` makes: a strategy with parameters. A call with other values of them returns another."""

    def __init__(
        self,
        function: Callable[..., None],
        events: str | Sequence[str],
        state: StateOf | None,
        shared: bool,
        parameters: Mapping[str, Number],
    ) -> None:
        self.__name__: str = require_function(function)
        self.__wrapped__: Callable[..., None] = function
        self.__doc__ = function.__doc__
        self._where, self._starts, self._shared = f"strategy {self.__name__}", state, shared
        self.events: tuple[str, ...] = checked_events(events)
        self.params: dict[str, Number] = {
            name: _number(f"{self._where}.{name}", value, PARAMETERS) for name, value in parameters.items()
        }
        self.state: NDArray[Any] | None = None  # it depends on the number of symbols
        self._fields = self._start()
        self._layout = Layout.of(self._fields)
        self._program = compile_function(function, self.events, self._layout, frozenset(self.params), shared)
        self.function: Any = self._program
        self._address = self._program.address
        self._code = describe_numba(function)

    @property
    def __signature__(self) -> inspect.Signature:
        kind = inspect.Parameter.KEYWORD_ONLY
        return inspect.Signature(
            [inspect.Parameter(name, kind, default=value) for name, value in self.params.items()]
        )

    def __call__(self, **params: Number) -> "CompiledFunction":
        """The strategy with these parameters in place of its own; ConfigError if it does not have them."""
        return self.with_params(params)

    def with_params(self, params: Mapping[str, Any]) -> "CompiledFunction":
        """As a call with these parameters."""
        check_names("strategy.params", params)
        made: CompiledFunction = object.__new__(type(self))
        vars(made).update(vars(self))
        made.params = {**self.params, **{name: self._given(name, value) for name, value in params.items()}}
        made._fields = made._start()
        if Layout.of(made._fields) != self._layout:
            raise ConfigError(
                f"{self._where}: with {made.params} its state has other fields or types; only values and "
                "lengths of arrays may follow from parameters"
            )
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled as its function, which another process compiles again."""
        return _again, (self.__wrapped__, self.events, self._starts, self._shared, self.params)

    def handler(self, symbols: int = 1) -> CompiledHandler:
        """A handler for one run with that number of symbols. Its `final_state` has a record for each."""
        memory = self._layout.memory(self._fields, 1 if self._shared else symbols)
        described = {**self.describe(), "state_sha256": self._state_hash(), "params": dict(self.params)}
        return CompiledHandler(self._address, memory, self.events, self.function, described)

    def __repr__(self) -> str:
        params = ", ".join(f"{name}={value}" for name, value in self.params.items())
        return f"<compiled strategy {self.__name__}({params})>"

    def _state_hash(self) -> str:
        content = CodeHash()
        for name, value in self._fields.items():
            content.add_value(name, name)
            content.add_array(value)
        content.add_value("shared", self._shared)
        return content.digest

    def _start(self) -> dict[str, NDArray[Any]]:
        """The fields of a state as a run begins: parameters, then the others."""
        given = self._starts
        if callable(given):
            names = list(inspect.signature(given).parameters)
            for name in names:
                if name not in self.params:
                    known = ", ".join(self.params) or "none"
                    raise ConfigError(
                        f"{self._where}.state: its function takes {name!r}; the parameters are {known}"
                    )
            try:
                given = given(**{name: self.params[name] for name in names})
            except Exception as error:
                raise ConfigError(
                    f"{self._where}.state: its function raises {type(error).__name__}: {error}"
                ) from error
            if given is None:
                raise ConfigError(f"{self._where}.state: its function returns None, not a mapping")
        if given is not None and not isinstance(given, Mapping):
            raise ConfigError(f"{self._where}.state: {given!r} does not map names to numbers and arrays")
        check_names(f"{self._where}.state", given or {})
        fields = {name: np.asarray(value) for name, value in self.params.items()}
        for name, value in (given or {}).items():
            where = f"{self._where}.state.{name}"
            if name in fields:
                raise ConfigError(f"{where}: a parameter has that name")
            fields[name] = _start_of(where, value)
        for name in fields:
            if not name.isidentifier() or keyword.iskeyword(name):
                raise ConfigError(f"{self._where}.state: {name!r} is not a name of Python")
        return fields

    def _given(self, name: str, value: Any) -> Number:
        """A value of a parameter, of the type of its default."""
        where = f"strategy.params.{name}"
        if name not in self.params:
            known = ", ".join(self.params) or "none"
            raise ConfigError(f"{where}: {self.__name__} has no such parameter; it has {known}")
        number, default = _number(where, value), self.params[name]
        if isinstance(default, float) and not isinstance(number, bool):
            return float(number)
        if isinstance(default, bool) != isinstance(number, bool) or isinstance(number, float):
            wanted = "True or False" if isinstance(default, bool) else "a whole number"
            raise ConfigError(f"{where}: {value!r} is not {wanted}, as its default {default!r} is")
        return number


def _again(
    function: Callable[..., None], events: Sequence[str], state: StateOf | None, shared: bool, params: Any
) -> CompiledFunction:
    return CompiledFunction(function, events, state, shared, params)


def require_function(function: Any) -> str:
    """The name of the function; ConfigError if it is not one of three arguments."""
    if not inspect.isfunction(function):
        raise ConfigError(
            f"compiled: {function!r} is not a function of (state, event, account); parameters have names: "
            "@bt.compiled(period=10)"
        )
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise ConfigError(f"strategy {function.__name__} ({place_of(function)}): it is async, not a function")
    given = list(inspect.signature(function).parameters.values())
    if len(given) != 3 or any(
        p.kind is not p.POSITIONAL_OR_KEYWORD or p.default is not p.empty for p in given
    ):
        raise ConfigError(
            f"strategy {function.__name__} ({place_of(function)}): it takes {inspect.signature(function)}, "
            "not (state, event, account); parameters are given to the decorator: @bt.compiled(period=10)"
        )
    return function.__name__


def _number(where: str, value: Any, hint: str = "") -> Number:
    """The value as a number of Python; ConfigError, with a hint, if it is none, or too large."""
    if isinstance(value, np.generic):
        value = value.item()
    if not isinstance(value, bool | int | float):
        raise ConfigError(f"{where}: {value!r} is not a number{hint}")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ConfigError(f"{where}: {value} does not fit into 64 bits")
    return value


def _start_of(where: str, value: Any) -> NDArray[Any]:
    """The value of a field at the start: a number, or an array of numbers with one dimension."""
    if not isinstance(value, np.ndarray) or value.ndim == 0:
        return np.asarray(_number(where, value.item() if isinstance(value, np.ndarray) else value))
    if value.dtype.kind not in "biuf" or value.ndim != 1 or not len(value):
        raise ConfigError(
            f"{where}: an array of {value.dtype} of shape {value.shape} is not one of numbers with one "
            "dimension and at least one element"
        )
    return value.copy()
