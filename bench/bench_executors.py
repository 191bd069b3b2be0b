"""Claim 10: what executors cost (start, handing over a trial, memory of a worker), and what workers gain."""

import os
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import NamedTuple

import pytest

import btcore as bt

from .bench_events import COSTS
from .data import bars, quotes
from .measure import figure
from .memory import Workers
from .peers.work import scaled

EXECUTORS = ["threads", "processes", "ray"]
MOST_OVERHEAD = {"processes": 0.001, "ray": 0.005}  # seconds a trial
MOST_MEMORY = 60  # MB of a worker, above the data
TRIALS = scaled(4000, 400)  # short ones
LONG = scaled(60, 12)  # trials of about 20 ms, each a task of its own


class Empty(bt.Strategy):
    """Does nothing at all."""

    k: int = 0

    def on_start(self, ctx):
        pass


class Counts(bt.Strategy):
    """A Python callback at each bar, with an order now and then."""

    k: int = 0

    def on_start(self, ctx):
        self.count = 0

    def on_bar(self, ctx, bar):
        self.count += 1
        if self.count % 97 == self.k % 97:
            ctx.order_target(bar.symbol, 10.0 if self.count % 2 else 0.0)


@pytest.fixture(scope="module")
def cluster():
    """A local cluster of Ray with two processors, started once, to which this process is connected."""
    ray = pytest.importorskip("ray")
    from btcore.research.executors.ray_pool import connect

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        os.environ["PYTHONPATH"] = str(Path(__file__).parents[1])  # of the workers, which import this module
        connect(ray)
        yield
        ray.shutdown()


@pytest.fixture
def started(request):
    """The executor of the test; the cluster of Ray is running."""
    if request.param == "ray":
        request.getfixturevalue("cluster")
    if request.param == "processes":
        pytest.importorskip("loky")
    return request.param


def swept(strategy, trials, executor, workers, data=None, *, progress=False):
    return bt.sweep(
        {"A": bars(1000) if data is None else data}, strategy, {"k": range(trials)}, executor=executor,
        workers=workers, execution=COSTS, progress=progress,
    )  # fmt: skip


class Steady(NamedTuple):
    """Trials of a sweep after a tenth of them: the time without starting and ending workers."""

    trials: int
    seconds: float
    own: float  # seconds of these trials in their workers


def steady(strategy, trials, executor, workers, data=None) -> Steady:
    times = []
    found = swept(
        strategy, trials, executor, workers, data,
        progress=lambda progress: times.append((round(progress.fraction * trials), time.perf_counter())),
    )  # fmt: skip
    first, begun = next(each for each in times if each[0] >= trials / 10)
    return Steady(trials - first, times[-1][1] - begun, float(found.seconds[first:].sum()))


def rate(benchmark, executor, strategy, trials, data, **terms):
    """Trials a second on two workers, against those on one thread; the times are those of `trials`."""
    ours, alone = [], []

    def measured(times, name, workers):
        found = steady(strategy, trials, name, workers, data)
        times.append(found.seconds * trials / found.trials)

    figure(
        benchmark,
        lambda: measured(ours, executor, 2),
        claim=10,
        work=trials,
        unit="trials",
        bound=("one thread", lambda: measured(alone, "threads", 1)),
        rounds=5,
        seconds=ours,
        bound_seconds=alone,
        **terms,
    )


@pytest.mark.parametrize("strategy", [Empty, Counts])
@pytest.mark.parametrize("started", EXECUTORS, indirect=True)
def test_rate(benchmark, started, strategy):
    kind = "an empty strategy" if strategy is Empty else "a Python callback at each bar"
    what = f"{TRIALS:,} trials of {kind} over 1,000 bars in `{started}`, 2 workers"
    rate(benchmark, started, strategy, TRIALS, None, what=what, note="without the start")


@pytest.mark.parametrize("started", ["processes", "ray"], indirect=True)
def test_scaling(benchmark, started):
    data = bars(scaled(100_000, 20_000))
    what = f"{2 * LONG} trials of a Python callback at each of {len(data):,} bars in `{started}`, 2 workers"
    note = "without the start; the goal: 0.9 of 2 processors"
    rate(benchmark, started, Counts, 2 * LONG, data, what=what, note=note, goal=("ratio", 1.8))


@pytest.mark.parametrize("is_long", [False, True])
@pytest.mark.parametrize("started", ["processes", "ray"], indirect=True)
def test_overhead(benchmark, started, is_long):
    """With one worker, so that it and this process have a processor each: the time beyond its trials."""
    trials, strategy, data = (
        (LONG, Counts, bars(scaled(100_000, 20_000))) if is_long else (TRIALS, Empty, None)
    )
    kind = "trials of about 20 ms" if is_long else "empty trials"
    seconds = []

    def ours():
        found = steady(strategy, trials, started, 1, data)
        seconds.append(max(1e-9, found.seconds - found.own) / found.trials)

    figure(
        benchmark,
        ours,
        claim=10,
        what=f"overhead of a trial in `{started}`, {trials:,} {kind}",
        goal=("seconds", MOST_OVERHEAD[started]),
        note="time beyond that of the trials in their worker",
        rounds=5,
        seconds=seconds,
    )


@pytest.mark.parametrize("started", EXECUTORS, indirect=True)
def test_start(benchmark, started):
    figure(
        benchmark,
        lambda: swept(Empty, 2, started, 2),
        claim=10,
        what=f"a sweep of 2 short trials in `{started}`, 2 workers",
        note="the cluster is running" if started == "ray" else "",
        rounds=5,
    )


def test_start_of_a_cluster(benchmark):
    pytest.importorskip("ray")
    lines = (
        "import os, warnings; warnings.simplefilter('ignore'); import bench.bench_executors as b\n"
        "import time; t = time.perf_counter(); b.swept(b.Empty, 2, 'ray', 2); print(time.perf_counter() - t)"
    )
    seconds = []

    def ours():
        done = subprocess.run(
            [sys.executable, "-c", lines], capture_output=True, check=True, text=True,
            cwd=Path(__file__).parents[1], env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        )  # fmt: skip
        seconds.append(float(done.stdout))

    what = "the same in `ray`, which starts and ends a cluster on this machine"
    figure(benchmark, ours, claim=10, what=what, rounds=2, seconds=seconds)


@pytest.mark.parametrize("kind", ["own arrays", "a catalog"])
@pytest.mark.parametrize("started", ["processes", "ray"], indirect=True)
def test_memory_of_a_worker(benchmark, started, kind, folder):
    """Memory of the largest worker that is not shared, while it plays trials that read a few hundred MB."""
    data = quotes(scaled(8_000_000, 200_000))
    if kind == "a catalog":
        catalog = bt.Catalog(folder)
        catalog.write("A", data)
        data = catalog.read("A", "tick")
    periods = {"short_period": range(500, 520), "long_period": [2000, 2100]}
    seen = Workers()

    def ours():
        with seen:
            bt.sweep(
                {"A": data}, "ema_crossover", periods, executor=started, workers=2, progress=False, keep=1,
                mark_every="1h",
            )  # fmt: skip

    benchmark.pedantic(ours, rounds=1)
    what = f"own memory of a worker of `{started}`, data of {5 * 8 * len(data) / 1e6:.0f} MB from {kind}"
    note = "60 of them of Ray, whose worker has them without btcore; " if started == "ray" else ""
    note += f"PSS {seen.pss:.0f} MB with its share of the data; {len(seen.seen)} processes"
    benchmark.extra_info |= {"claim": 10, "what": what, "note": note, "megabytes": seen.own}
    benchmark.extra_info["goal"] = ("megabytes", MOST_MEMORY)
