"""The messages between server and workers: MessagePack, each after its length (4 bytes, big-endian)."""

import struct
from collections.abc import Callable

import msgspec

from btserver.schemas import ResultHead, Trials

HEADER = struct.Struct(">I")


class Job(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """To a worker: a request to run, as JSON."""

    request: bytes


class Search(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """To a worker: an optimization as JSON, the file of its study, and by what its trials are played."""

    request: bytes
    study: str
    executor: str


class Ready(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """The worker has imported the engine and waits for a job."""


class Log(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Lines for the log of the run."""

    lines: list[str]


class Progress(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """How much of the run is done, 0 to 1, and its equity; None if that is not finite."""

    progress: float
    equity: float | None


class Tried(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """How far an optimization is, 0 to 1, its trials so far, and numbers that have changed."""

    progress: float
    trials: Trials
    metrics: dict[str, float]


class Block(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """One block of rows of a table of the result."""

    table: str
    index: int
    data: bytes


class Done(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """The run is completed; all of its blocks have been sent."""

    result: ResultHead
    metrics: dict[str, float]


class Failed(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """The run has failed, and why."""

    message: str


class Beat(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """The worker is alive: sent every second while it runs a job."""


ToWorker = Job | Search
FromWorker = Ready | Beat | Log | Progress | Tried | Block | Done | Failed

decode_job: Callable[[bytes], ToWorker] = msgspec.msgpack.Decoder(ToWorker).decode
decode_message: Callable[[bytes], FromWorker] = msgspec.msgpack.Decoder(FromWorker).decode
_encode = msgspec.msgpack.Encoder().encode


def encode(message: ToWorker | FromWorker) -> bytes:
    """The message as bytes, with its length."""
    data = _encode(message)
    return HEADER.pack(len(data)) + data
