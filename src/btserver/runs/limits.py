"""Bounds of a run: memory, wall time, rows, attempts."""

import contextlib
import resource
from pathlib import Path

from msgspec import Struct

MIB = 2**20
MAX_ATTEMPTS = 3  # starts of a run that are interrupted; then it fails
BEAT_SECONDS = 1.0  # between two signs of life of a worker
SILENCE_SECONDS = 10.0  # without one, after which a worker is replaced
_OOM_SCORE = "800"  # of 1000: the system ends a worker before the server


class Limits(Struct, frozen=True, kw_only=True):
    """The bounds that a server sets for each run; 0 for none."""

    rows: int = 0
    memory_mib: int = 0
    seconds: int = 0


def limit_this_process(memory_mib: int) -> None:
    """Bounds the private memory of this process; files that are mapped for reading do not count."""
    if memory_mib:
        resource.setrlimit(resource.RLIMIT_DATA, (memory_mib * MIB, memory_mib * MIB))
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE)
