"""Containers in pieces -> the files of one dataset, as if they had been one container all along."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from btcore.data.containers import KINDS, Quotes, check_follows, last_row
from btcore.data.source import AnyContainer
from btcore.errors import DataError, RowError

from .storage import BLOCKS, FOLDER, Entry, sync, write_columns


def stream_columns(
    root: Path,
    pieces: Iterable[AnyContainer],
    describe: Callable[[AnyContainer], tuple[Entry, NDArray[np.float64] | None]],
) -> Entry:
    """The entry that `describe` makes of all pieces together, once their columns are on disk under its name.

    With it come the extremes of the dataset's blocks, if it has such, to be kept beside the columns.
    Only a piece at a time is in memory; empty ones count for nothing. DataError if a piece does not follow
    the one before as its rows would in one container, or if there is no row at all.
    """
    import shutil
    import tempfile

    folder = root / FOLDER
    partial = Path(tempfile.mkdtemp(prefix="partial-", dir=folder))
    try:
        entry, blocks = describe(_written(partial, pieces))
        if (folder / entry.directory).is_dir():
            write_columns(root, entry.directory, {}, blocks)
            return entry
        if blocks is not None:
            np.save(partial / f"{BLOCKS}.npy", blocks)
        partial.chmod(0o755)  # mkdtemp makes it private, but other users may read a catalog
        for path in (*partial.iterdir(), partial):
            sync(path)
        partial.rename(folder / entry.directory)
        sync(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return entry


def begun(pieces: Iterable[AnyContainer]) -> Iterator[AnyContainer]:
    """The pieces, the first of them asked for now: with it come most errors, before a catalog is touched."""
    rest = iter(pieces)
    return chain([next(rest, Quotes((), (), ()))], rest)


def _written(folder: Path, pieces: Iterable[AnyContainer]) -> AnyContainer:
    """The pieces as one container, mapped into memory from files in the folder."""
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
                _check_follows(before, piece, rows)
            for name, column in piece.columns.items():
                streams[name].write(column.data)
            rows += len(piece)
            before = last_row(piece)
        if before is None:
            raise DataError("there is nothing to write, no piece has rows")
        for name, column in before.columns.items():
            streams[name].seek(0)
            _write_header(streams[name], column.dtype, rows)
    columns = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in before.columns}
    return KINDS[before.kind]._trusted(columns, before._meta())


def _write_header(stream: IO[bytes], dtype: np.dtype[Any], rows: int) -> None:
    """That of `np.save`, which is as long for any number of rows: numpy leaves room for it to grow."""
    descr = np.lib.format.dtype_to_descr(dtype)
    header = {"descr": descr, "fortran_order": False, "shape": (rows,)}
    np.lib.format.write_array_header_1_0(stream, header)


def _check_follows(before: AnyContainer, piece: AnyContainer, row: int) -> None:
    try:
        check_follows(before, piece)
    except RowError as error:
        raise RowError(error.kind, row, error.problem) from None
