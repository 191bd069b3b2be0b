"""Lines of several runs over time on one axis."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.results.drawing import Drawing, framed, label
from btcore.results.report.axes import decimate, time_ticks, value_labels, value_ticks

WIDTH, HEIGHT = 560, 300
LEFT, RIGHT, TOP, FOOT = 58, 14, 34, 28
POINTS = 800  # drawn of each line at most
DASHES = (
    "",
    "7 3",
    "2 2",
    "9 3 2 3",
    "4 4",
    "12 4",
)  # beside the colours, for those who cannot tell them apart


class Line(NamedTuple):
    """A line; `number` from 0 decides its colour."""

    number: int
    timestamp: NDArray[Any]
    values: NDArray[Any]


def line_style(number: int) -> str:
    """The colour and the dashes of a run, as attributes of SVG."""
    return f'style="stroke:var(--c{number})" stroke-dasharray="{DASHES[number]}"'


def line_chart(name: str, lines: Sequence[Line], base: float | None = None) -> Drawing | None:
    """The lines with axes, and a dashed one at `base`; None if fewer than two points can be drawn."""
    drawn = []
    for line in lines:
        kept = decimate(line.values, POINTS)
        kept = kept[np.isfinite(line.values[kept])]
        if len(kept):
            drawn.append(Line(line.number, line.timestamp[kept], line.values[kept]))
    if not drawn or max(len(line.values) for line in drawn) < 2:
        return None
    start = min(int(line.timestamp[0]) for line in drawn)
    end = max(start + 1, *(int(line.timestamp[-1]) for line in drawn))
    ends = [extreme for line in drawn for extreme in (float(line.values.min()), float(line.values.max()))]
    low, high = min([*ends, *([] if base is None else [base])]), max(ends)
    room = 0.04 * (high - low) or max(abs(low) * 0.01, 0.5)
    low, high = low - room, high + room
    across, foot = (WIDTH - LEFT - RIGHT) / (end - start), HEIGHT - FOOT
    scale = (foot - TOP) / (high - low)
    parts = [label(LEFT, 20, name, style="bp-name")]
    ticks = value_ticks(low, high, 5)
    for tick, text in zip(ticks, value_labels(ticks), strict=True):
        y = foot - (tick - low) * scale
        parts.append(f'<path class="bp-grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(label(LEFT - 8, y + 4, text, "end"))
    for moment, text in time_ticks(start, end, 4):
        x = LEFT + (moment - start) * across
        parts.append(f'<path class="bp-grid" d="M{x:.1f} {TOP}V{foot}"/>')
        parts.append(label(min(max(x, LEFT + 20), WIDTH - 44), HEIGHT - 9, text, "middle"))
    if base is not None:
        parts.append(f'<path class="bp-base" d="M{LEFT} {foot - (base - low) * scale:.1f}H{WIDTH - RIGHT}"/>')
    for line in drawn:
        places = LEFT + (line.timestamp - start) * across
        depths = foot - (line.values - low) * scale
        points = "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(places.tolist(), depths.tolist(), strict=True))
        parts.append(f'<path class="bp-line" {line_style(line.number)} d="M{points}"/>')
    return framed("".join(parts), WIDTH, HEIGHT, name)
