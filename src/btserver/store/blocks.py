"""Blocks of a stored result: rows by columns, compressed, with a checksum.

The columns of a block follow each other, each with the first bytes of its values before the second bytes, and
whole numbers as differences: what is alike is adjacent, and compresses well. Blocks of earlier releases,
which are `.npy` files and JSON without a checksum, are read too.
"""

import zlib
from io import BytesIO
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

Rows = NDArray[Any]
_SEALED = b"\xb1"  # then the checksum of what follows
_LEVEL = 1
JSON_TABLES = frozenset({"logs", "all_trials"})  # whose blocks are JSON arrays, not rows


class DamagedError(Exception):
    """What is stored is not what was written."""


class _Columns(msgspec.Struct, frozen=True, array_like=True):
    """Rows of a table: their number, name and type of each column, and the compressed columns."""

    rows: int
    fields: list[tuple[str, str]]
    data: bytes


_encode = msgspec.msgpack.Encoder().encode
_decode_columns = msgspec.msgpack.Decoder(_Columns).decode


def seal(data: bytes) -> bytes:
    """The data with their checksum."""
    return _SEALED + zlib.crc32(data).to_bytes(4, "big") + data


def unseal(stored: bytes) -> bytes:
    """The data; DamagedError if they do not have their checksum. Those of earlier releases have none."""
    if not stored.startswith(_SEALED):
        if not stored:
            raise DamagedError("a part of the result is missing")
        return stored
    if zlib.crc32(stored[5:]).to_bytes(4, "big") != stored[1:5]:
        raise DamagedError("a part of the result does not have its checksum")
    return stored[5:]


def pack_rows(rows: Rows) -> bytes:
    """A block of rows, sealed."""
    names = rows.dtype.names or ()
    columns = [_shuffled(rows[name]) for name in names]
    fields = [(name, rows.dtype[name].str) for name in names]
    return seal(_encode(_Columns(len(rows), fields, zlib.compress(b"".join(columns), _LEVEL))))


def unpack_rows(stored: bytes) -> Rows:
    """The rows of a block; DamagedError if it is damaged."""
    data = unseal(stored)
    try:
        if data.startswith(b"\x93NUMPY"):
            rows: Rows = np.lib.format.read_array(BytesIO(data), allow_pickle=False)
            return rows
        return _of_columns(_decode_columns(data))
    except (ValueError, TypeError, zlib.error, msgspec.DecodeError) as error:
        raise DamagedError("a part of the result cannot be read") from error


def _of_columns(block: _Columns) -> Rows:
    rows = np.empty(block.rows, block.fields)
    data = zlib.decompress(block.data)
    start = 0
    for name, kind in block.fields:
        size = np.dtype(kind).itemsize * block.rows
        rows[name] = _unshuffled(data[start : start + size], np.dtype(kind), block.rows)
        start += size
    return rows


def _shuffled(column: Rows) -> bytes:
    values = np.ascontiguousarray(column)
    if values.dtype == np.int64:
        values = np.diff(values, prepend=np.int64(0))
    return values.view(np.uint8).reshape(len(values), values.itemsize).T.tobytes()


def _unshuffled(data: bytes, kind: np.dtype[Any], rows: int) -> Rows:
    planes = np.frombuffer(data, np.uint8).reshape(kind.itemsize, rows)
    values: Rows = np.ascontiguousarray(planes.T).reshape(-1).view(kind)
    return np.cumsum(values, dtype=np.int64) if kind == np.int64 else values
