"""Containers in pieces -> the files of one dataset, the same bytes as if they had been one container."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import IO, Any

import numpy as np

from btcore.data.containers import KINDS, Quotes, check_follows, last_row
from btcore.data.source import AnyContainer
from btcore.errors import DataError

from .datasets import describe
from .storage import BLOCKS, FOLDER, Entry, new_folder, publish, save, write_columns


def start_pieces(pieces: Iterable[AnyContainer]) -> Iterator[AnyContainer]:
    """The pieces, after fetching the first: most errors occur then, before a catalog is changed."""
    remaining = iter(pieces)
    return chain([next(remaining, Quotes((), (), ()))], remaining)


def write_pieces(root: Path, symbol: str, pieces: Iterable[AnyContainer]) -> Entry:
    """Writes the pieces as one dataset and returns its entry.

    One piece at a time is in memory; empty ones are skipped. DataError if a piece cannot follow the one
    before as rows of one container, or if no piece has rows.
    """
    with new_folder(root) as partial:
        entry, blocks = describe(symbol, _write_columns(partial, symbol, pieces))
        if (root / FOLDER / entry.directory).is_dir():
            write_columns(root, entry.directory, {}, blocks)
            return entry
        if blocks is not None:
            save(partial / f"{BLOCKS}.npy", blocks)
        publish(partial, entry.directory)
    return entry


def _write_columns(folder: Path, symbol: str, pieces: Iterable[AnyContainer]) -> AnyContainer:
    """The pieces as one container, mapped from files in the folder."""
    before: AnyContainer | None = None
    rows = 0
    with ExitStack() as stack:
        streams: dict[str, IO[bytes]] = {}
        for piece in pieces:
            if not len(piece):
                continue
            if before is None:
                for name, column in piece.columns.items():
                    streams[name] = stack.enter_context((folder / f"{name}.npy").open("wb"))
                    _write_header(streams[name], column.dtype, 0)
            else:
                check_follows(before, piece, rows)
            for name, column in piece.columns.items():
                streams[name].write(column.data)
            rows += len(piece)
            before = last_row(piece)
        if before is None:
            raise DataError(f"{symbol}: there is nothing to write, no piece has rows")
        for name, column in before.columns.items():
            streams[name].seek(0)
            _write_header(streams[name], column.dtype, rows)
    columns = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in before.columns}
    return KINDS[before.kind]._trusted(columns, before._meta())


def _write_header(stream: IO[bytes], dtype: np.dtype[Any], rows: int) -> None:
    """The header that `np.save` writes; numpy pads it, so its length is the same for any number of rows."""
    descr = np.lib.format.dtype_to_descr(dtype)
    header = {"descr": descr, "fortran_order": False, "shape": (rows,)}
    np.lib.format.write_array_header_1_0(stream, header)
