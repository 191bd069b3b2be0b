"""A text file -> polars frames of its columns, with the line of each row."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from btcore.data.tables.options import TextSettings
from btcore.errors import DataError

from .binary import joined
from .chunks import blocks, normal_line_ends, without_lines
from .dialect import Dialect, find_dialect
from .lines import Lines
from .opened import CHUNK, open_text
from .plain import parse, parse_lines
from .rows import LONGEST, Block, Rows, check_characters

HEAD = 1 << 16  # bytes, at least, in which the dialect is looked for
_HEAD_LINES = 200

Part = tuple[Any, Lines]  # a polars frame, and the lines of its rows


class Columns(NamedTuple):
    """Names of the columns that are read as Float64, as Int64 and as String."""

    numbers: list[str]
    integers: list[str]
    texts: list[str]


class TextTable(NamedTuple):
    """A text file and how it writes its table."""

    file: Path
    settings: TextSettings
    dialect: Dialect
    notes: tuple[str, ...]
    as_stored: bool  # the bytes on disk are those of the text: neither compressed nor in another encoding
    line_feeds: bool  # the first lines end with LF or CRLF, not CR alone

    def read(self, columns: Columns) -> tuple[Part, list[str]]:
        """The columns, and notes.

        All are String if some number is not plainly written. A null is a value without a character.
        """
        import polars as pl

        types = self._types(columns)
        with named(self.file):
            content: Path | bytes = self.file if self.as_stored else b"".join(self._chunks())
            frame = self._read_plain(content, types)
            if frame is not None:
                return (joined(frame), Lines.counted(self.dialect.first_line)), []
            for wanted in (types, dict.fromkeys(types, pl.String)):
                notes: list[str] = []
                parts = _typed(self._parts(self._blocks(content), wanted, notes))
                if parts is not None:
                    break
            if not parts:
                raise DataError("the file has no rows")
        lines = np.concatenate([part.numbers for _, part in parts])
        return (pl.concat([frame for frame, _ in parts]), Lines(lines)), notes

    def parts(self, columns: Columns, notes: list[str]) -> Iterator[Part]:
        """The same in parts of some megabytes; all are String from the first with a number that is not plain.

        `notes` are complete when the last part has come.
        """
        with named(self.file):
            yield from self._parts(self._blocks(None), self._types(columns), notes, True)

    def first_rows(self) -> Any:
        """The first rows as a frame of all columns, String."""
        frame, _ = next(self.parts(Columns([], [], self.dialect.names), []))
        return frame.head(1000)

    def _types(self, columns: Columns) -> dict[str, Any]:
        import polars as pl

        plain = self.dialect.decimal != "," and self.settings.thousands is None
        types: dict[str, Any] = dict.fromkeys(columns.numbers, pl.Float64 if plain else pl.String)
        return types | dict.fromkeys(columns.integers, pl.Int64) | dict.fromkeys(columns.texts, pl.String)

    def _chunks(self) -> Iterator[bytes]:
        with open_text(self.file, self.settings.encoding) as opened:
            yield from opened.chunks

    def _blocks(self, content: Path | bytes | None) -> Iterator[bytes]:
        if isinstance(content, bytes):
            return blocks(normal_line_ends(content[i : i + CHUNK] for i in range(0, len(content), CHUNK)))
        return blocks(normal_line_ends(self._chunks()))

    def _read_plain(self, content: Path | bytes, types: dict[str, Any]) -> Any:
        """The frame of a file whose every line after the header is a row without quotes, else None."""
        import polars as pl

        texts_only = set(types.values()) == {pl.String}  # a repeated header would be a row
        if texts_only or not self.line_feeds or self.dialect.comment is not None:
            return None
        return parse_lines(content, self.dialect, types, self.dialect.first_line - 1, quotes=False)

    def _parts(
        self,
        source: Iterator[bytes],
        types: dict[str, Any],
        notes: list[str],
        change: bool = False,
    ) -> Iterator[Part]:
        """The frames of the blocks.

        If one is not of the types: NotTypedError, or with `change` String from there on.
        """
        import polars as pl

        rows, line = Rows(self.dialect), self.dialect.first_line
        for text in without_lines(source, line - 1):
            frame = self._plain_block(text, types) if rows.at_row else None
            if frame is not None:
                yield frame, Lines(np.arange(line, line + frame.height))
                line += frame.height
                continue
            block = rows.add(text, line)
            line += text.count(b"\n")
            if not block.text:
                continue
            frame = parse(block.text, self.dialect, types)
            if frame is None and set(types.values()) != {pl.String}:
                if not change:
                    raise NotTypedError
                types = dict.fromkeys(types, pl.String)
                frame = parse(block.text, self.dialect, types)
            yield _checked(frame, block).select(list(types)), Lines(block.lines)
        rows.finish()
        notes += rows.notes

    def _plain_block(self, text: bytes, types: dict[str, Any]) -> Any:
        """The frame of a block whose every line is a row, else None."""
        import polars as pl

        header = self.dialect.header.encode()
        if self.dialect.comment is not None:
            return None
        if set(types.values()) == {pl.String} and header and header in text:
            return None
        return parse_lines(text, self.dialect, types)


class NotTypedError(Exception):
    """A value is not written as a number of its column's type."""


