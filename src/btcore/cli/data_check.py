"""`btcore data check`: prints what `inspect` finds in files or in a catalog."""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from btcore.errors import ConfigError, DataError, near_name

from .data_catalog import open_catalog
from .data_import import add_file_options, check_format, files_of
from .data_names import symbol_of
from .data_progress import watched_files
from .data_streams import File
from .flag_words import errors_in_flags, note_in_flags
from .reader_options import reader_options, refuse_options

if TYPE_CHECKING:
    from btcore.data.inspection.report import Inspection


def add_check_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `check` to the subparsers of `btcore data`."""
    text = (
        "look at files or a catalog before they are used: rows, span, clock, interval, gaps, duplicates, "
        "outliers, zero volumes, crossed and stale quotes; exit code 1 if a finding would change results"
    )
    check = commands.add_parser(
        "check", help="look at files or a catalog before they are used", description=text
    )
    check.set_defaults(command=errors_in_flags(_check))
    check.add_argument("paths", nargs="+", metavar="PATH", help="files, or one catalog folder")
    check.add_argument("--json", action="store_true", help="print the findings as JSON and nothing else")
    check.add_argument("--no-progress", action="store_true", help="never show how far reading has come")
    check.add_argument("--resolution", metavar="NAME", help="only this one of a catalog (default: all)")
    add_file_options(check, "exchange whose sessions the rows are compared with, such as XNYS")


def _check(arguments: argparse.Namespace) -> int:
    """0 if nothing was found that would change results, else 1."""
    paths = [Path(name) for name in arguments.paths]
    check_format(arguments.format)
    found = _of_catalog(arguments) if any(path.is_dir() for path in paths) else _of_files(arguments, paths)
    is_ok, documents = True, []
    for where, inspection in found:
        is_ok = is_ok and inspection.ok
        if arguments.json:
            documents.append({"path": str(where), **_in_flags(inspection.to_dict())})
        else:
            print(f"{where}\n{note_in_flags(str(inspection))}")
    if arguments.json:
        print(msgspec.json.encode(documents).decode())
    return 0 if is_ok else 1


def _in_flags(document: dict[str, Any]) -> dict[str, Any]:
    for dataset in document["datasets"]:
        for finding in dataset["findings"]:
            finding["text"] = note_in_flags(finding["text"])
    return document


def _of_catalog(arguments: argparse.Namespace) -> Iterator[tuple[Path, "Inspection"]]:
    from btcore.data.inspection.inspecting import inspect

    if len(arguments.paths) > 1:
        raise ConfigError("PATH: a catalog is checked alone; give one folder, or files")
    calendar, arguments.calendar = arguments.calendar, None
    chosen = {name: getattr(arguments, name) for name in ("format", "by", "kind")}
    given = reader_options(arguments) | {name: x for name, x in chosen.items() if x is not None}
    refuse_options(given, given, "a catalog")
    catalog = open_catalog(arguments.paths[0])
    found = inspect(catalog, symbols=arguments.symbol, resolution=arguments.resolution, calendar=calendar)
    yield Path(arguments.paths[0]), found


def _of_files(arguments: argparse.Namespace, paths: Sequence[Path]) -> Iterator[tuple[Path, "Inspection"]]:
    from btcore.data.files.formats import format_of
    from btcore.data.inspection.inspecting import inspect

    if arguments.resolution is not None:
        raise ConfigError("--resolution: it is not for files")
    calendar, arguments.calendar = arguments.calendar, None
    files = files_of(arguments, paths)
    for file in files:
        if file.form != format_of(file.path):
            raise ConfigError(f"--format: {file.path.name} is checked as the end of its name says")
    with watched_files(sum(path.stat().st_size for path in paths), quiet=arguments.no_progress) as progress:
        for file in files:
            if progress is not None:
                progress.begin(file.path.name, file.path.stat().st_size)
            options = dict(file.options) | ({"kind": file.kind} if file.kind else {})
            yield file.path, _chosen(inspect(file.path, calendar=calendar, **options), file)


def _chosen(found: "Inspection", file: File) -> "Inspection":
    """The part about the symbols that are asked for; data without a symbol have it, or that of the file."""
    from btcore.data.inspection.report import Inspection

    names = [dataset.symbol for dataset in found.datasets]
    if len(set(names)) == 1:
        symbol = file.symbols[0] if file.symbols else symbol_of(file.path)[0]
        return Inspection(dataset._replace(symbol=symbol) for dataset in found.datasets)
    if missing := [symbol for symbol in file.symbols if symbol not in names]:
        meant = near_name(missing[0], names)
        raise DataError(
            f"{file.path.name}: symbol: there is no {missing[0]!r}{meant}; it has {_listed(names)}"
        )
    return Inspection(each for each in found.datasets if not file.symbols or each.symbol in file.symbols)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))
