"""Cancelling, deleting, finding and forgetting runs, at every moment of their life."""

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from server_process import (
    UNKNOWN,
    ServerProcess,
    check_error,
    check_history,
    read_until_closed,
    request,
    wait_until,
)

HERE = Path(__file__).parent


def cancel(server: ServerProcess, run_id: str) -> Any:
    return server.http.post(f"/v1/backtests/{run_id}/cancel")


def delete(server: ServerProcess, run_id: str) -> int:
    code: int = server.http.delete(f"/v1/backtests/{run_id}").status_code
    return code


def check_is_sound(store: Path) -> None:
    command = [sys.executable, "-m", "btserver", "check", "--store", str(store)]
    found = subprocess.run(command, check=False, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr


def test_cancel_a_queued_and_a_running_run(server: ServerProcess, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    running = server.post(params={"gate": str(gate)})
    queued = server.post()
    server.wait_state(running, "running")
    streams = [server.stream(run_id) for run_id in (running, queued)]
    for run_id in (queued, running):
        answer = cancel(server, run_id)
        assert answer.status_code == 200
        assert (answer.json()["state"], answer.json()["error"]) == ("failed", "cancelled")
        assert server.status(run_id) == answer.json()
        assert cancel(server, run_id).status_code == 409
    for run_id, stream in zip((running, queued), streams, strict=True):
        events, code, _ = read_until_closed(stream)
        assert code == 1000
        check_history(run_id, events)
        assert events[-1]["payload"]["state"] == "failed"
        assert events[-2]["payload"] == {"message": "cancelled"}
    assert server.wait_end(server.post())["state"] == "completed"
    assert cancel(server, UNKNOWN).status_code == 404


def test_cancel_a_completed_run_is_a_conflict(server: ServerProcess) -> None:
    run_id = server.post()
    server.wait_end(run_id)
    assert cancel(server, run_id).status_code == 409
    assert server.status(run_id)["state"] == "completed"


def test_delete_in_every_state(server: ServerProcess, tmp_path: Path) -> None:
    completed = server.post()
    server.wait_end(completed)
    running = server.post(params={"gate": str(tmp_path / "never")})
    server.wait_state(running, "running")
    queued = server.post()
    streams = [server.stream(run_id) for run_id in (running, queued)]
    for run_id in (completed, running, queued):
        assert delete(server, run_id) == 204
        assert server.http.get(f"/v1/backtests/{run_id}").status_code == 404
        assert server.http.get(f"/v1/backtests/{run_id}/results").status_code == 404
        assert delete(server, run_id) == 404
    for stream in streams:
        _, code, reason = read_until_closed(stream)
        assert (code, reason) == (1008, "deleted")
    listed = {run["run_id"] for run in server.http.get("/v1/backtests?limit=200").json()}
    assert not listed & {completed, running, queued}
    assert server.wait_end(server.post())["state"] == "completed"


@pytest.mark.parametrize("action", ["cancel", "delete"])
def test_an_end_at_every_moment_leaves_nothing_behind(tmp_path: Path, action: str) -> None:
    """After a growing number of events of the run; every second time from two clients at once."""
    store = tmp_path / "store"
    with ServerProcess(store, workers=2) as server:
        server.wait_ready()
        for moment in range(12):
            run_id = server.post(params={"steps": 6, "pause": 0.06, "rows": 9000})
            with server.stream(run_id) as stream:
                for _ in range(moment):
                    json.loads(stream.recv())

            def end(run_id: str = run_id) -> None:
                code = cancel(server, run_id).status_code if action == "cancel" else delete(server, run_id)
                assert code in (200, 204, 404, 409)

            threads = [threading.Thread(target=end) for _ in range(1 + moment % 2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            if action == "cancel":
                assert server.wait_end(run_id)["finished_at"]
                check_history(run_id, server.events(run_id))
        assert server.wait_end(server.post())["state"] == "completed"
        assert server.stop() == 0
        assert "Traceback" not in server.log()
    check_is_sound(store)


@pytest.mark.parametrize("action", ["cancel", "delete"])
def test_a_queued_run_whose_end_cannot_be_stored_waits_on(tmp_path: Path, action: str) -> None:
    full, gate = tmp_path / "store.full", tmp_path / "gate"
    with ServerProcess(tmp_path / "store", script=str(HERE / "serve_full_disk.py")) as server:
        first = server.post(params={"gate": str(gate)})
        server.wait_state(first, "running")
        queued = server.post()
        full.touch()
        path = f"/v1/backtests/{queued}"
        answer = server.http.delete(path) if action == "delete" else server.http.post(f"{path}/cancel")
        check_error(answer, 507, "internal_error")
        assert "MDB" not in answer.text
        full.unlink()
        gate.touch()
        assert server.wait_end(queued)["state"] == "completed"
        assert server.stop() == 0
        assert "Traceback" not in server.log()


def test_a_retry_finds_its_run_although_no_run_is_accepted(tmp_path: Path) -> None:
    full = tmp_path / "store.full"
    with ServerProcess(tmp_path / "store", script=str(HERE / "serve_full_disk.py")) as server:
        made = post(server, "k1").json()["run_id"]
        server.wait_end(made)
        full.touch()
        check_error(post(server, "k2"), 507, "internal_error")
        again = post(server, "k1")
        assert (again.status_code, again.json()["run_id"]) == (201, made)
        check_error(post(server, "k1", initial_capital=5.0), 409, "conflict")


def post(server: ServerProcess, key: str | None = None, query: str = "", **changes: Any) -> Any:
    headers = {} if key is None else {"Idempotency-Key": key}
    return server.http.post(f"/v1/backtests{query}", json=request(**changes), headers=headers)


def test_an_idempotency_key_makes_one_run(tmp_path: Path) -> None:
    store = tmp_path / "store"
    with ServerProcess(store) as server:
        first = post(server, "k1")
        again = post(server, "k1")
        assert (first.status_code, again.status_code) == (201, 201)
        run_id = first.json()["run_id"]
        assert again.json()["run_id"] == run_id
        assert again.headers["location"] == first.headers["location"]
        assert post(server, "k1", initial_capital=5.0).status_code == 409
        assert post(server, "k2").json()["run_id"] != run_id
        assert post(server, "x" * 256).status_code == 422
        server.wait_end(run_id)
        server.kill()
    with ServerProcess(store) as server:
        assert post(server, "k1").json()["run_id"] == run_id
        assert delete(server, run_id) == 204
        fresh = post(server, "k1").json()["run_id"]
        assert fresh != run_id
        server.wait_end(fresh)
        assert server.stop() == 0
    check_is_sound(store)


def test_a_key_used_by_many_clients_at_once_makes_one_run(server: ServerProcess) -> None:
    seen = []
    threads = [
        threading.Thread(target=lambda: seen.append(post(server, "together").json()["run_id"]))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert len(set(seen)) == 1


def test_reuse_answers_with_a_completed_run_of_the_same_inputs(server: ServerProcess) -> None:
    capital = 123_456.0
    first = post(server, query="?reuse=true", initial_capital=capital)
    assert first.status_code == 201
    run_id = first.json()["run_id"]
    server.wait_end(run_id)
    again = post(server, query="?reuse=true", initial_capital=capital, labels=["other"], note="x")
    assert (again.status_code, again.json()["run_id"], again.json()["state"]) == (200, run_id, "completed")
    assert post(server, initial_capital=capital).json()["run_id"] != run_id
    assert post(server, query="?reuse=true", initial_capital=capital + 1).status_code == 201
    for wrong in ("?reuse=maybe", "?nope=1"):
        assert post(server, query=wrong).status_code == 422


def test_labels_and_note_have_no_effect_on_the_result(server: ServerProcess) -> None:
    body = request(labels=["a", "b"], note="why")
    run_id = server.http.post("/v1/backtests", json=body).json()["run_id"]
    shown = server.http.get(f"/v1/backtests/{run_id}/request").json()
    assert (shown["labels"], shown["note"]) == (["a", "b"], "why")
    assert {name: shown[name] for name in body} == body
    assert server.http.get(f"/v1/backtests/{UNKNOWN}/request").status_code == 404
    for wrong in ({"labels": [""]}, {"labels": "a"}, {"labels": ["x" * 65]}, {"note": 3}):
        assert server.http.post("/v1/backtests", json=request(**wrong)).status_code == 422


def test_pages_and_filters_of_the_list(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "store") as server:
        made = []
        for number in range(150):
            changes = {
                "symbols": ["MSFT"] if number % 3 == 0 else ["AAPL", "IBM"],
                "labels": [f"n{number % 2}"],
            }
            made.append(server.post(**changes, params={} if number % 5 == 0 else None))

        def listed(query: str) -> list[str]:
            answer = server.http.get(f"/v1/backtests?{query}")
            assert answer.status_code == 200, answer.text
            return [run["run_id"] for run in answer.json()]

        newest = made[::-1]
        assert listed("limit=200") == newest
        pages, after = [], ""
        while page := listed(f"limit=40{after}"):
            pages += page
            after = f"&after={page[-1]}"
        assert pages == newest
        assert listed("symbol=MSFT&limit=200") == [r for n, r in list(enumerate(made))[::-1] if n % 3 == 0]
        assert (
            listed("symbol=IBM&label=n1&limit=3")
            == [r for n, r in list(enumerate(made))[::-1] if n % 3 and n % 2][:3]
        )
        assert listed("strategy=scripted&limit=200") == [
            r for n, r in list(enumerate(made))[::-1] if n % 5 == 0
        ]
        assert listed("label=none") == []
        at = server.status(made[100])["created_at"]
        assert listed(f"created_from={at}&limit=200") == newest[:50]
        assert listed(f"created_to={at}&limit=200") == newest[50:]
        for wrong in (f"after={UNKNOWN}", "after=x", "created_from=yesterday", "nope=1", "label=null"):
            answer = server.http.get(f"/v1/backtests?{wrong}")
            assert answer.status_code == 422, wrong
            assert answer.json()["error"]["details"][0]["path"] == f"$.{wrong.partition('=')[0]}"


def serve_keeping(tmp_path: Path, *flags: str) -> ServerProcess:
    (tmp_path / "store.keep").write_text(" ".join(flags))
    return ServerProcess(tmp_path / "store", script=str(HERE / "serve_short_retention.py"))


def test_a_number_of_runs_is_kept(tmp_path: Path) -> None:
    with serve_keeping(tmp_path, "--keep-runs", "3") as server:
        made = [server.post() for _ in range(8)]
        server.wait_end(made[-1])
        wait_until(
            lambda: [run["run_id"] for run in server.http.get("/v1/backtests").json()] == made[:-4:-1],
            "three runs",
        )
        assert server.stop() == 0
    check_is_sound(tmp_path / "store")


def test_the_oldest_runs_make_room(tmp_path: Path) -> None:
    with serve_keeping(tmp_path, "--keep-mib", "4") as server:
        made = [server.post(params={"logs": 150}) for _ in range(6)]
        server.wait_end(made[-1])

        def left() -> list[str]:
            return [run["run_id"] for run in server.http.get("/v1/backtests").json()]

        def newest_are_left() -> bool:
            found = left()
            return 0 < len(found) < 4 and found == made[::-1][: len(found)]

        wait_until(newest_are_left, "the newest runs")


def test_a_quota_refuses_runs_with_an_alarm_before(tmp_path: Path) -> None:
    with serve_keeping(tmp_path, "--quota-mib", "5") as server:

        def size(name: str) -> int:
            lines = server.http.get("/metrics").text.splitlines()
            return int(next(line.split()[1] for line in lines if line.startswith(f"btserver_{name} ")))

        answers = []
        while not answers or answers[-1].status_code == 201:
            answers.append(server.http.post("/v1/backtests", json=request(params={"logs": 20})))
            if answers[-1].status_code == 201:
                server.wait_end(answers[-1].json()["run_id"])
        assert answers[-1].status_code == 507
        assert answers[-1].json()["error"]["code"] == "internal_error"
        wait_until(lambda: size("store_alarm") == 1, "the alarm")
        assert "of a quota of 5" in server.log()
        assert size("store_used_bytes") >= size("store_quota_bytes") == 5 * 2**20
        assert size("disk_free_bytes") > 0
        for run in server.http.get("/v1/backtests?limit=200").json():
            assert delete(server, run["run_id"]) == 204
        assert server.http.post("/v1/backtests", json=request()).status_code == 201
