"""API keys: which calls need one, and where it may be."""

from typing import Any

import pytest
from server_process import UNKNOWN, OpenClient, check_error, finished, request
from starlette.testclient import TestClient

KEYS = ("k1", "ключ")
CALLS = [
    ("POST", "/v1/backtests"),
    ("GET", "/v1/backtests"),
    ("GET", f"/v1/backtests/{UNKNOWN}"),
    ("GET", f"/backtests/{UNKNOWN}/results"),
]


@pytest.fixture(scope="module")
def locked(open_client: OpenClient) -> TestClient:
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
    check_error(answer, 401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "k1" not in answer.text


def test_keys_in_the_query_are_for_streams_only(locked: TestClient) -> None:
    check_error(locked.get("/v1/backtests?api_key=k1"), 401, "unauthorized")


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer k1"},
        {"authorization": "bearer k1"},
        {"x-api-key": "k1"},
        {"x-api-key": "ключ".encode()},
        {"x-api-key": "k1", "authorization": "Bearer k1"},
        {"x-api-key": "k1", "authorization": "Basic dXNlcjpwYXNz"},  # of a proxy
    ],
)
def test_valid_keys(locked: TestClient, headers: dict[str, Any]) -> None:
    answer = locked.post("/v1/backtests", json=request(), headers=headers)
    assert answer.status_code == 201
    assert finished(locked, answer.json()["run_id"], **headers)["state"] == "completed"
