"""Every HTTP call: responses, errors, lists, pages."""

from datetime import datetime
from typing import Any

import pytest
from server_process import UNKNOWN, OpenClient, check_error, finished, post, request
from starlette.testclient import TestClient

from btserver.api.result_stream import ResultStream
from btserver.run_id import run_key
from btserver.runs import slot
from btserver.schemas import State
from btserver.store.store import Store, StoreError


@pytest.mark.parametrize("prefix", ["/v1", ""])
def test_from_request_to_results(client: TestClient, prefix: str) -> None:
    answer = client.post(f"{prefix}/backtests", json=request(params={"rows": 3}))
    assert answer.status_code == 201
    status = answer.json()
    run_id = status["run_id"]
    assert answer.headers["location"] == f"/v1/backtests/{run_id}"
    assert set(status) == {
        "run_id", "state", "progress", "created_at", "started_at", "finished_at", "error",
    }  # fmt: skip
    assert (status["state"], status["progress"]) == ("queued", 0.0)
    assert status["started_at"] is status["finished_at"] is status["error"] is None
    assert status["created_at"].endswith("Z")

    status = finished(client, run_id)
    assert (status["state"], status["progress"], status["error"]) == ("completed", 1.0, None)
    times = [datetime.fromisoformat(status[name]) for name in ("created_at", "started_at", "finished_at")]
    assert times == sorted(times)
    assert client.get(f"{prefix}/backtests/{run_id}").json() == status
    assert client.get(f"{prefix}/backtests").json()[0] == status

    answer = client.get(f"{prefix}/backtests/{run_id}/results")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    results = answer.json()
    assert list(results) == [
        "run_id", "metrics_summary", "equity_curve", "trades", "exposures", "orders", "round_trips",
        "cash_flows", "order_events", "benchmark_curve", "logs", "manifest", "fingerprint",
    ]  # fmt: skip
    assert results["run_id"] == run_id
    assert results["metrics_summary"]["total_return"] == 0.1 + 0.2
    assert results["metrics_summary"]["sharpe_ratio"] is None
    assert results["equity_curve"][2] == {
        "timestamp": "2024-01-03T00:00:00Z",
        "equity": 0.1 + 2 / 3,
        "cash": 1 / 3,
        "positions": 0.0,
    }
    assert results["trades"] == [
        {
            "timestamp": "2024-01-01T00:00:00Z",
            "symbol": "AAPL",
            "side": "buy",
            "quantity": 2.0,
            "price": 0.1 + 0.2,
            "commission": 1e-9,
        }
    ]
    assert results["exposures"] == results["orders"] == results["round_trips"] == []
    assert results["cash_flows"] == results["order_events"] == []  # the result of the fake engine has neither
    assert results["logs"] == ["first line", "second line"]
    assert results["fingerprint"] == "abc123"


@pytest.mark.parametrize("rows", [0, 1, 499, 500, 501, 4096, 4097, 10_000])
def test_results_of_any_length_are_exact(client: TestClient, rows: int) -> None:
    run_id = post(client, params={"rows": rows})
    assert finished(client, run_id)["state"] == "completed"
    curve = client.get(f"/v1/backtests/{run_id}/results").json()["equity_curve"]
    assert [point["equity"] for point in curve] == [0.1 + n / 3 for n in range(rows)]


def test_dates_in_every_iso_form(client: TestClient) -> None:
    for start in (
        "2024-01-01",
        "2024-01-01T00:00:00",
        "2024-01-01T00:00:00Z",
        "20240101",
        "2024-01-01T00:00+00:00",
    ):
        run_id = post(client, start_date=start)
        finished(client, run_id)
        curve = client.get(f"/v1/backtests/{run_id}/results").json()["equity_curve"]
        assert curve[0]["timestamp"] == "2024-01-01T00:00:00Z", start
    run_id = post(client, start_date="2024-01-01", timezone="America/New_York")
    finished(client, run_id)
    curve = client.get(f"/v1/backtests/{run_id}/results").json()["equity_curve"]
    assert curve[0]["timestamp"] == "2024-01-01T05:00:00Z"


