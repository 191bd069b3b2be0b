"""A result in one file: written completely or not at all, and read back with identical bits.

`.npz`: each table is an array, everything else is JSON in the array `document`; nothing is pickled.
`.parquet`: one row per run, so that a folder of runs is one dataset. Each table is a column of lists of
records (explode and unnest it); `document` is the same JSON. Indicators, if there are any, are one column
more: a list of records with name, symbol, times and values.
"""

from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile

import msgspec
import numpy as np

from btcore.data.conversions import DATA_EXTRA, import_library
from btcore.errors import DataError

from .account_terms import AccountTerms
from .export import to_arrow
from .tables import TABLES, TIME_COLUMNS, Table
from .writing import path_ending_in, write_whole

VERSION = 2
SUFFIXES = (".npz", ".parquet")
LATER = {"benchmark_curve": [("timestamp", "<i8"), ("value", "<f8")]}  # tables since 0.5.0
READ_ERRORS = (
    KeyError, ValueError, TypeError, AttributeError, IndexError, EOFError, BadZipFile, msgspec.MsgspecError,
)  # fmt: skip


class OtherVersionError(ValueError):
    """A saved result of a format that this release does not read."""


# Their texts say what is wrong with the file, so the DataError quotes them. It leaves out the texts of the
# others of READ_ERRORS, which name arguments of numpy or Arrow that the caller has not given.
QUOTED_ERRORS = (OtherVersionError, BadZipFile, msgspec.MsgspecError)

Indicators = dict[tuple[str, str], Table]


class SavedIndicator(msgspec.Struct, frozen=True):
    """An indicator of the file: its name and symbol, and the names of its values."""

    name: str
    symbol: str
    fields: list[str]

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype([("timestamp", "<i8"), *((field, "<f8") for field in self.fields)])


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
    indicators: list[SavedIndicator] = []  # since 0.7.0


def describe(tables: dict[str, Table]) -> dict[str, list[tuple[str, str]]]:
    """The name and numpy type string of each column of each table."""
    return {
        name: [(field, table.dtype[field].str) for field in table.dtype.names or ()]
        for name, table in tables.items()
    }


def describe_indicators(indicators: Indicators) -> list[SavedIndicator]:
    """The names of each indicator and of its values."""
    return [
        SavedIndicator(name, symbol, list(table.dtype.names or ())[1:])
        for (name, symbol), table in indicators.items()
    ]


def _write_npz(stream: IO[bytes], tables: dict[str, Table], text: bytes, indicators: Indicators) -> None:
    more = {_array_name(i): table for i, table in enumerate(indicators.values())}
    np.savez(stream, document=np.frombuffer(text, np.uint8), **tables, **more)  # type: ignore[arg-type]


def _array_name(number: int) -> str:
    return f"indicator_{number}"


def _write_parquet(stream: IO[bytes], tables: dict[str, Table], text: bytes, indicators: Indicators) -> None:
    arrow = import_library("pyarrow", DATA_EXTRA)
    parquet = import_library("pyarrow.parquet", DATA_EXTRA)
    columns = {"document": arrow.array([text.decode()])}
    for name, table in tables.items():
        records = to_arrow(table).to_struct_array()
        whole = arrow.concat_arrays(records.chunks) if records.num_chunks else arrow.array([], records.type)
        columns[name] = arrow.ListArray.from_arrays(arrow.array([0, len(whole)], arrow.int32()), whole)
    if indicators:
        columns["indicators"] = arrow.array([_indicator_rows(indicators)], _indicator_type(arrow))
    parquet.write_table(arrow.table(columns), stream)


def _indicator_rows(indicators: Indicators) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "symbol": symbol,
            "timestamp": table["timestamp"].astype("datetime64[ns]"),
            "values": [{"field": f, "value": table[f].copy()} for f in (table.dtype.names or ())[1:]],
        }
        for (name, symbol), table in indicators.items()
    ]


def _indicator_type(arrow: Any) -> Any:
    values = arrow.struct([("field", arrow.string()), ("value", arrow.list_(arrow.float64()))])
    times = arrow.list_(arrow.timestamp("ns", "UTC"))
    fields = [("name", arrow.string()), ("symbol", arrow.string()), ("timestamp", times)]
    return arrow.list_(arrow.struct([*fields, ("values", arrow.list_(values))]))


def _indicators_of_parquet(row: Any, document: Document) -> Indicators:
    found: Indicators = {}
    for i, saved in enumerate(document.indicators):
        record = row["indicators"][0].values
        times = record.field("timestamp")[i].values.cast("int64").to_numpy(zero_copy_only=False)
        table = found[saved.name, saved.symbol] = np.empty(len(times), saved.dtype)
        table["timestamp"] = times
        values = record.field("values")[i].values
        for k, field in enumerate(saved.fields):
            table[field] = values.field("value")[k].values.to_numpy(zero_copy_only=False)
    return found


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


def write(
    path: str | Path, tables: dict[str, Table], document: Document, indicators: Indicators | None = None
) -> None:
    """Saves in the format of the suffix of `path`, .npz or .parquet; ConfigError for another suffix."""
    target, text = path_ending_in(path, *SUFFIXES), msgspec.json.encode(document)
    writers = {".npz": _write_npz, ".parquet": _write_parquet}
    write_whole(target, lambda stream: writers[target.suffix](stream, tables, text, indicators or {}))


def read(path: str | Path) -> tuple[dict[str, Table], Document, Indicators]:
    """The tables, the document and the indicators that `write` saved.

    DataError if the file is not a saved result; ConfigError for a suffix other than .npz and .parquet."""
    source = path_ending_in(path, *SUFFIXES)
    try:
        if source.suffix == ".parquet":
            row = import_library("pyarrow.parquet", DATA_EXTRA).read_table(source, partitioning=None)
            document = _decode(row["document"][0].as_py().encode())
            lists = {name: row[name].combine_chunks().flatten() for name in _saved(document)}
            tables = {name: _from_arrow(lists[name], document.dtypes[name]) for name in lists}
            return _complete(tables), document, _indicators_of_parquet(row, document)
        with source.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            document = _decode(arrays["document"].tobytes())
            indicators = {
                (saved.name, saved.symbol): arrays[_array_name(i)]
                for i, saved in enumerate(document.indicators)
            }
            tables = {name: arrays[name] for name in _saved(document)}
            return _complete(tables), document, indicators
    except READ_ERRORS as error:
        why = f" ({error})" if isinstance(error, QUOTED_ERRORS) else ""
        raise DataError(f"{source}: not a saved result{why}") from error


def _saved(document: Document) -> list[str]:
    """The tables of the file: those of LATER only if it has them, all others."""
    return [name for name in TABLES if name not in LATER or name in document.dtypes]


def _complete(tables: dict[str, Table]) -> dict[str, Table]:
    """The tables, with an empty one for each that an earlier release did not have."""
    return {name: tables.get(name, np.empty(0, LATER.get(name))) for name in TABLES}


def _decode(text: bytes) -> Document:
    document = msgspec.json.decode(text, type=Document)
    if document.version != VERSION:
        raise OtherVersionError(f"its version is {document.version}, this btcore reads version {VERSION}")
    return document
