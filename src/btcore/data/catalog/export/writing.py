"""Datasets -> the files of an export, a block of rows at a time."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from numpy.typing import NDArray

from btcore.data.catalog.definitions import Definition
from btcore.data.catalog.entries import Dataset, Entry
from btcore.data.catalog.storage import sync
from btcore.data.conversions import CONTAINER_TIMES, DATA_EXTRA, import_library, to_arrow, to_polars
from btcore.data.source import AnyContainer
from btcore.errors import DataError, not_one_of

from .manifest import FORMATS, MANIFEST, ExportedFile, Format, manifest_bytes

BLOCK = 2**19  # rows that are converted at once
CSV_TIMES = "%Y-%m-%dT%H:%M:%S%.9fZ"
_UNSAFE = re.compile(r"[^A-Za-z0-9._=-]|^[.-]")  # in the names of files

Columns = dict[str, NDArray[Any]]


def export_datasets(
    folder: Path,
    format: str,
    definitions: dict[str, Definition],
    datasets: Iterator[tuple[Entry, AnyContainer]],
) -> list[ExportedFile]:
    """Writes the folder beside its place and renames it; a process that is killed leaves no such folder."""
    import shutil
    import tempfile

    if format not in FORMATS:
        raise DataError(f"format: {not_one_of(format, FORMATS)}")
    _check_empty(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    place = folder.resolve()
    partial = Path(tempfile.mkdtemp(prefix=f".{place.name}.partial-", dir=place.parent))
    try:
        files: list[ExportedFile] = []
        for entry, data in datasets:
            files.append(_exported(entry, format, {file.file.lower() for file in files}))
            _WRITERS[format](partial / files[-1].file, data.columns)
        known = cast(Format, format)
        (partial / MANIFEST).write_bytes(manifest_bytes(known, files, definitions))
        partial.chmod(0o755)  # mkdtemp makes it private
        for path in (*partial.iterdir(), partial):
            sync(path)
        _check_empty(folder)
        partial.rename(place)
        sync(place.parent)
    finally:
        if partial.exists():
            shutil.rmtree(partial, ignore_errors=True)
    return files


def _check_empty(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder}: it is a file, not a folder")
    if folder.is_dir() and any(folder.iterdir()):
        raise DataError(f"{folder}: the folder is not empty; an export needs a new or an empty one")


def _exported(entry: Entry, format: str, taken: set[str]) -> ExportedFile:
    """The dataset with the name of its file, which differs from those taken by more than case."""
    parts = (entry.symbol, entry.resolution, entry.kind, entry.source)
    stem = _UNSAFE.sub("_", "_".join(filter(None, parts)))
    name, number = f"{stem}.{format}", 1
    while name.lower() in taken:
        number += 1
        name = f"{stem}_{number}.{format}"
    values = {field: getattr(entry, field) for field in Dataset.__struct_fields__}
    return ExportedFile(**values, file=name)


def _blocks(columns: Columns) -> Iterator[Columns]:
    for first in range(0, len(columns["timestamp"]), BLOCK):
        yield {name: column[first : first + BLOCK] for name, column in columns.items()}


def _write_parquet(file: Path, columns: Columns) -> None:
    parquet = import_library("pyarrow.parquet", DATA_EXTRA)
    first = {name: column[:1] for name, column in columns.items()}
    schema = to_arrow(first, CONTAINER_TIMES).schema
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for block in _blocks(columns):
            writer.write_table(to_arrow(block, CONTAINER_TIMES))


def _write_arrow(file: Path, columns: Columns) -> None:
    arrow = import_library("pyarrow", DATA_EXTRA)
    first = {name: column[:1] for name, column in columns.items()}
    schema = to_arrow(first, CONTAINER_TIMES).schema
    with arrow.OSFile(str(file), "wb") as sink, arrow.ipc.new_file(sink, schema) as writer:
        for block in _blocks(columns):
            writer.write_table(to_arrow(block, CONTAINER_TIMES))


def _write_csv(file: Path, columns: Columns) -> None:
    """Numbers with the digits that distinguish them from every other, times with nine digits of fraction."""
    with file.open("wb") as stream:
        for number, block in enumerate(_blocks(columns)):
            frame = to_polars(block, CONTAINER_TIMES)
            frame.write_csv(stream, include_header=number == 0, datetime_format=CSV_TIMES)


_WRITERS = {"parquet": _write_parquet, "arrow": _write_arrow, "csv": _write_csv}
