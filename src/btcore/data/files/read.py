"""Files -> containers: text files (CSV), Parquet, Arrow IPC, npz."""

from pathlib import Path
from typing import Any, Literal, Unpack, overload

from btcore.data.source import AnyContainer
from btcore.data.tables.options import TableOptions, TableSettings, TextOptions, TextSettings
from btcore.data.vendors.layout import Sample

from .binary import (
    arrow_frame,
    import_polars,
    joined,
    open_npz,
    parquet_frame,
    parquet_metadata,
    polars_errors,
)
from .build import Reading


@overload
def read_csv(
    path: str | Path, kind: str | None = None, *, by: None = None, **options: Unpack[TextOptions]
) -> AnyContainer: ...
@overload
def read_csv(
    path: str | Path, kind: str | None = None, *, by: Literal["symbol"], **options: Unpack[TextOptions]
) -> dict[str, AnyContainer]: ...
def read_csv(
    path: str | Path,
    kind: str | None = None,
    *,
    by: Literal["symbol"] | None = None,
    **options: Unpack[TextOptions],
) -> AnyContainer | dict[str, AnyContainer]:
    """The Bars, Quotes or Trades (`kind`) in a text file: values with a delimiter between them, a row a line.

    `kind` None is that of the file's format, else bars. `format` names the layout of a vendor, such as
    "binance_klines"; it is found by the header where that is sure, and then noted. Options that are given go
    before those of the format.

    The file may be compressed (gzip, bzip2, zstd, or the only member of a zip). It is UTF-8, or UTF-16 with a
    byte order mark, or in the `encoding` named. Delimiter (, ; tab |), header, lines above it and a decimal
    comma are inferred where only one reading is possible; `notes` of the container say what was inferred.

    Columns are found by their usual names, in upper or lower case; `columns={"timestamp": "Date"}` names
    others (without a header they are column_1, column_2, ...). Times are ISO 8601, dates, YYYYMMDD, epoch
    numbers in `unit` (None: inferred), or in `time_format` (of strptime). Times without an offset are local
    in `timezone`; one that occurs twice or never there is an error unless `dst` says which it is. `interval`
    of bars None: inferred if the gaps between them agree on one. Prices are positive, or any finite numbers
    with `negative_prices`. With `by="symbol"` the result is a dict of containers, one of each symbol.
    `TextOptions` has all other options.

    DataError for a file that cannot be read, is not of the given format, or has invalid data; it names file
    and line, counted from 1 with the header. FileNotFoundError if there is no file, TypeError for an unknown
    option, ConfigError for an unknown time zone or calendar, ImportError without polars.
    """
    import_polars("CSV")
    from .csv import open_csv  # not at the top: it loads the modules of compressed files

    opened = open_csv(Path(path), kind, TextSettings.of("read_csv", {"by": by, **options}))
    (frame, lines), notes = opened.table.read(opened.columns)
    reading = opened.reading._replace(lines=lines, notes=(*opened.reading.notes, *notes))
    made: AnyContainer | dict[str, AnyContainer] = reading.build_from_frame(frame, opened.found)
    return made


@overload
def read_parquet(
    path: str | Path, kind: str | None = None, *, by: None = None, **options: Unpack[TableOptions]
) -> AnyContainer: ...
@overload
def read_parquet(
    path: str | Path, kind: str | None = None, *, by: Literal["symbol"], **options: Unpack[TableOptions]
) -> dict[str, AnyContainer]: ...
def read_parquet(
    path: str | Path,
    kind: str | None = None,
    *,
    by: Literal["symbol"] | None = None,
    **options: Unpack[TableOptions],
) -> AnyContainer | dict[str, AnyContainer]:
    """The container in a Parquet file; arguments and errors as of `read_csv`, rows counted from 1."""
    import_polars("Parquet")
    settings = TableSettings.of("read_parquet", {"by": by, **options})
    return _read_table(parquet_frame, Path(path), kind, settings, "Parquet file")


@overload
def read_arrow(
    path: str | Path, kind: str | None = None, *, by: None = None, **options: Unpack[TableOptions]
) -> AnyContainer: ...
@overload
def read_arrow(
    path: str | Path, kind: str | None = None, *, by: Literal["symbol"], **options: Unpack[TableOptions]
) -> dict[str, AnyContainer]: ...
def read_arrow(
    path: str | Path,
    kind: str | None = None,
    *,
    by: Literal["symbol"] | None = None,
    **options: Unpack[TableOptions],
) -> AnyContainer | dict[str, AnyContainer]:
    """The container in an Arrow IPC (Feather) file or stream; arguments and errors as of `read_csv`.

    Rows are counted from 1.
    """
    import_polars("Arrow IPC")
    settings = TableSettings.of("read_arrow", {"by": by, **options})
    return _read_table(arrow_frame, Path(path), kind, settings, "Arrow file")


@overload
def read_npz(
    path: str | Path, kind: str | None = None, *, by: None = None, **options: Unpack[TableOptions]
) -> AnyContainer: ...
@overload
def read_npz(
    path: str | Path, kind: str | None = None, *, by: Literal["symbol"], **options: Unpack[TableOptions]
) -> dict[str, AnyContainer]: ...
def read_npz(
    path: str | Path,
    kind: str | None = None,
    *,
    by: Literal["symbol"] | None = None,
    **options: Unpack[TableOptions],
) -> AnyContainer | dict[str, AnyContainer]:
    """The container in an npz file with one array per column; arguments and errors as of `read_csv`.

    Rows are counted from 1. Without texts, polars is not needed.
    """
    settings = TableSettings.of("read_npz", {"by": by, **options})
    with open_npz(Path(path)) as npz:
        reading = Reading.of(
            Path(path), kind, settings, Sample(npz.names, file=Path(path).name, column=npz.array)
        )
        if reading.is_converted:
            reading, table = reading.convert({name: npz.array(name) for name in npz.names})
            found = reading.match(list(table))
        else:
            found = reading.match(npz.names)
            table = {name: npz.array(name) for name in found.used}
    made: AnyContainer | dict[str, AnyContainer] = reading.build(table, found)
    return made


def _read_table(
    read: Any, file: Path, kind: str | None, settings: TableSettings, what: str
) -> AnyContainer | dict[str, AnyContainer]:
    made: AnyContainer | dict[str, AnyContainer]
    with polars_errors(file, what):
        head = read(file, n_rows=1)
        stored = parquet_metadata(file) if read is parquet_frame else {}
        reading = Reading.of(
            file,
            kind,
            settings,
            Sample(head.columns, file=file.name, column=head.get_column, metadata=stored),
        )
        if reading.is_converted:
            whole = joined(read(file))
            reading, table = reading.convert({name: whole[name] for name in whole.columns})
            made = reading.build(table, reading.match(list(table)))
            return made
        found = reading.match(head.columns)
        frame = joined(read(file, columns=found.used))
    reading = reading._replace(peek=lambda: read(file, n_rows=1000))
    made = reading.build_from_frame(frame, found)
    return made
