"""The page of an interactive chart: one HTML file with the data and the script of the installed Bokeh."""

import json
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from btcore.errors import ConfigError
from btcore.results.heading import heading, run_of
from btcore.results.pages import html_text, notebook_frame, shorten
from btcore.results.writing import write_text

from .contents import Given, account_table, market_table, markets_of, symbols_shown

STYLE = """
:root{color-scheme:light dark;--back:#f5f7fa;--paper:#fff;--ink:#1b2430;--soft:#5a6675;--line:#d5dbe3}
@media(prefers-color-scheme:dark){:root{--back:#0b0e13;--paper:#12161d;--ink:#e6eaf0;--soft:#93a0b0;
--line:#343d4a}}
body{margin:0;background:var(--back);color:var(--ink);
font:14px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:1400px;margin:0 auto;padding:16px 14px 40px;box-sizing:border-box}
h1{font-size:20px;margin:0 0 2px;overflow-wrap:anywhere}
p{margin:2px 0;overflow-wrap:anywhere}.soft{color:var(--soft)}
.bar{display:flex;flex-wrap:wrap;gap:6px;margin:10px 0 6px}
button,select{font:inherit;color:var(--ink);background:var(--paper);
border:1px solid var(--line);border-radius:6px;padding:4px 10px}
button:focus-visible,select:focus-visible{outline:2px solid #2563eb;outline-offset:1px}
#readout{display:block;min-height:1.45em;font-size:12.5px;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
#step{font-size:12.5px}
#chart{background:var(--paper);border:1px solid var(--line);border-radius:8px;overflow:hidden;padding:6px 0}
@media print{:root{--back:#fff;--paper:#fff;--ink:#1b2430;--soft:#5a6675;--line:#d5dbe3}
.bar,#readout{display:none}main{padding:0}}
"""
BUTTONS = (
    ("in", "Zoom in", "+"), ("out", "Zoom out", "-"), ("earlier", "Earlier", "left arrow"),
    ("later", "Later", "right arrow"), ("all", "All", "0"), ("before", "Previous fill", "p"),
    ("next", "Next fill", "n"),
)  # fmt: skip
START = """
const item = JSON.parse(document.getElementById("document").textContent);
Bokeh.embed.embed_item(item, "chart").then(async views => {
  const model = [...views.roots][0].model;
  await model.tags[0].execute(model);
});
"""


@dataclass(frozen=True, repr=False)
class InteractiveChart:
    """An interactive chart: `page` is the text of an HTML page that needs no network; notebooks show it."""

    page: str

    def save(self, path: str | Path) -> None:
        """Writes the page as an .html file; ConfigError for another suffix."""
        target = Path(path)
        if target.suffix != ".html":
            raise ConfigError(f"{target}: an interactive chart is an .html file")
        write_text(target, self.page)

    def __str__(self) -> str:
        return self.page

    def __repr__(self) -> str:
        return f"<InteractiveChart, {len(self.page) / 1e6:.1f} MB, save('chart.html') writes it>"

    def _repr_html_(self) -> str:
        return notebook_frame("Chart of a backtest", self.page, height=1000)


def draw_interactive(result: Any, symbol: str | None = None, data: Given | None = None) -> InteractiveChart:
    """The interactive chart of a result; ConfigError without Bokeh, and for an unknown symbol."""
    try:
        from bokeh.embed import json_item
        from bokeh.resources import Resources

        from .panels import document
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != "bokeh":
            raise
        raise ConfigError(
            "plot: an interactive chart needs Bokeh: pip install 'btcore[plot]'; backend=\"svg\" needs none"
        ) from None
    first, markets = markets_of(result, symbol, data)
    shown = symbols_shown(result, first, markets)
    account, notes = account_table(result)
    tables = {}
    for name in shown:
        tables[name], of_market = market_table(result, name, markets)
        notes += of_market if name else []
    contents = {**account, "markets": tables, "first": first, **_extent(account, tables)}
    named = [(line["name"], line["panel"]) for table in tables.values() for line in table["lines"]]
    lines = list(dict.fromkeys(named))
    title, under = heading(result)
    run = run_of(result.manifest)
    model = document(contents, lines, str(run.get("currency", "")))
    others = [name for name in markets if name not in shown]
    if others:
        notes.append(f"Other symbols, with plot(symbol=...): {shorten(', '.join(others), 200)}.")
    item = json.dumps(json_item(model), separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    script = Resources(mode="inline", components=["bokeh"]).render_js()
    return InteractiveChart(_html((title, under), notes, shown, item, script))


def _extent(account: dict[str, Any], tables: dict[str, Any]) -> dict[str, Any]:
    """The first and the last time of a page, ms, and whether a symbol has a volume."""
    times = account["equity"]["time"]
    with_prices = [table["prices"] for table in tables.values() if table["prices"] is not None]
    starts = [prices["origin"] for prices in with_prices if len(prices["time"])]
    volume = any("volume" in prices for prices in with_prices)
    return {"start": min([times[0], *starts]), "end": float(times[-1]), "volume": volume}


def _html(head: tuple[str, str], notes: list[str], symbols: list[str], item: str, script: str) -> str:
    title, under = head
    buttons = "".join(
        f'<button type="button" data-do="{name}" title="key: {key}">{text}</button>'
        for name, text, key in BUTTONS
    )
    options = "".join(f'<option value="{escape(name)}">{escape(name)}</option>' for name in symbols)
    select = f'<select id="symbol" aria-label="Symbol">{options}</select>' if len(symbols) > 1 else ""
    said = "".join(f'<p class="soft">{escape(note)}</p>' for note in notes)
    body = (
        f'<h1>{escape(shorten(title, 400))}</h1><p class="soft">{escape(under)}</p>'
        f'<div class="bar" role="toolbar" aria-label="View">{select}{buttons}</div>'
        '<p id="step" role="status"></p><output id="readout" aria-live="off"></output>'
        f'<div id="chart" role="group" aria-label="Charts over time"></div>{said}'
    )
    last = f'<script type="application/json" id="document">{item}</script><script>{START}</script>'
    return html_text(title, STYLE, body, scripts=script, last=last)
