"""Runs that are too large, too long, or stopped; and checks that take long."""

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest
from server_process import ServerProcess, check_history, request, wait_until

import btcore as bt
from btcore.config import RunRequest
from btserver.runs import engine

HERE = Path(__file__).parent


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., ServerProcess]]:
    """Starts a server with narrow bounds: 1,000 rows, 1 GiB, 4 seconds, 2 seconds of silence."""
    started = []

    def start(**options: Any) -> ServerProcess:
        script = str(HERE / "serve_narrow_bounds.py")
        started.append(ServerProcess(tmp_path / "store", script=script, **options).wait_ready())
        return started[-1]

    yield start
    for server in started:
        server.__exit__()


def test_a_request_for_too_many_rows_is_refused(serve: Callable[..., ServerProcess]) -> None:
    server = serve()
    body = request(params={"rows": 1001})
    answer = server.http.post("/v1/backtests", json=body)
    assert answer.status_code == 422
    assert answer.json()["error"]["details"][0]["path"] == "$.symbols"
    assert "1,001 rows" in answer.json()["detail"]
    assert server.wait_end(server.post(params={"rows": 1000}))["state"] == "completed"


@pytest.mark.parametrize(
    ("changes", "rows"),
    [
        ({"resolution": "day"}, 110),
        ({"resolution": "day", "symbols": ["A", "B"]}, 220),
        ({"resolution": "tick", "end_date": "2024-01-02"}, 93_600),
        ({"resolution": "1d"}, 110),
        ({"resolution": "24h"}, 110),
        ({"resolution": "60s"}, 390 * 110),
    ],
)
def test_rows_of_the_sample_market_are_counted_without_reading_them(
    changes: dict[str, Any], rows: int
) -> None:
    wanted = msgspec.convert(request(**changes), RunRequest)
    counted = engine.count_rows(wanted, engine.open_source(None))
    assert counted >= rows * 0.9
    assert counted <= rows * 1.1 + 100_000 * (changes["resolution"] == "tick")


def test_rows_of_a_catalog_are_counted_by_any_name_of_their_length(tmp_path: Path) -> None:
    catalog = bt.Catalog(tmp_path / "catalog")
    catalog.write("AAPL", bt.sample_bars("AAPL", "2024-01-02", "2024-01-05", "1min"))
    source = engine.open_source(str(tmp_path / "catalog"))
    counts = {
        name: engine.count_rows(msgspec.convert(request(resolution=name), RunRequest), source)
        for name in ("minute", "1min", "60s")
    }
    assert set(counts.values()) == {3 * 390}, counts


def test_a_run_that_takes_too_long_fails(serve: Callable[..., ServerProcess], tmp_path: Path) -> None:
    server = serve()
    status = server.wait_end(server.post(params={"gate": str(tmp_path / "never")}))
    assert (status["state"], status["error"]) == ("failed", "the run took longer than 4 seconds")
    assert server.wait_end(server.post())["state"] == "completed"


def test_a_stopped_worker_is_replaced_and_its_run_is_queued_again(
    serve: Callable[..., ServerProcess], tmp_path: Path
) -> None:
    server = serve()
    gate = tmp_path / "gate"
    run_id = server.post(params={"gate": str(gate)})
    server.wait_state(run_id, "running")
    stopped = server.workers()[0]
    stopped.send_signal(signal.SIGSTOP)
    psutil.wait_procs([stopped])
    gate.touch()
    assert server.wait_end(run_id)["state"] == "completed"
    events = server.events(run_id)
    check_history(run_id, events)
    states = [e["payload"]["state"] for e in events if e["type"] == "state"]
    assert states == ["queued", "running", "queued", "running", "completed"]


def test_a_run_is_interrupted_three_times_at_most_and_others_go_first(tmp_path: Path) -> None:
    store, gate = tmp_path / "store", tmp_path / "gate"
    with ServerProcess(store) as server:
        run_id = server.post(params={"gate": str(gate)})
        server.wait_state(run_id, "running")
        other = server.post()
        server.kill()
    for _ in range(2):
        with ServerProcess(store) as server:
            assert server.wait_end(other)["state"] == "completed"
            server.wait_state(run_id, "running")
            other = server.post()
            server.kill()
    with ServerProcess(store) as server:
        status = server.wait_end(run_id)
        assert status["error"] == "interrupted 3 times; the last time the server ended"
        check_history(run_id, server.events(run_id))


