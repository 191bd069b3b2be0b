"""Symbols and their streams as a run takes them, and the order of their events kept with them."""

from collections.abc import Iterator, Mapping
from typing import Any

from numpy.typing import NDArray

from btcore.errors import ConfigError, DataError
from btcore.feed.tape import Tape

from .containers import Bars, Quotes, Trades
from .source import AnyContainer, check_symbol

Market = AnyContainer | tuple[AnyContainer, ...] | list[AnyContainer]
Markets = list[tuple[str, tuple[AnyContainer, ...]]]


class Merged(Mapping[str, tuple[AnyContainer, ...]]):
    """Symbols to their streams, none of them empty, with the order of their events.

    `order` is a read-only array of the stream of each event, uint8 for up to 256 streams, else uint16; None
    where one stream is alone. Runs and sweeps, in any number of threads, may share a Merged.
    """

    def __init__(self, markets: Markets, order: NDArray[Any] | None = None) -> None:
        tape = Tape(markets, order)
        self._markets = dict(markets)
        self._streams = tape.containers
        self.order = tape.order

    def __getitem__(self, symbol: str) -> tuple[AnyContainer, ...]:
        return self._markets[symbol]

    def __iter__(self) -> Iterator[str]:
        return iter(self._markets)

    def __len__(self) -> int:
        return len(self._markets)

    def order_between(self, start_ns: int | None, end_ns: int | None) -> NDArray[Any] | None:
        """The order of the rows with `start_ns <= timestamp < end_ns`; None where it has to be found anew.

        What all streams deliver with the same delay (ticks, or bars of one interval) stands together in the
        order of the whole, if each stream has rows left.
        """
        ranges = [stream.row_range(start_ns, end_ns) for stream in self._streams]
        if all(rows == (0, len(stream)) for rows, stream in zip(ranges, self._streams, strict=True)):
            return self.order
        delays = {getattr(stream, "interval", 0) for stream in self._streams}
        if self.order is None or len(delays) > 1 or any(first == last for first, last in ranges):
            return None
        return self.order[sum(first for first, _ in ranges) : sum(last for _, last in ranges)]

    def __repr__(self) -> str:
        events = sum(len(stream) for stream in self._streams)
        return f"Merged({len(self)} symbols, {len(self._streams)} streams, {events} events)"


def merge(data: Mapping[str, Market]) -> Merged:
    """The data with the order of their events, found once, for any number of runs: `run(merge(data), ...)`.

    A run whose `start` or `end` leaves rows out takes its part of the order where it can, else merges anew.
    """
    return data if isinstance(data, Merged) else Merged(window(data, None, None))


def window(data: Mapping[str, Market], start_ns: int | None, end_ns: int | None) -> Markets:
    """Each symbol's streams within the range; an error says where nothing is left."""
    if not isinstance(data, Mapping) or not data:
        raise ConfigError("data: a mapping of at least one symbol to its Bars, Quotes or Trades is needed")
    markets = []
    for symbol, market in data.items():
        check_symbol(symbol)
        containers = tuple(market) if isinstance(market, tuple | list) else (market,)
        for container in containers:
            if not isinstance(container, Bars | Quotes | Trades):
                raise ConfigError(
                    f"data[{symbol!r}]: {type(container).__name__} is not Bars, Quotes or Trades"
                )
        kinds = [c.kind for c in containers]
        if len(set(kinds)) < len(kinds):
            raise ConfigError(
                f"data[{symbol!r}]: two streams of {max(kinds, key=kinds.count)}; join them first"
            )
        kept = tuple(c.slice(start_ns, end_ns) for c in containers)
        if not any(len(c) for c in kept):
            held = "; ".join(repr(c) for c in containers) or "nothing"
            raise DataError(f"data[{symbol!r}]: no rows between start and end (it holds {held})")
        markets.append((symbol, tuple(c for c in kept if len(c))))
    return markets


def tape_of(data: Mapping[str, Market], markets: Markets, start_ns: int | None, end_ns: int | None) -> Tape:
    """The tape of what `window` left of the data: in the order they bring with them, or else merged now."""
    return Tape(markets, data.order_between(start_ns, end_ns) if isinstance(data, Merged) else None)
