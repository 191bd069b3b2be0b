"""The Bokeh document of a result: linked panels over one range of time, empty until view.js fills them."""

from pathlib import Path
from typing import Any

from bokeh.layouts import column
from bokeh.models import (
    ColumnDataSource,
    CrosshairTool,
    CustomJS,
    DatetimeTickFormatter,
    HoverTool,
    NumeralTickFormatter,
    PanTool,
    Range1d,
    Span,
    WheelZoomTool,
)
from bokeh.plotting import figure

SCRIPTS = [Path(__file__).with_name(name) for name in ("rows.js", "view.js")]
HEIGHTS = {"prices": 360, "volume": 90, "position": 100, "equity": 170, "drawdown": 100, "exposure": 100}
OWN_HEIGHT = 110  # of the panel of an indicator
TITLES = {"volume": "Volume", "drawdown": "Drawdown, %", "exposure": "Net exposure, % of equity"}
FILL = ("side", "quantity", "price", "time", "profit", "order", "tag")  # shown under the pointer
LEVEL = ("kind", "side", "price", "order")
LEVELS = {"limits": "limit", "stops": "stop", "touches": "touch"}  # source: role of its colour
LINE_ROLES = 6  # colours of indicators, "line0" to "line5"
TIME_FORMATS = {
    "microseconds": "%H:%M:%S.%f", "milliseconds": "%H:%M:%S.%3N", "seconds": "%H:%M:%S",
    "minsec": "%H:%M:%S", "minutes": "%H:%M", "hourmin": "%H:%M", "hours": "%H:%M", "days": "%d %b %Y",
    "months": "%b %Y", "years": "%Y",
}  # fmt: skip
DATES = {name: "%d %b %Y" if "%H" in text else "" for name, text in TIME_FORMATS.items()}  # below the first


