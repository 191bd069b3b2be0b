"""How far an import has come, on stderr."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from btcore.backtest.progress import ProgressLine


class ImportProgress:
    """The share of the bytes of all files that has been read, the rows, bytes a second, and the time left."""

    def __init__(self, total: int, line: ProgressLine) -> None:
        self._total, self._line = max(total, 1), line
        self._name, self._before, self._size, self._rows = "", 0, 0, 0

    def begin(self, name: str, size: int) -> None:
        """A file of so many bytes is read next."""
        self._name, self._before, self._size = name, self._before + self._size, size
        self.read(0)

    def read(self, position: int) -> None:
        """So many bytes of the file have been read."""
        done = self._before + min(position, self._size)
        elapsed = self._line.elapsed
        rate = f"  {done / elapsed / 1e6:,.1f} MB/s" if elapsed > 1 else ""
        text = f"{self._name}  {self._rows:,} rows{rate}"
        self._line.draw_with_time_left(min(done / self._total, 1.0), text)

    def restart(self) -> None:
        """The files are read once more."""
        self._before = self._size = self._rows = 0

    def count(self, rows: int) -> None:
        """So many more rows have been read."""
        self._rows += rows


@contextmanager
def progress_line(*, quiet: bool) -> Iterator[ProgressLine | None]:
    """A line of progress on stderr; None if it is not wanted."""
    if quiet or sys.stderr is None:
        yield None
        return
    line = ProgressLine(sys.stderr)
    try:
        yield line
    finally:
        line.close()


@contextmanager
def watched_files(total: int, *, quiet: bool) -> Iterator[ImportProgress | None]:
    """The progress of files of so many bytes, which their readers report; None if it is not wanted."""
    with progress_line(quiet=quiet) as line:
        if line is None:
            yield None
            return
        from btcore.data.files.opened import watcher  # not at the top: it loads modules of compressed files

        progress = ImportProgress(total, line)
        token = watcher.set(progress.read)
        try:
            yield progress
        finally:
            watcher.reset(token)


def folder_progress(line: ProgressLine | None) -> Callable[[float, str], None] | None:
    """What an import of a folder calls with the share done and the name of a dataset."""
    return None if line is None else line.draw_with_time_left
