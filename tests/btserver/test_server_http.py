"""Every HTTP call of the contract, and every way to get it wrong."""

import json
from datetime import datetime
from typing import Any

import pytest
from conftest import Open, finished
from served import request
from starlette.testclient import TestClient

UNKNOWN = "01a203d1-1a0b-7050-ba77-e9154940e7e9"


def post(client: TestClient, **changes: Any) -> str:
    answer = client.post("/v1/backtests", json=request(**changes))
    assert answer.status_code == 201, answer.text
    run_id: str = answer.json()["run_id"]
    return run_id


def refused(answer: Any, status: int, code: str, path: str | None = None) -> dict[str, Any]:
    """The body of an error, checked for its shape."""
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
        "logs", "manifest", "fingerprint",
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
    assert results["logs"] == ["first line", "second line"]
    assert results["fingerprint"] == "abc123"


@pytest.mark.parametrize("rows", [0, 1, 499, 500, 501, 4096, 4097, 10_000])
def test_results_of_every_length_come_back_exactly(client: TestClient, rows: int) -> None:
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


def test_results_before_the_end_and_of_failed_runs(client: TestClient, tmp_path: Any) -> None:
    gate = tmp_path / "gate"
    run_id = post(client, params={"gate": str(gate)})
    refused(client.get(f"/v1/backtests/{run_id}/results"), 409, "conflict")
    queued = post(client)
    body = refused(client.get(f"/v1/backtests/{queued}/results"), 409, "conflict")
    assert "queued" in body["detail"]
    gate.touch()
    assert finished(client, run_id)["state"] == "completed"
    failed = post(client, params={"fail": "data"})
    status = finished(client, failed)
    assert (status["state"], status["error"]) == ("failed", "AAPL.csv row 3: high < low")
    body = refused(client.get(f"/v1/backtests/{failed}/results"), 409, "conflict")
    assert "high < low" in body["detail"]
    bug = post(client, params={"fail": "bug"})
    assert finished(client, bug)["error"] == "internal error: RuntimeError: a bug"


def test_the_list(open_client: Open, tmp_path: Any) -> None:
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
    ("query", "path"),
    [
        ("limit=0", "$.limit"),
        ("limit=201", "$.limit"),
        ("limit=abc", "$.limit"),
        ("limit=", "$.limit"),
        ("limit=1e1", "$.limit"),
        ("limit=-1", "$.limit"),
        ("limit=1.0", "$.limit"),
        ("limit=%D9%A1", "$.limit"),
        ("limit=" + "9" * 5000, "$.limit"),
        ("state=done", "$.state"),
        ("state=", "$.state"),
        ("state=null", "$.state"),
        ("state=Queued", "$.state"),
        ("limit=1&limit=2", "$.limit"),
        ("offset=3", "$.offset"),
        ("api_key=x", "$.api_key"),
    ],
)
def test_bad_queries(client: TestClient, query: str, path: str) -> None:
    refused(client.get(f"/v1/backtests?{query}"), 422, "validation_error", path)


BAD: list[tuple[dict[str, Any], str]] = [
    ({"initial_capital": 0}, "$.initial_capital"),
    ({"initial_capital": -1}, "$.initial_capital"),
    ({"initial_capital": 1e12 + 1}, "$.initial_capital"),
    ({"initial_capital": "1"}, "$.initial_capital"),
    ({"initial_capital": True}, "$.initial_capital"),
    ({"initial_capital": None}, "$.initial_capital"),
    ({"symbols": []}, "$.symbols"),
    ({"symbols": [f"S{n}" for n in range(101)]}, "$.symbols"),
    ({"symbols": ["AAPL", "AAPL"]}, "$.symbols"),
    ({"symbols": "AAPL"}, "$.symbols"),
    ({"symbols": [1]}, "$.symbols[0]"),
    ({"symbols": [""]}, "$.symbols[0]"),
    ({"symbols": ["AAPL\n"]}, "$.symbols[0]"),
    ({"symbols": ["AAPL\0"]}, "$.symbols[0]"),
    ({"symbols": ["../../etc/passwd"]}, "$.symbols[0]"),
    ({"symbols": ["..%2f"]}, "$.symbols[0]"),
    ({"symbols": ["A" * 33]}, "$.symbols[0]"),
    ({"symbols": ["AAPL", "NODATA"]}, "$.symbols[1]"),
    ({"timezone": "A" * 65}, "$.timezone"),
    ({"timezone": ""}, "$.timezone"),
    ({"timezone": "Mars/Olympus"}, "$.timezone"),
    ({"timezone": "../../etc/passwd"}, "$.timezone"),
    ({"timezone": "/etc/localtime"}, "$.timezone"),
    ({"currency": "usd"}, "$.currency"),
    ({"currency": "US"}, "$.currency"),
    ({"currency": "USDDOL"}, "$.currency"),
    ({"currency": "USD\n"}, "$.currency"),
    ({"strategy": {"name": "nope"}}, "$.strategy.name"),
    ({"strategy": {"name": "Buy And Hold"}}, "$.strategy.name"),
    ({"strategy": {"name": "x" * 129}}, "$.strategy.name"),
    ({"strategy": {"name": "scripted", "params": {"nope": 1}}}, "$.strategy.params.nope"),
    ({"strategy": {"name": "scripted", "params": {"steps": "3"}}}, "$.strategy.params.steps"),
    ({"strategy": {"name": "scripted", "params": {"steps": -1}}}, "$.strategy.params.steps"),
    ({"strategy": {"name": "scripted", "params": []}}, "$.strategy.params"),
    ({"strategy": {"nam": "scripted"}}, "$.strategy.nam"),
    ({"strategy": "scripted"}, "$.strategy"),
    ({"resolution": "week"}, "$.resolution"),
    ({"execution": {"slippage_bps": -1}}, "$.execution.slippage_bps"),
    ({"execution": {"latency_ms": 1e9}}, "$.execution.latency_ms"),
    ({"execution": {"nope": 1}}, "$.execution.nope"),
    ({"execution": {"commission_min": 2, "commission_max": 1}}, "$.execution"),
    ({"instruments": {"MSFT": {}}}, "$.instruments"),
    ({"start_date": "2024-06-01"}, "$.end_date"),
    ({"start_date": "2024-07-01"}, "$.end_date"),
    ({"start_date": "yesterday"}, "$.start_date"),
    ({"start_date": "2024-02-30"}, "$.start_date"),
    ({"start_date": 20240101}, "$.start_date"),
    ({"start_date": None}, "$.start_date"),
    ({"end_date": "2024-13-01"}, "$.end_date"),
    ({"surprise": 1}, "$.surprise"),
]


