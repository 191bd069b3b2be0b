"""Every call with every kind of credential, on a server with keys and on one without."""

from typing import Any

import pytest
from server_process import UNKNOWN, OpenClient, check_error, request
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

KEY = "k1"
OPEN = {"/healthz", "/readyz", "/metrics", "/openapi.json", "/docs"}
VALID: list[dict[str, str]] = [
    {"authorization": f"Bearer {KEY}"},
    {"x-api-key": KEY},
    {"x-api-key": KEY, "authorization": "Basic dXNlcjpwYXNz"},
]
INVALID: list[dict[str, str]] = [
    {},
    {"x-api-key": "wrong"},
    {"authorization": "Bearer wrong"},
    {"authorization": "Basic dXNlcjpwYXNz"},
    {"authorization": f"Basic {KEY}"},
    {"authorization": f"Bearer {KEY}", "x-api-key": "wrong"},
]


@pytest.fixture(scope="module")
def locked(open_client: OpenClient) -> TestClient:
    return open_client(keys=(KEY,))


def calls(client: TestClient) -> list[tuple[str, str]]:
    """Method and path of every call, in both spellings, besides the stream."""
    paths = client.get("/openapi.json").json()["paths"]
    found = [(method.upper(), path) for path, methods in paths.items() for method in methods]
    found += [("GET", "/openapi.json"), ("GET", "/docs")]
    found = [(method, path) for method, path in found if not path.endswith("/stream")]
    return found + [(method, path.removeprefix("/v1")) for method, path in found if path.startswith("/v1")]


def send(client: TestClient, method: str, path: str, headers: dict[str, str]) -> Any:
    for name in ("{run_id}", "{optimization_id}"):
        path = path.replace(name, UNKNOWN)
    path = path.replace("{symbol}", "AAPL")
    body = request() if method == "POST" and path.endswith("/backtests") else None
    if method == "POST" and path.endswith("/optimizations"):
        body = {}
    return client.request(method, path, headers=headers, json=body)


def check_allowed(method: str, path: str, answer: Any) -> None:
    allowed = {200, 201, 204, 404} | ({503} if path.endswith("/readyz") else set())  # 503: no worker yet
    if method == "POST" and path.endswith("/optimizations"):
        allowed = {422}  # the fake engine plays none; the body is looked at after the key
    assert answer.status_code in allowed, (method, path, answer.text)


@pytest.mark.parametrize("headers", VALID + INVALID, ids=str)
def test_every_call_of_a_server_with_keys(locked: TestClient, headers: dict[str, str]) -> None:
    assert len(calls(locked)) > 20
    for method, path in calls(locked):
        answer = send(locked, method, path, headers)
        if headers in INVALID and path not in OPEN:
            check_error(answer, 401, "unauthorized")
        else:
            check_allowed(method, path, answer)


@pytest.mark.parametrize("headers", VALID + INVALID, ids=str)
def test_every_call_of_a_server_without_keys(client: TestClient, headers: dict[str, str]) -> None:
    for method, path in calls(client):
        answer = send(client, method, path, headers)
        check_allowed(method, path, answer)


def reason_of(client: TestClient, path: str, headers: dict[str, str]) -> str:
    """Why a stream of an unknown run is closed."""
    with (
        client.websocket_connect(f"ws://localhost{path}", headers=headers) as stream,
        pytest.raises(WebSocketDisconnect) as closed,
    ):
        stream.receive_text()
    assert closed.value.code == 1008
    return str(closed.value.reason)


@pytest.mark.parametrize("prefix", ["/v1", ""])
@pytest.mark.parametrize("headers", VALID + INVALID, ids=str)
def test_the_stream(locked: TestClient, client: TestClient, prefix: str, headers: dict[str, str]) -> None:
    for kind, unknown in (("backtests", "unknown run id"), ("optimizations", "unknown optimization id")):
        path = f"{prefix}/{kind}/{UNKNOWN}/stream"
        expected = "unauthorized" if headers in INVALID else unknown
        assert reason_of(locked, path, headers).startswith(expected)
        assert reason_of(client, path, headers) == unknown


def test_the_key_of_a_stream_in_its_query(locked: TestClient) -> None:
    path = f"/v1/backtests/{UNKNOWN}/stream"
    assert reason_of(locked, f"{path}?api_key={KEY}", {}) == "unknown run id"
    assert reason_of(locked, f"{path}?api_key=wrong", {}).startswith("unauthorized")
    assert reason_of(locked, f"{path}?api_key=wrong", {"x-api-key": KEY}).startswith("unauthorized")