def test_results_of_unfinished_and_failed_runs(client: TestClient, tmp_path: Any) -> None:
    gate = tmp_path / "gate"
    run_id = post(client, params={"gate": str(gate)})
    check_error(client.get(f"/v1/backtests/{run_id}/results"), 409, "conflict")
    queued = post(client)
    body = check_error(client.get(f"/v1/backtests/{queued}/results"), 409, "conflict")
    assert "queued" in body["detail"]
    gate.touch()
    assert finished(client, run_id)["state"] == "completed"
    failed = post(client, params={"fail": "data"})
    status = finished(client, failed)
    assert (status["state"], status["error"]) == ("failed", "AAPL.csv row 3: high < low")
    body = check_error(client.get(f"/v1/backtests/{failed}/results"), 409, "conflict")
    assert "high < low" in body["detail"]
    bug = post(client, params={"fail": "bug"})
    assert finished(client, bug)["error"] == "internal error: RuntimeError: a bug"


def test_the_list(open_client: OpenClient, tmp_path: Any) -> None:
    client = open_client()
    assert client.get("/v1/backtests").json() == []
    gate = tmp_path / "gate"
    failed = post(client, params={"fail": "data"})
    completed = post(client)
    finished(client, completed)
    running, *queued = [post(client, params={"gate": str(gate)}) for _ in range(3)]
    while client.get(f"/v1/backtests/{running}").json()["state"] != "running":
        pass

    def listed(query: str = "") -> list[str]:
        answer = client.get(f"/v1/backtests{query}")
        assert answer.status_code == 200, answer.text
        return [status["run_id"] for status in answer.json()]

    assert listed() == [*queued[::-1], running, completed, failed]
    assert listed("?limit=2") == queued[::-1]
    assert listed("?state=queued") == queued[::-1]
    assert listed("?state=running&limit=200") == [running]
    assert listed("?state=completed") == [completed]
    assert listed("?state=failed") == [failed]
    gate.touch()
    assert finished(client, queued[-1])["state"] == "completed"
    assert listed("?state=queued") == []
    assert len(listed("?state=completed")) == 4
    for _ in range(50):
        post(client)
    assert len(listed()) == 50
    assert len(listed("?limit=200")) == 55


@pytest.mark.parametrize(
    "run_id", [UNKNOWN, "nope", UNKNOWN.upper(), UNKNOWN + "%0A", "%00", "..", "x" * 9000, "%F0%9F%98%80"]
)
@pytest.mark.parametrize("tail", ["", "/results"])
@pytest.mark.parametrize("prefix", ["/v1", ""])
def test_unknown_runs(client: TestClient, run_id: str, tail: str, prefix: str) -> None:
    if run_id == "..":
        return  # HTTP clients resolve it
    body = check_error(client.get(f"{prefix}/backtests/{run_id}{tail}"), 404, "not_found")
    assert len(body["detail"]) < 500


@pytest.mark.parametrize(
    "path", ["/", "/v2/backtests", "/v1", "/v1/backtests/", f"/v1/backtests/{UNKNOWN}/nope"]
)
def test_unknown_paths(client: TestClient, path: str) -> None:
    check_error(client.get(path), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/v1/backtests", {"GET", "HEAD", "POST"}),
        ("PUT", "/backtests", {"GET", "HEAD", "POST"}),
        ("POST", f"/v1/backtests/{UNKNOWN}", {"GET", "HEAD", "DELETE"}),
        ("POST", f"/v1/backtests/{UNKNOWN}/results", {"GET", "HEAD"}),
        ("POST", "/healthz", {"GET", "HEAD"}),
        ("OPTIONS", "/openapi.json", {"GET", "HEAD"}),
    ],
)
def test_other_methods(client: TestClient, method: str, path: str, allow: set[str]) -> None:
    answer = client.request(method, path)
    check_error(answer, 405, "validation_error")
    assert set(answer.headers["allow"].split(", ")) == allow


def test_head(client: TestClient) -> None:
    assert client.head("/v1/backtests").status_code == 200
    assert client.head("/healthz").content == b""


def test_request_ids(client: TestClient) -> None:
    answer = client.get("/healthz", headers={"x-request-id": "mine-1.2_3"})
    assert answer.headers["x-request-id"] == "mine-1.2_3"
    for wrong in ("a b", "x" * 129, "<script>", ""):
        made = client.get("/healthz", headers={"x-request-id": wrong}).headers["x-request-id"]
        assert len(made) == 32
        assert made != wrong


