"""What the server and its workers say to each other: MessagePack, each message with its length before it."""

import struct
from collections.abc import Callable

import msgspec

from btserver.schemas import ResultHead

HEADER = struct.Struct(">I")


class Job(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """To a worker: run this."""

    request: bytes


class Ready(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """The engine is imported."""


class Log(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Lines for the run's log."""

    lines: list[str]


class Tick(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """How far the run is, and its equity now."""

    progress: float
    equity: float | None


class Block(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Some rows of one table of the result."""

    table: str
    index: int
    data: bytes


class Done(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """The run is finished; its blocks went before."""

    result: ResultHead
    metrics: dict[str, float]


class Failed(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """The run could not be finished, and why."""

    message: str


FromWorker = Ready | Log | Tick | Block | Done | Failed

decode_job: Callable[[bytes], Job] = msgspec.msgpack.Decoder(Job).decode
decode_message: Callable[[bytes], FromWorker] = msgspec.msgpack.Decoder(FromWorker).decode
_encode = msgspec.msgpack.Encoder().encode


def frame(message: Job | FromWorker) -> bytes:
    """The message, ready to send."""
    data = _encode(message)
    return HEADER.pack(len(data)) + data
