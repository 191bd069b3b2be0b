"""The catalog: datasets by symbol and resolution in a folder, read by mapping, written atomically."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from btcore.data.containers import KINDS, Bars, Quotes, Trades
from btcore.data.markets import Merged
from btcore.data.source import AnyContainer, check_resolution, check_symbol
from btcore.data.timestamps import Moment, moment_ns
from btcore.errors import DataError
from btcore.feed.blocks import BLOCK_ROWS
from btcore.times.clock import moment_text
from btcore.times.intervals import interval_name, resolution_of

from .pieces import begun, stream_columns
from .storage import (
    Entry,
    Part,
    blocks_hash,
    directory_name,
    index_mark,
    keep_order,
    map_blocks,
    map_columns,
    map_order,
    order_file,
    read_index,
    write_columns,
    writing,
)

_RETRIES = 20
_Bounds = tuple[int | None, int | None]
_Rows = list[tuple[AnyContainer, Part]]
_Datasets = list[tuple[Entry, AnyContainer]]


class Catalog:
    """A folder of market data, made by the first write.

    A dataset is known by symbol, resolution, kind and, for bars, source; writing one replaces it. Columns
    are mapped into memory: reading costs nothing until rows are touched, processes share them, and what
    has been read stays as it was when the dataset is replaced. Any number of processes may read and write
    at once.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._mark: Any = None
        self._entries: list[Entry] = []

    def write(
        self, symbol: str, data: AnyContainer | Sequence[AnyContainer], resolution: str | None = None
    ) -> list[Entry]:
        """The entries of what is now stored under the symbol, all of it or, on any error, none.

        The resolution is that of the data: "tick", or the one with the bars' interval; naming it checks.
        """
        check_symbol(symbol)
        containers = [data] if isinstance(data, Bars | Quotes | Trades) else list(data)
        if not containers:
            raise DataError(f"{symbol}: there is nothing to write")
        fresh = [_entry(symbol, container, resolution) for container in containers]
        keys = [entry.key for entry in fresh]
        if len(set(keys)) < len(keys):
            raise DataError(f"{symbol}: two datasets of the same resolution, kind and source in one write")
        blocks = [_blocks(container) for container in containers]
        fresh = [_with_blocks(*pair) for pair in zip(fresh, blocks, strict=True)]
        with writing(self.path) as entries:
            for entry, container, extremes in zip(fresh, containers, blocks, strict=True):
                write_columns(self.path, entry.directory, container.columns, extremes)
            entries[:] = [entry for entry in entries if entry.key not in keys] + fresh
        return fresh

    def write_stream(self, streams: Mapping[str, Iterable[AnyContainer]]) -> list[Entry]:
        """As `write`, of data larger than memory: for each symbol the pieces of one dataset, in order.

        The same bytes are stored as if the pieces had been written as one, and on any error none. No other
        process can write until the last piece has come.
        """
        started = {check_symbol(symbol): begun(pieces) for symbol, pieces in streams.items()}
        with writing(self.path) as entries:
            fresh = [
                stream_columns(self.path, pieces, partial(_described, symbol))
                for symbol, pieces in started.items()
            ]
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
        """The rows with `start <= timestamp < end`, perhaps none, of the dataset that answers best.

        That is for bars the trade prices before mids; for ticks the quotes before trades, unless `kind` says.
        DataError, which tells what there is, if there is no such dataset.
        """
        bounds = _bounds(start, end)
        for _, found in self._read(symbol, resolution, kind):
            return found.slice(*bounds)
        raise self._missing(symbol, resolution, kind)

    def load(self, symbol: str, resolution: str, start_ns: int, end_ns: int) -> tuple[AnyContainer, ...]:
        """What a run reads: the preferred bars, or all of quotes and trades that there are; none of it empty.

        DataError, which tells what there is, if there is nothing in that time.
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
        """What a run of these symbols reads, as `load` finds it, with the order of its events.

        The order is found once and kept beside the data until one of the datasets goes: whoever merges the
        same rows of the same content again, in any process, maps it. `keep=False` takes what is kept and adds
        nothing.
        """
        bounds = _bounds(start, end)
        if not symbols or len(set(symbols)) < len(symbols):
            raise DataError("symbols: one or more are needed, none of them twice")
        found = [(symbol, self._rows(symbol, resolution, kind, bounds)) for symbol in symbols]
        parts = [part for _, rows in found for _, part in rows]
        order = map_order(self.path, parts)
        try:
            merged = Merged([(symbol, tuple(stream for stream, _ in rows)) for symbol, rows in found], order)
        except ValueError as error:
            damaged = order_file(self.path, parts)
            raise DataError(f"catalog {damaged}: it is damaged and may be removed: {error}") from error
        if keep and order is None and merged.order is not None:
            keep_order(self.path, parts, merged.order)
        return merged

    def check(self, symbol: str, resolution: str, start_ns: int, end_ns: int) -> None:
        """Raises the DataError that `load` would; the index alone tells, but for ranges within a dataset."""
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
        """How many datasets have gone: those of the symbol that match all that is given."""
        if not any(entry.symbol == symbol for entry in self.list()):
            return 0
        wanted = (symbol, resolution, kind, source)
        with writing(self.path) as entries:
            kept = [e for e in entries if any(w not in (None, k) for w, k in zip(wanted, e.key, strict=True))]
            gone = len(entries) - len(kept)
            entries[:] = kept
        return gone

    def describe(self) -> str:
        """ "catalog", for a run's manifest."""
        return "catalog"

    def _rows(self, symbol: str, resolution: str, kind: str | None, bounds: _Bounds) -> _Rows:
        """The streams that a run reads, none of them empty, and what they are of."""
        found = self._read(symbol, resolution, kind)
        present = []
        for entry, whole in found if resolution == "tick" else found[:1]:
            part = Part(entry, *whole.row_range(*bounds))
            if part.first < part.last:
                present.append((whole.slice(*bounds), part))
        if not present:
            raise self._missing(symbol, resolution, kind, bounds)
        return present

    def _read(self, symbol: str, resolution: str, kind: str | None) -> _Datasets:
        """The datasets, whole, best first."""
        check_symbol(symbol)
        check_resolution(resolution)
        if kind is not None and kind not in KINDS:
            raise DataError(f"kind: {kind!r} is not one of {', '.join(KINDS)}")
        for _ in range(_RETRIES):
            entries = [e for e in self.list() if (e.symbol, e.resolution) == (symbol, resolution)]
            entries = [e for e in entries if kind in (None, e.kind)]
            entries.sort(key=lambda e: (e.kind, e.source != "trade", e.source))
            try:
                return [(entry, _container(self.path, entry)) for entry in entries]
            except FileNotFoundError as error:  # replaced between our look at the index and at the file
                missing = error
                self._mark = None
        raise DataError(
            f"catalog {self.path}: {missing.filename} is in the index, but not on disk"
        ) from missing

    def _missing(
        self, symbol: str, resolution: str, kind: str | None, bounds: _Bounds = (None, None)
    ) -> DataError:
        asked = f"no {resolution} {kind or 'data'} of {symbol!r}"
        for word, moment in zip(("from", "to"), bounds, strict=True):
            asked += "" if moment is None else f" {word} {moment_text(moment)}"
        mine = [entry for entry in self.list() if entry.symbol == symbol]
        if mine:
            have = "; ".join(
                f"{e.resolution} {e.kind} from {moment_text(e.first)} to {moment_text(e.last)}" for e in mine
            )
            return DataError(f"{asked}; there is {have}")
        known = self.symbols()
        listed = ", ".join(known[:20]) + (f" and {len(known) - 20} more" if len(known) > 20 else "")
        return DataError(
            f"{asked}; the symbols with data are {listed}" if known else f"{asked}; the catalog is empty"
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


def _entry(symbol: str, data: AnyContainer, asked: str | None) -> Entry:
    if not isinstance(data, Bars | Quotes | Trades):
        raise DataError(f"{symbol}: Bars, Quotes or Trades can be written, not {type(data).__name__}")
    if len(data) == 0:
        raise DataError(f"{symbol}: there is nothing to write, the {data.kind} have no rows")
    resolution = resolution_of(data.interval) if isinstance(data, Bars) else "tick"
    if resolution is None:
        assert isinstance(data, Bars)
        have = interval_name(data.interval)
        raise DataError(f"{symbol}: bars of 1s, 1min, 1h or 1d can be written, not {have}; resample them")
    if asked is not None and check_resolution(asked) != resolution:
        raise DataError(f"{symbol}: the data are of resolution {resolution}, not {asked}")
    source = data.source if isinstance(data, Bars) else ""
    return Entry(
        symbol=symbol,
        resolution=resolution,
        kind=data.kind,
        source=source,
        interval=data.interval if isinstance(data, Bars) else 0,
        rows=len(data),
        first=int(data.timestamp[0]),
        last=int(data.timestamp[-1]),
        columns={name: column.dtype.str for name, column in data.columns.items()},
        content_hash=data.content_hash,
        directory=directory_name((symbol, resolution, data.kind, source), data.content_hash),
        negative_prices=data.negative_prices,
    )


def _blocks(data: AnyContainer) -> NDArray[np.float64] | None:
    """The extremes of its blocks, where there is more than one."""
    return data.extremes() if len(data) > BLOCK_ROWS else None


def _with_blocks(entry: Entry, blocks: NDArray[np.float64] | None) -> Entry:
    return entry if blocks is None else replace(entry, blocks_hash=blocks_hash(blocks))


def _described(symbol: str, data: AnyContainer) -> tuple[Entry, NDArray[np.float64] | None]:
    blocks = _blocks(data)
    return _with_blocks(_entry(symbol, data, None), blocks), blocks


def _container(root: Path, entry: Entry) -> AnyContainer:
    """The dataset as it was when it was written: checked then, not again."""
    columns = map_columns(root, entry)
    blocks = map_blocks(root, entry)
    meta: dict[str, Any] = {"negative_prices": entry.negative_prices}
    if entry.kind == "bars":
        meta |= {"interval": entry.interval, "source": entry.source}
    return KINDS[entry.kind]._trusted(
        columns, meta, entry.content_hash, None if blocks is None else (blocks, 0)
    )
