"""The OpenAPI document is consistent, and agrees with the routes and the responses."""

from collections.abc import Iterator
from typing import Any

import pytest
from server_process import finished, request
from starlette.testclient import TestClient

import btcore as bt


@pytest.fixture(scope="module")
def document(client: TestClient) -> dict[str, Any]:
    described: dict[str, Any] = client.get("/openapi.json").json()
    return described


IDS = ("run_id", "optimization_id", "symbol")


def references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            elif key == "mapping":
                yield from value.values()
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def resolve(document: dict[str, Any], reference: str) -> Any:
    node: Any = document
    for part in reference.removeprefix("#/").split("/"):
        node = node[part]
    return node


def test_every_reference_resolves(document: dict[str, Any]) -> None:
    found = set(references(document))
    assert len(found) > 10
    for reference in found:
        assert resolve(document, reference)["type"] == "object"
    used = {reference.rpartition("/")[2] for reference in found}
    assert set(document["components"]["schemas"]) == used


def test_every_call_is_listed(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    listed = {(method, path) for path, calls in document["paths"].items() for method in calls}
    one, search = "/v1/backtests/{run_id}", "/v1/optimizations/{optimization_id}"
    assert listed == {
        ("post", "/v1/backtests"),
        ("get", "/v1/backtests"),
        ("get", one),
        ("get", f"{one}/results"),
        ("get", f"{one}/request"),
        ("post", f"{one}/cancel"),
        ("delete", one),
        ("post", "/v1/optimizations"),
        ("get", "/v1/optimizations"),
        ("get", search),
        ("get", f"{search}/results"),
        ("get", f"{search}/request"),
        ("post", f"{search}/cancel"),
        ("post", f"{search}/resume"),
        ("delete", search),
        ("get", f"{search}/stream"),
        ("get", "/v1/strategies"),
        ("get", "/v1/symbols"),
        ("get", "/v1/data/{symbol}"),
        ("get", f"{one}/stream"),
        ("get", "/healthz"),
        ("get", "/readyz"),
        ("get", "/metrics"),
    }
    names = [call["operationId"] for calls in document["paths"].values() for call in calls.values()]
    assert len(set(names)) == len(names)


def test_every_operation_is_complete(document: dict[str, Any]) -> None:
    for path, calls in document["paths"].items():
        for call in calls.values():
            declared = {p["name"] for p in call.get("parameters", ()) if p["in"] == "path"}
            assert declared == {name for name in IDS if f"{{{name}}}" in path}
            assert all(set(p) >= {"name", "in", "schema"} for p in call.get("parameters", ()))
            for used in call["security"]:
                assert set(used) <= set(document["components"]["securitySchemes"])
            assert all(answer["description"] for answer in call["responses"].values())
    listing = document["paths"]["/v1/backtests"]["get"]["parameters"]
    assert {p["name"] for p in listing} == {
        "state",
        "limit",
        "after",
        "strategy",
        "symbol",
        "label",
        "created_from",
        "created_to",
    }
    create = document["paths"]["/v1/backtests"]["post"]
    assert set(create["responses"]) == {"200", "201", "400", "401", "409", "413", "415", "422", "429", "507"}


def test_the_request_schema_is_that_of_the_library(document: dict[str, Any]) -> None:
    schema = document["components"]["schemas"]["RunRequest"]
    assert set(schema["required"]) == {"symbols", "start_date", "end_date"}
    assert schema["additionalProperties"] is False
    assert schema["properties"]["symbols"]["maxItems"] == 100
    assert schema["properties"]["instruments"]["maxProperties"] == 100
    assert schema["properties"]["initial_capital"]["exclusiveMinimum"] == 0


def test_events_are_distinguished_by_type(document: dict[str, Any]) -> None:
    message = document["paths"]["/v1/backtests/{run_id}/stream"]["get"]["x-websocket-message"]
    assert set(message["discriminator"]["mapping"]) == {"log", "progress", "metric", "state"}


def check(document: dict[str, Any], schema: dict[str, Any], value: Any) -> None:
    """Checks the part of JSON Schema that the responses need."""
    if "$ref" in schema:
        check(document, resolve(document, schema["$ref"]), value)
    elif "anyOf" in schema:
        kinds = [option.get("type") for option in schema["anyOf"]]
        assert (value is None) == ("null" in kinds and value is None)
    elif schema.get("type") == "object" and "properties" in schema:
        assert set(schema["required"]) <= set(value)
        for name, part in schema["properties"].items():
            if name in value:
                check(document, part, value[name])
    elif schema.get("type") == "array":
        for item in value:
            check(document, schema["items"], item)
    elif "type" in schema:
        kinds = {"string": str, "number": (int, float), "integer": int, "object": dict, "boolean": bool}
        assert isinstance(value, kinds[schema["type"]]), (schema, value)
    if "enum" in schema:
        assert value in schema["enum"]


def test_responses_match_their_schemas(client: TestClient, document: dict[str, Any]) -> None:
    def schema(path: str, method: str, status: str) -> dict[str, Any]:
        answer = document["paths"][path][method]["responses"][status]
        found: dict[str, Any] = answer["content"]["application/json"]["schema"]
        return found

    one = "/v1/backtests/{run_id}"
    created = client.post("/v1/backtests", json=request()).json()
    check(document, schema("/v1/backtests", "post", "201"), created)
    run_id = created["run_id"]
    finished(client, run_id)
    check(document, schema(one, "get", "200"), client.get(f"/v1/backtests/{run_id}").json())
    check(document, schema("/v1/backtests", "get", "200"), client.get("/v1/backtests").json())
    results = client.get(f"/v1/backtests/{run_id}/results").json()
    check(document, schema(f"{one}/results", "get", "200"), results)
    check(document, schema(one, "get", "404"), client.get("/v1/backtests/x").json())
    check(document, schema("/v1/backtests", "post", "422"), client.post("/v1/backtests", json={}).json())


def test_the_page_has_no_external_resources(client: TestClient) -> None:
    answer = client.get("/docs")
    assert answer.headers["content-type"].startswith("text/html")
    page = answer.text
    for name in ("RunRequest", "StateEvent", "POST /v1/backtests", "/stream", "ErrorBody"):
        assert name in page
    for outside in ("http://", "https://", "src=", "<script", "@import"):
        assert outside not in page


def test_the_rows_of_every_table_are_declared(document: dict[str, Any]) -> None:
    bars = bt.sample_bars("AAPL", "2024-01-01", "2024-06-01")
    tables = bt.run({"AAPL": bars}, "ma_crossover", benchmark="AAPL").tables()
    declared = document["components"]["schemas"]["Results"]["properties"]
    for name, rows in tables.items():
        schema = resolve(document, declared[name]["items"]["$ref"])
        assert set(schema["properties"]) == set(rows.dtype.names), name
