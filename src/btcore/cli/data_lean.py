"""`btcore data import` of folders of LEAN data."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from btcore.errors import ConfigError

from .data_progress import lean_progress, progress_line
from .data_tables import dataset_name
from .reader_options import OPTIONS, reader_options, refuse_options

if TYPE_CHECKING:
    from btcore.data import Imported


def add_lean_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options that only folders of LEAN data have."""
    group = parser.add_argument_group("folders of LEAN data")
    group.add_argument(
        "--resolution",
        action="append",
        metavar="NAME",
        help="tick, second, minute, hour or day, once for each (default: all)",
    )
    group.add_argument(
        "--market", action="append", metavar="NAME", help="such as usa or fxcm, once for each (default: all)"
    )
    group.add_argument(
        "--adjust",
        metavar="HOW",
        help="prices of equities: raw, splits or total (with dividends; default: raw)",
    )
    group.add_argument(
        "--hours", metavar="WHICH", help="rows of which hours: extended or regular (default: extended)"
    )
    group.add_argument(
        "--quote-bars",
        metavar="SIDES",
        help="prices of quote bars: bid_ask or mid (default: that of import_lean)",
    )


LEAN_ONLY = ("resolution", "market", "quote_bars", "adjust", "hours")


def refuse_lean_options(arguments: argparse.Namespace, what: str) -> None:
    """ConfigError for an option of LEAN folders."""
    given = {name for name in LEAN_ONLY if getattr(arguments, name, None) is not None}
    refuse_options(LEAN_ONLY, dict.fromkeys(given, True), what)


def import_lean_folders(arguments: argparse.Namespace, folders: Sequence[Path]) -> None:
    """Imports the folders one after the other, and prints what was kept and dropped."""
    from btcore.data import Catalog, import_lean

    given = reader_options(arguments) | ({"kind": True} if arguments.kind else {})
    refuse_options((*(option.name for option in OPTIONS), "kind"), given, "folders of LEAN data")
    options = {
        name: value
        for name, value in (
            ("resolutions", arguments.resolution),
            ("markets", arguments.market),
            ("quote_bars", arguments.quote_bars),
            ("adjust", arguments.adjust),
            ("hours", arguments.hours),
        )
        if value is not None
    }
    for folder in folders:
        if not folder.is_dir():
            raise ConfigError(f"{folder}: not a folder of LEAN data")
    for folder in folders:
        with progress_line(quiet=arguments.no_progress) as line:
            imported = import_lean(
                folder,
                Catalog(arguments.into),
                symbols=arguments.symbol,
                progress=lean_progress(line),
                **options,
            )
        for dataset in imported:
            print(_line(dataset))


def _line(dataset: "Imported") -> str:
    if not dataset.symbol:
        return f"{dataset.files:,} files {dataset.note}"
    dropped = ", ".join(f"{reason} {count:,}" for reason, count in dataset.dropped.items()) or "none"
    return (
        f"{dataset_name(dataset)} {dataset.market:<18} read {dataset.rows_read:>10,}  "
        f"kept {dataset.rows_kept:>10,}  dropped: {dropped}" + (f"  ({dataset.note})" if dataset.note else "")
    )
