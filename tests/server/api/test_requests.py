"""Invalid requests: the status, and the path of the fault in the response."""

import json
from itertools import product
from string import ascii_uppercase
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from server_process import check_error, post, request, wait_until
from starlette.testclient import TestClient


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
        ("created_from=2024", "$.created_from"),
        ("created_to=1700000000", "$.created_to"),
        ("created_from=2024-01-01", "$.created_from"),
        ("created_from=2024-01-01T00:00:00", "$.created_from"),
        ("api_key=x", "$.api_key"),
    ],
)
def test_bad_queries(client: TestClient, query: str, path: str) -> None:
    check_error(client.get(f"/v1/backtests?{query}"), 422, "validation_error", path)


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00Z", "1900-01-01T00:00:00Z", "9999-12-31T00:00:00Z"])
def test_times_that_no_run_can_have(client: TestClient, time: str) -> None:
    run_id = post(client)
    for name in ("created_from", "created_to"):
        answer = client.get(f"/v1/backtests?{name}={time}")
        assert answer.status_code == 200
        is_after = time.startswith("9999")
        assert (run_id in {run["run_id"] for run in answer.json()}) == (is_after == (name == "created_to"))


@pytest.mark.parametrize("points", ["3", "1000001", "1e3", "5.0", "%2B5", "", "true"])
def test_points_are_a_whole_number_in_digits(client: TestClient, points: str) -> None:
    path = f"/v1/backtests/{post(client)}/results"
    wait_until(lambda: client.get(path).status_code == 200, "the results")
    body = check_error(client.get(f"{path}?points={points}"), 422, "validation_error", "$.points")
    assert "between 4 and 1000000" in body["detail"]


def test_headers_in_several_lines(client: TestClient) -> None:
    path = f"/v1/backtests/{post(client)}/results"
    wait_until(lambda: client.get(path).status_code == 200, "the results")
    lines = [("Accept", "text/html"), ("Accept", "application/msgpack")]
    assert client.get(path, headers=lines).headers["content-type"] == "application/msgpack"
    keys = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    answer = client.post("/v1/backtests", json=request(), headers=keys)
    assert "given more than once" in check_error(answer, 422, "validation_error")["detail"]


WRITTEN: list[dict[str, Any]] = [
    {"execution": None},
    {"execution": {"slippage_bps": None, "seed": None, "latency_ms": None, "maker_bps": None}},
    {"execution": {"seed": 0.0}},
    {"instruments": None, "strategy": None, "fx": None, "labels": None, "timezone": None},
    {"instruments": {}, "strategy": {"name": None, "params": None}},
]


@pytest.mark.parametrize("written", WRITTEN, ids=json.dumps)
def test_null_is_not_given_and_a_whole_float_is_an_integer(
    client: TestClient, written: dict[str, Any]
) -> None:
    expected = client.get(f"/v1/backtests/{post(client)}/request").json()
    assert client.get(f"/v1/backtests/{post(client, **written)}/request").json() == expected


