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

ABOUT = (
    "Each step plays the strategy again with one more cost or limit. The change is that of its final "
    "equity, in money, and of its total return, in percentage points, to the step before."
)


def ladder_page(ladder: "Ladder") -> Page:
    """The page."""
    title, span = ladder.title
    figures = [[words, *cells] for words, _, *cells in step_rows(ladder)]
    parts = [
        f"<h1>Ladder of {escape(title)}</h1>",
        f'<div class="soft">{escape(span)}</div>',
        f"<h2>What each step costs</h2><p>{ABOUT}</p>",
        f'<div class="charts">{boxed(ladder_picture(ladder))}</div>',
        section("Steps", ["step", *HEADS], _escaped(figures)),
        _listed("What each step adds", [(words, settings) for words, settings, *_ in step_rows(ladder)]),
        _listed("Steps that are not climbed", [(s.words, s.reason) for s in ladder.steps if s.reason]),
        section("Stresses of the last step", ["stress", *HEADS], _escaped(stress_rows(ladder))),
        _listed("", [(s.name, s.reason or s.words) for s in ladder.stresses if not s.bands]),
    ]
    for stress in ladder.stresses:
        if stress.bands:
            heads, *bands = band_rows(stress)
            parts.append(section(stress.name.capitalize(), heads, _escaped(bands)))
            parts.append(f'<p class="soft">{escape(stress.words)}</p>')
    return page(f"Ladder of {title}", "".join(parts))


def _listed(title: str, lines: list[tuple[str, str]]) -> str:
    """A heading and a list of names with their texts; empty without any."""
    if not lines:
        return ""
    items = "".join(f"<li><b>{escape(name)}</b>: {escape(text)}</li>" for name, text in lines)
    return f"{title and f'<h2>{escape(title)}</h2>'}<ul>{items}</ul>"


def _escaped(rows: list[list[str]]) -> list[list[str]]:
    return [[escape(cell) for cell in row] for row in rows]


def ladder_html(ladder: "Ladder") -> str:
    """The title, the picture and the steps, and what they add and the stresses behind folds."""
    rows = step_rows(ladder)
    added = [(words, settings) for words, settings, *_ in rows]
    added += [(f"not climbed: {step.words}", step.reason) for step in ladder.steps if step.reason]
    inside = html_table(["stress", *HEADS], stress_rows(ladder))
    for stress in ladder.stresses:
        inside += _listed("", [(stress.name, stress.reason or stress.words)])
        if stress.bands:
            heads, *bands = band_rows(stress)
            inside += html_table(heads, bands)
    picture = f'<div style="max-width:840px">{ladder_picture(ladder).svg}</div>'
    title = " · ".join(("Ladder of " + ladder.title[0], ladder.title[1]))
    return (
        shown(title, picture, {}, 0)
        + html_table(["step", *HEADS], [[words, *cells] for words, _, *cells in rows])
        + f"<details><summary>What each step adds</summary>{_listed('', added)}</details>"
        + f"<details><summary>Stresses of the last step</summary>{inside}</details>"
    )
