"""What `btcore run` prints: the curve, the metrics in groups, and the first lines of the log."""

import sys
from typing import TYPE_CHECKING

from .small_curve import small_curve
from .terminal import has_blocks, has_colour, painted, width_of_terminal

if TYPE_CHECKING:
    from btcore.results.result import Result

LOG_LINES = 20  # of the log that are printed; --json has all


def run_table(result: "Result", source: str) -> str:
    """Strategy, period and data, the curve, the metrics in groups, and the first lines of the log."""
    from btcore.results.heading import heading
    from btcore.results.metric_kinds import GROUPS, MAIN, PERCENT
    from btcore.results.report.bounds import BOUNDS_TITLE
    from btcore.results.summary import format_metric

    colour = has_colour(sys.stdout)
    title, span = heading(result)
    lines = [painted(title, "bold", colour=colour), span, f"data: {source}"]
    curve = result.columns()
    drawn = small_curve(
        curve["timestamp"], curve["equity"], width_of_terminal(), blocks=has_blocks(sys.stdout)
    )
    look = "green" if curve["equity"][-1] >= curve["equity"][0] else "red"
    lines += ["", *(painted(line, look, colour=colour) for line in drawn)] if drawn else []
    for group, names in GROUPS.items():
        lines += ["", painted(group, "bold", colour=colour)]
        for name in names:
            value = result.metrics.get(name)
            unit = " %" if name in PERCENT and value is not None else ""
            lines.append(f"  {name:<30}{format_metric(value):>20}{unit}")
    if result.bounds is not None:
        lines += ["", f"{BOUNDS_TITLE} ({result.bounds.ambiguous_bars:,} ambiguous)"]
        lines.append(f"  {'':<30}{'pessimistic':>20}{'optimistic':>20}")
        for name in MAIN:
            low, high = result.bounds.pessimistic[name], result.bounds.optimistic[name]
            lines.append(f"  {name:<30}{format_metric(low):>20}{format_metric(high):>20}")
    if result.logs:
        lines += [
            "",
            painted("Log", "bold", colour=colour),
            *(f"  {line}" for line in result.logs[:LOG_LINES]),
        ]
        if len(result.logs) > LOG_LINES:
            lines.append(f"  and {len(result.logs) - LOG_LINES:,} more lines, all of them in --json")
    return "\n".join(lines)
