"""A text file with a market -> its table, and which of its columns are read."""

import re
from pathlib import Path
from typing import NamedTuple

from msgspec import structs

from btcore.data.tables.names import REQUIRED, Found, match_columns
from btcore.data.tables.options import TextSettings
from btcore.data.vendors.choice import Candidates
from btcore.data.vendors.layout import Sample
from btcore.errors import DataError

from .build import Reading
from .text import Columns, TextTable, open_table


class OpenedCsv(NamedTuple):
    """A text file, the table in it, and the columns of the table that a container needs."""

    reading: Reading
    found: Found
    table: TextTable
    columns: Columns


def text_sample(file: Path, settings: TextSettings | None = None, kind: str | None = None) -> Sample:
    """What is seen of a text file before it is read as data of the kind, or of any."""
    settings = TextSettings() if settings is None else settings
    found = Candidates.of(settings, kind)
    settings = found.with_text_options(settings)
    kinds = REQUIRED if kind is None else (kind,)

    def is_header(names: list[str]) -> bool:
        return found.has_header(names) or any(_matches(names, each, settings) for each in kinds)

    return _sample(open_table(file, settings, is_header))


def open_csv(file: Path, kind: str | None, settings: TextSettings) -> OpenedCsv:
    """The file with its layout found; DataError, which names the file, if it has no row or lacks a column."""
    candidates = Candidates.of(settings, kind)
    settings = candidates.with_text_options(settings)

    def is_header(names: list[str]) -> bool:
        return candidates.has_header(names) or _matches(names, kind or "bars", settings)

    table = open_table(file, settings, is_header)
    settings = structs.replace(settings, decimal=table.dialect.decimal)
    reading = Reading.of(file, kind, settings, _sample(table))
    if reading.choice is not None:
        table = _with_names(table, reading.choice.names)
    reading = reading._replace(notes=(*reading.notes, *table.notes), peek=table.first_rows)
    found = _match(reading, table)
    numbers, texts = reading.wanted(found)
    # Whole numbers as times are converted twice as fast as texts.
    whole = (
        reading.settings.time_format is None and len(found.times) == 1 and _is_whole(table, found.times[0])
    )
    integers = [name for name in texts if whole and name == found.times[0]]
    others = [name for name in texts if name not in integers]
    return OpenedCsv(reading, found, table, Columns(numbers, integers, others))


def _sample(table: TextTable) -> Sample:
    dialect = table.dialect
    return Sample(dialect.names, dialect.example, dialect.header_line > 0, table.file.name)


def _with_names(table: TextTable, names: list[str]) -> TextTable:
    """The table with the names of its layout, if it has no header."""
    if table.dialect.header_line:
        return table
    notes = tuple(note for note in table.notes if not note.startswith("no header: "))
    shown = f"no header: the columns are {', '.join(names)}"
    return table._replace(dialect=table.dialect._replace(names=names), notes=(*notes, shown))


def _match(reading: Reading, table: TextTable) -> Found:
    """The columns that are used; DataError if one is missing, with what is odd about the layout."""
    dialect, settings = table.dialect, table.settings
    try:
        return reading.match(dialect.names)
    except DataError as error:
        if dialect.width == 1:
            tried = f"delimiter {settings.delimiter!r}" if settings.delimiter else "delimiter of , ; tab |"
            raise DataError(f"{error}; there is no {tried} in the first lines") from error
        if dialect.header_line and dialect.first_numbers > dialect.first_line:
            above = dialect.first_numbers - 1
            problem = (
                f"the lines to {above} have no number, as a header of several lines; to read it pass "
                f"skip_rows={above}, has_header=False and columns={{'timestamp': 'column_1', ...}}"
            )
            raise DataError(f"{error}; {problem}") from error
        if not dialect.header_line and settings.has_header is None:
            problem = f"there is no header, as line {dialect.first_line} has numbers"
            raise DataError(f"{error}; {problem}") from error
        raise


def _matches(names: list[str], kind: str, settings: TextSettings) -> bool:
    try:
        match_columns(names, kind, settings.columns)
    except DataError:
        return False
    return True


def _is_whole(table: TextTable, name: str) -> bool:
    """Whether the first value of a column is a whole number."""
    place = table.dialect.names.index(name)
    return re.fullmatch(r"[+-]?\d+", "".join(table.dialect.example[place : place + 1])) is not None
