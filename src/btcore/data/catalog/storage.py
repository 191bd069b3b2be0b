"""The files of a catalog: a directory of .npy columns per dataset, and one index. Every change is atomic."""

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

from btcore.data.hashing import sha256_hex
from btcore.errors import DataError
from btcore.feed.blocks import BLOCK_ROWS

_INDEX, _LOCK, FOLDER = "index.json", "lock", "datasets"
BLOCKS = "blocks"  # the extremes of blocks, a file beside the columns
_ORDER, _STREAMS = "order", "streams.json"  # the files of a merge order
# Names that this module creates; anything else in the folder is never removed.
_CREATED_HERE = re.compile(r"[0-9a-f]{16}-[0-9a-f]{24}|partial-[a-z0-9_]+|order-[0-9a-f]{24}")


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One dataset: `first` and `last` are the timestamps of its first and last row, ns UTC."""

    symbol: str
    resolution: str
    kind: str
    source: str  # of bars: "trade" or "mid"; of ticks: ""
    interval: int  # of bars: nominal length in nanoseconds; of ticks: 0
    rows: int
    first: int
    last: int
    columns: dict[str, str]  # name -> dtype
    content_hash: str
    directory: str
    negative_prices: bool = False  # in the index only if true
    blocks_hash: str = ""  # of the extremes of blocks beside the columns; "" if there are none
    crossed: str = ""  # "keep" if quotes may have bid > ask
    notes: tuple[str, ...] = ()  # of the container

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What identifies the dataset."""
        return self.symbol, self.resolution, self.kind, self.source


class _Index(msgspec.Struct, forbid_unknown_fields=True):
    datasets: list[Entry]
    version: int = 1


def read_index(root: Path) -> tuple[Any, list[Entry]]:
    """A mark that changes with the index, and its entries; DataError if the index cannot be read."""
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
        raise DataError(f"catalog {file}: version {index.version} cannot be read; version 1 can")
    return mark, index.datasets


def index_mark(root: Path) -> Any:
    """The current mark of the index, without reading it; None without an index."""
    try:
        return _mark((root / _INDEX).stat())
    except (FileNotFoundError, NotADirectoryError):
        return None


def _mark(stat: os.stat_result) -> tuple[int, int, int]:
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def directory_name(key: tuple[str, ...], content_hash: str) -> str:
    """Hexadecimal: a symbol is no safe path, and two may differ only by case."""
    return f"{sha256_hex(chr(0).join(key).encode())[:16]}-{content_hash[:24]}"


@contextmanager
def edit_index(root: Path) -> Iterator[list[Entry]]:
    """The entries, to be changed in place under the lock of the catalog; the new index then replaces the old.

    An exception, or the end of the process at any point, leaves the old index and its files. Files that a
    killed writer left are removed first.
    """
    try:
        (root / FOLDER).mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise DataError(f"catalog {root}: it is not a folder") from error
    with (root / _LOCK).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        entries = read_index(root)[1]
        _remove_unused(root, entries)
        before = list(entries)
        yield entries
        if entries != before:
            _replace_index(root, entries)
            _remove_unused(root, entries)


def write_columns(
    root: Path, directory: str, columns: dict[str, NDArray[Any]], blocks: NDArray[np.float64] | None = None
) -> None:
    """Writes the columns under that name, unless they are there already."""
    arrays = columns if blocks is None else columns | {BLOCKS: blocks}
    folder = root / FOLDER / directory
    if not folder.is_dir():
        _write_folder(root, directory, arrays)
    elif blocks is not None and not (folder / f"{BLOCKS}.npy").exists():  # a catalog from before blocks
        save(folder / f"{BLOCKS}.new", blocks)
        _sync(folder / f"{BLOCKS}.new")
        (folder / f"{BLOCKS}.new").rename(folder / f"{BLOCKS}.npy")
        _sync(folder)


def _write_folder(root: Path, directory: str, arrays: dict[str, NDArray[Any]], streams: bytes = b"") -> None:
    with new_folder(root) as partial:
        for name, array in arrays.items():
            save(partial / f"{name}.npy", array)
        if streams:
            (partial / _STREAMS).write_bytes(streams)
        publish(partial, directory)


@contextmanager
def new_folder(root: Path) -> Iterator[Path]:
    """An empty folder beside the datasets; it is removed at the end unless `publish` has renamed it."""
    import shutil
    import tempfile

    partial = Path(tempfile.mkdtemp(prefix="partial-", dir=root / FOLDER))
    try:
        yield partial
    finally:
        if partial.exists():
            shutil.rmtree(partial, ignore_errors=True)


