"""`Compiled`: a strategy that is a Numba function, or a C function of a Cython module."""

import inspect
import re
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from btcore.contract import CONTRACT_VERSION
from btcore.data.hashing import sha256_hex
from btcore.errors import ConfigError, near_name
from btcore.names import names_keywords
from btcore.strategies.code_hash import CodeHash

from .handler import EVENTS, CompiledHandler, unpack_capsule

SIGNATURE = re.compile(r"int \(void \*, .*Market const \*, .*Account const \*, .*Outbox \*\)")


class Compiled:
    """A strategy that is a compiled function, called without Python. It may be used in any number of runs.

    function: the result of `btcore.jit.cfunc` or of `numba.cfunc(btcore.jit.signature(dtype))`, or the
    integer address of a C function of the type `on_event_t` in `btcore/model.pxd`.
    state: a numpy array without Python objects, usually structured. Each run starts with a copy of it, which
    the function reads and writes. None for a function without state.
    events: the events the function is called for: "quotes", "trades", "bars", "fills", "start", "end",
    "other_bars" (of other resolutions). It is also called for the timers it sets.

    ConfigError if the function, its state and the events do not fit together.
    """

    @names_keywords()
    def __init__(
        self, function: Any, state: NDArray[Any] | None = None, *, events: str | Sequence[str]
    ) -> None:
        self.function: Any = function
        self.state: NDArray[Any] | None = _checked_state(state)
        self.events: tuple[str, ...] = checked_events(events)
        self._code: dict[str, Any] = {"name": "address", "code_sha256": None, "incomplete": ["its code"]}
        if isinstance(function, int) and not isinstance(function, bool):
            self._address = function
        elif hasattr(function, "_sig") and hasattr(function, "address"):
            _check_signature(function, self.state)
            self._address = function.address
            self._code = describe_numba(function.__wrapped__)
        else:
            raise ConfigError(
                f"strategy.function: {function!r} is neither a Numba cfunc nor an address; "
                "decorate it with btcore.jit.cfunc"
            )
        if self._address <= 0:
            raise ConfigError(f"strategy.function: address {self._address} is not above 0")

    @classmethod
    def from_cython(
        cls, module: ModuleType, name: str, state: NDArray[Any] | None = None, *, events: str | Sequence[str]
    ) -> "Compiled":
        """A function of a compiled Cython module; ConfigError if the module has no such function.

        The module exports it as
        `cdef api int name(void*, const Market*, const Account*, Outbox*) noexcept nogil`, and the version of
        the C interface it was compiled with as `CONTRACT_VERSION = CONTRACT`; `btcore.model` has CONTRACT.
        """
        exported = getattr(module, "__pyx_capi__", {})
        where = f"strategy.{module.__name__}"
        if name not in exported:
            known = ", ".join(sorted(exported)) or "none"
            raise ConfigError(f"{where}: no `cdef api` function {name!r}; the module has {known}")
        address, signature = unpack_capsule(exported[name])
        if not SIGNATURE.fullmatch(signature):
            raise ConfigError(
                f"{where}.{name}: its signature is {signature}, not that of on_event_t in btcore/model.pxd"
            )
        version = getattr(module, "CONTRACT_VERSION", None)
        if version != CONTRACT_VERSION:
            raise ConfigError(
                f"{where}: its CONTRACT_VERSION is {version}, btcore's is {CONTRACT_VERSION}; recompile it"
            )
        compiled = cls(address, state, events=events)
        compiled.function = exported[name]
        compiled._code = {
            "name": f"{module.__name__}.{name}",
            "code_sha256": sha256_hex(Path(str(module.__file__)).read_bytes()),
        }
        return compiled

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled as what it was made from, as the address of its code is one of this process only."""
        if isinstance(self.function, int):
            raise ConfigError(
                "strategy.function: an address has a meaning in this process only; give a Numba function, or "
                "from_cython, to send the strategy to another"
            )
        if type(self.function).__name__ == "PyCapsule":
            module, _, name = self._code["name"].rpartition(".")
            return _from_module, (module, name, self.state, self.events)
        return partial(Compiled, events=self.events), (self.function, self.state)

    def handler(self) -> CompiledHandler:
        """A handler for one run. After the run its `final_state` is the state, or None without one."""
        state = None if self.state is None else self.state.copy()
        return CompiledHandler(self._address, state, self.events, self.function, self.describe())

    def describe(self) -> dict[str, Any]:
        """The entry of a run's manifest: name and events of the function, hashes of its code and state.

        The code of a Numba function is its source text with the functions of its module that it calls, and
        the constants that they use; `incomplete` names what is not part of the hash.
        """
        state_hash = None
        if self.state is not None:
            content = CodeHash()
            content.add_array(self.state)
            state_hash = content.digest
        return {
            "kind": "compiled",
            "params": {},
            "events": list(self.events),
            "state_sha256": state_hash,
            **self._code,
        }


def _from_module(module: str, name: str, state: Any, events: tuple[str, ...]) -> Compiled:
    return Compiled.from_cython(import_module(module), name, state, events=events)


def _checked_state(state: Any) -> NDArray[Any] | None:
    """A read-only copy; ConfigError if it is not a numpy array with records and without Python objects."""
    if state is None:
        return None
    if not isinstance(state, np.ndarray | np.void) or state.dtype.hasobject or state.size == 0:
        raise ConfigError("strategy.state: not a numpy array with at least one record and no Python objects")
    copy = np.array(state, order="C")
    copy.flags.writeable = False
    return copy


def checked_events(events: str | Sequence[str]) -> tuple[str, ...]:
    """The events in the order of EVENTS; ConfigError for a name that is not one of them."""
    named = (events,) if isinstance(events, str) else tuple(events)
    unknown = ", ".join(f"{name!r}{near_name(name, EVENTS)}" for name in named if name not in EVENTS)
    if unknown or not named:
        problem = f"unknown {unknown}" if unknown else "none given"
        raise ConfigError(f"strategy.events: {problem}; choose from {', '.join(EVENTS)}")
    return tuple(name for name in EVENTS if name in named)


def _check_signature(function: Any, state: NDArray[Any] | None) -> None:
    from .numba import signature

    dtype = None if state is None else state.dtype
    if function._sig != signature(dtype):
        raise ConfigError(
            f"strategy.function: its signature is {function._sig}; "
            f"with a state of {dtype} it must be {signature(dtype)}"
        )


def describe_numba(function: Any) -> dict[str, Any]:
    """The name of a function that Numba compiles, the numbers it takes from outside, a hash of its code."""
    outer = inspect.getclosurevars(function)
    numbers = {
        name: repr(value)
        for name, value in sorted({**outer.globals, **outer.nonlocals}.items())
        if isinstance(value, bool | int | float | np.generic)
    }
    code = CodeHash()
    code.add_function(function, function.__qualname__)
    return {
        "name": f"{function.__module__}.{function.__qualname__}",
        "constants": numbers,
        "code_sha256": code.digest,
        **({"incomplete": code.incomplete} if code.incomplete else {}),
    }
