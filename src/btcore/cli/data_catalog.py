"""`btcore data list|describe|rename|delete|copy|export`: what a catalog has, and changes of it."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from btcore.errors import ConfigError, DataError

from .data_tables import show_entries
from .flag_words import errors_in_flags

if TYPE_CHECKING:
    from btcore.data import Catalog

EXPORT_FORMATS = ("parquet", "arrow", "csv")


def add_catalog_commands(commands: Any) -> None:
    """Adds the commands to the subparsers of `btcore data`."""
    _add(commands, "list", _list, "list the data of a catalog")
    describe = _add(commands, "describe", _describe, "datasets with their notes and size, and definitions")
    describe.add_argument("symbol", nargs="?", metavar="SYMBOL", help="only this symbol")
    describe.add_argument("--json", action="store_true", help="print it as JSON and nothing else")
    rename = _add(commands, "rename", _rename, "give the data and the definition of a symbol another name")
    rename.add_argument("old", metavar="SYMBOL", help="a symbol of the catalog")
    rename.add_argument("new", metavar="NAME", help="its new name, which no other symbol has")
    delete = _add(
        commands, "delete", _delete, "delete datasets of a symbol; without options all, and its definition"
    )
    delete.add_argument("symbol", metavar="SYMBOL", help="the symbol, exactly")
    delete.add_argument("--resolution", metavar="NAME", help="only this resolution, such as minute or 5min")
    delete.add_argument("--kind", choices=("bars", "quotes", "trades"), help="only this kind")
    delete.add_argument("--source", metavar="NAME", help="only bars of this source, such as mid")
    copy = _add(commands, "copy", _copy, "copy datasets and definitions to another catalog")
    copy.add_argument("--into", required=True, metavar="DIR", help="catalog folder; created if missing")
    export = _add(commands, "export", _export, "write a file for each dataset, and export.json")
    export.add_argument(
        "--to", required=True, metavar="DIR", help="new folder; `btcore data import` reads it"
    )
    export.add_argument(
        "--format", choices=EXPORT_FORMATS, default="parquet", help="type of the files (default: parquet)"
    )
    for command in (copy, export):
        command.add_argument(
            "--symbol", action="append", metavar="S", help="a symbol, once for each (default: all)"
        )
        command.add_argument("--resolution", metavar="NAME", help="only this resolution (default: all)")


def open_catalog(folder: str) -> "Catalog":
    """The catalog; ConfigError if there is no such folder."""
    from btcore.data import Catalog

    if not Path(folder).is_dir():
        raise ConfigError(f"{folder}: not a folder")
    return Catalog(folder)


def _add(commands: Any, name: str, command: Any, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(command=errors_in_flags(command))
    parser.add_argument("catalog", metavar="CATALOG", help="catalog folder")
    return parser


def _list(arguments: argparse.Namespace) -> None:
    entries = open_catalog(arguments.catalog).list()
    show_entries(entries)
    if not entries:
        print(f"{arguments.catalog}: no datasets")


def _describe(arguments: argparse.Namespace) -> None:
    description = open_catalog(arguments.catalog).describe(arguments.symbol)
    print(msgspec.json.encode(description).decode() if arguments.json else description)


def _rename(arguments: argparse.Namespace) -> None:
    open_catalog(arguments.catalog).rename(arguments.old, arguments.new)
    print(f"renamed {arguments.old} to {arguments.new}")


def _delete(arguments: argparse.Namespace) -> None:
    from btcore.data.catalog.lookup import Wanted, not_found

    catalog = open_catalog(arguments.catalog)
    wanted = Wanted.of(arguments.symbol, arguments.resolution, arguments.kind, arguments.source)
    found = wanted.select(catalog.list())
    is_defined = wanted == Wanted(wanted.symbol) and catalog.definition(wanted.symbol) is not None
    if not found and not is_defined:
        raise not_found(wanted, catalog.list())
    number = catalog.delete(*wanted)
    if number != len(found):  # another process has changed the catalog meanwhile
        raise DataError(f"{arguments.catalog}: {number} datasets were deleted, but {len(found)} were there")
    for entry in found:
        print("deleted ", end="")
        show_entries([entry])
    if is_defined:
        print(f"deleted the definition of {wanted.symbol}")


def _copy(arguments: argparse.Namespace) -> None:
    catalog = open_catalog(arguments.catalog)
    show_entries(catalog.copy(arguments.into, arguments.symbol, arguments.resolution))


def _export(arguments: argparse.Namespace) -> None:
    catalog = open_catalog(arguments.catalog)
    files = catalog.export(arguments.to, arguments.format, arguments.symbol, arguments.resolution)
    for file in files:
        print(f"{Path(arguments.to, file.file)}  {file.rows:,} rows  {file.symbol} {file.name}")