@pytest.mark.parametrize(("change", "path"), BAD, ids=[json.dumps(c)[:60] for c, _ in BAD])
def test_bad_requests(client: TestClient, change: dict[str, Any], path: str) -> None:
    before = len(client.get("/v1/backtests?limit=200").json())
    answer = client.post("/v1/backtests", json=request(**change))
    refused(answer, 422, "validation_error", path)
    assert len(client.get("/v1/backtests?limit=200").json()) == before


def test_a_symbol_without_data_is_told_what_there_is(client: TestClient) -> None:
    body = refused(client.post("/v1/backtests", json=request(symbols=["NODATA"])), 422, "validation_error")
    assert "AAPL, MSFT" in body["detail"]


def test_missing_fields(client: TestClient) -> None:
    for name in ("symbols", "start_date", "end_date"):
        body = request()
        del body[name]
        refused(client.post("/v1/backtests", json=body), 422, "validation_error", f"$.{name}")
    for whole in ([], "x", 3):
        refused(client.post("/v1/backtests", json=whole), 422, "validation_error")


JSON = {"content-type": "application/json"}
GOOD = json.dumps(request())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nope",
        GOOD.encode() + b"x",
        GOOD.encode("utf-16"),
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.replace("AAPL", "\xff").encode("latin-1"),
        GOOD.replace('"AAPL"', "NaN").encode(),
        GOOD.replace('"AAPL"', "Infinity").encode(),
        (GOOD[:-1] + ', "initial_capital": NaN}').encode(),
        (GOOD[:-1] + ', "initial_capital": Infinity}').encode(),
        (GOOD[:-1] + ', "initial_capital": -Infinity}').encode(),
        (GOOD[:-1] + ', "strategy": {"params": {"a": ' + "[" * 100_000 + "}}}").encode(),
        (GOOD[:-1] + ', "strategy": {"params": {"a": ' + "[" * 5000 + "]" * 5000 + "}}}").encode(),
        GOOD.replace("AAPL", "\\ud800").encode(),
    ],
)
def test_what_is_no_json(client: TestClient, body: bytes) -> None:
    answer = client.post("/v1/backtests", content=body, headers=JSON)
    refused(answer, 400, "validation_error")


@pytest.mark.parametrize("number", ["1e400", "1e999999", "9" * 5000, "-0.0", "1e-400"])
def test_numbers_beyond_reason(client: TestClient, number: str) -> None:
    body = GOOD[:-1] + f', "initial_capital": {number}}}'
    answer = client.post("/v1/backtests", content=body, headers=JSON)
    assert answer.status_code in (400, 422), answer.text
    refused(answer, answer.status_code, "validation_error")


@pytest.mark.parametrize(
    "media_type", ["text/plain", "", "application/x-www-form-urlencoded", "application/jsonx", "json"]
)
def test_other_content_types(client: TestClient, media_type: str) -> None:
    answer = client.post("/v1/backtests", content=GOOD, headers={"content-type": media_type})
    refused(answer, 415, "validation_error")


