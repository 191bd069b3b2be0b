"""Rows before a run (`warm_up`): strategies can read them, and nothing else of the run knows them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from btcore.data.containers import Bars
from btcore.data.markets import SymbolData, SymbolStreams
from btcore.data.source import AnyContainer
from btcore.errors import ConfigError
from btcore.feed.tape import Tape
from btcore.times.clock import moment_text

SPARE = 64  # rows that may begin before the start and end after it, which are left out


class WarmedUp(NamedTuple):
    """The streams of a run with rows before it.

    markets: these rows and those of the run.
    window: those of the run alone.
    tape: the order of all: first the rows before the run, stream by stream.
    lines: of the log, for streams with fewer rows before the run than were asked for.
    """

    markets: SymbolStreams
    window: SymbolStreams
    tape: Tape
    lines: list[str]


def check_warm_up(rows: int, start: int | None) -> None:
    """ConfigError for rows before a run that has no start."""
    if rows and start is None:
        raise ConfigError(f"warm_up: {rows} rows before `start` are asked for, and the run has no start")


def wider_rows(
    data: Mapping[str, SymbolData], given: SymbolStreams, start: int, end: int | None, rows: int
) -> SymbolStreams:
    """The streams of `given`, which `select_rows` returned, from at least `rows` rows before `start` on."""
    found = []
    for symbol, streams in given:
        whole = data[symbol]
        by_kind = {each.kind: each for each in (whole if isinstance(whole, tuple | list) else (whole,))}
        wide = []
        for stream in streams:
            container = by_kind[stream.kind]
            first, last = container.row_range(start, end)
            wide.append(_rows(container, max(0, first - rows - SPARE), last))
        found.append((symbol, tuple(wide)))
    return found


def warmed_up(wide: SymbolStreams, start: int, rows: int) -> WarmedUp:
    """The last `rows` rows of each stream that were delivered by `start`, and those that begin from it on.

    A bar that begins before `start` and ends after it is left out, as in a run without `warm_up`.
    """
    markets, window, counts, lines = [], [], dict[int, int](), list[str]()
    for symbol, streams in wide:
        both, own = [], []
        for stream in streams:
            begins = int(np.searchsorted(stream.timestamp, start))
            delivered = stream.end[:begins] if isinstance(stream, Bars) else stream.timestamp[:begins]
            known = int(np.searchsorted(delivered, start, "right"))
            count = min(rows, known)
            if count < rows:
                lines.append(
                    f"warm_up: {symbol} has {count} of {rows} {stream.kind} before {moment_text(start)}"
                )
            own.append(_rows(stream, begins, len(stream)))
            joined = _without(stream, known, begins) if known < begins else stream
            both.append(_rows(joined, known - count, len(joined)))
            counts[id(both[-1])] = count
        markets.append((symbol, tuple(both)))
        window.append((symbol, tuple(own)))
    return WarmedUp(markets, window, _tape(markets, window, counts), lines)


def _tape(markets: SymbolStreams, window: SymbolStreams, counts: Mapping[int, int]) -> Tape:
    """The tape of all rows; `counts` has the number of rows before the run by the id of the stream."""
    own = Tape(window)
    history = [counts[id(stream)] for stream in _in_tape_order(markets)]
    if own.order is None:
        return Tape(markets, None, history)
    before = np.repeat(np.arange(len(history)), history).astype(own.order.dtype)
    return Tape(markets, np.concatenate([before, own.order]), history)


def _in_tape_order(markets: SymbolStreams) -> Sequence[AnyContainer]:
    kinds = ("quotes", "trades", "bars")
    return [c for _, streams in markets for c in sorted(streams, key=lambda each: kinds.index(each.kind))]


def _rows(container: AnyContainer, first: int, last: int) -> AnyContainer:
    """Rows [first, last), sharing memory."""
    if (first, last) == (0, len(container)):
        return container
    index = None if container.index is None else (container.index[0], container.index[1] + first)
    return container._like({name: column[first:last] for name, column in container.columns.items()}, index)


def _without(container: AnyContainer, first: int, last: int) -> AnyContainer:
    """A copy without the rows [first, last)."""
    return container._like(
        {name: np.delete(column, slice(first, last)) for name, column in container.columns.items()}
    )
