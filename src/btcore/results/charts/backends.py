"""`Result.plot`: which chart a path and a backend mean."""

from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from btcore.errors import ConfigError
from btcore.results.report.chart import Chart
from btcore.results.report.chart import draw as draw_svg

from .contents import Given
from .interactive import InteractiveChart, draw_interactive

BACKENDS = ("bokeh", "svg")
SUFFIXES = {".html": "bokeh", ".svg": "svg"}


def draw(
    result: Any, path: str | Path | None, backend: str | None, *, symbol: str | None, data: Given | None
) -> Chart | InteractiveChart:
    """The chart of a result, saved to `path` if given; errors come before anything is drawn."""
    chosen = _backend(None if path is None else Path(path), backend)
    drawn = (draw_svg if chosen == "svg" else draw_interactive)(result, symbol, data)
    if path is not None:
        drawn.save(path)
    return drawn


def _backend(path: Path | None, backend: str | None) -> str:
    if path is not None and path.suffix not in SUFFIXES:
        raise ConfigError(f"{path}: the name does not end in .svg or .html")
    if backend is None:
        installed = "svg" if find_spec("bokeh") is None else "bokeh"
        return installed if path is None else SUFFIXES[path.suffix]
    if backend not in BACKENDS:
        near = get_close_matches(str(backend).lower(), BACKENDS, 1, 0.5)
        meant = f" (did you mean {near[0]!r}?)" if near else ""
        raise ConfigError(f"backend: {backend!r} is not 'bokeh' or 'svg'{meant}")
    if backend == "bokeh" and path is not None and path.suffix == ".svg":
        raise ConfigError(f'{path}: Bokeh writes .html; backend="svg" writes .svg')
    return backend
