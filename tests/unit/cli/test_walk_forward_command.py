"""`btcore walk-forward`."""

import json
from pathlib import Path
from typing import Any

import pytest
from command_line import Capture, refused

import btcore as bt
from btcore.cli.commands import main

WALK = ["walk-forward", "AAPL", "--start", "2020-01-01", "--end", "2023-01-01", "--strategy", "ma_crossover"]
GRID = ["--param", "short_period=[3,5,8]", "--param", "long_period=int:10:30:10", "--commission-bps", "1"]
WINDOWS = ["--train", "1y", "--test", "6mo"]
DATA: dict[str, Any] = {
    "symbols": ["AAPL"], "start": "2020-01-01", "end": "2023-01-01", "progress": False,
    "execution": bt.Execution(commission_bps=1),
}  # fmt: skip
SPACE: dict[str, Any] = {"short_period": [3, 5, 8], "long_period": [10, 20, 30]}


def walked(params: Any = SPACE, **options: Any) -> bt.WalkForward:
    return bt.walk_forward(bt.SampleMarket(), "ma_crossover", params, **{**DATA, **options})


def document(capsys: Capture, *arguments: str) -> dict[str, Any]:
    assert main([*WALK, *GRID, *arguments, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def assert_same(found: dict[str, Any], walk: bt.WalkForward) -> None:
    assert found["result"]["fingerprint"] == walk.result.fingerprint
    assert [fold["params"] for fold in found["folds"]] == [fold.params for fold in walk.folds]
    for fold, expected in zip(found["folds"], walk.folds, strict=True):
        assert fold["train"] == list(expected.train[0])
        assert fold["test"] == list(expected.test[0])
        assert (fold["in_sample"], fold["rank"], fold["sets"]) == (
            expected.in_sample, expected.rank, expected.sets,
        )  # fmt: skip


def test_the_table_has_folds_stability_and_metrics(capsys: Capture, tmp_path: Path) -> None:
    saved, page = tmp_path / "joined.npz", tmp_path / "walk.html"
    assert main([*WALK, *GRID, *WINDOWS, "--out", str(saved), "--plot", str(page)]) == 0
    folds, words, metrics, foot = capsys.readouterr().out.split("\n\n")
    walk = walked(train="1y", test="6mo")
    head, *rows = folds.splitlines()
    assert head.split() == [
        "fold",
        "training",
        "test",
        "short_period",
        "long_period",
        "in",
        "training",
        "out",
        "of",
        "sample",
        "rank",
    ]
    assert len(rows) == len(walk) == 3
    first = walk.folds[0]
    assert " ".join(rows[0].split()) == (
        f"0 2020-01-01 to 2021-01-01 2021-01-01 to 2021-07-01 {' '.join(map(str, first.params.values()))} "
        f"{first.in_sample:.2f} {first.out_of_sample:.2f} {first.rank} of 9"
    )
    assert " ".join(words.split()) == " ".join([*walk.stability.lines(), *walk.notes])
    equity = walk.result.metrics["final_equity"]
    assert [*metrics.splitlines()[-1].split()] == ["final_equity", f"{equity:,.2f}"]
    assert foot == f"data: synthetic sample data\nwrote {saved}\nwrote {page}\n"
    assert bt.load_result(saved).fingerprint == walk.result.fingerprint
    assert page.read_text() == walk.report().html


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ([], {}),
        (
            ["--anchored", "--step", "9mo", "--keep-short", "--leave-open", "--warm-up", "3"],
            {"anchored": True, "step": "9mo", "keep_short": True, "close_at_end": False, "warm_up": 3},
        ),
        (
            ["--purge", "5", "--embargo", "10d", "--no-ranks", "--objective", "max_drawdown:minimize"],
            {
                "purge": 5,
                "embargo": "10d",
                "ranks": False,
                "objective": "max_drawdown",
                "direction": "minimize",
            },
        ),
        (
            ["--method", "random", "--trials", "4", "--seed", "3", "--constraint", "short_period < 8"],
            {"method": "random", "trials": 4, "seed": 3, "constraints": "short_period < 8"},
        ),
    ],
)
def test_the_options_are_those_of_the_function(
    arguments: list[str], options: dict[str, Any], capsys: Capture
) -> None:
    assert_same(document(capsys, *WINDOWS, *arguments), walked(train="1y", test="6mo", **options))


def test_lengths_may_be_rows_or_periods(capsys: Capture) -> None:
    found = document(capsys, "--train", "250", "--test", "100 bars")
    assert_same(found, walked(train=250, test="100 bars"))
    assert found["is_stopped"] is False


def test_a_study_has_the_trainings(capsys: Capture, tmp_path: Path) -> None:
    study = ["--study", str(tmp_path / "a.study")]
    first = document(capsys, *WINDOWS, *study)
    assert (tmp_path / "a.study").exists()
    assert document(capsys, *WINDOWS, *study) == first


PEEKS = """
import numpy as np
import btcore as bt


def peeks(data, size: float):
    bars = data["AAPL"]
    rise = np.append(np.diff(bars.close), 0.0)
    return bt.Targets(bars=bars, symbol="AAPL", value=np.where(rise > 0, size, 0.0))
"""


def test_a_strategy_of_a_file_that_peeks_is_caught(capsys: Capture, tmp_path: Path) -> None:
    path = tmp_path / "peeks_of_mine.py"
    path.write_text(PEEKS)
    own = [*WALK[:-1], f"{path}:peeks", "--param", "size=[0.5,1.0]", *WINDOWS]
    assert main(own) == 1
    assert "with the future after" in capsys.readouterr().err
    assert main([*own, "--no-leak-check"]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--test", "6mo"], "--train: is required, a length of time"),
        (["--train", "6mo"], "--test: is required, a length of time"),
        (["--train", "soon", "--test", "6mo"], "--train: 'soon' is not a length of time"),
        (["--train", "1y", "--test", "0"], "--test: 0 is not a length of time"),
        ([*WINDOWS, "--step", "1mo"], "--step: "),
        (["--train", "9y", "--test", "6mo"], "have no room for '9y' of training"),
        ([*WINDOWS, "--objective", "luck"], "--objective: 'luck' is not a numeric metric"),
        ([*WINDOWS, "--objective", "max_drawdown"], "write max_drawdown:minimize"),
        ([*WINDOWS, "--warm-up", "-1"], "--warm-up: -1 is not at least 0"),
        ([*WINDOWS, "--out", "a.csv"], "--out: a.csv does not end in .npz or .parquet"),
        ([*WINDOWS, "--plot", "a.png"], "--plot: a.png does not end in .html or .svg"),
        (
            [*WINDOWS, "--param", "long_period=int:9:3"],
            "--param long_period: 'int:9:3': low: 9 is above high 3",
        ),
    ],
)
def test_invalid_input_is_one_line(arguments: list[str], message: str, capsys: Capture) -> None:
    assert message in refused(capsys, *WALK, *GRID, *arguments)
