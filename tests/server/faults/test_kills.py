"""Kills of server and workers at any moment, under load: nothing acknowledged is lost or repeated."""

import json
import random
import threading
import time
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest
from server_process import DEADLINE, ServerProcess, check_history, request, wait_until
from websockets.exceptions import ConnectionClosed, WebSocketException

from btserver.store.checkup import check_store

ENDS = ("interrupted 3 times", "worker crashed (exit code -9)")  # errors of runs that met too many kills


class Load:
    """A client that posts, cancels and deletes runs and follows their streams until the server is gone."""

    def __init__(self, server: ServerProcess, seed: int) -> None:
        self._server = server
        self._random = random.Random(seed)
        self._prefix = f"load-{seed}"
        self.acknowledged: list[str] = []
        self.cancelled: set[str] = set()
        self.deleted: set[str] = set()
        self.maybe_gone: set[str] = set()  # a delete was sent, and there was no response
        self.maybe_cancelled: set[str] = set()
        self.sent = 0  # posts, acknowledged or not
        self.seen: dict[str, list[dict[str, Any]]] = {}
        self._threads = [threading.Thread(target=self._post), threading.Thread(target=self._follow)]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Waits until the client has noticed the end of the server."""
        for thread in self._threads:
            thread.join()

    def _post(self) -> None:
        try:
            with httpx2.Client(base_url=self._server.url, timeout=DEADLINE) as http:
                while True:
                    self._one(http)
        except httpx2.TransportError:
            return

    def _one(self, http: httpx2.Client) -> None:
        params = {"steps": self._random.randrange(40), "pause": 0.002, "rows": self._random.randrange(9000)}
        self.sent += 1
        key = {"Idempotency-Key": f"{self._prefix}-{self.sent}"}
        answer = http.post("/v1/backtests", json=request(params=params), headers=key)
        assert answer.status_code == 201, answer.text
        self.acknowledged.append(run_id := answer.json()["run_id"])
        choice = self._random.random()
        if choice < 0.15:
            self.maybe_cancelled.add(run_id)
            if http.post(f"/v1/backtests/{run_id}/cancel").status_code == 200:
                self.cancelled.add(run_id)
        elif choice < 0.25:
            self.maybe_gone.add(run_id)
            assert http.delete(f"/v1/backtests/{run_id}").status_code == 204
            self.deleted.add(run_id)

    def _follow(self) -> None:
        while self._server.process.poll() is None:
            if not self.acknowledged:
                time.sleep(0.001)
                continue
            run_id = self._random.choice(self.acknowledged)
            events = self.seen.setdefault(run_id, [])
            try:
                with self._server.stream(run_id, len(events)) as stream:
                    while True:
                        events.append(json.loads(stream.recv(timeout=DEADLINE)))
            except (ConnectionClosed, WebSocketException, OSError, TimeoutError):
                continue


def check_run(server: ServerProcess, run_id: str, load: Load) -> None:
    """The run has ended in a state that it may have, and its events begin with those that a client saw."""
    if run_id in load.maybe_gone and server.http.get(f"/v1/backtests/{run_id}").status_code == 404:
        return
    assert run_id not in load.deleted
    status = server.wait_end(run_id)
    error = status["error"] or ""
    if run_id in load.cancelled:
        assert error == "cancelled"
    elif status["state"] == "failed":
        assert error.startswith(ENDS) or (error == "cancelled" and run_id in load.maybe_cancelled), error
    history = server.events(run_id)
    check_history(run_id, history)
    seen = load.seen.get(run_id, [])
    assert history[: len(seen)] == seen
    results = server.http.get(f"/v1/backtests/{run_id}/results")
    assert results.status_code == (200 if status["state"] == "completed" else 409)


def kill_one(server: ServerProcess, chance: random.Random) -> None:
    """Ends the server, or first a worker, at a random moment."""
    time.sleep(chance.random() * 0.6)
    workers = server.workers()
    if workers and chance.random() < 0.4:
        chance.choice(workers).kill()
        time.sleep(chance.random() * 0.3)
    server.kill()


@pytest.mark.parametrize("kills", [5, pytest.param(200, marks=pytest.mark.long)])
def test_kills_under_load(tmp_path: Path, kills: int) -> None:
    store = tmp_path / "store"
    chance = random.Random(kills)
    loads = []
    for number in range(kills):
        with ServerProcess(store, workers=2) as server:
            loads.append(Load(server, number))
            kill_one(server, chance)
            loads[-1].join()
            assert server.workers() == []
    with ServerProcess(store, workers=2) as server:
        server.wait_ready()
        wait_until(lambda: not listed(server, "queued") and not listed(server, "running"), "the queue", 600)
        for load in loads:
            for run_id in load.acknowledged:
                check_run(server, run_id, load)
        stored = set(every_id(server))
        acknowledged = {run_id for load in loads for run_id in load.acknowledged}
        # A post whose response was lost may have made a run; there is one client, so one such post a kill.
        assert len(stored - acknowledged) <= kills
        assert sum(len(load.acknowledged) for load in loads) == len(acknowledged)
        assert "Traceback" not in server.log()
        assert server.stop() == 0
    runs, problems = check_store(store)
    assert (runs, problems) == (len(stored), [])
    orphans = [p for p in psutil.process_iter(["cmdline"]) if str(store) in (p.info["cmdline"] or [])]
    assert orphans == []


def listed(server: ServerProcess, state: str) -> list[Any]:
    found: list[Any] = server.http.get(f"/v1/backtests?state={state}&limit=1").json()
    return found


def every_id(server: ServerProcess) -> list[str]:
    """The ids of all runs, page by page."""
    ids: list[str] = []
    after = ""
    while page := server.http.get(f"/v1/backtests?limit=200{after}").json():
        ids += [run["run_id"] for run in page]
        after = f"&after={ids[-1]}"
    assert len(ids) == len(set(ids))
    return ids
