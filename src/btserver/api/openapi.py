"""The OpenAPI 3.1 document, generated from the structs and the route table, and its HTML page."""

from collections.abc import Sequence
from html import escape
from typing import Any

import msgspec

from btserver.errors import STATUS, ErrorBody
from btserver.run_id import RUN_ID_PATTERN
from btserver.schemas import Event

from .endpoint import PREFIX, Endpoint

_REF = "#/components/schemas/{name}"
_ABOUT = (
    "Backtests and optimizations over HTTP, their events over WebSocket. Paths that start with /v1 also work "
    "without it. Every error has the body ErrorBody."
)
_STREAM = (
    "A WebSocket. Sends every event after `last_event_id` once and in order, then live events, one JSON text "
    "per message, and closes with 1000 after the event of a terminal state. For a wrong key, an unknown id "
    "or event id, the connection is accepted and closed with 1008 and a reason; 1011 means that "
    "what is stored is damaged, 1013 that the client read too slowly or that there are too many streams."
)


def document(endpoints: Sequence[Endpoint], version: str, *, has_keys: bool) -> dict[str, Any]:
    """The OpenAPI document of a server of that version, with or without API keys."""
    types = [kind for e in endpoints for kind in (e.takes, e.gives, e.query) if kind is not None]
    schemas, components = msgspec.json.schema_components([*types, ErrorBody, Event], ref_template=_REF)
    schema_of = {repr(kind): schema for kind, schema in zip([*types, ErrorBody, Event], schemas, strict=True)}
    security = _SECURITY if has_keys else []
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        operation = _operation(endpoint, schema_of, components)
        operation["security"] = [] if endpoint.is_open else security
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = operation
    for path, noun, name, parameter in (
        ("backtests/{run_id}", "a backtest", "stream", _RUN_ID),
        ("optimizations/{optimization_id}", "an optimization", "optimization_stream", _OPTIMIZATION_ID),
    ):
        stream = _stream(schema_of[repr(Event)], noun, name, parameter)
        stream["security"] = [*security, {"query": []}] if has_keys else []
        paths[f"{PREFIX}/{path}/stream"] = {"get": stream}
    for endpoint in endpoints:
        if endpoint.query is not None:
            components.pop(endpoint.query.__name__, None)  # its fields are query parameters
    described = {
        "openapi": "3.1.0",
        "info": {"title": "btserver", "version": version, "description": _ABOUT},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                "query": {"type": "apiKey", "in": "query", "name": "api_key"},
            },
        },
    }
    plain: dict[str, Any] = _plain(described)
    return plain


def _plain(node: Any) -> Any:
    """The document without what generators of clients do not read.

    Objects without properties say that they are open, and arrays of anything have empty `items`; a tuple has
    no `items` beside `prefixItems`.
    """
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    plain = {name: _plain(item) for name, item in node.items()}
    if "prefixItems" in plain and plain.get("items") is False:
        del plain["items"]
    if plain.get("type") == "array" and "prefixItems" not in plain:
        plain.setdefault("items", {})
    if plain.get("type") == "object" and "properties" not in plain:
        plain.setdefault("additionalProperties", True)
    return plain


