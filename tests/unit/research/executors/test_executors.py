"""The bytes of a sweep do not depend on what runs it; lost workers, stops, and what cannot be sent."""

import os
import threading
import time
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor, ThreadPoolExecutor

import pytest
from swept_kinds import BARS, KINDS, Deadly, EveryNth, Slow, market

import btcore as bt
from btcore.errors import BtcoreError
from btcore.research.executors import pools, shipping
from btcore.research.executors.dispatch import Dispatch, WorkerLostError


def content(result: bt.SweepResult) -> tuple[object, ...]:
    params = {name: column.tolist() for name, column in result.params.items()}
    metrics = {name: column.tobytes() for name, column in result.metrics.items()}
    return params, metrics, None if result.returns is None else result.returns.tobytes()


def swept(strategy, params=None, **options) -> bt.SweepResult:
    return bt.sweep({"A": BARS}, strategy, params, progress=False, **options)


@pytest.fixture(scope="module")
def expected() -> dict[str, tuple[object, ...]]:
    return {name: content(swept(*kind, executor="threads", workers=1)) for name, kind in KINDS.items()}


@pytest.mark.parametrize("workers", [2, 3])
@pytest.mark.parametrize("name", KINDS)
def test_threads(name, workers, expected):
    assert content(swept(*KINDS[name], workers=workers)) == expected[name]


@pytest.mark.parametrize("name", KINDS)
def test_processes(name, expected):
    assert content(swept(*KINDS[name], executor="processes", workers=2)) == expected[name]


@pytest.mark.parametrize("name", ["built-in", "class", "named"])
def test_executors_of_the_caller(name, expected):
    with ProcessPoolExecutor(2) as processes, ThreadPoolExecutor(2) as threads:
        for executor in (processes, threads):
            assert content(swept(*KINDS[name], executor=executor)) == expected[name]
            assert executor.submit(os.getpid).result()  # it is still open


@pytest.mark.parametrize("name", ["class", "signals"])
def test_a_client_of_dask(name, expected, monkeypatch):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None, silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        assert content(swept(*KINDS[name], executor=client)) == expected[name]


def test_compiled_strategies_are_compiled_again_by_the_worker():
    pytest.importorskip("numba")
    from swept_numba import dip, moves

    for strategy, params in ((dip, {"rate": [0.1, 0.3]}), (moves, {"step": [1.0, 2.0]})):
        here = content(swept(strategy, params))
        assert content(swept(strategy, params, executor="processes", workers=1)) == here


