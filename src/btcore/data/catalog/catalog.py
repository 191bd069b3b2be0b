"""Catalog: datasets by symbol and resolution in a folder, memory-mapped for reading, written atomically."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from btcore.config import Instrument
from btcore.data.containers import Bars, Quotes, Trades
from btcore.data.source import AnyContainer, check_symbol
from btcore.errors import DataError

from .changes import delete, rename
from .datasets import entry_of
from .definitions import Definition, make_definition
from .entries import Entry
from .index import edit_index
from .lookup import Selected, Wanted, select_symbols
from .pieces import start_pieces, write_pieces
from .reading import CatalogReader
from .storage import write_columns

if TYPE_CHECKING:
    from .description import CatalogDescription
    from .export.manifest import ExportedFile


class Catalog(CatalogReader):
    """A folder of market data; the first write creates it.

    Symbol, resolution, kind and, for bars, source identify a dataset; writing one replaces it. A resolution
    is "tick", "second", "minute", "hour", "day", another length such as "5min", "4h", "1w" or "1mo", or
    "irregular" for bars without a length. Beside its data a symbol may have a definition. Columns are
    memory-mapped: the operating system loads rows when they are used and shares them between processes. Data
    that have been read do not change when the dataset is replaced. Any number of processes may read and write
    at once.
    """

    def write(
        self, symbol: str, data: AnyContainer | Sequence[AnyContainer], resolution: str | None = None
    ) -> list[Entry]:
        """Writes one or more containers and returns their entries; on any error nothing is changed.

        The resolution follows from the data. DataError if it is given and differs, if a container is empty,
        or if two containers are the same dataset.
        """
        check_symbol(symbol)
        containers = [data] if isinstance(data, Bars | Quotes | Trades) else list(data)
        if not containers:
            raise DataError(f"{symbol}: there is nothing to write; at least one container is needed")
        described = [entry_of(symbol, container, resolution) for container in containers]
        fresh = [entry for entry, _ in described]
        _refuse_twice(fresh)
        with edit_index(self.path) as index:
            for (entry, blocks), container in zip(described, containers, strict=True):
                write_columns(self.path, entry, container.columns, blocks)
            index.replace(fresh)
        return fresh

    def write_stream(
        self,
        streams: Mapping[str, Iterable[AnyContainer]] | Iterable[tuple[str, Iterable[AnyContainer]]],
    ) -> list[Entry]:
        """Writes data larger than memory: for each symbol the pieces of one dataset, in order of time.

        Pairs (symbol, pieces) write several datasets of one symbol; DataError if two of them are the same.
        The stored bytes are those of one container with all rows; on any error nothing is changed. Other
        processes cannot write until the last piece has been written.
        """
        pairs = streams.items() if isinstance(streams, Mapping) else streams
        started = [(check_symbol(symbol), start_pieces(pieces)) for symbol, pieces in pairs]
        with edit_index(self.path) as index:
            fresh = [write_pieces(self.path, symbol, pieces) for symbol, pieces in started]
            _refuse_twice(fresh)
            index.replace(fresh)
        return fresh

    def define(
        self,
        symbol: str,
        instrument: Instrument | None = None,
        *,
        timezone: str | None = None,
        names: Iterable[tuple[str | date, str]] = (),
    ) -> Definition:
        """Stores the definition of a symbol, in place of the one it had, and returns it.

        `instrument` has its terms, which a run over the catalog uses; None is the defaults. `timezone` is the
        local clock of its market. `names` are pairs (date, ticker) in order: the tickers that it had before,
        each up to and including that date. The symbol needs no data. ConfigError or DataError for an invalid
        value.
        """
        made = make_definition(symbol, instrument, timezone, names)
        with edit_index(self.path) as index:
            index.definitions[symbol] = made
        return made

    def rename(self, old: str, new: str) -> None:
        """Gives the data and the definition of a symbol another name; nothing is copied.

        DataError if `old` has neither, or if `new` has one.
        """
        rename(self.path, old, new)

    def delete(
        self, symbol: str, resolution: str | None = None, kind: str | None = None, source: str | None = None
    ) -> int:
        """Deletes the datasets of the symbol that match every argument given; returns their number.

        With the symbol alone its definition is deleted too.
        """
        return delete(self.path, Wanted.of(symbol, resolution, kind, source))

    def remove(
        self, symbol: str, resolution: str | None = None, kind: str | None = None, source: str | None = None
    ) -> int:
        """The former name of `delete`."""
        warnings.warn("Catalog.remove is now Catalog.delete", DeprecationWarning, stacklevel=2)
        return self.delete(symbol, resolution, kind, source)

    def describe(self, symbol: str | None = None) -> "CatalogDescription":
        """What the catalog has, or has of a symbol: datasets with their size on disk, and definitions.

        `str` of it is a table. DataError, which lists the symbols, for one without data or a definition.
        """
        from .description import describe

        index = self._current()
        whole = Selected(list(index.datasets), index.definitions)
        selected = whole if symbol is None else select_symbols(index, [symbol], None)
        return describe(self.path, selected, self._each(selected.datasets))

    def copy(
        self,
        destination: "Catalog | str | Path",
        symbols: Iterable[str] | None = None,
        resolution: str | None = None,
    ) -> Sequence[Entry]:
        """Copies datasets and definitions to another catalog, all or none, and returns the entries there.

        `symbols` and `resolution` choose; None is all. Those of the same key are replaced. What is copied is
        checked by its content hash. DataError if there are none, or if the destination is this catalog.
        """
        from .copying import copy_datasets

        selected = select_symbols(self._current(), symbols, resolution)
        folder = destination.path if isinstance(destination, Catalog) else Path(destination)
        return copy_datasets(self.path, folder, selected, self._each(selected.datasets))

    def export(
        self,
        folder: str | Path,
        format: str = "parquet",
        symbols: Iterable[str] | None = None,
        resolution: str | None = None,
    ) -> "Sequence[ExportedFile]":
        """Writes datasets and definitions to a new folder, and returns its files.

        It has a file for each dataset ("parquet", "arrow" or "csv") and `export.json`, which says what each
        is. `symbols` and `resolution` choose; None is all. The folder appears as a whole; one that is not
        empty is refused. DataError if there is nothing to export.
        """
        from .export.writing import export_datasets

        selected = select_symbols(self._current(), symbols, resolution)
        return export_datasets(Path(folder), format, selected.definitions, self._each(selected.datasets))

    def import_export(self, folder: str | Path) -> Sequence[Entry]:
        """Reads back a folder that `export` wrote, all or nothing, and returns the entries.

        Datasets of the same key and definitions of the same symbol are replaced. The content hash of each
        dataset must be that of the export, so what is read is equal to the last bit. DataError, which names
        the file, if one is missing, damaged or another.
        """
        from .export.manifest import read_manifest
        from .export.reading import read_pieces

        exported = read_manifest(Path(folder))
        with edit_index(self.path) as index:
            fresh = [
                write_pieces(self.path, file.symbol, read_pieces(Path(folder), exported.format, file), file)
                for file in exported.files
            ]
            index.replace(fresh)
            index.definitions.update(exported.definitions)
        return fresh


def _refuse_twice(entries: Sequence[Entry]) -> None:
    keys = [entry.key for entry in entries]
    for i, entry in enumerate(entries):
        if entry.key in keys[:i]:
            raise DataError(
                f"{entry.symbol}: two datasets of the same resolution, kind and source; join them first"
            )
