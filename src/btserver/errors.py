"""The errors that a client can receive: their codes, statuses and common body."""

import re
import secrets
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Literal

import msgspec
from starlette.responses import Response

Code = Literal[
    "validation_error",
    "unauthorized",
    "not_found",
    "conflict",
    "request_too_large",
    "too_many_requests",
    "internal_error",
]
# Default statuses; 400, 405, 415 and 431 are validation errors too.
STATUS: dict[Code, int] = {
    "validation_error": 422,
    "unauthorized": 401,
    "not_found": 404,
    "conflict": 409,
    "request_too_large": 413,
    "too_many_requests": 429,
    "internal_error": 500,
}
_CODES: dict[int, Code] = {status: code for code, status in STATUS.items()}
_AT = re.compile(r"^(?P<message>.*) - at `(?P<path>.*)`$", re.DOTALL)
_NAMED_FIELD = re.compile(r"(unknown|required) field `(?P<field>[^`]{1,64})`")
_PREFIX = re.compile(r"^(?P<field>[a-z_]([\w.]|\['[^']*'\]|\[\"[^\"]*\"\]|\[[^]]*\])*): ", re.ASCII)


class Detail(msgspec.Struct, frozen=True):
    """The JSON path of a fault in the request, and a description of the fault."""

    path: str
    message: str


class Problem(msgspec.Struct, frozen=True):
    """One error: its code, a message and the places of the faults."""

    code: Code
    message: str
    details: list[Detail]


class ErrorBody(msgspec.Struct, frozen=True):
    """The body of every response that is not a success."""

    error: Problem
    detail: str
    request_id: str


class ApiError(Exception):
    """An error response: raised by handlers, turned into a response by the application."""

    def __init__(
        self,
        code: Code,
        message: str,
        *,
        details: Sequence[Detail] = (),
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = list(details)
        self.status = STATUS[code] if status is None else status
        self.headers = dict(headers or {})


class UnreadableDataError(Exception):
    """The data source of the server is damaged or cannot be opened."""


def not_found(run_id: str, noun: str = "backtest") -> ApiError:
    """404: no run, or no other `noun`, has that id."""
    return ApiError("not_found", f"no {noun} has the id {run_id[:64]!r}")


def unauthorized() -> ApiError:
    """401; a missing key and a wrong one get the same response."""
    return ApiError(
        "unauthorized",
        "a valid API key is required: Authorization: Bearer <key> or X-API-Key: <key>",
        headers={"WWW-Authenticate": "Bearer"},
    )


def fault(message: str) -> ApiError:
    """A 422 whose path is read from the message: msgspec puts it at the end, btcore at the start."""
    path = "$"
    if found := _AT.match(message):
        message, path = found["message"], found["path"]
    if prefix := _PREFIX.match(message):
        path, message = f"{path}.{prefix['field']}", message[prefix.end() :]
    elif named := _NAMED_FIELD.search(message):
        path = f"{path}.{named['field']}"
    text = message if path == "$" else f"{path}: {message}"
    return ApiError("validation_error", text, details=[Detail(path, message)])


def from_status(status: int, headers: Mapping[str, str] | None) -> ApiError:
    """An error of the router: 404 for an unknown path, 405 with `Allow` for an unknown method."""
    code = _CODES.get(status, "validation_error" if status < 500 else "internal_error")
    return ApiError(code, HTTPStatus(status).phrase.lower(), status=status, headers=headers)


def envelope(error: ApiError, request_id: str) -> bytes:
    """The error as JSON bytes."""
    problem = Problem(error.code, error.message, error.details)
    return msgspec.json.encode(ErrorBody(problem, error.message, request_id))


def response(error: ApiError, request_id: str) -> Response:
    """The error as an HTTP response."""
    return Response(
        envelope(error, request_id), error.status, headers=error.headers, media_type="application/json"
    )


def whole_response(status: HTTPStatus, error: ApiError) -> bytes:
    """The error as the bytes of a response, after which the connection is closed."""
    body = envelope(error, secrets.token_hex(16))
    headers = {"content-type": "application/json", "content-length": str(len(body)), "connection": "close"}
    lines = [f"HTTP/1.1 {status.value} {status.phrase}"]
    lines += [f"{name}: {value}" for name, value in (headers | error.headers).items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
