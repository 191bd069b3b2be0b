"""Files larger than memory -> containers in pieces: CSV (plain, gzip, zip) and Parquet."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Unpack

from btcore.data.names import Found
from btcore.data.options import TableOptions, TableSettings, TextOptions, TextSettings
from btcore.data.source import AnyContainer
from btcore.errors import DataError, RowError

from .build import Pieces, Reading, drop_blank_end
from .lines import Lines
from .read import csv_columns, csv_reading, import_polars, polars_errors, zip_member

ROWS = 250_000  # a piece is about 10 MB


def scan_csv(
    path: str | Path, kind: str = "bars", *, rows: int = ROWS, **options: Unpack[TextOptions]
) -> Iterator[AnyContainer]:
    """Yields what `read_csv` returns in pieces of `rows` rows; memory does not grow with the file.

    Each piece is checked to follow the one before as rows of one container do. DataError names file and line;
    the pieces before it have been yielded by then. Bars need `interval`, and all times must be written in the
    notation of the first piece. A gzip or zip is unpacked into the folder of temporary files.
    """
    pl = import_polars("CSV")
    reading, layout = csv_reading(path, kind, TextSettings.of("scan_csv", options))
    _check_arguments(reading, rows)
    with _unpack(reading.file) as file:
        with polars_errors(reading.file, "CSV"):
            found, types, names = csv_columns(file, reading, layout)

        def frames() -> Iterator[Any]:
            done = 0
            with polars_errors(reading.file, "CSV"):
                try:
                    typed = pl.scan_csv(file, schema_overrides=types, **layout).select(list(types))
                    for frame in typed.collect_batches(chunk_size=rows):
                        yield frame.rename(names)
                        done += frame.height
                except pl.exceptions.ComputeError:
                    # Some value is not a number: read the rest as text, so that the error can name its row.
                    texts = pl.scan_csv(file, infer_schema=False, **layout).select(list(types))
                    for frame in texts.slice(done).collect_batches(chunk_size=rows):
                        yield frame.rename(names)

        yield from _pieces(frames, reading, found)


def scan_parquet(
    path: str | Path, kind: str = "bars", *, rows: int = ROWS, **options: Unpack[TableOptions]
) -> Iterator[AnyContainer]:
    """Yields what `read_parquet` returns in pieces, as `scan_csv` does; memory grows with the row groups."""
    pl = import_polars("Parquet")
    reading = Reading(Path(path), kind, TableSettings.of("scan_parquet", options))
    _check_arguments(reading, rows)
    with polars_errors(reading.file, "file of its kind"):
        scanned = pl.scan_parquet(reading.file)
        found = reading.match(scanned.collect_schema().names())

    def frames() -> Iterator[Any]:
        with polars_errors(reading.file, "file of its kind"):
            yield from scanned.select(found.used).collect_batches(chunk_size=rows)

    yield from _pieces(frames, reading, found)


def _check_arguments(reading: Reading, rows: int) -> None:
    if reading.kind == "bars" and reading.settings.interval is None:
        raise DataError(
            f"{reading.file.name}: bars in pieces need interval=; "
            "the smallest gap is known only at the end of the file"
        )
    if rows < 1:
        raise DataError(f"rows: {rows!r} is not a positive number of rows")
    if not reading.file.is_file():
        raise FileNotFoundError(f"{reading.file}: no such file")


def _pieces(frames: Callable[[], Iterator[Any]], reading: Reading, found: Found) -> Iterator[AnyContainer]:
    """The frames as containers, each checked against the last row of the one before."""
    pieces = Pieces(reading, found)
    for start, frame in _drop_blank_end(frames(), reading):
        piece = pieces.add(frame, Lines.counted(reading.lines.line(start)))
        if piece is not None:
            yield piece
    yield pieces.finish()


def _drop_blank_end(frames: Iterator[Any], reading: Reading) -> Iterator[tuple[int, Any]]:
    """(number of the first row, frame) of each frame, without the empty rows at the end of the file."""
    start, blank = 0, None
    for frame in frames:
        filled = drop_blank_end(frame)
        if filled.height:
            if blank is not None:
                with reading.locate_errors():
                    raise RowError(reading.kind, blank, "timestamp is missing")
            yield start, filled
        if filled.height < frame.height and blank is None:
            blank = start + filled.height
        start += frame.height


@contextmanager
def _unpack(file: Path) -> Iterator[Path]:
    """The path, or for a gzip or zip the path of a temporary unpacked copy."""
    kind = file.suffix.lower()
    if kind not in (".gz", ".zip"):
        yield file
        return
    import gzip
    import shutil
    import tempfile
    import zlib

    with tempfile.NamedTemporaryFile(suffix=".csv") as plain:
        try:
            with zip_member(file) if kind == ".zip" else gzip.open(file) as packed:
                shutil.copyfileobj(packed, plain, 1 << 20)
            plain.flush()
        except (EOFError, OSError, zlib.error) as error:
            raise DataError(f"{file.name}: not a readable file: {error}") from error
        yield Path(plain.name)
