"""Files -> containers: CSV (plain, gzip, zip), Parquet, Arrow IPC, npz."""

import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from btcore.data.frames import aggressor, pick
from btcore.errors import DataError
from btcore.times.intervals import Interval
from btcore.times.zones import Dst

from .build import AnyContainer, Reading


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
    """The container in a CSV file, which may be gzipped or the only member of a zip.

    Columns are found by their usual names in any case; `columns={"timestamp": "Date", ...}` says otherwise
    (without a header they are called column_1, column_2, ...). Times are ISO 8601, dates, YYYYMMDD, epoch
    numbers in `unit` (told from their size where None), or in `time_format`; naive ones are read in
    `timezone`, where a time that occurs twice or never is refused unless `dst` is "earlier" or "later". The
    interval of bars is given, or else the smallest gap between two. Prices are positive, or any finite ones
    with `negative_prices`. DataError names file and line, the header being 1.
    """
    pl = polars_for("CSV")
    first_row = 2 if has_header else 1
    reading = Reading(
        Path(path), kind, timezone, unit, time_format, dst, interval, source, first_row, negative_prices
    )
    content = _csv_content(reading.file)
    with readable(reading.file, "CSV"):
        options: dict[str, Any] = {"separator": delimiter, "has_header": has_header}
        found, types = csv_columns(_again(content), reading, columns, options)
        options["columns"] = list(types)
        try:
            frame = pl.read_csv(_again(content), schema_overrides=types, **options)
        except pl.exceptions.ComputeError:
            # Some value is no number: read all as text, so that its row can be named.
            frame = pl.read_csv(_again(content), infer_schema=False, **options)
    return reading.container(frame, found)


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
    """The container in a Parquet file; arguments as of `read_csv`. Rows are counted from 1."""
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
    """The container in an Arrow IPC (Feather) file; arguments as of `read_csv`. Rows are counted from 1."""
    pl = polars_for("Arrow IPC")

    def read(file: Path, columns: list[str] | None = None, n_rows: int | None = None) -> Any:
        return pl.read_ipc(file, columns=columns, n_rows=n_rows)

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
    """The container in an npz file of one array a column; times are int64 nanoseconds UTC or datetime64."""
    reading = Reading(Path(path), kind, interval=interval, source=source, negative_prices=negative_prices)
    try:
        with np.load(path, allow_pickle=False) as archive:
            found = reading.located(lambda: pick(list(archive), kind, columns))
            table = {ours: archive[theirs] for ours, theirs in found.items()}
    except (DataError, FileNotFoundError):
        raise
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{reading.file.name}: not a readable npz: {error}") from error
    if "buyer_maker" in table:
        table["side"] = reading.located(lambda: aggressor(table.pop("buyer_maker")))
    return reading.built(table)


def polars_for(what: str) -> Any:
    """The polars module; ImportError says how to have it where it is missing."""
    try:
        import polars
    except ImportError as error:
        raise ImportError(f"reading {what} needs polars: pip install 'btcore[data]'") from error
    return polars


@contextmanager
def readable(file: Path, what: str) -> Iterator[None]:
    """Makes DataErrors that name the file of what polars raises, but for a file that cannot be had."""
    import polars as pl

    try:
        yield
    except pl.exceptions.NoDataError as error:
        raise DataError(f"{file.name}: the file is empty") from error
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{file.name}: not a readable {what}: {error}") from error
    except (FileNotFoundError, PermissionError):
        raise
    except OSError as error:  # what polars makes of a broken gzip
        raise DataError(f"{file.name}: not a readable file: {error}") from error


def csv_columns(
    content: Any, reading: Reading, columns: Mapping[str, str] | None, options: Mapping[str, Any]
) -> tuple[dict[str, str], dict[str, Any]]:
    """The file's name for each of our columns, and how polars is to read each: told from the first row."""
    import polars as pl

    head = pl.read_csv(content, n_rows=1, infer_schema=False, **options)
    names = head.columns if options["has_header"] else [f"column_{i}" for i in range(1, head.width + 1)]
    picked = reading.located(lambda: pick(names, reading.kind, columns))
    found = {ours: head.columns[names.index(theirs)] for ours, theirs in picked.items()}
    types: dict[str, Any] = dict.fromkeys(found.values(), pl.Float64)
    types |= {found[name]: pl.String for name in ("timestamp", "side", "buyer_maker") if name in found}
    time = head[found["timestamp"]][0] if head.height else None
    if reading.time_format is None and re.fullmatch(r"[+-]?\d+", time or ""):
        types[found["timestamp"]] = pl.Int64  # twice as fast as by way of texts
    return found, types


def _read_table(read: Any, reading: Reading, columns: Mapping[str, str] | None) -> AnyContainer:
    with readable(reading.file, "file of its kind"):
        names = read(reading.file, n_rows=0).columns
        found = reading.located(lambda: pick(names, reading.kind, columns))
        frame = read(reading.file, columns=list(found.values()))
    return reading.container(frame, found)


def _csv_content(file: Path) -> Path | bytes:
    """The path, or for a zip the bytes of its one member."""
    if not file.is_file():
        raise FileNotFoundError(f"{file}: no such file")
    if file.suffix.lower() != ".zip":
        return file
    with zip_member(file) as stream:
        return stream.read()


@contextmanager
def zip_member(file: Path) -> Iterator[IO[bytes]]:
    """The one member of a zip; DataError if there is not one."""
    import zipfile

    try:
        with zipfile.ZipFile(file) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
            if len(members) != 1:
                raise DataError(f"{file.name}: a zip with one member is needed, it has {len(members)}")
            with archive.open(members[0]) as stream:
                yield stream
    except zipfile.BadZipFile as error:
        raise DataError(f"{file.name}: not a readable zip: {error}") from error


def _again(content: Path | bytes) -> Path | io.BytesIO:
    return io.BytesIO(content) if isinstance(content, bytes) else content
