"""`btcore sweep`."""

import json
from pathlib import Path
from typing import Any

import pytest

import btcore as bt
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


def printed(capsys: Capture, *arguments: str) -> list[str]:
    """The parts of the output, which are apart by an empty line."""
    assert main([*FULL, *arguments]) == 0
    return capsys.readouterr().out.rstrip("\n").split("\n\n")


def unwrapped(text: str) -> str:
    return " ".join(text.split())


def swept(**options: Any) -> bt.SweepResult:
    grid = {"short_period": [5, 10, 15], "long_period": [10, 50]}
    return bt.sweep(
        bt.SampleMarket(), "ma_crossover", grid, symbols=["AAPL"], start="2023-01-01", end="2024-12-31",
        progress=False, **options,
    )  # fmt: skip


class TestOdds:
    def test_they_stand_beside_the_best_row(self, capsys: Capture) -> None:
        _, odds, _ = printed(capsys)
        head, *_ = odds.splitlines()
        assert head == "The odds that the best is luck (the best has the highest sharpe_ratio)"
        assert unwrapped(odds) == unwrapped("\n".join([head, *swept().odds.lines()]))

    def test_those_that_take_long_are_computed_on_demand(
        self, capsys: Capture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("btcore.research.sweeps.odds_lines.MOST_CELLS", 10)
        _, short, _ = printed(capsys)
        assert "deflated Sharpe 0." in short
        assert "SPA p" not in short
        assert short.endswith("--all-odds")
        _, whole, _ = printed(capsys, "--all-odds")
        assert "SPA p" in whole

    def test_one_run_has_none(self, capsys: Capture) -> None:
        assert main(["sweep", *YEAR, "--param", "short_period=5", "--param", "long_period=20"]) == 0
        table, foot = capsys.readouterr().out.split("\n\n")
        assert len(table.splitlines()) == 2
        assert foot == "1 run\ndata: synthetic sample data\n"


class TestGoals:
    def test_the_front_is_that_of_the_library(self, capsys: Capture) -> None:
        goals = ["--objective", "total_trades", "--objective", "max_drawdown:minimize"]
        table, front, odds, _ = printed(capsys, *goals)
        sweep = swept(objective={"total_trades": "maximize", "max_drawdown": "minimize"})
        runs = sorted(sweep.pareto(), key=lambda run: -run.metrics["total_trades"])
        assert [run.row for run in runs] == [0, 3]
        head, _, rows = front.partition("than\n")
        assert unwrapped(head) == (
            "The front of total_trades (maximize) and max_drawdown (minimize): 2 runs that no other is better"
        )
        names, *shown = (row.split() for row in rows.splitlines())
        assert names[:4] == ["short_period", "long_period", "total_trades", "max_drawdown"]
        assert [row[:2] for row in shown] == [[*map(str, run.params.values())] for run in runs]
        assert table.splitlines()[1].split()[:3] == shown[0][:3]
        assert "the best has the highest total_trades" in odds
        _, front, *_ = printed(capsys, *goals, "--top", "1")
        assert front.partition("\n")[2].startswith("  other is better than (1 shown)\n")
        assert len(front.splitlines()[-1].split()) == len(names)

    def test_the_table_may_have_another_metric(self, capsys: Capture) -> None:
        table, odds, _ = printed(
            capsys, "--objective", "sharpe_ratio", "--metric", "max_drawdown", "--lowest"
        )
        assert table.splitlines()[0].split()[2] == "max_drawdown"
        best = swept().best("max_drawdown", False)
        assert table.splitlines()[1].split()[:2] == [*map(str, best.params.values())]
        assert "the best has the highest sharpe_ratio" in odds


class TestKeep:
    def test_only_the_best_are_kept(self, capsys: Capture) -> None:
        table, odds, foot = printed(capsys, "--keep", "2")
        assert len(table.splitlines()) == 3
        assert foot.startswith("4 runs, the best 2 kept, 2 parameter sets refused\n")
        assert "the best of 4 trials" in odds

    def test_all_go_to_the_file(self, capsys: Capture, tmp_path: Path) -> None:
        import polars as pl

        path = tmp_path / "rows.parquet"
        *_, foot = printed(capsys, "--keep", "2", "--out", str(path))
        assert foot.endswith(f"wrote {path}")
        table = pl.read_parquet(path)
        assert table["trial"].to_list() == [0, 1, 2, 3]
        assert table["sharpe_ratio"].to_list() == swept().metrics["sharpe_ratio"].tolist()


def test_sets_that_are_left_out_are_counted(capsys: Capture) -> None:
    *_, foot = printed(capsys, "--constraint", "short_period < long_period")
    assert foot.splitlines()[:2] == ["4 runs", "2 parameter sets of the grid break a constraint"]
