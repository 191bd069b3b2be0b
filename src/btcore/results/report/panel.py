"""The panels of the SVG chart: a curve over its base, and prices with their fills."""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

import numpy as np

from btcore.results.charts.events import Fills
from btcore.results.charts.market import UNITS, Prices, at_most
from btcore.results.tables import Table

from .axes import decimate, value_labels, value_ticks

POINTS = 2000  # drawn per curve, and of prices, at most
MARKS = 1000  # fills drawn at most
PRICE_STYLE = """
.bt{--buy:#1d4ed8;--sell:#b45309}
@media screen and (prefers-color-scheme:dark){.bt{--buy:#7db0ff;--sell:#ffb454}}
.bt-range{stroke:var(--soft);fill:none;opacity:.55}.bt-close{stroke:var(--ink);fill:none;stroke-width:1;
stroke-linejoin:round}.bt-buy{fill:var(--buy)}.bt-sell{fill:var(--sell)}
.bt-buy,.bt-sell{stroke:var(--paper);stroke-width:.8}
"""


class Area(NamedTuple):
    """Where a panel is drawn, and the places of the vertical lines of its grid, in units of the drawing."""

    left: float
    right: float
    top: int
    height: int
    verticals: list[float]


@dataclass(frozen=True)
class Panel:
    name: str
    colour: str
    values: Table
    base: float
    height: int
    other: Table | None = None  # a second line, of the benchmark
    steps: bool = False  # whether a value holds until the next


def _frame(name: str, low: float, high: float, area: Area) -> tuple[list[str], Callable[[float], float]]:
    """The title, grid and labels of a panel, and the function from values to places."""
    foot, scale = area.top + area.height, area.height / (high - low)

    def down(value: float) -> float:
        return foot - (value - low) * scale

    parts = [f'<text class="bt-name" x="{area.left}" y="{area.top - 9}">{escape(name)}</text>']
    ticks = value_ticks(low, high, max(area.height // 36, 3))
    for tick, text in zip(ticks, value_labels(ticks), strict=True):
        y = down(tick)
        parts.append(f'<path class="bt-grid" d="M{area.left} {y:.1f}H{area.right}"/>')
        parts.append(
            f'<text class="bt-tick" x="{area.left - 10}" y="{y + 4:.1f}" text-anchor="end">{text}</text>'
        )
    parts += [f'<path class="bt-grid" d="M{place:.1f} {area.top}V{foot}"/>' for place in area.verticals]
    return parts, down


def curve_panel(panel: Panel, x: Table, area: Area) -> str:
    """A curve, filled down to its base, with its second line; `x` are the places of its points."""
    lines = panel.values if panel.other is None else np.concatenate([panel.values, panel.other])
    known = lines[np.isfinite(lines)]
    low = min(float(known.min()) if len(known) else panel.base, panel.base)
    high = max(float(known.max()) if len(known) else panel.base, panel.base)
    room = (high - low) * 0.05 or max(abs(low) * 0.01, 0.5)
    low, high = (low - room if low < panel.base else low), (high + room if high > panel.base else high)
    if low == high:
        low, high = low - room, high + room
    parts, down = _frame(panel.name, low, high, area)
    if panel.other is not None:
        rows = decimate(panel.other, POINTS)
        pairs = zip(x[rows].tolist(), panel.other[rows].tolist(), strict=True)
        path = "L".join(f"{a:.1f} {down(b):.1f}" for a, b in pairs)
        parts.append(f'<path class="bt-other" d="M{path}"/>')
    base = down(panel.base)
    parts.append(f'<path class="bt-base" d="M{area.left} {base:.1f}H{area.right}"/>')
    keep = decimate(panel.values, POINTS)
    keep = keep[np.isfinite(panel.values[keep])]
    if len(keep):
        across, values = x[keep].tolist(), [down(value) for value in panel.values[keep].tolist()]
        if panel.steps:
            path = "".join(f"H{a:.1f}V{b:.1f}" for a, b in zip(across[1:], values[1:], strict=True))
            line = f"M{across[0]:.1f} {values[0]:.1f}{path}"
        else:
            line = "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(across, values, strict=True))
        area_path = f"{line}L{x[keep[-1]]:.1f} {base:.1f}L{x[keep[0]]:.1f} {base:.1f}Z"
        parts.append(f'<path class="bt-area bt-{panel.colour}" d="{area_path}"/>')
        parts.append(f'<path class="bt-curve bt-{panel.colour}" d="{line}"/>')
    return f"<g>{''.join(parts)}</g>"


def price_panel(prices: Prices, fills: Fills, place: Callable[[Table], Table], area: Area) -> str:
    """The ranges and closes of prices in steps, a triangle for each fill; `place` gives places of times."""
    drawn = at_most(prices, POINTS)
    keep = (
        np.arange(min(len(fills.time), MARKS))
        * max(len(fills.time), 1)
        // max(min(len(fills.time), MARKS), 1)
    )
    each = f", each range {drawn.step:,} {UNITS[prices.kind]}s" if drawn.step > 1 else ""
    few = f", {len(keep):,} of {len(fills.time):,} fills" if len(keep) < len(fills.time) else ""
    low = min([float(drawn.low.min()), *fills.price[keep].tolist()])
    high = max([float(drawn.high.max()), *fills.price[keep].tolist()])
    room = (high - low) * 0.05 or max(abs(low) * 0.01, 0.5)
    parts, down = _frame(f"{prices.symbol}{each}{few}", low - room, high + room, area)
    middle = place(drawn.start + (drawn.end - drawn.start) // 2).tolist()
    lows, highs = drawn.low.tolist(), drawn.high.tolist()
    ranges = "".join(
        f"M{x:.1f} {down(a):.1f}V{down(b):.1f}" for x, a, b in zip(middle, lows, highs, strict=True)
    )
    closes = "L".join(
        f"{x:.1f} {down(y):.1f}" for x, y in zip(place(drawn.end).tolist(), drawn.close.tolist(), strict=True)
    )
    parts.append(f'<path class="bt-range" d="{ranges}"/><path class="bt-close" d="M{closes}"/>')
    for side, shape in (("buy", "l-4.5 8h9z"), ("sell", "l-4.5-8h9z")):
        rows = keep[fills.side[keep] == side]
        at = zip(place(fills.time[rows]).tolist(), fills.price[rows].tolist(), strict=True)
        path = "".join(f"M{x:.1f} {down(y):.1f}{shape}" for x, y in at)
        if path:
            parts.append(f'<path class="bt-{side}" d="{path}"/>')
    return f"<g>{''.join(parts)}</g>"
