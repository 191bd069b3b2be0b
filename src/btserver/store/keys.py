"""Run ids and the keys of the store: big-endian bytes, so that byte order is the order we list in.

A run id is a UUID version 7: 16 bytes in the store, 36 characters outside.
"""

import re
import secrets
import struct
import uuid

RUN_ID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}(?![\s\S])"
_RUN_ID = re.compile(RUN_ID_PATTERN)
_U64 = struct.Struct(">Q")
_U32 = struct.Struct(">I")

MAX_EVENT_ID = 2**64 - 1
# One byte a state, in the order of a run's life.
STATE_CODES = {"queued": b"q", "running": b"r", "completed": b"c", "failed": b"f"}


def new_run_key(now_ns: int) -> bytes:
    """A fresh UUIDv7: 48 bits of milliseconds, then 74 random bits."""
    milliseconds = (now_ns // 1_000_000) & (2**48 - 1)
    value = milliseconds << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62)
    return value.to_bytes(16, "big")


def run_text(run: bytes) -> str:
    """The id as clients know it."""
    return str(uuid.UUID(bytes=run))


def run_key(text: str) -> bytes | None:
    """The 16 bytes of an id in its one spelling, or None where it is no run id."""
    return bytes.fromhex(text.replace("-", "")) if _RUN_ID.match(text) else None


def event_key(run: bytes, event_id: int) -> bytes:
    """Run, then event id: a run's events lie side by side, in order."""
    return run + _U64.pack(event_id)


def created_key(order: int, run: bytes) -> bytes:
    """Order of creation, then run."""
    return _U64.pack(order) + run


def state_key(state: str, order: int, run: bytes) -> bytes:
    """State, then order of creation, then run."""
    return STATE_CODES[state] + _U64.pack(order) + run


def order_of(key: bytes) -> int:
    """The order of creation in a `created_key`."""
    return int(_U64.unpack_from(key)[0])


def block_key(run: bytes, name: str, index: int) -> bytes:
    """Run, then table, then the number of the block of rows."""
    return run + name.encode() + b"\0" + _U32.pack(index)
