"""The main metrics of both readings of bars."""

from html import escape
from typing import Any

from btcore.results.metric_kinds import MAIN

from .metric_boxes import metric_text
from .parts import value

BOUNDS_TITLE = "Both readings of bars"


def bounds_table(bounds: Any, currency: str = "") -> str:
    """The main metrics of both readings of bars; empty without bounds."""
    if bounds is None:
        return ""
    rows = "".join(
        f"<tr><td>{escape(name.replace('_', ' '))}</td>{_both(bounds, name, currency)}</tr>" for name in MAIN
    )
    heads = '<th scope="col">metric</th><th scope="col">pessimistic</th><th scope="col">optimistic</th>'
    return (
        f"<h2>{BOUNDS_TITLE} ({bounds.ambiguous_bars:,} ambiguous)</h2>"
        f'<div class="box"><div class="scroll" tabindex="0" role="group" aria-label="{BOUNDS_TITLE}">'
        f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div></div>"
    )


def _both(bounds: Any, name: str, currency: str) -> str:
    cells = (
        value(metric_text(name, part[name], currency), part[name], "bounds", reading=reading, key=name)
        for reading, part in (("pessimistic", bounds.pessimistic), ("optimistic", bounds.optimistic))
    )
    return "".join(f"<td>{cell}</td>" for cell in cells)
