"""Bars of regular hours end at the close of their session, although their nominal length goes beyond it."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from btcore.data.base import Container
from btcore.data.containers import Bars
from btcore.data.markets import SymbolStreams
from btcore.times.sessions import Sessions
from btcore.times.zones import Times

C = TypeVar("C", bound=Container)


def end_at_closes(
    markets: SymbolStreams, of_symbols: Sequence[Sessions | None]
) -> tuple[SymbolStreams, list[str]]:
    """The streams with the ends that `session_ends` gives, and a line of the log for each one changed.

    Bars of symbols without sessions keep their ends.
    """
    found, lines = [], []
    for (symbol, containers), sessions in zip(markets, of_symbols, strict=True):
        if sessions is None:
            found.append((symbol, containers))
            continue
        changed = tuple(with_session_ends(c, sessions) for c in containers)
        found.append((symbol, changed))
        for before, after in zip(containers, changed, strict=True):
            if isinstance(after, Bars) and after is not before:
                at_close = int(np.isin(after.end, sessions.closes).sum())
                lines.append(
                    f"{at_close} of {len(after)} bars of {symbol} end at a session close of {sessions.name}"
                )
    return found, lines


def with_session_ends(container: C, sessions: Sessions) -> C:
    """The container; bars whose ends differ in those sessions have them as a column."""
    ends = session_ends(container, sessions) if isinstance(container, Bars) else None
    return container if ends is None else with_ends(container, ends)


def with_ends(container: C, ends: Times) -> C:
    """The container with that column of ends; it shares the others."""
    return container._like(container.columns | {"end": ends}, container.index)


def session_ends(bars: Bars, sessions: Sessions) -> Times | None:
    """The ends of bars, no later than the close of the last session that each overlaps; None if none changes.

    None too for bars with ends of their own, and unless they are bars of regular hours: all begin inside a
    session, and not all inside the same one, which would show no bars between sessions. `sessions` begin at
    or before the first bar and go on to the end of the last.
    """
    starts = bars.timestamp
    if "end" in bars.columns or not len(bars):
        return None
    session = np.searchsorted(sessions.opens, starts, "right") - 1
    if session[0] == session[-1] or (starts >= sessions.closes[session]).any():
        return None
    ends = bars.end
    ends[:-1] = np.minimum(ends[:-1], starts[1:])  # a local day may have 23 hours
    cut = np.minimum(ends, sessions.closes[np.searchsorted(sessions.opens, ends, "left") - 1])
    return None if np.array_equal(cut, ends) else cut
