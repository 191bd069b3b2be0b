"""Rolling Sharpe ratio and volatility, and the deepest drawdowns."""

import json
from typing import Any

import numpy as np

from btcore.results.export import rfc3339
from btcore.results.tables import Table

from .axes import decimate
from .parts import box, nothing, records, section
from .small_charts import POINTS, lines, places

DEEPEST = 10  # drawdowns that are shown
WINDOW = 63  # periods, a quarter of a year of exchange days
FEWEST = 8  # periods, below which a rolling figure says nothing


def window_of(periods: int) -> int:
    """The window of the rolling figures of a run with so many periods; 0 if there are too few."""
    return min(WINDOW, periods // 4) if periods >= FEWEST else 0


def rolling_section(table: Table | None, window: int, period: str) -> str:
    """Sharpe ratio and volatility of the last periods over time; `table` is None with too few periods."""
    if table is None:
        why = f"The run has fewer than {FEWEST} periods, so nothing is shown over time."
        return section("Risk over time", nothing("Rolling Sharpe ratio and volatility", why))
    note = f"of the last {window} {period}s"
    boxes = []
    for name, title, unit in (
        ("sharpe_ratio", "Rolling Sharpe ratio", ""),
        ("volatility", "Rolling volatility", "%"),
    ):
        drawn = lines(
            table["timestamp"], table[name], f"{title} {note}", f"{unit and unit + ', '}time in UTC"
        )
        if drawn:
            boxes.append(box(title, _hover(drawn, table, name, title, unit), note, "figure"))
        else:
            boxes.append(nothing(title, f"It is undefined in every window ({note})."))
    return section("Risk over time", *boxes)


def _hover(svg: str, table: Table, name: str, title: str, unit: str) -> str:
    keep = decimate(table[name], POINTS)
    keep = keep[np.isfinite(table[name][keep])]
    points = points_json(
        places(table["timestamp"], keep),
        table["timestamp"][keep],
        [(title.removeprefix("Rolling "), unit, table[name][keep])],
    )
    return f'<div class="hover" data-of="rolling" data-col="{name}">{svg}{points}</div>'


def points_json(place: Table, time: Table, values: list[tuple[str, str, Table]]) -> str:
    """The points that the tooltip of a chart shows: fractions of the width, times, names, units, values."""
    columns: dict[str, Any] = {
        "x": np.round(place, 5).tolist(),
        "t": rfc3339(np.ascontiguousarray(time)),
        "v": [
            [name, unit, [each if np.isfinite(each) else None for each in column.tolist()]]
            for name, unit, column in values
        ],
    }
    text = json.dumps(columns, separators=(",", ":"), allow_nan=False)
    return (
        '<div class="rule"></div><div class="tip"></div>'
        f'<script type="application/json" class="points">{text}</script>'
    )


def drawdowns_section(table: Table) -> str:
    """The deepest drawdowns, the deepest first."""
    if not len(table):
        return section("Drawdowns", nothing("Deepest drawdowns", "The curve is never below an earlier high."))
    chosen = np.argsort(-table["depth"], kind="stable")[:DEEPEST]
    count = f"the {DEEPEST} deepest of {len(table):,}" if len(table) > DEEPEST else f"all {len(table)}"
    count += "; times are UTC; without a recovery: not yet"
    names = ("peak", "trough", "recovery", "depth", "days", "periods")
    return section(
        "Drawdowns", box("Deepest drawdowns", records("drawdowns", table, names, rows=chosen), count)
    )