def test_a_strategy_of_the_main_module_needs_no_guard(tmp_path):
    """The script sweeps where it is imported; a worker that imported it would do so again."""
    import subprocess
    import sys

    script = tmp_path / "script.py"
    script.write_text(
        "import sys, numpy as np, btcore as bt\n"
        "class Once(bt.Strategy):\n"
        "    size: int = 1\n"
        "    def on_bar(self, ctx, bar):\n"
        "        ctx.order_target(bar.symbol, self.size)\n"
        "data = {'A': bt.sample_bars('A')}\n"
        "found = bt.sweep(data, Once, {'size': range(1, 6)}, executor='processes', workers=2)\n"
        "print(found.metrics['total_trades'].tolist())\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=100, check=False)
    assert (done.stdout, done.returncode) == ("[1, 1, 1, 1, 1]\n", 0), done.stderr


class TestLostWorkers:
    def test_the_trials_of_a_killed_process_are_run_again(self, tmp_path):
        params = {"n": range(2, 12), "folder": str(tmp_path)}
        found = swept(Deadly, params, executor="processes", workers=2)
        assert (tmp_path / "death0").exists()
        plain = swept(EveryNth, {"n": range(2, 12)})
        assert [c.tobytes() for c in found.metrics.values()] == [c.tobytes() for c in plain.metrics.values()]

    def test_a_trial_that_always_kills_its_worker_ends_the_sweep(self, tmp_path):
        params = {"n": range(2, 12), "folder": str(tmp_path), "deaths": 100}
        with pytest.raises(WorkerLostError, match=r"'n': 4.*: executor: 3 workers ended while they played"):
            swept(Deadly, params, executor="processes", workers=2)
        assert len(list(tmp_path.glob("death*"))) <= 4  # once with others, then alone

    def test_it_is_recorded_beside_the_others(self, tmp_path):
        params = {"n": range(2, 12), "folder": str(tmp_path), "deaths": 100}
        study = tmp_path / "a.study"
        found = swept(Deadly, params, executor="processes", workers=2, on_error="record", study=study)
        assert found.params["n"].tolist() == [2, 3, *range(5, 12)]
        assert [each.params["n"] for each in found.failed] == [4]
        assert "3 workers ended" in found.failed[0].reason
        later = swept(Deadly, params | {"deaths": 0}, study=tmp_path / "b.study")
        assert len(later) == 10

    def test_an_executor_of_the_caller_that_breaks_is_not_used_again(self, tmp_path):
        params = {"n": range(2, 12), "folder": str(tmp_path)}
        with (
            ProcessPoolExecutor(2) as executor,
            pytest.raises(bt.ConfigError, match="has lost a worker and takes no more tasks"),
        ):
            swept(Deadly, params, executor=executor)


class Flaky(pools.LocalPool):
    """A pool whose tasks are lost as often as told, with or without the others."""

    def __init__(self, losses: dict[int, int], *, breaks_whole: bool) -> None:
        self.losses, self.breaks_whole, self.workers = dict(losses), breaks_whole, 2
        self.renewed = 0
        self.handed: list[int] = []

    def submit(self, task: int, *, whole: bool = False) -> Future:
        future: Future = Future()
        self.handed.append(task)
        if self.losses.get(task, 0) > 0:
            self.losses[task] -= 1
            future.set_exception(BrokenExecutor("gone"))
        else:
            future.set_result(10 * task)
        return future

    def renew(self) -> None:
        self.renewed += 1


@pytest.mark.parametrize("breaks_whole", [True, False])
def test_every_task_is_played_to_its_end_once(breaks_whole):
    pool = Flaky({3: 2, 5: 1, 19: 2}, breaks_whole=breaks_whole)
    found = dict(Dispatch(pool, lambda: False).play(range(20)))
    assert found == {i: 10 * i for i in range(20)}
    assert pool.renewed >= 3
    assert sorted(pool.handed) == sorted([*range(20), 3, 3, 5, 19, 19])


@pytest.mark.parametrize("is_running", [True, False])
def test_a_pool_that_breaks_before_it_has_a_task_is_renewed(is_running):
    """A worker may end between two tasks; the one that is handed over next is not lost with it."""

    class Breaks(Flaky):
        def submit(self, task, *, whole=False):
            if task == 2 and self.renewed == 0:
                raise BrokenExecutor("gone")
            return super().submit(task, whole=whole)

    pool = Breaks({1: 1} if is_running else {}, breaks_whole=True)
    found = dict(Dispatch(pool, lambda: False).play(range(2 - 2 * is_running, 6)))
    assert found == {i: 10 * i for i in range(2 - 2 * is_running, 6)}
    assert pool.renewed == 1


def test_a_task_is_given_up_after_three_losses():
    pool = Flaky({3: 3}, breaks_whole=False)
    found = dict(Dispatch(pool, lambda: False).play(range(20)))
    assert isinstance(found.pop(3), WorkerLostError)
    assert found == {i: 10 * i for i in range(20) if i != 3}


@pytest.mark.parametrize("breaks_whole", [True, False])
def test_a_lost_task_is_divided(breaks_whole):
    """Of a task with several parts only the one at fault is given up."""

    class Parts(Flaky):
        def submit(self, task, *, whole=False):
            lost = [part for part in task if self.losses.get(part, 0) > 0]
            future: Future = Future()
            if lost:
                self.losses[lost[0]] -= 1
                future.set_exception(BrokenExecutor("gone"))
            else:
                future.set_result([10 * part for part in task])
            return future

    pool = Parts({3: 99}, breaks_whole=breaks_whole)
    tasks = [(0, 1), (2, 3, 4), (5,)]
    found = dict(Dispatch(pool, lambda: False, lambda task: [(part,) for part in task]).play(tasks))
    assert isinstance(found.pop((3,)), WorkerLostError)
    assert found == {(0, 1): [0, 10], (2,): [20], (4,): [40], (5,): [50]}


class TestStop:
    @pytest.mark.parametrize("executor", ["threads", "processes"])
    def test_a_stopped_sweep_has_what_was_played(self, executor, tmp_path):
        params = {"n": range(2, 400), "folder": str(tmp_path)}
        stop = lambda: len(list(tmp_path.iterdir())) > 20  # noqa: E731
        found = swept(Slow, params, executor=executor, workers=2, stop=stop)
        assert found.is_stopped
        assert 0 < len(found) < 390
        assert "stopped before the end" in repr(found)
        plain = swept(EveryNth, {"n": found.params["n"].tolist()})
        assert found.metrics["final_equity"].tolist() == plain.metrics["final_equity"].tolist()

    def test_a_trial_in_this_process_is_given_up_too(self):
        stop = threading.Event()
        data = {"A": market(400_000)}

        class Endless(bt.Strategy):
            n: int = 1

            def on_bar(self, ctx, bar):
                stop.set()
                time.sleep(0.001)

        with pytest.raises(BtcoreError, match="stopped before the first trial had ended"):
            bt.sweep(data, Endless, {"n": [1, 2]}, stop=stop, progress=False)


class TestErrors:
    def test_unknown_executors(self):
        for executor, message in [
            ("thread", "executor: 'thread' is not 'threads', 'processes', 'ray' .did you mean 'threads'"),
            (5, "executor: 5 is not 'threads', 'processes', 'ray', or an object with `submit`"),
        ]:
            with pytest.raises(bt.ConfigError, match=message):
                swept(EveryNth, {"n": [1]}, executor=executor)

    def test_what_cannot_be_sent_is_said(self):
        lock = threading.Lock()

        def make(k):
            assert lock is not None
            return signals_of(k)

        signals_of = KINDS["signals"][0]
        with pytest.raises(bt.ConfigError, match="the strategy cannot be sent to other processes"):
            swept(make, {"k": [1]}, executor="processes")
        assert len(swept(make, {"k": [1]})) == 1

    @pytest.mark.parametrize("executor", ["threads", "processes"])
    def test_the_error_of_the_first_failed_set_is_raised(self, executor):
        params = {"n": [3, 0, 4, 5, 0, 6]}  # a count modulo 0
        with pytest.raises(bt.StrategyError, match=r"{'n': 0}: .*ZeroDivisionError"):
            swept(EveryNth, params, executor=executor, workers=2)
        found = swept(EveryNth, params, executor=executor, workers=2, on_error="record")
        assert found.params["n"].tolist() == [3, 4, 5, 6]
        assert [each.params for each in found.failed] == [{"n": 0}, {"n": 0}]
        assert "ZeroDivisionError" in found.failed[0].reason
        assert "2 failed" in repr(found)

    def test_a_function_that_refuses_a_set(self):
        def make(k):
            if k == 2:
                raise bt.ConfigError("k: 2 is too small")
            return KINDS["signals"][0](k)

        found = swept(make, {"k": [1, 2, 3]}, executor="processes", workers=1)
        assert found.params["k"].tolist() == [1, 3]
        assert [each.reason for each in found.refused] == ["k: 2 is too small"]


def test_each_worker_is_sent_the_data_once(monkeypatch):
    opened = []
    real = shipping._Sources
    monkeypatch.setattr(shipping, "_Sources", lambda shipment: opened.append(1) or real(shipment))

    class Here:
        def __init__(self) -> None:
            self.pool = ThreadPoolExecutor(1)

        def submit(self, *arguments):
            return self.pool.submit(*arguments)

    found = swept(*KINDS["class"], executor=Here())
    assert len(found) == 7
    assert len(opened) == 1
