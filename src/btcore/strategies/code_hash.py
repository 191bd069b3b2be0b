"""A hash of what the numbers of a strategy depend on: its code, what the code uses, and its state.

It is the same in every process: no address and no order of a set is part of it. What cannot be hashed, such
as objects of other packages, is named.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from enum import Enum
from functools import lru_cache
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

PLAIN = (bool, int, float, complex, str, bytes, type(None), datetime, date, time, timedelta, np.dtype)
IGNORED = ("__dict__", "__weakref__", "__module__", "__doc__", "__qualname__", "__firstlineno__")


class CodeHash:
    """Collects code and values; `digest` is their hash, `incomplete` names what could not be hashed."""

    def __init__(self, end: tuple[type, ...] = (object,)) -> None:
        """`end` are the classes whose own code is not part of the hash, because the version of btcore is."""
        import hashlib  # slow to import

        self._sha = hashlib.sha256()
        self._end = end
        self._seen: dict[int, int] = {}  # objects in the order of their first appearance
        self._kept: list[Any] = []  # so that no id is used again
        self._home: set[str] = set()  # the packages of the strategy, of which objects are hashed by content
        self.incomplete: list[str] = []

    @property
    def digest(self) -> str:
        """The hash as hexadecimal digits."""
        return self._sha.hexdigest()

    def add_class(self, cls: type) -> None:
        """Adds the code of a class and of its bases, and what their methods use."""
        if self._is_known(cls) or cls in self._end:
            return
        self._home.add(_package(cls))
        self._text(f"class {cls.__qualname__}")
        for base in cls.__mro__[1:]:
            if base.__module__ not in ("builtins", "abc", "typing"):
                self.add_class(base)
        source = source_of(cls)
        if source is None:
            self._miss(f"the source of {cls.__qualname__}")
        else:
            self._text(source)
        for name, value in sorted(vars(cls).items(), key=lambda item: item[0]):
            where = f"{cls.__qualname__}.{name}"
            function = getattr(value, "__func__", getattr(value, "fget", value))
            if isinstance(function, FunctionType):
                self._used_by(function, where)
            elif name not in IGNORED and not name.startswith("__"):
                self._text(name)
                self.add_value(where, value)

    def add_function(self, function: Any, where: str) -> None:
        """Adds the code of a function, and what it uses."""
        function = _own(function).get("py_func", function)
        while "__wrapped__" in _own(function):
            function = function.__wrapped__
        if self._is_known(function):
            return
        self._text(f"def {getattr(function, '__qualname__', where)}")
        source = source_of(function)
        is_lambda = getattr(function, "__name__", "") == "<lambda>"  # its source is the whole line
        if source is not None:
            self._text(source)
        if isinstance(function, FunctionType) and (source is None or is_lambda):
            self._code(function.__code__)
        elif source is None:
            self._miss(where)
        if isinstance(function, FunctionType):
            self._used_by(function, where)

    def add_value(self, where: str, value: Any) -> None:
        """Adds a value by its type and content."""
        if isinstance(value, Enum):
            self._text(f"{type(value).__qualname__}.{value.name}")
        elif isinstance(value, PLAIN) and type(value).__module__ in (
            "builtins",
            "datetime",
            "numpy",
            "numpy.dtypes",
        ):
            self._text(f"{type(value).__name__}:{value!r}")
        elif isinstance(value, np.ndarray | np.generic):
            self._array(where, np.asarray(value))
        elif isinstance(value, ModuleType):
            self._text(f"module {value.__name__}")
        elif isinstance(value, type):
            self._type(value)
        elif isinstance(value, MethodType):
            self.add_function(value.__func__, where)
            self.add_value(where, value.__self__)
        elif isinstance(value, FunctionType) or "py_func" in _own(value):
            self.add_function(value, where)
        elif callable(value) and isinstance(getattr(value, "__qualname__", None), str):  # of compiled code
            self._text(f"function {value.__module__}.{value.__qualname__}")
        elif not self._is_known(value):
            self._object(where, value)

    def _type(self, cls: type) -> None:
        """A class by its code if it is of the strategy's package, else by its name."""
        if _package(cls) in self._home:
            self.add_class(cls)
        else:
            self._text(f"type {cls.__module__}.{cls.__qualname__}")

    def _object(self, where: str, value: Any) -> None:
        self._text(f"object {type(value).__module__}.{type(value).__qualname__}")
        if isinstance(value, Mapping):
            self._pairs(where, value.items())
        elif isinstance(value, tuple | list):
            self._text(str(len(value)))
            for i, item in enumerate(value):
                self.add_value(f"{where}[{i}]", item)
        elif isinstance(value, set | frozenset):
            self._unordered(where, value)
        elif isinstance(value, np.random.Generator):
            self.add_value(where, value.bit_generator.state)
        elif type(value).__module__ == "random":
            self.add_value(where, value.getstate())
        elif _package(type(value)) in ("pandas", "polars"):
            self._frame(where, value)
        elif hasattr(type(value), "__struct_fields__"):
            self._pairs(where, ((name, getattr(value, name)) for name in value.__struct_fields__))
        elif hasattr(type(value), "content_hash"):  # a container of market data
            self._text(value.content_hash)
        elif _package(type(value)) in self._home:
            self._type(type(value))
            self._pairs(where, _own(value).items())
        else:
            self._miss(where)

    def _pairs(self, where: str, items: Iterable[tuple[Any, Any]]) -> None:
        """Names or keys with their values, in the order of the keys' texts."""
        for key, value in sorted(items, key=lambda item: f"{type(item[0]).__name__}:{item[0]!r}"):
            self.add_value(where, key)
            self.add_value(f"{where}.{key}" if isinstance(key, str) else f"{where}[{key!r}]", value)

    def _unordered(self, where: str, values: Iterable[Any]) -> None:
        """The members of a set, each hashed alone and the hashes sorted."""
        digests = []
        for value in values:
            each = CodeHash(self._end)
            each.add_value(where, value)
            digests.append(each.digest)
            self.incomplete += each.incomplete
        self._text(",".join(sorted(digests)))

    def _array(self, where: str, array: Any) -> None:
        self._text(f"array {array.dtype.descr if array.dtype.names else array.dtype.str} {array.shape}")
        if array.dtype.hasobject:
            self.add_value(where, array.tolist())
        else:
            self._sha.update(np.ascontiguousarray(array).tobytes())

    def _frame(self, where: str, value: Any) -> None:
        """A table or a column of pandas or polars, by its columns and index."""
        columns = getattr(value, "columns", None)
        if hasattr(value, "index") and hasattr(value.index, "to_numpy"):
            self.add_value(f"{where}.index", value.index.to_numpy())
        if columns is None:
            if not hasattr(value, "to_numpy"):
                self._miss(where)
                return
            self.add_value(where, value.to_numpy())
            return
        for name in columns:
            self.add_value(where, name)
            self.add_value(f"{where}.{name}", value[name].to_numpy())

    def _used_by(self, function: FunctionType, where: str) -> None:
        """The defaults, closure and globals of a function: values, and code of the function's own module."""
        self.add_value(f"{where} defaults", [function.__defaults__, function.__kwdefaults__])
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            try:
                content = cell.cell_contents
            except ValueError:  # not set yet
                continue
            if name != "__class__":
                self.add_value(f"{where}.{name}", content)
        for name in sorted(_names(function.__code__)):
            if name not in function.__globals__:
                continue
            value = function.__globals__[name]
            module = getattr(value, "__module__", None)
            is_code = isinstance(value, type) or callable(value)
            if isinstance(value, ModuleType) or (is_code and module != function.__module__):
                self._text(f"{name} of {module or getattr(value, '__name__', '')}")
            else:
                self._text(name)
                self.add_value(name, value)

    def _code(self, code: CodeType) -> None:
        """The byte code of a function without source."""
        self._sha.update(code.co_code)
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                self._code(constant)
            else:
                self.add_value("constant", constant)

    def _is_known(self, value: Any) -> bool:
        """True, and a reference is added, for an object that was added before."""
        number = self._seen.get(id(value))
        if number is None:
            self._seen[id(value)] = len(self._seen)
            self._kept.append(value)
            return False
        self._text(f"again {number}")
        return True

    def _text(self, text: str) -> None:
        content = text.encode()
        self._sha.update(f"{len(content)}:".encode() + content)

    def _miss(self, where: str) -> None:
        self._text("unknown")
        if where not in self.incomplete:
            self.incomplete.append(where)


def _package(cls: type) -> str:
    return cls.__module__.split(".")[0]


def _own(value: Any) -> dict[str, Any]:
    """The attributes of an object itself; empty for one without."""
    try:
        found: dict[str, Any] = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return {}
    return dict(found)


def _names(code: CodeType) -> set[str]:
    """The names that a function and the functions in it look up."""
    found = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found |= _names(constant)
    return found


@lru_cache(maxsize=1024)  # reading the source of a module takes longer than a small run
def source_of(code: Any) -> str | None:
    """The source text of a class or function; None if there is none (typed at a prompt, or compiled)."""
    import inspect  # slow to import

    try:
        return inspect.getsource(code)
    except (OSError, TypeError):
        return None
