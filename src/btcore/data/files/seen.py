"""What is seen of a file before it is read: the kinds of data it may hold, and its column of symbols."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from btcore.data.tables.kinds import kinds_of
from btcore.data.tables.names import REQUIRED, SYMBOLS, match_columns, normalized
from btcore.data.tables.options import TableSettings, TextSettings
from btcore.data.vendors.choice import Candidates
from btcore.data.vendors.layout import Sample
from btcore.errors import DataError
from btcore.times.intervals import bar_length

from .binary import arrow_frame, import_polars, open_npz, parquet_frame, polars_errors
from .build import located


class Seen(NamedTuple):
    """The kinds that the columns of a file allow, and its column of symbols with the value in the first row.

    `kinds` is empty if no kind has its columns, `column` is "" without a column of symbols. `has_all` says
    that the file has data of each of the kinds, by its format; else it may be of one of them. `in_pieces`
    says whether it can be read in pieces, if it is of the first kind.
    """

    kinds: tuple[str, ...]
    in_pieces: bool = False
    column: str = ""
    symbol: str = ""
    has_all: bool = False


def see_file(file: Path, form: str, kind: str | None, options: Mapping[str, Any]) -> Seen:
    """What is seen of a file of the format, which is read as `kind` with these options.

    DataError or OSError, which names it, if it cannot be opened.
    """
    if form == "csv":
        import_polars("CSV")
        settings: TableSettings = TextSettings.of("read_csv", options)
    else:
        settings = TableSettings.of(f"read_{form}", options)
    candidates = Candidates.of(settings, kind)
    sample = _sample(file, form, kind, settings)
    with located(file.name):
        choice = candidates.choose(sample)
        if choice is None:
            kinds, names = (kind,) if kind else tuple(_kinds(sample.names, settings)), sample.names
        else:
            kinds, names, settings = (choice.kind,), choice.names, choice.settings(settings)
    if not kinds:
        return Seen(())
    whole = choice is not None and choice.layout.convert is not None
    if choice is not None and whole:
        alike = [each for each in candidates.layouts if each.name == choice.layout.name]
        kinds = tuple(dict.fromkeys(each.kind for each in alike if each.fits(sample)))
        return Seen(kinds, has_all=len(kinds) > 1)
    seen = Seen(kinds, form in {"csv", "parquet"} and _allows_pieces(kinds[0], settings))
    try:
        found = match_columns(names, kinds[0], settings.columns)
    except DataError:  # the reader says what is wrong
        return seen
    first, given = "".join(found.symbols[:1]), "symbol" in (settings.columns or {})
    if not first or not (given or normalized(first) in SYMBOLS):
        return seen
    return seen._replace(column=first, symbol=sample.value(sample.names[names.index(first)]))


def _allows_pieces(kind: str, settings: TableSettings) -> bool:
    """Whether no option needs all rows: see `Pieces`, and the length of bars in `scan`."""
    if settings.sort or settings.by or settings.duplicates != "refuse" or settings.dst == "infer":
        return False
    if kind != "bars":
        return True
    if settings.interval is None:
        return False
    length = bar_length(settings.interval)
    return not (length.months or length.weeks)


def _sample(file: Path, form: str, kind: str | None, settings: TableSettings) -> Sample:
    if form == "csv":
        from .csv import text_sample  # not at the top: it loads the modules of compressed files

        assert isinstance(settings, TextSettings)
        return text_sample(file, settings, kind)
    if form == "npz":
        with open_npz(file) as npz:
            arrays = {name: npz.array(name) for name in npz.names}
        return Sample(list(arrays), file=file.name, column=arrays.__getitem__)
    with polars_errors(file, {"arrow": "Arrow file"}.get(form, "Parquet file")):
        head = (arrow_frame if form == "arrow" else parquet_frame)(file, n_rows=1)
    return Sample(head.columns, file=file.name, column=head.get_column)


def _kinds(names: list[str], settings: TableSettings) -> list[str]:
    if settings.columns is None:
        return kinds_of(names)
    kinds = [kind for kind in REQUIRED if _has_columns(names, kind, settings)]
    return [kind for kind in kinds if not (kind == "trades" and "bars" in kinds)]


def _has_columns(names: list[str], kind: str, settings: TableSettings) -> bool:
    try:
        match_columns(names, kind, settings.columns)
    except DataError:
        return False
    return True
