"""Files larger than memory -> containers in pieces: CSV (plain, gzip, zip) and Parquet."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from btcore.data.containers import check_follows, last_row
from btcore.data.frames import match_columns
from btcore.data.source import AnyContainer
from btcore.data.timestamps import detect_notation
from btcore.errors import DataError, RowError
from btcore.times.intervals import UNIT_NS, Interval
from btcore.times.zones import Dst

from .build import Reading, drop_blank_end
from .read import csv_columns, import_polars, polars_errors, zip_member

ROWS = 250_000  # a piece is about 10 MB


def scan_csv(
    path: str | Path,
    kind: str = "bars",
    *,
    columns: Mapping[str, str] | None = None,
    timezone: str = "UTC",
    unit: str | None = None,
    interval: Interval | None = None,
    time_format: str | None = None,
    dst: Dst = "raise",
    source: str = "trade",
    delimiter: str = ",",
    has_header: bool = True,
    negative_prices: bool = False,
    rows: int = ROWS,
) -> Iterator[AnyContainer]:
    """Yields what `read_csv` returns in pieces of `rows` rows; memory does not grow with the file.

    Each piece is checked to follow the one before as rows of one container do. DataError names file and line;
    the pieces before it have been yielded by then. Bars need `interval`, and all times must be written in the
    notation of the first piece. A gzip or zip is unpacked into the folder of temporary files.
    """
    pl = import_polars("CSV")
    first_row = 2 if has_header else 1
    reading = Reading(
        Path(path), kind, timezone, unit, time_format, dst, interval, source, first_row, negative_prices
    )
    _check_arguments(reading, rows)
    options: dict[str, Any] = {"separator": delimiter, "has_header": has_header}
    with _unpack(reading.file) as file:
        with polars_errors(reading.file, "CSV"):
            found, types = csv_columns(file, reading, columns, options)

        def frames() -> Iterator[Any]:
            done = 0
            with polars_errors(reading.file, "CSV"):
                try:
                    typed = pl.scan_csv(file, schema_overrides=types, **options).select(list(types))
                    for frame in typed.collect_batches(chunk_size=rows):
                        yield frame
                        done += frame.height
                except pl.exceptions.ComputeError:
                    # Some value is not a number: read the rest as text, so that the error can name its row.
                    texts = pl.scan_csv(file, infer_schema=False, **options).select(list(types))
                    yield from texts.slice(done).collect_batches(chunk_size=rows)

        yield from _pieces(frames, reading, found)


def scan_parquet(
    path: str | Path,
    kind: str = "bars",
    *,
    columns: Mapping[str, str] | None = None,
    timezone: str = "UTC",
    unit: str | None = None,
    interval: Interval | None = None,
    time_format: str | None = None,
    dst: Dst = "raise",
    source: str = "trade",
    negative_prices: bool = False,
    rows: int = ROWS,
) -> Iterator[AnyContainer]:
    """Yields what `read_parquet` returns in pieces, as `scan_csv` does; memory grows with the row groups."""
    pl = import_polars("Parquet")
    reading = Reading(
        Path(path), kind, timezone, unit, time_format, dst, interval, source, 1, negative_prices
    )
    _check_arguments(reading, rows)
    with polars_errors(reading.file, "file of its kind"):
        scanned = pl.scan_parquet(reading.file)
        names = scanned.collect_schema().names()
        with reading.locate_errors():
            found = match_columns(names, kind, columns)

    def frames() -> Iterator[Any]:
        with polars_errors(reading.file, "file of its kind"):
            yield from scanned.select(list(found.values())).collect_batches(chunk_size=rows)

    yield from _pieces(frames, reading, found)


def _check_arguments(reading: Reading, rows: int) -> None:
    if reading.kind == "bars" and reading.interval is None:
        raise DataError(
            f"{reading.file.name}: bars in pieces need interval=; "
            "the smallest gap is known only at the end of the file"
        )
    if rows < 1:
        raise DataError(f"rows: {rows!r} is not a positive number of rows")
    if not reading.file.is_file():
        raise FileNotFoundError(f"{reading.file}: no such file")


def _pieces(
    frames: Callable[[], Iterator[Any]], reading: Reading, found: dict[str, str]
) -> Iterator[AnyContainer]:
    """The frames as containers, each checked against the last row of the one before."""
    before: AnyContainer | None = None
    notation = ""
    for start, frame in _drop_blank_end(frames(), reading):
        here = reading._replace(first_row=reading.first_row + start)
        piece = here.build_from_frame(frame, found)
        times = frame[found["timestamp"]]
        if before is None:
            notation = "" if reading.time_format else detect_notation(times, reading.unit)
            reading = reading._replace(unit=notation if notation in UNIT_NS else reading.unit)
        else:
            with here.locate_errors():
                _check_notation(times, reading, notation)
                check_follows(before, piece)
        before = last_row(piece)
        yield piece
    if before is None:
        raise DataError(f"{reading.file.name}: the file has no rows")


def _check_notation(times: Any, reading: Reading, notation: str) -> None:
    """RowError unless the times are written as those of the first piece; no check if `notation` is ""."""
    if notation and (mine := detect_notation(times, reading.unit)) != notation:
        problem = f"timestamp {times[0]!r} is written as {mine!r}, but those before it as {notation!r}"
        raise RowError(reading.kind, 0, problem)


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
