"""Parts of the page: sections, boxes, values and tables of records.

Every value carries where it is in the result and all of its digits: `data-of` is the name of a table or of
`metrics`, `costs` or `manifest`, `data-row`, `data-col` and `data-key` the place in it, and `data-value` the
value. Cells of a table of records take the first two from their table, row and heading.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from btcore.results.tables import TIME_COLUMNS, Table

from .words import duration_words, exact, money, number, percent, time_texts

ROWS = 500  # of a table that are shown; its title says how many there are
Text = Callable[[Any], str]
MONEY = ("pnl", "mae", "mfe", "commission", "amount")
TEXTS: dict[str, Text] = {
    **dict.fromkeys(MONEY, money),
    "duration": duration_words,
    "return": lambda fraction: percent(100.0 * fraction),
    "depth": percent,
    "win_rate": percent,
    "days": lambda days: duration_words(days * 86_400e9),
}
TITLES = {
    "days": "duration",
    "entry_timestamp": "entry",
    "exit_timestamp": "exit",
    "timestamp": "time",
    "mae": "MAE",
    "mfe": "MFE",
}


def value(text: str, content: Any, of: str, **place: Any) -> str:
    """A value within text."""
    attributes = "".join(f' data-{name}="{escape(str(at))}"' for name, at in place.items())
    return f'<span data-of="{of}"{attributes} data-value="{escape(exact(content))}">{escape(text)}</span>'


def section(title: str, *boxes: str) -> str:
    """A heading and the boxes that are not empty, side by side where there is room; empty without any."""
    shown = [each for each in boxes if each]
    if not shown:
        return ""
    inside = "".join(shown) if len(shown) == 1 else f'<div class="pair">{"".join(shown)}</div>'
    return f"<h2>{escape(title)}</h2>{inside}"


def box(title: str, content: str, note: str = "", kind: str = "") -> str:
    """A box with a title and a line about it; its content scrolls if it is wider."""
    soft = f' <span class="soft">{escape(note)}</span>' if note else ""
    label = escape(title, quote=True)
    return (
        f'<div class="box{kind and " " + kind}"><h3>{escape(title)}{soft}</h3>'
        f'<div class="scroll" tabindex="0" role="group" aria-label="{label}">{content}</div></div>'
    )


def nothing(title: str, why: str) -> str:
    """A box that says in one line why there is nothing to show."""
    return f'<div class="box"><h3>{escape(title)}</h3><div class="soft">{escape(why)}</div></div>'


def label(name: str) -> str:
    """The name of a column or metric as words."""
    return TITLES.get(name, name.replace("_", " ").replace(" 95", " 95\u00a0%").replace(" sharpe", " Sharpe"))


def records(
    of: str,
    table: Table,
    columns: Sequence[str],
    *,
    rows: Iterable[int] | None = None,
    units: Mapping[str, str] | None = None,
    **place: Any,
) -> str:
    """A table of records as HTML; `rows` are the numbers of those that are shown, all of them if None."""
    chosen = np.arange(len(table)) if rows is None else np.array(list(rows), np.int64)
    shown = table[chosen]
    texts = {name: column_texts(name, shown[name]) for name in columns}
    words = {name: table.dtype[name].kind == "U" or name in TIME_COLUMNS for name in columns}
    heads = "".join(
        f'<th scope="col" data-col="{name}"{" class=word" if words[name] else ""}>'
        f"{escape(label(name) + (units or {}).get(name, ''))}</th>"
        for name in columns
    )
    values = {name: shown[name].tolist() for name in columns}
    lines = []
    for i, row in enumerate(chosen.tolist()):
        cells = "".join(
            f'<td class="word">{escape(texts[name][i])}</td>'
            if table.dtype[name].kind == "U"
            else f'<td{" class=word" if words[name] else ""} data-value="{exact(values[name][i])}">'
            f"{escape(texts[name][i])}</td>"
            for name in columns
        )
        lines.append(f'<tr data-row="{row}">{cells}</tr>')
    where = "".join(f' data-{name}="{escape(str(at))}"' for name, at in place.items())
    return (
        f'<table data-of="{of}"{where}><thead><tr>{heads}</tr></thead><tbody>{"".join(lines)}</tbody></table>'
    )


def column_texts(name: str, column: Table) -> list[str]:
    """The cells of a column as text."""
    if name in TIME_COLUMNS:
        return time_texts(name, column)
    if column.dtype.kind == "U":
        return [str(text) for text in column.tolist()]
    write = TEXTS.get(name) or (number if column.dtype.kind == "f" else "{:,}".format)
    if name in ("order_id", "oco", "parent"):
        write = str
    return [write(each) for each in column.tolist()]


def long_table(title: str, of: str, table: Table, columns: Sequence[str], units: Mapping[str, str]) -> str:
    """The first rows of a table in a box of limited height, under a heading with the number of rows."""
    if not len(table):
        return f'<h2>{title}</h2><div class="box soft">None.</div>'
    count = f"{len(table):,}" if len(table) <= ROWS else f"first {ROWS} of {len(table):,}"
    shown = records(of, table, columns, rows=range(min(len(table), ROWS)), units=units)
    return (
        f'<h2>{title} <span class="soft">({count}; times are UTC)</span></h2><div class="box long">'
        f'<div class="scroll tall" tabindex="0" role="group" aria-label="{title}">{shown}</div>'
        f'<div class="soft printed">The first rows are printed; the page and the table of the result have '
        "all that are shown here.</div></div>"
    )


def filled(table: Table, without: Sequence[str] = ()) -> list[str]:
    """The names of the columns that have anything, without those named: text, or a number that is known."""
    kept = []
    for name in table.dtype.names or ():
        column = table[name]
        kind = column.dtype.kind
        has_any = (
            bool(np.any(column != "")) if kind == "U" else kind != "f" or bool(np.any(~np.isnan(column)))
        )
        if name not in without and has_any:
            kept.append(name)
    return kept