BAD: list[tuple[dict[str, Any], str]] = [
    ({"initial_capital": 0}, "$.initial_capital"),
    ({"initial_capital": -1}, "$.initial_capital"),
    ({"initial_capital": 1e12 + 1}, "$.initial_capital"),
    ({"initial_capital": "1"}, "$.initial_capital"),
    ({"initial_capital": True}, "$.initial_capital"),
    ({"initial_capital": None}, "$.initial_capital"),
    ({"execution": {"seed": 0.5}}, "$.execution.seed"),
    ({"execution": {"seed": 1e300}}, "$.execution.seed"),
    ({"execution": {"seed": None, "leverage": None, "commission_bps": "x"}}, "$.execution.commission_bps"),
    ({"execution": {"nope": None}}, "$.execution.nope"),
    ({"fx": {"EUR": None}}, "$.fx['EUR']"),
    ({"symbols": None}, "$.symbols"),
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
    ({"resolution": "0min"}, "$.resolution"),
    ({"resolution": "5 min"}, "$.resolution"),
    ({"resolution": "5min\n"}, "$.resolution"),
    ({"resolution": 5}, "$.resolution"),
    ({"execution": {"slippage_bps": -1}}, "$.execution.slippage_bps"),
    ({"execution": {"latency_ms": 1e9}}, "$.execution.latency_ms"),
    ({"execution": {"nope": 1}}, "$.execution.nope"),
    ({"execution": {"commission_min": 2, "commission_max": 1}}, "$.execution.commission_min"),
    ({"instruments": {"MSFT": {}}}, "$.instruments"),
    ({"instruments": {f"S{i}": {} for i in range(101)}}, "$.instruments"),
    ({"instruments": {"AAPL": {"tick_size": -1}}}, "$.instruments['AAPL'].tick_size"),
    ({"instruments": {"AAPL": {"nope": 1}}}, "$.instruments['AAPL'].nope"),
    ({"instruments": {"AAPL": {"splits": [["2024-01-03", -2]]}}}, "$.instruments['AAPL'].splits[0]"),
    ({"instruments": {"AAPL": {}, "it's": 3}}, '$.instruments["it\'s"]'),
    ({"instruments": {"x" * 100: 3}}, f"$.instruments['{'x' * 56}...]"),
    ({"fx": {"EUR": 0}}, "$.fx['EUR']"),
    ({"fx": {"GBP": 1.2, "EUR": 0, "CHF": 0}}, "$.fx['EUR']"),
    ({"fx": {"GBP": 1, "eur": 1}}, "$.fx['eur']"),
    ({"fx": {"GBP": 0.0} | {f"X{chr(65 + n)}A": 1.0 for n in range(26)}}, "$.fx['GBP']"),
    ({"fx": {f"X{chr(65 + n)}A": 1.0 for n in range(26)} | {"GBP": "1"}}, "$.fx['GBP']"),
    ({"fx": {"EUR": [["2024-01-01", 1.0], ["", 1.0]]}}, "$.fx['EUR'][1][0]"),
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
    check_error(answer, 422, "validation_error", path)
    assert len(client.get("/v1/backtests?limit=200").json()) == before


def test_the_text_of_an_error_is_that_of_the_library(client: TestClient) -> None:
    body = check_error(client.post("/v1/backtests", json=request(fx={"EUR": 0})), 422, "validation_error")
    assert body["error"]["details"] == [{"path": "$.fx['EUR']", "message": "0 is not above 0"}]


@pytest.mark.parametrize("end", [', "fx": {"EUR": 0, "EUR": 1}}', ', "fx": {"EUR": 0}, nonsense'])
def test_a_key_that_cannot_be_found(client: TestClient, end: str) -> None:
    """It is given twice, with a valid last value; or the JSON is invalid after it."""
    answer = client.post("/v1/backtests", content=GOOD[:-1] + end, headers=JSON)
    body = check_error(answer, 422, "validation_error", "$.fx[...]")
    assert body["error"]["details"][0]["message"] == "Expected `float` > 0.0"


def test_the_search_is_bounded_behind_a_null_too(client: TestClient) -> None:
    fx = {"".join(letters): 1.0 for letters in product(ascii_uppercase, repeat=3)} | {"ZZZ": -1.0}
    answer = client.post("/v1/backtests", json=request(execution={"seed": None}, fx=fx))
    check_error(answer, 422, "validation_error", "$.fx[...]")


@pytest.mark.parametrize(("count", "path"), [(99, "['last']"), (1000, "[...]")])
def test_the_search_for_a_key_is_bounded(client: TestClient, count: int, path: str) -> None:
    instruments: dict[str, Any] = {f"S{n}": {} for n in range(count)}
    answer = client.post("/v1/backtests", json=request(instruments=instruments | {"last": 1}))
    check_error(answer, 422, "validation_error", f"$.instruments{path}")


@pytest.mark.parametrize("opening", ["[", '{"a":'])
@pytest.mark.parametrize("depth", [65, 500, 1000, 5000, 100_000])
def test_nesting_is_limited_to_64_levels(client: TestClient, opening: str, depth: int) -> None:
    """On every version of Python. The request itself takes three levels."""
    nested = opening * (depth - 3) + "1" + ("]" if opening == "[" else "}") * (depth - 3)
    body = GOOD[:-1] + f', "strategy": {{"params": {{"steps": {nested}}}}}}}'
    answer = client.post("/v1/backtests", content=body, headers=JSON)
    detail = check_error(answer, 400, "validation_error")["detail"]
    assert detail == "the body is not valid JSON: nested more than 64 levels deep"


@pytest.mark.parametrize(
    "text", ["[" * 100, '\\"' + "[" * 100, "\\\\", '{"a":' * 100, '\\\\\\"' + "{[" * 100]
)
def test_nesting_as_deep_as_allowed_and_brackets_in_text(client: TestClient, text: str) -> None:
    nested = "[" * 61 + json.dumps(text) + "]" * 61
    body = GOOD[:-1] + f', "strategy": {{"params": {{"steps": {nested}}}}}}}'
    answer = client.post("/v1/backtests", content=body, headers=JSON)
    assert answer.status_code in (201, 422), answer.text
    assert "nested" not in answer.text


def test_an_unknown_symbol_lists_the_known_ones(client: TestClient) -> None:
    body = check_error(
        client.post("/v1/backtests", json=request(symbols=["NODATA"])), 422, "validation_error"
    )
    assert "AAPL, MSFT" in body["detail"]


def test_missing_fields(client: TestClient) -> None:
    for name in ("symbols", "start_date", "end_date"):
        body = request()
        del body[name]
        check_error(client.post("/v1/backtests", json=body), 422, "validation_error", f"$.{name}")
    for whole in ([], "x", 3):
        check_error(client.post("/v1/backtests", json=whole), 422, "validation_error")


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
        (GOOD[:-1] + ', "strategy": {"params": {"a": ' + "[" * 100_000 + "}}}").encode(),
        (GOOD[:-1] + ', "strategy": {"params": {"a": ' + "[" * 5000 + "]" * 5000 + "}}}").encode(),
        GOOD.replace("AAPL", "\\ud800").encode(),
    ],
)
def test_invalid_json(client: TestClient, body: bytes) -> None:
    answer = client.post("/v1/backtests", content=body, headers=JSON)
    check_error(answer, 400, "validation_error")


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (GOOD.replace('"AAPL"', "NaN"), "$.symbols[0]"),
        (GOOD[:-1] + ', "initial_capital": NaN}', "$.initial_capital"),
        (GOOD[:-1] + ', "initial_capital": -Infinity}', "$.initial_capital"),
        (GOOD[:-1] + ', "fx": {"EUR": Infinity}}', "$.fx['EUR']"),
        (GOOD[:-1] + ', "strategy": {"params": {"pause": NaN}}}', "$.strategy.params['pause']"),
    ],
)
def test_numbers_that_are_not_finite_name_their_path(client: TestClient, body: str, path: str) -> None:
    """Python's `json` writes NaN and Infinity, which JSON does not have."""
    answer = client.post("/v1/backtests", content=body, headers=JSON)
    check_error(answer, 422, "validation_error", path)


