"""The OpenAPI 3.1 document, generated from the structs and the route table, and its HTML page."""

from collections.abc import Sequence
from html import escape
from typing import Any

import msgspec

from btserver.errors import STATUS, ErrorBody
from btserver.run_id import RUN_ID_PATTERN
from btserver.schemas import Event

from .routes import PREFIX, Endpoint

_REF = "#/components/schemas/{name}"
_ABOUT = (
    "Backtests over HTTP, their events over WebSocket. Paths that start with /v1 also work without it. "
    "Every error has the body ErrorBody."
)
_STREAM = (
    "A WebSocket. Sends every event after `last_event_id` once and in order, then live events, one JSON text "
    "per message, and closes with 1000 after the event of a terminal state. For a wrong key, an unknown run "
    "or event id, the connection is accepted and closed with 1008 and a reason; 1013 means that the client "
    "read too slowly or that there are too many streams."
)


def document(endpoints: Sequence[Endpoint], version: str) -> dict[str, Any]:
    """The OpenAPI document; `version` is that of the server."""
    types = [kind for e in endpoints for kind in (e.takes, e.gives, e.query) if kind is not None]
    schemas, components = msgspec.json.schema_components([*types, ErrorBody, Event], ref_template=_REF)
    schema_of = {repr(kind): schema for kind, schema in zip([*types, ErrorBody, Event], schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        operation = _operation(endpoint, schema_of, components)
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = operation
    paths[f"{PREFIX}/backtests/{{run_id}}/stream"] = {"get": _stream(schema_of[repr(Event)])}
    components.pop("ListQuery", None)  # its fields are query parameters
    return {
        "openapi": "3.1.0",
        "info": {"title": "btserver", "version": version, "description": _ABOUT},
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


def _operation(endpoint: Endpoint, schema_of: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": "Success"}
    if endpoint.gives is not None:
        answer["content"] = _content(schema_of[repr(endpoint.gives)])
    if endpoint.status == 201:
        answer["headers"] = {"Location": {"schema": {"type": "string"}, "description": "The new run."}}
    operation: dict[str, Any] = {
        "operationId": endpoint.handler.__name__,
        "summary": endpoint.summary,
        "responses": {str(endpoint.status): answer, **_errors(endpoint)},
        "security": [] if endpoint.is_open else [{}, {"bearer": []}, {"header": []}],
    }
    parameters = [_RUN_ID] if "{run_id}" in endpoint.path else []
    if endpoint.query is not None:
        properties = components[endpoint.query.__name__]["properties"]
        parameters += [{"name": name, "in": "query", "schema": schema} for name, schema in properties.items()]
    if parameters:
        operation["parameters"] = parameters
    if endpoint.takes is not None:
        operation["requestBody"] = {"required": True, "content": _content(schema_of[repr(endpoint.takes)])}
    return operation


_RUN_ID: dict[str, Any] = {
    "name": "run_id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": RUN_ID_PATTERN},
}


def _content(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _errors(endpoint: Endpoint) -> dict[str, Any]:
    statuses = {str(STATUS[code]): code for code in endpoint.errors}
    if endpoint.takes is not None:
        statuses |= {"400": "validation_error", "415": "validation_error"}
    body = _content({"$ref": _REF.format(name="ErrorBody")})
    return {status: {"description": code, "content": body} for status, code in sorted(statuses.items())}


def _stream(event: Any) -> dict[str, Any]:
    after = {
        "name": "last_event_id",
        "in": "query",
        "schema": {"type": "integer", "minimum": 0, "default": 0},
    }
    return {
        "operationId": "stream",
        "summary": "The events of a backtest (WebSocket)",
        "description": _STREAM,
        "parameters": [_RUN_ID, after],
        "responses": {"101": {"description": "Switching to WebSocket; each message is one event"}},
        "security": [{}, {"bearer": []}, {"header": []}, {"query": []}],
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
