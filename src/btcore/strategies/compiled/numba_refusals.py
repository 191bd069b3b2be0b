"""Errors that the Numba types of `btcore.compiled` raise while a strategy is compiled."""

from collections.abc import Iterable
from typing import Any

from numba.core.errors import TypingError

from btcore.errors import nearest

from .compile_errors import MARK


def refuse(text: str, loc: Any = None) -> TypingError:
    """An error of the user's code. Numba adds the line, if `loc` is not given, and other text."""
    return TypingError(f"{MARK}{text}", loc)


def unknown_field(what: str, name: str, known: Iterable[str]) -> TypingError:
    """The error for a field that does not exist; it gives the name that is near, and all names."""
    return refuse(f"{what}.{name}: there is no such field, only {near_to(name, known)}")


def near_to(name: str, known: Iterable[str]) -> str:
    """The known names, and which of them is nearest."""
    names = list(known)
    near = nearest(name, names)
    return ", ".join(names) + (f"; did you mean {near!r}?" if near else "")
