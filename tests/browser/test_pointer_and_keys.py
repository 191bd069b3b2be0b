"""Interactive charts under the pointer and the keys: hover, zoom, drag, and the values beside them."""

from pathlib import Path

import numpy as np
import pytest
from interactive_charts import EVIL, HOURS, drawn
from pages import Opener

import btcore as bt

pytest.importorskip("bokeh", reason="bokeh is not installed")

# Where a row of a source is drawn, in pixels of the window.
PLACE = """([source, row]) => {
  const doc = Bokeh.documents[0], {data} = doc.get_model_by_name(source);
  const view = Bokeh.index.find_one(doc.get_model_by_name("panel prices"));
  const box = view.canvas_view.el.getBoundingClientRect();
  return [box.x + view.frame.x_scale.compute(data.x[row]), box.y + view.frame.y_scale.compute(data.y[row])];
}"""
TOOLTIP = """() => [...document.querySelectorAll("*")].flatMap(function inside(element) {
  if (element.matches(".bk-Tooltip")) return [element.shadowRoot.textContent];
  return element.shadowRoot ? [...element.shadowRoot.querySelectorAll("*")].flatMap(inside) : [];
}).join(" ")"""
TOOLTIP_BOX = """() => [...document.querySelectorAll("*")].flatMap(function inside(element) {
  const box = element.matches(".bk-Tooltip") ? element.getBoundingClientRect() : null;
  if (box && box.width > 20) return [[box.left, box.top, box.right, box.bottom]];
  return element.shadowRoot ? [...element.shadowRoot.querySelectorAll("*")].flatMap(inside) : [];
})"""


def test_hover_shows_the_numbers_of_a_fill(result: bt.Result, bars: Path, open_page: Opener) -> None:
    page = drawn(open_page(bars))
    x, y = page.evaluate(PLACE, ["sells", 0])
    page.mouse.move(x - 3, y)
    page.mouse.move(x, y)
    page.wait_for_function(f"({TOOLTIP})().includes('profit')")
    text = page.evaluate(TOOLTIP)
    sold = result.trades[result.trades["side"] == "sell"][0]
    profit = result.round_trips["pnl"][0]
    for shown in ("sell", f"{sold['quantity']:g}", f"{sold['price']:.12g}", f"{profit:,.2f}", EVIL):
        assert shown in text, (shown, text)
    assert str(sold["timestamp"].view("M8[ns]"))[:19].replace("T", " ") in text
    assert page.title() != "run"
    assert "position" in page.inner_text("#readout")


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("tag", ["word " * 60, "T" * 300])
def test_a_long_tag_stays_in_the_page(width: int, tag: str, tmp_path: Path, open_page: Opener) -> None:
    rows = np.array([20, 150, 230, 320])
    orders = bt.Orders(
        timestamp=HOURS.end[rows], symbol="AAPL", side="buy", quantity=1, tag=[tag] * len(rows)
    )
    bt.run({"AAPL": HOURS}, orders).plot(tmp_path / "tags.html")
    page = drawn(open_page(tmp_path / "tags.html", viewport={"width": width, "height": 900}))
    page.mouse.move(*page.evaluate(PLACE, ["buys", 1]))  # the line of values has its height from now on
    page.wait_for_function("document.getElementById('readout').textContent")
    for row in range(len(rows)):
        page.mouse.move(5, 5)
        page.wait_for_function(f"({TOOLTIP_BOX})().length === 0")
        x, y = page.evaluate(PLACE, ["buys", row])
        page.mouse.move(x - 3, y)
        page.mouse.move(x, y)
        page.wait_for_function(f"({TOOLTIP_BOX})().length > 0")
        left, top, right, bottom = page.evaluate(TOOLTIP_BOX)[0]
        assert left >= 0
        assert top >= 0
        assert right <= width
        assert bottom <= 900
        assert right < x or left > x
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_wheel_keys_and_drag(bars: Path, open_page: Opener) -> None:
    page = drawn(open_page(bars))
    x = "Bokeh.documents[0].get_model_by_name('panel prices').x_range"
    width = f"({x}.end - {x}.start)"
    whole = page.evaluate(width)
    page.mouse.move(600, 400)
    page.mouse.wheel(0, -300)
    page.wait_for_function(f"{width} < {0.95 * whole}")
    page.keyboard.press("0")
    page.wait_for_function(f"Math.abs({width} - {whole}) < 1")
    page.keyboard.press("+")
    page.wait_for_function(f"Math.abs({width} - {whole / 2}) < 1")
    start = page.evaluate("Bokeh.documents[0].get_model_by_name('panel equity').x_range.start")
    page.mouse.down()
    page.mouse.move(500, 400, steps=4)
    page.mouse.up()
    page.wait_for_function(f"Bokeh.documents[0].get_model_by_name('panel prices').x_range.start > {start}")
    page.focus("button[data-do=all]")
    page.keyboard.press("Enter")
    page.wait_for_function(f"Math.abs({width} - {whole}) < 1")


def test_the_values_under_the_pointer_go_with_the_symbol(tmp_path: Path, open_page: Opener) -> None:
    other = bt.sample_bars("MSFT", "2024-01-02", "2024-03-10", "1h")
    bt.run({"AAPL": HOURS, "MSFT": other}, "buy_and_hold").plot(tmp_path / "two.html")
    page = drawn(open_page(tmp_path / "two.html"))
    page.mouse.move(600, 300)
    page.mouse.move(601, 300)
    page.wait_for_function("document.getElementById('readout').textContent.includes('open')")
    page.select_option("#symbol", "MSFT")
    page.wait_for_function("document.getElementById('step').textContent.startsWith('MSFT')")
    assert page.inner_text("#readout") == ""
