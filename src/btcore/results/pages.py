"""HTML pages in one file, which need no network; notebooks show them in a frame."""

from dataclasses import dataclass
from html import escape
from pathlib import Path

from .writing import path_ending_in, write_text

LONGEST_TITLE = 80
LOADS = "default-src 'none'; style-src 'unsafe-inline'"  # what a page may load: nothing


# Paper and ink change together with the mode of the browser, so that a drawing is legible on any page.
STYLE = """
.bp{--paper:#fff;--ink:#1b2430;--soft:#5d6876;--line:#e2e6ec;--up:#0b7a6f;--down:#c02632;
--c0:#1d5fd0;--c1:#c2410c;--c2:#0f766e;--c3:#9333ea;--c4:#be185d;--c5:#4d6b0a;
font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
@media screen and (prefers-color-scheme:dark){.bp{--paper:#12161d;
--ink:#e6eaf0;--soft:#9aa7b6;--line:#2a323e;--up:#4fd1c0;
--down:#ff7b83;--c0:#7aa7ff;--c1:#ff9d5c;--c2:#4fd1c0;--c3:#c792ff;--c4:#ff7eb0;--c5:#b6d24a}}
.bp-paper{fill:var(--paper)}.bp-grid{stroke:var(--line);
fill:none}.bp-name{fill:var(--ink);font-weight:600;font-size:13px}
.bp-tick{fill:var(--soft);font-size:12px}.bp-base{stroke:var(--soft);stroke-dasharray:4 4}
.bp-line{fill:none;
stroke-width:1.7;stroke-linejoin:round}.bp-mark{fill:none;stroke:var(--ink);stroke-width:2.2}
"""

PAGE_STYLE = """
:root{color-scheme:light dark}body{margin:0}
.bp body{background:var(--back);color:var(--ink);font-size:14px;line-height:1.45}
.bp{--back:#f5f7fa}@media screen and (prefers-color-scheme:dark){.bp{--back:#0b0e13}}
main{max-width:1180px;margin:0 auto;padding:24px 16px 60px;box-sizing:border-box;overflow-wrap:break-word}
h1{font-size:23px;margin:0 0 4px;overflow-wrap:anywhere}h2{font-size:16px;margin:32px 0 10px}
.soft{color:var(--soft)}.up{color:var(--up)}.down{color:var(--down)}
.box{background:var(--paper);border:1px solid var(--line);border-radius:8px;padding:10px 14px;overflow-x:auto}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,470px),1fr));gap:14px}
.charts svg{display:block;width:100%;height:auto;min-width:440px}.charts .box{padding:4px}
table{border-collapse:collapse;min-width:50%;font-variant-numeric:tabular-nums}
td,th{padding:4px 0 4px 18px;text-align:right;white-space:nowrap;border-top:1px solid var(--line)}
thead th{border-top:0;
color:var(--soft);font-weight:600;white-space:normal;max-width:15em;overflow-wrap:break-word;
vertical-align:bottom}
td:first-child,th:first-child{text-align:left;padding-left:0}
td:first-child,th:first-child{position:sticky;left:0;background:var(--paper);padding-right:12px}
ul{margin:8px 0;padding-left:20px}
.key{display:flex;flex-wrap:wrap;gap:4px 20px;margin:12px 0}.key svg{vertical-align:middle}
.key span{min-width:0;overflow-wrap:anywhere}
summary{cursor:pointer}
@media(max-width:600px){td,th{padding-left:10px}thead th{max-width:10em}
td:first-child,th:first-child{white-space:normal;max-width:9em}}
@media print{:root{color-scheme:light}.bp{--back:#fff}main{max-width:none;padding:0}h2{break-after:avoid}
.box{overflow:visible}.charts .box,tr{break-inside:avoid}.charts svg{min-width:0}
td:first-child,th:first-child{position:static}}
"""


def shorten(text: str, most: int) -> str:
    """The text, cut to `most` characters with an ellipsis if it is longer."""
    return text if len(text) <= most else text[: most - 1] + "…"


def html_text(
    title: str, style: str, body: str, *, root: str = "", policy: str = "", scripts: str = "", last: str = ""
) -> str:
    """The text of a page: `root` is the class of <html>, `body` is within <main>, `last` comes after it.

    `policy` is an element before all that may load something; `scripts` are elements at the end of <head>.
    """
    kind = f' class="{root}"' if root else ""
    return (
        f'<!doctype html><html lang="en"{kind}><head><meta charset="utf-8">{policy}'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(shorten(title, LONGEST_TITLE))}</title><style>{style}</style>{scripts}</head>"
        f"<body><main>{body}</main>{last}</body></html>\n"
    )


def notebook_frame(title: str, html: str, height: int = 800) -> str:
    """A page in a frame of so many pixels, so that its styles and scripts are apart from the notebook's."""
    style = f"width:100%;height:{height}px;border:0"
    return f'<iframe title="{escape(title)}" style="{style}" srcdoc="{escape(html)}"></iframe>'


@dataclass(frozen=True, repr=False)
class Page:
    """An HTML page that loads nothing: `str` returns its text, notebooks show it in a frame."""

    name: str
    html: str

    def save(self, path: str | Path) -> Path:
        """Writes the page, completely or not at all; returns its path, which must end in .html."""
        return write_text(path_ending_in(path, ".html"), self.html)

    def __str__(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return f"<Page: {self.name}, {len(self.html) / 1000:,.0f} kB of HTML>"

    def _repr_html_(self) -> str:
        return notebook_frame(self.name, self.html)


def page(title: str, body: str) -> Page:
    """A page with that title, which is forbidden to load anything."""
    policy = f'<meta http-equiv="Content-Security-Policy" content="{LOADS}">'
    html = html_text(title, STYLE + PAGE_STYLE, body, root="bp", policy=policy)
    return Page(shorten(title, LONGEST_TITLE), html)


def section(title: str, heads: list[str], rows: list[list[str]]) -> str:
    """A heading and a table of cells that are HTML already; empty without rows."""
    if not rows:
        return ""
    head = "".join(f"<th>{text}</th>" for text in heads)
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return (
        f'<h2>{escape(title)}</h2><div class="box" tabindex="0" role="group" aria-label="{escape(title)}">'
        f"<table><thead><tr>{head}</tr></thead>"
        f"<tbody>{lines}</tbody></table></div>"
    )
