"""Strategies in files of the user: a Python file is executed, and its strategies are found by name."""

import inspect
import re
import sys
import traceback
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from btcore.errors import ConfigError, near_name

from .arrays.orders import Orders
from .callbacks.strategy import Strategy
from .compiled.compiled import Compiled
from .signals.signals import Signals
from .targets.targets import Targets

PLAYED = (Strategy, Orders, Signals, Targets, Compiled)


def load_file(path: Path) -> ModuleType:
    """The module of a Python file, executed; its folder is importable from then on.

    The module has the name of the file, by which a replay finds it again. ConfigError if the file cannot be
    executed, with its line, or has the name of a module that is imported already.
    """
    if not path.is_file():
        raise ConfigError(f"{path}: there is no such file")
    path = path.resolve()
    name = path.stem
    loaded = sys.modules.get(name)
    if loaded is not None:
        if getattr(loaded, "__file__", None) == str(path):
            return loaded
        raise ConfigError(f"{path}: {name!r} is the name of another module that is imported; rename the file")
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{path}: not a Python file")
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        if isinstance(error, KeyboardInterrupt):
            raise
        raise ConfigError(f"{path}{_line_of(error, path)}: {type(error).__name__}: {error}") from error
    return module


def _line_of(error: BaseException, path: Path) -> str:
    """The last line of the file that an exception has passed, as text; "" if it has passed none."""
    if isinstance(error, SyntaxError):
        return f", line {error.lineno}"
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)
    ]
    return f", line {lines[-1]}" if lines else ""


def strategies_of(module: ModuleType) -> dict[str, Any]:
    """The strategies that a module defines, by name: classes and objects that `run` plays; functions too."""
    return {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_") and _is_defined_in(module, value)
    }


def _is_defined_in(module: ModuleType, value: Any) -> bool:
    if isinstance(value, PLAYED):
        return True
    is_class = isinstance(value, type) and issubclass(value, Strategy)
    return (is_class or inspect.isfunction(value)) and value.__module__ == module.__name__


def find_strategy(text: str) -> Any:
    """What `file.py:Name` names; the only Strategy class of the file for `file.py`.

    A class of Strategy, an object that `run` plays, or a function that returns one. ConfigError for anything
    else, with the near name.
    """
    path, _, name = text.rpartition(":") if ".py:" in text else (text, "", "")
    module = load_file(Path(path))
    found = strategies_of(module)
    classes = [each for each, value in found.items() if isinstance(value, type)]
    if not name and len(classes) == 1:
        return found[classes[0]]
    if not name:
        known = ", ".join(classes) or "none"
        raise ConfigError(f"{text}: name one of its strategies, as in {path}:Name; its classes are {known}")
    if name not in found:
        if hasattr(module, name):
            raise ConfigError(
                f"{text}: {name} is neither a Strategy nor Orders, Signals, Targets, Compiled or a function"
            )
        has = ", ".join(found) or "no strategy"
        raise ConfigError(f"{text}: there is no {name!r} in the file{near_name(name, found)}; it has {has}")
    return found[name]


def strategies_in(folder: Path) -> dict[str, tuple[type[Strategy], str]]:
    """The Strategy classes of the Python files of a folder, by name, with the name of the file.

    The name of a class is in small letters with underscores: EveryNth is every_nth. Files and classes whose
    names begin with an underscore are left out. ConfigError for what is no folder, a folder or file that
    others may write, a file that cannot be executed, and two classes of one name.
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder}: not a folder")
    _refuse_writable(folder)
    found: dict[str, tuple[type[Strategy], str]] = {}
    for path in sorted(folder.glob("[!_]*.py")):
        _refuse_writable(path)
        for title, value in strategies_of(load_file(path)).items():
            if not isinstance(value, type):
                continue
            name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", title).lower()
            if name in found:
                raise ConfigError(
                    f"{path}: {title} has the name {name!r}, and so has a class of {found[name][1]}"
                )
            found[name] = value, path.name
    return found


def _refuse_writable(path: Path) -> None:
    if path.stat().st_mode & 0o002:
        raise ConfigError(
            f"{path}: every user of this machine may write it, and so could run code in the server"
        )
