"""The files of an export -> containers, a block of rows at a time. Every row is checked."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from btcore.data.catalog.datasets import settings_of
from btcore.data.containers import KINDS, from_columns
from btcore.data.conversions import CONTAINER_TIMES, DATA_EXTRA, import_library, to_arrow
from btcore.data.source import AnyContainer
from btcore.errors import DataError, RowError

from .manifest import MANIFEST, ExportedFile
from .writing import BLOCK, CSV_TIMES, Columns

_CSV_BYTES = 2**25  # of a text file that are read at once


def read_pieces(folder: Path, format: str, dataset: ExportedFile) -> Iterator[AnyContainer]:
    """The rows of a file as containers; DataError, which names it, if they cannot be read or are invalid."""
    file, rows = folder / dataset.file, 0
    for columns in _READERS[format](file, dataset):
        try:
            yield _piece(dataset, columns)
        except RowError as error:
            raise DataError(error.located(f"{file} row {rows + error.row + 1}")) from error
        except DataError as error:
            raise DataError(f"{file}: {error}") from error
        except (TypeError, KeyError) as error:
            raise DataError(f"{file}: the columns are not those of {dataset.kind}") from error
        rows += len(columns["timestamp"])


def _piece(dataset: ExportedFile, columns: Columns) -> AnyContainer:
    """The checked container of some rows, with the settings and notes of the dataset."""
    meta = settings_of(dataset)
    settings = {name: value for name, value in meta.items() if name not in {"timezone", "months"}}
    if dataset.kind == "bars" and "end" not in columns:
        columns = columns | {"end": columns["timestamp"] + dataset.interval}  # no end is inferred
    made = from_columns(dataset.kind, columns, settings)
    return KINDS[dataset.kind]._trusted(made.columns, meta, notes=dataset.notes)


def _read_parquet(file: Path, dataset: ExportedFile) -> Iterator[Columns]:
    parquet = import_library("pyarrow.parquet", DATA_EXTRA)

    def batches() -> Iterator[Any]:
        with parquet.ParquetFile(file) as source:
            for group in range(source.num_row_groups):
                yield from source.read_row_group(group, use_threads=False).to_batches(BLOCK)

    return _of_batches(file, batches(), dataset)


def _read_arrow(file: Path, dataset: ExportedFile) -> Iterator[Columns]:
    arrow = import_library("pyarrow", DATA_EXTRA)

    def batches() -> Iterator[Any]:
        with arrow.memory_map(str(file)) as mapped, arrow.ipc.open_file(mapped) as source:
            yield from (source.get_batch(number) for number in range(source.num_record_batches))

    return _of_batches(file, batches(), dataset)


def _of_batches(file: Path, batches: Iterator[Any], dataset: ExportedFile) -> Iterator[Columns]:
    """The columns of record batches; DataError if they cannot be read, or are not those of the dataset."""
    arrow = import_library("pyarrow", DATA_EXTRA)
    none = {name: np.empty(0, dtype) for name, dtype in dataset.columns.items()}
    schema = to_arrow(none, CONTAINER_TIMES).schema
    while True:
        try:
            batch = next(batches, None)
        except (arrow.ArrowException, OSError, ValueError) as error:
            raise _unreadable(file) from error
        if batch is None:
            return
        if not batch.schema.equals(schema) or any(column.null_count for column in batch.columns):
            raise DataError(f"{file}: the columns are not those that {MANIFEST} names")
        columns = dict(zip(batch.schema.names, batch.columns, strict=True))
        yield {
            name: (column.cast(arrow.int64()) if name in CONTAINER_TIMES else column).to_numpy()
            for name, column in columns.items()
        }


def _read_csv(file: Path, dataset: ExportedFile) -> Iterator[Columns]:
    polars = import_library("polars", DATA_EXTRA)
    types = {"<f8": polars.Float64, "|i1": polars.Int8, "<i8": polars.String}  # int64 are times
    schema = {name: types[dtype] for name, dtype in dataset.columns.items()}
    with file.open("rb") as stream:
        if stream.readline().rstrip(b"\r\n") != ",".join(schema).encode():
            raise DataError(f"{file}: the first line is not the header that {MANIFEST} names")
        while lines := stream.read(_CSV_BYTES):
            lines += stream.readline()  # whole lines
            try:
                frame = polars.read_csv(lines, has_header=False, schema=schema)
                times = [polars.col(n).str.to_datetime(CSV_TIMES, time_unit="ns") for n in _times(schema)]
                frame = frame.with_columns(times)
            except polars.exceptions.PolarsError as error:
                raise _unreadable(file) from error
            if any(frame.null_count().row(0)):
                raise DataError(f"{file}: a value is missing")
            yield {name: frame[name].to_physical().to_numpy() for name in schema}


def _times(names: Iterable[str]) -> list[str]:
    return [name for name in names if name in CONTAINER_TIMES]


def _unreadable(file: Path) -> DataError:
    return DataError(f"{file}: it cannot be read; the file is damaged or was changed")


_READERS: dict[str, Callable[[Path, ExportedFile], Iterator[Columns]]] = {
    "parquet": _read_parquet,
    "arrow": _read_arrow,
    "csv": _read_csv,
}
