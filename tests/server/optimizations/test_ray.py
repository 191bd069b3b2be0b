"""Searches and backtests on a Ray cluster of several nodes on this machine."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from optimizations import PATH, base, counted, ended, own_strategies, plays, reached, results, start
from server_process import ServerProcess, check_history, wait_until

import btcore as bt
from btcore.strategies.own_files import load_file

cluster_utils = pytest.importorskip("ray.cluster_utils")
LEVELS = 6
NODE = {"num_cpus": 1, "node_ip_address": "127.0.0.1"}


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A cluster whose head plays nothing."""
    head = NODE | {"num_cpus": 0, "include_dashboard": False}
    made = cluster_utils.Cluster(initialize_head=True, head_node_args=head)
    monkeypatch.setenv("RAY_ADDRESS", made.address)
    yield made
    made.shutdown()


def test_what_is_lost_with_a_node_is_played_again(cluster: Any, tmp_path: Path) -> None:
    folder = tmp_path / "strategies"
    flags = (*own_strategies(folder), "--executor", "ray")
    first = cluster.add_node(**NODE)
    with ServerProcess(tmp_path / "store", fake=False, flags=flags) as server:
        server.wait_ready()
        # A backtest, which waits on the node that is removed.
        (folder / "hold").touch()
        strategy = {"name": "counted", "params": {"level": 5}}
        run_id = server.post(**base(strategy=strategy))
        wait_until(lambda: plays(folder) == [5], "the run on the first node")
        cluster.add_node(**NODE)
        cluster.remove_node(first, allow_graceful=False)
        wait_until(lambda: plays(folder) == [5, 5], "the run on the second node")
        assert server.status(run_id)["state"] == "running"
        (folder / "hold").unlink()
        shown = server.wait_end(run_id)
        assert (shown["state"], shown["error"]) == ("completed", None)
        check_history(run_id, server.events(run_id))
        found = server.http.get(f"/v1/backtests/{run_id}/results").json()
        alone = bt.run(
            bt.SampleMarket(),
            load_file(folder / "counted.py").Counted,
            {"level": 5},
            symbols=["AAPL"],
            resolution="day",
            timezone="UTC",
            start="2023-01-01",
            end="2024-01-01",
        )
        assert found["metrics_summary"] == dict(alone.metrics)
        assert [row["equity"] for row in found["equity_curve"]] == alone.equity_curve["equity"].tolist()

        # A search, one of whose trials is lost likewise.
        key = start(server, counted(LEVELS, pause=0.5, validation_mode=None))
        reached(server, key, 2)
        second = next(iter(cluster.worker_nodes))
        cluster.add_node(**NODE)
        cluster.remove_node(second, allow_graceful=False)
        assert (ended(server, key)["state"], ended(server, key)["trials_completed"]) == ("completed", LEVELS)
        trials = results(server, key)["all_trials"]
        assert [trial["parameters"]["level"] for trial in trials] == list(range(1, LEVELS + 1))

        # A fault of the run itself is not played again.
        failing = {"name": "counted", "params": {"level": 3, "fails": True}}
        failed = server.wait_end(server.post(**base(strategy=failing)))
        assert failed["state"] == "failed"
        assert "level 3 is not for this strategy" in failed["error"]
        assert server.stop() == 0
        assert "Traceback" not in server.log()


def test_a_cluster_of_the_search_ends_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without RAY_ADDRESS the worker starts one; a cancel and a kill of the server end its processes."""
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    flags = (*own_strategies(tmp_path / "strategies"), "--executor", "ray")
    with ServerProcess(tmp_path / "store", fake=False, flags=flags) as server:
        server.wait_ready()
        key = start(server, counted(LEVELS, pause=0.5, validation_mode=None))
        assert reached(server, key, 2)["trials_running"] == len(os.sched_getaffinity(0))
        started = server.workers()
        assert any("raylet" in process.name() for process in started)
        assert server.http.post(f"{PATH}/{key}/cancel").status_code == 200
        wait_until(lambda: len(server.workers()) == 1, "the end of the cluster")
        assert server.http.post(f"{PATH}/{key}/resume").status_code == 200
        reached(server, key, 4)
        started = server.workers()
        server.process.kill()
        server.process.wait()
        _, alive = psutil.wait_procs(started, timeout=20)
        assert alive == []
