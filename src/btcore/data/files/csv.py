"""A text file with a market -> its table, and which of its columns are read."""

import re
from pathlib import Path
from typing import NamedTuple

from msgspec import structs

from btcore.data.tables.names import REQUIRED, Found, match_columns
from btcore.data.tables.options import TextSettings
from btcore.errors import DataError

from .build import Reading
from .text import Columns, TextTable, open_table


class OpenedCsv(NamedTuple):
    """A text file, the table in it, and the columns of the table that a container needs."""

    reading: Reading
    found: Found
    table: TextTable
    columns: Columns


def text_column_names(file: Path) -> list[str]:
    """The names of the columns of a text file; column_1, column_2, ... if it has no header."""

    def is_header(names: list[str]) -> bool:
        return any(_matches(names, kind, TextSettings()) for kind in REQUIRED)

    return open_table(file, TextSettings(), is_header).dialect.names


def open_csv(file: Path, kind: str, settings: TextSettings) -> OpenedCsv:
    """The file with its layout found; DataError, which names the file, if it has no row or lacks a column."""
    table = open_table(file, settings, lambda names: _matches(names, kind, settings))
    settings = structs.replace(settings, decimal=table.dialect.decimal)
    reading = Reading(file, kind, settings, notes=table.notes, peek=table.first_rows)
    found = _match(reading, table)
    numbers, texts = reading.wanted(found)
    # Whole numbers as times are converted twice as fast as texts.
    whole = settings.time_format is None and len(found.times) == 1 and _is_whole(table, found.times[0])
    integers = [name for name in texts if whole and name == found.times[0]]
    others = [name for name in texts if name not in integers]
    return OpenedCsv(reading, found, table, Columns(numbers, integers, others))


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
