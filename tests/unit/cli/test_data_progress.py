"""How far an import has come: on a terminal, elsewhere, and with --no-progress."""

import gzip
import io
from pathlib import Path

import pytest
from command_line import CSV, Capture

import btcore.backtest.progress as shared
from btcore.backtest.progress import ProgressLine
from btcore.cli.commands import main
from btcore.cli.data_progress import ImportProgress
from btcore.data.files import opened


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that the line of progress sees."""
    now = [0.0]
    monkeypatch.setattr(shared.time, "monotonic", lambda: now[0])
    return now


def test_a_terminal_has_one_line_with_the_share_the_rows_and_the_time_left(clock: list[float]) -> None:
    terminal = Terminal()
    progress = ImportProgress(400_000_000, ProgressLine(terminal, width=10))
    progress.begin("a.csv", 100_000_000)
    assert terminal.getvalue() == ""  # a short import shows nothing
    clock[0] = 30.0
    progress.count(1234)
    progress.read(100_000_000)
    assert terminal.getvalue() == "\r[##........]  25.0%  a.csv  1,234 rows  3.3 MB/s  1:30 left "
    progress.begin("b.csv", 300_000_000)
    clock[0] = 60.0
    progress.read(10**12)  # more than the file had when the import began
    assert terminal.getvalue().endswith("\r[##########] 100.0%  b.csv  1,234 rows  6.7 MB/s  0:00 left ")


def test_hours_are_shown_and_a_shorter_line_covers_a_longer_one(clock: list[float]) -> None:
    terminal = Terminal()
    line = ProgressLine(terminal, width=4)
    clock[0] = 5000.0
    progress = ImportProgress(1000, line)
    progress.begin("a long name.csv", 1000)
    progress.read(100)
    assert "12:30:00 left" in terminal.getvalue()
    line.draw(1.0, "end")
    first, second = terminal.getvalue().split("\r")[-2:]
    assert len(second) == len(first)
    line.close()
    assert terminal.getvalue().endswith("\n")


def test_elsewhere_there_is_a_line_every_ten_seconds(clock: list[float]) -> None:
    stream = io.StringIO()
    line = ProgressLine(stream)
    for second in range(25):
        clock[0] = float(second)
        line.draw(second / 25, f"after {second} s")
    line.close()
    assert stream.getvalue() == " 40.0%  after 10 s\n 80.0%  after 20 s\n"


def test_the_position_in_a_compressed_file_is_that_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(("1,2,3\n" * 1_000_000).encode()))
    seen: list[int] = []
    token = opened.watcher.set(seen.append)
    try:
        with opened.open_text(path) as text:
            length = sum(map(len, text.chunks))
    finally:
        opened.watcher.reset(token)
    assert length == 6_000_000
    assert seen == sorted(seen)
    assert 0 < seen[0] <= seen[-1] == path.stat().st_size


@pytest.mark.parametrize(("flags", "lines"), [([], True), (["--no-progress"], False)])
def test_an_import_shows_progress_unless_it_is_turned_off(
    flags: list[str], lines: bool, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "LINE_EVERY", 0.0)
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(CSV)
    arguments = [str(tmp_path / "a.csv"), str(tmp_path / "b.csv"), "--interval", "1d", *flags]
    assert main(["data", "import", *arguments, "--into", str(tmp_path / "c")]) == 0
    shown = capsys.readouterr()
    assert bool(shown.err) is lines
    assert ("100.0%  b.csv" in shown.err) is lines
    assert shown.out.startswith("A ")
