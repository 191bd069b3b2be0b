"""Interactive charts in light and dark, on a phone, in print and in a notebook; what axe finds."""

import html
from pathlib import Path

import pytest
from interactive_charts import drawn
from pages import Opener, serious

import btcore as bt

pytest.importorskip("bokeh", reason="bokeh is not installed")

PIXEL = """name => {
  const view = Bokeh.index.find_one(Bokeh.documents[0].get_model_by_name("panel " + name));
  const data = view.canvas_view.primary.canvas.getContext("2d").getImageData(3, 3, 1, 1).data;
  return [...data].slice(0, 3).join(",");
}"""
LIGHT, DARK = "255,255,255", "18,22,29"


def test_colours_follow_the_mode_of_the_browser(bars: Path, open_page: Opener) -> None:
    page = drawn(open_page(bars, color_scheme="dark"))
    for name in ("prices", "exposure"):
        page.wait_for_function(f"({PIXEL})('{name}') === '{DARK}'")
    page.emulate_media(color_scheme="light")
    page.wait_for_function(f"({PIXEL})('prices') === '{LIGHT}'")
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"({PIXEL})('prices') === '{DARK}'")
    page.emulate_media(color_scheme="dark", media="print")
    page.wait_for_function(f"({PIXEL})('prices') === '{LIGHT}'")
    assert page.pdf()[:5] == b"%PDF-"


def test_a_phone_has_no_horizontal_overflow(bars: Path, open_page: Opener) -> None:
    phone = {"width": 390, "height": 844}
    page = drawn(open_page(bars, viewport=phone, has_touch=True, is_mobile=True))
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    frame = page.evaluate(
        "Bokeh.index.find_one(Bokeh.documents[0].get_model_by_name('panel prices')).frame.bbox.width"
    )
    assert frame > 250
    touch = page.evaluate(
        """() => { const view = Bokeh.index.find_one(Bokeh.documents[0].get_model_by_name("panel prices"));
        return getComputedStyle(view.canvas_view.events_el).touchAction; }"""
    )
    assert "pan-y" in touch or touch == "auto"


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_axe_finds_nothing_serious(mode: str, bars: Path, open_page: Opener) -> None:
    assert serious(drawn(open_page(bars, color_scheme=mode))) == []


def test_a_notebook_shows_the_page(result: bt.Result, tmp_path: Path, open_page: Opener) -> None:
    shown = result.plot(backend="bokeh")._repr_html_()
    assert html.unescape(shown).count("<main>") == 1
    (tmp_path / "notebook.html").write_text(
        f"<!doctype html><title>notebook</title>{shown}", encoding="utf-8"
    )
    frame = open_page(tmp_path / "notebook.html").frame_locator("iframe")
    frame.locator("#step", has_text="AAPL: every bar").wait_for()
