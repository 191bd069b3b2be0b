"""The page of a ladder, and what a notebook shows of it."""

from html import escape
from typing import TYPE_CHECKING

from btcore.pictures import html_table, shown
from btcore.results.drawing import boxed
from btcore.results.pages import Page, page, section

from .picture import ladder_picture
from .texts import HEADS, band_rows, step_rows, stress_rows

if TYPE_CHECKING:
    from .ladder_result import Ladder

STEP_HEADS = ["step", "what it adds", *HEADS]
ABOUT = (
    "Each step plays the strategy again with one more cost or limit. The change is that of its final "
    "equity, in money, and of its total return, in percentage points, to the step before."
)


def ladder_page(ladder: "Ladder") -> Page:
    """The page."""
    title, span = ladder.title
    rows, stresses = step_rows(ladder), stress_rows(ladder)
    left = [[escape(step.words), escape(step.reason)] for step in ladder.steps if step.reason]
    idle = [[escape(s.name), escape(s.reason)] for s in ladder.stresses if s.reason]
    drawn = [[escape(s.name), escape(s.words)] for s in ladder.stresses if s.metrics]
    parts = [
        f"<h1>Ladder of {escape(title)}</h1>",
        f'<div class="soft">{escape(span)}</div>',
        f"<h2>What each step costs</h2><p>{ABOUT}</p>",
        f'<div class="charts">{boxed(ladder_picture(ladder))}</div>',
        section("Steps", STEP_HEADS, _escaped(rows)),
        section("Steps that are not climbed", ["step", "reason"], left),
        section("Stresses of the last step", ["stress", *HEADS], _escaped(stresses)),
        section("What the stresses change", ["stress", "change"], drawn),
    ]
    for stress in ladder.stresses:
        if stress.bands:
            band_heads, *bands = band_rows(stress)
            parts.append(section(f"{stress.name.capitalize()}: {stress.words}", band_heads, _escaped(bands)))
    parts.append(section("Stresses that do not apply", ["stress", "reason"], idle))
    return page(f"Ladder of {title}", "".join(parts))


def _escaped(rows: list[list[str]]) -> list[list[str]]:
    return [[escape(cell) for cell in row] for row in rows]


def ladder_html(ladder: "Ladder") -> str:
    """The title, the picture and the steps, and the stresses behind a fold."""
    left = "".join(
        f"<div>not climbed: {escape(step.words)}: {escape(step.reason)}</div>"
        for step in ladder.steps
        if step.reason
    )
    inside = html_table(["stress", *HEADS], stress_rows(ladder))
    for stress in ladder.stresses:
        inside += f"<div>{escape(stress.name)}: {escape(stress.reason or stress.words)}</div>"
        if stress.bands:
            band_heads, *bands = band_rows(stress)
            inside += html_table(band_heads, bands)
    picture = f'<div style="max-width:820px">{ladder_picture(ladder).svg}</div>'
    title = " · ".join(("Ladder of " + ladder.title[0], ladder.title[1]))
    return (
        shown(title, picture, {}, 0)
        + html_table(STEP_HEADS, step_rows(ladder))
        + left
        + f"<details><summary>Stresses of the last step</summary>{inside}</details>"
    )