def test_content_types_that_are_json(client: TestClient) -> None:
    for media_type in ("application/json; charset=utf-8", "Application/JSON", "application/json ;x=y"):
        answer = client.post("/v1/backtests", content=GOOD, headers={"content-type": media_type})
        assert answer.status_code == 201


def test_bodies_too_large(client: TestClient) -> None:
    large = b" " * (10 * 2**20)
    refused(client.post("/v1/backtests", content=large, headers=JSON), 413, "request_too_large")
    pieces = (b" " * 2**16 for _ in range(160))
    refused(client.post("/v1/backtests", content=pieces, headers=JSON), 413, "request_too_large")
    fits = GOOD.encode() + b" " * (2**20 - len(GOOD))
    assert client.post("/v1/backtests", content=fits, headers=JSON).status_code == 201
    refused(client.post("/v1/backtests", content=fits + b" ", headers=JSON), 413, "request_too_large")


@pytest.mark.parametrize(
    "run_id", [UNKNOWN, "nope", UNKNOWN.upper(), UNKNOWN + "%0A", "%00", "..", "x" * 9000, "%F0%9F%98%80"]
)
@pytest.mark.parametrize("tail", ["", "/results"])
@pytest.mark.parametrize("prefix", ["/v1", ""])
def test_unknown_runs(client: TestClient, run_id: str, tail: str, prefix: str) -> None:
    if run_id == "..":
        return  # clients resolve it
    body = refused(client.get(f"{prefix}/backtests/{run_id}{tail}"), 404, "not_found")
    assert len(body["detail"]) < 500


@pytest.mark.parametrize(
    "path", ["/", "/v2/backtests", "/v1", "/v1/backtests/", f"/v1/backtests/{UNKNOWN}/nope"]
)
def test_unknown_paths(client: TestClient, path: str) -> None:
    refused(client.get(path), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/v1/backtests", {"GET", "HEAD", "POST"}),
        ("PUT", "/backtests", {"GET", "HEAD", "POST"}),
        ("POST", f"/v1/backtests/{UNKNOWN}", {"GET", "HEAD"}),
        ("POST", f"/v1/backtests/{UNKNOWN}/results", {"GET", "HEAD"}),
        ("POST", "/healthz", {"GET", "HEAD"}),
        ("OPTIONS", "/openapi.json", {"GET", "HEAD"}),
    ],
)
def test_other_methods(client: TestClient, method: str, path: str, allow: set[str]) -> None:
    answer = client.request(method, path)
    refused(answer, 405, "validation_error")
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


def test_bugs_are_500_without_their_insides(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    import fake_engine

    def broken(*_: object) -> None:
        raise RuntimeError("secret path /etc/shadow")

    monkeypatch.setattr(fake_engine, "check_request", broken)
    answer = client.post("/v1/backtests", json=request())
    refused(answer, 500, "internal_error")
    assert "secret" not in answer.text


def test_open_pages(open_client: Open) -> None:
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


KEYS = ("k1", "ключ")
CALLS = [
    ("POST", "/v1/backtests"),
    ("GET", "/v1/backtests"),
    ("GET", f"/v1/backtests/{UNKNOWN}"),
    ("GET", f"/backtests/{UNKNOWN}/results"),
]


@pytest.fixture(scope="module")
def locked(open_client: Open) -> TestClient:
    return open_client(keys=KEYS)


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-api-key": "wrong"},
        {"x-api-key": ""},
        {"x-api-key": "k1x"},
        {"x-api-key": "K1"},
        {"x-api-key": "x" * 10_000},
        {"x-api-key": "ключ ".encode() + b"x"},
        {"authorization": "Bearer wrong"},
        {"authorization": "Bearer"},
        {"authorization": "k1"},
        {"authorization": "Basic k1"},
        {"authorization": "Bearer k1", "x-api-key": "wrong"},
        {"authorization": "Bearer wrong", "x-api-key": "k1"},
    ],
)
def test_wrong_keys(locked: TestClient, method: str, path: str, headers: dict[str, Any]) -> None:
    answer = locked.request(method, path, headers=headers, json=request() if method == "POST" else None)
    refused(answer, 401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "k1" not in answer.text


def test_keys_in_the_query_are_for_streams_alone(locked: TestClient) -> None:
    refused(locked.get("/v1/backtests?api_key=k1"), 401, "unauthorized")


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer k1"},
        {"authorization": "bearer k1"},
        {"x-api-key": "k1"},
        {"x-api-key": "ключ".encode()},
        {"x-api-key": "k1", "authorization": "Bearer k1"},
    ],
)
def test_right_keys(locked: TestClient, headers: dict[str, Any]) -> None:
    answer = locked.post("/v1/backtests", json=request(), headers=headers)
    assert answer.status_code == 201
    assert finished(locked, answer.json()["run_id"], **headers)["state"] == "completed"
