"""Bars, histogram, lines and scatter as inline SVG."""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

import numpy as np

from btcore.results.tables import Table

from .axes import decimate, time_ticks, value_labels, value_ticks
from .words import exact

WIDTH, HEIGHT = 460, 236
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 14, 36
POINTS = 600  # of a line that are drawn
MARKS = 1500  # of a scatter that are drawn


class Mark(NamedTuple):
    """A vertical line with a text: `of` and `key` say which value of the result it is."""

    text: str
    at: float
    of: str
    key: str


class Scale(NamedTuple):
    """A range of values across so many units of the drawing, from `start`; `length` may be negative."""

    low: float
    high: float
    start: float
    length: float

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * self.length


def bar(value: float, low: float, high: float) -> str:
    """A horizontal bar from 0 to a value, in a cell that spans `low` to `high`; empty for NaN."""
    if not np.isfinite(value):
        return ""
    across = Scale(min(low, 0.0), max(high, 0.0) if high > 0.0 or low < 0.0 else 1.0, 0.0, 100.0)
    zero, end = across(0.0), across(value)
    colour = "up" if value > 0 else "down"
    return (
        '<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="{colour}" x="{min(zero, end):.3f}" width="{abs(end - zero):.3f}" height="10"/>'
        f'<path class="zero" d="M{zero:.3f} 0V10"/></svg>'
    )


def histogram(values: Table, marks: Sequence[Mark], title: str, unit: str) -> str:
    """The number of values within steps of a round width, with marks; the values are finite."""
    low, high = float(values.min()), float(values.max())
    pad = 0.0 if high > low else max(abs(low) * 0.05, 0.5)
    ticks = value_ticks(low - pad, high + pad, 36)
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 2 * pad or 1.0
    first, last = np.floor((low - pad) / step), np.ceil((high + pad) / step)
    edges = step * np.arange(first, last + 1.5)
    counts, _ = np.histogram(values, edges)
    x = _across(float(edges[0]), float(edges[-1]))
    y = _up(0.0, float(counts.max()) * 1.16)
    bars = []
    for begin, end, count in zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True):
        if count:
            left, right, top = x(begin), x(end), y(count)
            bars.append(
                f'<rect class="{"up" if begin + end > 0 else "down"}" data-low="{exact(begin)}" '
                f'data-high="{exact(end)}" data-count="{count}" x="{left + 0.5:.2f}" y="{top:.2f}" '
                f'width="{max(right - left - 1, 0.5):.2f}" height="{y(0.0) - top:.2f}">'
                f"<title>{begin:.6g} to {end:.6g} {unit}: {count:,}</title></rect>"
            )
    bars += [_marked(mark, x(mark.at), row) for row, mark in enumerate(marks)]
    grid = _grid(x, y, _value_marks(x, 6), _value_marks(y, 4), unit)
    return _svg(title, grid + "".join(bars))


def _marked(mark: Mark, at: float, row: int) -> str:
    """The line of a mark with its text: the first at its right, others at its left, where there is room."""
    is_right = at < WIDTH * (0.3 if row else 0.7)
    anchor, dx = ("start", 4) if is_right else ("end", -4)
    return (
        f'<path class="mark" d="M{at:.2f} {TOP}V{HEIGHT - BOTTOM}"/>'
        f'<text class="bt-tick" x="{at + dx:.2f}" y="{TOP + 10 + 13 * row}" text-anchor="{anchor}" '
        f'data-of="{mark.of}" data-key="{mark.key}" data-value="{exact(mark.at)}">{escape(mark.text)}</text>'
    )


