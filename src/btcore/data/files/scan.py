"""Files larger than memory -> containers in pieces: text files (CSV) and Parquet."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Unpack

from btcore.data.source import AnyContainer
from btcore.data.tables.options import TableOptions, TableSettings, TextOptions, TextSettings
from btcore.data.vendors.layout import Sample
from btcore.errors import DataError, RowError
from btcore.times.intervals import bar_length

from .binary import check_file, import_polars, polars_errors
from .build import Pieces, Reading, drop_blank_end
from .lines import Lines

ROWS = 250_000  # a piece is about 10 MB


def scan_csv(
    path: str | Path, kind: str | None = None, *, rows: int = ROWS, **options: Unpack[TextOptions]
) -> Iterator[AnyContainer]:
    """Yields what `read_csv` returns in pieces of `rows` rows; memory does not grow with the file.

    Each piece is checked to follow the one before as rows of one container do. DataError names file and line;
    the pieces before it have been yielded by then. Bars need `interval`, no longer than days, and all times
    must be written in the notation of the first piece. The notes of the last piece are those of the file.
    """
    import_polars("CSV")
    settings = TextSettings.of("scan_csv", options)
    _check_rows(Path(path), rows)
    from .csv import open_csv  # not at the top: they load the modules of compressed files
    from .cut import cut

    opened = open_csv(Path(path), kind, settings)
    _check_pieces(opened.reading)
    pieces = Pieces(opened.reading, opened.found)
    notes: list[str] = []
    for frame, lines in cut(opened.table.parts(opened.columns, notes), rows):
        piece = pieces.add(frame, lines)
        if piece is not None:
            yield piece
    last = pieces.finish()
    yield last.with_notes((*last.notes, *notes))


def scan_parquet(
    path: str | Path, kind: str | None = None, *, rows: int = ROWS, **options: Unpack[TableOptions]
) -> Iterator[AnyContainer]:
    """Yields what `read_parquet` returns in pieces, as `scan_csv` does; memory grows with the row groups."""
    pl = import_polars("Parquet")
    settings = TableSettings.of("scan_parquet", options)
    file = Path(path)
    _check_rows(file, rows)
    with polars_errors(file, "Parquet file"):
        scanned = pl.scan_parquet(file, glob=False)
        names = scanned.collect_schema().names()
        head = scanned.head(1).collect()
        reading = Reading.of(file, kind, settings, Sample(names, file=file.name, column=head.get_column))
        _check_pieces(reading)
        found = reading.match(names)

    def frames() -> Iterator[Any]:
        with polars_errors(reading.file, "Parquet file"):
            yield from scanned.select(found.used).collect_batches(chunk_size=rows)

    pieces = Pieces(reading, found)
    for start, frame in _drop_blank_end(frames(), reading):
        piece = pieces.add(frame, Lines.counted(start + 1))
        if piece is not None:
            yield piece
    yield pieces.finish()


def _check_rows(file: Path, rows: int) -> None:
    if isinstance(rows, bool) or not isinstance(rows, int) or rows < 1:
        raise DataError(f"rows: {rows!r} is not a positive number of rows")
    check_file(file)


def _check_pieces(reading: Reading) -> None:
    """DataError for a file that is only read as a whole."""
    choice = reading.choice
    if choice is not None and (choice.layout.whole or choice.layout.convert is not None):
        raise DataError(
            f"{reading.file.name}: files of the format {choice.layout.name!r} are not read in pieces; "
            "read_* reads the whole file"
        )
    if reading.kind == "bars":
        _check_length(reading.file, reading.settings)


def _check_length(file: Path, settings: TableSettings) -> None:
    """DataError for bars without a length, or with one that is found by the days of all of them."""
    if settings.interval is None:
        raise DataError(
            f"{file.name}: bars in pieces need interval=; "
            "a length that is not given is inferred from all of the file"
        )
    length = bar_length(settings.interval)
    if length.months or length.weeks:
        raise DataError(
            f"{file.name}: bars of {length.name} cannot be read in pieces, as all of them show the day "
            "on which they begin; read_* reads the whole file"
        )


def _drop_blank_end(frames: Iterator[Any], reading: Reading) -> Iterator[tuple[int, Any]]:
    """(number of the first row, frame) of each frame, without the rows of nulls at the end of the file."""
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
