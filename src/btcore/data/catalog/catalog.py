"""Catalog: datasets by symbol and resolution in a folder, memory-mapped for reading, written atomically."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from btcore.data.containers import KINDS, Bars, Quotes, Trades
from btcore.data.markets import Merged
from btcore.data.source import AnyContainer, check_resolution, check_symbol
from btcore.data.timestamps import Moment, moment_ns
from btcore.errors import DataError
from btcore.times.clock import moment_text

from .datasets import describe, open_dataset
from .pieces import start_pieces, write_pieces
from .storage import (
    Entry,
    Part,
    edit_index,
    index_mark,
    map_order,
    order_file,
    read_index,
    store_order,
    write_columns,
)

_RETRIES = 20
_Bounds = tuple[int | None, int | None]
_Rows = list[tuple[AnyContainer, Part]]
_Datasets = list[tuple[Entry, AnyContainer]]


class Catalog:
    """A folder of market data; the first write creates it.

    Symbol, resolution, kind and, for bars, source identify a dataset; writing one replaces it. Columns are
    memory-mapped: the operating system loads rows when they are used and shares them between processes. Data
    that have been read do not change when the dataset is replaced. Any number of processes may read and write
    at once.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._mark: Any = None
        self._entries: list[Entry] = []

    def write(
        self, symbol: str, data: AnyContainer | Sequence[AnyContainer], resolution: str | None = None
    ) -> list[Entry]:
        """Writes one or more containers and returns their entries; on any error nothing is changed.

        The resolution follows from the data: "tick", or that of the interval of bars. DataError if it is
        given and differs, if a container is empty, or if two containers are the same dataset.
        """
        check_symbol(symbol)
        containers = [data] if isinstance(data, Bars | Quotes | Trades) else list(data)
        if not containers:
            raise DataError(f"{symbol}: there is nothing to write; at least one container is needed")
        described = [describe(symbol, container, resolution) for container in containers]
        fresh = [entry for entry, _ in described]
        keys = [entry.key for entry in fresh]
        if len(set(keys)) < len(keys):
            raise DataError(
                f"{symbol}: two datasets of the same resolution, kind and source; join them first"
            )
        with edit_index(self.path) as entries:
            for (entry, blocks), container in zip(described, containers, strict=True):
                write_columns(self.path, entry.directory, container.columns, blocks)
            entries[:] = [entry for entry in entries if entry.key not in keys] + fresh
        return fresh

    def write_stream(self, streams: Mapping[str, Iterable[AnyContainer]]) -> list[Entry]:
        """Writes data larger than memory: for each symbol the pieces of one dataset, in order of time.

        The stored bytes are those of one container with all rows; on any error nothing is changed. Other
        processes cannot write until the last piece has been written.
        """
        started = {check_symbol(symbol): start_pieces(pieces) for symbol, pieces in streams.items()}
        with edit_index(self.path) as entries:
            fresh = [write_pieces(self.path, symbol, pieces) for symbol, pieces in started.items()]
            keys = [entry.key for entry in fresh]
            entries[:] = [entry for entry in entries if entry.key not in keys] + fresh
        return fresh

    def read(
        self,
        symbol: str,
        resolution: str,
        start: Moment | None = None,
        end: Moment | None = None,
        kind: str | None = None,
    ) -> AnyContainer:
        """The rows with `start <= timestamp < end`, possibly none, of one dataset.

        Of several, bars of trade prices come before those of mid prices, and quotes before trades; `kind`
        chooses. DataError, which lists the data of the symbol, if there is no such dataset.
        """
        bounds = _bounds(start, end)
        for _, found in self._read(symbol, resolution, kind):
            return found.slice(*bounds)
        raise self._not_found(symbol, resolution, kind)

    def load(self, symbol: str, resolution: str, start_ns: int, end_ns: int) -> tuple[AnyContainer, ...]:
        """The containers that a run reads, none of them empty: bars, or for ticks both quotes and trades.

        DataError, which lists the data of the symbol, if no row has `start_ns <= timestamp < end_ns`.
        """
        return tuple(stream for stream, _ in self._rows(symbol, resolution, None, (start_ns, end_ns)))

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
        found = [(symbol, self._rows(symbol, resolution, kind, bounds)) for symbol in symbols]
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
        for entry in self.list():
            if (entry.symbol, entry.resolution) == (symbol, resolution) and (
                start_ns <= entry.first < end_ns or start_ns <= entry.last < end_ns
            ):
                return
        self.load(symbol, resolution, start_ns, end_ns)

    def list(self) -> list[Entry]:
        """All datasets, sorted by symbol, resolution, kind and source."""
        mark = index_mark(self.path)
        if mark is None or mark != self._mark:
            self._mark, self._entries = read_index(self.path)
        return list(self._entries)

    def symbols(self, resolution: str | None = None) -> Sequence[str]:
        """The symbols with data, or with data of that resolution, sorted."""
        return sorted({entry.symbol for entry in self.list() if resolution in (None, entry.resolution)})

    def remove(
        self, symbol: str, resolution: str | None = None, kind: str | None = None, source: str | None = None
    ) -> int:
        """Removes the datasets of the symbol that match every argument given; returns their number."""
        if not any(entry.symbol == symbol for entry in self.list()):
            return 0
        wanted = (symbol, resolution, kind, source)
        with edit_index(self.path) as entries:
            kept = [e for e in entries if any(w not in (None, k) for w, k in zip(wanted, e.key, strict=True))]
            removed = len(entries) - len(kept)
            entries[:] = kept
        return removed

    @property
    def data_source(self) -> str:
        """ "catalog", as the manifest of a run says."""
        return "catalog"

    def _rows(self, symbol: str, resolution: str, kind: str | None, bounds: _Bounds) -> _Rows:
        """The containers that a run reads, without empty ones, each with its range of rows in the dataset."""
        found = self._read(symbol, resolution, kind)
        present = []
        for entry, whole in found if resolution == "tick" else found[:1]:
            part = Part(entry, *whole.row_range(*bounds))
            if part.first < part.last:
                present.append((whole.slice(*bounds), part))
        if not present:
            raise self._not_found(symbol, resolution, kind, bounds)
        return present

    def _read(self, symbol: str, resolution: str, kind: str | None) -> _Datasets:
        """The datasets with all their rows, the preferred one first."""
        check_symbol(symbol)
        check_resolution(resolution)
        if kind is not None and kind not in KINDS:
            raise DataError(f"kind: {kind!r} is not one of {', '.join(KINDS)}")
        for _ in range(_RETRIES):
            entries = [e for e in self.list() if (e.symbol, e.resolution) == (symbol, resolution)]
            entries = [e for e in entries if kind in (None, e.kind)]
            entries.sort(key=lambda e: (e.kind, e.source != "trade", e.source))
            try:
                return [(entry, open_dataset(self.path, entry)) for entry in entries]
            except FileNotFoundError as error:  # replaced after the index was read
                missing = error
                self._mark = None
        raise DataError(
            f"catalog {self.path}: {missing.filename} is in the index, but not on disk; "
            "write the dataset again"
        ) from missing

    def _not_found(
        self, symbol: str, resolution: str, kind: str | None, bounds: _Bounds = (None, None)
    ) -> DataError:
        """The error for a missing dataset or range; it lists the data there are."""
        wanted = f"no {resolution} {kind or 'data'} of {symbol!r}"
        for word, bound in zip(("from", "to"), bounds, strict=True):
            wanted += "" if bound is None else f" {word} {moment_text(bound)}"
        others = [entry for entry in self.list() if entry.symbol == symbol]
        if others:
            listed = "; ".join(
                f"{e.resolution} {e.kind} from {moment_text(e.first)} to {moment_text(e.last)}"
                for e in others
            )
            return DataError(f"{wanted}; there is {listed}")
        known = self.symbols()
        listed = ", ".join(known[:20]) + (f" and {len(known) - 20} more" if len(known) > 20 else "")
        return DataError(
            f"{wanted}; the symbols with data are {listed}" if known else f"{wanted}; the catalog is empty"
        )

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "_mark": None, "_entries": []}

    def __repr__(self) -> str:
        return f"Catalog({str(self.path)!r})"


def _bounds(start: Moment | None, end: Moment | None) -> _Bounds:
    return (
        None if start is None else moment_ns(start, name="start"),
        None if end is None else moment_ns(end, name="end"),
    )
