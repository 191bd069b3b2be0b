"""A result in one file: written completely or not at all, and read back with identical bits.

`.npz`: each table is an array, everything else is JSON in the array `document`; nothing is pickled.
`.parquet`: one row per run, so that a folder of runs is one dataset. Each table is a column of lists of
records (explode and unnest it); `document` is the same JSON.
"""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile

import msgspec
import numpy as np

from btcore.data.conversions import DATA_EXTRA, import_library
from btcore.errors import ConfigError, DataError

from .account_terms import AccountTerms
from .export import to_arrow
from .tables import TABLES, TIME_COLUMNS, Table

VERSION = 2
LATER = {"benchmark_curve": [("timestamp", "<i8"), ("value", "<f8")]}  # tables since 0.5.0
READ_ERRORS = (KeyError, ValueError, IndexError, EOFError, BadZipFile, msgspec.MsgspecError)


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a result other than its tables, and the column types of these."""

    fingerprint: str
    metrics: dict[str, float | int | str | None]
    manifest: dict[str, Any]
    logs: list[str]
    dtypes: dict[str, list[tuple[str, str]]]
    version: int = VERSION
    optimistic_metrics: dict[str, float | int | str | None] | None = None
    account_terms: AccountTerms | None = None  # since 0.5.0


def describe(tables: dict[str, Table]) -> dict[str, list[tuple[str, str]]]:
    """The name and numpy type string of each column of each table."""
    return {
        name: [(field, table.dtype[field].str) for field in table.dtype.names or ()]
        for name, table in tables.items()
    }


def write_whole(path: Path, fill: Callable[[IO[bytes]], object]) -> None:
    """Writes a temporary file beside `path`, then renames it to `path`."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            fill(stream)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_text(path: str | Path, text: str) -> None:
    """Writes a file completely, or leaves an existing one unchanged."""
    write_whole(Path(path), lambda stream: stream.write(text.encode()))


def _write_npz(stream: IO[bytes], tables: dict[str, Table], text: bytes) -> None:
    np.savez(stream, document=np.frombuffer(text, np.uint8), **tables)  # type: ignore[arg-type]


def _write_parquet(stream: IO[bytes], tables: dict[str, Table], text: bytes) -> None:
    arrow = import_library("pyarrow", DATA_EXTRA)
    parquet = import_library("pyarrow.parquet", DATA_EXTRA)
    columns = {"document": arrow.array([text.decode()])}
    for name, table in tables.items():
        records = to_arrow(table).to_struct_array()
        whole = arrow.concat_arrays(records.chunks) if records.num_chunks else arrow.array([], records.type)
        columns[name] = arrow.ListArray.from_arrays(arrow.array([0, len(whole)], arrow.int32()), whole)
    parquet.write_table(arrow.table(columns), stream)


def _from_arrow(records: Any, fields: list[tuple[str, str]]) -> Table:
    table = np.zeros(len(records), np.dtype(fields))
    for name, kind in fields:
        column = records.field(name)
        if name in TIME_COLUMNS:
            table[name] = column.cast("int64").fill_null(-1).to_numpy(zero_copy_only=False)
        elif kind.startswith("<U"):
            words = column.dictionary_encode()
            table[name] = np.array(words.dictionary.to_pylist(), kind)[words.indices.to_numpy()]
        else:
            table[name] = column.to_numpy(zero_copy_only=False)
    return table


def write(path: str | Path, tables: dict[str, Table], document: Document) -> None:
    """Saves in the format of the suffix of `path`, .npz or .parquet; ConfigError for another suffix."""
    target, text = Path(path), msgspec.json.encode(document)
    writers = {".npz": _write_npz, ".parquet": _write_parquet}
    if target.suffix not in writers:
        raise ConfigError(f"{target}: the name does not end in .npz or .parquet")
    write_whole(target, lambda stream: writers[target.suffix](stream, tables, text))


def read(path: str | Path) -> tuple[dict[str, Table], Document]:
    """The tables and the document that `write` saved.

    DataError if the file is not a saved result; ConfigError for a suffix other than .npz and .parquet."""
    source = Path(path)
    try:
        if source.suffix == ".parquet":
            row = import_library("pyarrow.parquet", DATA_EXTRA).read_table(source, partitioning=None)
            document = _decode(row["document"][0].as_py().encode())
            lists = {name: row[name].combine_chunks().flatten() for name in _saved(document)}
            return _complete(
                {name: _from_arrow(lists[name], document.dtypes[name]) for name in lists}
            ), document
        if source.suffix == ".npz":
            with source.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
                document = _decode(arrays["document"].tobytes())
                return _complete({name: arrays[name] for name in _saved(document)}), document
    except READ_ERRORS as error:
        raise DataError(f"{source}: not a saved result ({error})") from error
    raise ConfigError(f"{source}: the name does not end in .npz or .parquet")


def _saved(document: Document) -> list[str]:
    """The tables of the file: those of LATER only if it has them, all others."""
    return [name for name in TABLES if name not in LATER or name in document.dtypes]


def _complete(tables: dict[str, Table]) -> dict[str, Table]:
    """The tables, with an empty one for each that an earlier release did not have."""
    return {name: tables.get(name, np.empty(0, LATER.get(name))) for name in TABLES}


def _decode(text: bytes) -> Document:
    document = msgspec.json.decode(text, type=Document)
    if document.version != VERSION:
        raise ValueError(f"its version is {document.version}, this btcore reads version {VERSION}")
    return document
