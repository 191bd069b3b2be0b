"""Worker processes: interrupts and kills of the process that sweeps, nested sweeps, several, open files."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest
from swept_kinds import BARS, KINDS, EveryNth

import btcore as bt
from btcore.research.executors import pools

psutil = pytest.importorskip("psutil")
SCRIPT = """
import sys, time
from pathlib import Path
import btcore as bt

class Slow(bt.Strategy):
    n: int = 1
    folder: str = ""

    def on_start(self, ctx):
        (Path(self.folder) / f"trial{self.n}").touch()
        time.sleep(0.5)

bt.sweep({"A": bt.sample_bars("A")}, Slow, {"n": range(1000), "folder": sys.argv[1]},
         executor="processes", workers=2, progress=False)
"""


def swept(strategy, params=None, **options) -> bt.SweepResult:
    return bt.sweep({"A": BARS}, strategy, params, progress=False, **options)


def content(result: bt.SweepResult) -> list[bytes]:
    return [column.tobytes() for column in result.metrics.values()]


def waited(is_done, seconds: float = 30.0) -> bool:
    until = time.monotonic() + seconds
    while not is_done() and time.monotonic() < until:
        time.sleep(0.05)
    return bool(is_done())


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda how: how.name)
@pytest.mark.parametrize("is_whole_group", [False, True])
def test_no_worker_outlives_the_process_that_sweeps(how, is_whole_group, tmp_path):
    """As after Ctrl-C in a terminal, which the workers receive too, and after a kill for memory."""
    running = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        assert waited(lambda: len(list(tmp_path.glob("trial*"))) >= 3)
        workers = psutil.Process(running.pid).children(recursive=True)
        assert len(workers) >= 2
        (os.killpg if is_whole_group else os.kill)(running.pid, how)
        _, errors = running.communicate(timeout=30)
        assert running.returncode == -how
        assert ("KeyboardInterrupt" in errors) is (how is signal.SIGINT)
        assert waited(lambda: not any(each.is_running() and each.status() != "zombie" for each in workers))
    finally:
        if running.poll() is None:
            running.kill()


def nested(n):
    """A strategy with a parameter of a sweep in the worker."""
    inner = swept(EveryNth, {"n": range(n, n + 3)}, executor="processes", workers=1)
    return EveryNth(n=int(inner.params["n"][-1]))


def test_a_sweep_within_a_worker():
    params = {"n": [2, 5]}
    assert content(swept(nested, params, executor="processes", workers=1)) == content(swept(nested, params))


@pytest.mark.parametrize("is_shared", [False, True])
def test_sweeps_at_once_in_threads(is_shared):
    kinds = ["class", "signals", "orders", "built-in"]
    expected = [content(swept(*KINDS[name])) for name in kinds]
    with ProcessPoolExecutor(2) as shared, ThreadPoolExecutor(4) as threads:
        executor = shared if is_shared else "processes"
        found = [threads.submit(swept, *KINDS[name], executor=executor, workers=2) for name in kinds]
        assert [content(each.result()) for each in found] == expected


def test_an_executor_that_is_shut_down_is_refused():
    for executor in (ProcessPoolExecutor(1), ThreadPoolExecutor(1)):
        executor.shutdown()
        with pytest.raises(
            bt.ConfigError, match=r"executor: <concurrent.*> takes no tasks .cannot schedule new"
        ):
            swept(EveryNth, {"n": [2, 3]}, executor=executor)


class Counted(EveryNth):
    """Notes how many trials are played at once."""

    folder: str = ""

    def on_start(self, ctx):
        super().on_start(ctx)
        mine = Path(self.folder) / f"now{self.n}"
        mine.touch()
        (Path(self.folder) / f"seen{len(list(Path(self.folder).glob('now*')))}").touch()
        time.sleep(0.02)
        mine.unlink()


def test_an_executor_plays_no_more_at_once_than_it_shall(tmp_path):
    with ProcessPoolExecutor(3) as executor:
        for workers, most in ((1, 1), (2, 2), (None, 3)):
            folder = tmp_path / str(workers)
            folder.mkdir()
            swept(Counted, {"n": range(2, 40), "folder": str(folder)}, executor=executor, workers=workers)
            assert (folder / f"seen{most}").exists()
            assert not (folder / f"seen{most + 1}").exists()


def test_sweeps_leave_neither_files_nor_processes_open():
    swept(EveryNth, {"n": [2]}, executor="processes", workers=1)  # loky starts a process that stays

    def count() -> tuple[int, int, int]:
        me = psutil.Process()
        return me.num_fds(), len(me.children(recursive=True)), threading.active_count()

    before = count()
    for _ in range(4):
        swept(EveryNth, {"n": [2, 3]}, executor="processes", workers=2)
    assert waited(lambda: count() <= before, 5.0), (before, count())


@pytest.mark.long
def test_fifty_sweeps_leave_nothing_open():
    for _ in range(12):
        test_sweeps_leave_neither_files_nor_processes_open()


def test_pages_of_the_data_are_no_leak_of_the_worker(monkeypatch):
    """loky replaces a worker that grows; a trial that reads more of the data than the first is no reason."""
    asked = []
    import loky

    real = loky.ProcessPoolExecutor
    monkeypatch.setattr(
        loky, "ProcessPoolExecutor", lambda *a, **named: asked.append(named) or real(*a, **named)
    )
    swept(EveryNth, {"n": [2]}, executor="processes", workers=1)
    most = int(asked[0]["env"]["LOKY_MAX_MEMORY_LEAK_SIZE"])
    assert most >= pools.LEAK + 4 * 8 * len(BARS)


def test_processors_of_a_container(monkeypatch, tmp_path):
    monkeypatch.setattr(pools, "CGROUP", tmp_path)
    all_of_them = pools.processors()
    assert all_of_them >= 1
    for text, expected in (("max 100000", all_of_them), ("50000 100000", 1), ("9900000 100000", all_of_them)):
        (tmp_path / "cpu.max").write_text(text)
        assert pools.processors() == expected
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.delattr(os, "process_cpu_count", raising=False)
    (tmp_path / "cpu.max").write_text("max 100000")
    assert pools.processors() == os.cpu_count()
