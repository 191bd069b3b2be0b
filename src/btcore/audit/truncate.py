"""Times at which to cut market data, and the data without the rows after a cut, or with altered ones."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.data.containers import KINDS, Bars, Quotes
from btcore.data.markets import SymbolData
from btcore.data.source import AnyContainer
from btcore.data.timestamps import moment_ns
from btcore.errors import DataError

Data = Mapping[str, SymbolData]
Times = NDArray[np.int64]
Floats = NDArray[np.float64]


class Span(NamedTuple):
    """Times of the events, the time by which every stream has had one, and bar lengths by symbol; ns."""

    events: Times
    first: int
    lengths: dict[str, int]

    def after(self, ts: int) -> int:
        """The time of the first event after `ts`; there must be one."""
        return int(self.events[np.searchsorted(self.events, ts, "right")])


def span_of(data: Data, options: Mapping[str, Any]) -> Span:
    """The span of a run; of its options, `start`, `end` and `timezone` are used."""
    zone = options.get("timezone", "UTC")
    start, end = (
        None if options.get(name) is None else moment_ns(options[name], zone, name)
        for name in ("start", "end")
    )
    played = [s.slice(start, end) for market in data.values() for s in _streams(market)]
    events = [s.timestamp + _length(s) for s in played if len(s)]
    return Span(
        np.unique(np.concatenate(events)),
        max(int(times[0]) for times in events),
        {symbol: max(map(_length, _streams(market))) for symbol, market in data.items()},
    )


def choose_cuts(span: Span, sent: Times, count: int, seed: int) -> list[int]:
    """Up to `count` times in order, ns UTC; three of four are in `sent`, if it has enough.

    At each, every stream has had a row and another row follows. None is before the first of `sent`, as a
    strategy may have too little data until then. Raises DataError if there is no such time.
    """
    rng = np.random.default_rng([seed, 0])
    decisions, events = (t[(t >= span.first) & (t < span.events[-1])] for t in (sent, span.events))
    others = np.setdiff1d(events[events > decisions[0]] if len(decisions) else events, decisions)
    if not len(decisions) and not len(others):
        raise DataError("data: there is no time at which every stream has had a row and another row follows")
    few = min(len(others), max(count // 4, count - len(decisions)))
    chosen = [_spread(decisions, min(len(decisions), count - few), rng), _spread(others, few, rng)]
    return [int(t) for t in np.sort(np.concatenate(chosen))]


def _spread(times: Times, count: int, rng: "np.random.Generator") -> Times:
    """A random time from each of `count` equal parts."""
    edges = np.linspace(0, len(times), count + 1).astype(np.int64)
    return times[rng.integers(edges[:-1], edges[1:])] if count else times[:0]


def delivered(data: Data, cut: int) -> Data:
    """The rows delivered by `cut`; a bar is delivered at its end."""
    return _each(data, lambda stream: _delivered(stream, cut))


def begun(data: Data, ts: int) -> Data:
    """The rows with a timestamp up to `ts`; that of a bar is its open."""
    return _each(data, lambda stream: stream.slice(None, ts + 1))


def begun_and_next(data: Data, ts: int) -> Data:
    """Likewise, with the next row of each stream, which shows whether a bar is the last of its session."""
    return _each(data, lambda stream: stream.slice(None, _next_time(stream, ts) + 1))


def altered(data: Data, cut: int, seed: list[int], way: int = 1) -> Data:
    """The data with other valid prices and sizes in the rows delivered after `cut`.

    `way` -1 moves each number in the opposite direction of `way` 1 (highs, lows and asks follow from these).
    """
    rng = np.random.default_rng(seed)
    return _each(data, lambda stream: _altered(stream, cut, rng, way))


def _each(data: Data, change: Callable[[AnyContainer], AnyContainer]) -> Data:
    return {
        symbol: tuple(map(change, market)) if isinstance(market, tuple | list) else change(market)
        for symbol, market in data.items()
    }


def _streams(market: SymbolData) -> tuple[AnyContainer, ...]:
    return tuple(market) if isinstance(market, tuple | list) else (market,)


def _length(stream: AnyContainer) -> int:
    """ns from a row's timestamp to its delivery."""
    return stream.interval if isinstance(stream, Bars) else 0


def _delivered(stream: AnyContainer, cut: int) -> AnyContainer:
    return stream.slice(None, cut - _length(stream) + 1)


def _next_time(stream: AnyContainer, ts: int) -> int:
    """The timestamp of the first row after `ts`; `ts` if there is none."""
    row = int(np.searchsorted(stream.timestamp, ts, "right"))
    return int(stream.timestamp[row]) if row < len(stream) else ts


def _altered(stream: AnyContainer, cut: int, rng: "np.random.Generator", way: int) -> AnyContainer:
    first = len(_delivered(stream, cut))
    count = len(stream) - first
    columns: dict[str, Any] = {name: column.copy() for name, column in stream.columns.items()}
    future = {name: column[first:] for name, column in columns.items()}
    for column in future.values():
        if column.dtype.kind == "f":
            # Every row moves by at least 18 %, and 80 % of them in one direction, so that means move too.
            ways = way * rng.choice([-1, 1]) * np.where(rng.random(count) < 0.8, 1.0, -1.0)
            np.multiply(column, np.exp(ways * (0.2 + 0.8 * rng.random(count))), out=column)
    if isinstance(stream, Bars):
        ends = np.stack([future["open"], future["close"]])
        future["high"][:] = _beside(ends.max(axis=0), 0.1 * rng.random(count))
        future["low"][:] = _beside(ends.min(axis=0), -0.1 * rng.random(count))
    elif isinstance(stream, Quotes):
        future["ask"][:] = _beside(future["bid"], 0.1 * rng.random(count))
    elif "side" in future:
        future["side"][:] *= rng.choice(np.array([-way, way], np.int8), count)
    return KINDS[stream.kind](**columns, **stream._meta())


def _beside(prices: Floats, shares: Floats) -> Floats:
    """Prices moved up by a fraction of their size, or down if the fraction is negative."""
    return prices + shares * np.abs(prices)
