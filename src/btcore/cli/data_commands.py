"""`btcore data import|list|sample`."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from btcore.config import RunRequest, checked
from btcore.errors import ConfigError, DataError
from btcore.times.intervals import RESOLUTION_NS

if TYPE_CHECKING:
    from btcore.data import Entry, Imported
    from btcore.data.source import AnyContainer

RESOLUTIONS = ("tick", *RESOLUTION_NS)
FORMATS = ("csv", "parquet", "arrow", "npz", "lean")


def add_data_commands(commands: Any) -> None:
    """Adds the commands to the subparsers of `btcore data`."""
    load = commands.add_parser("import", help="import files into a catalog")
    load.set_defaults(command=_import)
    load.add_argument(
        "paths", nargs="+", metavar="PATH", help="files of one stream each, or folders of LEAN data"
    )
    load.add_argument("--into", required=True, metavar="DIR", help="catalog folder; created if missing")
    load.add_argument(
        "--format",
        choices=FORMATS,
        help="format of the files (default: by the end of the name)",
    )
    load.add_argument(
        "--symbol",
        action="append",
        metavar="S",
        help="symbol of a file, once for each file (default: its name without the ending); of LEAN data, "
        "a symbol to import (default: all)",
    )
    load.add_argument(
        "--kind", choices=("bars", "quotes", "trades"), default="bars", help="kind of rows (default: bars)"
    )
    load.add_argument(
        "--interval", metavar="LENGTH", help="interval of bars, such as 1min (default: inferred)"
    )
    load.add_argument(
        "--timezone",
        metavar="ZONE",
        help="time zone of times without an offset (default: UTC)",
    )
    load.add_argument(
        "--unit",
        choices=("s", "ms", "us", "ns"),
        help="unit of times that are numbers (default: by their size)",
    )
    load.add_argument("--negative-prices", action="store_true", help="allow prices of 0 and below")
    load.add_argument(
        "--columns",
        default="",
        metavar="K=V,...",
        help="column names in the files, such as timestamp=Date,close=Last",
    )
    listed = commands.add_parser("list", help="list the data of a catalog")
    listed.set_defaults(command=_list)
    listed.add_argument("catalog", metavar="DIR", help="catalog folder")
    sample = commands.add_parser("sample", help="write synthetic sample data into a catalog")
    sample.set_defaults(command=_sample)
    sample.add_argument("--symbols", required=True, metavar="A,B,...", help="symbols, which may be any names")
    sample.add_argument("--start", required=True, metavar="TIME", help="first time, ISO 8601, UTC")
    sample.add_argument(
        "--end", required=True, metavar="TIME", help="time before which the data end, likewise"
    )
    sample.add_argument("--resolution", default="day", help=f"{', '.join(RESOLUTIONS)} (default: day)")
    sample.add_argument("--into", required=True, metavar="DIR", help="catalog folder; created if missing")


def _import(arguments: argparse.Namespace) -> None:
    kinds = {arguments.format or _format_of(Path(name)) for name in arguments.paths}
    if kinds == {"lean"}:
        _import_lean(arguments)
    elif "lean" in kinds:
        raise ConfigError("PATH: files and folders of LEAN data cannot be imported together")
    else:
        _import_files(arguments)


def _format_of(path: Path) -> str:
    from btcore.data.files.formats import format_of

    if path.is_dir():
        return "lean"
    try:
        return format_of(path)
    except DataError as error:
        raise ConfigError(f"{error}; give --format {', '.join(FORMATS[:-1])} or {FORMATS[-1]}") from error


def _symbol_of(path: Path) -> str:
    """The name of the file without the endings of its format, in capital letters: brk.b.csv.gz is BRK.B."""
    from btcore.data.files.formats import ENDINGS

    endings = {ending for each in ENDINGS.values() for ending in each}
    while path.suffix.lower() in endings:
        path = path.with_suffix("")
    return path.name.upper()


def _import_files(arguments: argparse.Namespace) -> None:
    """Imports all of the files or none."""
    from btcore.data import Catalog

    columns = dict(pair.split("=", 1) for pair in arguments.columns.split(",") if "=" in pair)
    if len(columns) != len([pair for pair in arguments.columns.split(",") if pair]):
        raise ConfigError(f"--columns: {arguments.columns!r} is not COLUMN=NAME_IN_FILE,...")
    symbols = arguments.symbol or [_symbol_of(Path(name)) for name in arguments.paths]
    if len(symbols) != len(arguments.paths) or len(set(symbols)) < len(symbols):
        raise ConfigError(f"--symbol: {len(set(symbols))} different symbols for {len(arguments.paths)} files")
    options = {
        "columns": columns or None,
        "timezone": arguments.timezone,
        "unit": arguments.unit,
        "interval": arguments.interval,
        "negative_prices": arguments.negative_prices or None,
    }
    given = {name: value for name, value in options.items() if value is not None}
    streams = {
        symbol: _pieces(name, arguments.format or _format_of(Path(name)), arguments.kind, given)
        for symbol, name in zip(symbols, arguments.paths, strict=True)
    }
    for entry in Catalog(arguments.into).write_stream(streams):
        _show_entries([entry])
        for note in entry.notes:
            print(f"  {note}")


def _pieces(name: str, form: str, kind: str, options: dict[str, Any]) -> Iterator["AnyContainer"]:
    """The rows of a file in pieces; in one piece where the interval of bars follows from the whole file."""
    from btcore.data import read_arrow, read_csv, read_npz, read_parquet, scan_csv, scan_parquet

    scanners: dict[str, Any] = {"csv": scan_csv, "parquet": scan_parquet}
    if form in scanners and not (kind == "bars" and "interval" not in options):
        yield from scanners[form](name, kind, **options)
        return
    readers: dict[str, Any] = {"csv": read_csv, "parquet": read_parquet, "arrow": read_arrow, "npz": read_npz}
    yield readers[form](name, kind, **options)


def _import_lean(arguments: argparse.Namespace) -> None:
    from btcore.data import Catalog, import_lean

    def draw(share: float, name: str) -> None:
        sys.stderr.write(f"\r{share:5.0%} {name:<40}" + ("\n" if share == 1.0 else ""))
        sys.stderr.flush()

    for folder in arguments.paths:
        if not Path(folder).is_dir():
            raise ConfigError(f"{folder}: not a folder of LEAN data")
        imported = import_lean(
            folder,
            Catalog(arguments.into),
            symbols=arguments.symbol,
            progress=draw if sys.stderr.isatty() else None,
        )
        for dataset in imported:
            print(_import_line(dataset))


def _import_line(dataset: "Imported") -> str:
    if not dataset.symbol:
        return f"{dataset.files:,} files {dataset.note}"
    dropped = ", ".join(f"{reason} {count:,}" for reason, count in dataset.dropped.items()) or "none"
    return (
        f"{_dataset_name(dataset)} {dataset.market:<18} read {dataset.rows_read:>10,}  "
        f"kept {dataset.rows_kept:>10,}  dropped: {dropped}" + (f"  ({dataset.note})" if dataset.note else "")
    )


def _dataset_name(dataset: "Imported | Entry") -> str:
    return f"{dataset.symbol:<16} {dataset.resolution:<7} {dataset.kind:<7} {dataset.source:<6}"


def _list(arguments: argparse.Namespace) -> None:
    from btcore.data import Catalog

    if not Path(arguments.catalog).is_dir():
        raise ConfigError(f"{arguments.catalog}: not a folder")
    _show_entries(Catalog(arguments.catalog).list())


def _show_entries(entries: Sequence["Entry"]) -> None:
    from btcore.times.clock import moment_text

    for entry in entries:
        period = f"{moment_text(entry.first)} to {moment_text(entry.last)}"
        print(f"{_dataset_name(entry)} {entry.rows:>12,} rows  {period}")


def _sample(arguments: argparse.Namespace) -> None:
    from btcore.data import Catalog, SampleMarket

    request: RunRequest = checked(
        "",
        {
            "symbols": [symbol for symbol in arguments.symbols.split(",") if symbol],
            "start_date": arguments.start,
            "end_date": arguments.end,
            "resolution": arguments.resolution,
        },
        RunRequest,
    )
    catalog, market = Catalog(arguments.into), SampleMarket()
    for symbol in request.symbols:
        found = market.load(symbol, request.resolution, request.start_ns, request.end_ns)
        _show_entries(catalog.write(symbol, found))