def test_clean_stops_are_no_failed_attempts(tmp_path: Path) -> None:
    store, gate = tmp_path / "store", tmp_path / "gate"
    with ServerProcess(store) as server:
        run_id = server.post(params={"gate": str(gate)})
        server.wait_state(run_id, "running")
        assert server.stop() == 0
    for _ in range(3):
        with ServerProcess(store) as server:
            server.wait_state(run_id, "running")
            assert server.stop() == 0
    gate.touch()
    with ServerProcess(store) as server:
        assert server.wait_end(run_id)["state"] == "completed"


def test_a_run_that_needs_too_much_memory_fails_alone(tmp_path: Path) -> None:
    """40 million rows of ticks are 1.6 GB of columns."""
    script = str(HERE / "serve_real_in_little_memory.py")
    body = {
        "symbols": ["AAPL", "MSFT"],
        "start_date": "2023-01-01",
        "end_date": "2024-01-01",
        "resolution": "tick",
    }
    with ServerProcess(tmp_path / "store", script=script) as server:
        run_id = server.http.post("/v1/backtests", json=body).json()["run_id"]
        status = server.wait_end(run_id)
        assert status["state"] == "failed"
        assert status["error"].startswith("out of memory") or "crashed" in status["error"]
        small = body | {"resolution": "day"}
        assert (
            server.wait_end(server.http.post("/v1/backtests", json=small).json()["run_id"])["state"]
            == "completed"
        )


def test_progress_is_reported_while_a_run_loads(tmp_path: Path) -> None:
    body = {"symbols": ["A", "B", "C", "D"], "start_date": "2024-01-01", "end_date": "2024-02-01"}
    steps: list[Any] = []
    wanted = msgspec.convert(body | {"resolution": "minute"}, RunRequest)
    engine.run_request(wanted, engine.open_source(None), steps.append)
    fractions = [step.fraction for step in steps]
    assert fractions == sorted(fractions)
    assert fractions[:5] == pytest.approx([0.0, 0.0125, 0.025, 0.0375, 0.05])
    assert fractions[-1] == 1.0


def test_others_are_served_while_a_request_is_checked(tmp_path: Path) -> None:
    """The check waits for a file, as one that loads a calendar waits for the disk."""
    gate = tmp_path / "store.gate"
    with ServerProcess(tmp_path / "store", script=str(HERE / "serve_slow_checks.py")) as server:
        server.wait_ready()
        answers: list[int] = []

        def post() -> None:
            answers.append(server.http.post("/v1/backtests", json=request()).status_code)

        thread = threading.Thread(target=post)
        thread.start()
        wait_until((tmp_path / "store.checking").exists, "the check")
        assert server.http.get("/v1/backtests").json() == []
        assert not answers
        gate.touch()
        thread.join()
        assert answers == [201]


def test_the_first_calendar_does_not_hold_up_others(tmp_path: Path) -> None:
    """The import of exchange_calendars and pandas takes a second."""
    body = {"symbols": ["A"], "start_date": "2024-01-01", "end_date": "2024-02-01", "calendar": "XNYS"}
    with ServerProcess(tmp_path / "store", fake=False) as server:
        server.wait_ready()
        ended = threading.Event()
        answered = 0
        answers = []

        def post() -> None:
            answers.append(server.http.post("/v1/backtests", json=body).status_code)
            ended.set()

        thread = threading.Thread(target=post)
        thread.start()
        while not ended.is_set():
            assert server.http.get("/healthz").status_code == 200
            answered += 1
            time.sleep(0.001)
        thread.join()
        assert answers == [201]
        assert answered > 5


def test_a_full_disk_does_not_fail_a_run(tmp_path: Path) -> None:
    """The disk is full while the file exists: writes fail as lmdb reports it."""
    full = tmp_path / "store.full"
    gate = tmp_path / "gate"
    with ServerProcess(tmp_path / "store", script=str(HERE / "serve_full_disk.py")) as server:
        run_id = server.post(params={"gate": str(gate), "rows": 10_000})
        server.wait_state(run_id, "running")
        full.touch()
        gate.touch()
        wait_until(lambda: "write failed" in server.log(), "a failed write")
        answer = server.http.post("/v1/backtests", json=request())
        assert answer.status_code == 507
        assert "MDB" not in answer.text
        full.unlink()
        assert server.wait_end(run_id)["state"] == "completed"
        events = server.events(run_id)
        check_history(run_id, events)
        assert "MDB" not in json.dumps(events)
        assert len(server.http.get(f"/v1/backtests/{run_id}/results").json()["equity_curve"]) == 10_000
