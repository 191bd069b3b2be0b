"""The report of a run: one HTML page without network access or libraries, in a light and a dark theme."""

import json
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from btcore.metrics.api import drawdown
from btcore.results.heading import heading, run_of
from btcore.results.pages import html_text, notebook_frame, shorten
from btcore.results.tables import Table
from btcore.results.writing import path_ending_in, write_text

from .axes import decimate
from .bounds import bounds_table
from .chart import LEFT, RIGHT, WIDTH, Drawable, draw_untitled
from .headline import headline
from .metric_boxes import metric_cards, metrics_table
from .orders import cash_flows_section, costs_and_orders, log_section
from .panel import POINTS
from .returns import returns_sections
from .risk import drawdowns_section, points_json, rolling_section, window_of
from .theme import PAGE_STYLE, SCRIPT, STYLE
from .trades import profit_section, round_trips_section, trades_section


class Reportable(Drawable, Protocol):
    """The parts of a result that a report shows."""

    @property
    def round_trips(self) -> Table: ...
    @property
    def orders(self) -> Table: ...
    @property
    def cash_flows(self) -> Table: ...
    @property
    def bounds(self) -> Any: ...
    @property
    def monthly(self) -> Table: ...
    @property
    def yearly(self) -> Table: ...
    @property
    def period_returns(self) -> Table: ...
    @property
    def drawdowns(self) -> Table: ...
    @property
    def costs(self) -> dict[str, float | None]: ...
    def rolling(self, window: int) -> Table: ...
    def profit_by(self, group: Any) -> Table: ...


@dataclass(frozen=True)
class Report:
    """The page of a run: `str` returns its HTML, notebooks show it in a frame."""

    html: str

    def save(self, path: str | Path) -> Path:
        """Writes an .html file, whole or not at all; returns its path. ConfigError for another suffix."""
        return write_text(path_ending_in(path, ".html", ".htm"), self.html)

    def __str__(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return f"<Report of {len(self.html):,} characters>"

    def _repr_html_(self) -> str:
        return notebook_frame("Report of a run", self.html)


def page(result: Reportable) -> str:
    """The HTML text of the report."""
    run = run_of(result.manifest)
    title, under = heading(result)
    currency, timezone = str(run.get("currency") or ""), str(run.get("timezone") or "UTC")
    returns = result.period_returns
    window = window_of(len(returns))
    body = [
        headline(
            shorten(title, 400),
            under,
            manifest=result.manifest,
            fingerprint=result.fingerprint,
            metrics=result.metrics,
            costs=result.costs,
            bounds=result.bounds,
            logs=result.logs,
        ),
        metric_cards(result.metrics, currency),
        _curves(result),
        "<h2>Metrics</h2>",
        metrics_table(result.metrics, currency),
        bounds_table(result.bounds, currency),
        returns_sections(result.monthly, result.yearly, returns, result.metrics, timezone),
        rolling_section(
            result.rolling(window) if window else None, window, str(result.metrics.get("period") or "period")
        ),
        drawdowns_section(result.drawdowns),
        profit_section(result.round_trips, result.profit_by, currency, timezone),
        costs_and_orders(result.costs, result.orders, currency),
        round_trips_section(result.round_trips, currency),
        trades_section(result.trades, currency),
        cash_flows_section(result.cash_flows, currency),
        log_section(result.logs),
        "<h2>Manifest</h2><details class='box'><summary>Data, strategy, settings and versions</summary>"
        f"<pre class='mono'>{escape(json.dumps(result.manifest, indent=2))}</pre></details>",
    ]
    return html_text(title, STYLE + PAGE_STYLE, "".join(body), root="bt", last=f"<script>{SCRIPT}</script>")


def _curves(result: Reportable) -> str:
    """The chart, with the points of its tooltip: time, equity, drawdown in percent."""
    equity = np.ascontiguousarray(result.equity_curve["equity"])
    clock = result.equity_curve["timestamp"]
    keep = decimate(equity, POINTS)
    across = (clock[keep] - clock[0]) / max(int(clock[-1] - clock[0]), 1)
    points = points_json(
        (LEFT + across * (WIDTH - LEFT - RIGHT)) / WIDTH,
        clock[keep],
        [("equity", "", equity[keep]), ("drawdown", "%", np.round(100.0 * drawdown(equity)[keep], 4))],
    )
    return (
        '<div class="chart scroll" tabindex="0" role="group" aria-label="Curves">'
        f'<div class="hover" data-of="equity_curve">{draw_untitled(result).svg}{points}</div></div>'
    )
