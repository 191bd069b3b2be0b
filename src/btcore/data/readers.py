"""Files -> containers: CSV (plain, gzip, zip), Parquet, Arrow IPC, npz."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from btcore.errors import DataError

from .convert import AnyContainer, Reading
from .frames import aggressor, pick
from .intervals import Interval
from .zones import Dst


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
    file = Path(path)
    content = _csv_content(file)
    first_row = 2 if has_header else 1
    reading = Reading(
        file, kind, timezone, unit, time_format, dst, interval, source, first_row, negative_prices
    )
    try:
        head = pl.read_csv(
            _again(content), separator=delimiter, has_header=has_header, n_rows=1, infer_schema=False
        )
        names = head.columns if has_header else [f"column_{i}" for i in range(1, head.width + 1)]
        picked = reading.located(lambda: pick(names, kind, columns))
        found = {ours: head.columns[names.index(theirs)] for ours, theirs in picked.items()}
        texts = {found["timestamp"], found.get("side", ""), found.get("buyer_maker", "")}
        types = {name: pl.String if name in texts else pl.Float64 for name in found.values()}
        options = {"separator": delimiter, "has_header": has_header, "columns": list(types)}
        try:
            frame = pl.read_csv(_again(content), schema_overrides=types, **options)
        except pl.exceptions.ComputeError:
            # Some value is no number: read all as text, so that its row can be named.
            frame = pl.read_csv(_again(content), infer_schema=False, **options)
    except pl.exceptions.NoDataError as error:
        raise DataError(f"{file.name}: the file is empty") from error
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{file.name}: not a readable CSV: {error}") from error
    except OSError as error:  # what polars makes of a broken gzip
        if isinstance(error, FileNotFoundError | PermissionError):
            raise
        raise DataError(f"{file.name}: not a readable file: {error}") from error
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


def _read_table(read: Any, reading: Reading, columns: Mapping[str, str] | None) -> AnyContainer:
    import polars as pl

    try:
        names = read(reading.file, n_rows=0).columns
        found = reading.located(lambda: pick(names, reading.kind, columns))
        frame = read(reading.file, columns=list(found.values()))
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{reading.file.name}: not a readable file of its kind: {error}") from error
    return reading.container(frame, found)


def _csv_content(file: Path) -> Path | bytes:
    """The path, or for a zip the bytes of its one member."""
    if file.suffix.lower() != ".zip":
        if not file.is_file():
            raise FileNotFoundError(f"{file}: no such file")
        return file
    import zipfile

    try:
        with zipfile.ZipFile(file) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
            if len(members) != 1:
                raise DataError(f"{file.name}: a zip with one member is needed, it has {len(members)}")
            return archive.read(members[0])
    except zipfile.BadZipFile as error:
        raise DataError(f"{file.name}: not a readable zip: {error}") from error


def _again(content: Path | bytes) -> Path | io.BytesIO:
    return io.BytesIO(content) if isinstance(content, bytes) else content
