"""Stored merge orders: the order of the events of several datasets, beside their columns."""

from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from numpy.typing import NDArray

from btcore.data.hashing import sha256_hex

from .entries import Entry
from .index import edit_index
from .storage import FOLDER, STREAMS, map_file, write_folder

_ORDER = "order"


class Part(NamedTuple):
    """A range of rows of a dataset: one stream of a merge order."""

    entry: Entry
    first: int
    last: int


def map_order(root: Path, parts: list[Part]) -> NDArray[Any] | None:
    """The stored order of these streams, mapped; None if there is none."""
    try:
        return map_file(order_file(root, parts), (sum(part.last - part.first for part in parts),), None)
    except FileNotFoundError:
        return None


def store_order(root: Path, parts: list[Part], order: NDArray[Any]) -> None:
    """Stores the order of these streams, unless a dataset is gone or the catalog cannot be written."""
    folder = order_file(root, parts).parent
    used = sorted({part.entry.directory for part in parts})
    try:
        with edit_index(root) as index:
            present = {entry.directory for entry in index.datasets}
            if present.issuperset(used) and not folder.is_dir():
                write_folder(root, folder.name, {_ORDER: order}, {STREAMS: msgspec.json.encode(used)})
    except OSError:
        pass  # read-only catalog or full disk: the next merge sorts again


def order_file(root: Path, parts: list[Part]) -> Path:
    """The file of the order. Its name is a hash of the contents of the streams in order, without symbols."""
    contents = msgspec.json.encode([(part.entry.content_hash, part.first, part.last) for part in parts])
    return root / FOLDER / f"order-{sha256_hex(contents)[:24]}" / f"{_ORDER}.npy"
