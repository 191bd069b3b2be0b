"""When the rows of `Signals` are decided: all rows of a moment together, once its last bar is delivered."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.data.containers import Bars

KINDS = ("quotes", "trades", "bars")  # the order of a symbol's streams on the tape
Markets = Sequence[tuple[str, tuple[Any, ...]]]


class Groups(NamedTuple):
    """Groups of rows, by time. No group has two rows of one symbol.

    end: the row after the last one of each group.
    time: when its bars end, ns UTC.
    stream, row: the stream on the tape and its row that completes that moment; the stream is -1 where no bar
        of the run ends then, and a timer is needed.
    """

    end: NDArray[np.int64]
    time: NDArray[np.int64]
    stream: NDArray[np.int32]
    row: NDArray[np.int64]


def group_rows(timestamp: NDArray[np.int64], symbol: NDArray[np.int32], markets: Markets) -> Groups:
    """The groups of rows that are sorted by time and symbol, in a run over `markets`."""
    if not len(timestamp):
        none = np.zeros(0, np.int64)
        return Groups(none, none, none.astype(np.int32), none)
    is_new = np.ones(len(timestamp), np.bool_)
    is_new[1:] = (timestamp[1:] != timestamp[:-1]) | (symbol[1:] <= symbol[:-1])
    starts = np.flatnonzero(is_new)
    end = np.append(starts[1:], len(timestamp)).astype(np.int64)
    time = np.ascontiguousarray(timestamp[starts])
    stream, row = np.full(len(time), -1, np.int32), np.zeros(len(time), np.int64)
    for number, bars in enumerate(_streams(markets)):
        if not isinstance(bars, Bars) or not len(bars):
            continue
        last = np.searchsorted(bars.end, time, "right") - 1
        ends_then = (last >= 0) & (bars.end[np.maximum(last, 0)] == time)
        stream[ends_then] = number  # bars of one moment are delivered in the order of the streams
        row[ends_then] = last[ends_then]
    return Groups(end, time, stream, row)


def _streams(markets: Markets) -> list[Any]:
    """The containers in the order of the tape."""
    return [c for _, containers in markets for c in sorted(containers, key=lambda c: KINDS.index(c.kind))]
