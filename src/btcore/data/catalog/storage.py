"""The files of a catalog: one directory of .npy columns a dataset, one index; every change is atomic."""

import fcntl
import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from btcore.errors import DataError
from btcore.feed.blocks import BLOCK_ROWS

_INDEX, _LOCK, FOLDER = "index.json", "lock", "datasets"
BLOCKS, _ORDER, _STREAMS = (
    "blocks",
    "order",
    "streams.json",
)  # kept beside columns; the files of a merge order
# Only names that this file makes are ever swept away: the folder may hold something of somebody else.
_OURS = re.compile(r"[0-9a-f]{16}-[0-9a-f]{24}|partial-[a-z0-9_]+|order-[0-9a-f]{24}")


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
    blocks_hash: str = ""  # of the extremes of blocks kept beside the columns; "" where there are none

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
        (root / FOLDER).mkdir(parents=True, exist_ok=True)
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


def write_columns(
    root: Path, directory: str, columns: dict[str, NDArray[Any]], blocks: NDArray[np.float64] | None = None
) -> None:
    """The columns on disk, complete, under that name; the same content is not written twice."""
    arrays = columns if blocks is None else columns | {BLOCKS: blocks}
    folder = root / FOLDER / directory
    if not folder.is_dir():
        _write_folder(root, directory, arrays)
    elif blocks is not None and not (folder / f"{BLOCKS}.npy").exists():  # of a time before they were kept
        _save(folder / f"{BLOCKS}.new", blocks)
        (folder / f"{BLOCKS}.new").rename(folder / f"{BLOCKS}.npy")
        sync(folder)


def _write_folder(root: Path, directory: str, arrays: dict[str, NDArray[Any]], streams: bytes = b"") -> None:
    import shutil
    import tempfile

    folder = root / FOLDER
    partial = Path(tempfile.mkdtemp(prefix="partial-", dir=folder))
    try:
        for name, array in arrays.items():
            _save(partial / f"{name}.npy", array)
        if streams:
            (partial / _STREAMS).write_bytes(streams)
        partial.chmod(0o755)  # mkdtemp makes it private, but other users may read a catalog
        sync(partial)
        partial.rename(folder / directory)
        sync(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _save(file: Path, array: NDArray[Any]) -> None:
    with file.open("wb") as stream:
        np.save(stream, array, allow_pickle=False)
        stream.flush()
        os.fsync(stream.fileno())


def map_columns(root: Path, entry: Entry) -> dict[str, NDArray[Any]]:
    """The columns, mapped into memory, read-only; FileNotFoundError if a writer has replaced them."""
    folder = root / FOLDER / entry.directory
    return {name: _map(folder / f"{name}.npy", (entry.rows,), dtype) for name, dtype in entry.columns.items()}


def map_blocks(root: Path, entry: Entry) -> NDArray[np.float64] | None:
    """The extremes of the dataset's blocks, as `Container.index` describes them; None if none are kept."""
    if not entry.blocks_hash:
        return None
    file = root / FOLDER / entry.directory / f"{BLOCKS}.npy"
    rows = 4 if entry.kind == "quotes" else 2
    blocks = _map(file, (rows, -(-entry.rows // BLOCK_ROWS)), "<f8")
    if blocks_hash(blocks) != entry.blocks_hash:
        raise DataError(f"catalog {file}: it is not what was written; remove it and write the dataset again")
    return blocks


def blocks_hash(blocks: NDArray[np.float64]) -> str:
    """What tells them from any other, for the index of the catalog."""
    return f"{zlib.crc32(np.ascontiguousarray(blocks).data):08x}-{BLOCK_ROWS}"


class Part(NamedTuple):
    """Rows of a dataset: a stream of a merge order."""

    entry: Entry
    first: int
    last: int


def map_order(root: Path, parts: list[Part]) -> NDArray[Any] | None:
    """The order of these streams that was kept, if there is one."""
    try:
        return _map(order_file(root, parts), (sum(part.last - part.first for part in parts),), None)
    except FileNotFoundError:
        return None


def keep_order(root: Path, parts: list[Part], order: NDArray[Any]) -> None:
    """Keeps the order while all its datasets are there; nothing if one has gone or none can be written."""
    folder = order_file(root, parts).parent
    used = sorted({part.entry.directory for part in parts})
    try:
        with writing(root) as entries:
            present = {entry.directory for entry in entries}
            if present.issuperset(used) and not folder.is_dir():
                _write_folder(root, folder.name, {_ORDER: order}, msgspec.json.encode(used))
    except OSError:
        pass  # a catalog that may only be read, or a full disk: the next one merges again


def order_file(root: Path, parts: list[Part]) -> Path:
    """Its name tells the content of the streams, one after the other, and nothing else, not even symbols."""
    import hashlib

    told = msgspec.json.encode([(part.entry.content_hash, part.first, part.last) for part in parts])
    return root / FOLDER / f"order-{hashlib.sha256(told).hexdigest()[:24]}" / f"{_ORDER}.npy"


def _map(file: Path, shape: tuple[int, ...], dtype: str | None) -> NDArray[Any]:
    try:
        array = np.load(file, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise DataError(f"catalog {file}: not a readable column: {error}") from error
    if array.shape != shape or dtype not in {None, array.dtype.str}:
        found = f"{array.shape} {array.dtype.str}"
        raise DataError(
            f"catalog {file}: the index says {shape} {dtype or array.dtype.str}, the file {found}"
        )
    return np.asarray(array)


def _replace_index(root: Path, entries: list[Entry]) -> None:
    index = _Index(datasets=sorted(entries, key=lambda entry: entry.key))
    fresh = root / f"{_INDEX}.new"
    with fresh.open("wb") as stream:
        stream.write(msgspec.json.format(msgspec.json.encode(index), indent=1))
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(root / _INDEX)
    sync(root)


def _sweep(root: Path, entries: list[Entry]) -> None:
    """Removes the directories that no entry names. Whoever has mapped them keeps what he mapped."""
    import shutil

    wanted = {entry.directory for entry in entries}
    for found in (root / FOLDER).iterdir():
        if found.name in wanted or not _OURS.fullmatch(found.name):
            continue
        if not (found.name.startswith("order-") and wanted.issuperset(_datasets_of(found))):
            shutil.rmtree(found, ignore_errors=True)


def _datasets_of(order: Path) -> list[str]:
    """The directories of the datasets that a kept order is of; a strange one's where that cannot be read."""
    try:
        return msgspec.json.decode((order / _STREAMS).read_bytes(), type=list[str])
    except (OSError, msgspec.DecodeError):
        return [order.name]


def sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
