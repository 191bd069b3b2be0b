"""`mypy --strict` accepts a user's strategy, and finds each planted mistake with the code on its line."""

import re
import subprocess
import sys
from inspect import signature
from pathlib import Path
from typing import get_type_hints

import pytest

import btcore as bt
from btcore.backtest.run_one import RunTerms

FILES = Path(__file__).with_name("typed")


def errors(name: str, folder: Path) -> list[tuple[int, str]]:
    """Line and code of each error."""
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={folder}"]
    ended = subprocess.run([*command, str(FILES / name)], capture_output=True, text=True, check=False)
    assert ended.returncode in (0, 1), ended.stderr
    return [(int(line), code) for line, code in re.findall(r":(\d+): error: .*\[([\w-]+)\]", ended.stdout)]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mypy")


def test_a_strategy_of_a_user_is_accepted(cache: Path) -> None:
    pytest.importorskip("mypy")
    assert errors("strategy.py", cache) == []


def test_planted_mistakes_are_found(cache: Path) -> None:
    pytest.importorskip("mypy")
    lines = (FILES / "mistakes.py").read_text().splitlines()
    planted = [(i, line.rpartition("# ")[2]) for i, line in enumerate(lines, 1) if "  # " in line]
    assert len(planted) > 10
    assert errors("mistakes.py", cache) == planted


def test_the_accepted_strategy_runs() -> None:
    scope: dict[str, object] = {"__name__": "strategy_of_a_user"}
    exec((FILES / "strategy.py").read_text(), scope)
    assert isinstance(scope["result"], bt.Result)


def test_terms_of_a_sweep_are_those_of_a_run() -> None:
    own = {"data", "strategy", "params", "symbol", "symbols", "resolution", "progress"}
    assert set(get_type_hints(RunTerms)) == set(signature(bt.run).parameters) - own
    plain, terms = get_type_hints(bt.run), get_type_hints(RunTerms)
    assert {name: plain[name] for name in terms} == terms
