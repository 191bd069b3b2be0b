"""Locks and opens the environment of a store."""

import fcntl
import os
from pathlib import Path

import lmdb

from .files import FILE_MODE, MAX_READERS, check_file
from .transitions import Tables
from .writer import StoreError

FORMAT = b"1"
OF_OPTIMIZATIONS = "optimization_"  # before the names of their tables


class StoreLockedError(Exception):
    """Another server has opened this store."""


def lock_directory(path: Path) -> int:
    """Locks the directory for this process; the system releases the lock when the process ends."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.read(handle, 32).decode(errors="replace").strip()
        os.close(handle)
        message = f"{path.parent} is in use by another btserver (process {holder or 'unknown'})"
        raise StoreLockedError(message) from error
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    return handle


def open_environment(directory: Path, map_size: int) -> tuple[lmdb.Environment, Tables, Tables]:
    """The environment, the tables of backtests and those of optimizations.

    StoreError if it is damaged or of another format.
    """
    check_file(directory)
    try:
        return _open(directory, map_size)
    except lmdb.Error as error:
        raise StoreError(f"{directory} cannot be opened: {error}; restore a backup") from error


def _open(directory: Path, map_size: int) -> tuple[lmdb.Environment, Tables, Tables]:
    # Every flag is given, so that no default decides about durability or format.
    env = lmdb.Environment(
        str(directory),
        map_size=map_size,
        mode=FILE_MODE,
        sync=True,
        metasync=True,
        writemap=False,
        max_dbs=32,
        max_readers=MAX_READERS,
        max_spare_txns=4,
        lib_version=0,
    )
    try:
        for name in ("data.mdb", "lock.mdb", "server.lock"):  # a store of an earlier release was readable
            (directory / name).chmod(FILE_MODE)
        env.reader_check()
        tables, of_optimizations = (
            Tables(*(env.open_db((prefix + name).encode()) for name in Tables._fields))
            for prefix in ("", OF_OPTIMIZATIONS)
        )
        with env.begin(db=tables.meta) as txn:
            found = txn.get(b"format")
        if found is None:
            with env.begin(db=tables.meta, write=True) as txn:
                txn.put(b"format", FORMAT)
        elif found != FORMAT:
            raise StoreError(
                f"{directory} has format {found.decode()}; this btserver reads format {FORMAT.decode()}"
            )
    except BaseException:
        env.close()
        raise
    return env, tables, of_optimizations
