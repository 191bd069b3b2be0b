"""The symbols of a run with their containers, and the order of their events."""

from collections.abc import Iterator, Mapping
from typing import Any

from numpy.typing import NDArray

from btcore.errors import ConfigError, DataError
from btcore.feed.tape import Tape

from .containers import Bars, Quotes, Trades
from .source import AnyContainer, Source, check_symbol

SymbolData = AnyContainer | tuple[AnyContainer, ...] | list[AnyContainer]
SymbolStreams = list[tuple[str, tuple[AnyContainer, ...]]]


class Merged(Mapping[str, tuple[AnyContainer, ...]]):
    """Symbols with their streams, none of them empty, and the order of all their events.

    `order` is a read-only array with the stream number of each event (uint8 for up to 256 streams, else
    uint16); None for a single stream. `source` is the Source that the data were read from, None without; a
    run takes zone and instruments from it. Any number of runs, sweeps and threads may share a Merged.
    """

    def __init__(
        self, streams: SymbolStreams, order: NDArray[Any] | None = None, *, source: Source | None = None
    ) -> None:
        tape = Tape(streams, order)
        self._by_symbol = dict(streams)
        self._streams = tape.containers
        self.order: NDArray[Any] | None = tape.order
        self.source = source

    def __getitem__(self, symbol: str) -> tuple[AnyContainer, ...]:
        return self._by_symbol[symbol]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_symbol)

    def __len__(self) -> int:
        return len(self._by_symbol)

    def order_between(self, start_ns: int | None, end_ns: int | None) -> NDArray[Any] | None:
        """The order of the rows with `start_ns <= timestamp < end_ns`; None if they must be merged again.

        It is a slice of the whole order if all streams deliver with the same delay (ticks, or bars of one
        length) and each has rows in the range.
        """
        ranges = [stream.row_range(start_ns, end_ns) for stream in self._streams]
        if all(rows == (0, len(stream)) for rows, stream in zip(ranges, self._streams, strict=True)):
            return self.order
        delays = {getattr(stream, "interval", 0) for stream in self._streams}
        varied = len(delays) > 1 or any("end" in stream.columns for stream in self._streams)
        if self.order is None or varied or any(first == last for first, last in ranges):
            return None
        return self.order[sum(first for first, _ in ranges) : sum(last for _, last in ranges)]

    def __repr__(self) -> str:
        events = sum(len(stream) for stream in self._streams)
        return f"Merged({len(self)} symbols, {len(self._streams)} streams, {events} events)"


def select_rows(data: Mapping[str, SymbolData], start_ns: int | None, end_ns: int | None) -> SymbolStreams:
    """Each symbol's streams with `start_ns <= timestamp < end_ns`, without empty ones.

    ConfigError if `data` is not such a mapping; DataError for a symbol without rows in the range.
    """
    if not isinstance(data, Mapping) or not data:
        raise ConfigError("data: a mapping of at least one symbol to its Bars, Quotes or Trades is needed")
    selected = []
    for symbol, streams in data.items():
        check_symbol(symbol)
        containers = tuple(streams) if isinstance(streams, tuple | list) else (streams,)
        for container in containers:
            if not isinstance(container, Bars | Quotes | Trades):
                raise ConfigError(
                    f"data[{symbol!r}]: {type(container).__name__} is not Bars, Quotes or Trades"
                )
        kinds = [c.kind for c in containers]
        if len(set(kinds)) < len(kinds):
            raise ConfigError(
                f"data[{symbol!r}]: two streams of {max(kinds, key=kinds.count)}; "
                "one of each kind is allowed here, and of bars one length: join those of one length"
            )
        rows = tuple(c.slice(start_ns, end_ns) for c in containers)
        if not any(len(c) for c in rows):
            given = "; ".join(repr(c) for c in containers) or "an empty list"
            raise DataError(f"data[{symbol!r}]: no rows between start and end; the data are {given}")
        selected.append((symbol, tuple(c for c in rows if len(c))))
    return selected


def build_tape(
    data: Mapping[str, SymbolData], streams: SymbolStreams, start_ns: int | None, end_ns: int | None
) -> Tape:
    """The tape of the streams that `select_rows` returned, in the order of a Merged if `data` is one."""
    return Tape(streams, data.order_between(start_ns, end_ns) if isinstance(data, Merged) else None)
