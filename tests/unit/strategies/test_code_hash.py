"""Other code, constants and state of a strategy give other hashes; every process gives the same ones."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import btcore as bt
from btcore.backtest.manifest import describe_strategy

MODULE = """
import btcore as bt
import numpy as np

LIMIT = 5
NAMES = {{"b", "a", "c"}}
TABLE = np.arange(3)


def helper(x):
    return deeper(x) + {helper}


def deeper(x):
    return x * {deeper}


def unused(x):
    return x + {unused}


class Base(bt.Strategy):
    def size(self):
        return {base}


class Mine(Base):
    period: int = 3

    def __init__(self, weights=(), **params):
        super().__init__(**params)
        self.weights = weights

    def on_bar(self, ctx, bar):
        if helper(bar.close) > LIMIT * {limit} and bar.symbol in NAMES and TABLE[0] == 0:
            ctx.buy(bar.symbol, self.size())
"""
PLAIN = {"helper": 1, "deeper": 2, "unused": 3, "base": 4, "limit": 1}


def described(folder: Path, weights: str = "()", constants: str = "", **changes: int) -> dict[str, Any]:
    """What the manifest says of the strategy of a module, from a process of its own."""
    folder.mkdir(exist_ok=True)
    (folder / "mine.py").write_text(MODULE.format(**PLAIN | changes) + constants)
    code = (
        "import json, numpy as np, mine; from btcore.backtest.manifest import describe_strategy; "
        f"print(json.dumps(describe_strategy(mine.Mine(weights={weights}), None)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": "random"},
    )  # fmt: skip
    found: dict[str, Any] = __import__("json").loads(done.stdout)
    return found


def test_two_processes_give_the_same_hashes(tmp_path: Path) -> None:
    weights = "{'b': np.ones(3), 'a': {3, 1, 2}, 'f': np.random.default_rng(1)}"
    one, two = (described(tmp_path / name, weights) for name in "ab")
    assert one == two
    assert "incomplete" not in one


@pytest.mark.parametrize("part", ["helper", "deeper", "base", "limit"])
def test_other_code_that_is_used_gives_another_hash(tmp_path: Path, part: str) -> None:
    assert described(tmp_path)["code_sha256"] != described(tmp_path, **{part: 9})["code_sha256"]


@pytest.mark.parametrize("constants", ["LIMIT = 6", "NAMES = {'a'}", "TABLE = np.arange(4)"])
def test_another_constant_gives_another_hash(tmp_path: Path, constants: str) -> None:
    assert described(tmp_path)["code_sha256"] != described(tmp_path, constants=constants)["code_sha256"]


def test_code_that_is_not_used_is_not_part_of_it(tmp_path: Path) -> None:
    assert described(tmp_path)["code_sha256"] == described(tmp_path, unused=9)["code_sha256"]


class Weighted(bt.Strategy):
    """A strategy whose constructor takes what its parameters do not have."""

    period: int = 3

    def __init__(self, state: Any = None, **params: Any) -> None:
        super().__init__(**params)
        self.state = state

    def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
        ctx.buy(bar.symbol, self.period)


def both(strategy: bt.Strategy) -> tuple[str, str]:
    found = describe_strategy(strategy, None)
    return found["code_sha256"], found["state_sha256"]


STATES = [
    None, 0, 0.0, False, "", b"", (), [], {}, set(), 1, 1.0, True, "1", [1], (1,), {"a": 1}, {"a": 1.0}, {1},
    {1, 2}, np.zeros(2), np.zeros(3), np.zeros(2, np.int64), np.array([[0.0, 0.0]]), np.float64(0.0),
    np.array(["a", None]), lambda: 1, lambda: 2, Weighted, bt.Execution(), bt.Execution(slippage_bps=1.0),
    np.random.default_rng(1), np.random.default_rng(2), [[]], [[], []], {"a": {"b": 1}}, {"a": {"b": 2}},
    np.mean, np.median, float("nan"),
]  # fmt: skip


def test_every_state_has_its_own_hash() -> None:
    hashes = [both(Weighted(state))[1] for state in STATES]
    assert len(set(hashes)) == len(hashes)
    assert hashes == [both(Weighted(state))[1] for state in STATES]
    assert len({both(Weighted(state))[0] for state in STATES}) == 1
    assert both(Weighted(period=4))[1] != both(Weighted())[1]


def test_constructor_arguments_are_in_the_fingerprint() -> None:
    data = {"A": bt.sample_bars("A", "2024-01-01", "2024-02-01")}
    prints = [bt.run(data, Weighted(state), progress=False).fingerprint for state in ([1], [2], [1])]
    assert prints[0] == prints[2] != prints[1]


def test_an_order_of_keys_or_members_changes_nothing() -> None:
    assert both(Weighted({"a": 1, "b": 2})) == both(Weighted({"b": 2, "a": 1}))
    assert both(Weighted({3, 1, 2})) == both(Weighted({1, 2, 3}))


def test_a_closure_is_part_of_it() -> None:
    def make(size: float) -> type[bt.Strategy]:
        class Closed(bt.Strategy):
            def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
                ctx.buy(bar.symbol, size)

        return Closed

    assert both(make(1.0)()) != both(make(2.0)())
    assert both(make(1.0)()) == both(make(1.0)())


def test_what_cannot_be_hashed_is_named() -> None:
    with Path(__file__).open() as stream:
        found = describe_strategy(Weighted({"file": stream}), None)
    assert found["incomplete"] == ["Weighted.state.file"]
    assert "incomplete" not in describe_strategy(Weighted(), None)


def test_a_class_without_source_has_its_code_alone() -> None:
    space: dict[str, Any] = {"bt": bt, "__name__": "typed"}
    text = "class Typed(bt.Strategy):\n    def on_bar(self, ctx, bar):\n        ctx.buy(bar.symbol, {})\n"
    found = []
    for number in (1, 2, 1):
        exec(text.format(number), space)
        found.append(describe_strategy(space["Typed"](), None))
    exec(text.format(1).replace("ctx.buy", "ctx.sell"), space)
    other = describe_strategy(space["Typed"](), None)["code_sha256"]
    codes = [each["code_sha256"] for each in found]
    assert codes[0] == codes[2]
    assert len({*codes, other}) == 3
    assert "incomplete" not in found[0]


class Slotted(bt.Strategy):
    """A strategy with an attribute that its `vars` do not have."""

    __slots__ = ("size",)

    def __init__(self, size: float) -> None:
        super().__init__()
        self.size = size

    def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
        ctx.buy(bar.symbol, self.size)


def test_attributes_in_slots_are_state() -> None:
    assert both(Slotted(1.0)) == both(Slotted(1.0))
    assert both(Slotted(1.0))[1] != both(Slotted(2.0))[1]


def test_a_compiled_handler_is_incomplete() -> None:
    class Other:
        """As a handler of a compiled module."""

    found = describe_strategy(Other(), None)
    assert found["incomplete"] == [f"the code and the state of {Other.__qualname__}"]


def test_loops_of_references_end() -> None:
    state: dict[str, Any] = {}
    state["self"] = state
    assert both(Weighted(state)) == both(Weighted(state))
