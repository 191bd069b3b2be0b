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
    table, odds, foot = capsys.readouterr().out.split("\n\n")
    head, *rows = table.splitlines()
    assert head.split()[:3] == ["short_period", "long_period", "max_drawdown"]
    falls = [float(row.split()[2]) for row in rows]
    assert len(falls) == 3
    assert falls == sorted(falls)
    assert odds.startswith(
        "The odds that the best is luck (the best has the lowest max_drawdown)\n  the odds of"
    )
    assert foot == "4 runs, 2 parameter sets refused\ndata: synthetic sample data\n"


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
        ([*GRID, "--top", "0"], "--top: 0 is not a whole number above 0"),
        ([*GRID, "--top", "-1"], "--top: -1 is not a whole number above 0"),
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


FULL = ["sweep", *YEAR, *GRID]


def test_rows_are_written_as_csv_parquet_and_json_lines(capsys: Capture, tmp_path: Path) -> None:
    import polars as pl

    paths = {suffix: tmp_path / f"rows.{suffix}" for suffix in ("csv", "parquet", "jsonl")}
    for path in paths.values():
        assert main([*FULL, "--out", str(path)]) == 0
        assert capsys.readouterr().out.endswith(f"wrote {path}\n")
    assert main([*FULL, "--json"]) == 0
    assert paths["jsonl"].read_text() == capsys.readouterr().out
    rows = [json.loads(line) for line in paths["jsonl"].read_text().splitlines()]
    table, text = pl.read_parquet(paths["parquet"]), pl.read_csv(paths["csv"])
    assert text.columns == table.columns
    assert {"short_period", "long_period", "sharpe_ratio", "period"} <= set(table.columns)
    for frame in (table, text):
        assert frame["short_period"].to_list() == [row["params"]["short_period"] for row in rows]
        assert frame["sharpe_ratio"].to_list() == [row["metrics"]["sharpe_ratio"] for row in rows]
        assert frame["alpha"].null_count() == len(rows)  # undefined without a benchmark


def test_a_parameter_that_is_an_object_is_json(tmp_path: Path) -> None:
    import numpy as np
    import polars as pl

    from btcore.cli.sweep_command import write_rows
    from btcore.metrics.run_metrics import RUN_METRICS_DTYPE
    from btcore.research.sweeps.records import columns
    from btcore.research.sweeps.sweep_result import SweepResult

    params = columns([{"weights": {"A": 0.5}, "stop": None}, {"weights": None, "stop": 0.1}])
    sweep = SweepResult(params, np.zeros(2, RUN_METRICS_DTYPE), [], lambda i: pytest.fail("played"))
    for name in ("rows.csv", "rows.parquet"):
        write_rows(sweep, tmp_path / name)
    for frame in (pl.read_csv(tmp_path / "rows.csv"), pl.read_parquet(tmp_path / "rows.parquet")):
        assert frame["weights"].to_list() == ['{"A":0.5}', None]
        assert frame["stop"].to_list() == [None, 0.1]


def test_plot_is_the_page_of_the_sweep_by_the_metric(capsys: Capture, tmp_path: Path) -> None:
    page = tmp_path / "sweep.html"
    assert main([*FULL, "--plot", str(page), "--metric", "max_drawdown", "--lowest"]) == 0
    assert f"wrote {page}" in capsys.readouterr().out
    assert "lowest max_drawdown is best" in page.read_text()


def test_a_sweep_without_trades_has_rows_and_a_page(capsys: Capture, tmp_path: Path) -> None:
    page, rows = tmp_path / "sweep.html", tmp_path / "rows.csv"
    grid = ["--param", "short_period=[900,950]", "--param", "long_period=1000"]
    assert main(["sweep", *YEAR, *grid, "--plot", str(page), "--out", str(rows)]) == 0
    assert f"wrote {rows}\nwrote {page}\n" in capsys.readouterr().out
    assert "sharpe_ratio is undefined in every run" in page.read_text()
    assert len(rows.read_text().splitlines()) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "rows.txt"], "--out: rows.txt does not end in .parquet or .csv or .jsonl"),
        (["--out", "missing/rows.csv"], "--out: missing/rows.csv cannot be written"),
        (["--plot", "page.svg"], "--plot: page.svg does not end in .html"),
    ],
)
def test_files_are_checked_before_anything_runs(arguments: list[str], message: str, capsys: Capture) -> None:
    assert main([*FULL, *arguments]) == 2
    assert message in capsys.readouterr().err
