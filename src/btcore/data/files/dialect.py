"""How a text file writes its table: delimiter, header, lines above it, decimal point, by its first lines."""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple

from btcore.data.tables.options import TextSettings
from btcore.errors import DataError

from .quotes import STRAY, find_quotes, stray_quote

_DELIMITERS = (";", "\t", "|", ",")  # a comma may be a decimal point, so it is tried last
_SEARCHED = 50  # lines in which the header is looked for
_NUMBER = re.compile(r"[+-]?[$€£¥]?(\d[\d.,' ]*|[.,]\d+)([eE][+-]?\d+)?[%KMB]?", re.ASCII)
_DATE = re.compile(r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}\b.*", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?(\d+|\d{1,3}([. ']\d{3})+),\d+", re.ASCII)
_DECIMAL_POINT = re.compile(r"[+-]?(\d*|\d{1,3}([, ']\d{3})+)\.\d+", re.ASCII)
# 1,234 may be a thousand and 234, but 0,123 and 1234,567 and 1,23 are not.
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)


class Dialect(NamedTuple):
    """How the table is written. Lines are counted from 1."""

    delimiter: str
    names: list[str]  # one for each value of a row, unique
    header: str  # the line of the header as written, or "" if there is none
    header_line: int  # 0 if there is none
    first_line: int  # of the first row, or of a comment or an empty line before it
    decimal: Literal[".", ","] | None  # None: the first lines do not say
    comment: str | None
    example: list[str]  # the values of the first row, as many as it has
    first_numbers: int  # line of the first row with a number or a date, 0 if the first lines have none
    notes: tuple[str, ...]

    @property
    def width(self) -> int:
        """The number of values in a row."""
        return len(self.names)


class Row(NamedTuple):
    """A row of text: its values, its first and its last line."""

    cells: list[str]
    line: int
    last: int


def find_dialect(
    lines: Sequence[str], settings: TextSettings, matches: Callable[[list[str]], bool]
) -> Dialect:
    """The dialect of a file that begins with `lines` (without their ends); at least one has a text.

    `matches` says whether names of columns are those of the kind that is read: such a line is the header.
    DataError if a line above the header looks like a row.
    """
    skipped = settings.skip_rows
    if settings.delimiter is not None and (not settings.delimiter.isascii() or settings.delimiter in '"\r\n'):
        raise DataError(f"delimiter: {settings.delimiter!r} is not an ASCII character that can part values")
    for delimiter in (settings.delimiter,) if settings.delimiter else _DELIMITERS:
        rows = list(_rows(lines, skipped, delimiter, settings.comment))
        header = _find_header(rows, settings, matches)
        if header is not None:
            return _with_header(rows, header, delimiter, lines, settings)
    delimiter = settings.delimiter or _most_regular(lines, settings)
    rows = list(_rows(lines, skipped, delimiter, settings.comment))
    if not rows:
        raise DataError("the file has no rows")
    start = 0 if skipped else next((i for i, row in enumerate(rows) if len(row.cells) > 1), 0)
    if settings.has_header or (settings.has_header is None and not _numbers(rows[start])):
        return _with_header(rows, start, delimiter, lines, settings)
    return _without_header(rows, start, delimiter, settings)


def clean_names(cells: list[str]) -> list[str]:
    """The names of columns without spaces around them, each made unique as polars does it."""
    names: list[str] = []
    for cell in cells:
        name = cell.strip()
        seen = sum(1 for earlier in cells[: len(names)] if earlier.strip() == name)
        names.append(f"{name}_duplicated_{seen - 1}" if seen else name)
    return names


def _rows(lines: Sequence[str], skipped: int, delimiter: str, comment: str | None) -> Iterator[Row]:
    """The rows that are not empty, with the comments left out."""
    kept = [
        (number, line)
        for number, line in enumerate(lines[skipped:], skipped + 1)
        if not (comment and line.startswith(comment))
    ]
    reader = csv.reader((line + "\n" for _, line in kept), delimiter=delimiter)
    done = 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:  # a value beyond the limit of the module, or NUL: the checks of rows name it
            done = reader.line_num
            continue
        if any(cell.strip() for cell in cells):
            yield Row(cells, kept[done][0], kept[reader.line_num - 1][0])
        done = reader.line_num


