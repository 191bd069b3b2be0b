"""Text whose every line is a row: polars reads it, and counts show that its rows are what they look like."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .dialect import Dialect

_PROBE = 1 << 18  # bytes that are counted at a time, few enough to stay in the cache


class Counts(NamedTuple):
    """What a text has of some characters."""

    quotes: bool
    delimiters: int


def count(content: Path | bytes, delimiter: str, skipped: int = 0) -> Counts | None:
    """The counts of the text after the first `skipped` lines; None if it has NUL or is not ASCII.

    With an empty `delimiter` none are counted.
    """
    quotes, delimiters = False, 0
    with content.open("rb", buffering=0) if isinstance(content, Path) else io.BytesIO(content) as stream:
        for _ in range(skipped):
            stream.readline()
        for probe in _probes(stream):
            if not probe.isascii() or b"\0" in probe:
                return None
            quotes = quotes or b'"' in probe
            if delimiter:
                delimiters += int(np.count_nonzero(np.frombuffer(probe, np.uint8) == ord(delimiter)))
    return Counts(quotes, delimiters)


def parse_lines(
    content: Path | bytes, dialect: Dialect, types: dict[str, Any], skipped: int = 0, quotes: bool = True
) -> Any:
    """The frame of the columns in `types` if each line after the first `skipped` is a row, else None.

    Each row has a value in its last column, so that none is too short. None is too long: polars refuses that
    if it reads all columns; else the delimiters of all rows are as many as they have to be. An empty line has
    no values. `quotes` says whether the text may have some.
    """
    import polars as pl

    last = dialect.names[-1]
    partly = not types.keys() | {last} >= set(dialect.names)
    if pl.String not in types.values() and not partly and b'"' not in _head(content):
        # Nothing but numbers: a quote, a NUL or a letter is none, so that polars refuses it.
        frame = parse(content, dialect, types, quote=None, skipped=skipped)
        complete = frame is not None and frame.height and not any(frame.null_count().row(0))
        return frame.select(list(types)) if complete else None
    counts = count(content, dialect.delimiter if partly else "", skipped)
    if counts is None or (counts.quotes and not quotes):
        return None
    quote = '"' if counts.quotes else None
    frame = parse(content, dialect, types, quote=quote, skipped=skipped, last=last)
    if frame is None or not frame.height:
        return None
    if partly and counts.delimiters != frame.height * (dialect.width - 1):
        return None
    if any(frame[name].null_count() for name in {*types, last}):
        return None
    # A line may break in a value with quotes, which is for `Rows` to count.
    broken = isinstance(content, bytes) and counts.quotes and frame.height != content.count(b"\n")
    return None if broken else frame.select(list(types))


def parse(
    content: Path | bytes,
    dialect: Dialect,
    types: dict[str, Any],
    *,
    quote: str | None = '"',
    skipped: int = 0,
    last: str | None = None,
) -> Any:
    """The frame of the columns in `types` and `last`; None if a value is not of its type."""
    import polars as pl

    try:
        return pl.read_csv(
            content,
            has_header=False,
            schema={name: types.get(name, pl.String) for name in dialect.names},
            columns=[i for i, name in enumerate(dialect.names) if name in types or name == last],
            separator=dialect.delimiter,
            quote_char=quote,
            skip_lines=skipped,
            glob=False,
        )
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None


def _head(content: Path | bytes) -> bytes:
    """The first bytes of a text."""
    if isinstance(content, bytes):
        return content[:_PROBE]
    with content.open("rb") as stream:
        return stream.read(_PROBE)


def _probes(stream: io.FileIO | io.BytesIO) -> Iterator[bytearray]:
    """The rest of a stream, through one buffer that is used again."""
    buffer = bytearray(_PROBE)
    while length := stream.readinto(buffer):
        yield buffer if length == _PROBE else buffer[:length]
