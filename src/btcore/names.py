"""Names that Python itself looks up: keywords, keys, attributes. An error for another gives the near name."""

import re
from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from msgspec import Struct

from .errors import near_name, nearest

F = TypeVar("F", bound=Callable[..., Any])
K = TypeVar("K")
V = TypeVar("V")

_KEYWORD = re.compile(r"(?:(?P<function>\w+)\(\) got an u|U)nexpected keyword argument '(?P<name>\w+)'")


class Named(dict[K, V], Generic[K, V]):
    """A dict by names, or by tuples of names, whose KeyError gives the near name."""

    def __missing__(self, key: Any) -> Any:
        known = {_text(each): each for each in self}
        meant = nearest(_text(key), known)
        hint = f" (did you mean {known[meant]!r}?)" if meant else f"; there are {', '.join(known) or 'none'}"
        raise KeyError(f"{key!r} is not one of its names{hint}")


def _text(key: Any) -> str:
    return " ".join(map(str, key)) if isinstance(key, tuple) else str(key)


if TYPE_CHECKING:  # a metaclass with __call__ would hide the keywords from type checkers
    Settings = Struct
else:

    class _NamesFields(type(Struct)):
        def __call__(cls, *args: Any, **given: Any) -> Any:
            try:
                return super().__call__(*args, **given)
            except TypeError as error:
                found = _KEYWORD.match(str(error))
                if found is None:
                    raise
                meant = near_name(found["name"], cls.__struct_fields__)
                raise TypeError(f"{cls.__name__}: unknown keyword {found['name']!r}{meant}") from None

    class Settings(Struct, frozen=True, metaclass=_NamesFields):
        """A Struct whose TypeError for an unknown keyword gives the near one."""


def names_keywords(*terms: type) -> Callable[[F], F]:
    """A decorator for a function: its TypeError for an unknown keyword gives the near one.

    `terms` are TypedDicts of the keywords that it takes as `**terms`.
    """

    def decorate(function: F) -> F:
        parameters = signature(function).parameters.values()
        known = {each.name for each in parameters if each.kind is not Parameter.VAR_KEYWORD}
        known = known.union(*(each.__annotations__ for each in terms)) - {"self"}

        @wraps(function)
        def call(*args: Any, **given: Any) -> Any:
            if not given.keys() <= known:
                name = next(each for each in given if each not in known)
                where = function.__qualname__.removesuffix(".__init__")
                raise TypeError(f"{where}: unknown keyword {name!r}{near_name(name, known)}")
            return function(*args, **given)

        return call  # type: ignore[return-value]

    return decorate


def no_attribute(value: Any, name: str, **elsewhere: Any) -> Any:
    """For `__getattr__`: AttributeError with the near attribute, or with its place if it is a key elsewhere.

    `elsewhere` maps attributes that hold dicts to their keys. The error of a property is raised as it is.
    """
    if name.startswith("_") or hasattr(type(value), name):
        return object.__getattribute__(value, name)
    for attribute, keys in elsewhere.items():
        if name in keys:
            raise AttributeError(f"{type(value).__name__} has no {name!r}; it is in {attribute}[{name!r}]")
    known = [each for each in dir(value) if not each.startswith("_")]
    raise AttributeError(f"{type(value).__name__} has no {name!r}{near_name(name, known)}")


def text_of(error: BaseException, methods: type) -> str:
    """The text of an error of a user's code, with the near name of an attribute or a keyword of `methods`."""
    text = str(error)
    if "did you mean" in text:
        return text
    if isinstance(error, AttributeError) and error.name:
        known = [each for each in dir(error.obj) if not each.startswith("_")]
        return text + near_name(error.name, known)
    found = _KEYWORD.search(text) if isinstance(error, TypeError) else None
    function = getattr(methods, found["function"] or "", None) if found else None
    if found is None or function is None:
        return text
    return text + near_name(found["name"], signature(function).parameters)
