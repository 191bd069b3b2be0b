"""A ladder as texts: the rows of its tables, and all of it for a terminal."""

from typing import TYPE_CHECKING

import numpy as np

from btcore.pictures import text_table
from btcore.results.summary import format_metric

from .steps import FIGURES, Step, Stress

if TYPE_CHECKING:
    from .ladder_result import Ladder

HEADS = ("total %", "annual %", "Sharpe", "drawdown %", "fills", "final equity", "change", "points")
BAND_HEADS = ("as run", "5 %", "25 %", "50 %", "75 %", "95 %")
BAND_NAMES = {
    "total_return": "total %",
    "sharpe_ratio": "Sharpe",
    "max_drawdown": "drawdown %",
    "final_equity": "final equity",
}


def ladder_text(ladder: "Ladder") -> str:
    """The steps, what each adds, those that are not climbed, and the stresses."""
    title, span = ladder.title
    rows = step_rows(ladder)
    lines = [f"Ladder of {title}", span, ""]
    lines += [text_table([["step", *HEADS], *([words, *cells] for words, _, *cells in rows)], words=1), ""]
    lines += [f"{words}: {settings}" for words, settings, *_ in rows]
    lines += [f"not climbed: {step.words}: {step.reason}" for step in ladder.steps if step.reason]
    lines += ["", "Stresses of the last step"]
    lines += [text_table([["stress", *HEADS], *stress_rows(ladder)], words=1)]
    for stress in ladder.stresses:
        lines += ["", f"{stress.name}: {stress.reason or stress.words}"]
        lines += [text_table(band_rows(stress), words=1)] if stress.bands else []
    return "\n".join(lines)


def shown_steps(ladder: "Ladder") -> tuple[Step, ...]:
    """The steps that are climbed, and the caller's own settings if anything is assumed."""
    return (*ladder.climbed, ladder.given) if ladder.assumed else ladder.climbed


def step_rows(ladder: "Ladder") -> list[list[str]]:
    """Words, settings and figures of these steps."""
    return [[s.words, _settings(s), *figures(s), *change_texts(s)] for s in shown_steps(ladder)]


def stress_rows(ladder: "Ladder") -> list[list[str]]:
    """Name and figures of the last step, and of the stresses that are runs."""
    changed = [stress for stress in ladder.stresses if stress.metrics is not None]
    return [
        ["last step", *figures(ladder.climbed[-1]), "", ""],
        *([stress.name, *figures(stress), *change_texts(stress)] for stress in changed),
    ]


def _settings(step: Step) -> str:
    return f"{step.settings} (assumed: {step.assumed})" if step.assumed else step.settings


def figures(row: Step | Stress) -> list[str]:
    """The figures of a row."""
    metrics = row.metrics or {}
    return [format_metric(metrics.get(name)) for name in FIGURES]


def change_texts(row: Step | Stress) -> list[str]:
    """What a row changes, in money and in percentage points; empty texts for the first."""
    return ["" if each is None else f"{each:+z,.2f}" for each in (row.change, row.change_return)]


def band_rows(stress: Stress) -> list[list[str]]:
    """The bands of a stress, below their heads."""
    rows = [["figure", *BAND_HEADS]]
    for each in stress.bands:
        values = (None if np.isnan(value) else value for value in each[1:])
        rows.append([BAND_NAMES[each.metric], *map(format_metric, values)])
    return rows
