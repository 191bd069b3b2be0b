"""Equity, drawdown and exposure of a run over time, as one SVG chart."""

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from btcore import metrics
from btcore.errors import ConfigError
from btcore.results.archive import write_text
from btcore.results.labels import NO_COSTS
from btcore.results.summary import Metrics
from btcore.results.tables import Table

from .axes import decimate, time_ticks, value_labels, value_ticks
from .theme import STYLE

WIDTH, LEFT, RIGHT = 1100, 72, 24
TOP, GAP, BOTTOM = 86, 44, 46
POINTS = 2000  # drawn per curve at most


class Drawable(Protocol):
    """The parts of a result that a chart shows."""

    @property
    def logs(self) -> list[str]: ...
    @property
    def metrics(self) -> Metrics: ...
    @property
    def equity_curve(self) -> Table: ...
    @property
    def trades(self) -> Table: ...
    @property
    def benchmark_curve(self) -> Table: ...
    @property
    def manifest(self) -> dict[str, Any]: ...
    @property
    def fingerprint(self) -> str: ...


@dataclass(frozen=True)
class Panel:
    name: str
    colour: str
    values: Table
    base: float
    height: int
    other: Table | None = None  # a second line, of the benchmark


@dataclass(frozen=True)
class Chart:
    """An SVG chart; notebooks show it, `str` returns its text."""

    svg: str

    def save(self, path: str | Path) -> None:
        """Writes an .svg file, or an .html page with the chart alone; ConfigError for another suffix."""
        target = Path(path)
        if target.suffix not in (".svg", ".html"):
            raise ConfigError(f"{target}: the name does not end in .svg or .html")
        page = f'<!doctype html><meta charset="utf-8"><title>btcore</title>{self.svg}\n'
        write_text(target, self.svg if target.suffix == ".svg" else page)

    def __str__(self) -> str:
        return self.svg

    def _repr_svg_(self) -> str:
        return self.svg


def run_manifest(result: Drawable) -> dict[str, Any]:
    """The part of the manifest that describes the run."""
    run: dict[str, Any] = result.manifest.get("run", result.manifest)
    return run


def heading(result: Drawable) -> tuple[str, str]:
    """The title, which is the strategy with its parameters; a line of symbols, dates, and "no costs"."""
    strategy = run_manifest(result).get("strategy", {})
    params = ", ".join(f"{name}={value}" for name, value in (strategy.get("params") or {}).items())
    title = f"{strategy.get('name', 'backtest')}({params})"
    symbols = list(dict.fromkeys(row["symbol"] for row in result.manifest.get("data", [])))
    symbols = symbols or np.unique(result.trades["symbol"]).tolist()
    shown = ", ".join(symbols[:8]) + (f" and {len(symbols) - 8} more" if len(symbols) > 8 else "")
    first, last = (
        str(t)[:16].replace("T", " ") for t in result.equity_curve["timestamp"][[0, -1]].astype("M8[ns]")
    )
    free = NO_COSTS if any(line.startswith(NO_COSTS) for line in result.logs) else ""
    return title, " · ".join(part for part in (shown, f"{first} to {last} UTC", free) if part)


def panels(curve: Table, currency: str, benchmark: Table) -> list[Panel]:
    """The panels of a chart: equity and benchmark in money, drawdown and net exposure in percent."""
    equity = np.ascontiguousarray(curve["equity"])
    weight = np.full(len(curve), np.nan)
    np.divide(100.0 * curve["positions"], equity, out=weight, where=equity != 0.0)
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
        Panel("Net exposure, % of equity", "teal", weight, 0.0, 90),
    ]


def draw(result: Drawable) -> Chart:
    """The chart of a result, with a title."""
    title, under = heading(result)
    curve = result.equity_curve
    head = (
        f'<text class="bt-title" x="{LEFT}" y="30">{escape(shorten(title, 96))}</text>'
        f'<text class="bt-under" x="{LEFT}" y="50">{escape(under)} · fingerprint '
        f"{escape(result.fingerprint[:19])}</text>"
    )
    return Chart(
        _svg(
            curve["timestamp"],
            panels(curve, run_manifest(result).get("currency", ""), result.benchmark_curve),
            head,
            TOP,
        )
    )


