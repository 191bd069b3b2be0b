"""`btcore data import` of folders: LEAN data, NautilusTrader's data catalog, and what `data export` wrote."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from btcore.errors import ConfigError

from .data_progress import folder_progress, progress_line
from .data_tables import dataset_name, show_entries
from .flag_words import note_in_flags
from .reader_options import reader_options, refuse_options

if TYPE_CHECKING:
    from btcore.data import Catalog, Imported

FOLDER_FORMATS = ("lean", "nautilus")
LEAN_OPTIONS = {  # of the command line -> of `import_lean`
    "resolution": "resolutions",
    "market": "markets",
    "quote_bars": "quote_bars",
    "adjust": "adjust",
    "hours": "hours",
}


def add_lean_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options that only folders of LEAN data have."""
    group = parser.add_argument_group("folders of LEAN data")
    for flag, metavar, text in (
        ("--resolution", "NAME", "tick, second, minute, hour or day, once for each (default: all)"),
        ("--market", "NAME", "such as usa or fxcm, once for each (default: all)"),
    ):
        group.add_argument(flag, action="append", metavar=metavar, help=text)
    for flag, metavar, text in (
        ("--adjust", "HOW", "prices of equities: raw, splits or total (with dividends; default: raw)"),
        ("--hours", "WHICH", "rows of which hours: extended or regular (default: extended)"),
        ("--quote-bars", "SIDES", "prices of bars of quotes: bid_ask or mid (default: that of import_lean)"),
    ):
        group.add_argument(flag, metavar=metavar, help=text)


def refuse_lean_options(arguments: argparse.Namespace, what: str) -> None:
    """ConfigError for an option of LEAN folders."""
    refuse_options(LEAN_OPTIONS, _given(arguments, LEAN_OPTIONS), what)


def import_folders(arguments: argparse.Namespace, folders: Sequence[Path]) -> None:
    """Imports folders of one format, one after the other, and prints what came of it.

    ConfigError for a folder of another format, and for options that have no meaning for the format.
    """
    from btcore.data import Catalog

    forms = {_form_of(folder, arguments.format): folder for folder in folders}
    if len(forms) > 1:
        shown = " and ".join(f"{folder} ({form})" for form, folder in forms.items())
        raise ConfigError(f"PATH: {shown} cannot be imported together")
    (form,) = forms
    options = reader_options(arguments) | _given(arguments, ("kind", "by"))
    if form == "export":
        options |= _given(arguments, ("format", "symbol"))
    what = _WORDS[form]
    refuse_options(options, options, what)
    if form != "lean":
        refuse_lean_options(arguments, what)
    for folder in folders:
        with progress_line(quiet=arguments.no_progress) as line:
            show = _IMPORTS[form](arguments, folder, Catalog(arguments.into), folder_progress(line))
        show()


_WORDS = {
    "lean": "folders of LEAN data",
    "nautilus": "folders of NautilusTrader",
    "export": "an export, which is imported as it is",
}
_Progress = Callable[[float, str], None] | None


def _given(arguments: argparse.Namespace, names: Any) -> dict[str, Any]:
    return {name: value for name in names if (value := getattr(arguments, name, None)) is not None}


def _form_of(folder: Path, given: str | None) -> str:
    """The format of a folder: the given one, or by its content; LEAN's if that does not show it."""
    from btcore.data.catalog.index import index_mark
    from btcore.data.nautilus import KINDS_OF_FOLDERS

    if not folder.is_dir():
        raise ConfigError(f"{folder}: not a folder of {'LEAN data' if given == 'lean' else 'data'}")
    if index_mark(folder) is not None:
        raise ConfigError(f"{folder}: it is a catalog; `btcore data copy` copies datasets of it")
    if (folder / "export.json").is_file():
        return "export"
    if given in FOLDER_FORMATS:
        return str(given)
    if given is not None:
        raise ConfigError(f"{folder}: a folder is not of the format {given}; give its files")
    return "nautilus" if any((folder / "data" / name).is_dir() for name in KINDS_OF_FOLDERS) else "lean"


def _import_lean(
    arguments: argparse.Namespace, folder: Path, catalog: "Catalog", progress: _Progress
) -> Callable[[], None]:
    from btcore.data import import_lean

    given = {LEAN_OPTIONS[name]: value for name, value in _given(arguments, LEAN_OPTIONS).items()}
    imported = import_lean(folder, catalog, symbols=arguments.symbol, progress=progress, **given)

    def show() -> None:
        notes = {entry.key: entry.notes for entry in catalog.list()}
        shown: set[str] = set()
        for dataset in imported:
            print(_lean_line(dataset))
            key = (dataset.symbol, dataset.resolution, dataset.kind, dataset.source)
            for note in notes.get(key, ()) if dataset.rows_kept else ():
                if not note.startswith("rows: "):  # the line has them by reason
                    print(f"  {note_in_flags(note)}")
            if dataset.definition and dataset.symbol not in shown:
                print(f"  definition: {dataset.definition}")
                shown.add(dataset.symbol)

    return show


def _import_nautilus(
    arguments: argparse.Namespace, folder: Path, catalog: "Catalog", progress: _Progress
) -> Callable[[], None]:
    from btcore.data.nautilus import import_nautilus

    entries = import_nautilus(folder, catalog, symbols=arguments.symbol, progress=progress)

    def show() -> None:
        for entry in entries:
            show_entries([entry])
            for note in entry.notes:
                print(f"  {note_in_flags(note)}")

    return show


def _import_export(
    _: argparse.Namespace, folder: Path, catalog: "Catalog", __: _Progress
) -> Callable[[], None]:
    entries = catalog.import_export(folder)
    return lambda: show_entries(entries)


_IMPORTS = {"lean": _import_lean, "nautilus": _import_nautilus, "export": _import_export}


def _lean_line(dataset: "Imported") -> str:
    if not dataset.symbol:
        return f"{dataset.files:,} files {dataset.note}"
    dropped = ", ".join(f"{reason} {count:,}" for reason, count in dataset.dropped.items()) or "none"
    return (
        f"{dataset_name(dataset)} {dataset.market:<18} read {dataset.rows_read:>10,}  "
        f"kept {dataset.rows_kept:>10,}  dropped: {dropped}" + (f"  ({dataset.note})" if dataset.note else "")
    )
