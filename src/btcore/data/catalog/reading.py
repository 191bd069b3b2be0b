"""Reading a catalog: datasets by symbol and resolution, their definitions, and the order of their events."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from btcore.data.markets import Merged
from btcore.data.source import AnyContainer, check_resolution, check_symbol
from btcore.data.timestamps import Moment, moment_ns
from btcore.errors import DataError
from btcore.times.resolutions import TICK

from .datasets import open_dataset
from .definitions import Definition
from .entries import Entry
from .index import Index, index_mark, read_index
from .lookup import Bounds, Wanted, not_found
from .orders import Part, map_order, order_file, store_order

_RETRIES = 20
_Rows = list[tuple[AnyContainer, Part]]
_Datasets = list[tuple[Entry, AnyContainer]]


class CatalogReader:
    """What a Catalog reads; it keeps the index until the file changes."""

    def __init__(self, path: str | Path) -> None:
        self.path: Path = Path(path)
        self._mark: Any = None
        self._index = Index()

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
        deleted; a later merge of the same rows, in any process, maps it. `keep=False` uses a stored order but
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

    def _each(self, entries: Iterable[Entry]) -> Iterator[tuple[Entry, AnyContainer]]:
        """Each dataset, or the one that has replaced it meanwhile; one at a time is mapped."""
        for entry in entries:
            try:
                yield entry, open_dataset(self.path, entry)
            except FileNotFoundError:  # replaced or deleted after the index was read
                wanted = Wanted(*entry.key)
                found = self._read(wanted)
                if not found:
                    raise not_found(wanted, self.list()) from None
                yield found[0]

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
        return f"{type(self).__name__}({str(self.path)!r})"


def _bounds(start: Moment | None, end: Moment | None) -> Bounds:
    return (
        None if start is None else moment_ns(start, name="start"),
        None if end is None else moment_ns(end, name="end"),
    )
