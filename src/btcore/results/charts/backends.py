"""`Result.plot`: which chart a path and a backend mean."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from btcore.errors import ConfigError, near_name
from btcore.results.report.chart import Chart
from btcore.results.report.chart import draw as draw_svg
from btcore.results.writing import path_ending_in

from .contents import Given
from .interactive import InteractiveChart, draw_interactive

BACKENDS = ("bokeh", "svg")
SUFFIXES = {".svg": "svg", ".html": "bokeh"}


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
    if path is not None:
        path_ending_in(path, *SUFFIXES)
    if backend is None:
        installed = "svg" if find_spec("bokeh") is None else "bokeh"
        return installed if path is None else SUFFIXES[path.suffix]
    if backend not in BACKENDS:
        raise ConfigError(f"backend: {backend!r} is not 'bokeh' or 'svg'{near_name(backend, BACKENDS)}")
    if backend == "bokeh" and path is not None and path.suffix == ".svg":
        raise ConfigError(f'{path}: Bokeh writes .html; backend="svg" writes .svg')
    return backend
