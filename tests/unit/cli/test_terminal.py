"""What a terminal shows: colour, the small curve, encodings, progress with the time that is left."""

import io
import re
import sys
from typing import Any

import numpy as np
import pytest
from command_line import CROSS, YEAR, Capture, run_process

import btcore as bt
import btcore.backtest.progress as shared
from btcore.backtest import drive
from btcore.backtest.progress import Progress, ProgressBar, SweepBar, is_redrawn, reporter
from btcore.cli import terminal
from btcore.cli.commands import main
from btcore.cli.run_table import run_table
from btcore.cli.small_curve import ROWS, small_curve

ESCAPE = "\x1b["


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    @property
    def encoding(self) -> str:
        return "utf-8"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that lines of progress see."""
    now = [0.0]
    monkeypatch.setattr(shared.time, "monotonic", lambda: now[0])
    return now


def printed(monkeypatch: pytest.MonkeyPatch, out: Any, **settings: str) -> str:
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stdout", out)
    assert main(["run", "AAPL", *YEAR, *CROSS, "--no-progress"]) == 0
    return str(out.getvalue())


def test_colour_is_for_terminals_without_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    coloured = printed(monkeypatch, Terminal())
    assert coloured.startswith(f"{ESCAPE}1mma_crossover(")
    plain = printed(monkeypatch, io.StringIO())
    assert ESCAPE not in plain
    assert ESCAPE not in printed(monkeypatch, Terminal(), NO_COLOR="1")
    assert ESCAPE not in printed(monkeypatch, Terminal(), TERM="dumb")
    assert ESCAPE in printed(monkeypatch, Terminal(), NO_COLOR="")  # no-color.org: when not an empty string
    assert re.sub(r"\x1b\[\d+m", "", coloured).splitlines()[0] == plain.splitlines()[0]


@pytest.mark.parametrize(("step", "code"), [(1.0, "32"), (-1.0, "31")])
def test_the_curve_is_green_for_a_gain_and_red_for_a_loss(
    step: float, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    prices = 100.0 + step * np.arange(20.0)
    times = np.arange(20) * 86_400 * 10**9
    result = bt.run({"A": bt.Bars(times, *[prices] * 4, interval="1d")}, "buy_and_hold")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stdout", Terminal())
    drawn = [line for line in run_table(result, "here").splitlines() if "█" in line]
    assert len(drawn) == ROWS
    assert all(line.startswith(f"{ESCAPE}{code}m  ") and line.endswith(f"{ESCAPE}0m") for line in drawn)


def test_a_curve_ascends_from_the_lowest_to_the_highest_block() -> None:
    times = np.arange(49, dtype=np.int64) * 86_400 * 10**9
    equity = 100.0 + np.arange(49.0)
    lines = small_curve(times, equity, 2 + 48 + 1 + 6, blocks=True)
    assert len(lines) == ROWS + 1
    assert lines[0].endswith("█ 148.00")
    assert lines[ROWS - 1].endswith("█ 100.00")
    assert lines[ROWS - 1].startswith("  ▂▃▄▅▆▇█")
    assert lines[0].strip().startswith("▁▂▃▄▅▆▇█")
    assert lines[-1].split() == ["1970-01-01", "1970-02-18"]
    assert all(len(line) <= 57 for line in lines)


def test_a_curve_of_ascii_signs() -> None:
    times = np.arange(5, dtype=np.int64)
    lines = small_curve(times, np.array([1.0, 2.0, 3.0, 2.0, 1.5]), 30, blocks=False)
    assert set("".join(lines[:-1])) <= set("# 0123456789.")
    assert lines[0].count("#") < lines[3].count("#") < lines[ROWS - 1].count("#")


@pytest.mark.parametrize("equity", [[1.0], [1.0, float("nan")], [1.0, float("inf")]])
def test_what_has_no_curve_prints_none(equity: list[float]) -> None:
    times = np.arange(len(equity), dtype=np.int64)
    assert small_curve(times, np.array(equity), 80, blocks=True) == []


def test_a_flat_curve_is_drawn() -> None:
    lines = small_curve(np.arange(3), np.full(3, 7.0), 60, blocks=True)
    assert len({line.strip()[:20] for line in lines[3:5]}) == 1


@pytest.mark.parametrize(("columns", "width"), [("60", 60), ("10", 40), ("400", 120)])
def test_the_curve_has_the_width_of_the_terminal(
    columns: str, width: int, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert terminal.width_of_terminal() == width
    assert main(["run", "AAPL", *YEAR]) == 0
    drawn = [line for line in capsys.readouterr().out.splitlines() if "█" in line]
    assert width - 4 <= max(map(len, drawn)) <= width


def test_an_encoding_without_blocks_gets_ascii_and_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    run = run_process("run", "AAPL", *YEAR)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.isascii()
    assert "###" in run.stdout
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8")
    assert "█" in run_process("run", "AAPL", *YEAR).stdout


@pytest.mark.parametrize(
    ("events", "rate"), [(0, "0.0"), (15, "1.5"), (780, "78"), (83_100, "8.3 k"), (9_000_000, "900.0 k")]
)
def test_a_low_rate_is_not_zero(events: int, rate: str, clock: list[float]) -> None:
    stream = Terminal()
    bar = ProgressBar(stream)
    clock[0] = 10.0
    bar(Progress(0.25, 0, 1.0, events))
    assert f"25.0%  {rate:>7} events/s  equity" in stream.getvalue()


def test_a_slow_strategy_is_reported_bar_by_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(drive.time, "perf_counter", lambda: now[0])

    class Slow(bt.Strategy):
        def on_bar(self, ctx: bt.Context, bar: Any) -> None:
            now[0] += 0.1

    data = {"A": bt.sample_bars("A")}
    seen: list[bt.Progress] = []
    bt.run(data, Slow(), progress=seen.append)
    assert [each.events for each in seen[:3]] == [1, 2, 3]
    monkeypatch.undo()
    seen.clear()
    bt.run(data, "buy_and_hold", progress=seen.append)
    assert len(seen) < 30  # portions double where they take no time


def test_a_run_shows_its_rate_and_the_time_left(clock: list[float]) -> None:
    stream = Terminal()
    bar = ProgressBar(stream)
    clock[0] = 10.0
    bar(Progress(0.25, 0, 1234.5, 20_000_000))
    assert stream.getvalue().endswith(" 25.0%    2.0 M events/s  equity 1,234.50  0:30 left ")


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        (200, f"[{'#' * 8}{'.' * 24}]  25.0%    2.0 M events/s  equity 1,234.50  0:30 left "),
        (70, f"[{'#' * 3}{'.' * 10}]  25.0%    2.0 M events/s  equity 1,234.50  0:30 left "),
        (56, " 25.0%    2.0 M events/s  equity 1,234.50  0:30 left"),
        (40, " 25.0%  2.0 M events/s  0:30 left"),
        (30, " 25.0%  2.0 M events/s"),
        (12, " 25.0%  2.0"),
    ],
)
def test_the_line_of_progress_is_no_wider_than_the_terminal(
    columns: int, line: str, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Terminal()
    bar = ProgressBar(stream)
    monkeypatch.setenv("COLUMNS", "200")
    clock[0] = 10.0
    bar(Progress(0.25, 0, 1234.5, 20_000_000))
    monkeypatch.setenv("COLUMNS", str(columns))  # as if its window were made smaller
    bar(Progress(0.25, 0, 1234.5, 20_000_000))
    drawn = stream.getvalue().split("\r")[-1]
    assert drawn.rstrip() == line.rstrip()
    assert len(drawn) < columns


def test_a_sweep_shows_how_many_runs_are_done(clock: list[float]) -> None:
    stream = Terminal()
    bar = SweepBar(stream, 2000)
    clock[0] = 20.0
    bar(Progress(0.25, 0, 0.0, 0))
    assert stream.getvalue().endswith(" 25.0%  500 of 2,000 runs  25 runs/s  1:00 left ")
    clock[0] = 1000.0
    bar(Progress(0.3, 0, 0.0, 0))
    assert "600 of 2,000 runs  0.6 runs/s" in stream.getvalue()


def test_a_sweep_counts_its_runs_on_stderr(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(shared, "SHOW_AFTER", 0.0)
    data = {"A": bt.sample_bars("A")}
    bt.sweep(data, "ma_crossover", {"short_period": [5, 40], "long_period": [20, 30]}, workers=1)
    assert "100.0%  2 of 2 runs" in stream.getvalue()
    assert stream.getvalue().endswith("\n")


def test_a_notebook_is_drawn_again_like_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class OutStream(io.StringIO):
        __module__ = "ipykernel.iostream"

    assert is_redrawn(OutStream())
    kernel = pytest.importorskip("ipykernel.iostream")
    assert kernel.OutStream.__module__ == OutStream.__module__
    assert not is_redrawn(io.StringIO())
    monkeypatch.setattr(sys, "stderr", OutStream())
    assert isinstance(reporter(None)[0], ProgressBar)
    assert isinstance(reporter(None, 5)[0], SweepBar)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert reporter(None)[0] is None
    monkeypatch.setattr(sys, "stderr", None)
    assert reporter(None)[0] is None
