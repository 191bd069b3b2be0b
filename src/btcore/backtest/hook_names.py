"""The names of a strategy's methods: an error for one that is nearly a hook, as nothing would call it."""

from collections.abc import Iterator
from difflib import get_close_matches
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from types import CodeType
from typing import Any

from btcore.errors import ConfigError
from btcore.strategies.callbacks.strategy import HOOKS, Strategy

OTHER_NAMES = {  # of the hook in other packages
    "next": "on_bar",
    "handle_data": "on_bar",
    "on_data": "on_bar",
    "on_tick": "on_quote",
    "on_quote_tick": "on_quote",
    "on_trade_tick": "on_trade",
    "init": "on_start",
    "initialize": "on_start",
    "on_stop": "on_end",
    "notify_order": "on_fill",
    "on_order_filled": "on_fill",
}
WARM_UP = "warm_up"
CLOSE = 0.8  # the least ratio of equal letters, as difflib counts it


def check_hooks(cls: type, hooks: list[str]) -> list[str]:
    """A line for each method with the name of a hook in another package; `hooks` are those that `cls` has.

    ConfigError if the class has no hook, if a name is nearly that of a hook or of `warm_up` and no code of
    the class has it, and for a hook whose code a call would not run.
    """
    lines = [f"{cls.__name__}.{name}: not a hook; {near} is" for name, near in foreign_hooks(cls, hooks)]
    for name, near in misspelt(cls, hooks):
        kind = "a hook" if near in HOOKS else "an attribute that is read"
        raise ConfigError(
            f"strategy: {cls.__name__}.{name} is not {kind} (did you mean {near!r}?), and no code of the "
            "class has that name; begin it with _ if other code uses it"
        )
    if not hooks:
        known = lines or [f"the hooks are {', '.join(HOOKS)}"]
        raise ConfigError(f"strategy: {cls.__name__} has no hook, so it can do nothing ({'; '.join(known)})")
    for name in hooks:
        hook = getattr(cls, name, None)
        if isgeneratorfunction(hook) or iscoroutinefunction(hook) or isasyncgenfunction(hook):
            what = "has a yield" if isgeneratorfunction(hook) else "is async"
            raise ConfigError(f"strategy: {cls.__name__}.{name} {what}, so a call would not run its code")
    return lines


def foreign_hooks(cls: type, hooks: list[str]) -> list[tuple[str, str]]:
    """Methods with the name of a hook in another package, and the hook, which the class does not have."""
    found = [(name, OTHER_NAMES.get(name, "")) for name, value in _own(cls).items() if callable(value)]
    return [(name, near) for name, near in found if near and near not in hooks]


def misspelt(cls: type, hooks: list[str]) -> list[tuple[str, str]]:
    """Public names that are nearly that of a hook which the class does not have, or `warm_up`, and that name.

    A name that code of the class contains, as a name or as a text, is the user's own: the code may call it.
    Compiled code does not tell its names.
    """
    codes = list(_code_of(cls))
    if any(not code.co_code.strip(b"\0") for code in codes):  # of Cython
        return []
    free = {_letters(name): name for name in HOOKS if name not in hooks}
    found = []
    for name, value in _own(cls).items():
        near = ""
        if callable(value) and name.lower().startswith("on") and name not in OTHER_NAMES:
            close = get_close_matches(_letters(name), free, 1, CLOSE)
            near = free[close[0]] if close else ""
        elif isinstance(value, int) and get_close_matches(_letters(name), [_letters(WARM_UP)], 1, CLOSE):
            near = WARM_UP
        if near and not any(name in _names(each) for each in codes):
            found.append((name, near))
    return found


def _letters(name: str) -> str:
    return name.lower().replace("_", "")


def _own(cls: type) -> dict[str, Any]:
    """The public attributes of the class that Strategy does not have."""
    bases = [base for base in cls.__mro__ if base not in Strategy.__mro__]
    return {
        name: value
        for base in reversed(bases)
        for name, value in vars(base).items()
        if not name.startswith("_") and not hasattr(Strategy, name)
    }


def _code_of(cls: type) -> Iterator[CodeType]:
    """The code of the functions, properties and other methods of the class, without that of Strategy."""
    for base in cls.__mro__:
        for value in () if base in Strategy.__mro__ else vars(base).values():
            parts = (getattr(value, each, None) for each in ("__func__", "fget", "fset", "func"))
            for function in (value, *parts):
                if isinstance(code := getattr(function, "__code__", None), CodeType):
                    yield code


def _names(code: CodeType) -> set[str]:
    """The names and the texts in the code, and in that of functions inside it."""
    found = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found |= _names(constant)
        elif isinstance(constant, str):
            found.add(constant)
    return found
