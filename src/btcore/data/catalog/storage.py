"""The folders of a catalog: one of .npy columns per dataset. Each appears as a whole or not at all."""

import mmap
import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from btcore.data.hashing import sha256_hex
from btcore.errors import DataError
from btcore.feed.blocks import BLOCK_ROWS

from .entries import Entry

FOLDER = "datasets"
BLOCKS = "blocks"  # the extremes of blocks, a file beside the columns
STREAMS = "streams.json"  # the datasets of a merge order, a file beside it
# Names that this module creates; anything else in the folder is never removed.
_CREATED_HERE = re.compile(r"[0-9a-f]{16}-[0-9a-f]{24}|partial-[a-z0-9_]+|order-[0-9a-f]{24}")


def directory_name(key: tuple[str, ...], content_hash: str) -> str:
    """Hexadecimal: a symbol is no safe path, and two may differ only by case."""
    return f"{sha256_hex(chr(0).join(key).encode())[:16]}-{content_hash[:24]}"


def write_columns(
    root: Path, entry: Entry, columns: dict[str, NDArray[Any]], blocks: NDArray[np.float64] | None = None
) -> None:
    """Writes the columns of a dataset, unless they are there already."""
    arrays = columns if blocks is None else columns | {BLOCKS: blocks}
    folder = root / FOLDER / entry.directory
    if not has_columns(root, entry):
        write_folder(root, entry.directory, arrays)
    elif blocks is not None and not (folder / f"{BLOCKS}.npy").exists():  # a catalog from before blocks
        save(folder / f"{BLOCKS}.new", blocks)
        sync(folder / f"{BLOCKS}.new")
        (folder / f"{BLOCKS}.new").rename(folder / f"{BLOCKS}.npy")
        sync(folder)


def has_columns(root: Path, entry: Entry) -> bool:
    """Whether the columns of a dataset are there; a folder with missing or damaged ones is removed."""
    import shutil

    folder = root / FOLDER / entry.directory
    if folder.is_dir():
        try:
            map_columns(root, entry)
        except (DataError, FileNotFoundError):
            shutil.rmtree(folder)
    return folder.is_dir()


def write_folder(
    root: Path, directory: str, arrays: dict[str, NDArray[Any]], more: dict[str, bytes] | None = None
) -> None:
    """Writes a folder of arrays and other files under that name."""
    with new_folder(root) as partial:
        for name, array in arrays.items():
            save(partial / f"{name}.npy", array)
        for name, content in (more or {}).items():
            (partial / name).write_bytes(content)
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
        sync(path)
    partial.rename(partial.parent / directory)
    sync(partial.parent)


def save(file: Path, array: NDArray[Any]) -> None:
    """Writes an .npy file under exactly that name; `np.save` would append a suffix."""
    with file.open("wb") as stream:
        np.save(stream, array, allow_pickle=False)


def map_columns(root: Path, entry: Entry) -> dict[str, NDArray[Any]]:
    """The columns, mapped read-only; FileNotFoundError if a writer has replaced the dataset."""
    folder = root / FOLDER / entry.directory
    return {
        name: map_file(folder / f"{name}.npy", (entry.rows,), dtype) for name, dtype in entry.columns.items()
    }


def map_blocks(root: Path, entry: Entry) -> NDArray[np.float64] | None:
    """The extremes of blocks, as `Container.index` describes them; None if there are none."""
    if not entry.blocks_hash:
        return None
    file = root / FOLDER / entry.directory / f"{BLOCKS}.npy"
    rows = 4 if entry.kind == "quotes" else 2
    blocks = map_file(file, (rows, -(-entry.rows // BLOCK_ROWS)), "<f8")
    if blocks_hash(blocks) != entry.blocks_hash:
        raise DataError(
            f"catalog {file}: not the checksum of the index; remove it and write the dataset again"
        )
    return blocks


def blocks_hash(blocks: NDArray[np.float64]) -> str:
    """A checksum of the extremes, and the number of rows per block."""
    return f"{zlib.crc32(np.ascontiguousarray(blocks).data):08x}-{BLOCK_ROWS}"


def map_file(file: Path, shape: tuple[int, ...], dtype: str | None) -> NDArray[Any]:
    """The array of a file, mapped read-only; DataError unless it has that shape and dtype (None: any)."""
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
    _ask_for_huge_pages(array)
    return np.asarray(array)


def _ask_for_huge_pages(array: NDArray[Any]) -> None:
    """Has the system read the file in units of huge pages, where it can, and map each with one page fault.

    What it reads in small units stays in the cache as small pages, each of which costs every later mapping a
    page fault: a sparse run over a dataset that was not in the cache would slow down the runs after it.
    """
    advice = getattr(mmap, "MADV_HUGEPAGE", None)  # Linux alone
    mapping: Any = array.base
    if advice is not None and isinstance(mapping, mmap.mmap):
        with suppress(OSError):  # a kernel without huge pages
            mapping.madvise(advice)


def remove_unused(root: Path, wanted: set[str]) -> None:
    """Removes all directories but those wanted. Processes that have mapped their files keep the data."""
    import shutil

    for found in (root / FOLDER).iterdir():
        if found.name in wanted or not _CREATED_HERE.fullmatch(found.name):
            continue
        if not (found.name.startswith("order-") and wanted.issuperset(_datasets_of(found))):
            shutil.rmtree(found, ignore_errors=True)


def _datasets_of(order: Path) -> list[str]:
    """The directories of the datasets that an order merges; if unreadable, the name of its directory."""
    try:
        return msgspec.json.decode((order / STREAMS).read_bytes(), type=list[str])
    except (OSError, msgspec.DecodeError):
        return [order.name]


def sync(path: Path) -> None:
    """Waits until the file, or the list of files of a folder, is on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
