"""The page of a comparison."""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from btcore import metrics as formulas
from btcore.results.drawing import Drawing, boxed
from btcore.results.figures.calendar_returns import yearly
from btcore.results.pages import Page, page, section
from btcore.results.report.returns import MONTHS
from btcore.results.summary import format_metric
from btcore.times.clock import moment_text

from . import figures
from .chart import Line, line_chart, line_style

if TYPE_CHECKING:
    from .side_by_side import Comparison

MOST_DRAWN = 6  # runs of the picture; the tables have all


def charts(comparison: "Comparison") -> list[Drawing]:
    """Equity indexed to 100 at the common start, equity in money if the currency is one, and drawdowns."""
    results = comparison.results[:MOST_DRAWN]
    curves = [result.columns() for result in results]
    drawn = [
        line_chart(
            "Equity, 100 at the common start",
            [
                Line(i, *figures.indexed(result, comparison.first, comparison.last))
                for i, result in enumerate(results)
            ],
            100.0,
        )
    ]
    if len(set(comparison.currencies)) == 1:
        unit = comparison.currencies[0]
        drawn.append(
            line_chart(
                f"Equity{unit and ', ' + unit}",
                [Line(i, curve["timestamp"], curve["equity"]) for i, curve in enumerate(curves)],
            )
        )
    falls = [
        Line(i, curve["timestamp"], -100.0 * formulas.drawdown(curve["equity"]))
        for i, curve in enumerate(curves)
    ]
    drawn.append(line_chart("Drawdown, %", falls, 0.0))
    return [chart for chart in drawn if chart is not None]


def key(comparison: "Comparison") -> str:
    """Which line is which run."""
    parts = [
        f'<span><svg class="bp" width="34" height="10" style="vertical-align:middle">'
        f'<path class="bp-line" {line_style(i)} d="M0 5H34" fill="none"/></svg> {escape(name)}</span>'
        for i, name in enumerate(comparison.names[:MOST_DRAWN])
    ]
    return f'<div class="key" style="display:flex;flex-wrap:wrap;gap:4px 20px">{"".join(parts)}</div>'


def comparison_page(comparison: "Comparison") -> Page:
    """The page."""
    names = [escape(name) for name in comparison.names]
    title = f"Comparison of {len(names)} runs"
    beyond = f" The first {MOST_DRAWN} are drawn; the tables have all." if len(names) > MOST_DRAWN else ""
    spans = [figures.span_of(result) for result in comparison.results]
    first, last = (
        moment_text(each)[:16].replace("T", " ") for each in (min(spans)[0], max(s[1] for s in spans))
    )
    notes = "".join(f"<li>{escape(note)}</li>" for note in comparison.notes)
    drawn = "".join(map(boxed, charts(comparison)))
    heads, *rows = comparison.rows()
    body = [
        f"<h1>{title}</h1>",
        f'<div class="soft">{first} to {last} UTC. Differences are to {names[0]}.{beyond}</div>',
        f"<ul>{notes}</ul>" if notes else "",
        key(comparison),
        f'<div class="charts">{drawn}</div>',
        section("Figures", _heads(heads), [[escape(cell) for cell in row] for row in rows]),
        _every_figure(comparison),
        _terms(comparison),
        _calendar("Monthly returns, %", comparison, by_month=True),
        _calendar("Yearly returns, %", comparison, by_month=False),
        section(
            "Runs",
            ["run", "first", "last", "currency", "fingerprint"],
            [
                [
                    name,
                    moment_text(span[0]),
                    moment_text(span[1]),
                    escape(currency),
                    escape(result.fingerprint[:19]),
                ]
                for name, span, currency, result in zip(
                    names, spans, comparison.currencies, comparison.results, strict=True
                )
            ],
        ),
    ]
    return page(title, "".join(body))


def _heads(names: Sequence[str]) -> list[str]:
    """Heads of columns; the line of a long name may end between a strategy and its parameters."""
    return [escape(name).replace("(", "(<wbr>") for name in names]


def _every_figure(comparison: "Comparison") -> str:
    rows = [
        [escape(name), *(escape(format_metric(result.metrics.get(name))) for result in comparison.results)]
        for name in (comparison.table.dtype.names or ())[1:]
    ]
    inner = section("All metrics", _heads(["", *comparison.names]), rows)
    return f"<details><summary>All metrics of each run</summary>{inner}</details>"


def _terms(comparison: "Comparison") -> str:
    rows = [[escape(name), *map(escape, values)] for name, values in comparison.terms.items()]
    if not rows:
        return "<h2>What differs</h2><div>Nothing: settings, data and versions are the same.</div>"
    return section("What differs", _heads(["term", *comparison.names]), rows)


def _calendar(title: str, comparison: "Comparison", *, by_month: bool) -> str:
    """A row for each month or year in which a run has points, a column for each run."""
    found: list[dict[tuple[int, ...], float]] = []
    for result in comparison.results:
        table = result.monthly if by_month else yearly(result.monthly)
        found.append({tuple(row[:-1]): row[-1] for row in table.tolist()})
    periods = sorted({period for of_run in found for period in of_run})
    if len(periods) < 2:
        return ""
    rows = []
    for period in periods:
        name = f"{MONTHS[period[1] - 1]} {period[0]}" if by_month else str(period[0])
        rows.append([name, *(_return_cell(of_run.get(period)) for of_run in found)])
    return section(title, _heads(["", *comparison.names]), rows)


def _return_cell(change: float | None) -> str:
    if change is None:
        return ""
    if np.isnan(change):
        return "n/a"
    return f'<span class="{"up" if change > 0 else "down" if change < 0 else ""}">{change:+.2f}</span>'
