"""Media types and content codings of a response, by what the client accepts."""

import zlib
from collections.abc import AsyncIterator, Callable
from importlib.util import find_spec
from io import RawIOBase
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from btserver.errors import ApiError

JSON, MSGPACK = "application/json", "application/msgpack"
ARROW, PARQUET = "application/vnd.apache.arrow.stream", "application/vnd.apache.parquet"
MEDIA_TYPES = (JSON, MSGPACK, ARROW, PARQUET)
TABLES = (ARROW, PARQUET)
VARY = {"Vary": "Accept, Accept-Encoding"}
_LEVEL = 1
has_arrow = find_spec("pyarrow") is not None


def choose(header: str | None, offered: tuple[str, ...]) -> str | None:
    """The offered name that a header such as `Accept` prefers; the first without it, None for none."""
    if header is None or not header.strip():
        return offered[0]
    weights = dict(_weighted(part) for part in header.lower().split(","))

    def weight(name: str) -> float:
        for pattern in (name, f"{name.partition('/')[0]}/*", "*/*", "*"):
            if pattern in weights:
                return weights[pattern]
        return 0.0

    best = max(offered, key=weight)
    return best if weight(best) > 0 else None


def _weighted(part: str) -> tuple[str, float]:
    name, *parameters = (piece.strip() for piece in part.split(";"))
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            try:
                return name, float(value)
            except ValueError:
                return name, 0.0
    return name, 1.0


def choose_coding(header: str | None) -> str:
    """`zstd`, `gzip`, or `identity` if the client accepts neither."""
    if not header:
        return "identity"
    offered = ("zstd", "gzip", "identity") if has_arrow else ("gzip", "identity")
    return choose(header, offered) or "identity"


def media_type(request: Request) -> str:
    """The media type that the client accepts; ApiError 406 for none, or for a table without pyarrow."""
    chosen = choose(_line(request, "accept"), MEDIA_TYPES)
    if chosen is None:
        allowed = ", ".join(MEDIA_TYPES)
        raise ApiError("validation_error", f"Accept: choose from {allowed}", status=406)
    if chosen in TABLES and not has_arrow:
        raise ApiError("validation_error", "Accept: this server has no pyarrow for tables", status=406)
    return chosen


def streamed(request: Request, chunks: AsyncIterator[bytes], media_type: str) -> Response:
    """The chunks in the coding that the client prefers."""
    headers, coding = dict(VARY), choose_coding(_line(request, "accept-encoding"))
    if coding != "identity":
        chunks = encoded(chunks, coding)
        headers["Content-Encoding"] = coding
    return StreamingResponse(chunks, 200, headers, media_type)


def _line(request: Request, name: str) -> str | None:
    """A header that may be given in several lines, as one."""
    return ",".join(request.headers.getlist(name)) or None


async def encoded(chunks: AsyncIterator[bytes], coding: str) -> AsyncIterator[bytes]:
    """The chunks in a coding."""
    compress, finish = _coder(coding)
    async for chunk in chunks:
        if data := compress(chunk):
            yield data
    if data := finish():
        yield data


def _coder(coding: str) -> tuple[Callable[[bytes], bytes], Callable[[], bytes]]:
    """A function that encodes a chunk, and one for what is left at the end."""
    if coding == "gzip":
        stream = zlib.compressobj(_LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
        return stream.compress, stream.flush
    if coding == "zstd":
        return _zstd()
    return bytes, bytes


class _Parts(RawIOBase):
    """Takes what is written to it until somebody asks."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        """True."""
        return True

    def write(self, data: Any, /) -> int:
        """Keeps the data."""
        self._parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        """What was written since the last call."""
        data = b"".join(self._parts)
        self._parts.clear()
        return data


def _zstd() -> tuple[Callable[[bytes], bytes], Callable[[], bytes]]:
    """One frame for all chunks: many clients refuse a second frame."""
    import pyarrow  # 0.1 s, and needed by few

    parts = _Parts()
    # pyarrow compresses at level 1 unless it is told otherwise.
    stream: Any = pyarrow.CompressedOutputStream(pyarrow.PythonFile(parts, mode="w"), "zstd")

    def compress(chunk: bytes) -> bytes:
        stream.write(chunk)
        return parts.take()

    def finish() -> bytes:
        stream.close()
        return parts.take()

    return compress, finish
