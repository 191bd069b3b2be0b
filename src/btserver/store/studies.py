"""The studies: a SQLite file with the trials of each optimization, in a folder beside the environment.

Only the worker that plays an optimization writes its study; a study is what makes an interrupted one go on.
"""

import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from btserver.run_id import run_key, run_text

from .writer import StoreError

FOLDER = "studies"


class Studies:
    """The folder of the studies of a store."""

    def __init__(self, directory: Path) -> None:
        self.folder = directory / FOLDER

    def path(self, optimization: bytes) -> Path:
        """The file of an optimization, which exists once its first trial has begun; makes the folder."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        return self.folder / f"{run_text(optimization)}.sqlite"

    def remove(self, optimization: bytes) -> None:
        """Removes all files of an optimization."""
        for path in self._files(f"{run_text(optimization)}.*"):
            path.unlink(missing_ok=True)

    def known(self) -> set[bytes]:
        """The optimizations that have a file."""
        found = {run_key(path.name.partition(".")[0]) for path in self._files("*.*")}
        return {key for key in found if key is not None}

    def remove_others(self, kept: Iterable[bytes]) -> None:
        """Removes the files of optimizations that are not kept, such as one deleted just before a kill."""
        for optimization in self.known() - set(kept):
            self.remove(optimization)

    @property
    def used_bytes(self) -> int:
        """The bytes of all files."""
        total = 0
        for path in self._files("*"):
            try:
                total += path.stat().st_size
            except FileNotFoundError:  # removed meanwhile
                continue
        return total

    def find_damage(self) -> list[str]:
        """What is wrong with the files, which nobody may write meanwhile."""
        problems = []
        for path in self._files("*.sqlite"):
            try:
                with closing(sqlite3.connect(path)) as file:
                    (found,) = file.execute("PRAGMA quick_check(1)").fetchone()
            except sqlite3.Error as error:
                found = str(error)
            if found != "ok":
                problems.append(f"study {path.name}: {found}")
        return problems

    def back_up(self, target: Path) -> int:
        """Copies all files, also while they are written, to the folder of another store; their size."""
        files = self._files("*.sqlite")
        if not files:
            return 0
        copies = target / FOLDER
        copies.mkdir(mode=0o700, exist_ok=True)
        for path in files:
            copy = copies / path.name
            try:
                with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as file:
                    source.backup(file)
            except sqlite3.Error as error:
                raise StoreError(f"{path} could not be copied: {error}") from error
            handle = os.open(copy, os.O_RDONLY)
            os.fsync(handle)
            os.close(handle)
        return sum((copies / path.name).stat().st_size for path in files)

    def _files(self, pattern: str) -> list[Path]:
        return sorted(self.folder.glob(pattern)) if self.folder.is_dir() else []
