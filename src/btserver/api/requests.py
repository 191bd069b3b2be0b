"""Reading requests: bodies, queries, ids. Every fault names its path."""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request

from btserver.errors import ApiError, Detail, fault
from btserver.schemas import RunRequest, State

MAX_BODY = 2**20
_UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_decode_run = msgspec.json.Decoder(RunRequest).decode


class ListQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The filter of the list of runs."""

    state: State | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


async def read_run(request: Request) -> RunRequest:
    """The body of a POST as a request that obeys the schema."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise ApiError("validation_error", "the content type must be application/json", status=415)
    body = await _body(request)
    try:
        return _decode_run(body)
    except msgspec.ValidationError as error:
        raise fault(str(error)) from error
    except _UNDECODABLE as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        message = f"the body is not valid JSON: {reason}"
        raise ApiError("validation_error", message, status=400, details=[Detail("$", reason)]) from error
    except OverflowError as error:
        raise fault(f"a date is out of range: {error}") from error


async def _body(request: Request) -> bytes:
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > MAX_BODY:
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


def read_list_query(request: Request) -> ListQuery:
    """`?state=&limit=`, each at most once and nothing else."""
    pairs = request.query_params.multi_items()
    query = dict(pairs)
    repeated = [name for name in query if sum(name == other for other, _ in pairs) > 1]
    if repeated:
        raise fault(f"{repeated[0]}: given more than once")
    limit = query.get("limit")
    if limit is not None and not (limit.isascii() and limit.isdigit() and len(limit) < 10):
        raise fault("limit: not a whole number between 1 and 200")
    if query.get("state") == "null":  # msgspec's lax mode takes this word for None
        raise fault("state: must be one of queued, running, completed, failed")
    try:
        return msgspec.convert(query, ListQuery, strict=False)
    except msgspec.ValidationError as error:
        raise fault(str(error)) from error


def read_event_id(values: list[str]) -> int | None:
    """`last_event_id` as a number; 0 if it is not given, None if it is no event id."""
    if not values:
        return 0
    text = values[0]
    if len(values) > 1 or len(text) > 20 or not (text.isascii() and text.isdigit()):
        return None
    return int(text)
