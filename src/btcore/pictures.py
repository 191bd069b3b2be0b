"""What a notebook shows of an object: its line of text, a small picture, and the first rows of its columns.

Pictures and tables take the text colour of the notebook, which may be light or dark. Nothing here reads more
than POINTS values of a column, so that objects of any size are shown at once.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from btcore.times.clock import moment_text

POINTS = 500  # of a column that are drawn
INTERVALS = 60  # of the span, whose rows are counted
ROWS = 5  # of a table that are shown
WIDTH, HEIGHT = 420, 64
BLUE = "#3b82f6"  # visible on white and on black
TIMES = ("timestamp", "end", "expires", "entry_time", "exit_time")
FIRST, LAST = np.iinfo(np.int64).min, np.iinfo(np.int64).max  # times that mean "from the start" and "never"

Column = NDArray[Any]


def sample_rows(size: int) -> NDArray[np.int64]:
    """The indexes of at most POINTS of `size` rows, evenly spaced, with the first and the last."""
    return np.linspace(0, size - 1, min(size, POINTS)).astype(np.int64)


def curve_picture(timestamp: Column, *columns: Column) -> str:
    """The mean of the columns over time as a line, an inline SVG; "" for fewer than two finite points."""
    rows = sample_rows(len(timestamp))
    if len(rows) < 2:
        return ""
    times = timestamp[rows]
    values = np.mean([column[rows].astype(np.float64) for column in columns], axis=0)
    return line_picture((times - times[0]).astype(np.float64), values, len(timestamp))


def line_picture(across: Column, values: Column, size: int | None = None) -> str:
    """Values over `across`, which ascends; the lowest and the highest are written beside the line.

    `size` is the number of rows that the values are a sample of, stated if it is larger.
    """
    is_known = np.isfinite(values)
    across, values = across[is_known], values[is_known]
    if len(values) < 2 or across[-1] <= across[0]:
        return ""
    low, high = float(values.min()), float(values.max())
    x = 1 + (across - across[0]) / (across[-1] - across[0]) * (WIDTH - 2)
    y = HEIGHT - 2 - (values - low) / (high - low) * (HEIGHT - 4) if high > low else x * 0 + HEIGHT / 2
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True))
    line = f'<polyline points="{points}" fill="none" stroke="{BLUE}" stroke-width="1.4"/>'
    note = f"1 in {size // len(across):,} of {size:,} rows" if size and size >= 2 * POINTS else ""
    return _framed(line, _extreme(high), _extreme(low), note)


def _extreme(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100_000 else f"{value:,.6g}"


def count_picture(timestamp: Column) -> str:
    """The number of rows in equal intervals of the span, as columns; the times are sorted."""
    first = int(np.searchsorted(timestamp, FIRST, "right"))
    if len(timestamp) - first < 2 or timestamp[first] == timestamp[-1]:
        return ""
    edges = np.linspace(float(timestamp[first]), float(timestamp[-1]), INTERVALS + 1)[1:-1].astype(np.int64)
    places = [first, *np.searchsorted(timestamp, edges).tolist(), len(timestamp)]
    counts = np.diff(places)
    most, wide = int(counts.max()), WIDTH / INTERVALS
    columns = "".join(
        f'<rect x="{i * wide:.1f}" y="{HEIGHT * (1 - n / most):.1f}" width="{wide - 1:.1f}" '
        f'height="{HEIGHT * n / most:.1f}" fill="{BLUE}"/>'
        for i, n in enumerate(counts.tolist())
        if n
    )
    return _framed(columns, f"{most:,} rows", "0", "")


def _framed(inside: str, high: str, low: str, note: str) -> str:
    text = 'fill="currentColor" font-size="11" font-family="sans-serif" opacity="0.75"'
    foot = f'<text x="0" y="{HEIGHT + 14}" {text}>{note}</text>' if note else ""
    wide, tall = WIDTH + 110, HEIGHT + (20 if note else 4)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{tall}" viewBox="0 0 {wide} {tall}" '
        f'style="max-width:100%" role="img">'
        f'{inside}<text x="{WIDTH + 8}" y="11" {text}>{high}</text>'
        f'<text x="{WIDTH + 8}" y="{HEIGHT}" {text}>{low}</text>{foot}</svg>'
    )


def shown(text: str, picture: str, columns: Mapping[str, Column], size: int | None = None) -> str:
    """The line of text, the picture and the first ROWS rows of the columns, as HTML.

    `size` is the number of rows, if the columns have only the first of them.
    """
    size = len(next(iter(columns.values()))) if size is None else size
    heads = [name for name, column in columns.items() if not _is_empty(column[:ROWS])]
    cells = [[_cell(name, value) for value in columns[name][:ROWS].tolist()] for name in heads]
    table = html_table(heads, list(zip(*cells, strict=True))) if size else ""
    more = f"<div>and {size - ROWS:,} more rows</div>" if size > ROWS else ""
    return f"<div><code>{escape(text)}</code></div>{picture and f'<div>{picture}</div>'}{table}{more}"


def html_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Texts as an HTML table; they are escaped."""
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    lines = "".join(f"<tr>{''.join(f'<td>{escape(text)}</td>' for text in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"


def text_table(rows: Sequence[Sequence[str]], *, words: int = 0) -> str:
    """Texts in aligned columns, of which the first `words` begin at the left; the first row has the heads."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width) if i < words else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return "\n".join(line.rstrip() for line in lines)


def _is_empty(column: Column) -> bool:
    """True for a column of floats without a number, and of texts without a sign."""
    if column.dtype.kind == "f":
        return bool(np.isnan(column).all())
    return column.dtype.kind == "U" and not bool((column != "").any())


def _cell(name: str, value: Any) -> str:
    if name in TIMES and isinstance(value, int):
        return {FIRST: "start", LAST: ""}.get(value) or moment_text(value)
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:,.10g}"
    return str(value)


def span_text(timestamp: Column) -> str:
    """The first and the last of sorted times: "2024-01-02T00:00:00Z .. 2024-12-31T00:00:00Z"."""
    return " .. ".join(
        "start" if int(time) == FIRST else moment_text(int(time)) for time in timestamp[[0, -1]]
    )