def open_table(file: Path, settings: TextSettings, matches: Callable[[list[str]], bool]) -> TextTable:
    """The table in a text file; `matches` as for `find_dialect`. DataError if the file has no row."""
    with open_text(file, settings.encoding, HEAD) as opened:
        raw, line_feeds = _first_lines(opened.chunks)
        notes, as_stored = opened.notes, opened.as_stored
    with named(file):
        if not any(line.strip() for line in raw):
            raise DataError("the file has no rows")
        _reject_other_formats(b"\n".join(raw).lstrip()[:20].lower())
        dialect = find_dialect([line.decode("utf-8", "replace") for line in raw], settings, matches)
        above = dialect.first_line - 1
        check_characters(b"".join(line + b"\n" for line in raw[:above]), np.arange(1, above + 1))
    return TextTable(file, settings, dialect, notes + dialect.notes, as_stored, line_feeds)


@contextmanager
def named(file: Path) -> Iterator[None]:
    """Puts the name of the file in front of a DataError, as in "prices.csv line 5: ..."."""
    try:
        yield
    except DataError as error:
        text = str(error)
        if text.startswith(file.name):
            raise
        raise DataError(f"{file.name}{' ' if text.startswith('line ') else ': '}{text}") from error


def _reject_other_formats(start: bytes) -> None:
    if start.startswith((b"{", b"[{", b"[[", b'["')):
        raise DataError("it is JSON, not a text of rows; read it into a table and use from_frame")
    if start.startswith(b"dbn"):
        raise DataError("it is DBN of Databento, not a text of rows; a CSV file of the same data is read")
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        raise DataError("it is HTML or XML, not a text of rows")


def _first_lines(chunks: Iterator[bytes]) -> tuple[list[bytes], bool]:
    """The first lines, without their ends, and whether none is ended by CR alone.

    The last line may be cut off only if it is the only one.
    """
    text, chunk = b"", b""
    for chunk in chunks:
        text += chunk
        if len(text) >= LONGEST or (len(text) >= HEAD and (b"\n" in text or b"\r" in text)):
            break
    else:
        chunk = b""
    line_feeds = b"\r" not in text.removesuffix(b"\r").replace(b"\r\n", b"\n")
    lines = b"".join(normal_line_ends(iter((text,)))).split(b"\n")
    if lines[-1] == b"" or (chunk and len(lines) > 1):
        lines.pop()
    return lines[:_HEAD_LINES], line_feeds


def _typed(parts: Iterator[Part]) -> list[Part] | None:
    try:
        return list(parts)
    except NotTypedError:
        return None


def _checked(frame: Any, block: Block) -> Any:
    if frame is None or frame.height != len(block.lines):
        first, last = int(block.lines[0]), int(block.lines[-1])
        raise DataError(f"line {first}: the lines from there to {last} are not rows of values")
    return frame
