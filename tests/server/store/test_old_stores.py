"""Stores written by earlier releases open, show what was stored, and their interrupted runs are run again."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from server_process import ServerProcess, check_history

from btcore.config import RunRequest
from btserver.run_id import run_key
from btserver.store.store import Store

SAVED = Path(__file__).parents[2] / "saved" / "0.1.0" / "store" / "data.mdb"
QUEUED = "01a21575-5096-70a7-92a0-f4afadb2ba6f"
RUNNING = "01a21575-5093-7eef-96f1-fad2bb34edfe"  # when the server was killed
FAILED = "01a21575-3338-7800-b7e0-682569b433e1"
COMPLETED = "01a21575-302e-7925-9b7a-8bcf59801269"


def copy_store(folder: Path) -> Path:
    store = folder / "store"
    store.mkdir()
    shutil.copy(SAVED, store)
    return store


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with the real engine on a copy of the store; it must stop cleanly."""
    with ServerProcess(copy_store(tmp_path_factory.mktemp("old")), fake=False) as served:
        yield served
        assert served.stop() == 0
        assert "Traceback" not in served.log()


def test_records_and_requests(tmp_path: Path) -> None:
    """The store by itself, as it was when the server was killed."""
    store = Store(copy_store(tmp_path))
    try:
        assert store.counts == {"queued": 1, "running": 1, "completed": 1, "failed": 1}
        states = {run: store.run(run_key(run) or b"") for run in (QUEUED, RUNNING, FAILED, COMPLETED)}
        assert [record and record.state for record in states.values()] == [
            "queued",
            "running",
            "failed",
            "completed",
        ]
        request = msgspec.json.decode(store.request(run_key(RUNNING) or b""), type=RunRequest)
    finally:
        store.close()
    assert request.resolution == "tick"
    assert request.calendar == "XNYS"
    assert request.execution.latency_ms == [("2024-01-01", 5.0), (1705276800000000000, 7.0)]
    assert request.execution.commission_tiers[0].taker_bps == 0.2
    assert request.instruments["MSFT"].splits == [("2024-01-20T00:00:00Z", 2.0)]
    assert request.fx == {"EUR": [("2024-01-01", 1.1), ("2024-01-15", 1.05)]}


def test_every_run_is_listed_newest_first(server: ServerProcess) -> None:
    listed = server.http.get("/v1/backtests").json()
    assert [run["run_id"] for run in listed] == [QUEUED, RUNNING, FAILED, COMPLETED]


def test_a_completed_run_has_its_status_and_results(server: ServerProcess) -> None:
    assert server.status(COMPLETED) == {
        "run_id": COMPLETED,
        "state": "completed",
        "progress": 1.0,
        "created_at": "2026-11-26T01:25:31.310499Z",
        "started_at": "2026-11-26T01:25:31.951377Z",
        "finished_at": "2026-11-26T01:25:32.072412Z",
        "error": None,
    }
    results = server.http.get(f"/v1/backtests/{COMPLETED}/results").json()
    assert results["fingerprint"] == "58892bf96287e174a208afac9a8a55d7cfbfbacb939da23d4c0aa3cdaee12c9a"
    assert results["metrics_summary"]["final_equity"] == 1031333.803497575
    assert results["equity_curve"][-1]["equity"] == 1031333.803497575
    rows = {name: len(value) for name, value in results.items() if isinstance(value, list)}
    assert rows == {
        "equity_curve": 44,
        "trades": 14,
        "exposures": 32,
        "orders": 14,
        "round_trips": 6,
        "cash_flows": 57,
        "order_events": 0,
        "benchmark_curve": 0,
        "logs": 2,
    }
    assert results["trades"][0]["timestamp"] == "2024-01-15T00:00:00Z"
    assert results["trades"][0]["price"] == 29.962996
    assert results["trades"][0]["commission"] == 24.969299434080167
    assert results["logs"][0] == "synthetic sample data"


def test_its_events_can_be_read_from_the_first(server: ServerProcess) -> None:
    events = server.events(COMPLETED, 0)
    check_history(COMPLETED, events)
    assert len(events) == 60
    assert events[0]["timestamp"] == "2026-11-26T01:25:31.310499Z"
    assert events[-1]["payload"] == {"state": "completed", "previous_state": "running"}
    metrics = {e["payload"]["name"]: e["payload"]["value"] for e in events if e["type"] == "metric"}
    assert metrics["final_equity"] == 1031333.803497575


def test_a_failed_run_keeps_its_error(server: ServerProcess) -> None:
    status = server.status(FAILED)
    assert (status["state"], status["error"]) == ("failed", "worker crashed (exit code -9)")
    assert status["progress"] == 0.07226268948823061
    answer = server.http.get(f"/v1/backtests/{FAILED}/results")
    assert answer.status_code == 409
    events = server.events(FAILED, 0)
    check_history(FAILED, events)
    assert len(events) == 9


def test_an_interrupted_run_is_queued_again_and_completes(server: ServerProcess) -> None:
    assert server.wait_end(RUNNING)["state"] == "completed"
    events = server.events(RUNNING, 0)
    check_history(RUNNING, events)
    states = [event["payload"]["state"] for event in events if event["type"] == "state"]
    assert states == ["queued", "running", "queued", "running", "completed"]
    results = server.http.get(f"/v1/backtests/{RUNNING}/results").json()
    assert results["manifest"]["run"]["timezone"] == "America/New_York"
    assert results["trades"]


def test_a_queued_run_completes(server: ServerProcess) -> None:
    assert server.wait_end(QUEUED)["state"] == "completed"
    assert server.http.get(f"/v1/backtests/{QUEUED}/results").json()["trades"]