def publish(partial: Path, directory: str) -> None:
    """Renames the folder to its final name, after all its files are on disk."""
    partial.chmod(0o755)  # mkdtemp makes it private, but other users may read a catalog
    for path in (*partial.iterdir(), partial):
        _sync(path)
    partial.rename(partial.parent / directory)
    _sync(partial.parent)


def save(file: Path, array: NDArray[Any]) -> None:
    """Writes an .npy file under exactly that name; `np.save` would append a suffix."""
    with file.open("wb") as stream:
        np.save(stream, array, allow_pickle=False)


def map_columns(root: Path, entry: Entry) -> dict[str, NDArray[Any]]:
    """The columns, mapped read-only; FileNotFoundError if a writer has replaced the dataset."""
    folder = root / FOLDER / entry.directory
    return {name: _map(folder / f"{name}.npy", (entry.rows,), dtype) for name, dtype in entry.columns.items()}


def map_blocks(root: Path, entry: Entry) -> NDArray[np.float64] | None:
    """The extremes of blocks, as `Container.index` describes them; None if there are none."""
    if not entry.blocks_hash:
        return None
    file = root / FOLDER / entry.directory / f"{BLOCKS}.npy"
    rows = 4 if entry.kind == "quotes" else 2
    blocks = _map(file, (rows, -(-entry.rows // BLOCK_ROWS)), "<f8")
    if blocks_hash(blocks) != entry.blocks_hash:
        raise DataError(
            f"catalog {file}: not the checksum of the index; remove it and write the dataset again"
        )
    return blocks


def blocks_hash(blocks: NDArray[np.float64]) -> str:
    """A checksum of the extremes, and the number of rows per block."""
    return f"{zlib.crc32(np.ascontiguousarray(blocks).data):08x}-{BLOCK_ROWS}"


class Part(NamedTuple):
    """A range of rows of a dataset: one stream of a merge order."""

    entry: Entry
    first: int
    last: int


def map_order(root: Path, parts: list[Part]) -> NDArray[Any] | None:
    """The stored order of these streams, mapped; None if there is none."""
    try:
        return _map(order_file(root, parts), (sum(part.last - part.first for part in parts),), None)
    except FileNotFoundError:
        return None


def store_order(root: Path, parts: list[Part], order: NDArray[Any]) -> None:
    """Stores the order of these streams, unless a dataset is gone or the catalog cannot be written."""
    folder = order_file(root, parts).parent
    used = sorted({part.entry.directory for part in parts})
    try:
        with edit_index(root) as entries:
            present = {entry.directory for entry in entries}
            if present.issuperset(used) and not folder.is_dir():
                _write_folder(root, folder.name, {_ORDER: order}, msgspec.json.encode(used))
    except OSError:
        pass  # read-only catalog or full disk: the next merge sorts again


def order_file(root: Path, parts: list[Part]) -> Path:
    """The file of the order. Its name is a hash of the contents of the streams in order, without symbols."""
    contents = msgspec.json.encode([(part.entry.content_hash, part.first, part.last) for part in parts])
    return root / FOLDER / f"order-{sha256_hex(contents)[:24]}" / f"{_ORDER}.npy"


def _map(file: Path, shape: tuple[int, ...], dtype: str | None) -> NDArray[Any]:
    try:
        array = np.load(file, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise DataError(f"catalog {file}: not a readable column; write the dataset again: {error}") from error
    if array.shape != shape or dtype not in {None, array.dtype.str}:
        found = f"{array.shape} {array.dtype.str}"
        raise DataError(
            f"catalog {file}: the index says {shape} {dtype or array.dtype.str}, the file {found}; "
            "write the dataset again"
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
    _sync(root)


def _remove_unused(root: Path, entries: list[Entry]) -> None:
    """Removes the directories that no entry names. Processes that have mapped their files keep the data."""
    import shutil

    wanted = {entry.directory for entry in entries}
    for found in (root / FOLDER).iterdir():
        if found.name in wanted or not _CREATED_HERE.fullmatch(found.name):
            continue
        if not (found.name.startswith("order-") and wanted.issuperset(_datasets_of(found))):
            shutil.rmtree(found, ignore_errors=True)


def _datasets_of(order: Path) -> list[str]:
    """The directories of the datasets that an order merges; if unreadable, the name of its directory."""
    try:
        return msgspec.json.decode((order / _STREAMS).read_bytes(), type=list[str])
    except (OSError, msgspec.DecodeError):
        return [order.name]


def _sync(path: Path) -> None:
    """Waits until the file, or the list of files of a folder, is on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
