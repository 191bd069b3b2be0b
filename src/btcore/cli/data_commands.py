"""`btcore data import|list|sample`: market data from a shell."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from btcore.config import RunRequest
from btcore.errors import ConfigError
from btcore.times.intervals import RESOLUTION_NS

if TYPE_CHECKING:
    from btcore.data import Entry, Imported
    from btcore.data.source import AnyContainer

RESOLUTIONS = ("tick", *RESOLUTION_NS)
_FORMATS = {".csv": "csv", ".gz": "csv", ".zip": "csv", ".parquet": "parquet", ".pq": "parquet"}


def add_data_commands(commands: Any) -> None:
    """Into the subparsers of `btcore data`."""
    load = commands.add_parser("import", help="files into a catalog", allow_abbrev=False)
    load.set_defaults(command=_import)
    load.add_argument("paths", nargs="+", metavar="PATH", help="files; or folders of LEAN data")
    load.add_argument("--into", required=True, metavar="DIR", help="catalog folder, new or not")
    load.add_argument("--format", choices=("csv", "parquet", "lean"), help="told from the name if not given")
    load.add_argument(
        "--symbol", action="append", metavar="S", help="of the file (its name); of LEAN data only these"
    )
    load.add_argument("--kind", choices=("bars", "quotes", "trades"), default="bars")
    load.add_argument("--interval", metavar="LENGTH", help="of bars (the smallest gap between two)")
    load.add_argument("--timezone", default="UTC", metavar="ZONE", help="of times without an offset (UTC)")
    load.add_argument("--unit", choices=("s", "ms", "us", "ns"), help="of times that are numbers")
    load.add_argument("--negative-prices", action="store_true", help="admit prices of zero and below")
    load.add_argument("--columns", default="", metavar="K=V,...", help="timestamp=Date,... in the file")
    listed = commands.add_parser("list", help="what a catalog holds", allow_abbrev=False)
    listed.set_defaults(command=_list)
    listed.add_argument("catalog", metavar="DIR")
    sample = commands.add_parser("sample", help="the synthetic market into a catalog", allow_abbrev=False)
    sample.set_defaults(command=_sample)
    sample.add_argument("--symbols", required=True, metavar="A,B,...")
    sample.add_argument("--start", required=True, metavar="TIME")
    sample.add_argument("--end", required=True, metavar="TIME")
    sample.add_argument("--resolution", default="day", help=f"one of {', '.join(RESOLUTIONS)} (day)")
    sample.add_argument("--into", required=True, metavar="DIR", help="catalog folder, new or not")


def _import(arguments: argparse.Namespace) -> None:
    kinds = {arguments.format or _format_of(Path(name)) for name in arguments.paths}
    if kinds == {"lean"}:
        _import_lean(arguments)
    elif "lean" in kinds:
        raise ConfigError("PATH: files and folders of LEAN data cannot be imported at once")
    else:
        _import_files(arguments)


def _format_of(path: Path) -> str:
    if path.is_dir():
        return "lean"
    if path.suffix.lower() not in _FORMATS:
        raise ConfigError(f"{path}: its name does not tell what it is; say --format csv, parquet or lean")
    return _FORMATS[path.suffix.lower()]


def _import_files(arguments: argparse.Namespace) -> None:
    """All or none of the files; in pieces but for bars whose interval only a whole file tells."""
    from btcore.data import Catalog

    columns = dict(pair.split("=", 1) for pair in arguments.columns.split(",") if "=" in pair)
    if len(columns) != len([pair for pair in arguments.columns.split(",") if pair]):
        raise ConfigError(f"--columns: {arguments.columns!r} is not OURS=THEIRS,...")
    symbols = arguments.symbol or [Path(name).name.partition(".")[0].upper() for name in arguments.paths]
    if len(symbols) != len(arguments.paths) or len(set(symbols)) < len(symbols):
        raise ConfigError("--symbol: each file needs a symbol of its own")
    options = {
        "columns": columns or None,
        "timezone": arguments.timezone,
        "unit": arguments.unit,
        "interval": arguments.interval,
        "negative_prices": arguments.negative_prices,
    }
    streams = {
        symbol: _pieces(name, arguments.format or _format_of(Path(name)), arguments.kind, options)
        for symbol, name in zip(symbols, arguments.paths, strict=True)
    }
    _show_entries(Catalog(arguments.into).write_stream(streams))


def _pieces(name: str, form: str, kind: str, options: dict[str, Any]) -> Iterator["AnyContainer"]:
    from btcore.data import read_csv, read_parquet, scan_csv, scan_parquet

    if kind == "bars" and options["interval"] is None:
        yield {"csv": read_csv, "parquet": read_parquet}[form](name, kind, **options)
    else:
        yield from {"csv": scan_csv, "parquet": scan_parquet}[form](name, kind, **options)


def _import_lean(arguments: argparse.Namespace) -> None:
    from btcore.data import Catalog, import_lean

    def draw(share: float, name: str) -> None:
        sys.stderr.write(f"\r{share:5.0%} {name:<40}" + ("\n" if share == 1.0 else ""))
        sys.stderr.flush()

    for folder in arguments.paths:
        if not Path(folder).is_dir():
            raise ConfigError(f"{folder}: is not a folder of LEAN data")
        imported = import_lean(
            folder,
            Catalog(arguments.into),
            symbols=arguments.symbol,
            progress=draw if sys.stderr.isatty() else None,
        )
        for dataset in imported:
            print(_told(dataset))


def _told(dataset: "Imported") -> str:
    if not dataset.symbol:
        return f"{dataset.files:,} files {dataset.note}"
    dropped = ", ".join(f"{reason} {count:,}" for reason, count in dataset.dropped.items()) or "none"
    return (
        f"{_named(dataset)} {dataset.market:<18} read {dataset.rows_read:>10,}  "
        f"kept {dataset.rows_kept:>10,}  dropped: {dropped}" + (f"  ({dataset.note})" if dataset.note else "")
    )


def _named(dataset: "Imported | Entry") -> str:
    return f"{dataset.symbol:<16} {dataset.resolution:<7} {dataset.kind:<7} {dataset.source:<6}"


def _list(arguments: argparse.Namespace) -> None:
    from btcore.data import Catalog

    if not Path(arguments.catalog).is_dir():
        raise ConfigError(f"{arguments.catalog}: is not a folder")
    _show_entries(Catalog(arguments.catalog).list())


def _show_entries(entries: Sequence["Entry"]) -> None:
    from btcore.times.clock import moment_text

    for entry in entries:
        print(
            f"{_named(entry)} {entry.rows:>12,} rows  {moment_text(entry.first)} to {moment_text(entry.last)}"
        )


def _sample(arguments: argparse.Namespace) -> None:
    from btcore.data import Catalog, SampleMarket

    request = msgspec.convert(
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
