"""`btcore run`: its output, the settings it takes, and exit codes, in this process and in a child process."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from command_line import CROSS, YEAR, Capture, run_process

import btcore as bt
from btcore.cli import commands
from btcore.cli.commands import main

COSTS = ["--slippage-bps", "1", "--commission-bps", "0.5", "--latency-ms", "0"]


def test_a_run_prints_its_metrics_and_where_the_data_came_from(capsys: Capture) -> None:
    assert main(["run", "AAPL", *YEAR, *CROSS]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    lines = shown.out.splitlines()
    assert lines[0].startswith("ma_crossover(short_period=5, long_period=20")
    assert "data: synthetic sample data" in lines
    result = bt.run_request(
        msgspec.convert(
            {
                "symbols": ["AAPL"],
                "start_date": "2024-01-01",
                "end_date": "2024-12-31",
                "strategy": {"name": "ma_crossover", "params": {"short_period": 5, "long_period": 20}},
            },
            bt.RunRequest,
        ),
        bt.SampleMarket(),
    )
    printed = {line.split()[0]: line.split()[1:] for line in lines if line.startswith("  ")}
    assert printed["total_return"] == [f"{result.metrics['total_return']:,.2f}", "%"]
    assert printed["total_trades"] == [str(result.metrics["total_trades"])]
    assert set(result.metrics) <= set(printed)


def test_json_is_the_document_and_nothing_else(capsys: Capture) -> None:
    assert main(["run", "AAPL", *YEAR, "--json"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    document = json.loads(shown.out)
    assert document["manifest"]["data_source"] == "synthetic sample data"
    assert {"metrics_summary", "equity_curve", "trades", "orders", "logs", "fingerprint"} <= set(document)


def test_run_request_and_command_give_identical_numbers(catalog: Path) -> None:
    """`bt.run`, `run_request` and a process of `btcore run --json`, bit for bit."""
    body = {
        "symbols": ["AAPL", "MSFT"],
        "start_date": "2024-03-04T09:00:00",
        "end_date": "2024-03-05T16:30:00-05:00",
        "resolution": "minute",
        "strategy": {"name": "ma_crossover", "params": {"short_period": 5, "long_period": 20, "weight": 0.9}},
        "execution": {"slippage_bps": 1.0, "commission_bps": 0.5, "latency_ms": 10},
        "initial_capital": 250_000.0,
        "currency": "EUR",
        "timezone": "America/New_York",
        "mark_every": "5min",
    }
    run = run_process("run", "--data", str(catalog), "--request", "-", "--json", stdin=json.dumps(body))
    assert (run.returncode, run.stderr) == (0, "")
    by_flags = run_process(
        "run", "AAPL", "MSFT", "--data", str(catalog), "--start", "2024-03-04T09:00:00",
        "--end", "2024-03-05T16:30:00-05:00", "--resolution", "minute", *CROSS, "--param", "weight=0.9",
        "--slippage-bps", "1", "--commission-bps", "0.5", "--latency-ms", "10", "--capital", "250000",
        "--currency", "EUR", "--timezone", "America/New_York", "--mark-every", "5min", "--json",
    )  # fmt: skip
    assert by_flags.stdout == run.stdout

    source = bt.Catalog(catalog)
    requested = bt.run_request(msgspec.convert(body, bt.RunRequest), source)
    start, end = body["start_date"], body["end_date"]
    direct = bt.run(
        {symbol: source.read(symbol, "minute") for symbol in ("AAPL", "MSFT")},
        "ma_crossover",
        {"short_period": 5, "long_period": 20, "weight": 0.9},
        initial_capital=250_000.0,
        currency="EUR",
        timezone="America/New_York",
        start=start,
        end=end,
        execution=bt.Execution(slippage_bps=1.0, commission_bps=0.5, latency_ms=10),
        mark_every="5min",
        data_source="catalog",
    )
    assert requested.metrics["total_trades"] > 10
    printed = json.loads(run.stdout)
    for result in (requested, direct):
        assert json.loads(msgspec.json.encode(result.document())) == printed
    assert requested.fingerprint == direct.fingerprint == printed["fingerprint"]


def test_options_override_the_request(tmp_path: Path, capsys: Capture) -> None:
    request = tmp_path / "request.json"
    request.write_text(
        json.dumps(
            {
                "symbols": ["MSFT"],
                "start_date": "2024-01-01",
                "end_date": "2024-12-31",
                "strategy": {"name": "ma_crossover", "params": {"short_period": 5, "long_period": 20}},
                "execution": {"slippage_bps": 3, "leverage": 2},
            }
        )
    )

    def manifest_of(*flags: str) -> dict[str, Any]:
        assert main(["run", *flags, "--request", str(request), "--json"]) == 0
        return json.loads(capsys.readouterr().out)["manifest"]

    plain = manifest_of()
    assert plain["run"]["strategy"]["params"]["short_period"] == 5
    changed = manifest_of("AAPL", "--param", "short_period=7", "--slippage-bps", "1", "--capital", "5000")
    assert [row["symbol"] for row in changed["data"]] == ["AAPL"]
    assert changed["run"]["initial_capital"] == 5000.0
    assert changed["run"]["strategy"]["params"] | {"short_period": 5} == plain["run"]["strategy"]["params"]
    assert changed["run"]["strategy"]["params"]["short_period"] == 7
    assert (changed["run"]["execution"]["slippage_bps"], changed["run"]["execution"]["leverage"]) == (
        1.0,
        2.0,
    )
    other = manifest_of("--strategy", "momentum")
    assert other["run"]["strategy"]["params"]["lookback_period"] == 20


def test_every_setting_of_execution_can_be_given(capsys: Capture) -> None:
    terms = [
        "--execution",
        "leverage=2",
        "--execution",
        "limit_fill=touch",
        "--execution",
        "displayed_size=true",
    ]
    assert main(["run", "AAPL", *YEAR, *COSTS, *terms, "--json"]) == 0
    execution = json.loads(capsys.readouterr().out)["manifest"]["run"]["execution"]
    assert (execution["leverage"], execution["limit_fill"], execution["displayed_size"]) == (
        2.0,
        "touch",
        True,
    )


@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
def test_a_saved_result_can_be_loaded_and_reported(suffix: str, tmp_path: Path, capsys: Capture) -> None:
    saved, page = tmp_path / f"result{suffix}", tmp_path / "page.html"
    assert main(["run", "AAPL", *YEAR, *CROSS, "--out", str(saved), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    loaded = bt.load_result(saved)
    assert json.loads(msgspec.json.encode(loaded.document())) == printed
    assert main(["report", str(saved), str(page)]) == 0
    assert capsys.readouterr().out == f"wrote {page}\n"
    assert printed["fingerprint"] in page.read_text()


@pytest.mark.parametrize(("name", "start"), [("run.html", "<!doctype html>"), ("run.svg", "<svg ")])
def test_plot(name: str, start: str, tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / name
    assert main(["run", "AAPL", *YEAR, "--plot", str(path)]) == 0
    assert f"wrote {path}" in capsys.readouterr().out
    assert path.read_text().startswith(start)


def test_a_strategy_that_fails_is_exit_code_1_and_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def play_request(*_: Any, **__: Any) -> bt.Result:
        class Broken(bt.Strategy):
            def on_bar(self, ctx: bt.Context, bar: Any) -> None:
                raise ZeroDivisionError("a line\nand another")

        return bt.run({"A": bt.sample_bars("A")}, Broken)

    monkeypatch.setattr("btcore.backtest.request.play_request", play_request)
    out = tmp_path / "result.npz"
    assert main(["run", "A", *YEAR, "--out", str(out)]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert "ZeroDivisionError: a line and another" in shown.err
    assert not out.exists()


def test_an_interrupt_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "open_data", interrupted)
    assert main(["run", "A", *YEAR]) == 130
    assert capsys.readouterr().err == "btcore: interrupted\n"


def test_a_closed_pipe_prints_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    arguments = [sys.executable, "-m", "btcore", "run", "A", *YEAR, "--json"]
    run = subprocess.run(arguments, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (run.returncode, run.stderr) == (1, "")


@pytest.mark.parametrize(
    "arguments", [["--help"], ["run", "--help"], ["data", "import", "--help"], ["--version"]]
)
def test_help_and_version(arguments: list[str], capsys: Capture) -> None:
    assert main(arguments) == 0
    assert capsys.readouterr().out.startswith(("usage: btcore", f"btcore {bt.__version__}"))


def test_a_bar_is_drawn_on_a_terminal_and_only_there() -> None:
    """The bar goes to stderr, if that is a terminal and --no-progress is not given; stdout stays JSON."""
    import pty

    def drawn(*flags: str) -> tuple[str, str]:
        ours, theirs = pty.openpty()
        code = (
            "import btcore.backtest.progress as p, btcore.cli as c, sys;p.SHOW_AFTER = 0; sys.exit(c.main())"
        )
        arguments = [sys.executable, "-c", code, "run", "A", "--start", "2024-01-01", "--end", "2024-03-01"]
        run = subprocess.run(
            [*arguments, "--resolution", "minute", "--json", *flags],
            stdout=subprocess.PIPE,
            stderr=theirs,
            check=True,
        )
        os.close(theirs)
        try:
            text = os.read(ours, 65536).decode()
        except OSError:  # nothing was written to the terminal
            text = ""
        os.close(ours)
        return run.stdout.decode(), text

    plain, bar = drawn()
    assert "100.0%" in bar
    quiet, nothing = drawn("--no-progress")
    assert nothing == ""
    assert json.loads(plain) == json.loads(quiet)
