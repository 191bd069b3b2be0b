"""Ctrl-C: a signal to a real process, and to all of its group, as a terminal sends it."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import btcore as bt
from btcore.cli.interrupts import stop_at_interrupt

CODE = r"""
import time
from pathlib import Path
import btcore as bt


class Slow(bt.Strategy):
    n: int = 5
    seconds: float = 0.03

    def on_start(self, ctx):
        self.count = 0
        with open("begun", "a") as file:
            print(self.n, file=file)
        time.sleep(self.seconds)

    def on_bar(self, ctx, bar):
        self.count += 1
        if self.count % self.n == 0:
            ctx.order_target(bar.symbol, 10.0 if self.count // self.n % 2 else 0.0)
"""
YEAR = ["AAPL", "--start", "2023-01-01", "--end", "2024-01-01", "--strategy", "slow_of_mine.py"]
Ended = tuple[int, str, str]


@pytest.fixture
def interrupted(tmp_path: Path) -> Callable[..., Ended]:
    """Runs a command in a folder with the strategy; Ctrl-C comes after so many runs have been begun."""
    (tmp_path / "slow_of_mine.py").write_text(CODE)
    (tmp_path / "begun").touch()

    def run(*arguments: str, after: int, times: int = 1) -> Ended:
        process = subprocess.Popen(
            [sys.executable, "-m", "btcore", *arguments],
            cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        try:
            until = time.monotonic() + 60
            while len((tmp_path / "begun").read_text().splitlines()) < after:
                assert time.monotonic() < until
                assert process.poll() is None, process.communicate()
                time.sleep(0.01)
            for i in range(times):
                time.sleep(0.2 * (i > 0))
                os.killpg(process.pid, signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        return process.returncode, out, err

    return run


def rows(path: Path) -> int:
    with sqlite3.connect(path) as file:
        count: int = file.execute("SELECT count(*) FROM trials").fetchone()[0]
    file.close()
    return count


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_the_first_keeps_what_is_done(
    executor: str, interrupted: Callable[..., Ended], tmp_path: Path
) -> None:
    sweep = ["sweep", *YEAR, "--param", "n=2:202", "--executor", executor, "--workers", "2", "--top", "3"]
    study = ["--study", "a.study"]
    code, out, err = interrupted(*sweep, *study, after=20)
    assert code == 130
    done = rows(tmp_path / "a.study")
    assert 10 <= done < 100
    table, odds, foot = out.split("\n\n")
    assert len(table.splitlines()) == 4
    assert odds.startswith("The odds that the best is luck")
    assert foot.startswith(f"{done} runs, 0 found in a.study\n")
    assert err.splitlines() == [
        "",
        "btcore: stopping, what is done is kept; Ctrl-C again ends at once",
        f"btcore: stopped after {done} runs; the same command goes on from there",
    ]
    rest = subprocess.run(
        [sys.executable, "-m", "btcore", *sweep, *study],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert f"\n200 runs, {done} found in a.study\n" in rest


def test_what_is_done_is_written_without_a_study(interrupted: Callable[..., Ended], tmp_path: Path) -> None:
    sweep = ["sweep", *YEAR, "--param", "n=2:202", "--workers", "1", "--json", "--out", "rows.jsonl"]
    code, out, err = interrupted(*sweep, "--plot", "page.html", after=5)
    assert code == 130
    found = [json.loads(line)["params"]["n"] for line in out.splitlines()]
    assert found == list(range(2, 2 + len(found)))
    assert 3 <= len(found) < 100
    assert (tmp_path / "rows.jsonl").read_text() == out
    assert "is luck" in (tmp_path / "page.html").read_text()
    assert err.splitlines()[-1] == (
        f"btcore: stopped after {len(found)} runs; with --study FILE the next could go on"
    )


def test_before_the_first_has_ended_there_is_nothing(
    interrupted: Callable[..., Ended], tmp_path: Path
) -> None:
    sweep = ["sweep", *YEAR, "--param", "n=2:9", "--param", "seconds=30.0", "--executor", "processes"]
    code, out, err = interrupted(*sweep, "--out", "rows.csv", after=1)
    assert (code, out) == (130, "")
    assert err.splitlines()[-1] == "btcore: interrupted"
    assert not (tmp_path / "rows.csv").exists()


def test_a_second_one_ends_at_once(interrupted: Callable[..., Ended]) -> None:
    """Although threads sleep that no one can wake."""
    began = time.monotonic()
    sweep = ["sweep", *YEAR, "--param", "n=2:9", "--param", "seconds=60.0", "--workers", "2"]
    code, out, err = interrupted(*sweep, after=1, times=2)
    assert time.monotonic() - began < 30
    assert (code, out) == (130, "")
    assert "btcore: stopping, what is done is kept" in err


def test_a_second_one_ends_processes_too(interrupted: Callable[..., Ended]) -> None:
    sweep = ["sweep", *YEAR, "--param", "n=2:202", "--executor", "processes", "--workers", "2"]
    code, _, err = interrupted(*sweep, after=20, times=2)
    assert code in (130, -signal.SIGINT)  # a shell shows 130 for both
    assert err.splitlines()[1] == "btcore: stopping, what is done is kept; Ctrl-C again ends at once"


def test_a_walk_keeps_its_windows(interrupted: Callable[..., Ended], tmp_path: Path) -> None:
    walk = ["walk-forward", *YEAR, "--param", "n=2:6", "--train", "3mo", "--test", "1mo", "--no-leak-check"]
    code, out, err = interrupted(*walk, "--out", "joined.npz", "--no-ranks", after=12)
    assert code == 130
    folds = [line for line in out.partition("\n\n")[0].splitlines()[1:] if line]
    assert 1 <= len(folds) < 9
    assert " and later ones are not played: stopped" in " ".join(out.split())
    assert err.splitlines()[-1].startswith(f"btcore: stopped after {len(folds)} window")
    joined = bt.load_result(tmp_path / "joined.npz")
    assert len(joined.manifest["parts"]) == len(folds)


class TestHandler:
    def test_it_is_there_for_the_work_alone(self) -> None:
        before = signal.getsignal(signal.SIGINT)
        with stop_at_interrupt() as stop:
            assert signal.getsignal(signal.SIGINT) is not before
            os.kill(os.getpid(), signal.SIGINT)
            assert stop.wait(5)
        assert signal.getsignal(signal.SIGINT) is before

    def test_it_is_put_back_after_an_error(self) -> None:
        before = signal.getsignal(signal.SIGINT)
        with pytest.raises(ValueError, match="x"), stop_at_interrupt():
            raise ValueError("x")
        assert signal.getsignal(signal.SIGINT) is before

    def test_who_ignores_ctrl_c_goes_on_ignoring_it(self) -> None:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            with stop_at_interrupt() as stop:
                os.kill(os.getpid(), signal.SIGINT)
                assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
            assert not stop.is_set()
        finally:
            signal.signal(signal.SIGINT, before)

    def test_another_thread_has_none(self) -> None:
        before, inside = signal.getsignal(signal.SIGINT), list[Any]()

        def work() -> None:
            with stop_at_interrupt() as stop:
                inside.extend([signal.getsignal(signal.SIGINT), stop.is_set()])

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert inside == [before, False]
