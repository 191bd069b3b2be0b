"""Bodies, queries and event ids, as checked values. Every error names the path of the fault."""

import json
import re
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
import numpy as np
from msgspec import Meta, Struct
from starlette.requests import Request

from btcore import config
from btcore.config import StrategySpec
from btcore.errors import ConfigError
from btserver.errors import ApiError, Detail, fault
from btserver.optimization_schemas import OptimizationRequest
from btserver.schemas import RunRequest, State

MAX_BODY = 2**20
MAX_DEPTH = 64  # of nested arrays and objects
MAX_KEY = 255  # characters of an idempotency key
MAX_SEARCH = 2**22  # keys times bytes of a body that is searched for the key at fault: one conversion per key
_LEVELS = np.zeros(256, np.int32)  # what a byte adds to the depth
_LEVELS[list(b"[{")] = 1
_LEVELS[list(b"]}")] = -1
_decoders: dict[type, msgspec.json.Decoder[Any]] = {
    kind: msgspec.json.Decoder(kind) for kind in (RunRequest, OptimizationRequest)
}
# Fields of queries. msgspec's lax mode would also read 1e3 and, as a time, 2024.
_WHOLE = {"limit": (1, 200), "points": (4, 1_000_000)}
_TIMES = {"created_from", "created_to"}
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]", re.ASCII)


Body = TypeVar("Body", bound=Struct)


class ListQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The query of `GET /v1/backtests`."""

    state: State | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    after: Annotated[str, Meta(description="A run id; only older runs are listed.")] | None = None
    strategy: Annotated[str, Meta(description="Name of the strategy.")] | None = None
    symbol: Annotated[str, Meta(description="One of the symbols.")] | None = None
    label: Annotated[str, Meta(description="One of the labels.")] | None = None
    created_from: (
        Annotated[datetime, Meta(tz=True, description="Runs created at or after this time.")] | None
    ) = None
    created_to: Annotated[datetime, Meta(tz=True, description="Runs created before this time.")] | None = None

    @property
    def selects(self) -> bool:
        """True if the request of a run decides whether it is listed."""
        return not self.strategy is self.symbol is self.label is None

    def admits(self, text: bytes) -> bool:
        """True if a stored request is one of those that are asked for; False if it cannot be read."""
        try:
            request = _decode_subject(text)
        except (msgspec.DecodeError, UnicodeDecodeError):  # damaged, or its run was deleted meanwhile
            return False
        return (
            self.strategy in {None, request.strategy.name}
            and (self.symbol is None or self.symbol in request.symbols)
            and (self.label is None or self.label in request.labels)
        )


class OptimizationsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The query of `GET /v1/optimizations`."""

    state: State | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    after: Annotated[str, Meta(description="An optimization id; only older ones are listed.")] | None = None


class _Subject(Struct):
    """The part of a stored request by which it is found."""

    symbols: list[str]
    strategy: StrategySpec = StrategySpec()
    labels: list[str] = []


_decode_subject = msgspec.json.Decoder(_Subject).decode


class CreateQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The query of `POST /v1/backtests`."""

    reuse: Annotated[
        bool, Meta(description="Answer with a completed run of the same inputs, if there is one.")
    ] = False


async def read_body(request: Request, kind: type[Body]) -> Body:
    """The body of a POST as a Struct; ApiError 400, 413, 415 or 422 if it is not a valid one."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise ApiError("validation_error", "the content type must be application/json", status=415)
    body = await _body(request)
    if _is_too_deep(body):
        raise _not_json(f"nested more than {MAX_DEPTH} levels deep")
    try:
        decoded: Body = _decoders[kind].decode(body)
    except msgspec.ValidationError as error:
        return _as_written(error, body, kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _not_finite(body, kind) or _not_json(str(error)) from error
    except OverflowError as error:
        raise fault(f"a date is out of range: {error}") from error
    return decoded


def _not_finite(body: bytes, kind: type) -> ApiError | None:
    """The 422 of a body that is JSON but for NaN or Infinity, as Python writes them; None for another one."""
    if b"NaN" not in body and b"Infinity" not in body:
        return None
    try:
        config.checked("", config.as_written(json.loads(body), kind), kind)
    except ConfigError as error:
        return fault(str(error))
    except ValueError:
        return None
    return None


def _as_written(error: msgspec.ValidationError, body: bytes, kind: type[Body]) -> Body:
    """The request of a body that has nulls for what is not given, or 5.0 for 5; else ApiError 422."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):  # a number out of range, or invalid JSON
        raise fault(str(error)) from error
    is_long = _longest_mapping(document) * len(body) > MAX_SEARCH
    if (is_long and _needs_search(error)) or _is_valid(document, kind):
        raise fault(str(error)) from error
    plain = config.as_written(document, kind)
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as left:  # worded by btcore, which names the key in a mapping such as `fx`
        is_slow = is_long and _needs_search(left)
        raise fault(str(left) if is_slow else config.fault(left, plain, kind)) from left


def _needs_search(error: msgspec.ValidationError) -> bool:
    return "[...]" in str(error) or "`key` in" in str(error)


def _longest_mapping(document: object) -> int:
    """The size of the longest mapping that is a field of the request, or of one that it has."""
    fields = list(document.values()) if isinstance(document, dict) else []
    fields += [below for field in fields if isinstance(field, dict) for below in field.values()]
    return max((len(field) for field in fields if isinstance(field, dict | list)), default=0)


def _is_valid(document: object, kind: type) -> bool:
    """True if the decoded document is valid: a key was given twice, and only its first value was invalid."""
    try:
        msgspec.convert(document, kind)
    except msgspec.ValidationError:
        return False
    return True


def _not_json(reason: str) -> ApiError:
    message = f"the body is not valid JSON: {reason}"
    return ApiError("validation_error", message, status=400, details=[Detail("$", reason)])


def _is_too_deep(body: bytes) -> bool:
    """True if arrays and objects are nested more than `MAX_DEPTH` deep.

    Checked before decoding: the decoder's own limit depends on the version of Python.
    """
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return False
    text = np.frombuffer(body.replace(rb"\\", b"").replace(rb"\"", b""), np.uint8)
    outside = np.cumsum(text == ord('"'), dtype=np.int32) % 2 == 0
    return bool(np.cumsum(_LEVELS[text] * outside, dtype=np.int32).max(initial=0) > MAX_DEPTH)


async def _body(request: Request) -> bytes:
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > MAX_BODY:
        raise _too_large()
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BODY:
            raise _too_large()
        chunks.append(chunk)
    return b"".join(chunks)


def _too_large() -> ApiError:
    return ApiError("request_too_large", f"the body is larger than {MAX_BODY} bytes")


Query = TypeVar("Query")


def read_query(request: Request, kind: type[Query]) -> Query:
    """The query as a Struct; ApiError 422 for another name, a repeated one or an invalid value.

    Whole numbers are written in digits.
    """
    pairs = request.query_params.multi_items()
    query = dict(pairs)
    repeated = [name for name in query if sum(name == other for other, _ in pairs) > 1]
    if repeated:
        raise fault(f"{repeated[0]}: it is given more than once; once is allowed")
    for name, value in query.items():
        if value == "null":  # msgspec's lax mode reads this word as None
            raise fault(f"{name}: 'null' is not a value; leave it out")
    for name, (low, high) in _WHOLE.items():
        text = query.get(name, "")
        is_whole = text.isascii() and text.isdigit() and len(text) < 10
        if name in query and not (is_whole and low <= int(text) <= high):
            raise fault(f"{name}: {text[:20]!r} is not a whole number between {low} and {high}")
    for name in _TIMES & query.keys():
        if not _TIME.match(query[name]):
            raise fault(f"{name}: {query[name][:40]!r} is not a time such as 2024-01-31T09:30:00Z")
    try:
        return msgspec.convert(query, kind, strict=False)
    except msgspec.ValidationError as error:
        raise fault(config.fault(error, query, kind)) from error


def read_idempotency_key(request: Request) -> str | None:
    """The header `Idempotency-Key`; ApiError 422 if it is empty, too long or given twice."""
    keys = request.headers.getlist("idempotency-key")
    if len(keys) > 1:
        raise fault("Idempotency-Key: it is given more than once; once is allowed")
    if keys and not 1 <= len(keys[0]) <= MAX_KEY:
        raise fault(f"Idempotency-Key: it has {len(keys[0])} characters; 1 to {MAX_KEY} are allowed")
    return keys[0] if keys else None


def read_event_id(values: list[str]) -> int | None:
    """The values of `last_event_id` as a number: 0 if there is none, None if it is not one event id."""
    if not values:
        return 0
    text = values[0]
    if len(values) > 1 or len(text) > 20 or not (text.isascii() and text.isdigit()):
        return None
    return int(text)
