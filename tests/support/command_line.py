"""Arguments of the command line, and ways to run it."""

import subprocess
import sys
from pathlib import Path

import pytest

from btcore.cli.commands import main

YEAR = ["--start", "2024-01-01", "--end", "2024-12-31"]


CROSS = ["--strategy", "ma_crossover", "--param", "short_period=5", "--param", "long_period=20"]


Capture = pytest.CaptureFixture[str]


def run_process(
    *arguments: str, stdin: str = "", cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "btcore", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
    )


def refused(capsys: Capture, *arguments: str) -> str:
    """The message of an invalid command: one line on stderr and exit code 2."""
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("btcore: ")
    assert shown.err.count("\n") == 1
    return shown.err.removeprefix("btcore: ").rstrip("\n")


CSV = "Date,Open,High,Low,Close,Volume\n2024-01-02,10,12,9,11,100\n2024-01-03,11,13,10,12,200\n"