def lines(time: Table, values: Table, title: str, unit: str, base: float = 0.0) -> str:
    """Values over time as a line, broken where they are not finite; "" if none are."""
    known = np.isfinite(values)
    if not known.any():
        return ""
    low, high = _padded(min(float(values[known].min()), base), max(float(values[known].max()), base))
    start, end = int(time[0]), max(int(time[-1]), int(time[0]) + 1)
    x, y = _across(0.0, float(end - start)), _up(low, high)
    pieces, pen = [], "M"
    keep = np.union1d(decimate(values, POINTS), np.flatnonzero(np.diff(known)))
    for row in keep.tolist():
        if known[row]:
            pieces.append(f"{pen}{x(int(time[row]) - start):.2f} {y(float(values[row])):.2f}")
            pen = "L"
        else:
            pen = "M"
    marks = [(x(at - start), text) for at, text in time_ticks(start, end, 5)]
    grid = _grid(x, y, marks, _value_marks(y, 5), unit)
    zero = f'<path class="bt-base" d="M{LEFT} {y(base):.2f}H{WIDTH - RIGHT}"/>'
    curve = f'<path class="bt-curve bt-blue" d="{"".join(pieces)}"/>'
    return _svg(title, grid + zero + curve)


def places(time: Table, keep: Table) -> Table:
    """Where `lines` draws the times of some rows, as fractions of the width of the drawing."""
    across = (time[keep] - time[0]) / max(int(time[-1] - time[0]), 1)
    drawn: Table = (LEFT + across * (WIDTH - LEFT - RIGHT)) / WIDTH
    return drawn


def scatter(x_values: Table, y_values: Table, *, gains: Table, rows: Table, title: str, unit: str) -> str:
    """Points of some rows: a disc where `gains` is above zero, else a cross. All values are finite."""
    chosen = [float(v) for v in x_values[rows]], [float(v) for v in y_values[rows]]
    x = _across(*_padded(min(*chosen[0], 0.0), max(*chosen[0], 0.0)))
    y = _up(*_padded(min(*chosen[1], 0.0), max(*chosen[1], 0.0)))
    points = []
    for row, across, up, gain in zip(rows.tolist(), *chosen, gains[rows].tolist(), strict=True):
        a, b = x(across), y(up)
        shape = (
            f'<circle class="up" data-row="{row}" cx="{a:.2f}" cy="{b:.2f}" r="3">'
            if gain > 0
            else f'<path class="down" data-row="{row}" d="M{a - 3:.2f} {b - 3:.2f}l6 6m0-6l-6 6">'
        )
        end = "circle" if gain > 0 else "path"
        points.append(f"{shape}<title>MAE {across:,.2f}, MFE {up:,.2f}, profit {gain:,.2f}</title></{end}>")
    grid = _grid(x, y, _value_marks(x, 5), _value_marks(y, 5), unit)
    return _svg(title, f'{grid}<g class="points">{"".join(points)}</g>')


def _padded(low: float, high: float) -> tuple[float, float]:
    room = (high - low) * 0.05 or max(abs(low) * 0.05, 0.5)
    return low - (room if low < 0 or low == high else 0.0), high + room


def _across(low: float, high: float) -> Scale:
    return Scale(low, high, LEFT, WIDTH - LEFT - RIGHT)


def _up(low: float, high: float) -> Scale:
    return Scale(low, high, HEIGHT - BOTTOM, TOP + BOTTOM - HEIGHT)


def _value_marks(scale: Scale, about: int) -> list[tuple[float, str]]:
    ticks = value_ticks(scale.low, scale.high, about)
    return [(scale(tick), text) for tick, text in zip(ticks, value_labels(ticks), strict=True)]


def _grid(
    x: Scale, y: Scale, across: Sequence[tuple[float, str]], up: Sequence[tuple[float, str]], unit: str
) -> str:
    foot, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    parts = [f'<path class="bt-grid" d="M{LEFT} {at:.1f}H{right}"/>' for at, _ in up]
    parts += [
        f'<text class="bt-tick" x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{text}</text>'
        for at, text in up
    ]
    parts += [f'<path class="bt-grid" d="M{at:.1f} {TOP}V{foot}"/>' for at, _ in across]
    parts += [
        f'<text class="bt-tick" x="{at:.1f}" y="{foot + 14}" text-anchor="middle">{text}</text>'
        for at, text in across
    ]
    parts.append(
        f'<text class="bt-tick" x="{right}" y="{HEIGHT - 4}" text-anchor="end">{escape(unit)}</text>'
    )
    return "".join(parts)


def _svg(title: str, content: str) -> str:
    return (
        f'<svg class="small" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"{content}</svg>"
    )