def draw_untitled(result: Drawable) -> Chart:
    """The chart without a title, for a page that has a title."""
    curve = result.equity_curve
    return Chart(
        _svg(
            curve["timestamp"],
            panels(curve, run_manifest(result).get("currency", ""), result.benchmark_curve),
            "",
            28,
        )
    )


def shorten(text: str, most: int) -> str:
    """`text`, cut to `most` characters with an ellipsis if it is longer."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _svg(timestamp: Table, drawn: list[Panel], head: str, top: int) -> str:
    start, end = int(timestamp[0]), max(int(timestamp[-1]), int(timestamp[0]) + 1)
    across = (WIDTH - LEFT - RIGHT) / (end - start)
    x = LEFT + (timestamp - start) * across
    foot = top + sum(panel.height for panel in drawn) + GAP * (len(drawn) - 1)
    ticks = [(LEFT + (moment - start) * across, text) for moment, text in time_ticks(start, end)]
    parts, y = [], top
    for panel in drawn:
        parts.append(_panel(panel, x, y, [place for place, _ in ticks]))
        y += panel.height + GAP
    for place, text in ticks:
        parts.append(
            f'<text class="bt-tick" x="{place:.1f}" y="{foot + 18}" text-anchor="middle">{text}</text>'
        )
    parts.append(
        f'<text class="bt-tick" x="{WIDTH - RIGHT}" y="{foot + 38}" text-anchor="end">time, UTC</text>'
    )
    height = foot + BOTTOM
    return (
        f'<svg class="bt" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="Equity, drawdown and exposure over time"><style>{STYLE}</style>'
        f'<rect class="bt-paper" width="{WIDTH}" height="{height}" rx="8"/>{head}{"".join(parts)}</svg>'
    )


def _panel(panel: Panel, x: Table, top: int, verticals: list[float]) -> str:
    lines = panel.values if panel.other is None else np.concatenate([panel.values, panel.other])
    known = lines[np.isfinite(lines)]
    low = min(float(known.min()) if len(known) else panel.base, panel.base)
    high = max(float(known.max()) if len(known) else panel.base, panel.base)
    room = (high - low) * 0.05 or max(abs(low) * 0.01, 0.5)
    low, high = (low - room if low < panel.base else low), (high + room if high > panel.base else high)
    if low == high:
        low, high = low - room, high + room
    scale = panel.height / (high - low)
    foot = top + panel.height

    def down(value: float) -> float:
        return foot - (value - low) * scale

    parts = [f'<text class="bt-name" x="{LEFT}" y="{top - 9}">{escape(panel.name)}</text>']
    ticks = value_ticks(low, high, max(panel.height // 36, 3))
    for tick, text in zip(ticks, value_labels(ticks), strict=True):
        y = down(tick)
        parts.append(f'<path class="bt-grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text class="bt-tick" x="{LEFT - 10}" y="{y + 4:.1f}" text-anchor="end">{text}</text>')
    parts += [f'<path class="bt-grid" d="M{place:.1f} {top}V{foot}"/>' for place in verticals]
    if panel.other is not None:
        rows = decimate(panel.other, POINTS)
        pairs = zip(x[rows].tolist(), panel.other[rows].tolist(), strict=True)
        path = "L".join(f"{a:.1f} {down(b):.1f}" for a, b in pairs)
        parts.append(f'<path class="bt-other" d="M{path}"/>')
    base = down(panel.base)
    parts.append(f'<path class="bt-base" d="M{LEFT} {base:.1f}H{WIDTH - RIGHT}"/>')
    keep = decimate(panel.values, POINTS)
    keep = keep[np.isfinite(panel.values[keep])]
    if len(keep):
        points = [
            f"{a:.1f} {down(b):.1f}"
            for a, b in zip(x[keep].tolist(), panel.values[keep].tolist(), strict=True)
        ]
        line = "M" + "L".join(points)
        area = f"{line}L{x[keep[-1]]:.1f} {base:.1f}L{x[keep[0]]:.1f} {base:.1f}Z"
        parts.append(f'<path class="bt-area bt-{panel.colour}" d="{area}"/>')
        parts.append(f'<path class="bt-curve bt-{panel.colour}" d="{line}"/>')
    return f"<g>{''.join(parts)}</g>"
