"""Prices with fills, equity, drawdown and exposure of a run over time, as one SVG chart."""

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from btcore import metrics
from btcore.results.charts.contents import Given, Markets, differs, markets_of, net_exposure, prices_within
from btcore.results.charts.events import Traded, fills_of
from btcore.results.heading import heading, run_of
from btcore.results.pages import shorten
from btcore.results.summary import Metrics
from btcore.results.tables import Table
from btcore.results.writing import path_ending_in, write_text

from .axes import time_ticks
from .panel import PRICE_STYLE, Area, Panel, curve_panel, price_panel
from .theme import STYLE

WIDTH, LEFT, RIGHT = 1100, 72, 24
TOP, GAP, BOTTOM = 86, 44, 46
PRICE_HEIGHT = 250


class Drawable(Traded, Protocol):
    """The parts of a result that a chart shows."""

    @property
    def markets(self) -> Markets: ...
    @property
    def logs(self) -> list[str]: ...
    @property
    def metrics(self) -> Metrics: ...
    @property
    def equity_curve(self) -> Table: ...
    @property
    def benchmark_curve(self) -> Table: ...
    @property
    def manifest(self) -> dict[str, Any]: ...
    @property
    def fingerprint(self) -> str: ...


@dataclass(frozen=True, repr=False)
class Chart:
    """An SVG chart; notebooks show it, `str` returns its text."""

    svg: str

    def save(self, path: str | Path) -> None:
        """Writes an .svg file, or an .html page with the chart alone; ConfigError for another suffix."""
        target = path_ending_in(path, ".svg", ".html")
        page = f'<!doctype html><meta charset="utf-8"><title>btcore</title>{self.svg}\n'
        write_text(target, self.svg if target.suffix == ".svg" else page)

    def __str__(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return f"<Chart, SVG of {len(self.svg) / 1000:.0f} kB, save('chart.svg') writes it>"

    def _repr_svg_(self) -> str:
        return self.svg


def panels(curve: Table, currency: str, benchmark: Table) -> list[Panel]:
    """The panels of a chart: equity and benchmark in money, drawdown and net exposure in percent."""
    equity = np.ascontiguousarray(curve["equity"])
    return [
        Panel(
            f"Equity{' and benchmark' if len(benchmark) else ''}{currency and ', ' + currency}",
            "blue",
            equity,
            float(equity[0]),
            250,
            np.ascontiguousarray(benchmark["value"]) if len(benchmark) else None,
        ),
        Panel("Drawdown, %", "red", -100.0 * metrics.drawdown(equity), 0.0, 100),
        Panel("Net exposure, % of equity", "teal", net_exposure(curve), 0.0, 90, steps=True),
    ]


def draw(result: Drawable, symbol: str | None = None, data: Given | None = None) -> Chart:
    """The chart of a result, with a title; prices of `symbol`, by default of the first that was traded."""
    title, under = heading(result)
    of = markets_of(result, symbol, data)
    under += " · prices are not the data of the run" if differs(result, *of) else ""
    head = (
        f'<text class="bt-title" x="{LEFT}" y="30">{escape(shorten(title, 96))}</text>'
        f'<text class="bt-under" x="{LEFT}" y="50">{escape(under)} · fingerprint '
        f"{escape(result.fingerprint[:19])}</text>"
    )
    return Chart(_svg(result, of, head, TOP))


def draw_untitled(result: Drawable) -> Chart:
    """The chart without a title, for a page that has a title."""
    return Chart(_svg(result, markets_of(result, None, None), "", 28))


def _svg(result: Drawable, of: tuple[str, Markets], head: str, top: int) -> str:
    curve = result.equity_curve
    start, end = int(curve["timestamp"][0]), max(int(curve["timestamp"][-1]), int(curve["timestamp"][0]) + 1)
    across = (WIDTH - LEFT - RIGHT) / (end - start)

    def place(times: Table) -> Table:
        along: Table = LEFT + np.clip(times - start, 0, end - start) * across
        return along

    ticks = [(LEFT + (moment - start) * across, text) for moment, text in time_ticks(start, end)]
    verticals = [at for at, _ in ticks]
    parts, y, names = [], top, "Equity, drawdown and exposure over time"
    prices = prices_within(result, *of)
    if prices is not None and len(prices.start):
        area = Area(LEFT, WIDTH - RIGHT, y, PRICE_HEIGHT, verticals)
        parts.append(price_panel(prices, fills_of(result, of[0]), place, area))
        y += PRICE_HEIGHT + GAP
        names = f"Prices of {of[0]} with fills, equity, drawdown and exposure over time"
    for panel in panels(curve, run_of(result.manifest).get("currency", ""), result.benchmark_curve):
        area = Area(LEFT, WIDTH - RIGHT, y, panel.height, verticals)
        parts.append(curve_panel(panel, place(curve["timestamp"]), area))
        y += panel.height + GAP
    foot = y - GAP
    for at, text in ticks:
        parts.append(f'<text class="bt-tick" x="{at:.1f}" y="{foot + 18}" text-anchor="middle">{text}</text>')
    parts.append(
        f'<text class="bt-tick" x="{WIDTH - RIGHT}" y="{foot + 38}" text-anchor="end">time, UTC</text>'
    )
    height = foot + BOTTOM
    return (
        f'<svg class="bt" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(names)}"><style>{STYLE}{PRICE_STYLE}</style>'
        f'<rect class="bt-paper" width="{WIDTH}" height="{height}" rx="8"/>{head}{"".join(parts)}</svg>'
    )
