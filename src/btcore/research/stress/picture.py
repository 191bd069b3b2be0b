"""The picture of a ladder: a bar for the final equity of each step, and what each step takes from it."""

from html import escape
from typing import TYPE_CHECKING

from btcore.results.drawing import Drawing, framed, label

from .steps import Step, number
from .texts import change_texts, shown_steps

if TYPE_CHECKING:
    from .ladder_result import Ladder

WIDTH, LEFT, RIGHT, TOP, POINTS = 840, 230, 230, 46, 74
ROW, BAR = 34, 18


def ladder_picture(ladder: "Ladder") -> Drawing:
    """A row for each step that is climbed: total return from 0, the part that the step changes in colour."""
    steps = shown_steps(ladder)
    values = [number((step.metrics or {}).get("total_return")) for step in steps]
    low, high = min(0.0, *values), max(0.0, *values)
    scale = (WIDTH - LEFT - RIGHT) / (high - low or 1.0)

    def at(value: float) -> float:
        return LEFT + (value - low) * scale

    title = "total return by step, percent"
    foot = TOP + ROW * len(steps)
    parts = [label(14, 22, title, style="bp-name"), label(WIDTH - 14, 22, "change: money, points", "end")]
    for i, (step, value) in enumerate(zip(steps, values, strict=True)):
        top = TOP + ROW * i
        before = value if i == 0 else values[i - 1]
        parts.append(label(14, top + BAR - 4, step.words))
        parts.append(
            _bar(at(min(0.0, value)), at(max(0.0, value)), top, 'fill="var(--c0)" opacity="0.35"', step)
        )
        if value != before:
            look = "var(--up)" if value > before else "var(--down)"
            parts.append(_bar(at(min(before, value)), at(max(before, value)), top, f'fill="{look}"', step))
        parts.append(label(WIDTH - RIGHT + 60, top + BAR - 4, f"{value:z,.2f}", "end"))
        for right, text in zip((WIDTH - POINTS, WIDTH - 14), change_texts(step), strict=True):
            parts.append(label(right, top + BAR - 4, text, "end"))
    parts.append(f'<path class="bp-base" d="M{at(0.0):.1f} {TOP - 6}V{foot - 8}"/>')
    return framed("".join(parts), WIDTH, foot + 4, title)


def _bar(left: float, right: float, top: float, look: str, step: Step) -> str:
    what = escape(f"{step.words}: {step.assumed or step.settings}")
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{max(right - left, 0.8):.1f}" height="{BAR}" {look}>'
        f"<title>{what}</title></rect>"
    )
