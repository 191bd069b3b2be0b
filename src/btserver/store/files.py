"""The files of a store: their check before they are mapped, and their copy."""

import os
import struct
from pathlib import Path

import lmdb
from lmdb import verify

from .studies import Studies
from .writer import StoreError

FILE_MODE = 0o600  # requests and results are for the user of the server alone
MAX_READERS = 512
_MAGIC = 0xBEEFC0DE
_HEADERS = (16, 24)  # bytes before the description of the file, in formats 0.9 and 1.0 of LMDB
_DATABASES = 24, 48  # offset and size of the description of a database; two of them
_HEAD_BYTES = 4096


class _Meta:
    """One of the two descriptions of a file, at the start of its first two pages."""

    def __init__(self, page: bytes) -> None:
        found = [size for size in _HEADERS if page[size : size + 4] == _MAGIC.to_bytes(4, "little")]
        if not found:
            raise StoreError("it is not the file of a store")
        first, size = _DATABASES
        start = found[0] + first
        (self.page_size,) = struct.unpack_from("<I", page, start)
        self.last_page, self.transaction = struct.unpack_from("<QQ", page, start + 2 * size)


def check_file(directory: Path) -> None:
    """StoreError if the file is truncated or not that of a store; mapping it could end the process."""
    path = directory / "data.mdb"
    if not path.exists() or path.stat().st_size == 0:
        return
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            metas = [_Meta(file.read(_HEAD_BYTES))]
            file.seek(metas[0].page_size)
            metas.append(_Meta(file.read(_HEAD_BYTES)))
        latest = max(metas, key=lambda meta: meta.transaction)
        # The last page may be free and never written, so a short file is looked at as a whole.
        if size < (latest.last_page + 1) * latest.page_size and (problems := find_damage(directory)):
            raise StoreError(f"it has {size} bytes, and {problems[0]}")
    except (StoreError, struct.error, OSError) as error:
        raise StoreError(f"{path} is damaged: {error}; restore a backup") from error


def find_damage(directory: Path) -> list[str]:
    """What is wrong with the structure of the file, read without mapping it."""
    try:
        return [str(problem) for problem in verify.verify(str(directory))]  # type: ignore[no-untyped-call]
    except verify.VerifyError as error:
        return [str(error)]


def back_up(directory: Path, target: Path) -> int:
    """Copies a store, also of a running server, to a new directory; returns the size of the copy."""
    check_file(directory)
    if not (directory / "data.mdb").exists():
        raise StoreError(f"{directory} has no store")
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    copy = target / "data.mdb"
    if copy.exists():
        raise StoreError(f"{target} has a store already")
    try:
        with lmdb.open(str(directory), readonly=True, max_dbs=1, max_readers=MAX_READERS) as env:
            env.copy(str(target), compact=True)
    except lmdb.Error as error:
        copy.unlink(missing_ok=True)  # what is there of it
        raise StoreError(f"{directory} could not be copied: {error}") from error
    copy.chmod(FILE_MODE)
    for path in (copy, target):
        handle = os.open(path, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)
    return copy.stat().st_size + Studies(directory).back_up(target)
