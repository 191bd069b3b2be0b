"""Containers in pieces -> the files of one dataset, the same bytes as if they had been one container."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from msgspec.structs import replace

from btcore.data.containers import KINDS, Bars, Quotes
from btcore.data.following import check_follows, last_row
from btcore.data.source import AnyContainer
from btcore.errors import DataError

from .datasets import entry_of
from .entries import Entry
from .storage import BLOCKS, has_columns, new_folder, publish, save, write_columns

if TYPE_CHECKING:
    from .export.manifest import ExportedFile

_BLOCK = 2**20  # rows that are read back at once


def start_pieces(pieces: Iterable[AnyContainer]) -> Iterator[AnyContainer]:
    """The pieces, after fetching the first: most errors occur then, before a catalog is changed."""
    remaining = iter(pieces)
    return chain([next(remaining, Quotes((), (), ()))], remaining)


def write_pieces(
    root: Path, symbol: str, pieces: Iterable[AnyContainer], expected: "ExportedFile | None" = None
) -> Entry:
    """Writes the pieces as one dataset and returns its entry.

    One piece at a time is in memory; empty ones are skipped. DataError if a piece cannot follow the one
    before as rows of one container, if no piece has rows, or if they are not the dataset expected.
    """
    with new_folder(root) as partial:
        entry, blocks = entry_of(symbol, _write_columns(partial, symbol, pieces))
        if expected is not None:
            from .export.manifest import check_exported

            check_exported(expected, entry)
            entry = replace(entry, notes=expected.notes)
        if has_columns(root, entry):
            write_columns(root, entry, {}, blocks)
            return entry
        if blocks is not None:
            save(partial / f"{BLOCKS}.npy", blocks)
        publish(partial, entry.directory)
    return entry


def _write_columns(folder: Path, symbol: str, pieces: Iterable[AnyContainer]) -> AnyContainer:
    """The pieces as one container, mapped from files in the folder."""
    before: AnyContainer | None = None
    notes: dict[str, None] = {}  # in order, each once
    zones: dict[str | None, None] = {}
    with ExitStack() as stack:
        files = _ColumnFiles(folder, stack)
        for piece in pieces:
            notes.update(dict.fromkeys(piece.notes))
            if not len(piece):
                continue
            if before is not None:
                check_follows(before, piece, files.rows)
            files.append(piece)
            zones[piece.timezone] = None
            before = last_row(piece)
        files.finish()
    if before is None:
        raise DataError(f"{symbol}: there is nothing to write, no piece has rows")
    columns = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in files.dtypes}
    if len(zones) > 1:
        listed = " and ".join(str(name or "unknown") for name in zones)
        notes[f"timezone: unknown, as the pieces have several: {listed}"] = None
    settings = before._settings() | {"timezone": next(iter(zones)) if len(zones) == 1 else None}
    return KINDS[before.kind]._trusted(columns, settings, notes=tuple(notes))


class _ColumnFiles:
    """One .npy file for each column, to which rows are appended."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.rows = 0
        self.dtypes: dict[str, np.dtype[Any]] = {}
        self._folder, self._stack = folder, stack
        self._streams: dict[str, IO[bytes]] = {}

    def append(self, piece: AnyContainer) -> None:
        """Writes the rows. Ends are a column as soon as one piece has ends of its own."""
        columns = piece.columns
        if isinstance(piece, Bars) and "end" in self.dtypes:
            columns["end"] = piece.end
        for name, column in columns.items():
            if name not in self.dtypes:
                self._begin(name, column.dtype)
                if self.rows:
                    assert isinstance(piece, Bars)
                    self._write_ends(piece.interval)
            self._streams[name].write(column.data)
        self.rows += len(piece)

    def finish(self) -> None:
        """Writes the number of rows into the headers."""
        for name, stream in self._streams.items():
            stream.seek(0)
            _write_header(stream, self.dtypes[name], self.rows)

    def _begin(self, name: str, dtype: np.dtype[Any]) -> None:
        self.dtypes[name] = dtype
        self._streams[name] = self._stack.enter_context((self._folder / f"{name}.npy").open("w+b"))
        _write_header(self._streams[name], dtype, 0)

    def _write_ends(self, interval: int) -> None:
        """The ends of the rows so far, which are timestamp + interval; they are read back in blocks."""
        times, ends = self._streams["timestamp"], self._streams["end"]
        after = times.seek(0, 2)  # this piece's times are written already
        times.seek(ends.tell())  # both columns are int64, so their headers have the same length
        for first in range(0, self.rows, _BLOCK):
            block = np.frombuffer(times.read(8 * min(_BLOCK, self.rows - first)), np.int64)
            ends.write((block + interval).data)
        times.seek(after)


def _write_header(stream: IO[bytes], dtype: np.dtype[Any], rows: int) -> None:
    """The header that `np.save` writes; numpy pads it, so its length is the same for any number of rows."""
    descr = np.lib.format.dtype_to_descr(dtype)
    header = {"descr": descr, "fortran_order": False, "shape": (rows,)}
    np.lib.format.write_array_header_1_0(stream, header)
