"""Drawings of data: SVG texts, which notebooks show."""

from dataclasses import dataclass
from html import escape
from pathlib import Path

from .pages import STYLE, page
from .writing import path_ending_in, write_text


@dataclass(frozen=True, repr=False)
class Drawing:
    """A drawing of data; notebooks show it, `str` returns its SVG text."""

    name: str
    svg: str

    def save(self, path: str | Path) -> Path:
        """Writes an .svg file, or an .html page with the drawing alone; ConfigError for another suffix."""
        target = path_ending_in(path, ".svg", ".html")
        if target.suffix == ".svg":
            return write_text(target, self.svg)
        return page(self.name, f'<div class="charts">{boxed(self)}</div>').save(target)

    def __str__(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return f"<Drawing: {self.name}, {len(self.svg) / 1000:,.0f} kB of SVG>"

    def _repr_html_(self) -> str:
        return self.svg


def framed(inside: str, width: int, height: int, name: str) -> Drawing:
    """A drawing of that size in its style, on paper."""
    return Drawing(
        name,
        f'<svg class="bp" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'style="max-width:{2 * width}px" aria-label="{escape(name)}"><style>{STYLE}</style>'
        f'<rect class="bp-paper" width="{width}" height="{height}" rx="6"/>{inside}</svg>',
    )


def label(x: float, y: float, text: str, anchor: str = "start", style: str = "bp-tick") -> str:
    """A text of a drawing, escaped."""
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def boxed(drawing: Drawing) -> str:
    """The drawing in a box of a page, which the keyboard can scroll too."""
    return (
        f'<div class="box" tabindex="0" role="group" aria-label="{escape(drawing.name)}">{drawing.svg}</div>'
    )
