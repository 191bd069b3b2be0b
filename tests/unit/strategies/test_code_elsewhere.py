"""Code of other modules, decorators and state of every type count; each process gives the same hashes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

# Each case: a module with the class `Mine`, and how it is made. NUMBER is replaced by 1 or 2, in all modules.
HEAD = "import btcore as bt, functools, numpy as np\n"
BUYS = "class Mine(bt.Strategy):\n    def on_bar(self, ctx, bar):\n        ctx.buy(bar.symbol, {})\n"
HOLDS = """
class Mine(bt.Strategy):
    def __init__(self, held=None, **params):
        super().__init__(**params)
        self.held = held

    def on_bar(self, ctx, bar):
        ctx.buy(bar.symbol, 1)
"""
MODULES = {
    "signals.py": "LEVEL = NUMBER\ndef size(): return NUMBER\n"
    "class Model:\n    def size(self): return NUMBER\n",
    "parts/__init__.py": "",
    "parts/base.py": HEAD + "from . import sizes\n" + BUYS.format("sizes.size()"),
    "parts/sizes.py": "from .deep import LEVEL\ndef size(): return LEVEL\n",
    "parts/deep.py": "LEVEL = NUMBER\n",
}
CODE = {
    "function": "from signals import size\n" + BUYS.format("size()"),
    "function_of_a_module": "import signals\n" + BUYS.format("signals.size()"),
    "constant": "from signals import LEVEL\n" + BUYS.format("LEVEL"),
    "constant_of_a_module": "import signals as s\n" + BUYS.format("s.LEVEL"),
    "class_elsewhere": "from signals import Model\n" + BUYS.format("Model().size()"),
    "base_elsewhere": "from parts.base import Mine as Base\nclass Mine(Base): pass\n",
    "deep_module": "import parts.sizes\n" + BUYS.format("parts.sizes.size()"),
    "import_in_a_method": BUYS.format("__import__").replace(
        "ctx.buy(bar.symbol, __import__)", "from signals import size\n        ctx.buy(bar.symbol, size())"
    ),
    "assigned_method": "def other(self, ctx, bar): ctx.buy(bar.symbol, NUMBER)\nclass Mine(bt.Strategy):\n"
    "    on_bar = other\n",
    "decorator": "def bounded(call):\n    @functools.wraps(call)\n    def inner(self, ctx, bar):\n"
    "        if bar.close > NUMBER: call(self, ctx, bar)\n    return inner\n"
    + BUYS.format(1).replace("    def on_bar", "    @bounded\n    def on_bar"),
    "cached_function": "@functools.lru_cache\ndef size(): return NUMBER\n" + BUYS.format("size()"),
    "cached_property": BUYS.format("self.size")
    + "    @functools.cached_property\n    def size(self): return number()\ndef number(): return NUMBER\n",
    "partial": "def size(n): return n\n"
    + BUYS.format("self.size()")
    + "    size = functools.partial(size, NUMBER)\n",
    "numba": "import numba\n@numba.njit\ndef size(): return NUMBER\n" + BUYS.format("size()"),
}
STATE = {
    "decimal": "__import__('decimal').Decimal(NUMBER)",
    "path": "__import__('pathlib').Path('NUMBER')",
    "deque": "__import__('collections').deque([NUMBER])",
    "bytes": "bytearray([NUMBER])",
    "range": "range(NUMBER)",
    "pattern": "__import__('re').compile('NUMBER')",
    "fraction": "__import__('fractions').Fraction(NUMBER, 7)",
    "partial_of_a_built_in": "functools.partial(print, NUMBER)",
    "method": "[NUMBER].count",
    "random_state": "np.random.RandomState(NUMBER)",
    "date": "np.datetime64('2020-01-0NUMBER')",
    "frame": "__import__('pandas').DataFrame({'a': [1.5, NUMBER]}, index=['x', 'y'])",
    "zones": "__import__('pandas').to_datetime([0]).tz_localize(['UTC', 'CET'][NUMBER - 1]).to_series()",
    "object_elsewhere": "__import__('signals').Model()",
    "slots": "type('Slots', (), {'__slots__': ('a',), '__init__': lambda s: setattr(s, 'a', NUMBER)})()",
    "padding": "np.array([(NUMBER, 2.0)] * 9, np.dtype([('a', 'i1'), ('b', 'f8')], align=True))[::2]",
    "numbers": "[1] * 1000 + [NUMBER]",
    "lambda": "lambda bar: bar.close if NUMBER == 1 else bar.open",
}
INCOMPLETE = {"import_in_a_method": ["what signals uses, which Mine.on_bar imports"]}


def write(folder: Path, number: int) -> None:
    files = MODULES | {f"case_{name}.py": HEAD + text for name, text in CODE.items()}
    made = {name: HEAD + HOLDS + f"HELD = {text}\n" for name, text in STATE.items()}
    for name, text in (files | {f"case_{name}.py": text for name, text in made.items()}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text.replace("NUMBER", str(number)))


def described(folder: Path, names: list[str]) -> dict[str, dict[str, Any]]:
    """What manifests say of the cases, from a process of its own."""
    program = (
        "import importlib, json, sys; from btcore.backtest.manifest import describe_strategy\n"
        "found = {}\n"
        "for name in sys.argv[1:]:\n"
        "    module = importlib.import_module('case_' + name)\n"
        "    held = {'held': module.HELD} if hasattr(module, 'HELD') else {}\n"
        "    found[name] = describe_strategy(module.Mine(**held), None)\n"
        "print(json.dumps(found))"
    )
    path = os.pathsep.join([str(folder), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", program, *names], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "random"},
    )  # fmt: skip
    found: dict[str, dict[str, Any]] = json.loads(done.stdout)
    return found


NAMES = [*CODE, *STATE]


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, dict[str, Any]]]:
    """All cases with 1, again with 1 in another folder and order, and with 2."""
    found = []
    for number, names in ((1, NAMES), (1, NAMES[::-1]), (2, NAMES)):
        folder = tmp_path_factory.mktemp("modules")
        write(folder, number)
        found.append(described(folder, names))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_hashes_differ_with_what_they_are_of(three: list[dict[str, dict[str, Any]]], name: str) -> None:
    one, again, other = (found[name] for found in three)
    assert one == again
    key = "code_sha256" if name in CODE else "state_sha256"
    assert one[key] != other[key]
    assert one.get("incomplete") == INCOMPLETE.get(name)
