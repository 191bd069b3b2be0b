"""The names that users write are those of public_names.txt.

A name that moves, or a parameter that is renamed, breaks programs. The list is kept by hand: new names are
added and none is removed. A name without parameters may have any. Attributes not listed are internal.
"""

import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any, Unpack, get_args, get_origin

import pytest

import btcore

SRC = Path(__file__).parents[2] / "src"
LIST = Path(__file__).with_name("public_names.txt")
MODULES = [
    "btcore", "btcore.data", "btcore.metrics", "btcore.config", "btcore.errors", "btcore.curve", "btcore.jit",
    "btcore.indicators", "btcore.sizing",
]  # fmt: skip
SUBMODULES = {name.partition(".")[2] for name in MODULES} - {""}
HEADERS = ["model", "contract"]  # whose C names a compiled strategy cimports


def module_names(module: ModuleType) -> set[str]:
    """The public names of a module: `__all__`, or its exceptions, or all that btcore.jit re-exports."""
    names = getattr(module, "__all__", None)
    if names is None:
        re_exports = module.__name__ == "btcore.jit"
        names = [n for n, value in vars(module).items() if re_exports or is_exception(value)]
    return {name for name in names if not name.startswith("_")}


def is_exception(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, BaseException)


def python_names(module: ModuleType) -> Iterator[str]:
    """The public names of a module with their parameters, and the attributes of its classes."""
    for name in module_names(module):
        value = getattr(module, name)
        path = f"{module.__name__}.{name}"
        if not isinstance(value, type) or is_exception(value):
            yield path + (parameters(value) if inspect.isroutine(value) else "")
        elif issubclass(value, Enum):
            yield f"{path}: {' '.join(value.__members__)}"
        else:
            yield path + parameters(value)
            if module is btcore or name not in btcore.__all__:
                yield from (f"{path}.{each}" for each in attributes(value))


def parameters(function: Any) -> str:
    """`(a, b=, *, c=)`, with `=` for a default; "" for compiled code without a signature."""
    try:
        given = list(inspect.signature(function).parameters.values())
    except (ValueError, TypeError):
        return ""
    if [each.kind for each in given] == [inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD]:
        return ""
    names, star = [], False
    options = [each for each in given if get_origin(each.annotation) is Unpack]  # a TypedDict of them
    for each in given:
        if each.kind is each.KEYWORD_ONLY and not star:
            names.append("*")
        star |= each.kind in (each.KEYWORD_ONLY, each.VAR_POSITIONAL)
        if each in options:
            names += [] if star else ["*"]
            names += [f"{name}=" for name in get_args(each.annotation)[0].__annotations__]
            continue
        mark = {each.VAR_POSITIONAL: "*", each.VAR_KEYWORD: "**"}.get(each.kind, "")
        names.append(mark + each.name + ("=" if each.default is not each.empty else ""))
    return f"({', '.join(name for name in names if name not in ('self', 'cls'))})"


def attributes(cls: type) -> set[str]:
    """The public attributes that btcore's classes define: methods with parameters, others by name."""
    found: dict[str, str] = {}
    for base in reversed([base for base in cls.__mro__ if base.__module__.startswith("btcore")]):
        for name, value in vars(base).items():
            function = value.__func__ if isinstance(value, staticmethod | classmethod) else value
            found[name] = name + (parameters(function) if inspect.isroutine(function) else "")
    return {text for name, text in found.items() if not name.startswith("_")}


BLOCK = re.compile(r"^(?:cdef struct|cp?def enum|cdef class) ?(\w*):[^\n]*\n((?:[ \t]+[^\n]*\n|\n)+)", re.M)
MEMBER = re.compile(r"^    (?:cdef )?(?:const )?(?:\w+\** +)?(?P<name>\w+)(?: = (?P<value>-?\d+))? *$")
FUNCTION = re.compile(r"^cdef inline [^(\n]*?\**(\w+)\(([^)]*)\)", re.M)
POINTER = re.compile(r"^ctypedef \w+ \(\*(\w+)\)\(([^)]*)\)", re.M)
CONSTANT = re.compile(r'^    const \w+ (\w+) "', re.M)


