"""The reader of a file by the end of its name, and the names of its columns."""

from collections.abc import Callable
from pathlib import Path

from btcore.data.source import AnyContainer
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


def column_names(file: Path) -> list[str]:
    """The names of the columns, without reading the rows."""
    reader = reader_of(file)
    if reader is read_npz:
        with open_npz(file) as npz:
            return npz.names
    import_polars("files")
    if reader is read_csv:
        from .csv import text_column_names  # not at the top: it loads the modules of compressed files

        return text_column_names(file)
    with polars_errors(file, "file of its kind"):
        names: list[str] = (arrow_frame if reader is read_arrow else parquet_frame)(file, n_rows=0).columns
    return names