def test_internal_errors_are_500_without_details(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    import fake_engine

    def broken(*_: object) -> None:
        raise RuntimeError("secret path /etc/shadow")

    monkeypatch.setattr(fake_engine, "check_request", broken)
    answer = client.post("/v1/backtests", json=request())
    check_error(answer, 500, "internal_error")
    assert "secret" not in answer.text


def test_open_pages(open_client: OpenClient) -> None:
    client = open_client(keys=("k",))
    for path in ("/healthz", "/openapi.json", "/docs", "/metrics"):
        assert client.get(path).status_code == 200
    assert client.get("/readyz").status_code in (200, 503)
    page = client.get("/metrics").text
    assert 'btserver_runs{state="queued"} 0' in page
    assert 'btserver_requests_total{method="GET",status="200"}' in page
    assert "btserver_streams_open 0" in page
    assert "btserver_request_seconds_count" in page
    assert "btserver_events_written_total 0" in page


def test_the_map_of_a_store_grows(open_client: OpenClient) -> None:
    client = open_client(map_size=2**20)
    large = post(client, params={"logs": 200})
    assert finished(client, large)["state"] == "completed"
    assert client.store.map_bytes > 2**20
    assert client.get(f"/v1/backtests/{large}/results").json()["logs"][-1].startswith("line 199")


def test_a_store_that_fails_for_a_while(open_client: OpenClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that fails for a while delays runs; none is lost, and each is run again."""
    client = open_client()
    change_state = Store.change_state
    failures = ["completed", "queued", "running", "running"]

    async def flaky(self: Store, run: bytes, state: State, **more: Any) -> Any:
        if self is client.store and failures and state == failures[0]:
            failures.pop(0)
            raise StoreError("the disk is full")
        return await change_state(self, run, state, **more)

    monkeypatch.setattr(Store, "change_state", flaky)
    monkeypatch.setattr(slot, "RETRY_SECONDS", 0.01)
    first, second = post(client), post(client)
    assert finished(client, first)["state"] == "completed"
    assert finished(client, second)["state"] == "completed"
    assert not failures


@pytest.mark.parametrize(
    ("media_type", "method"),
    [
        ("application/json", "verify"),
        ("application/vnd.apache.parquet", "verify"),
        ("application/vnd.apache.parquet", "table"),
    ],
)
def test_results_of_a_run_that_is_deleted_meanwhile(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, media_type: str, method: str
) -> None:
    run_id = post(client, params={"rows": 5000})
    finished(client, run_id)
    original = getattr(ResultStream, method)

    async def deleting(self: ResultStream, *arguments: Any) -> Any:
        await self._store.delete(self._run)
        return await original(self, *arguments)

    monkeypatch.setattr(ResultStream, method, deleting)
    answer = client.get(f"/v1/backtests/{run_id}/results", headers={"Accept": media_type})
    check_error(answer, 404, "not_found")


def test_calls_for_a_run_that_is_deleted_after_it_was_found(
    open_client: OpenClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer commits on a thread of its own, between two reads of one call."""
    client = open_client()
    run_id, other = post(client, labels=["x"]), post(client, labels=["x"])
    finished(client, run_id)
    finished(client, other)
    gone = run_key(run_id)
    run = Store.run
    with monkeypatch.context() as patch:
        for name, nothing in (("request", b""), ("result", None)):
            original = getattr(Store, name)
            patch.setattr(
                Store,
                name,
                lambda self, key, original=original, nothing=nothing: (
                    nothing if key == gone else original(self, key)
                ),
            )
        listed = client.get("/v1/backtests?label=x").json()
        assert [each["run_id"] for each in listed] == [other]
        for tail in ("request", "results"):  # the run is still there: its store is damaged
            check_error(client.get(f"/v1/backtests/{run_id}/{tail}"), 500, "internal_error")
            found = [run(client.store, gone), None]
            with patch.context() as deleted:
                deleted.setattr(Store, "run", lambda *_, found=found: found.pop(0))
                check_error(client.get(f"/v1/backtests/{run_id}/{tail}"), 404, "not_found")
    change_state = Store.change_state

    async def deleting(self: Store, key: bytes, *arguments: Any, **more: Any) -> Any:
        await self.delete(key)
        return await change_state(self, key, *arguments, **more)

    monkeypatch.setattr(Store, "change_state", deleting)
    check_error(client.post(f"/v1/backtests/{run_id}/cancel"), 404, "not_found")
