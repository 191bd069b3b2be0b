"""Files with columns in a binary format: Parquet, Arrow IPC and npz."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from btcore.errors import DataError


def check_file(file: Path) -> None:
    """FileNotFoundError if there is no such file, DataError if it is a folder."""
    if file.is_dir():
        raise DataError(f"{file.name}: it is a folder; a file is needed")
    if not file.is_file():
        raise FileNotFoundError(f"{file}: no such file")


def import_polars(what: str) -> Any:
    """The polars module; ImportError with the command that installs it if it is missing."""
    try:
        import polars
    except ImportError as error:
        raise ImportError(f"reading {what} needs polars: pip install 'btcore[data]'") from error
    return polars


@contextmanager
def polars_errors(file: Path, what: str) -> Iterator[None]:
    """Turns errors of polars into DataErrors that name the file; DataError or OSError if there is no file."""
    import polars as pl

    check_file(file)
    try:
        yield
    except PermissionError:
        raise
    except pl.exceptions.DuplicateError as error:
        raise DataError(f"{file.name}: two columns have one name") from error
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        problem = "it is damaged, of another format, or has columns of a type that polars lacks"
        raise DataError(f"{file.name}: not a readable {what}: {problem}") from error


def joined(frame: Any) -> Any:
    """The polars frame with each column of numbers in one piece.

    Polars joins pieces on all cores, and numpy then shares the memory. Texts are converted anyway.
    """
    import polars as pl

    return frame.with_columns(frame.select(pl.exclude(pl.String)).rechunk())


def parquet_frame(file: Path, columns: list[str] | None = None, n_rows: int | None = None) -> Any:
    """The columns of a Parquet file, or all, as a polars frame."""
    return import_polars("Parquet").read_parquet(file, columns=columns, n_rows=n_rows, glob=False)


def parquet_metadata(file: Path) -> dict[str, str]:
    """The texts that a Parquet file has beside its columns."""
    return dict(import_polars("Parquet").read_parquet_metadata(file))


def arrow_frame(file: Path, columns: list[str] | None = None, n_rows: int | None = None) -> Any:
    """The columns of an Arrow IPC file or stream, or all, as a polars frame."""
    pl = import_polars("Arrow IPC")
    with file.open("rb") as stream:
        is_file = stream.read(6) == b"ARROW1"
    if not is_file:
        return pl.read_ipc_stream(file, columns=columns, n_rows=n_rows)
    # Polars takes a path as a pattern, in which some characters stand for others.
    if any(sign in str(file) for sign in "*?["):
        with file.open("rb") as stream:
            return pl.read_ipc(stream, columns=columns, n_rows=n_rows)
    return pl.read_ipc(file, columns=columns, n_rows=n_rows)


class Npz:
    """The arrays of an opened npz."""

    def __init__(self, file: Path, archive: Any) -> None:
        self._file, self._archive = file, archive
        self.names: list[str] = list(archive)

    def array(self, name: str) -> Any:
        """The array of that name; DataError if it is damaged or has no numbers, times or texts."""
        try:
            return self._archive[name]
        except _damages() as error:
            raise DataError(
                f"{self._file.name}: the array {name!r} is damaged, or has objects of Python"
            ) from error


@contextmanager
def open_npz(file: Path) -> Iterator[Npz]:
    """The npz, opened; DataError if it is none."""
    check_file(file)
    with file.open("rb") as stream:  # numpy leaves a damaged file open
        try:
            archive = np.load(stream, allow_pickle=False)
        except _damages() as error:
            raise DataError(f"{file.name}: not a readable npz: it is damaged or of another format") from error
        if isinstance(archive, np.ndarray):
            raise DataError(
                f"{file.name}: it is a single array (npy); an npz with one of each column is needed"
            )
        with archive:
            yield Npz(file, archive)


def _damages() -> tuple[type[Exception], ...]:
    import zipfile  # not at the top: they are slow to import
    import zlib

    return (OSError, ValueError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error)
