"""Pages look as they did: the brightness of parts of a window, beside that of saved screenshots.

Parts of 40 by 40 pixels leave out what differs between versions of a browser. Other fonts move lines, so
that the tests are skipped where the widths of a text are not those that were saved. With
BTCORE_SAVE_SCREENSHOTS=1 the saved ones are made again: look at them before they are committed.
"""

import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import btcore as bt

image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
pytest.importorskip("bokeh", reason="bokeh is not installed")

SAVED = Path(__file__).parent / "screenshots.json"
SAVE = os.environ.get("BTCORE_SAVE_SCREENSHOTS") == "1"
PART = 40  # pixels
MOST = 0.25  # of what a page shows may differ
WINDOWS = {"wide": {"width": 1280, "height": 1600}, "phone": {"width": 400, "height": 1600}}


class Crossing(bt.Strategy):
    """Buys above a mean, with a target and a stop."""

    def on_start(self, ctx: bt.Context) -> None:
        self.mean = ctx.indicator("sma", "AAPL", 20)
        self.strength = ctx.indicator("rsi", "AAPL", 14)

    def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
        if not self.mean.ready or ctx.open_orders():
            return
        if bar.close > self.mean.value and not ctx.position("AAPL"):
            ctx.bracket("AAPL", 5000, take_profit=1.06 * bar.close, stop_loss=0.97 * bar.close)


WIDTHS = """() => ["13px system-ui", "600 23px system-ui", "12px ui-monospace, monospace"].map(font => {
  const drawn = document.createElement("canvas").getContext("2d");
  drawn.font = font;
  return drawn.measureText("Equity and drawdown of 1,234,567.89").width;
})"""


@pytest.fixture(scope="module", autouse=True)
def saved_fonts(browser: Any) -> None:
    """Skips the tests where the fonts are not those of the saved screenshots."""
    page = browser.new_page()
    widths = [round(width, 1) for width in page.evaluate(WIDTHS)]
    page.close()
    if SAVE:
        save("fonts", widths)
    elif not np.allclose(widths, saved()["fonts"], atol=1.0):
        pytest.skip("the fonts are not those of the saved screenshots")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("screenshots")
    data = {"AAPL": bt.sample_bars("AAPL", "2022-01-03", "2023-12-30")}
    result = bt.run(data, Crossing, execution=bt.Execution(commission_bps=1.0))
    held = bt.run(data, "buy_and_hold")
    grid = {"short_period": range(3, 15, 3), "long_period": range(20, 60, 10)}
    result.plot(folder / "chart.html")
    return {
        "chart": folder / "chart.html",
        "report": result.report(folder / "report.html"),
        "comparison": bt.compare([result, held], names=["crossing", "held"]).report(folder / "both.html"),
        "sweep": bt.sweep(data, "ma_crossover", grid).report(folder / "sweep.html"),
    }


def brightness(browser: Any, page: Path, window: str, scheme: str, style: str = "") -> NDArray[np.float64]:
    """Of each part of the window, once nothing in it moves."""
    opened = browser.new_page(viewport=WINDOWS[window], color_scheme=scheme)
    opened.goto(page.as_uri())
    if style:
        opened.add_style_tag(content=style)
    before = b""
    while (shot := opened.screenshot()) != before:
        before = shot
    opened.close()
    pixels = np.asarray(image.open(io.BytesIO(shot)).convert("L"), float) / 255
    return pixels.reshape(pixels.shape[0] // PART, PART, -1, PART).mean(axis=(1, 3))


def different(found: NDArray[np.float64], kept: NDArray[np.float64]) -> float:
    """The differences of all parts, as a share of what stands out from the ground of the saved one."""
    assert found.shape == kept.shape
    return float(np.abs(found - kept).sum() / np.abs(kept - np.median(kept)).sum())


def saved() -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(SAVED.read_text()) if SAVED.exists() else {}
    return kept


def save(key: str, value: Any) -> None:
    kept = saved() | {key: value}
    rows = [f"{json.dumps(each)}: {json.dumps(kept[each])}" for each in sorted(kept)]
    SAVED.write_text("{\n" + ",\n".join(rows) + "\n}\n")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("name", ["chart", "report", "comparison", "sweep"])
def test_a_page_looks_as_it_did(
    browser: Any, pages: dict[str, Path], name: str, window: str, scheme: str
) -> None:
    key, found = f"{name} {window} {scheme}", brightness(browser, pages[name], window, scheme)
    if SAVE:
        save(key, (100 * found).round().astype(int).tolist())
    assert different(found, np.array(saved()[key]) / 100) <= MOST


@pytest.mark.parametrize(
    ("name", "style"),
    [
        ("chart", "#chart {opacity: 0}"),
        ("chart", "body {padding-left: 200px}"),
        ("report", "svg {visibility: hidden}"),
        ("report", "body {background: #888}"),
        ("comparison", "svg {visibility: hidden}"),
        ("sweep", "table {display: none}"),
        ("sweep", "h2 ~ ul {display: none}"),
    ],
)
def test_what_is_missing_or_moved_is_found(
    browser: Any, pages: dict[str, Path], name: str, style: str
) -> None:
    found = brightness(browser, pages[name], "wide", "light", style)
    assert different(found, np.array(saved()[f"{name} wide light"]) / 100) > MOST