@pytest.mark.parametrize("number", ["1e400", "1e999999", "9" * 5000, "-0.0", "1e-400"])
def test_extreme_numbers(client: TestClient, number: str) -> None:
    body = GOOD[:-1] + f', "initial_capital": {number}}}'
    answer = client.post("/v1/backtests", content=body, headers=JSON)
    assert answer.status_code in (400, 422), answer.text
    check_error(answer, answer.status_code, "validation_error")


@pytest.mark.parametrize(
    "media_type", ["text/plain", "", "application/x-www-form-urlencoded", "application/jsonx", "json"]
)
def test_other_content_types(client: TestClient, media_type: str) -> None:
    answer = client.post("/v1/backtests", content=GOOD, headers={"content-type": media_type})
    check_error(answer, 415, "validation_error")


def test_json_content_types(client: TestClient) -> None:
    for media_type in ("application/json; charset=utf-8", "Application/JSON", "application/json ;x=y"):
        answer = client.post("/v1/backtests", content=GOOD, headers={"content-type": media_type})
        assert answer.status_code == 201


def test_bodies_too_large(client: TestClient) -> None:
    large = b" " * (10 * 2**20)
    check_error(client.post("/v1/backtests", content=large, headers=JSON), 413, "request_too_large")
    pieces = (b" " * 2**16 for _ in range(160))
    check_error(client.post("/v1/backtests", content=pieces, headers=JSON), 413, "request_too_large")
    fits = GOOD.encode() + b" " * (2**20 - len(GOOD))
    assert client.post("/v1/backtests", content=fits, headers=JSON).status_code == 201
    check_error(client.post("/v1/backtests", content=fits + b" ", headers=JSON), 413, "request_too_large")


TEXT = st.binary(max_size=200) | st.text(max_size=200).map(str.encode)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    ["symbols", "start_date", "end_date", "resolution", "strategy", "execution", "instruments",
     "initial_capital", "currency", "timezone", "mark_every", "surprise"]
)  # fmt: skip


@settings(max_examples=200, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    body=TEXT | st.dictionaries(FIELDS, VALUES, max_size=4).map(lambda d: json.dumps(request() | d).encode())
)
def test_any_body_gives_a_run_or_an_error_body(client: TestClient, body: bytes) -> None:
    answer = client.post("/v1/backtests", content=body, headers=JSON)
    if answer.status_code != 201:
        assert answer.status_code in (400, 422), (body, answer.text)
        check_error(answer, answer.status_code, "validation_error")


@settings(max_examples=200, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    query=st.dictionaries(
        st.sampled_from(["state", "limit", "x"]) | st.text(max_size=5), st.text(max_size=10)
    )
)
def test_any_query_of_the_list_gives_runs_or_an_error_body(client: TestClient, query: dict[str, str]) -> None:
    answer = client.get("/v1/backtests", params=query)
    if answer.status_code != 200:
        check_error(answer, 422, "validation_error")
