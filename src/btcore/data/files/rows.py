"""Lines of text -> the rows of a table, checked: what is no row is left out or refused."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.errors import DataError

from .dialect import Dialect
from .quotes import LINE_FEED, STRAY, Indices, find_quotes, stray_quote

LONGEST = 64 << 20  # bytes of one row: more is no table
LineNumbers = NDArray[np.int64]


class Block(NamedTuple):
    """Rows of a table: their text, each ended by a line feed, and the line on which each begins."""

    text: bytes
    lines: LineNumbers


class Rows:
    """Cuts lines into rows, a block of lines at a time.

    Left out are comments, repeated headers and the empty lines at the end; an empty line before a row becomes
    a row without values. DataError, which begins with the line, for NUL, bytes that are not UTF-8, quotes in
    the wrong place and rows with too many or too few values.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._delimiter = dialect.delimiter.encode()
        self._header = dialect.header.encode()
        self._rest = Block(b"", np.empty(0, np.int64))  # a row whose quote is open at the end of a block
        self._empty: list[int] = []  # empty lines that no row has followed yet
        self._headers = self._comments = 0

    def add(self, text: bytes, line: int) -> Block:
        """The rows of whole lines with line feeds, the first of which is line `line`."""
        text, numbers = self._without_comments(text, line)
        if self._rest.text:
            text, numbers = self._rest.text + text, np.concatenate([self._rest.lines, numbers])
        check_characters(text, numbers)
        codes = np.frombuffer(text, np.uint8)
        ends = np.flatnonzero(codes == LINE_FEED)
        delimiters = np.flatnonzero(codes == self._delimiter[0])
        if b'"' in text:
            quotes = find_quotes(text)
            stray = stray_quote(text, quotes, self._delimiter)
            if stray is not None:
                raise _line_error(int(numbers[np.searchsorted(ends, stray)]), STRAY)
            delimiters = delimiters[np.searchsorted(quotes, delimiters) % 2 == 0]
            text, numbers, ends = self._join_lines(text, numbers, ends, quotes)
        return self._select(text, numbers, ends, delimiters)

    def finish(self) -> None:
        """DataError if a quote is still open."""
        if self._rest.text:
            raise _line_error(int(self._rest.lines[0]), "a quote that begins in this row is not closed")

    @property
    def at_row(self) -> bool:
        """Whether the next line begins a row: no quote is open, and no empty line waits for a row."""
        return not self._rest.text and not self._empty

    @property
    def notes(self) -> list[str]:
        """What was left out so far."""
        counts = (("repeated headers", self._headers), ("comments", self._comments))
        return [f"{what}: {count}, left out" for what, count in counts if count]

    def _without_comments(self, text: bytes, line: int) -> tuple[bytes, LineNumbers]:
        """The lines that are no comments, and their numbers."""
        numbers = np.arange(line, line + text.count(b"\n"), dtype=np.int64)
        comment = (self._dialect.comment or "").encode()
        if comment and comment in text:
            lines = text.split(b"\n")[:-1]
            keep = np.array([not row.startswith(comment) for row in lines])
            self._comments += int((~keep).sum())
            text = b"".join(row + b"\n" for row, kept in zip(lines, keep, strict=True) if kept)
            numbers = numbers[keep]
        return text, numbers

    def _join_lines(
        self, text: bytes, numbers: LineNumbers, ends: Indices, quotes: Indices
    ) -> tuple[bytes, LineNumbers, Indices]:
        """The rows, which may have line breaks in quotes; one that is open at the end is kept for later."""
        whole = np.searchsorted(quotes, ends) % 2 == 0  # no quote is open at the end of this line
        if whole.all():
            self._rest = Block(b"", numbers[:0])
            return text, numbers, ends
        closed = np.flatnonzero(whole)
        done = int(closed[-1]) + 1 if len(closed) else 0  # lines of rows that are closed
        length = int(ends[done - 1]) + 1 if done else 0
        self._rest = Block(text[length:], numbers[done:])
        if len(self._rest.text) > LONGEST:
            self.finish()
        first = np.concatenate([[True], whole[:-1]])[:done]
        self._check_breaks(text, numbers, ends, np.flatnonzero(first), closed + 1)
        return text[:length], numbers[:done][first], ends[closed]

    def _check_breaks(
        self, text: bytes, numbers: LineNumbers, ends: Indices, starts: Indices, stops: Indices
    ) -> None:
        """DataError for a value with line breaks whose lines all look like rows: its quotes are stray."""
        delimiters = self._dialect.width - 1
        broken = stops - starts > 1
        for start, stop in zip(starts[broken].tolist(), stops[broken].tolist(), strict=True):
            begin = int(ends[start - 1]) + 1 if start else 0
            lines = text[begin : int(ends[stop - 1])].split(b"\n")
            if all(line.count(self._delimiter) == delimiters for line in lines):
                last = int(numbers[stop - 1])
                problem = f"a quote that begins in this row is closed in line {last}, with rows between"
                raise _line_error(int(numbers[start]), problem)

    def _select(self, text: bytes, numbers: LineNumbers, ends: Indices, delimiters: Indices) -> Block:
        """The rows without repeated headers and empty lines at the end; DataError for a ragged one."""
        width = self._dialect.width
        starts = np.concatenate([[0], ends[:-1] + 1]).astype(np.intp)[: len(ends)]
        fields = np.diff(np.searchsorted(delimiters, ends), prepend=0) + 1
        empty = np.zeros(len(ends), np.bool_)
        # A row of `width` values has a character in each, a delimiter between them and a line feed.
        for row in np.flatnonzero((fields != width) | (ends - starts + 1 < 2 * width)):
            content = text[starts[row] : ends[row]]
            empty[row] = not content.strip(b" \t" + self._delimiter)
            if fields[row] != width and not empty[row]:
                raise self._ragged(int(numbers[row]), int(fields[row]), content)
        header = self._repeated_headers(text, starts, ends)
        self._headers += int(header.sum())
        filled = np.flatnonzero(~(empty | header))
        if not len(filled):
            self._empty += numbers[empty].tolist()
            return Block(b"", numbers[:0])
        last = int(filled[-1]) + 1
        after, before = numbers[last:][empty[last:]].tolist(), self._empty
        self._empty = after
        keep = ~header[:last]
        lines = np.concatenate([np.array(before, np.int64), numbers[:last][keep]])
        if not before and not empty[:last].any() and keep.all():
            return Block(text[: int(ends[last - 1]) + 1], lines)
        nothing = self._delimiter * (width - 1) + b"\n"
        rows = [nothing] * len(before)
        rows += [
            nothing if empty[i] else text[starts[i] : ends[i] + 1] for i in np.flatnonzero(keep).tolist()
        ]
        return Block(b"".join(rows), lines)

    def _repeated_headers(self, text: bytes, starts: Indices, ends: Indices) -> NDArray[np.bool_]:
        found = np.zeros(len(ends), np.bool_)
        if self._header and self._header in text:
            for row in np.flatnonzero(ends - starts == len(self._header)):
                found[row] = text[starts[row] : ends[row]] == self._header
        return found

    def _ragged(self, line: int, fields: int, content: bytes) -> DataError:
        dialect = self._dialect
        others = f"the header in line {dialect.header_line} has" if dialect.header_line else "other rows have"
        problem = f"{fields} field{'s' if fields > 1 else ''}, but {others} {dialect.width}"
        first = content.lstrip()[:1].decode("utf-8", "replace")
        hint = f"; pass comment={first!r} if this is a comment" if first and first in "#;%/!" else ""
        return _line_error(line, problem + hint)


def _line_error(line: int, problem: str) -> DataError:
    return DataError(f"line {line}: {problem}")


def check_characters(text: bytes, numbers: LineNumbers) -> None:
    """DataError for NUL and bytes that are not UTF-8 in lines with these numbers."""
    nul = text.find(b"\0")
    if nul >= 0:
        raise _line_error(int(numbers[text.count(b"\n", 0, nul)]), "a NUL byte, which no text has")
    if text.isascii():
        return
    try:
        text.decode()
    except UnicodeDecodeError as error:
        line = int(numbers[text.count(b"\n", 0, error.start)])
        byte = f"byte 0x{text[error.start]:02X} is not UTF-8"
        raise _line_error(line, f"{byte}; pass encoding=, such as encoding='cp1252'") from None
