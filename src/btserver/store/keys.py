"""The keys of the store. Numbers are big-endian, so that keys sort as their numbers do."""

import struct

_U64 = struct.Struct(">Q")
_U32 = struct.Struct(">I")

MAX_EVENT_ID = 2**64 - 1
# One byte for each state.
STATE_CODES = {"queued": b"q", "running": b"r", "completed": b"c", "failed": b"f"}


def event_key(run: bytes, event_id: int) -> bytes:
    """Run, then event id: the events of a run are adjacent and in order."""
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
