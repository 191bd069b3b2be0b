"""Files that a command writes: their names are checked before anything runs."""

import os
from pathlib import Path

from btcore.errors import ConfigError


def output_path(flag: str, name: str | Path | None, suffixes: tuple[str, ...]) -> Path | None:
    """The path of a file to write; None if there is no name. ConfigError if it cannot be written."""
    if name is None:
        return None
    path = Path(name)
    if path.suffix not in suffixes:
        raise ConfigError(f"{flag}: {name} does not end in {' or '.join(suffixes)}")
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise ConfigError(f"{flag}: {name} cannot be written")
    return path
