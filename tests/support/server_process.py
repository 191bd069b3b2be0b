"""A server process for tests, and helpers of its clients."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx2
import psutil
from starlette.testclient import TestClient
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

HERE = Path(__file__).parent
DEADLINE = 60.0
UNKNOWN = "01a203d1-1a0b-7050-ba77-e9154940e7e9"  # a run id that no run has
OpenClient = Callable[..., TestClient]
T = TypeVar("T")


def wait_until(condition: Callable[[], T | None], what: str, deadline: float = DEADLINE) -> T:
    """Calls `condition` until it returns neither None nor False; AssertionError after `deadline` seconds."""
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        result = condition()
        if result is not None and result is not False:
            return result
        time.sleep(0.005)
    raise AssertionError(f"timed out waiting for {what}")


class ServerProcess:
    """`btserver serve --port 0` as a process. The store remains after it ends."""

    def __init__(
        self,
        store: Path,
        *,
        fake: bool = True,
        script: str = "serve_fake.py",
        keys: str = "",
        workers: int = 1,
        data: str = "",
        host: str = "",
        flags: tuple[str, ...] = (),
        python_path: str = "",
    ) -> None:
        entry = [str(HERE / script)] if fake else ["-m", "btserver"]
        command = [sys.executable, "-W", "error", *entry, "serve", "--port", "0"]
        command += ["--store", str(store), "--workers", str(workers)]
        command += flags
        if host:
            command += ["--host", host]
        if data:
            command += ["--data", data]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("BTSERVER_")}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (python_path, str(HERE))))
        if keys:
            environment["BTSERVER_API_KEYS"] = keys
        self.log_path = store.parent / f"{store.name}.{time.monotonic_ns()}.log"
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=log, env=environment, text=True
            )
        self.banner: list[str] = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.banner.append(line.rstrip("\n"))
            if found := re.search(r"listening on (http://\S+)", line):
                self.url = found[1]
                break
        else:
            raise AssertionError(f"did not start: {self.log()}")
        headers = {"X-API-Key": keys.partition(",")[0]} if keys else {}
        self.http = httpx2.Client(base_url=self.url, headers=headers, timeout=DEADLINE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.kill()
        self.http.close()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def log(self) -> str:
        return self.log_path.read_text()

    def kill(self) -> None:
        """Sends SIGKILL and waits for the workers, which end when the server has ended."""
        workers = self.workers()
        self.process.kill()
        self.process.wait()
        psutil.wait_procs(workers, timeout=DEADLINE)

    def stop(self) -> int:
        """Sends SIGTERM; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE)

    def workers(self) -> list[psutil.Process]:
        try:
            return psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def wait_ready(self) -> Self:
        wait_until(lambda: self.http.get("/readyz").status_code == 200, "readyz")
        return self

    def post(self, **changes: Any) -> str:
        answer = self.http.post("/v1/backtests", json=request(**changes))
        assert answer.status_code == 201, answer.text
        run_id: str = answer.json()["run_id"]
        return run_id

    def status(self, run_id: str) -> dict[str, Any]:
        shown: dict[str, Any] = self.http.get(f"/v1/backtests/{run_id}").json()
        return shown

    def wait_end(self, run_id: str) -> dict[str, Any]:
        return wait_until(lambda: (s := self.status(run_id))["finished_at"] and s, f"the end of {run_id}")

    def wait_state(self, run_id: str, state: str) -> dict[str, Any]:
        return wait_until(
            lambda: (s := self.status(run_id))["state"] == state and s, f"{run_id} to be {state}"
        )

    def stream(self, run_id: str, after: int | str | None = None, **more: Any) -> ClientConnection:
        query = "" if after is None else f"?last_event_id={after}"
        headers = dict(self.http.headers)
        key = {"X-API-Key": headers["x-api-key"]} if "x-api-key" in headers else {}
        url = f"{self.url.replace('http', 'ws', 1)}/v1/backtests/{run_id}/stream{query}"
        return open_stream(url, additional_headers=key, **more)

    def events(self, run_id: str, after: int | str | None = None) -> list[dict[str, Any]]:
        """All events up to the end of the run; the stream must close with 1000."""
        seen, code, _ = read_until_closed(self.stream(run_id, after))
        assert code == 1000
        return seen


def open_stream(url: str, **options: Any) -> ClientConnection:
    """A connected stream, which the caller closes."""
    return connect(url, open_timeout=DEADLINE, legacy=True, **options)


def disconnect(stream: ClientConnection) -> None:
    """Closes the connection without a close frame."""
    with contextlib.suppress(OSError):  # the server closed first
        stream.socket.shutdown(socket.SHUT_RDWR)
    stream.close_socket()


def read_until_disconnected(stream: ClientConnection) -> list[dict[str, Any]]:
    """All events until the connection breaks without a close frame."""
    seen = []
    with stream:
        try:
            while True:
                seen.append(json.loads(stream.recv(timeout=DEADLINE)))
        except ConnectionClosed as closed:
            if closed.rcvd is not None:
                raise
    return seen


def read_until_closed(stream: ClientConnection) -> tuple[list[dict[str, Any]], int, str]:
    """All events until the server closes, with the close code and the reason."""
    seen = []
    with stream:
        try:
            while True:
                seen.append(json.loads(stream.recv(timeout=DEADLINE)))
        except ConnectionClosed as closed:
            if closed.rcvd is None:
                raise
            return seen, closed.rcvd.code, closed.rcvd.reason


def request(**changes: Any) -> dict[str, Any]:
    """A valid request with changes; `params` are those of the strategy."""
    params = changes.pop("params", None)
    body: dict[str, Any] = {"symbols": ["AAPL"], "start_date": "2024-01-01", "end_date": "2024-06-01"}
    if params is not None:
        body["strategy"] = {"name": "scripted", "params": params}
    return body | changes


def check_history(run_id: str, events: list[dict[str, Any]], first: int = 1) -> None:
    """Checks that ids have no gaps, each state names the one before, and no event follows the last state."""
    assert [event["event_id"] for event in events] == list(range(first, first + len(events)))
    assert {event["run_id"] for event in events} <= {run_id}
    states = [event["payload"] for event in events if event["type"] == "state"]
    previous = None if first == 1 else states[0]["previous_state"] if states else None
    for state in states:
        assert state["previous_state"] == previous
        previous = state["state"]
    for event in events[:-1]:
        assert event["type"] != "state" or event["payload"]["state"] not in ("completed", "failed")


def post(client: TestClient, **changes: Any) -> str:
    """The id of a run that an in-process application has accepted."""
    answer = client.post("/v1/backtests", json=request(**changes))
    assert answer.status_code == 201, answer.text
    run_id: str = answer.json()["run_id"]
    return run_id


def finished(client: TestClient, run_id: str, **headers: Any) -> dict[str, Any]:
    """The status once the run has ended."""
    path = f"/v1/backtests/{run_id}"
    return wait_until(lambda: (s := client.get(path, headers=headers).json())["finished_at"] and s, "the end")


def check_error(answer: Any, status: int, code: str, path: str | None = None) -> dict[str, Any]:
    """The body of an error response, after checks of its fields."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body: dict[str, Any] = answer.json()
    assert set(body) == {"error", "detail", "request_id"}
    assert set(body["error"]) == {"code", "message", "details"}
    assert body["error"]["code"] == code
    assert body["detail"] == body["error"]["message"]
    assert body["request_id"] == answer.headers["x-request-id"]
    if path is not None:
        assert body["error"]["details"][0]["path"] == path, body
        assert path in body["detail"]
    return body
