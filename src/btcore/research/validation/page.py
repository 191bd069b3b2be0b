"""The page of a validation, and what a notebook shows of it."""

from html import escape
from typing import TYPE_CHECKING

import numpy as np

from btcore.pictures import html_table, shown
from btcore.research.sweeps.axes import cell_text
from btcore.results.drawing import Drawing, boxed, framed, label
from btcore.results.pages import Page, page, section
from btcore.results.summary import format_metric
from btcore.times.clock import moment_text

from .stability import value_text

if TYPE_CHECKING:
    from btcore.results.result import Result

    from .validations import Fold, Validation

METRICS = ("total_return", "annual_return", "sharpe_ratio", "max_drawdown", "round_trips", "final_equity")
WIDTH, LEFT, RIGHT, TOP, TALL = 640, 84, 16, 40, 220
POINTS = 800  # of a curve that are drawn
ROWS = 60  # folds of the page
HEAD = 5  # of a notebook


def validation_page(found: "Validation") -> Page:
    """The page."""
    title = found.title
    better = "highest" if found.direction == "maximize" else "lowest"
    under = f"{len(found.folds)} folds · the {better} {found.objective} in training is chosen"
    names = list(dict.fromkeys((*METRICS, found.objective)))
    rows = [
        [escape(name), *(format_metric(result.metrics[metric]) for metric in names)]
        for name, result in found.joined[:ROWS]
    ]
    body = [
        f'<h1>{escape(title)}</h1><div class="soft">{escape(under)}</div>',
        f'<div class="charts">{boxed(equity_drawing(found))}{boxed(pairs_drawing(found))}</div>',
        "<h2>Stability of the choice</h2><ul>",
        *(f"<li>{escape(line)}</li>" for line in found.stability.lines()),
        "</ul>",
        section("Out of sample", ["", *map(escape, names)], rows),
        _distribution(found),
        section(
            f"Folds ({min(len(found.folds), ROWS)} of {len(found.folds)})", *_escaped(found.folds[:ROWS])
        ),
        "<h2>How it was played</h2><ul>",
        *(f"<li>{escape(line)}</li>" for line in found.notes),
        "</ul>",
    ]
    return page(title, "".join(body))


def _distribution(found: "Validation") -> str:
    values = found._figures()
    heads = [escape(name.replace("_", " ")) for name in values]
    rows = [[value_text(value) for value in values.values()]] if values else []
    return section(f"{found.objective} over {len(found.joined)} paths", heads, rows)


def fold_rows(folds: "tuple[Fold, ...]", between: str = ", ") -> tuple[list[str], list[list[str]]]:
    """Heads and cells of the table of folds; `between` stands between ranges of time in one cell."""
    names = list(folds[0].params) if folds else []
    heads = ["fold", "training", "test", *names, "in training", "out of sample", "rank"]
    rows = [
        [
            f"{fold.number}",
            between.join(_range_text(each) for each in fold.train),
            between.join(_range_text(each) for each in fold.test),
            *(cell_text(fold.params[name]) for name in names),
            value_text(fold.in_sample),
            value_text(fold.out_of_sample),
            "n/a" if fold.rank is None else f"{fold.rank} of {fold.sets}",
        ]
        for fold in folds
    ]
    return heads, rows


def _escaped(folds: "tuple[Fold, ...]") -> tuple[list[str], list[list[str]]]:
    """The same for the page, a line for each range of time."""
    heads, rows = fold_rows(folds, "\n")
    return [*map(escape, heads)], [[escape(cell).replace("\n", "<br>") for cell in row] for row in rows]


def _range_text(given: tuple[int, int]) -> str:
    return " to ".join(moment_text(at).removesuffix("T00:00:00Z") for at in given)


