"""Files -> containers: CSV (plain, gzip, zip), Parquet, Arrow IPC, npz."""

import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Unpack

import numpy as np

from btcore.data.names import Found
from btcore.data.options import TableOptions, TableSettings, TextOptions, TextSettings
from btcore.data.source import AnyContainer
from btcore.errors import DataError

from .build import Reading
from .lines import Lines


def read_csv(path: str | Path, kind: str = "bars", **options: Unpack[TextOptions]) -> AnyContainer:
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
    reading, layout = csv_reading(path, kind, TextSettings.of("read_csv", options))
    content = _csv_content(reading.file)
    with polars_errors(reading.file, "CSV"):
        found, types, names = csv_columns(_reopen(content), reading, layout)
        layout["columns"] = list(types)
        try:
            frame = pl.read_csv(_reopen(content), schema_overrides=types, **layout)
        except pl.exceptions.ComputeError:
            # Some value is not a number: read all as text, so that the error can name its row.
            frame = pl.read_csv(_reopen(content), infer_schema=False, **layout)
    made: AnyContainer = reading.build_from_frame(frame.rename(names), found)
    return made


def read_parquet(path: str | Path, kind: str = "bars", **options: Unpack[TableOptions]) -> AnyContainer:
    """The container in a Parquet file; arguments and errors as of `read_csv`, rows counted from 1."""
    pl = import_polars("Parquet")
    reading = Reading(Path(path), kind, TableSettings.of("read_parquet", options))
    return _read_table(pl.read_parquet, reading)


def read_arrow(path: str | Path, kind: str = "bars", **options: Unpack[TableOptions]) -> AnyContainer:
    """The container in an Arrow IPC (Feather) file; arguments and errors as of `read_csv`, rows from 1."""
    pl = import_polars("Arrow IPC")

    def read(file: Path, columns: list[str] | None = None, n_rows: int | None = None) -> Any:
        return pl.read_ipc(file, columns=columns, n_rows=n_rows)

    reading = Reading(Path(path), kind, TableSettings.of("read_arrow", options))
    return _read_table(read, reading)


def read_npz(path: str | Path, kind: str = "bars", **options: Unpack[TableOptions]) -> AnyContainer:
    """The container in an npz file with one array per column; times are int64 nanoseconds UTC or datetime64.

    Errors as of `read_csv`, rows counted from 1.
    """
    reading = Reading(Path(path), kind, TableSettings.of("read_npz", options))
    try:
        with np.load(path, allow_pickle=False) as archive:
            found = reading.match(list(archive))
            table = {name: archive[name] for name in found.used}
    except (DataError, FileNotFoundError):
        raise
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{reading.file.name}: not a readable npz: {error}") from error
    made: AnyContainer = reading.build(table, found)
    return made


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


def csv_reading(path: str | Path, kind: str, settings: TextSettings) -> tuple[Reading, dict[str, Any]]:
    """The reading of a CSV, and the options of polars that say how it is laid out."""
    header = settings.has_header is not False
    layout: dict[str, Any] = {"separator": settings.delimiter or ",", "has_header": header}
    return Reading(Path(path), kind, settings, Lines.counted(2 if header else 1)), layout


def csv_columns(
    content: Any, reading: Reading, layout: Mapping[str, Any]
) -> tuple[Found, dict[str, Any], dict[str, str]]:
    """The columns of the file that are used, the polars dtype of each, and polars' name of each to ours."""
    import polars as pl

    head = pl.read_csv(content, n_rows=1, infer_schema=False, **layout)
    theirs = head.columns
    if not layout["has_header"]:
        head.columns = [f"column_{i}" for i in range(1, head.width + 1)]
    ours = dict(zip(head.columns, theirs, strict=True))
    found = reading.match(head.columns)
    numbers, texts = reading.wanted(found)
    types: dict[str, Any] = dict.fromkeys(numbers, pl.Float64) | dict.fromkeys(texts, pl.String)
    time = head[found.times[0]][0] if head.height else None
    if (
        reading.settings.time_format is None
        and len(found.times) == 1
        and re.fullmatch(r"[+-]?\d+", time or "")
    ):
        types[found.times[0]] = pl.Int64  # twice as fast as texts
    return found, {ours[name]: dtype for name, dtype in types.items()}, {ours[name]: name for name in types}


def _read_table(read: Any, reading: Reading) -> AnyContainer:
    with polars_errors(reading.file, "file of its kind"):
        found = reading.match(read(reading.file, n_rows=0).columns)
        frame = read(reading.file, columns=found.used)
    reading = reading._replace(peek=lambda: read(reading.file, n_rows=1000))
    made: AnyContainer = reading.build_from_frame(frame, found)
    return made


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