class Panels:
    """The figures of a chart, the sources and ranges that view.js fills, and what it colours."""

    def __init__(self, start: float, end: float) -> None:
        room = 0.01 * (end - start) or 1.0
        self.x = Range1d(start - room, end + room, bounds=(start - 5 * room, end + 5 * room))
        self.crosshair = Span(dimension="height", line_width=1)
        self.figures: dict[str, Any] = {}
        self.parts: dict[str, Any] = {"x": self.x, "pans": [], "tickers": []}
        self.roles: list[list[Any]] = []  # model, property, role
        self.paint(self.crosshair, "line_color", "soft")

    def paint(self, model: Any, name: str, role: str) -> None:
        """Lets view.js colour a property of a model."""
        self.roles.append([model, name, role])

    def add(self, name: str, title: str, height: int) -> Any:
        """A figure with a range of its own for values; `name` is that of the range in view.js."""
        made = figure(
            height=height, sizing_mode="stretch_width", x_range=self.x, y_range=Range1d(0, 1), tools="",
            toolbar_location=None, x_axis_type="datetime", title=title, min_border_left=76,
            min_border_right=14, min_border_top=4, min_border_bottom=4, name=f"panel {name}",
        )  # fmt: skip
        wheel, pan = WheelZoomTool(dimensions="width"), PanTool(dimensions="width")
        made.add_tools(pan, wheel, CrosshairTool(overlay=self.crosshair))
        made.toolbar.active_scroll, made.toolbar.active_drag = wheel, pan
        self.parts["pans"].append(pan)
        self.parts["tickers"].append(made.xaxis[0].ticker)
        made.xaxis.formatter = DatetimeTickFormatter(
            **TIME_FORMATS, context=DatetimeTickFormatter(**DATES), context_which="start"
        )
        made.xaxis.visible = name == "prices"
        if name == "prices":
            made.yaxis.formatter.use_scientific = False
        else:
            made.yaxis.formatter = NumeralTickFormatter(format="0,0.[00000000]")
        made.title.text_font_size = "13px"
        made.yaxis.ticker.desired_num_ticks = max(height // 45, 2)
        for axis in made.axis:
            axis.major_label_text_font_size = "11px"
            for line in ("axis_line_color", "major_tick_line_color"):
                self.paint(axis, line, "line")
            axis.minor_tick_line_color = None
            self.paint(axis, "major_label_text_color", "soft")
            self.paint(axis, "axis_label_text_color", "soft")
        for grid in made.grid:
            self.paint(grid, "grid_line_color", "line")
        self.paint(made.title, "text_color", "ink")
        for fill in ("background_fill_color", "border_fill_color"):
            self.paint(made, fill, "paper")
        self.paint(made, "outline_line_color", "line")
        self.figures[name] = made
        self.parts[f"range {name}"] = made.y_range
        self.parts[f"title {name}"] = made.title
        return made

    def source(self, name: str, *columns: str) -> ColumnDataSource:
        """An empty source; `name` is its name in view.js."""
        made = ColumnDataSource({column: [] for column in columns}, name=name)
        self.parts[name] = made
        return made

    def line(self, on: Any, name: str, role: str, *, step: bool = False, **more: Any) -> Any:
        """A line, or steps that hold until the next point."""
        source = self.source(name, "x", "y")
        drawn = (
            on.step("x", "y", source=source, mode="after", **more)
            if step
            else on.line("x", "y", source=source, **more)
        )
        self.paint(drawn.glyph, "line_color", role)
        return drawn


def document(contents: dict[str, Any], lines: list[tuple[str, str]], currency: str) -> Any:
    """The panels of `contents` as a Bokeh model; its CustomJS "view" draws them when it is executed.

    `lines` are (name, panel) of the indicators, "" for the panel of prices.
    """
    panels = Panels(contents["start"], contents["end"])
    on = panels.add("prices", "Price", HEIGHTS["prices"])
    _prices(panels, on)
    if contents["volume"]:
        _volume(panels, panels.add("volume", TITLES["volume"], HEIGHTS["volume"]))
    for i, (name, panel) in enumerate(lines):
        key = f"lines {panel}" if panel else "prices"
        if key not in panels.figures:
            panels.add(key, panel, OWN_HEIGHT)
        legend: dict[str, Any] = (
            {"legend_label": name} if [of for _, of in lines].count(panel) > 1 or not panel else {}
        )
        role = f"line{i % LINE_ROLES}"
        panels.line(panels.figures[key], f"line {name}", role, step=True, line_width=1.4, **legend)
    _account(panels, currency, benchmark=len(contents["benchmark"]["time"]) > 0)
    for made in panels.figures.values():
        _legend(panels, made)
    last = list(panels.figures.values())[-1]
    last.xaxis.visible = True
    last.xaxis.axis_label = on.xaxis.axis_label = "time, UTC"
    for made in (on, last):
        made.height += 40
    stack = column(*panels.figures.values(), sizing_mode="stretch_width", name="panels", spacing=2)
    panels.parts["figures"] = list(panels.figures.values())
    panels.parts["own"] = {key: made for key, made in panels.figures.items() if key.startswith("lines ")}
    view = CustomJS(
        name="view",
        args={"contents": contents, "parts": panels.parts, "roles": panels.roles},
        code="\n".join(script.read_text(encoding="utf-8") for script in SCRIPTS),
    )
    stack.tags = [view]
    return stack


def _prices(panels: Panels, on: Any) -> None:
    for name, role in LEVELS.items():
        source = panels.source(name, "start", "end", "price", "kind", "side", "order")
        drawn = on.segment("start", "price", "end", "price", source=source, line_width=1.5, line_dash=[5, 3])
        panels.paint(drawn.glyph, "line_color", role)
        on.add_tools(_hover(drawn, LEVEL, line_policy="interp"))
    for role in ("up", "down"):
        source = panels.source(role, "x", "left", "right", "open", "high", "low", "close")
        wick = on.segment("x", "high", "x", "low", source=source, line_width=1)
        body = on.quad("left", "right", "close", "open", source=source, line_width=1)
        panels.paint(wick.glyph, "line_color", role)
        panels.paint(body.glyph, "line_color", role)
        panels.paint(body.glyph, "fill_color", role)
    panels.line(on, "ticks", "blue", step=True, line_width=1.3)
    for name, marker, role in (("buys", "triangle", "buy"), ("sells", "inverted_triangle", "sell")):
        source = panels.source(name, "x", "y", *FILL)
        drawn = on.scatter("x", "y", source=source, marker=marker, size=11, line_width=1.5, level="overlay")
        panels.paint(drawn.glyph, "fill_color", role)
        panels.paint(drawn.glyph, "line_color", "paper")
        on.add_tools(_hover(drawn, FILL))


def _hover(drawn: Any, names: tuple[str, ...], **more: Any) -> HoverTool:
    """Shows columns of a glyph under the pointer in the colours of the page, which Bokeh's own box lacks."""
    rows = "".join(f'<div style="color:var(--soft)">{name}</div><div>@{name}</div>' for name in names)
    box = (  # narrower than half of the page, as it is beside the pointer
        "margin:-5px;padding:7px 10px;background:var(--paper);color:var(--ink);display:grid;"
        "grid-template-columns:auto minmax(0,1fr);gap:2px 10px;overflow-wrap:anywhere;box-sizing:border-box;"
        "max-width:min(44vw,420px);max-height:90vh;overflow:hidden"
    )
    text = f'<div style="{box}">{rows}</div>'
    return HoverTool(renderers=[drawn], tooltips=text, show_arrow=False, **more)


def _volume(panels: Panels, on: Any) -> None:
    source = panels.source("volumes", "left", "right", "top")
    drawn = on.quad("left", "right", "top", 0, source=source, line_width=1)
    panels.paint(drawn.glyph, "fill_color", "soft")
    panels.paint(drawn.glyph, "line_color", "soft")


def _account(panels: Panels, currency: str, *, benchmark: bool) -> None:
    on = panels.add("position", "Position", HEIGHTS["position"])
    panels.line(on, "position", "blue", step=True, line_width=1.4)
    what = f"Equity{' and benchmark' if benchmark else ''}{currency and ', ' + currency}"
    on = panels.add("equity", what, HEIGHTS["equity"])
    if benchmark:
        panels.line(on, "benchmark", "soft", line_width=1.4, legend_label="benchmark")
    legend: dict[str, Any] = {"legend_label": "equity"} if benchmark else {}
    panels.line(on, "equity", "blue", line_width=1.6, **legend)
    for name, role in (("drawdown", "red"), ("exposure", "teal")):
        on = panels.add(name, TITLES[name], HEIGHTS[name])
        panels.line(on, name, role, step=name == "exposure", line_width=1.4)


def _legend(panels: Panels, on: Any) -> None:
    for legend in on.legend:
        legend.location, legend.click_policy = "top_left", "hide"
        legend.label_text_font_size, legend.spacing, legend.padding = "11px", 0, 4
        legend.glyph_height, legend.label_height, legend.margin = 12, 12, 4
        legend.background_fill_alpha = 0.75
        panels.paint(legend, "background_fill_color", "paper")
        panels.paint(legend, "border_line_color", "line")
        panels.paint(legend, "label_text_color", "ink")
        panels.paint(legend, "inactive_fill_color", "paper")