def _operation(endpoint: Endpoint, schema_of: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": "Success"}
    if endpoint.gives is not None:
        answer["content"] = _content(schema_of[repr(endpoint.gives)])
        binary = {"type": "string", "format": "binary"}
        answer["content"] |= {kind: {"schema": binary} for kind in endpoint.media_types[1:]}
    responses = {str(endpoint.status): answer}
    parameters = [_PATH[name] for name in _PATH if f"{{{name}}}" in endpoint.path]
    if endpoint.status == 201:
        answer["headers"] = {"Location": {"schema": {"type": "string"}, "description": "The new job."}}
        if endpoint.query is not None:
            responses["200"] = answer | {"description": "With `reuse`: a completed run of the same inputs"}
        parameters.append(_IDEMPOTENCY_KEY)
    if endpoint.query is not None:
        properties = components[endpoint.query.__name__]["properties"]
        parameters += [_query_parameter(name, schema) for name, schema in properties.items()]
    operation: dict[str, Any] = {
        "operationId": endpoint.handler.__name__,
        "summary": endpoint.summary,
        "responses": responses | _errors(endpoint),
    }
    if parameters:
        operation["parameters"] = parameters
    if endpoint.takes is not None:
        operation["requestBody"] = {"required": True, "content": _content(schema_of[repr(endpoint.takes)])}
    return operation


def _query_parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A field of a query; null, its default, means that it is left out."""
    given = [option for option in schema.get("anyOf", []) if option != {"type": "null"}]
    kind = given[0] if len(given) == 1 else schema
    parameter = {"name": name, "in": "query", "schema": {k: v for k, v in kind.items() if k != "description"}}
    if "description" in kind:
        parameter["description"] = kind["description"]
    return parameter


_SECURITY: list[dict[str, list[str]]] = [{"bearer": []}, {"header": []}]
_RUN_ID: dict[str, Any] = {
    "name": "run_id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": RUN_ID_PATTERN},
}
_OPTIMIZATION_ID = _RUN_ID | {"name": "optimization_id"}
_SYMBOL: dict[str, Any] = {"name": "symbol", "in": "path", "required": True, "schema": {"type": "string"}}
_PATH = {"run_id": _RUN_ID, "optimization_id": _OPTIMIZATION_ID, "symbol": _SYMBOL}
_IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Calls with the same key and body make one job.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}


def _content(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _errors(endpoint: Endpoint) -> dict[str, Any]:
    statuses = {str(STATUS[code]): code for code in endpoint.errors}
    if endpoint.takes is not None:
        statuses |= {"400": "validation_error", "415": "validation_error"}
    if endpoint.method != "GET":
        statuses["507"] = "internal_error"
    if len(endpoint.media_types) > 1:
        statuses["406"] = "validation_error"
    body = _content({"$ref": _REF.format(name="ErrorBody")})
    return {status: {"description": code, "content": body} for status, code in sorted(statuses.items())}


def _stream(event: Any, noun: str, name: str, parameter: dict[str, Any]) -> dict[str, Any]:
    after = {
        "name": "last_event_id",
        "in": "query",
        "schema": {"type": "integer", "minimum": 0, "default": 0},
    }
    return {
        "operationId": name,
        "summary": f"The events of {noun} (WebSocket)",
        "description": _STREAM,
        "parameters": [parameter, after],
        "responses": {"101": {"description": "Switching to WebSocket; each message is one event"}},
        "x-websocket-message": event,
    }


_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>btserver {version}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}}
code,pre{{font:14px/1.4 ui-monospace,monospace}}pre{{background:#8881;padding:.8rem;overflow:auto}}
h2{{margin-top:2rem;border-top:1px solid #8884;padding-top:1rem}}table{{border-collapse:collapse}}
td{{padding:.1rem 1rem .1rem 0;vertical-align:top}}:root{{color-scheme:light dark}}</style>
<h1>btserver {version}</h1><p>{about} The OpenAPI document: <a href="/openapi.json">/openapi.json</a>.</p>
{calls}<h1>Schemas</h1>{schemas}</html>
"""


def page(described: dict[str, Any]) -> str:
    """The document as one HTML page without external resources."""
    calls = [
        _call(method, path, operation)
        for path, operations in described["paths"].items()
        for method, operation in operations.items()
    ]
    schemas = [
        f'<h2 id="{escape(name)}">{escape(name)}</h2><p>{escape(schema.get("description", ""))}</p>'
        f"<pre>{_pretty(schema.get('properties', schema))}</pre>"
        for name, schema in described["components"]["schemas"].items()
    ]
    return _PAGE.format(
        version=escape(described["info"]["version"]),
        about=escape(_ABOUT),
        calls="".join(calls),
        schemas="".join(schemas),
    )


def _call(method: str, path: str, operation: dict[str, Any]) -> str:
    rows = [
        f"<tr><td><code>{escape(p['name'])}</code><td>{p['in']}<td><code>{_pretty(p['schema'], 0)}</code>"
        for p in operation.get("parameters", ())
    ]
    rows += [
        f"<tr><td><code>{status}</code><td colspan=2>{escape(answer['description'])}"
        for status, answer in operation["responses"].items()
    ]
    return (
        f"<h2><code>{method.upper()} {escape(path)}</code></h2><p>{escape(operation['summary'])}. "
        f"{escape(operation.get('description', ''))}</p><table>{''.join(rows)}</table>"
    )


def _pretty(value: Any, indent: int = 2) -> str:
    data = msgspec.json.encode(value)
    return escape((msgspec.json.format(data, indent=indent) if indent else data).decode())
