"""The pages of comparisons and sweeps in Chromium: in both themes, on a phone, without a request."""

from pathlib import Path
from typing import Any

import pytest
from pages import serious

import btcore as bt

LEGIBLE = 4.5  # the contrast that WCAG 2.2 asks for text

pytest.importorskip("playwright", reason="playwright is not installed")

from playwright.sync_api import Browser  # noqa: E402

CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const bright = colour => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    const part = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map(v => v / 255)
      .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part[0] + 0.7152 * part[1] + 0.0722 * part[2];
  };
  const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const behind = each => {
    for (let at = each; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (colour !== "rgba(0, 0, 0, 0)") return colour;
    }
  };
  const texts = [...document.querySelectorAll("h1,h2,td,th,li,.soft,summary")]
    .map(each => ratio(bright(getComputedStyle(each).color), bright(behind(each))));
  const drawn = [...document.querySelectorAll("svg text[class]")]
    .map(each => ratio(bright(getComputedStyle(each).fill),
                       bright(getComputedStyle(each.ownerSVGElement.querySelector(".bp-paper")).fill)));
  return Math.min(...texts, ...drawn);
}"""

TOO_WIDE = """() => [...document.querySelectorAll("thead th, td:first-child")]
  .filter(each => each.scrollWidth > each.clientWidth + 1).map(each => each.textContent)"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    data = {"A": bt.sample_bars("A")}
    grid = {"short_period": range(3, 15), "long_period": range(20, 60, 5), "allow_short": [True, False]}
    runs = [bt.run(data, "ma_crossover", {"short_period": n, "long_period": 30}) for n in range(3, 9)]
    return {
        "comparison": bt.compare(runs).report(folder / "comparison.html"),
        "sweep": bt.sweep(data, "ma_crossover", grid).report(folder / "sweep.html"),
    }


@pytest.mark.parametrize("name", ["comparison", "sweep"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_a_page_fits_is_legible_and_asks_for_nothing(
    browser: Browser, pages: dict[str, Path], name: str, scheme: Any, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    requests: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda line: errors.append(line.text))
    page.goto(pages[name].as_uri())
    assert requests == [pages[name].as_uri()]
    assert errors == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(CONTRAST) >= LEGIBLE
    heights = page.evaluate(
        "[...document.querySelectorAll('svg text')].map(each => each.getBoundingClientRect().height)"
    )
    assert min(heights) > 9.0
    assert page.evaluate(TOO_WIDE) == []
    assert serious(page) == []
    page.close()


@pytest.mark.parametrize("name", ["comparison", "sweep"])
def test_a_page_is_printed_in_light_colours(browser: Browser, pages: dict[str, Path], name: str) -> None:
    page = browser.new_page(viewport={"width": 760, "height": 900}, color_scheme="dark")
    page.goto(pages[name].as_uri())
    colour = "each => getComputedStyle(document.querySelector(each)).%s"
    assert page.evaluate(colour % "backgroundColor", ".box") == "rgb(18, 22, 29)"
    page.emulate_media(color_scheme="dark", media="print")
    assert page.evaluate(colour % "backgroundColor", "body") == "rgb(255, 255, 255)"
    assert page.evaluate(colour % "backgroundColor", ".box") == "rgb(255, 255, 255)"
    assert page.evaluate(colour % "fill", ".bp-paper") == "rgb(255, 255, 255)"
    assert page.evaluate(colour % "colorScheme", "html") == "light"
    assert page.evaluate(CONTRAST) >= LEGIBLE
    page.close()
