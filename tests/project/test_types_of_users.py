"""mypy and pyright accept a strategy of a user, and find each planted mistake on its line.

A line with a mistake ends in a comment with the code of mypy and the rule of pyright: of `mypy --strict`, and
of the standard mode of pyright.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from inspect import signature
from pathlib import Path
from typing import get_type_hints

import pytest

import btcore as bt
from btcore.backtest.run_one import RunTerms

FILES = Path(__file__).with_name("typed")
MISTAKES = ("mistakes.py", "mistakes_of_settings.py")
Found = dict[int, set[str]]  # line -> codes


def by_mypy(name: str, folder: Path) -> Found:
    pytest.importorskip("mypy")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={folder}"]
    ended = subprocess.run([*command, str(FILES / name)], capture_output=True, text=True, check=False)
    assert ended.returncode in (0, 1), ended.stderr
    return grouped(re.findall(r":(\d+): error: .*\[([\w-]+)\]", ended.stdout))


def by_pyright(name: str, folder: Path) -> Found:
    pytest.importorskip("pyright")
    settings = {"typeCheckingMode": "standard", "include": [name], "pythonVersion": "3.11"}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    (folder / name).write_text((FILES / name).read_text())  # files elsewhere are not looked at
    command = [sys.executable, "-m", "pyright", "-p", str(folder), "--pythonpath", sys.executable]
    ended = subprocess.run([*command, "--outputjson"], capture_output=True, text=True, check=False)
    assert ended.returncode in (0, 1), ended.stderr
    report = json.loads(ended.stdout)
    assert report["summary"]["filesAnalyzed"] == 1
    errors = [each for each in report["generalDiagnostics"] if each["severity"] == "error"]
    return grouped([(each["range"]["start"]["line"] + 1, each["rule"]) for each in errors])


def grouped(errors: list[tuple[str | int, str]]) -> Found:
    found: Found = {}
    for line, code in errors:
        found.setdefault(int(line), set()).add(code)
    return found


def planted(name: str, column: int) -> Found:
    lines = (FILES / name).read_text().splitlines()
    return {i: {line.split()[column]} for i, line in enumerate(lines, 1) if "  # " in line}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("types")


@pytest.mark.parametrize("check", [by_mypy, by_pyright])
def test_a_strategy_of_a_user_is_accepted(check: Callable[[str, Path], Found], cache: Path) -> None:
    assert check("strategy.py", cache) == {}


@pytest.mark.parametrize(("check", "column"), [(by_mypy, -2), (by_pyright, -1)])
@pytest.mark.parametrize("name", MISTAKES)
def test_planted_mistakes_are_found(
    check: Callable[[str, Path], Found], column: int, name: str, cache: Path
) -> None:
    expected = planted(name, column)
    assert len(expected) > 25
    assert check(name, cache) == expected


def test_the_accepted_strategy_runs() -> None:
    scope: dict[str, object] = {"__name__": "strategy_of_a_user"}
    exec((FILES / "strategy.py").read_text(), scope)
    assert isinstance(scope["result"], bt.Result)


def test_terms_of_a_sweep_are_those_of_a_run() -> None:
    own = {"data", "strategy", "params", "symbol", "symbols", "resolution", "progress"}
    assert set(get_type_hints(RunTerms)) == set(signature(bt.run).parameters) - own
    plain, terms = get_type_hints(bt.run), get_type_hints(RunTerms)
    assert {name: plain[name] for name in terms} == terms


def test_the_types_of_the_package_are_complete(tmp_path: Path) -> None:
    """Every public name has a type that no checker has to guess; names inside modules nearly all."""
    pytest.importorskip("pyright")
    command = [sys.executable, "-m", "pyright", "--verifytypes", "btcore", "--ignoreexternal", "--outputjson"]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # it asks the first Python
    ended = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=tmp_path, env={**os.environ, "PATH": path}
    )
    report = json.loads(ended.stdout)["typeCompleteness"]
    assert report["completenessScore"] > 0.98
    unclear = [each for each in report["symbols"] if not each["isTypeKnown"]]
    public = {f"btcore.{name}" for name in bt.__all__} | {
        f"{value.__module__}.{value.__qualname__}"
        for value in (getattr(bt, name) for name in bt.__all__)
        if isinstance(value, type)
    }
    owners = [each["name"] for each in unclear if each["isExported"]]
    assert [each for each in owners if each in public or each.rpartition(".")[0] in public] == []
