"""`btcore data import`: files and folders -> a catalog."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from btcore.errors import ConfigError, near_name

from .data_folders import FOLDER_FORMATS, add_lean_options, import_folders, refuse_lean_options
from .data_names import form_of
from .data_progress import ImportProgress, watched_files
from .data_streams import File, SeveralSymbols, Stream, joined, open_streams
from .data_tables import show_entries
from .flag_words import errors_in_flags, note_in_flags
from .reader_options import TEXT_ONLY, add_reader_options, reader_options, refuse_options

if TYPE_CHECKING:
    from btcore.data import Catalog, Entry

FILE_TYPES = ("csv", "parquet", "arrow", "npz")


def add_import_command(commands: Any) -> None:
    """Adds `import` to the subparsers of `btcore data`."""
    load = commands.add_parser("import", help="import files or folders into a catalog")
    load.set_defaults(command=errors_in_flags(_import))
    load.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="files, or folders of LEAN data, of NautilusTrader or of `btcore data export`. Files of one "
        "symbol are joined in order of time; all files are imported or none",
    )
    load.add_argument("--into", required=True, metavar="DIR", help="catalog folder; created if missing")
    add_file_options(load)
    load.add_argument("--no-progress", action="store_true", help="never show how far the import has come")
    add_lean_options(load)


def add_file_options(parser: argparse.ArgumentParser, calendar: str | None = None) -> None:
    """Adds the options that say what the files are, and how they are read; `calendar` is its help here."""
    from btcore.data.vendors.registry import names

    formats = ", ".join(dict.fromkeys((*FILE_TYPES, *FOLDER_FORMATS, *names())))
    parser.add_argument(
        "--format",
        metavar="NAME",
        help=f"type of the files (default: by the end of the name) or layout of a vendor (default: by the "
        f"header where that is sure): {formats}",
    )
    parser.add_argument(
        "--symbol",
        action="append",
        metavar="S",
        help="symbol of all files, or once for each file; of a file with a column of symbols, those to take "
        "(default: all in the column, or the file's name); of LEAN data, a symbol (default: all)",
    )
    parser.add_argument(
        "--by",
        choices=("symbol",),
        help="take every symbol of the column of symbols, which is done anyway if there are several",
    )
    parser.add_argument(
        "--kind",
        choices=("bars", "quotes", "trades"),
        help="kind of rows (default: that of the format, or the only one that the columns allow)",
    )
    add_reader_options(parser, {} if calendar is None else {"calendar": calendar})


def _import(arguments: argparse.Namespace) -> None:
    paths = [Path(name) for name in arguments.paths]
    check_format(arguments.format)
    folders = [path for path in paths if path.is_dir()]
    if arguments.format == "lean" or len(folders) == len(paths):
        import_folders(arguments, paths)
    elif folders:
        raise ConfigError(f"PATH: {folders[0]} is a folder; files and folders cannot be imported together")
    else:
        refuse_lean_options(arguments, "files")
        import_files(arguments, paths)


def check_format(name: str | None) -> None:
    """ConfigError, which lists the formats, if there is none of that name."""
    from btcore.data.vendors.registry import names

    known = tuple(dict.fromkeys((*FILE_TYPES, *FOLDER_FORMATS, *names())))
    if name is not None and name not in known:
        raise ConfigError(f"--format: {name!r} is not one of {', '.join(known)}{near_name(name, known)}")


def files_of(arguments: argparse.Namespace, paths: Sequence[Path]) -> list[File]:
    """The files with their options; ConfigError for symbols and options that do not fit them."""
    options = reader_options(arguments)
    if arguments.format not in (None, *FILE_TYPES):
        options["format"] = arguments.format
    symbols = tuple(arguments.symbol or ())
    if len(symbols) > 1 and len(symbols) != len(paths) != 1:
        raise ConfigError(
            f"--symbol: {len(symbols)} symbols for {len(paths)} files; give one for all of them, or one each"
        )
    if symbols and arguments.by:
        raise ConfigError("--by: --symbol chooses symbols, --by takes all; give one of them")
    files = []
    for i, path in enumerate(paths):
        form = form_of(path, arguments.format)
        if form != "csv":
            refuse_options(TEXT_ONLY, options, f"{form} files such as {path.name}")
        chosen = symbols[i : i + 1] if len(symbols) == len(paths) else symbols
        files.append(File(path, form, arguments.kind, options, chosen, arguments.by is not None))
    return files


def import_files(arguments: argparse.Namespace, paths: Sequence[Path]) -> None:
    """Imports all of the files or none."""
    from btcore.data import Catalog

    files = files_of(arguments, paths)
    catalog = Catalog(arguments.into)
    before = {entry.key: entry for entry in catalog.list()}
    with watched_files(_sizes(files), quiet=arguments.no_progress) as progress:
        entries, groups = _write(catalog, files, progress)
    for entry, streams in zip(entries, groups, strict=True):
        show_entries([entry])
        for line in (*_origins(streams), *_replaced(entry, before.get(entry.key)), *entry.notes):
            print(f"  {note_in_flags(line)}")


def _sizes(files: Sequence[File]) -> int:
    return sum(file.path.stat().st_size for file in files if file.path.exists())


def _write(
    catalog: "Catalog", files: list[File], progress: ImportProgress | None
) -> tuple[list["Entry"], list[list[Stream]]]:
    """The entries written, and the streams of each. A file of several symbols is read again as such."""
    while True:
        try:
            groups: dict[Any, list[Stream]] = {}
            for file in files:
                for stream in open_streams(file, progress):
                    groups.setdefault(stream.key, []).append(stream)
            for streams in groups.values():
                streams.sort(key=lambda stream: int(stream.first.timestamp[0]))
            pairs = [(streams[0].symbol, joined(streams)) for streams in groups.values()]
            return catalog.write_stream(pairs), list(groups.values())
        except SeveralSymbols as found:
            files = [file._replace(has_several=True) if file.path == found.path else file for file in files]
            if progress is not None:
                progress.restart()


def _origins(streams: Sequence[Stream]) -> list[str]:
    """Why the dataset has its symbol, and of which files it is made."""
    lines = [f"symbol: {streams[0].symbol}, {streams[0].how}"] if streams[0].how else []
    if len(streams) > 1:
        lines.append(
            f"files: {len(streams)} joined in order of time, "
            f"{streams[0].file.name} to {streams[-1].file.name}"
        )
    return lines


def _replaced(entry: "Entry", before: "Entry | None") -> list[str]:
    from btcore.times.clock import moment_text

    if before is None or before.content_hash == entry.content_hash:
        return []
    return [
        f"replaced: {before.rows:,} rows, {moment_text(before.first)} to {moment_text(before.last)}, "
        "that the catalog had"
    ]
