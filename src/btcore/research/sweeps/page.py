"""The page of a sweep, and what a notebook shows of it."""

from html import escape
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from btcore.pictures import html_table, line_picture, shown
from btcore.results.drawing import Drawing, boxed
from btcore.results.pages import Page, page, section
from btcore.results.summary import format_metric

from .axes import Axis, cell_text, metric_text, share_text
from .odds_lines import TITLE, odds_lines

if TYPE_CHECKING:
    from .sweep_result import SweepResult

BEST = 20  # rows of the page
HEAD = 5  # rows of a notebook
REFUSED = 20
MOST_MAPS = 6  # pairs of parameters that are drawn
SHOWN = ("sharpe_ratio", "total_return", "max_drawdown", "win_rate", "total_trades")


def sweep_page(sweep: "SweepResult", metric: str, *, highest: bool) -> Page:
    """The page."""
    axes = sweep.axes
    title = f"Sweep of {', '.join(axes) or 'one parameter set'}"
    refused = f" · {len(sweep.refused):,} sets refused" if sweep.refused else ""
    direction = "highest" if highest else "lowest"
    pairs = list(combinations(axes, 2))
    drawn: list[Drawing] = []
    is_known = not np.isnan(sweep.metrics[metric]).all()
    if is_known:
        drawn = [sweep.heat_map(x, y, metric, highest=highest) for x, y in pairs[:MOST_MAPS]]
        drawn += [sweep.parallel(metric, highest=highest)] if axes else []
    maps = "".join(map(boxed, drawn))
    cut = f" The first {MOST_MAPS} of {len(pairs)} pairs are drawn." if len(pairs) > MOST_MAPS else ""
    over = " A cell is the median over the other parameters." if len(axes) > 2 else ""
    fixed = {name: column[0] for name, column in sweep.params.items() if name not in axes}
    same = ", ".join(f"{name}={cell_text(value)}" for name, value in fixed.items())
    return page(
        title,
        "".join(
            [
                f"<h1>{escape(title)}</h1>",
                f'<div class="soft">{len(sweep):,} runs{refused} · {direction} {metric} is best'
                f"{escape(same and ' · ' + same)}</div>",
                f'<h2>{metric} by parameters</h2><p class="soft">The best cell is framed.{over}{cut}</p>'
                if drawn
                else "",
                "" if is_known else f"<p>{metric} is undefined in every run.</p>",
                f'<div class="charts">{maps}</div>',
                _best(sweep, metric, axes, highest=highest),
                _odds(sweep),
                section(
                    "Refused parameter sets",
                    ["parameters", "reason"],
                    [
                        [escape(", ".join(f"{n}={v}" for n, v in each.params.items())), escape(each.reason)]
                        for each in sweep.refused[:REFUSED]
                    ],
                ),
            ]
        ),
    )


def _best(sweep: "SweepResult", metric: str, axes: dict[str, Axis], *, highest: bool) -> str:
    """The best rows, each with what the rows beside it have; the first rows if none has the metric."""
    is_known = ~np.isnan(sweep.metrics[metric])
    order = sweep.order(metric, highest)
    best = (order[is_known[order]] if is_known.any() else order)[:BEST].tolist()
    names = list(dict.fromkeys((metric, *SHOWN)))
    heads = [
        *map(escape, axes),
        *names,
        "runs beside it",
        "their median",
        "their worst",
        "share better than the median of all",
    ]
    rows = []
    for row in best:
        run, beside = sweep[row], sweep.neighbourhood(row, metric, highest)
        rows.append(
            [
                *(escape(cell_text(run.params[name])) for name in axes),
                *(format_metric(run.metrics[name]) for name in names),
                f"{len(beside.rows)}",
                metric_text(beside.median),
                metric_text(beside.worst),
                share_text(beside.share_better),
            ]
        )
    which = "Best" if is_known.any() else "First"
    return section(f"{which} {len(rows)} of {len(sweep):,} runs, and their neighbourhoods", heads, rows)


def _odds(sweep: "SweepResult") -> str:
    """The odds of the best run by the first goal; "" for a single run."""
    lines, goal = odds_lines(sweep), sweep.goals[0]
    if not lines:
        return ""
    which = "highest" if goal.highest else "lowest"
    about = f"The best is the run with the {which} {goal.metric}."
    return f'<h2>{TITLE}</h2><p class="soft">{about}</p>{_list(lines)}'


def _list(lines: list[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>" if lines else ""


def sweep_html(sweep: "SweepResult") -> str:
    """The line of text, a picture of sharpe_ratio over what varies, the best rows, and the odds."""
    metric, axes = SHOWN[0], sweep.axes
    column = sweep.metrics[metric].astype(np.float64)
    if np.isnan(column).all() or not axes:
        return shown(repr(sweep), "", {}, 0)
    if len(axes) == 1:
        (axis,) = axes.values()
        order = np.argsort(axis.codes, kind="stable")
        picture = line_picture(axis.codes[order].astype(np.float64), column[order])
    else:
        drawn = sweep.heat_map() if len(axes) == 2 else sweep.parallel()
        picture = f'<div style="max-width:640px">{drawn.svg}</div>'
    rows = [
        [*(cell_text(run.params[name]) for name in axes), *(format_metric(run.metrics[n]) for n in SHOWN)]
        for run in sweep.best(metric, n=min(HEAD, len(sweep)))
    ]
    return shown(repr(sweep), picture, {}, 0) + html_table([*axes, *SHOWN], rows) + _list(odds_lines(sweep))
