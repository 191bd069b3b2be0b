"""Sections of the report: returns of months and years, drawdowns, costs."""

from html import escape
from typing import Any

import numpy as np

from btcore.results.export import rfc3339
from btcore.results.summary import format_metric
from btcore.results.tables import Table

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
BOUNDS_TITLE = "Both readings of bars"
BOUNDED = ("total_return", "annual_return", "sharpe_ratio", "max_drawdown", "win_rate", "final_equity")
DEEPEST = 10  # drawdowns that are shown


def monthly_returns(months: Table, years: Table) -> str:
    """A row for each year with its months and its total; empty for a run within one month."""
    if len(months) < 2:
        return ""
    rows = []
    for year, total in years.tolist():
        of_year = {month: value for y, month, value in months.tolist() if y == year}
        cells = "".join(_return_cell(of_year[m]) if m in of_year else "<td></td>" for m in range(1, 13))
        rows.append(f"<tr><td>{year}</td>{cells}{_return_cell(total)}</tr>")
    names = "".join(f"<th>{name}</th>" for name in ("Year", *MONTHS, "Total"))
    return _section("Monthly returns, %", names, rows)


def _return_cell(change: float) -> str:
    if np.isnan(change):
        return "<td>n/a</td>"
    return f'<td class="{"up" if change > 0 else "down" if change < 0 else ""}">{change:.2f}</td>'


def deepest_drawdowns(table: Table) -> str:
    """The deepest drawdowns, the deepest first; empty without any."""
    if not len(table):
        return ""
    chosen = table[np.argsort(-table["depth"], kind="stable")[:DEEPEST]]
    times = {name: rfc3339(np.ascontiguousarray(chosen[name])) for name in ("peak", "trough", "recovery")}
    rows = []
    for i, row in enumerate(chosen.tolist()):
        peak, trough, recovery = (_day(times[name][i]) for name in times)
        end = recovery if row[2] >= 0 else "not yet"
        days, periods = f"{row[4]:,.1f}", f"{row[5]:,}"
        cells = "".join(f"<td>{text}</td>" for text in (peak, trough, end, f"{row[3]:.2f}", days, periods))
        rows.append(f"<tr>{cells}</tr>")
    count = f" ({len(chosen)} deepest of {len(table):,})" if len(table) > DEEPEST else ""
    names = ("Peak", "Trough", "Recovery", "Depth, %", "Days", "Periods")
    return _section(f"Drawdowns{count}", "".join(f"<th>{name}</th>" for name in names), rows)


def cost_split(costs: dict[str, float | None], currency: str) -> str:
    """What trading cost, by kind."""
    rows = [
        f'<tr><td class="word">{escape(name)}</td><td>{format_metric(paid)}</td></tr>'
        for name, paid in costs.items()
    ]
    return _section(
        f"Costs{currency and ', ' + escape(currency)}", '<th class="word">kind</th><th>paid</th>', rows
    )


def bounds_table(bounds: Any) -> str:
    """The main metrics of both readings of bars; empty without bounds."""
    if bounds is None:
        return ""
    rows = [
        f'<tr><td class="word">{escape(name)}</td><td>{format_metric(bounds.pessimistic[name])}</td>'
        f"<td>{format_metric(bounds.optimistic[name])}</td></tr>"
        for name in BOUNDED
    ]
    heads = '<th class="word">metric</th><th>pessimistic</th><th>optimistic</th>'
    return _section(f"{BOUNDS_TITLE} ({bounds.ambiguous_bars:,} ambiguous)", heads, rows)


def _day(text: str) -> str:
    return text[:16].replace("T", " ")


def _section(title: str, heads: str, rows: list[str]) -> str:
    return (
        f'<h2>{title}</h2><div class="box"><table><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )
