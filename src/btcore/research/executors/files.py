"""Files that processes of one machine share: memory without a name, and those that arrays are mapped from."""

import os
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.errors import ConfigError

MEMORY_SHARE = 0.5  # of the free memory that may be taken; larger data go to a temporary file
MEMORY_INFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")  # of a container; version 2
MAPS = Path("/proc/self/maps")


class MappedFile(NamedTuple):
    """A file that arrays are mapped from; it is opened only if it is still the same."""

    path: str
    inode: int
    size: int
    changed: int  # ns


def state_of(path: str, found: os.stat_result) -> MappedFile:
    return MappedFile(path, found.st_ino, found.st_size, found.st_mtime_ns)


def shared_file(size: int) -> Any:
    """A file of that size in memory, which the system removes with the process.

    A temporary file where the system has no such memory, or too little is free; ConfigError if that has no
    room either.
    """
    if hasattr(os, "memfd_create") and size <= MEMORY_SHARE * free_memory():
        file: Any = os.fdopen(os.memfd_create("btcore"), "w+b", buffering=0)
    else:
        file = tempfile.NamedTemporaryFile("w+b", prefix="btcore-", buffering=0)  # noqa: SIM115
    try:
        file.truncate(size)
        if isinstance(file.name, str) and hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)  # a full disk is an error here, not a SIGBUS later
    except OSError as error:
        where = path_of(file)
        file.close()
        raise ConfigError(
            f"executor: {size / 1e9:.1f} GB of data do not fit into memory or into {where} ({error}); those "
            "of a Catalog are not copied, and the folder is that of TMPDIR"
        ) from error
    return file


def path_of(file: Any) -> str:
    """The path by which other processes of this machine open the file."""
    return file.name if isinstance(file.name, str) else f"/proc/{os.getpid()}/fd/{file.fileno()}"


def write_all(file: Any, offset: int, content: memoryview) -> None:
    """Writes at that place. One call of the system writes 2 GiB at most."""
    file.seek(offset)
    while content:
        content = content[file.write(content) :]


def free_memory() -> float:
    """Bytes that the system, and the container, have free; infinity if that is not known."""
    found = [float("inf")]
    try:
        lines = MEMORY_INFO.read_text().splitlines()
        found += [1024.0 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable")]
        limit, used = ((CGROUP / name).read_text() for name in ("memory.max", "memory.current"))
        found += [float(limit) - float(used)] if limit.strip() != "max" else []
    except (OSError, ValueError):  # no Linux, or no container
        pass
    return max(0.0, min(found))


def mapped_file(array: NDArray[Any], address: int) -> tuple[MappedFile, int] | None:
    """The file that an array is mapped from, and the place of its first byte; None for another array.

    None also for a file that has been replaced or removed since.
    """
    base: Any = array
    while base is not None and not isinstance(base, np.memmap):
        base = getattr(base, "base", None)
    while base is not None and isinstance(base.base, np.memmap):
        base = base.base
    if base is None or not isinstance(base.filename, str | Path) or base.flags.writeable:
        return None
    path = str(Path(base.filename).resolve())
    try:
        file = state_of(path, Path(path).stat())
    except OSError:
        return None
    start = base.__array_interface__["data"][0]
    return None if _is_removed(start) else (file, base.offset + address - start)


def _is_removed(address: int) -> bool:
    """True if the file that is mapped at an address has been removed or replaced."""
    try:
        lines = MAPS.read_text().splitlines()
    except OSError:  # no Linux
        return False
    for line in lines:
        first, last = (int(each, 16) for each in line.split(maxsplit=1)[0].split("-"))
        if first <= address < last:
            return line.endswith(" (deleted)")
    return False
