"""A hash of what the numbers of a strategy depend on: its code, what the code uses, and its state.

It is the same in every process: no address and no order of a set is part of it. Code of Python and of
installed packages counts by its name. What cannot be hashed, such as an open file, is named.
"""

import copyreg
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from enum import Enum
from functools import cached_property
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from .source import imports_of, is_own, names_used, source_of

SCALARS: set[type] = {bool, int, float, complex, str, bytes, type(None)}
PLAIN: set[type] = SCALARS | {datetime, date, time, timedelta}
IGNORED = ("_abc_impl",)  # of a class: the cache of isinstance


class CodeHash:
    """Collects code and values; `digest` is their hash, `incomplete` names what could not be hashed."""

    def __init__(self, end: tuple[type, ...] = (object,)) -> None:
        """`end` are the classes whose own code is not part of the hash, because the version of btcore is."""
        import hashlib  # slow to import

        self._sha = hashlib.sha256()
        self._end = end
        self._seen: dict[int, int] = {}  # objects in the order of their first appearance
        self._kept: list[Any] = []  # so that no id is used again
        self._home: set[str] = set()  # packages that count as the user's: that of the strategy
        self._attributes: set[tuple[str, str]] = set()  # of modules, that were added
        self.incomplete: list[str] = []

    @property
    def digest(self) -> str:
        """The hash as hexadecimal digits."""
        return self._sha.hexdigest()

    def add_class(self, cls: type) -> None:
        """Adds the code of a class and of its bases, and what their methods use."""
        if cls in self._end or self._is_known(cls):
            return
        self._home.add(_package(cls))
        self._text(f"class {cls.__qualname__}")
        for base in (*cls.__mro__[1:], type(cls)):
            if base.__module__ not in ("builtins", "abc", "typing", "enum"):
                self.add_class(base)
        self._text(source_of(cls) or "")
        for name, value in sorted(vars(cls).items(), key=lambda item: item[0]):
            where = f"{cls.__qualname__}.{name}"
            functions = _functions_of(value)
            for function in functions:
                self.add_function(function, where)
            if not functions and not name.startswith("__") and name not in IGNORED:
                self._text(name)
                self.add_value(where, value)

    def add_function(self, function: Any, where: str) -> None:
        """Adds the code of a function, and what it uses."""
        if self._is_known(function):
            return
        self._text(f"def {getattr(function, '__qualname__', where)}")
        inner = _own(function).get("py_func") or _own(function).get("__wrapped__")  # of Numba, or decorated
        if inner is not None:
            self.add_function(inner, where)
        if isinstance(function, FunctionType):
            source = source_of(function)
            self._text(source or "")
            if source is None or function.__name__ == "<lambda>":  # the source of a lambda is its whole line
                self._code(function.__code__)
            self._used_by(function, where)
        elif inner is None:
            self._compiled(where, function)

    def add_callable(self, where: str, value: Any) -> None:
        """Adds a function, a bound method or another object that can be called, of any module."""
        if isinstance(value, FunctionType):
            self.add_function(value, where)
        else:
            self.add_value(where, value)

    def add_value(self, where: str, value: Any) -> None:
        """Adds a value by its type and content."""
        module = getattr(value, "__module__", None)
        if isinstance(value, Enum):
            self._text(f"{type(value).__qualname__}.{value.name}")
        elif type(value) in PLAIN or isinstance(value, np.dtype):
            self._text(f"{type(value).__name__}:{value!r}")
        elif isinstance(value, np.ndarray | np.generic):
            self._array(where, np.asarray(value))
        elif isinstance(value, ModuleType):
            self._text(f"module {value.__name__}")
        elif isinstance(value, type):
            self._type(value)
        elif isinstance(value, MethodType):
            self._text("method")
            self.add_value(where, value.__func__)
            self.add_value(where, value.__self__)
        elif callable(value) and isinstance(getattr(value, "__qualname__", None), str):
            if self._is_own(module):
                self.add_function(value, where)
            else:
                self._text(f"function {module}.{value.__qualname__}")
                owner = getattr(value, "__self__", None)  # of a method of a built-in type
                if owner is not None and not isinstance(owner, ModuleType):
                    self.add_value(where, owner)
        elif not self._is_known(value):
            self._object(where, value)

    def add_array(self, array: Any) -> None:
        """Adds the type, the shape and the values of an array without objects."""
        self._text(f"array {array.dtype.descr if array.dtype.names else array.dtype.str} {array.shape}")
        if array.dtype.names:  # not the bytes between its fields
            for name in array.dtype.names:
                self.add_array(array[name])
        else:
            self._sha.update(np.ascontiguousarray(array).tobytes())

    def _is_own(self, module: str | None) -> bool:
        return is_own(module) or (module or "").split(".")[0] in self._home

    def _type(self, cls: type) -> None:
        """A class of the user by its code, another by its name."""
        if self._is_own(cls.__module__):
            self.add_class(cls)
        else:
            self._text(f"type {cls.__module__}.{cls.__qualname__}")

    def _object(self, where: str, value: Any) -> None:
        self._text(f"object {type(value).__module__}.{type(value).__qualname__}")
        self._type(type(value))
        if isinstance(value, Mapping):
            self._pairs(where, value.items())
        elif type(value) in (list, tuple):
            self._sequence(where, value)
        elif isinstance(value, set | frozenset):
            self._unordered(where, value)
        elif isinstance(value, np.random.Generator):
            self.add_value(where, value.bit_generator.state)
        elif _package(type(value)) in ("pandas", "polars"):
            self._frame(where, value)
        elif hasattr(type(value), "content_hash"):  # a container of market data
            self._text(value.content_hash)
        else:
            self._reduced(where, value)

    def _reduced(self, where: str, value: Any) -> None:
        """An object by what it is copied from: its constructor, arguments, attributes and items."""
        reduce = copyreg.dispatch_table.get(type(value))
        try:
            made = value.__reduce_ex__(4) if reduce is None else reduce(value)
        except Exception:  # whatever its class raises: it cannot be copied
            self._miss(where)
            return
        if isinstance(made, str):
            self._text(made)
            return
        for part in made:
            self.add_value(where, list(part) if isinstance(part, Iterator) else part)

    def _sequence(self, where: str, value: list[Any] | tuple[Any, ...]) -> None:
        self._text(str(len(value)))
        if set(map(type, value)) <= SCALARS:
            self._text(repr(value))
            return
        for i, item in enumerate(value):
            self.add_value(f"{where}[{i}]", item)

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
        if array.dtype.hasobject:
            self._text(f"array {array.dtype} {array.shape}")
            self.add_value(where, array.tolist())
        else:
            self.add_array(array)

    def _frame(self, where: str, value: Any) -> None:
        """A table or a column of pandas or polars, by its columns and index."""
        columns = getattr(value, "columns", None)
        if hasattr(value, "index") and hasattr(value.index, "to_numpy"):
            self._text(str(value.index.dtype))
            self.add_value(f"{where}.index", value.index.to_numpy())
        if columns is not None:
            for name in columns:
                self.add_value(where, name)
                self._frame(f"{where}.{name}", value[name])
        elif hasattr(value, "to_numpy"):
            self._text(str(getattr(value, "dtype", "")))
            self.add_value(where, value.to_numpy())
        else:
            self._reduced(where, value)

    def _used_by(self, function: FunctionType, where: str) -> None:
        """The defaults, closure and globals of a function, and the modules that it imports when it runs."""
        self.add_value(f"{where} defaults", [function.__defaults__, function.__kwdefaults__])
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            try:
                content = cell.cell_contents
            except ValueError:  # not set yet
                continue
            if name != "__class__":
                self.add_value(f"{where}.{name}", content)
        names = sorted(names_used(function.__code__))
        for name in names:
            if name in function.__globals__:
                self._global(name, function.__globals__[name], names)
        for name, path in imports_of(function.__code__, function.__globals__.get("__package__")):
            self._text(f"import {name}")
            self._sha.update(Path(path).read_bytes())
            self._miss(f"what {name} uses, which {where} imports")

    def _global(self, name: str, value: Any, names: list[str]) -> None:
        """What a name of a module stands for; of a module of the user, its attributes among `names`."""
        self._text(name)
        self.add_value(name, value)
        if isinstance(value, ModuleType) and self._is_own(value.__name__):
            for each in names:
                key = value.__name__, each
                if each in vars(value) and key not in self._attributes:
                    self._attributes.add(key)
                    self._global(f"{name}.{each}", vars(value)[each], names)

    def _compiled(self, where: str, function: Any) -> None:
        """A compiled function of the user, by the file of its module."""
        import sys

        path = getattr(sys.modules.get(getattr(function, "__module__", None) or ""), "__file__", None)
        if path is None:
            self._miss(where)
        else:
            self._sha.update(Path(path).read_bytes())

    def _code(self, code: CodeType) -> None:
        """The byte code of a function without source."""
        self._sha.update(code.co_code)
        self._text(repr((code.co_names, code.co_varnames, code.co_freevars)))
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
    return found


def _functions_of(value: Any) -> list[Any]:
    """The functions of an attribute of a class: a method, also a decorated one, or those of a property."""
    held = [getattr(value, name, None) for name in ("__func__", "fget", "fset")]
    held += [value.func] if isinstance(value, cached_property) else []
    return [each for each in (value, *held) if isinstance(each, FunctionType) or "__wrapped__" in _own(each)]
