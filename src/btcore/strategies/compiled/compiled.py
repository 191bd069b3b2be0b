"""Strategies that are compiled code from outside: a Numba function, or a C function of a Cython module."""

import inspect
import re
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from btcore.contract import CONTRACT_VERSION
from btcore.data.hashing import sha256_hex
from btcore.errors import ConfigError

from .handler import EVENTS, Relay, unpacked

SIGNATURE = re.compile(r"int \(void \*, .*Market const \*, .*Account const \*, .*Outbox \*\)")


class Compiled:
    """A strategy that is a compiled function, to be called at C speed; any number of runs may play it.

    `function` is what `btcore.jit.cfunc` or `numba.cfunc(btcore.jit.signature(dtype))` made, or the integer
    address of a C function of the contract in `btcore/model.pxd`. It is called for every one of `events`, of
    "quotes", "trades", "bars", "fills", "start" and "end", and for the timers it sets.

    `state`, a structured array (or any other without Python objects), is where each run begins: the function
    works on a copy of its own. ConfigError if these do not fit together.
    """

    def __init__(
        self, function: Any, state: NDArray[Any] | None = None, *, events: str | Sequence[str]
    ) -> None:
        self.function = function
        self.state = _checked_state(state)
        self.events = _checked_events(events)
        self._code: dict[str, Any] = {"name": "address", "code_sha256": None}
        if isinstance(function, int) and not isinstance(function, bool):
            self._address = function
        elif hasattr(function, "_sig") and hasattr(function, "address"):
            _check_signature(function, self.state)
            self._address = function.address
            self._code = _described(function.__wrapped__)
        else:
            raise ConfigError(
                f"strategy.function: {function!r} is neither a Numba cfunc nor an address; "
                "decorate it with btcore.jit.cfunc"
            )
        if self._address <= 0:
            raise ConfigError(f"strategy.function: {self._address} is no address")

    @classmethod
    def from_cython(
        cls, module: ModuleType, name: str, state: NDArray[Any] | None = None, *, events: str | Sequence[str]
    ) -> "Compiled":
        """Of a Cython module with `cdef api int name(void*, const Market*, const Account*, Outbox*) ...`.

        And `CONTRACT_VERSION = CONTRACT`, cimported from `btcore.model`: which contract it was compiled with.
        """
        exported = getattr(module, "__pyx_capi__", {})
        where = f"strategy.{module.__name__}"
        if name not in exported:
            known = ", ".join(sorted(exported)) or "none"
            raise ConfigError(f"{where}: it has no `cdef api` function {name!r} ({known})")
        address, told = unpacked(exported[name])
        if not SIGNATURE.fullmatch(told):
            raise ConfigError(f"{where}.{name}: not a function of the contract, but {told}")
        version = getattr(module, "CONTRACT_VERSION", None)
        if version != CONTRACT_VERSION:
            raise ConfigError(
                f"{where}: its CONTRACT_VERSION is {version}, btcore's is {CONTRACT_VERSION}: compile it anew"
            )
        made = cls(address, state, events=events)
        made.function = exported[name]
        made._code = {
            "name": f"{module.__name__}.{name}",
            "code_sha256": sha256_hex(Path(str(module.__file__)).read_bytes()),
        }
        return made

    def handler(self) -> Relay:
        """What `bt.run` plays, once: its `final_state` is then as the function left it, or None."""
        state = None if self.state is None else self.state.copy()
        return Relay(self._address, state, self.events, self.function, self.describe())

    def describe(self) -> dict[str, Any]:
        """For a manifest: the function's name, what it hears of, and hashes of its code and of its state.

        Of a Numba function the code is its source and the numbers it takes from around it, not what it calls.
        """
        start = None
        if self.state is not None:
            start = sha256_hex(str(self.state.dtype.descr).encode() + self.state.tobytes())
        return {
            "kind": "compiled",
            "params": {},
            "events": list(self.events),
            "state_sha256": start,
            **self._code,
        }


def _checked_state(state: Any) -> NDArray[Any] | None:
    """A copy that nobody else can change."""
    if state is None:
        return None
    if not isinstance(state, np.ndarray | np.void) or state.dtype.hasobject or state.size == 0:
        raise ConfigError("strategy.state: not a numpy array of at least one record without Python objects")
    copy = np.array(state, order="C")
    copy.flags.writeable = False
    return copy


def _checked_events(events: str | Sequence[str]) -> tuple[str, ...]:
    named = (events,) if isinstance(events, str) else tuple(events)
    strangers = [name for name in named if name not in EVENTS]
    if strangers or not named:
        raise ConfigError(f"strategy.events: {strangers or 'nothing'} is not of {', '.join(EVENTS)}")
    return tuple(name for name in EVENTS if name in named)


def _check_signature(function: Any, state: NDArray[Any] | None) -> None:
    from .numba import signature

    dtype = None if state is None else state.dtype
    if function._sig != signature(dtype):
        raise ConfigError(
            f"strategy.function: made for {function._sig}, but with a state of {dtype} "
            f"it is called as {signature(dtype)}"
        )


def _described(function: Any) -> dict[str, Any]:
    around = inspect.getclosurevars(function)
    numbers = {
        name: repr(value)
        for name, value in sorted({**around.globals, **around.nonlocals}.items())
        if isinstance(value, bool | int | float | np.generic)
    }
    try:
        source = inspect.getsource(function)
    except (OSError, TypeError):
        source = None
    name = f"{function.__module__}.{function.__qualname__}"
    return {
        "name": name,
        "constants": numbers,
        "code_sha256": None if source is None else sha256_hex(source.encode()),
    }
