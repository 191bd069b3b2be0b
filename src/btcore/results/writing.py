"""Files that are written completely or not at all, and the check of their names."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from btcore.errors import ConfigError


def path_ending_in(path: str | Path, *suffixes: str) -> Path:
    """The path of a file whose name ends in one of the suffixes; ConfigError for another."""
    target = Path(path)
    if target.suffix not in suffixes:
        raise ConfigError(f"{target}: the name does not end in {' or '.join(suffixes)}")
    return target


def write_whole(path: Path, fill: Callable[[IO[bytes]], object]) -> None:
    """Writes a temporary file beside `path`, then renames it to `path`. An OSError names `path`."""
    import tempfile  # not at the top: it loads the modules of compressed files

    with _errors_about(path):
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            fill(stream)
        with _errors_about(path):
            Path(name).chmod(0o644)
            Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> Path:
    """Writes a file completely, or leaves an existing one unchanged; returns its path."""
    write_whole(path, lambda stream: stream.write(text.encode()))
    return path


@contextmanager
def _errors_about(path: Path) -> Iterator[None]:
    """Errors name `path` in place of the temporary file."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
