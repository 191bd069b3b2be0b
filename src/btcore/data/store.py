"""The files of a catalog: one directory of .npy columns a dataset, one index; every change is atomic."""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from btcore.errors import DataError

_INDEX, _LOCK, _FOLDER = "index.json", "lock", "datasets"
# Only names that this file makes are ever swept away: the folder may hold something of somebody else.
_OURS = re.compile(r"[0-9a-f]{16}-[0-9a-f]{24}|partial-[a-z0-9_]+")


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One dataset: `first` and `last` are the timestamps of its first and last row, ns UTC."""

    symbol: str
    resolution: str
    kind: str
    source: str  # of bars: "trade" or "mid"; of ticks: ""
    interval: int  # of bars: nanoseconds; of ticks: 0
    rows: int
    first: int
    last: int
    columns: dict[str, str]  # name -> dtype
    content_hash: str
    directory: str
    negative_prices: bool = False  # the index names it only where it is true

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What there can be only one of."""
        return self.symbol, self.resolution, self.kind, self.source


class _Index(msgspec.Struct, forbid_unknown_fields=True):
    datasets: list[Entry]
    version: int = 1


def read_index(root: Path) -> tuple[Any, list[Entry]]:
    """A mark that changes whenever the index does, and its entries; DataError if it cannot be read."""
    file = root / _INDEX
    try:
        with file.open("rb") as stream:
            mark = _mark(os.fstat(stream.fileno()))
            index = msgspec.json.decode(stream.read(), type=_Index)
    except FileNotFoundError:
        return None, []
    except NotADirectoryError as error:
        raise DataError(f"catalog {root}: it is not a folder") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError(f"catalog {file}: the index cannot be read: {error}") from error
    if index.version != 1:
        raise DataError(f"catalog {file}: version {index.version} is not one this program can read")
    return mark, index.datasets


def index_mark(root: Path) -> Any:
    """The mark of the index as it is now, without reading it."""
    try:
        return _mark((root / _INDEX).stat())
    except (FileNotFoundError, NotADirectoryError):
        return None


def _mark(stat: os.stat_result) -> tuple[int, int, int]:
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def directory_name(key: tuple[str, ...], content_hash: str) -> str:
    """Hexadecimal, so that no symbol is ever a path and no two differ only by case."""
    import hashlib

    return f"{hashlib.sha256(chr(0).join(key).encode()).hexdigest()[:16]}-{content_hash[:24]}"


@contextmanager
def writing(root: Path) -> Iterator[list[Entry]]:
    """The entries, to be changed in place by the only writer; on leaving, the new index replaces the old.

    An exception, or the death of the process, at any point leaves the old index and all its files. What a
    killed writer left behind is swept away first.
    """
    try:
        (root / _FOLDER).mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise DataError(f"catalog {root}: it is not a folder") from error
    with (root / _LOCK).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        entries = read_index(root)[1]
        _sweep(root, entries)
        before = list(entries)
        yield entries
        if entries != before:
            _replace_index(root, entries)
            _sweep(root, entries)


def write_columns(root: Path, directory: str, columns: dict[str, NDArray[Any]]) -> None:
    """The columns on disk, complete, under that name; the same content is not written twice."""
    import shutil
    import tempfile

    folder = root / _FOLDER
    if (folder / directory).is_dir():
        return
    partial = Path(tempfile.mkdtemp(prefix="partial-", dir=folder))
    try:
        for name, column in columns.items():
            with (partial / f"{name}.npy").open("wb") as stream:
                np.save(stream, column, allow_pickle=False)
                stream.flush()
                os.fsync(stream.fileno())
        partial.chmod(0o755)  # mkdtemp makes it private, but other users may read a catalog
        _sync(partial)
        partial.rename(folder / directory)
        _sync(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def map_columns(root: Path, entry: Entry) -> dict[str, NDArray[Any]]:
    """The columns, mapped into memory, read-only; FileNotFoundError if a writer has replaced them."""
    columns: dict[str, NDArray[Any]] = {}
    for name, dtype in entry.columns.items():
        file = root / _FOLDER / entry.directory / f"{name}.npy"
        try:
            column = np.load(file, mmap_mode="r", allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise DataError(f"catalog {file}: not a readable column: {error}") from error
        if column.shape != (entry.rows,) or column.dtype.str != dtype:
            found = f"{column.shape} {column.dtype.str}"
            raise DataError(f"catalog {file}: the index says ({entry.rows},) {dtype}, the file {found}")
        columns[name] = np.asarray(column)
    return columns


def _replace_index(root: Path, entries: list[Entry]) -> None:
    index = _Index(datasets=sorted(entries, key=lambda entry: entry.key))
    fresh = root / f"{_INDEX}.new"
    with fresh.open("wb") as stream:
        stream.write(msgspec.json.format(msgspec.json.encode(index), indent=1))
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(root / _INDEX)
    _sync(root)


def _sweep(root: Path, entries: list[Entry]) -> None:
    """Removes the directories that no entry names. Whoever has mapped them keeps what he mapped."""
    import shutil

    wanted = {entry.directory for entry in entries}
    for found in (root / _FOLDER).iterdir():
        if found.name not in wanted and _OURS.fullmatch(found.name):
            shutil.rmtree(found, ignore_errors=True)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
