"""Datasets and definitions of one catalog -> another, all or none."""

from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from btcore.data.containers import KINDS
from btcore.data.source import AnyContainer
from btcore.errors import DataError

from .datasets import settings_of
from .entries import Entry
from .index import edit_index
from .lookup import Selected
from .storage import directory_name, write_columns


def copy_datasets(
    source: Path, destination: Path, selected: Selected, datasets: Iterator[tuple[Entry, AnyContainer]]
) -> list[Entry]:
    """Copies the datasets, which are opened one at a time, and the definitions; returns the new entries."""
    if destination.exists() and destination.samefile(source):
        raise DataError(f"copy: {destination} is this catalog; another folder is needed")
    with edit_index(destination) as index:
        fresh = [_copy(source, destination, entry, data) for entry, data in datasets]
        index.replace(fresh)
        index.definitions.update(selected.definitions)
    return fresh


def _copy(source: Path, destination: Path, entry: Entry, data: AnyContainer) -> Entry:
    """Copies the columns; DataError if they are not those that were written."""
    again = KINDS[entry.kind]._trusted(data.columns, settings_of(entry))  # its hash is computed, not stored
    if again.content_hash != entry.content_hash:
        raise DataError(
            f"catalog {source}: the {entry.name} of {entry.symbol} do not have their content hash; "
            "they are damaged, write the dataset again"
        )
    made = replace(entry, directory=directory_name(entry.key, entry.content_hash))
    write_columns(destination, made, data.columns, None if data.index is None else data.index[0])
    return made
