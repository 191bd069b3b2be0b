"""A curve of a few lines of text."""

import numpy as np
from numpy.typing import NDArray

from btcore.results.summary import format_metric

from .terminal import BLOCKS

ROWS = 6
STEPS = len(BLOCKS) - 1  # heights within a row


def small_curve(
    timestamp: NDArray[np.int64], equity: NDArray[np.float64], width: int, *, blocks: bool
) -> list[str]:
    """The equity over time as lines of at most `width` signs, with the highest and lowest value and the days.

    A column has the last value until its end. Without `blocks`, for encodings that lack them, it is of "#".
    Empty for fewer than two points, and for an equity that is not finite.
    """
    if len(timestamp) < 2 or not np.isfinite(equity).all() or timestamp[0] == timestamp[-1]:
        return []
    high, low = float(equity.max()), float(equity.min())
    labels = [format_metric(high), format_metric(low)]
    columns = max(width - 2 - 1 - max(map(len, labels)), 10)
    ends = np.linspace(float(timestamp[0]), float(timestamp[-1]), columns + 1)[1:]
    places = np.searchsorted(timestamp, ends.astype(np.int64), "right") - 1
    places[-1] = len(equity) - 1
    share = (equity[places] - low) / (high - low) if high > low else np.full(columns, 0.5)
    heights = 1 + np.rint(share * (ROWS * STEPS - 1)).astype(np.int64)  # the lowest value is visible too
    lines = []
    for row in reversed(range(ROWS)):
        filled = np.clip(heights - row * STEPS, 0, STEPS)
        signs = [BLOCKS[n] if blocks else "#" if 2 * n >= STEPS or (n and not row) else " " for n in filled]
        label = {ROWS - 1: labels[0], 0: labels[1]}.get(row, "")
        lines.append(f"  {''.join(signs)} {label}".rstrip())
    first, last = (str(np.datetime64(int(time), "ns"))[:10] for time in timestamp[[0, -1]])
    return [*lines, f"  {first}{last:>{columns - len(first)}}"]
