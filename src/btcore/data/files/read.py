"""Files -> containers: CSV (plain, gzip, zip), Parquet, Arrow IPC, npz."""

import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from btcore.data.frames import aggressor_sides, match_columns
from btcore.data.source import AnyContainer
from btcore.errors import DataError
from btcore.times.intervals import Interval
from btcore.times.zones import Dst

from .build import Reading


def read_csv(
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
) -> AnyContainer:
    """The Bars, Quotes or Trades (`kind`) in a CSV file, which may be gzipped or the only member of a zip.

    Columns are found by their usual names, in upper or lower case; `columns={"timestamp": "Date"}` names
    others (without a header they are column_1, column_2, ...). Times are ISO 8601, dates, YYYYMMDD, epoch
    numbers in `unit` (None: inferred from the largest), or in `time_format` (of strptime). Naive times are
    local in `timezone`; one that occurs twice or never there is an error unless `dst` is "earlier" or
    "later". `interval` of bars None is the smallest gap between two. Prices are positive, or any finite
    numbers with `negative_prices`. DataError for a file that cannot be read or invalid data; it names file
    and line, counted from 1 with the header. FileNotFoundError if there is no file.
    """
    pl = import_polars("CSV")
    first_row = 2 if has_header else 1
    reading = Reading(
        Path(path), kind, timezone, unit, time_format, dst, interval, source, first_row, negative_prices
    )
    content = _csv_content(reading.file)
    with polars_errors(reading.file, "CSV"):
        options: dict[str, Any] = {"separator": delimiter, "has_header": has_header}
        found, types = csv_columns(_reopen(content), reading, columns, options)
        options["columns"] = list(types)
        try:
            frame = pl.read_csv(_reopen(content), schema_overrides=types, **options)
        except pl.exceptions.ComputeError:
            # Some value is not a number: read all as text, so that the error can name its row.
            frame = pl.read_csv(_reopen(content), infer_schema=False, **options)
    return reading.build_from_frame(frame, found)


def read_parquet(
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
) -> AnyContainer:
    """The container in a Parquet file; arguments and errors as of `read_csv`, rows counted from 1."""
    pl = import_polars("Parquet")
    reading = Reading(
        Path(path), kind, timezone, unit, time_format, dst, interval, source, 1, negative_prices
    )
    return _read_table(pl.read_parquet, reading, columns)


def read_arrow(
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
) -> AnyContainer:
    """The container in an Arrow IPC (Feather) file; arguments and errors as of `read_csv`, rows from 1."""
    pl = import_polars("Arrow IPC")

    def read(file: Path, columns: list[str] | None = None, n_rows: int | None = None) -> Any:
        return pl.read_ipc(file, columns=columns, n_rows=n_rows)

    reading = Reading(
        Path(path), kind, timezone, unit, time_format, dst, interval, source, 1, negative_prices
    )
    return _read_table(read, reading, columns)


def read_npz(
    path: str | Path,
    kind: str = "bars",
    *,
    columns: Mapping[str, str] | None = None,
    interval: Interval | None = None,
    source: str = "trade",
    negative_prices: bool = False,
) -> AnyContainer:
    """The container in an npz file with one array per column; times are int64 nanoseconds UTC or datetime64.

    Errors as of `read_csv`, rows counted from 1.
    """
    reading = Reading(Path(path), kind, interval=interval, source=source, negative_prices=negative_prices)
    try:
        with np.load(path, allow_pickle=False) as archive:
            with reading.locate_errors():
                found = match_columns(list(archive), kind, columns)
            table = {name: archive[theirs] for name, theirs in found.items()}
    except (DataError, FileNotFoundError):
        raise
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{reading.file.name}: not a readable npz: {error}") from error
    if "buyer_maker" in table:
        with reading.locate_errors():
            table["side"] = aggressor_sides(table.pop("buyer_maker"))
    return reading.build(table)


def import_polars(what: str) -> Any:
    """The polars module; ImportError with the command that installs it if it is missing."""
    try:
        import polars
    except ImportError as error:
        raise ImportError(f"reading {what} needs polars: pip install 'btcore[data]'") from error
    return polars


@contextmanager
def polars_errors(file: Path, what: str) -> Iterator[None]:
    """Turns errors of polars into DataErrors that name the file; a missing file stays an OSError."""
    import polars as pl

    try:
        yield
    except pl.exceptions.NoDataError as error:
        raise DataError(f"{file.name}: the file has no rows") from error
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{file.name}: not a readable {what}: {error}") from error
    except (FileNotFoundError, PermissionError):
        raise
    except OSError as error:  # polars raises it for a broken gzip
        raise DataError(f"{file.name}: not a readable file: {error}") from error


def csv_columns(
    content: Any, reading: Reading, columns: Mapping[str, str] | None, options: Mapping[str, Any]
) -> tuple[dict[str, str], dict[str, Any]]:
    """The file's name of each column of the kind, and the polars dtype of each, by the first row."""
    import polars as pl

    head = pl.read_csv(content, n_rows=1, infer_schema=False, **options)
    names = head.columns if options["has_header"] else [f"column_{i}" for i in range(1, head.width + 1)]
    with reading.locate_errors():
        matched = match_columns(names, reading.kind, columns)
    found = {name: head.columns[names.index(theirs)] for name, theirs in matched.items()}
    types: dict[str, Any] = dict.fromkeys(found.values(), pl.Float64)
    types |= {found[name]: pl.String for name in ("timestamp", "side", "buyer_maker") if name in found}
    time = head[found["timestamp"]][0] if head.height else None
    if reading.time_format is None and re.fullmatch(r"[+-]?\d+", time or ""):
        types[found["timestamp"]] = pl.Int64  # twice as fast as texts
    return found, types


def _read_table(read: Any, reading: Reading, columns: Mapping[str, str] | None) -> AnyContainer:
    with polars_errors(reading.file, "file of its kind"):
        names = read(reading.file, n_rows=0).columns
        with reading.locate_errors():
            found = match_columns(names, reading.kind, columns)
        frame = read(reading.file, columns=list(found.values()))
    return reading.build_from_frame(frame, found)


def _csv_content(file: Path) -> Path | bytes:
    """The path; for a zip, the bytes of its only member."""
    if not file.is_file():
        raise FileNotFoundError(f"{file}: no such file")
    if file.suffix.lower() != ".zip":
        return file
    with zip_member(file) as stream:
        return stream.read()


@contextmanager
def zip_member(file: Path) -> Iterator[IO[bytes]]:
    """The only member of a zip, opened; DataError if there are none or several."""
    import zipfile

    try:
        with zipfile.ZipFile(file) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
            if len(members) != 1:
                raise DataError(f"{file.name}: the zip has {len(members)} members; exactly one is allowed")
            with archive.open(members[0]) as stream:
                yield stream
    except zipfile.BadZipFile as error:
        raise DataError(f"{file.name}: not a readable zip: {error}") from error


def _reopen(content: Path | bytes) -> Path | io.BytesIO:
    return io.BytesIO(content) if isinstance(content, bytes) else content
