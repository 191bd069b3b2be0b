"""The catalog: datasets by symbol and resolution in a folder, read by mapping, written atomically."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from btcore.errors import DataError

from .containers import KINDS, Bars, Quotes, Trades
from .intervals import interval_name, resolution_of
from .moments import Moment, moment_ns
from .source import AnyContainer, check_resolution, check_symbol
from .store import Entry, directory_name, index_mark, map_columns, read_index, write_columns, writing
from .stream import begun, stream_columns
from .validate import moment_text

_RETRIES = 20
_Containers = list[AnyContainer]


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
        with writing(self.path) as entries:
            for entry, container in zip(fresh, containers, strict=True):
                write_columns(self.path, entry.directory, container.columns)
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
                stream_columns(self.path, pieces, partial(_entry, symbol, asked=None))
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
        bounds = [None if m is None else moment_ns(m, name=n) for n, m in (("start", start), ("end", end))]
        for found in self._read(symbol, resolution, kind):
            return found.slice(*bounds)
        raise self._missing(symbol, resolution, kind)

    def load(self, symbol: str, resolution: str, start_ns: int, end_ns: int) -> tuple[AnyContainer, ...]:
        """What a run reads: the preferred bars, or all of quotes and trades that there are; none of it empty.

        DataError, which tells what there is, if there is nothing in that time.
        """
        found = [container.slice(start_ns, end_ns) for container in self._read(symbol, resolution, None)]
        if resolution != "tick":
            found = found[:1]
        present = tuple(container for container in found if len(container))
        if not present:
            raise self._missing(symbol, resolution, None, (start_ns, end_ns))
        return present

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

    def _read(self, symbol: str, resolution: str, kind: str | None) -> _Containers:
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
                return [_container(self.path, entry) for entry in entries]
            except FileNotFoundError as error:  # replaced between our look at the index and at the file
                missing = error
                self._mark = None
        raise DataError(
            f"catalog {self.path}: {missing.filename} is in the index, but not on disk"
        ) from missing

    def _missing(
        self, symbol: str, resolution: str, kind: str | None, span: tuple[int, int] | None = None
    ) -> DataError:
        asked = f"no {resolution} {kind or 'data'} of {symbol!r}"
        if span is not None:
            asked += f" from {moment_text(span[0])} to {moment_text(span[1])}"
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


def _container(root: Path, entry: Entry) -> AnyContainer:
    """The dataset as it was when it was written: checked then, not again."""
    columns = map_columns(root, entry)
    meta: dict[str, Any] = {"negative_prices": entry.negative_prices}
    if entry.kind == "bars":
        meta |= {"interval": entry.interval, "source": entry.source}
    return KINDS[entry.kind]._trusted(columns, meta, entry.content_hash)
