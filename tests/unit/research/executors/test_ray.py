"""Sweeps on local clusters of Ray: nodes are added and removed while they run."""

import os
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from swept_kinds import BARS, KINDS, EveryNth, Slow

import btcore as bt
from btcore.research.executors import ray_pool

ray: Any = pytest.importorskip("ray")

SUPPORT = str(Path(__file__).parents[3] / "support")


def content(result: bt.SweepResult) -> list[bytes]:
    return [column.tobytes() for column in result.metrics.values()]


def swept(strategy, params=None, **options) -> bt.SweepResult:
    return bt.sweep({"A": BARS}, strategy, params, progress=False, **options)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A cluster with one node, to which this process is connected."""
    from ray.cluster_utils import Cluster

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        started = Cluster(
            initialize_head=True, head_node_args={"num_cpus": 1, "node_ip_address": "127.0.0.1"}
        )
        ray.init(
            address=started.address, log_to_driver=False, logging_level="ERROR",
            _node_ip_address="127.0.0.1", runtime_env={"env_vars": {"PYTHONPATH": SUPPORT}},
        )  # fmt: skip
        yield started
        ray.shutdown()
        started.shutdown()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", KINDS)
def test_one_node(name, cluster):
    assert content(swept(*KINDS[name], executor="ray")) == content(swept(*KINDS[name]))


@pytest.mark.filterwarnings("ignore")
def test_three_nodes_of_which_one_is_removed(cluster, tmp_path):
    extra = [cluster.add_node(num_cpus=1, node_ip_address="127.0.0.1") for _ in range(2)]
    cluster.wait_for_nodes()
    params = {"n": range(2, 72), "folder": str(tmp_path), "seconds": 0.1}
    plain = swept(EveryNth, {"n": range(2, 72)})
    whole = swept(Slow, params, executor="ray")
    assert content(whole) == content(plain)

    for file in tmp_path.iterdir():
        file.unlink()

    def remove() -> None:
        while len(list(tmp_path.iterdir())) < 15:
            time.sleep(0.05)
        cluster.remove_node(extra[0], allow_graceful=False)

    removing = threading.Thread(target=remove)
    removing.start()
    found = swept(Slow, params, executor="ray")
    removing.join()
    assert len(list(tmp_path.iterdir())) == 70
    assert content(found) == content(plain)
    until = time.monotonic() + 60
    while sum(node["Alive"] for node in ray.nodes()) > 2 and time.monotonic() < until:
        time.sleep(0.2)  # the cluster notices it later than the sweep
    assert sum(node["Alive"] for node in ray.nodes()) == 2


@pytest.mark.filterwarnings("ignore")
def test_the_data_are_read_in_the_store(cluster):
    """Workers do not copy the columns: the object store owns their memory."""

    def make(k):
        close = BARS.close
        return bt.Signals(BARS, close < np.roll(close, k), close > np.roll(close, k), size=1)

    found = swept(make, {"k": [1, 2]}, executor="ray")
    assert content(found) == content(swept(make, {"k": [1, 2]}))


@pytest.mark.filterwarnings("ignore")
def test_a_sweep_is_stopped(cluster, tmp_path):
    params = {"n": range(2, 500), "folder": str(tmp_path), "seconds": 0.2}
    found = swept(Slow, params, executor="ray", stop=lambda: len(list(tmp_path.iterdir())) > 12)
    assert found.is_stopped
    assert 0 < len(found) < 400


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("is_there", [True, False])
def test_data_of_a_catalog_are_read_from_files_that_a_node_has(is_there, cluster, tmp_path, monkeypatch):
    catalog = bt.Catalog(tmp_path)
    catalog.write("A", BARS)
    data = {"A": catalog.read("A", "hour")}
    sent = []
    real = ray_pool.shipment_of

    def shipment_of(work, key, *, maps_files):
        made = real(work, key, maps_files=maps_files)
        if not is_there:
            made = made._replace(files=tuple(each._replace(path="/nowhere") for each in made.files))
        sent.append(made)
        return made

    monkeypatch.setattr(ray_pool, "shipment_of", shipment_of)
    found = bt.sweep(data, EveryNth, {"n": range(2, 9)}, executor="ray", progress=False)
    assert content(found) == content(swept(EveryNth, {"n": range(2, 9)}))
    assert sent[0].files
    assert sum(array.nbytes for array in sent[0].memory.values()) < BARS.close.nbytes * 2
    assert len(sent) == (1 if is_there else 2)
    assert is_there or not sent[1].files


TWO_AT_ONCE = """
import sys, threading, time
import ray, btcore as bt
from swept_kinds import BARS, EveryNth, Slow

found = {}
def sweep(name, kind, params):
    found[name] = bt.sweep({"A": BARS}, kind, params, executor="ray", workers=1, progress=False)

params = {"n": range(2, 22), "folder": sys.argv[1], "seconds": 0.2}
slow = threading.Thread(target=sweep, args=("slow", Slow, params))
slow.start()
while not ray.is_initialized():
    time.sleep(0.05)
sweep("short", EveryNth, {"n": [2, 3]})
assert slow.is_alive() and ray.is_initialized()
slow.join()
print(len(found["short"]), len(found["slow"]), ray.is_initialized())
"""


def test_a_cluster_that_a_sweep_has_started_ends_with_the_last_that_uses_it(tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", TWO_AT_ONCE, str(tmp_path)], capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": SUPPORT, "RAY_ADDRESS": ""}, check=False, timeout=120,
    )  # fmt: skip
    assert done.stdout == "2 20 False\n", done.stderr


@pytest.mark.filterwarnings("ignore")
def test_the_error_of_a_worker_is_told_without_the_words_of_ray(cluster, tmp_path, monkeypatch):
    """A module that only this process can import."""
    (tmp_path / "only_this_process.py").write_text(
        "import btcore as bt\n"
        "class Idle(bt.Strategy):\n"
        "    n: int = 1\n"
        "    def on_bar(self, ctx, bar):\n"
        "        pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    idle = __import__("only_this_process").Idle
    with pytest.raises(
        bt.ConfigError, match=r"^executor: a worker cannot load the strategy .No module named"
    ):
        swept(idle, {"n": [1, 2]}, executor="ray")
