"""A table read from a file -> containers; errors name the file and the line of the row."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from btcore.data.containers import KINDS
from btcore.data.following import check_follows, last_row
from btcore.data.source import AnyContainer
from btcore.data.tables.cleaning import Notes, Rows
from btcore.data.tables.frames import construct, read_rows
from btcore.data.tables.names import Found, match_columns
from btcore.data.tables.options import TableSettings
from btcore.data.tables.symbols import Before, of_symbol
from btcore.data.timestamps import TimeRules, refuse_pieces
from btcore.data.vendors.choice import Candidates, Choice
from btcore.data.vendors.layout import Sample
from btcore.errors import DataError, RowError

from .lines import Lines

_TEXTUAL = ("end", "side", "buyer_maker")  # columns that are not numbers, besides times and symbols
_NOT_NUMBERS = ("timestamp", *_TEXTUAL)


@contextmanager
def located(place: str, lines: Lines | None = None) -> Iterator[None]:
    """Puts `place` in front of a DataError; a RowError becomes "`place` row N", with N from `lines`."""
    lines = Lines.counted(1) if lines is None else lines
    try:
        yield
    except RowError as error:
        raise DataError(error.located(f"{place} row {lines.line(error.row)}")) from error
    except DataError as error:
        raise DataError(f"{place}: {error}") from error


class Reading(NamedTuple):
    """A file that is read: its kind of data, the options, and the lines of its rows.

    `choice` is the layout of a vendor that the file has, None without. `notes` is what the reader of the file
    has to say. `peek` gives the first rows of the file with all of its columns, for messages.
    """

    file: Path
    kind: str
    settings: TableSettings
    lines: Lines = Lines.counted(1)
    notes: tuple[str, ...] = ()
    peek: Callable[[], Any] | None = None
    choice: Choice | None = None

    @classmethod
    def of(cls, file: Path, kind: str | None, settings: TableSettings, sample: Sample) -> "Reading":
        """The reading of a file, in the layout that `format` names or that its sample shows.

        DataError, which names the file, if it is not of the named format.
        """
        with located(file.name):
            choice = Candidates.of(settings, kind).choose(sample)
            if choice is None:
                return cls(file, kind or "bars", settings)
            return cls(
                file, choice.kind, choice.settings(settings), notes=choice.notes(settings), choice=choice
            )

    def locate_errors(self) -> AbstractContextManager[None]:
        """Puts the name of the file, and the line of an invalid row, into DataErrors."""
        return located(self.file.name, self.lines)

    @property
    def is_converted(self) -> bool:
        """Whether other columns are read in place of those of the file."""
        return self.choice is not None and self.choice.layout.convert is not None

    def convert(self, table: Mapping[str, Any]) -> tuple["Reading", Mapping[str, Any]]:
        """The columns that are read in place of those of the file, and the reading with what is to say."""
        assert self.choice is not None
        assert self.choice.layout.convert is not None
        with self.locate_errors():
            columns, notes = self.choice.layout.convert(table)
        return self._replace(notes=(*self.notes, *notes)), columns

    def match(self, names: list[str]) -> Found:
        """The columns of the file that are used; DataError, which names the file, if one is missing."""
        with self.locate_errors():
            if self.choice is not None:
                return self.choice.match(self.settings, names)
            return match_columns(names, self.kind, self.settings.columns)

    def wanted(self, found: Found) -> tuple[list[str], list[str]]:
        """The names in the file of the columns of numbers, and of those to be read as texts."""
        textual = {*found.times, *found.symbols, *found.checked}
        textual -= {theirs for name, theirs in found.columns.items() if name not in _NOT_NUMBERS}
        textual |= {str(found.columns[name]) for name in _TEXTUAL if name in found.columns}
        return [x for x in found.used if x not in textual], [x for x in found.used if x in textual]

    def build_from_frame(self, frame: Any, found: Found) -> Any:
        """The container of a polars frame; with the option `by` one of each symbol."""
        frame = drop_blank_end(frame)
        return self.build({name: frame[name] for name in found.used}, found)

    def build(self, table: Mapping[str, Any], found: Found) -> Any:
        """The container of the columns of a file; with the option `by` one of each symbol."""
        with self.locate_errors():
            if all(getattr(values, "ndim", 1) == 1 and len(values) == 0 for values in table.values()):
                raise DataError("the file has no rows")
            said: dict[str, Notes] = {}
            rows = read_rows(table, found, self.settings, said, others=self._others)
            made = {}
            for symbol, part in rows.items():
                with of_symbol(symbol):
                    made[symbol] = self._construct(part, (*self.notes, *said[symbol].lines()))
        return made if self.settings.by is not None else next(iter(made.values()))

    def _construct(self, rows: Rows, notes: tuple[str, ...]) -> AnyContainer:
        if len(rows.times.ns) == 0:
            raise DataError("no rows are left")
        make: Any = KINDS[self.kind]
        made: AnyContainer = construct(make, self.kind, rows, self.settings, notes)
        return made

    def _others(self) -> Mapping[str, Any]:
        if self.peek is None:
            return {}
        frame = self.peek()
        return {name: frame[name] for name in frame.columns}


class Pieces:
    """Containers of the tables into which a file is cut, each checked to follow the one before.

    A piece is given back when the first row of the next is known, as a bar ends no later than the next
    begins. The notes of the last one are those of the whole file, the others have none.
    """

    def __init__(self, reading: Reading, found: Found) -> None:
        """DataError for options that need all rows of the file."""
        settings = reading.settings
        for option, text in (
            (settings.sort, "sort"),
            (settings.by is not None, "by"),
            (settings.duplicates != "refuse", "duplicates"),
        ):
            if option:
                raise DataError(
                    f"{reading.file.name}: {text} needs all rows of the file; it is for read_*, not scan_*"
                )
        refuse_pieces(TimeRules(dst=settings.dst))
        self._reading, self._found = reading, found
        self._notes: dict[str, Notes] = {}
        self._alike = Before()
        self._held: Rows | None = None
        self._lines = reading.lines
        self._before: AnyContainer | None = None
        self._error: DataError | None = None
        self._any = False

    def add(self, frame: Any, lines: Lines) -> AnyContainer | None:
        """The piece before that of `frame`, whose rows are on `lines`; None if there is none yet.

        DataError for an invalid row; one in `frame` is raised by the next call, after the piece before.
        """
        self._raise_error()
        table = {name: frame[name] for name in self._found.used}
        self._any = self._any or frame.height > 0
        try:
            with located(self._reading.file.name, lines):
                found = read_rows(table, self._found, self._reading.settings, self._notes, before=self._alike)
                rows = next(iter(found.values()))
        except DataError as error:
            self._error = error
            return _without_notes(self._close(None))
        if len(rows.times.ns) == 0:
            return None
        piece = self._close(rows)
        self._held, self._lines = rows, lines
        return _without_notes(piece)

    def finish(self) -> AnyContainer:
        """The last piece, with the notes of the file; DataError if there are no rows, or one is invalid."""
        self._raise_error()
        if self._held is None:
            text = "no rows are left" if self._any else "the file has no rows"
            raise DataError(f"{self._reading.file.name}: {text}")
        piece = self._close(None)
        assert piece is not None
        lines = next(iter(self._notes.values())).lines()
        return piece.with_notes((*self._reading.notes, *lines))

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def _close(self, after: Rows | None) -> AnyContainer | None:
        """The container of the rows that were held back; `after` are the rows that follow them."""
        rows, self._held = self._held, None
        if rows is None:
            return None
        with located(self._reading.file.name, self._lines):
            piece = self._construct(rows, after)
            if self._before is not None:
                check_follows(self._before, piece, 0 if rows.origin is None else int(rows.origin[0]))
        self._before = last_row(piece)
        return piece

    def _construct(self, rows: Rows, after: Rows | None) -> AnyContainer:
        kind, settings = self._reading.kind, self._reading.settings
        make: Any = KINDS[kind]
        piece: AnyContainer
        if kind == "bars" and after is not None:
            try:
                piece = construct(make, kind, _with_first(rows, after), settings)
                return piece.slice(None, int(piece.timestamp[-1]))
            except DataError:
                pass  # the rows are invalid, which is found here, or what follows is, which is found later
        piece = construct(make, kind, rows, settings)
        return piece


def _without_notes(piece: AnyContainer | None) -> AnyContainer | None:
    return None if piece is None else piece._trusted(piece.columns, piece._settings())


def _with_first(rows: Rows, after: Rows) -> Rows:
    """The rows and the first of those that follow, which has no line of its own here."""
    times = rows.times._replace(ns=np.append(rows.times.ns, after.times.ns[:1]))
    columns = {name: np.append(column, after.columns[name][:1]) for name, column in rows.columns.items()}
    count = len(rows.times.ns)
    origin = np.arange(count) if rows.origin is None else rows.origin
    return Rows(times, columns, np.append(origin, origin[-1] + 1))


def drop_blank_end(frame: Any) -> Any:
    """The polars frame without the rows of nulls at its end, which empty lines of a CSV become."""
    import polars as pl

    blank = pl.all_horizontal(pl.all().is_null())
    if frame.height == 0 or not frame.tail(1).select(blank).item():
        return frame
    last = frame.select(~blank).to_series().arg_true().max()
    return frame.head(0 if last is None else last + 1)
