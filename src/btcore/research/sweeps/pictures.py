"""Pictures of a sweep: a heat map over two parameters, and parallel coordinates over all of them."""

from collections.abc import Callable, Sequence
from html import escape
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.results.drawing import Drawing, framed, label

from .axes import Axis, cell_text, metric_text

WIDTH, TOP, FOOT = 560, 44, 46
MOST_LINES = 400  # of parallel coordinates; more are taken evenly over the ranks
MOST_TEXTS = 160  # cells with numbers
MOST_TITLES = 4000  # cells that say what they are when they are pointed at
# From dark violet to yellow (viridis): the order is visible in grey, and without seeing red or green.
COLOURS = np.array([(68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37)], np.float64)


class Grid(NamedTuple):
    """The metric by the values of two parameters, shape (values of y, values of x); NaN without a run.

    best: row and column of the best cell; None if all are NaN.
    """

    x: Axis
    y: Axis
    cells: NDArray[np.float64]
    best: tuple[int, int] | None


def grid_of(x: Axis, y: Axis, metric: NDArray[np.float64], over: str, *, highest: bool) -> Grid:
    """The cells of a heat map: the median, highest or lowest metric of the runs with the two values."""
    cells = np.full((len(y.values), len(x.values)), np.nan)
    place = y.codes * len(x.values) + x.codes
    known = np.flatnonzero(~np.isnan(metric))
    order = known[np.argsort(place[known], kind="stable")]
    functions: dict[str, Callable[..., Any]] = {"median": np.median, "max": np.max, "min": np.min}
    starts = np.flatnonzero(np.diff(place[order], prepend=-1))
    for rows in np.split(order, starts[1:]) if len(order) else []:
        cells.flat[place[rows[0]]] = functions[over](metric[rows])
    if np.isnan(cells).all():
        return Grid(x, y, cells, None)
    at = int(np.nanargmax(cells if highest else -cells))
    return Grid(x, y, cells, (at // len(x.values), at % len(x.values)))


def heat_map(grid: Grid, title: str) -> Drawing:
    """A cell for each pair of values, coloured from the lowest to the highest; the best is framed."""
    x, y, cells = grid.x, grid.y, grid.cells
    left = 26 + 7 * max([*(len(cell_text(v)) for v in y.values), 4])
    wide = (WIDTH - left - 14) / len(x.values)
    tall = min(max(260 / len(y.values), 5.0), 34.0)
    foot = TOP + tall * len(y.values)
    low, high = _ends(cells)
    has_texts = cells.size <= MOST_TEXTS and wide >= 34 and tall >= 14
    parts = [label(left, 20, title, style="bp-name")]
    for i in range(len(y.values)):
        top = foot - (i + 1) * tall  # values of y ascend upwards
        for j in range(len(x.values)):
            value = float(cells[i, j])
            at = left + j * wide
            what = ""
            if cells.size <= MOST_TITLES:
                pair = f"{x.name}={cell_text(x.values[j])}, {y.name}={cell_text(y.values[i])}"
                what = f"{pair}: {metric_text(value)}"
            box = _box(at, top, wide, tall)
            if np.isnan(value):
                parts.append(f'<rect {box} class="bp-grid" stroke-dasharray="2 3">{_title(what)}</rect>')
                continue
            share = (value - low) / (high - low)
            parts.append(
                f'<rect {box} fill="{_colour(share)}" shape-rendering="crispEdges">{_title(what)}</rect>'
            )
            if has_texts:
                ink = "#000" if share > 0.5 else "#fff"
                parts.append(
                    f'<text x="{at + wide / 2:.1f}" y="{top + tall / 2 + 4:.1f}" text-anchor="middle" '
                    f'font-size="11" fill="{ink}" pointer-events="none">{metric_text(value)}</text>'
                )
    if grid.best is not None:
        i, j = grid.best
        box = _box(left + j * wide, foot - (i + 1) * tall, wide, tall)
        parts.append(f'<rect {box} class="bp-mark"/>')
    parts += _ticks(x, y, left=left, wide=wide, tall=tall, foot=foot)
    parts += _scale(low, high, foot + FOOT)
    return framed("".join(parts), WIDTH, round(foot + FOOT + 34), title)


def _box(left: float, top: float, wide: float, tall: float) -> str:
    return f'x="{left:.1f}" y="{top:.1f}" width="{wide:.2f}" height="{tall:.2f}"'


def _ticks(x: Axis, y: Axis, *, left: float, wide: float, tall: float, foot: float) -> list[str]:
    """Values beside rows and columns, as many as there is room for, and the names of both parameters."""
    longest = max(len(cell_text(value)) for value in x.values)
    every_x = max(1, int(np.ceil((8 + 7 * longest) / wide)))
    every_y = max(1, int(np.ceil(14 / tall)))
    parts = [
        label(left + (j + 0.5) * wide, foot + 16, cell_text(x.values[j]), "middle")
        for j in range(0, len(x.values), every_x)
    ]
    parts += [
        label(left - 8, foot - (i + 0.5) * tall + 4, cell_text(y.values[i]), "end")
        for i in range(0, len(y.values), every_y)
    ]
    parts.append(label(WIDTH - 14, foot + 34, x.name, "end"))
    parts.append(label(left - 8, TOP - 10, y.name, "start" if len(y.name) * 7 > left else "end"))
    return parts


def _scale(low: float, high: float, top: float) -> list[str]:
    """The colours with the lowest and the highest value."""
    steps = 40
    parts = [
        f'<rect x="{WIDTH / 2 - 80 + 4 * i}" y="{top}" width="4.5" height="9" '
        f'fill="{_colour(i / (steps - 1))}"/>'
        for i in range(steps)
    ]
    return [
        *parts,
        label(WIDTH / 2 - 88, top + 9, metric_text(low), "end"),
        label(WIDTH / 2 + 90, top + 9, metric_text(high)),
    ]


def parallel(axes: Sequence[Axis], metric: NDArray[np.float64], name: str, *, highest: bool) -> Drawing:
    """A vertical axis for each parameter and one for the metric, a line for each run; the best are on top."""
    known = np.flatnonzero(~np.isnan(metric))
    ranked = known[np.argsort(metric[known] if highest else -metric[known], kind="stable")]  # the worst first
    drawn = ranked[np.unique(np.linspace(0, len(ranked) - 1, min(len(ranked), MOST_LINES)).astype(np.int64))]
    low, high = _ends(metric)
    count = f"{len(drawn):,} of {len(metric):,} runs" if len(drawn) < len(metric) else f"{len(metric):,} runs"
    title = f"{name}, {count}"
    height, foot, left = 320, 276, 60
    across = (WIDTH - 2 * left) / len(axes)
    heights = [axis.codes / (len(axis.values) - 1) for axis in axes]
    heights.append(np.clip((metric - low) / (high - low), 0.0, 1.0))  # infinity is at an end
    parts = [label(14, 20, title, style="bp-name")]
    for rank, row in enumerate(drawn.tolist()):
        points = " ".join(
            f"{left + k * across:.1f},{foot - (foot - 60) * float(place[row]):.1f}"
            for k, place in enumerate(heights)
        )
        share = float(heights[-1][row])
        is_top = rank >= len(drawn) - max(len(drawn) // 20, 1)
        look = 'stroke-width="2.2"' if is_top else 'stroke-width="1" opacity="0.45"'
        parts.append(f'<polyline points="{points}" fill="none" stroke="{_colour(share)}" {look}/>')
    for k, axis in enumerate(axes):
        parts += _axis(left + k * across, axis, foot, k % 2)
    at = left + len(axes) * across
    parts.append(f'<path class="bp-base" d="M{at:.1f} 60V{foot}"/>')
    parts += [label(at, 50, metric_text(high), "middle"), label(at, foot + 18, metric_text(low), "middle")]
    parts.append(label(min(at, WIDTH - 8), foot + 36, name, "end" if len(axes) > 1 else "middle"))
    return framed("".join(parts), WIDTH, height, title)


def _axis(at: float, axis: Axis, foot: float, row: int) -> list[str]:
    n = len(axis.values)
    shown = range(0, n, max(1, -(-n // 8)))
    parts = [f'<path class="bp-base" d="M{at:.1f} 60V{foot}"/>']
    for i in shown:
        y = foot - (foot - 60) * i / (n - 1)
        parts.append(
            f'<text x="{at + 5:.1f}" y="{y + 4:.1f}" class="bp-tick" '
            f'style="paint-order:stroke;stroke:var(--paper);stroke-width:3px">{escape(cell_text(axis.values[i]))}</text>'
        )
    parts.append(label(at, foot + 18 + 15 * row, axis.name, "middle"))
    return parts


def _ends(values: NDArray[np.float64]) -> tuple[float, float]:
    """The lowest and the highest finite value, at least a little apart."""
    known = values[np.isfinite(values)]
    if not len(known):
        return 0.0, 1.0
    low, high = float(known.min()), float(known.max())
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _colour(share: float) -> str:
    place = min(max(share, 0.0), 1.0) * (len(COLOURS) - 1)
    i = min(int(place), len(COLOURS) - 2)
    red, green, blue = (COLOURS[i] + (place - i) * (COLOURS[i + 1] - COLOURS[i])).round().astype(int)
    return f"#{red:02x}{green:02x}{blue:02x}"


def _title(text: str) -> str:
    return f"<title>{escape(text)}</title>" if text else ""
