"""Returns of months, years and periods."""

from html import escape

import numpy as np

from btcore.results.summary import Metrics
from btcore.results.tables import Table

from .parts import box, nothing, section, value
from .small_charts import Mark, bar, histogram
from .words import UNKNOWN, percent

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
STRONGEST = 0.55  # opacity of the colour of the largest change, on which text is still legible


def returns_sections(months: Table, years: Table, periods: Table, metrics: Metrics, timezone: str) -> str:
    """The heat map of months, the bars of years, and the distribution of the period returns."""
    where = f"by local month in {timezone}"
    heat = box("Monthly returns, %", _heat_map(months, years), where) if len(months) else ""
    years_box = box("Yearly returns", _year_bars(years), f"by local year in {timezone}") if len(years) else ""
    if not heat:
        heat = nothing("Monthly returns, %", "The curve has one point, so there are no returns.")
    return section("Returns", heat) + _pair(years_box, _distribution(periods, metrics))


def _pair(*boxes: str) -> str:
    shown = [each for each in boxes if each]
    return f'<div class="pair">{"".join(shown)}</div>' if shown else ""


def _heat_map(months: Table, years: Table) -> str:
    """A row for each year with its months and its total, coloured by sign and size."""
    known = np.abs(months["return"][np.isfinite(months["return"])])
    strongest = float(known.max()) if len(known) and known.max() > 0 else 1.0
    places = {(year, month): row for row, (year, month, _) in enumerate(months.tolist())}
    rows = []
    for number, (year, total) in enumerate(years.tolist()):
        cells = "".join(
            _change(months["return"][places[year, m]], places[year, m], "monthly", strongest)
            if (year, m) in places
            else "<td></td>"
            for m in range(1, 13)
        )
        name = value(str(year), year, "yearly", row=number, col="year")
        rows.append(f"<tr><td>{name}</td>{cells}{_change(total, number, 'yearly', 0.0)}</tr>")
    heads = "".join(f'<th scope="col">{name}</th>' for name in ("Year", *MONTHS, "Total"))
    return f'<table class="heat"><thead><tr>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def _change(change: float, row: int, of: str, strongest: float) -> str:
    """A cell with a return; without a colour behind it if `strongest` is 0."""
    sign = "up" if change > 0 else "down" if change < 0 else ""
    at = f'data-of="{of}" data-row="{row}" data-col="return" data-value="{float(change)!r}"'
    if not np.isfinite(change):
        return f"<td {at}>{UNKNOWN}</td>"
    if not strongest:
        return f'<td class="{sign} total" {at}>{change:z.2f}</td>'
    heat = STRONGEST * (abs(change) / strongest) ** 0.7  # so that small changes have a visible colour
    return f'<td class="hot {sign}" style="--heat:{heat:.3f}" {at}>{change:z.2f}</td>'


def _year_bars(years: Table) -> str:
    known = years["return"][np.isfinite(years["return"])]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
    lines = "".join(
        f"<tr><td>{value(str(year), year, 'yearly', row=row, col='year')}</td>"
        f'<td class="bars">{bar(change, low, high)}</td>'
        f"<td>{value(percent(change), change, 'yearly', row=row, col='return')}</td></tr>"
        for row, (year, change) in enumerate(years.tolist())
    )
    return f"<table><tbody>{lines}</tbody></table>"


def _distribution(periods: Table, metrics: Metrics) -> str:
    """The histogram of the period returns, with their mean and their 5 % quantile."""
    name = str(metrics.get("period") or "period")
    title = "Daily returns" if name == "day" else f"Returns by {name}"
    changes = periods["return"][np.isfinite(periods["return"])]
    if len(changes) < 2:
        return nothing(title, "Fewer than two periods have a return, so there is no distribution.")
    mean = float(np.mean(periods["return"]))
    marks = []
    if np.isfinite(mean):
        marks.append(Mark(f"mean {percent(mean)}", mean, "period_returns", "mean"))
    low = metrics.get("value_at_risk_95")
    if isinstance(low, float):
        marks.append(Mark(f"5 % quantile {percent(low)}", low, "metrics", "value_at_risk_95"))
    note = f"number of {escape(name)}s by their return; {len(changes):,} in all"
    return box(title, histogram(changes, marks, f"Distribution of returns by {name}", "%"), note, "figure")
