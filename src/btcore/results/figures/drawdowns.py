"""The drawdowns of an equity curve, one row for each."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from btcore.times.intervals import DAY_NS

from .timeline import Timeline

DRAWDOWN = np.dtype(
    [
        ("peak", np.int64),
        ("trough", np.int64),
        ("recovery", np.int64),
        ("depth", np.float64),
        ("days", np.float64),
        ("periods", np.int64),
    ]
)


def drawdowns(timestamp: NDArray[np.int64], equity: NDArray[np.float64], line: Timeline) -> NDArray[Any]:
    """The drawdowns of a curve by time, records of DRAWDOWN.

    A drawdown goes from the last point at a high (`peak`) over the first point at its lowest (`trough`) to
    the first point at the high or above it (`recovery`, -1 if the curve ends before). `depth` is in percent
    of the high. `days` (of 24 hours) and `periods` count to the recovery, or to the end of the curve.
    """
    high = np.maximum.accumulate(equity)
    below = np.flatnonzero(np.diff(np.concatenate([[False], equity < high, [False]]).astype(np.int8)))
    first, after = below[::2], below[1::2]  # [first, after) is below the high
    table = np.zeros(len(first), DRAWDOWN)
    period_ends = np.append(line.times, np.iinfo(np.int64).max)
    for row, (begin, end) in enumerate(zip(first.tolist(), after.tolist(), strict=True)):
        lowest = begin + int(np.argmin(equity[begin:end]))
        peak, last = int(timestamp[begin - 1]), int(timestamp[min(end, len(equity) - 1)])
        top = float(high[begin])
        counted = np.searchsorted(period_ends, [peak, last], "right")
        table[row] = (
            peak,
            timestamp[lowest],
            last if end < len(equity) else -1,
            100.0 * (top - equity[lowest]) / top if top > 0.0 else np.nan,
            (last - peak) / DAY_NS,
            counted[1] - counted[0],
        )
    return table
