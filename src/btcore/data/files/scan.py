"""Files larger than memory -> containers, piece by piece: CSV (plain, gzip, zip) and Parquet."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from btcore.data.containers import check_follows, last_row
from btcore.data.frames import pick
from btcore.data.timestamps import manner
from btcore.errors import DataError, RowError
from btcore.times.intervals import UNIT_NS, Interval
from btcore.times.zones import Dst

from .build import AnyContainer, Reading, without_blank_end
from .read import csv_columns, polars_for, readable, zip_member

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
    """What `read_csv` returns, in pieces of `rows` rows, in memory that does not grow with the file.

    The pieces follow each other as the rows of one container do, which is checked as they come: DataError
    names file and line, and what came before has been given by then. Bars need `interval`, and times are
    written in one manner all through. A gzip or zip is unpacked into the folder for temporary files.
    """
    pl = polars_for("CSV")
    first_row = 2 if has_header else 1
    reading = Reading(
        Path(path), kind, timezone, unit, time_format, dst, interval, source, first_row, negative_prices
    )
    _check(reading, rows)
    options: dict[str, Any] = {"separator": delimiter, "has_header": has_header}
    with _unpacked(reading.file) as file:
        with readable(reading.file, "CSV"):
            found, types = csv_columns(file, reading, columns, options)

        def frames() -> Iterator[Any]:
            done = 0
            with readable(reading.file, "CSV"):
                try:
                    typed = pl.scan_csv(file, schema_overrides=types, **options).select(list(types))
                    for frame in typed.collect_batches(chunk_size=rows):
                        yield frame
                        done += frame.height
                except pl.exceptions.ComputeError:
                    # Some value is no number: read the rest as text, so that its row can be named.
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
    """What `read_parquet` returns, in pieces, as `scan_csv` does; memory grows with the file's row groups."""
    pl = polars_for("Parquet")
    reading = Reading(
        Path(path),
        kind,
        timezone,
        unit,
        time_format,
        dst,
        interval,
        source,
        negative_prices=negative_prices,
    )
    _check(reading, rows)
    with readable(reading.file, "file of its kind"):
        scanned = pl.scan_parquet(reading.file)
        names = scanned.collect_schema().names()
        found = reading.located(lambda: pick(names, kind, columns))

    def frames() -> Iterator[Any]:
        with readable(reading.file, "file of its kind"):
            yield from scanned.select(list(found.values())).collect_batches(chunk_size=rows)

    yield from _pieces(frames, reading, found)


def _check(reading: Reading, rows: int) -> None:
    if reading.kind == "bars" and reading.interval is None:
        raise DataError(
            f"{reading.file.name}: bars in pieces need interval=: which gap is the smallest, the end tells"
        )
    if rows < 1:
        raise DataError(f"rows: {rows!r} is not a positive number of rows")
    if not reading.file.is_file():
        raise FileNotFoundError(f"{reading.file}: no such file")


def _pieces(
    frames: Callable[[], Iterator[Any]], reading: Reading, found: dict[str, str]
) -> Iterator[AnyContainer]:
    """The frames as containers, each checked against the row before it."""
    before: AnyContainer | None = None
    written = ""
    for start, frame in _without_blank_end(frames(), reading):
        here = reading._replace(first_row=reading.first_row + start)
        piece = here.container(frame, found)
        times = frame[found["timestamp"]]
        if before is None:
            written = "" if reading.time_format else manner(times, reading.unit)
            reading = reading._replace(unit=written if written in UNIT_NS else reading.unit)
        else:
            here.located(partial(_check_manner, times, reading, written))
            here.located(partial(check_follows, before, piece))
        before = last_row(piece)
        yield piece
    if before is None:
        raise DataError(f"{reading.file.name}: the file is empty")


def _check_manner(times: Any, reading: Reading, written: str) -> None:
    if written and manner(times, reading.unit) != written:
        raise RowError(reading.kind, 0, f"timestamp {times[0]!r} is not written as those before it are")


def _without_blank_end(frames: Iterator[Any], reading: Reading) -> Iterator[tuple[int, Any]]:
    """The number of each frame's first row, and the frame, without the empty rows at the file's end."""
    start, blank = 0, None
    for frame in frames:
        kept = without_blank_end(frame)
        if kept.height and blank is not None:
            reading.located(partial(_refuse, RowError(reading.kind, blank, "timestamp is missing")))
        if kept.height:
            yield start, kept
        if kept.height < frame.height and blank is None:
            blank = start + kept.height
        start += frame.height


def _refuse(error: RowError) -> None:
    raise error


@contextmanager
def _unpacked(file: Path) -> Iterator[Path]:
    """The file itself, or a temporary one with what is packed in it."""
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
