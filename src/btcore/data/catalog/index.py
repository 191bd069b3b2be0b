"""The index of a catalog: datasets and definitions in one file, which every change replaces as a whole."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from btcore.errors import DataError

from .definitions import Definition
from .entries import Entry
from .storage import FOLDER, remove_unused, sync

_FILE, _LOCK = "index.json", "lock"
_VERSION = 2


class Index(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """The datasets of a catalog, and the definitions by symbol.

    Version 1 has no definitions. Releases that read version 1 only refuse a field that they do not know, and
    say its name, which therefore names the version.
    """

    version: int = 1
    datasets: list[Entry] = []
    definitions: dict[str, Definition] = msgspec.field(name="definitions of version 2", default_factory=dict)

    def replace(self, fresh: list[Entry]) -> None:
        """Takes entries in place of those with the same keys."""
        keys = {entry.key for entry in fresh}
        self.datasets = [entry for entry in self.datasets if entry.key not in keys] + fresh

    def symbols(self) -> list[str]:
        """The symbols with data or a definition, sorted."""
        return sorted({entry.symbol for entry in self.datasets} | set(self.definitions))


class _Version(msgspec.Struct):
    version: int = 1


def read_index(root: Path) -> tuple[Any, Index]:
    """A mark that changes with the index, and the index; DataError if it cannot be read."""
    file = root / _FILE
    try:
        with file.open("rb") as stream:
            mark = _mark(os.fstat(stream.fileno()))
            content = stream.read()
        version = msgspec.json.decode(content, type=_Version).version
        if not 1 <= version <= _VERSION:
            raise DataError(f"catalog {file}: version {version} cannot be read; versions 1 and 2 can")
        return mark, msgspec.json.decode(content, type=Index)
    except FileNotFoundError:
        return None, Index()
    except NotADirectoryError as error:
        raise DataError(f"catalog {root}: it is not a folder") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError(f"catalog {file}: the index cannot be read: {error}") from error


def index_mark(root: Path) -> Any:
    """The current mark of the index, without reading it; None without an index."""
    try:
        return _mark((root / _FILE).stat())
    except (FileNotFoundError, NotADirectoryError):
        return None


def _mark(stat: os.stat_result) -> tuple[int, int, int]:
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


@contextmanager
def edit_index(root: Path) -> Iterator[Index]:
    """The index, to be changed in place under the lock of the catalog; it then replaces the old one.

    An exception, or the end of the process at any point, leaves the old index and its files. Files that a
    killed writer left are removed first.
    """
    try:
        (root / FOLDER).mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise DataError(f"catalog {root}: it is not a folder") from error
    with (root / _LOCK).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        index = read_index(root)[1]
        before = Index(index.version, list(index.datasets), dict(index.definitions))
        _remove_unused(root, before)
        try:
            yield index
        except BaseException:
            _remove_unused(root, before)  # what was written before the exception
            raise
        if (index.datasets, index.definitions) != (before.datasets, before.definitions):
            _replace_index(root, index)
            _remove_unused(root, index)


def _remove_unused(root: Path, index: Index) -> None:
    remove_unused(root, {entry.directory for entry in index.datasets})


def _replace_index(root: Path, index: Index) -> None:
    index.version = _VERSION
    index.datasets = sorted(index.datasets, key=lambda entry: entry.key)
    index.definitions = dict(sorted(index.definitions.items()))
    fresh = root / f"{_FILE}.new"
    with fresh.open("wb") as stream:
        stream.write(msgspec.json.format(msgspec.json.encode(index), indent=1))
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(root / _FILE)
    sync(root)
