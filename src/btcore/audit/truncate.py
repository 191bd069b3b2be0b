"""Times at which to cut market data, and the data without the rows after a cut, or with altered ones."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.backtest.cautions import early_ends, early_lines
from btcore.backtest.inputs import time_span
from btcore.backtest.other_resolutions import bars_ended_at_closes, hours_of
from btcore.backtest.session_ends import session_ends, with_ends
from btcore.backtest.symbol_sessions import own_sessions
from btcore.config import Instrument
from btcore.data.containers import Bars, Quotes, from_columns
from btcore.data.markets import SymbolData, select_rows
from btcore.data.other_bars import ended_by, split_resolutions
from btcore.data.source import AnyContainer
from btcore.data.timestamps import moment_ns
from btcore.errors import DataError
from btcore.times.sessions import Sessions, sessions

Data = Mapping[str, SymbolData]
Times = NDArray[np.int64]
Floats = NDArray[np.float64]


class Span(NamedTuple):
    """Times of the events, the time by which every stream has had one, and bar lengths by symbol; ns.

    Bars count from the first one with a volume, as a run may refuse bars without any.
    """

    events: Times
    first: int
    lengths: dict[str, int]

    def after(self, ts: int) -> int:
        """The time of the first event after `ts`; there must be one."""
        return int(self.events[np.searchsorted(self.events, ts, "right")])


def span_of(data: Data, options: Mapping[str, Any]) -> Span:
    """The span of a run; of its options, `start`, `end` and `timezone` are used."""
    start, end = _limits(options)
    traded, others = split_resolutions(data)
    played = [s.slice(start, end) for market in traded.values() for s in _streams(market)]
    last = max(int(_ends(s)[-1]) for s in played if len(s))
    played += [each.bars.slice(start, end) for each in ended_by(others, last)]
    return Span(
        np.unique(np.concatenate([_ends(s) for s in played if len(s)])),
        max(_first_sized(s) for s in played if len(s)),
        {symbol: max(map(_length, _streams(market))) for symbol, market in traded.items()},
    )


def _limits(options: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """`start` and `end` of a run, ns UTC."""
    names, zone = ("start", "end"), options.get("timezone", "UTC")
    given = [options.get(name) for name in names]
    start, end = (None if m is None else moment_ns(m, zone, n) for m, n in zip(given, names, strict=True))
    return start, end


def ended_at_closes(data: Data, options: Mapping[str, Any]) -> Data:
    """The data with the ends that bars have in the sessions of a run, as columns.

    The rule looks at all bars of a stream, so it is applied before rows are removed, and not again after.
    """
    start, end = _limits(options)
    hours = _sessions(data, options)
    if not any(hours.values()):
        return data
    traded, others = split_resolutions(data)

    def change(stream: AnyContainer, sessions: Sessions | None) -> AnyContainer:
        if not isinstance(stream, Bars) or sessions is None:
            return stream
        row, ends = stream.row_range(start, end)[0], stream.end.copy()
        found = session_ends(stream.slice(start, end), sessions)
        if found is not None:
            ends[row : row + len(found)] = found
        return with_ends(stream, ends)

    found: dict[str, SymbolData] = {
        symbol: tuple(change(s, hours[symbol]) for s in market)
        if isinstance(market, tuple | list)
        else change(market, hours[symbol])
        for symbol, market in traded.items()
    }
    instruments = options.get("instruments") or {}
    for other in others:
        (own,) = hours_of([instruments.get(other.symbol, Instrument())], options.get("calendar"))
        bars = bars_ended_at_closes(other.bars, own)
        found[other.symbol] = (*_streams(found[other.symbol]), bars)
    return found


def _sessions(data: Data, options: Mapping[str, Any]) -> dict[str, Sessions | None]:
    """The sessions of each symbol, None for those that have neither their own nor those of a calendar."""
    first, last = time_span(select_rows(split_resolutions(data)[0], *_limits(options)))
    given, symbols = options.get("instruments") or {}, list(data)
    own = own_sessions(symbols, [given.get(symbol, Instrument()) for symbol in symbols], first, last)
    calendar = options.get("calendar")
    of_run = None if calendar is None else sessions(first, last, options.get("timezone") or "UTC", calendar)
    return {symbol: each or of_run for symbol, each in zip(symbols, own, strict=True)}


def early_bars(data: Data, options: Mapping[str, Any]) -> tuple[str, ...]:
    """The line of `early_ends` for each stream of bars in the run that has one."""
    markets = select_rows(split_resolutions(data)[0], *_limits(options))
    lines = [early_ends(symbol, s) for symbol, streams in markets for s in streams if isinstance(s, Bars)]
    return tuple(line for line in lines if line)


def early_other_bars(data: Data, options: Mapping[str, Any]) -> list[str]:
    """The lines of `early_lines` for the bars of other resolutions in the run."""
    traded, others = split_resolutions(data)
    return early_lines(others, select_rows(traded, *_limits(options)))


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


def _ends(stream: AnyContainer) -> Times:
    """When each row is delivered."""
    return stream.end if isinstance(stream, Bars) else stream.timestamp


def _first_sized(stream: AnyContainer) -> int:
    """When the first row is delivered; of bars with a volume, the first whose volume is not 0."""
    volume = stream.volume if isinstance(stream, Bars) else None
    row = 0 if volume is None else int(np.argmax(volume > 0.0))
    return int(_ends(stream)[row])


def _length(stream: AnyContainer) -> int:
    """The longest time from a row's timestamp to its delivery, ns."""
    return int((_ends(stream) - stream.timestamp).max(initial=0))


def _delivered(stream: AnyContainer, cut: int) -> AnyContainer:
    rows = int(np.searchsorted(_ends(stream), cut, "right"))
    return stream.slice(None, int(stream.timestamp[rows]) if rows < len(stream) else None)


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
        for name in ("open", "close") if stream.ask is not None else ():
            future[f"ask_{name}"][:] = _beside(future[f"bid_{name}"], 0.1 * rng.random(count))
        for side in ("", "bid_", "ask_") if stream.ask is not None else ("",):
            ends = np.stack([future[f"{side}open"], future[f"{side}close"]])
            future[f"{side}high"][:] = _beside(ends.max(axis=0), 0.1 * rng.random(count))
            future[f"{side}low"][:] = _beside(ends.min(axis=0), -0.1 * rng.random(count))
    elif isinstance(stream, Quotes):
        future["ask"][:] = _beside(future["bid"], 0.1 * rng.random(count))
    elif "side" in future:
        future["side"][:] *= rng.choice(np.array([-way, way], np.int8), count)
    return from_columns(stream.kind, columns, stream._meta())


def _beside(prices: Floats, shares: Floats) -> Floats:
    """Prices moved up by a fraction of their size, or down if the fraction is negative."""
    return prices + shares * np.abs(prices)
