"""Catalog: datasets by symbol and resolution in a folder, memory-mapped for reading, written atomically."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from btcore.config import Instrument
from btcore.data.containers import Bars, Quotes, Trades
from btcore.data.markets import Merged
from btcore.data.source import AnyContainer, check_resolution, check_symbol
from btcore.data.timestamps import Moment, moment_ns
from btcore.errors import DataError
from btcore.times.resolutions import TICK

from .changes import delete, rename
from .datasets import entry_of, open_dataset
from .definitions import Definition, make_definition
from .entries import Entry
from .index import Index, edit_index, index_mark, read_index
from .lookup import Bounds, Wanted, not_found
from .orders import Part, map_order, order_file, store_order
from .pieces import start_pieces, write_pieces
from .storage import write_columns

_RETRIES = 20
_Rows = list[tuple[AnyContainer, Part]]
_Datasets = list[tuple[Entry, AnyContainer]]


class Catalog:
    """A folder of market data; the first write creates it.

    Symbol, resolution, kind and, for bars, source identify a dataset; writing one replaces it. A resolution
    is "tick", "second", "minute", "hour", "day", another length such as "5min", "4h", "1w" or "1mo", or
    "irregular" for bars without a length. Beside its data a symbol may have a definition. Columns are
    memory-mapped: the operating system loads rows when they are used and shares them between processes. Data
    that have been read do not change when the dataset is replaced. Any number of processes may read and write
    at once.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._mark: Any = None
        self._index = Index()

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
        keys = [entry.key for entry in fresh]
        if len(set(keys)) < len(keys):
            raise DataError(
                f"{symbol}: two datasets of the same resolution, kind and source; join them first"
            )
        with edit_index(self.path) as index:
            for (entry, blocks), container in zip(described, containers, strict=True):
                write_columns(self.path, entry, container.columns, blocks)
            index.replace(fresh)
        return fresh

    def write_stream(self, streams: Mapping[str, Iterable[AnyContainer]]) -> list[Entry]:
        """Writes data larger than memory: for each symbol the pieces of one dataset, in order of time.

        The stored bytes are those of one container with all rows; on any error nothing is changed. Other
        processes cannot write until the last piece has been written.
        """
        started = {check_symbol(symbol): start_pieces(pieces) for symbol, pieces in streams.items()}
        with edit_index(self.path) as index:
            fresh = [write_pieces(self.path, symbol, pieces) for symbol, pieces in started.items()]
            index.replace(fresh)
        return fresh

    def read(
        self,
        symbol: str,
        resolution: str,
        start: Moment | None = None,
        end: Moment | None = None,
        kind: str | None = None,
        *,
        source: str | None = None,
    ) -> AnyContainer:
        """The rows with `start <= timestamp < end`, possibly none, of one dataset.

        Of several, bars of trade prices come before those of mid prices, and quotes before trades; `kind` and
        `source` choose. DataError, which lists the data of the symbol, if there is no such dataset.
        """
        wanted, bounds = Wanted.of(symbol, check_resolution(resolution), kind, source), _bounds(start, end)
        for _, found in self._read(wanted):
            return found.slice(*bounds)
        raise not_found(wanted, self.list())

    def load(self, symbol: str, resolution: str, start_ns: int, end_ns: int) -> tuple[AnyContainer, ...]:
        """The containers that a run reads, none of them empty: bars, or for ticks both quotes and trades.

        DataError, which lists the data of the symbol, if no row has `start_ns <= timestamp < end_ns`.
        """
        return tuple(
            stream
            for stream, _ in self._rows(Wanted.of(symbol, check_resolution(resolution)), (start_ns, end_ns))
        )

    def merge(
        self,
        symbols: Sequence[str],
        resolution: str,
        start: Moment | None = None,
        end: Moment | None = None,
        kind: str | None = None,
        *,
        keep: bool = True,
    ) -> Merged:
        """The containers of these symbols, as `load` returns them, with the order of their events.

        The order is computed once and stored beside the data until one of the datasets is replaced or
        removed; a later merge of the same rows, in any process, maps it. `keep=False` uses a stored order but
        stores none.
        """
        bounds = _bounds(start, end)
        if not symbols or len(set(symbols)) < len(symbols):
            raise DataError("symbols: one or more are needed, none of them twice")
        found = [
            (symbol, self._rows(Wanted.of(symbol, check_resolution(resolution), kind), bounds))
            for symbol in symbols
        ]
        parts = [part for _, rows in found for _, part in rows]
        order = map_order(self.path, parts)
        try:
            streams = [(symbol, tuple(stream for stream, _ in rows)) for symbol, rows in found]
            merged = Merged(streams, order, source=self)
        except ValueError as error:
            damaged = order_file(self.path, parts)
            raise DataError(f"catalog {damaged}: it is damaged and may be removed: {error}") from error
        if keep and order is None and merged.order is not None:
            store_order(self.path, parts, merged.order)
        return merged

    def check(self, symbol: str, resolution: str, start_ns: int, end_ns: int) -> None:
        """Raises the DataError that `load` would; reads columns only if the range lies inside a dataset."""
        wanted = Wanted.of(symbol, check_resolution(resolution))
        for entry in self.list():
            if wanted.matches(entry) and (
                start_ns <= entry.first < end_ns or start_ns <= entry.last < end_ns
            ):
                return
        self.load(symbol, resolution, start_ns, end_ns)

    def list(self) -> list[Entry]:
        """All datasets, sorted by symbol, resolution, kind and source."""
        return list(self._current().datasets)

    def symbols(self, resolution: str | None = None) -> Sequence[str]:
        """The symbols with data, or with data of that resolution, sorted."""
        name = None if resolution is None else check_resolution(resolution)
        return sorted({entry.symbol for entry in self.list() if name in {None, entry.resolution}})

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

    def definition(self, symbol: str) -> Definition | None:
        """The definition of a symbol; None if it has none."""
        return self._current().definitions.get(check_symbol(symbol))

    def definitions(self) -> dict[str, Definition]:
        """The definitions by symbol, sorted."""
        return dict(self._current().definitions)

    def timezone(self, symbol: str, resolution: str | None = None) -> str | None:
        """The IANA name of the local clock of a symbol; None if it is unknown.

        It is that of the definition, else that of its datasets (of the resolution), if all have the same.
        """
        wanted, index = Wanted.of(symbol, resolution), self._current()
        definition = index.definitions.get(symbol)
        if definition is not None and definition.timezone is not None:
            return definition.timezone
        zones = {entry.timezone for entry in index.datasets if wanted.matches(entry)}
        return zones.pop() if len(zones) == 1 else None

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

    @property
    def data_source(self) -> str:
        """ "catalog", as the manifest of a run says."""
        return "catalog"

    def _current(self) -> Index:
        """The index, read again only if it has changed."""
        mark = index_mark(self.path)
        if mark is None or mark != self._mark:
            self._mark, self._index = read_index(self.path)
        return self._index

    def _rows(self, wanted: Wanted, bounds: Bounds) -> _Rows:
        """The containers that a run reads, without empty ones, each with its range of rows in the dataset."""
        found = self._read(wanted)
        present = []
        for entry, whole in found if wanted.resolution == TICK else found[:1]:
            part = Part(entry, *whole.row_range(*bounds))
            if part.first < part.last:
                present.append((whole.slice(*bounds), part))
        if not present:
            raise not_found(wanted, self.list(), bounds)
        return present

    def _read(self, wanted: Wanted) -> _Datasets:
        """The datasets with all their rows, the preferred one first."""
        for _ in range(_RETRIES):
            try:
                return [(entry, open_dataset(self.path, entry)) for entry in wanted.select(self.list())]
            except FileNotFoundError as error:  # replaced after the index was read
                missing = error
                self._mark = None
        raise DataError(
            f"catalog {self.path}: {missing.filename} is in the index, but not on disk; "
            "write the dataset again"
        ) from missing

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "_mark": None, "_index": Index()}

    def __repr__(self) -> str:
        return f"Catalog({str(self.path)!r})"


def _bounds(start: Moment | None, end: Moment | None) -> Bounds:
    return (
        None if start is None else moment_ns(start, name="start"),
        None if end is None else moment_ns(end, name="end"),
    )
