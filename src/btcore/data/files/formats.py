"""The reader of a file by the end of its name, and what is seen of it before it is read."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from btcore.data.source import AnyContainer
from btcore.data.vendors.layout import Sample
from btcore.errors import DataError

from .binary import arrow_frame, import_polars, open_npz, parquet_frame, polars_errors
from .read import read_arrow, read_csv, read_npz, read_parquet

Reader = Callable[..., AnyContainer]
ENDINGS: dict[str, tuple[str, ...]] = {
    "csv": (".csv", ".txt", ".tsv", ".gz", ".bz2", ".zst", ".zip"),
    "parquet": (".parquet", ".pq"),
    "arrow": (".feather", ".arrow", ".ipc"),
    "npz": (".npz",),
}
_READERS: dict[str, Reader] = {
    "csv": read_csv,
    "parquet": read_parquet,
    "arrow": read_arrow,
    "npz": read_npz,
}


def format_of(file: Path) -> str:
    """The format of files with such a name; DataError, which lists the endings, if there is none."""
    for form, endings in ENDINGS.items():
        if file.suffix.lower() in endings:
            return form
    listed = ", ".join(ending for endings in ENDINGS.values() for ending in endings)
    raise DataError(f"{file.name}: the name does not end in {listed}")


def reader_of(file: Path) -> Reader:
    """The reader of files with such a name; DataError as of `format_of`."""
    return _READERS[format_of(file)]


def sample_of(file: Path) -> Sample:
    """What is seen of a file before it is read."""
    reader = reader_of(file)
    if reader is read_npz:
        with open_npz(file) as npz:
            return Sample(npz.names, file=file.name, column=lambda name: _array(file, name))
    import_polars("files")
    if reader is read_csv:
        from .csv import text_sample  # not at the top: it loads the modules of compressed files

        return text_sample(file)
    with polars_errors(file, "file of its kind"):
        head = (arrow_frame if reader is read_arrow else parquet_frame)(file, n_rows=1)
    return Sample(head.columns, file=file.name, column=head.get_column)


def _array(file: Path, name: str) -> Any:
    with open_npz(file) as npz:
        return npz.array(name)