def equity_drawing(found: "Validation") -> Drawing:
    """The equity of each joined result; vertical lines are where tests begin."""
    curves = [_thinned(result) for _, result in found.joined]
    first, last = min(int(t[0]) for t, _ in curves), max(int(t[-1]) for t, _ in curves)
    low, high = min(float(e.min()) for _, e in curves), max(float(e.max()) for _, e in curves)
    low, high = (low, high) if high > low else (low - 0.5, high + 0.5)
    foot = TOP + TALL

    def x(at: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (at - first) / max(last - first, 1)

    parts = [label(LEFT, 20, "equity out of sample", style="bp-name")]
    starts = sorted({start for fold in found.folds for start, _ in fold.test})
    parts += [f'<path class="bp-base" d="M{x(at):.1f} {TOP}V{foot}"/>' for at in starts[1:]]
    for i, (times, equity) in enumerate(curves):
        points = " ".join(
            f"{x(at):.1f},{foot - TALL * (value - low) / (high - low):.1f}"
            for at, value in zip(times.tolist(), equity.tolist(), strict=True)
        )
        parts.append(f'<polyline class="bp-line" points="{points}" style="stroke:var(--c{i % 6})"/>')
    parts += [
        label(LEFT - 8, TOP + 8, f"{high:,.0f}", "end"),
        label(LEFT - 8, foot, f"{low:,.0f}", "end"),
        label(LEFT, foot + 20, moment_text(first)[:10]),
        label(WIDTH - RIGHT, foot + 20, moment_text(last)[:10], "end"),
    ]
    return framed("".join(parts), WIDTH, foot + 34, "equity out of sample")


def _thinned(result: "Result") -> tuple[np.ndarray, np.ndarray]:
    curve = result.columns()
    rows = np.unique(np.linspace(0, len(curve["timestamp"]) - 1, POINTS).astype(np.int64))
    return curve["timestamp"][rows], curve["equity"][rows]


def pairs_drawing(found: "Validation") -> Drawing:
    """The objective of the chosen set in training and out of sample, two marks for each fold."""
    inside, outside = found.stability.in_sample, found.stability.out_of_sample
    known = np.concatenate([inside, outside, [0.0]])
    known = known[np.isfinite(known)]
    low, high = float(known.min()), float(known.max())
    low, high = (low, high) if high > low else (low - 0.5, high + 0.5)
    foot, wide = TOP + TALL, (WIDTH - LEFT - RIGHT) / max(len(inside), 1)

    def y(value: float) -> float:
        return foot - TALL * (value - low) / (high - low)

    parts = [
        label(LEFT, 20, f"{found.objective} by fold", style="bp-name"),
        label(WIDTH - RIGHT, 20, "ring: in training, dot: out of sample", "end"),
        f'<path class="bp-grid" d="M{LEFT} {y(0.0):.1f}H{WIDTH - RIGHT}"/>',
    ]
    for i, (one, other) in enumerate(zip(inside.tolist(), outside.tolist(), strict=True)):
        at = LEFT + (i + 0.5) * wide
        title = f"<title>fold {i}: {value_text(one)} in training, {value_text(other)} out of sample</title>"
        if np.isfinite(one) and np.isfinite(other):
            parts.append(f'<path class="bp-base" d="M{at:.1f} {y(one):.1f}V{y(other):.1f}"/>')
        if np.isfinite(one):
            parts.append(f'<circle cx="{at:.1f}" cy="{y(one):.1f}" r="4" class="bp-mark">{title}</circle>')
        if np.isfinite(other):
            parts.append(f'<circle cx="{at:.1f}" cy="{y(other):.1f}" r="4" fill="var(--c0)">{title}</circle>')
    parts += [
        label(LEFT - 8, TOP + 8, value_text(high), "end"),
        label(LEFT - 8, foot, value_text(low), "end"),
        label(LEFT, foot + 20, "first fold"),
        label(WIDTH - RIGHT, foot + 20, "last fold", "end"),
    ]
    return framed("".join(parts), WIDTH, foot + 34, f"{found.objective} by fold")


def validation_html(found: "Validation") -> str:
    """The line of text, the equity, the lines of the stability, and the first folds."""
    picture = f'<div style="max-width:640px">{equity_drawing(found).svg}</div>'
    lines = "".join(f"<li>{escape(line)}</li>" for line in found.stability.lines())
    return f"{shown(repr(found), picture, {}, 0)}<ul>{lines}</ul>{html_table(*fold_rows(found.folds[:HEAD]))}"