def _find_header(rows: list[Row], settings: TextSettings, matches: Callable[[list[str]], bool]) -> int | None:
    """The place of the row that has the names of the columns; None if there is none."""
    if settings.has_header is False:
        return None
    searched = rows[:1] if settings.skip_rows else rows[:_SEARCHED]
    named = (i for i, row in enumerate(searched) if len(row.cells) > 1 and matches(clean_names(row.cells)))
    return next(named, None)


def _with_header(
    rows: list[Row], place: int, delimiter: str, lines: Sequence[str], settings: TextSettings
) -> Dialect:
    header, body = rows[place], rows[place + 1 :]
    for row in rows[:place]:
        if _numbers(row) > 1 or (_numbers(row) and len(row.cells) == len(header.cells)):
            raise DataError(
                f"line {row.line}: it looks like a row, but is above the header in line {header.line}; "
                f"pass skip_rows={header.line - 1} if it is none, has_header=False if line {header.line} is"
            )
    text = "\n".join(lines[header.line - 1 : header.last])
    encoded = f"{text}\n".encode()
    quotes = find_quotes(encoded)
    if len(quotes) % 2 or stray_quote(encoded, quotes, delimiter.encode()) is not None:
        raise DataError(f"line {header.line}: {STRAY}")
    notes: list[str] = []
    names = clean_names(header.cells)
    # A delimiter after the last value of each row is no further value, whose name would be unknown.
    if body and all(len(row.cells) == len(names) + 1 and not row.cells[-1].strip() for row in body):
        names.append(f"column_{len(names) + 1}")
        notes.append("the last value of each row is followed by a delimiter")
    if header.line > settings.skip_rows + 1 and place:
        notes.append(f"lines above the header: {header.line - 1}, left out")
    return Dialect(
        delimiter,
        names,
        text if header.line == header.last else "",
        header.line,
        header.last + 1,
        _decimal(body, settings),
        settings.comment,
        body[0].cells if body else [],
        next((row.line for row in body if _numbers(row)), 0),
        tuple(_delimiter_note(delimiter, settings) + notes),
    )


def _without_header(rows: list[Row], start: int, delimiter: str, settings: TextSettings) -> Dialect:
    body = rows[start:]
    width = Counter(len(row.cells) for row in body).most_common(1)[0][0]
    names = [f"column_{i}" for i in range(1, width + 1)]
    notes = [] if settings.has_header is False else [f"no header: the columns are column_1 to column_{width}"]
    if start:
        notes.append(f"lines above the first row: {body[0].line - 1}, left out")
    return Dialect(
        delimiter,
        names,
        "",
        0,
        body[0].line,
        _decimal(body, settings),
        settings.comment,
        body[0].cells if body else [],
        next((row.line for row in body if _numbers(row)), 0),
        tuple(_delimiter_note(delimiter, settings) + notes),
    )


def _delimiter_note(delimiter: str, settings: TextSettings) -> list[str]:
    found = settings.delimiter is None and delimiter != ","
    return [f"delimiter: {'tab' if delimiter == chr(9) else delimiter}"] if found else []


def _most_regular(lines: Sequence[str], settings: TextSettings) -> str:
    """The delimiter with which nine rows of ten have the same number of values, more than one."""
    for delimiter in _DELIMITERS:
        rows = list(_rows(lines, settings.skip_rows, delimiter, settings.comment))
        widths = Counter(len(row.cells) for row in rows)
        width, count = widths.most_common(1)[0] if widths else (0, 0)
        if width > 1 and count * 10 >= len(rows) * 9 - 20:  # two rows of any width may come first
            return delimiter
    return ","


def _numbers(row: Row) -> int:
    """How many values are numbers or dates; names of columns are neither."""
    cells = [cell.strip() for cell in row.cells]
    return sum(1 for cell in cells if _NUMBER.fullmatch(cell) or _DATE.fullmatch(cell))


def _decimal(body: list[Row], settings: TextSettings) -> Literal[".", ","] | None:
    """The decimal point if it is given, or a comma that is surely one."""
    if settings.decimal is not None:
        return settings.decimal
    cells = [cell.strip() for row in body for cell in row.cells]
    commas = [cell for cell in cells if "," in cell and _DECIMAL_COMMA.fullmatch(cell)]
    sure = any(not _THOUSANDS.fullmatch(cell) for cell in commas)
    return "," if sure and not any(_DECIMAL_POINT.fullmatch(cell) for cell in cells) else None