def c_names(header: str, text: str) -> Iterator[str]:
    """Structs, enums and classes with their members, functions with their parameters, and constants."""
    for name, body in BLOCK.findall(text):
        lines = [re.sub(r"\s*#.*", "", line) for line in body.splitlines()]
        members = [match for line in lines if (match := MEMBER.match(line))]
        listed = " ".join(m["name"] + (f"={m['value']}" if m["value"] else "") for m in members)
        yield f"{header}.{name or 'enum'}: {listed}"
    for pattern in (FUNCTION, POINTER):
        for name, given in pattern.findall(text):
            names = [re.split(r"[\s*]+", each.partition("=")[0].strip())[-1] for each in given.split(",")]
            yield f"{header}.{name}({', '.join(filter(None, names))})"
    for name in CONSTANT.findall(text):
        yield f"{header}.{name}"


def header_text(header: str) -> str:
    return (SRC / "btcore" / f"{header}.pxd").read_text()


def split(lines: Iterator[str]) -> set[str]:
    """`path: a b` as the two names `path.a` and `path.b`."""
    names = set()
    for line in lines:
        path, colon, members = line.partition(": ")
        names |= {f"{path}.{member}" for member in members.split()} if colon else {line}
    return names


def listed(prefix: str) -> set[str]:
    lines = LIST.read_text().splitlines()
    return split(line for line in lines if re.match(re.escape(prefix) + r"\.\w+(\W|$)", line))


def first_name(path: str, module: str) -> str:
    """`run` of `btcore.run(data)`, `Bars` of `btcore.Bars.open`."""
    return re.split(r"\W", path.removeprefix(f"{module}."))[0]


def imported(name: str) -> ModuleType:
    if name == "btcore.jit":
        pytest.importorskip("numba")
    return importlib.import_module(name)


@pytest.mark.parametrize("name", MODULES)
def test_every_listed_name_of_a_module_exists(name: str) -> None:
    module = imported(name)
    found = split(python_names(module))
    found |= {each.split("(")[0] for each in found}
    expected = {each for each in listed(name) if first_name(each, name) not in SUBMODULES}
    assert expected - found == set()
    assert {first_name(each, name) for each in expected} == module_names(module) - SUBMODULES


@pytest.mark.parametrize("header", HEADERS)
def test_every_listed_name_of_a_header_exists(header: str) -> None:
    expected = listed(f"{header}.pxd")
    assert len(expected) > 15
    assert expected - split(c_names(f"{header}.pxd", header_text(header))) == set()


def test_a_renamed_field_of_a_header_is_found() -> None:
    text = header_text("model").replace("const Ticker* tickers", "const Ticker* latest")
    assert listed("model.pxd") - split(c_names("model.pxd", text)) == {"model.pxd.Market.tickers"}


def test_dir_lists_only_the_public_names() -> None:
    shown = {name for name in dir(btcore) if not name.startswith("__")}
    assert shown == set(btcore.__all__) - {"__version__"}
    assert "__version__" in dir(btcore)


def test_submodules_are_still_attributes() -> None:
    script = "import btcore; btcore.data.Bars, btcore.config.RunRequest, btcore.metrics.skew, btcore.errors"
    subprocess.run([sys.executable, "-c", script], check=True)


def module_paths() -> set[str]:
    paths = [path for path in (SRC / "btcore").rglob("*") if path.suffix in (".py", ".pyx")]
    parts = [path.relative_to(SRC).with_suffix("").parts for path in paths]
    return {".".join(each[:-1] if each[-1] == "__init__" else each) for each in parts}


def test_no_module_has_the_name_of_a_public_function() -> None:
    """`import btcore.sweep` would yield the function, or the function would be replaced by the module."""
    functions = {
        f"{package}.{name}"
        for package in ("btcore", "btcore.data", "btcore.metrics")
        for name in module_names(importlib.import_module(package))
        if inspect.isroutine(getattr(importlib.import_module(package), name))
    }
    assert len(functions) > 30
    assert functions & module_paths() == set()
    top = {name.rpartition(".")[2] for name in functions if name.count(".") == 1}
    older = {"btcore.strategies.compiled", "btcore.strategies.compiled.compiled"}  # than `btcore.compiled`
    assert {path for path in module_paths() if path.rpartition(".")[2] in top} == older


@pytest.mark.parametrize("name", ["run", "sweep", "leakcheck", "merge", "resample"])
def test_a_function_is_no_module(name: str) -> None:
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module(f"btcore.{name}")


@pytest.mark.parametrize(
    "name",
    ["catalog.Catalog", "lean.import_lean", "lean.Imported", "sample.SampleMarket", "sample.sample_bars"],
)
def test_packages_of_data_have_the_names_of_the_modules_before_them(name: str) -> None:
    package, _, public = name.partition(".")
    module = importlib.import_module(f"btcore.data.{package}")
    assert getattr(module, public) is getattr(importlib.import_module("btcore.data"), public)
