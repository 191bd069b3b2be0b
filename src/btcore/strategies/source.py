"""Where code comes from: its source text, the names that it uses, and whether it is the user's own."""

import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from types import CodeType
from typing import Any

INSTALLED = {"site-packages", "dist-packages"}


@lru_cache(maxsize=1024)  # reading the source of a module takes longer than a small run
def source_of(code: Any) -> str | None:
    """The source text of a class or function; None if there is none (typed at a prompt, or compiled)."""
    import inspect  # slow to import

    try:
        return inspect.getsource(getattr(code, "__code__", code))  # not that of what a decorator wraps
    except (OSError, TypeError):
        return None


def is_own(module: str | None) -> bool:
    """False for a module of Python, of btcore or of an installed package, which its version tells apart."""
    if not module or _is_known(module):
        return False
    return is_own_file(getattr(sys.modules.get(module), "__file__", None))


def _is_known(module: str) -> bool:
    """True for a module of Python or of btcore."""
    top = module.partition(".")[0]
    return top in sys.stdlib_module_names or top == __name__.partition(".")[0]


def is_own_file(path: str | None) -> bool:
    """False for a file of an installed package; True for code without a file, as that of a notebook."""
    return path is None or not INSTALLED & set(Path(path).parts)


def names_used(code: CodeType) -> set[str]:
    """The names that a function and the functions in it look up."""
    return set(code.co_names).union(*(names_used(inner) for inner in _inner(code)))


def imports_of(code: CodeType, package: str | None) -> Iterator[tuple[str, str]]:
    """The name and the file of each of the user's modules that a function imports when it runs."""
    import dis
    from importlib.util import find_spec, resolve_name

    before: list[Any] = []
    for instruction in dis.get_instructions(code):
        if instruction.opname == "IMPORT_NAME":
            level = before[-2].argval
            relative = "." * level + str(instruction.argval)
            try:
                name = resolve_name(relative, package) if level else relative
                spec = find_spec(name)
            except (ImportError, ValueError):
                continue  # the run fails there, or the import is guarded
            path = None if spec is None else spec.origin
            if path is not None and Path(path).is_file() and not _is_known(name) and is_own_file(path):
                yield name, path
        before.append(instruction)
    for inner in _inner(code):
        yield from imports_of(inner, package)


def _inner(code: CodeType) -> Iterator[CodeType]:
    """The functions and classes that are defined in a function."""
    return (constant for constant in code.co_consts if isinstance(constant, CodeType))
