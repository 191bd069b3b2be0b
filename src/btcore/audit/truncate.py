"""Moments to cut market data at, and the same data without what came after one, or with another future."""

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
Moments = NDArray[np.int64]
Floats = NDArray[np.float64]


class Span(NamedTuple):
    """When events come, when every stream has had one, and how long each symbol's bars are; ns."""

    events: Moments
    first: int
    lengths: dict[str, int]

    def after(self, moment: int) -> int:
        """The next event; there must be one."""
        return int(self.events[np.searchsorted(self.events, moment, "right")])


def span_of(data: Data, options: Mapping[str, Any]) -> Span:
    """The span of a run with these options, of which `start`, `end` and `timezone` matter."""
    zone = options.get("timezone", "UTC")
    start, end = (
        None if options.get(name) is None else moment_ns(options[name], zone, name)
        for name in ("start", "end")
    )
    played = [s.slice(start, end) for market in data.values() for s in _streams(market)]
    delivered = [s.timestamp + _length(s) for s in played if len(s)]
    return Span(
        np.unique(np.concatenate(delivered)),
        max(int(times[0]) for times in delivered),
        {symbol: max(map(_length, _streams(market))) for symbol, market in data.items()},
    )


def choose(span: Span, sent: Moments, count: int, seed: int) -> list[int]:
    """`count` moments in order, or as many as there are: three of four of `sent`, if it has so many.

    At each, every stream has had a row and some row is to come. None is before the first of `sent`, as there
    may be too little data for a strategy until then. DataError if there is no such moment.
    """
    rng = np.random.default_rng([seed, 0])
    decisions, events = (t[(t >= span.first) & (t < span.events[-1])] for t in (sent, span.events))
    others = np.setdiff1d(events[events > decisions[0]] if len(decisions) else events, decisions)
    if not len(decisions) and not len(others):
        raise DataError("data: no moment at which every stream has had a row and another row is to come")
    few = min(len(others), max(count // 4, count - len(decisions)))
    chosen = [_spread(decisions, min(len(decisions), count - few), rng), _spread(others, few, rng)]
    return [int(t) for t in np.sort(np.concatenate(chosen))]


def _spread(moments: Moments, count: int, rng: "np.random.Generator") -> Moments:
    """One of each of `count` equal parts."""
    edges = np.linspace(0, len(moments), count + 1).astype(np.int64)
    return moments[rng.integers(edges[:-1], edges[1:])] if count else moments[:0]


def known(data: Data, cut: int) -> Data:
    """The rows delivered by `cut`: a bar is at its end."""
    return _each(data, lambda stream: _known(stream, cut))


def begun(data: Data, moment: int) -> Data:
    """The rows whose time has come by `moment`; a bar's has at its open."""
    return _each(data, lambda stream: stream.slice(None, moment + 1))


def begun_and_next(data: Data, moment: int) -> Data:
    """Likewise, and the next row of each stream: a bar must know if it is its session's last."""
    return _each(data, lambda stream: stream.slice(None, _next_time(stream, moment) + 1))


def altered(data: Data, cut: int, seed: list[int], way: int = 1) -> Data:
    """Rows delivered after `cut` keep their timestamps; prices and sizes are others, and as valid.

    What is twice as high with `way` 1 is half as high with -1, but for highs, lows, asks.
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
    """From a row's timestamp to its delivery."""
    return stream.interval if isinstance(stream, Bars) else 0


def _known(stream: AnyContainer, cut: int) -> AnyContainer:
    return stream.slice(None, cut - _length(stream) + 1)


def _next_time(stream: AnyContainer, moment: int) -> int:
    """Of the first row after `moment`, or `moment` if it is the last."""
    row = int(np.searchsorted(stream.timestamp, moment, "right"))
    return int(stream.timestamp[row]) if row < len(stream) else moment


def _altered(stream: AnyContainer, cut: int, rng: "np.random.Generator", way: int) -> AnyContainer:
    first = len(_known(stream, cut))
    count = len(stream) - first
    columns: dict[str, Any] = {name: column.copy() for name, column in stream.columns.items()}
    future = {name: column[first:] for name, column in columns.items()}
    for column in future.values():
        if column.dtype.kind == "f":
            # No row stays near to what it was; most go one way, so that averages over the sample move too.
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
    """Higher by a share of each price, or lower if it is below 0; prices may be negative."""
    return prices + shares * np.abs(prices)
