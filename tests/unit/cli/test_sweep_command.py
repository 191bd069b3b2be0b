"""`btcore sweep`."""

import json
from pathlib import Path

import pytest

from btcore.cli.commands import main

YEAR = ["AAPL", "--start", "2023-01-01", "--end", "2024-12-31", "--strategy", "ma_crossover"]
GRID = ["--param", "short_period=5:20:5", "--param", "long_period=[10,50]"]

Capture = pytest.CaptureFixture[str]


def test_the_best_come_first(capsys: Capture) -> None:
    assert main(["sweep", *YEAR, *GRID, "--top", "3", "--metric", "max_drawdown", "--lowest"]) == 0
    head, *rows, blank, count, data = capsys.readouterr().out.splitlines()
    assert head.split()[:3] == ["short_period", "long_period", "max_drawdown"]
    falls = [float(row.split()[2]) for row in rows]
    assert len(falls) == 3
    assert falls == sorted(falls)
    assert (blank, count) == ("", "4 runs, 2 parameter sets refused")
    assert data.startswith("data: synthetic")


def test_json_is_one_line_a_run_and_equals_the_run_command(capsys: Capture) -> None:
    assert main(["sweep", *YEAR, *GRID, "--json", "--workers", "2", "--commission-bps", "1"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["params"] for row in rows] == [
        {"short_period": short, "long_period": long}
        for short in (5, 10, 15)
        for long in (10, 50)
        if short < long
    ]
    chosen = [f"--param={name}={value}" for name, value in rows[2]["params"].items()]
    assert main(["run", *YEAR, *chosen, "--json", "--commission-bps", "1"]) == 0
    assert json.loads(capsys.readouterr().out)["metrics_summary"] == rows[2]["metrics"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--param", "short_period=1:x"], "--param short_period: '1:x' is not START:STOP"),
        (["--param", "short_period=1:9:0"], "--param short_period: '1:9:0' is not START:STOP"),
        (["--param", "short_period=9:1"], "--param short_period: the list of values is empty"),
        (["--param", "speed=1"], "--param speed: the strategy has no such parameter"),
        ([*GRID, "--metric", "luck"], "metric: 'luck' is not a numeric metric"),
        ([*GRID, "--workers", "0"], "workers: 0 is not"),
        (
            ["--param", "short_period=1:1000000000"],
            "--param short_period: '1:1000000000' is more than 1,000,000",
        ),
    ],
)
def test_invalid_input_is_one_line(arguments: list[str], message: str, capsys: Capture) -> None:
    assert main(["sweep", *YEAR, *arguments]) == 2
    shown = capsys.readouterr()
    assert (shown.out, shown.err.count("\n")) == ("", 1)
    assert message in shown.err


def test_a_request_may_hold_the_grid(capsys: Capture, tmp_path: Path) -> None:
    path = tmp_path / "request.json"
    path.write_text(
        json.dumps(
            {
                "symbols": ["AAPL"],
                "start_date": "2024-01-01",
                "end_date": "2024-03-01",
                "strategy": {"name": "momentum", "params": {"lookback_period": [5, 10]}},
            }
        )
    )
    assert main(["sweep", "--request", str(path), "--json"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
