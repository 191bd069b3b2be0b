"""Options of searches: those of `btcore sweep` and `walk-forward` are those of `bt.sweep`."""

import json
from pathlib import Path
from typing import Any

import pytest
from command_line import Capture, refused

import btcore as bt
from btcore.cli import search_options
from btcore.cli.commands import main
from btcore.research.executors.choice import NAMES
from btcore.research.search.method import DIRECTIONS, METHODS

YEAR = ["AAPL", "--start", "2023-01-01", "--end", "2024-01-01", "--strategy", "ma_crossover"]
SPACE = ["--param", "short_period=int:3:30", "--param", "long_period=int:20:90:10"]
RANGES = {"short_period": bt.IntRange(3, 30), "long_period": bt.IntRange(20, 90, 10)}
DATA: dict[str, Any] = {"symbols": ["AAPL"], "start": "2023-01-01", "end": "2024-01-01", "progress": False}


def expected(params: Any = RANGES, strategy: str = "ma_crossover", **options: Any) -> bt.SweepResult:
    return bt.sweep(bt.SampleMarket(), strategy, params, **DATA, **options)


def rows(capsys: Capture, *arguments: str) -> list[dict[str, Any]]:
    assert main(["sweep", *YEAR, *arguments, "--json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_the_words_are_those_of_the_library() -> None:
    assert search_options.METHODS == METHODS
    assert search_options.DIRECTIONS == DIRECTIONS
    assert tuple(NAMES) == search_options.EXECUTORS


@pytest.mark.parametrize("method", ["random", "latin_hypercube", "sobol", "optuna"])
def test_the_sets_are_those_of_the_method(method: str, capsys: Capture) -> None:
    pytest.importorskip("scipy")
    pytest.importorskip("optuna")
    found = rows(
        capsys, *SPACE, "--method", method, "--trials", "12", "--seed", "5",
        "--constraint", "short_period < long_period", "--constraint", "short_period != 7",
    )  # fmt: skip
    sweep = expected(
        method=method, trials=12, seed=5, constraints=["short_period < long_period", "short_period != 7"]
    )
    assert [row["params"] for row in found] == [run.params for run in sweep]
    assert [row["metrics"]["sharpe_ratio"] for row in found] == [run.metrics["sharpe_ratio"] for run in sweep]
    assert len(found) == 12


def test_processes_have_the_same_rows(capsys: Capture) -> None:
    pytest.importorskip("loky")
    grid = ["--param", "short_period=[3,5]", "--param", "long_period=[20,30]"]
    threads = rows(capsys, *grid)
    assert rows(capsys, *grid, "--executor", "processes", "--workers", "2") == threads


def test_a_study_has_what_was_run(capsys: Capture, tmp_path: Path) -> None:
    study = str(tmp_path / "a.study")
    grid = ["--param", "long_period=[20,30]", "--study", study]
    assert main(["sweep", *YEAR, *grid, "--param", "short_period=3:5"]) == 0
    assert f"\n4 runs, 0 found in {study}\n" in capsys.readouterr().out
    assert main(["sweep", *YEAR, *grid, "--param", "short_period=3:8"]) == 0
    assert f"\n10 runs, 4 found in {study}\n" in capsys.readouterr().out


FAILS = """
import btcore as bt

class Odd(bt.Strategy):
    n: int = 1

    def on_bar(self, ctx, bar):
        1 / (self.n % 2)
"""


def test_a_run_that_fails_ends_the_sweep_or_is_recorded(capsys: Capture, tmp_path: Path) -> None:
    path = tmp_path / "odd_of_mine.py"
    path.write_text(FAILS)
    sweep = ["sweep", *YEAR[:-1], f"{path}", "--param", "n=1:5"]
    assert main(sweep) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert main([*sweep, "--on-error", "record"]) == 0
    foot = capsys.readouterr().out.rpartition("\n\n")[2].splitlines()
    assert foot[0] == "2 runs, 2 failed"
    assert foot[1].startswith("the first that failed, n=2: {'n': 2}: ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--method", "gird"], "argument --method: invalid choice: 'gird'"),
        (["--method", "gird"], "(did you mean 'grid'?)"),
        (["--executor", "proceses"], "(did you mean 'processes'?)"),
        (["--method", "sobol"], "--trials: --method sobol needs the number of parameter sets"),
        (["--method", "random", "--trials", "0"], "--trials: 0 is not a whole number from 1"),
        (["--seed", "-1"], "--seed: -1 is not a whole number from 0"),
        (["--keep", "0"], "--keep: 0 is not a whole number above 0"),
        (["--constraint", "a <"], "--constraint: 'a <' is not an expression"),
        (
            ["--constraint", "short_period < long_perod"],
            "'long_perod' is no parameter (did you mean 'long_period'?)",
        ),
        (["--study", "nowhere/a.study"], "--study: nowhere/a.study: unable to open database file"),
        (["--objective", "sharpe"], "--objective: 'sharpe' is not a numeric metric (did you mean"),
        (
            ["--objective", "max_drawdown"],
            "--objective: max_drawdown is better when it is low; write max_drawdown:minimize",
        ),
        (
            ["--objective", "max_drawdown:low"],
            "--objective max_drawdown: 'low' is not one of maximize, minimize",
        ),
        (
            ["--objective", "sharpe_ratio", "--objective", "sharpe_ratio:minimize"],
            "--objective: sharpe_ratio is given twice",
        ),
        (["--objective", "sharpe_ratio", "--lowest"], "--lowest: the direction is that of --objective"),
        (["--metric", "luck"], "--metric: 'luck' is not a numeric metric"),
        (["--keep", "3", "--out", "a.csv"], "--out: with --keep all runs go to a .parquet file"),
        (["--param", "long_period=float:0:1"], "--param long_period: a grid needs values"),
    ],
)
def test_invalid_input_is_one_line(arguments: list[str], message: str, capsys: Capture) -> None:
    grid = ["--param", "short_period=[3,5]", "--param", "long_period=[20,30]"]
    assert message in refused(capsys, "sweep", *YEAR, *grid, *arguments)
