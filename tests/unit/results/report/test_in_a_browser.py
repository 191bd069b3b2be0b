"""The page in Chromium: both themes, a phone, print and the tooltip; no request leaves it."""

import re
from pathlib import Path
from typing import Any

import pytest

A4_PX = 718  # 190 mm between the margins of the page, at 96 px an inch
SHOWN = ["random records", "sample market", "both readings", "legs", "one point"]

pytest.importorskip("playwright", reason="playwright is not installed")

from axe_playwright_python.sync_playwright import Axe  # noqa: E402
from playwright.sync_api import Browser, Page  # noqa: E402


@pytest.fixture(scope="module")
def paths(results: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    return {name: results[name].report(folder / f"{name.replace(' ', '_')}.html") for name in SHOWN}


class Opened:
    """A page that is open, with the requests and the errors that it has made."""

    def __init__(self, browser: Browser, path: Path, *, width: int = 1280, scheme: Any = "light") -> None:
        self.page: Page = browser.new_page(
            viewport={"width": width, "height": 900}, color_scheme=scheme, has_touch=width < 500
        )
        self.requests: list[str] = []
        self.errors: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda line: self.errors.append(line.text))
        self.page.goto(path.as_uri())

    def __enter__(self) -> "Opened":
        return self

    def __exit__(self, *_: object) -> None:
        self.page.close()


WIDER = """() => [...document.querySelectorAll("main, .box, .card, header, .pair, .groups")].filter(each =>
  each.scrollWidth > each.clientWidth + 1 || each.getBoundingClientRect().right > innerWidth + 1)
  .map(each => each.className || each.tagName)"""


COLOURS = ("paper", "ink", "soft", "line", "blue", "red", "teal", "back", "teal-text", "red-text")
VARIABLES = f"""name => {[*COLOURS, "heat-up", "heat-down"]}.map(each =>
  getComputedStyle(document.querySelector(name)).getPropertyValue("--" + each)).join(" ")"""


@pytest.mark.parametrize("name", SHOWN)
@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]
)
def test_it_fits_its_window_loads_nothing_and_is_accessible(browser, paths, name, width, scheme):
    with Opened(browser, paths[name], width=width, scheme=scheme) as opened:
        page = opened.page
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert page.evaluate(WIDER) == []
        found = Axe().run(page).response["violations"]
        assert [
            f"{v['id']}: {v['nodes'][0]['html'][:200]}"
            for v in found
            if v["impact"] in ("serious", "critical")
        ] == []
        assert opened.requests == [paths[name].as_uri()]
        assert opened.errors == []
        back = page.evaluate("getComputedStyle(document.body).backgroundColor")
        red, green, blue = (int(n) for n in re.findall(r"\d+", back))
        assert (red + green + blue < 150) == (scheme == "dark")


def test_no_box_stands_alone_in_its_row(browser, paths):
    with Opened(browser, paths["sample market"]) as opened:
        tops = opened.page.evaluate(
            "() => ['.cards', '.pair'].flatMap(name => [...document.querySelectorAll(name)].map(grid => "
            "[...grid.children].map(box => [box.offsetTop, box.offsetWidth, grid.clientWidth])))"
        )
        assert len(tops) >= 5
        for boxes in tops:
            rows = [[box for box in boxes if box[0] == top] for top in sorted({box[0] for box in boxes})]
            for row in rows:
                assert len(row) > 1 or row[0][1] == row[0][2], boxes  # alone only over the whole width
        columns = opened.page.evaluate(
            "() => [...document.querySelectorAll('.groups .box')].map("
            "box => [box.offsetLeft, box.offsetHeight])"
        )
        heights = [
            sum(h for left, h in columns if left == at) for at in sorted({left for left, _ in columns})
        ]
        assert len(heights) == 3
        assert min(heights) > 0.5 * max(heights)


def test_tables_show_all_columns_at_1280_px_and_scroll_in_their_box_on_a_phone(browser, paths):
    cut = """() => [...document.querySelectorAll(".scroll")].filter(each =>
      each.scrollWidth > each.clientWidth + 1)
      .map(each => [each.ariaLabel, getComputedStyle(each).overflowX])"""
    for name in ("sample market", "both readings"):
        with Opened(browser, paths[name]) as opened:
            assert opened.page.evaluate(cut) == []
        with Opened(browser, paths[name], width=390) as opened:
            wide = opened.page.evaluate(cut)
            assert ["Round trips", "auto"] in wide
            assert {how for _, how in wide} == {"auto"}


def test_the_tooltip_shows_the_values_at_the_pointer(browser, paths, results):
    result = results["sample market"]
    with Opened(browser, paths["sample market"]) as opened:
        for number, count in ((0, 3), (1, 2), (2, 2)):
            chart = opened.page.locator(".hover").nth(number)
            chart.scroll_into_view_if_needed()
            box = chart.bounding_box()
            opened.page.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2)
            lines = chart.locator(".tip").inner_text().split("\n")
            assert len(lines) == count
            assert chart.locator(".tip").is_visible()
            if number == 0:
                assert lines[0] == "2023-12-30 00:00:00 UTC"
                assert float(lines[1].split()[1].replace(",", "")) == pytest.approx(
                    result.equity_curve["equity"][-1], abs=5e-5
                )
            else:
                column = ("sharpe_ratio", "volatility")[number - 1]
                shown = float(re.search(r"-?[\d.]+(?= ?%?$)", lines[1])[0])
                assert shown == pytest.approx(result.rolling(63)[column][-1], abs=5e-5)
            tip, frame = chart.locator(".tip").bounding_box(), chart.bounding_box()
            assert tip["x"] >= frame["x"]
            assert tip["x"] + tip["width"] <= frame["x"] + frame["width"]
            opened.page.mouse.move(2, 2)
            assert not chart.locator(".tip").is_visible()
        assert opened.errors == []


@pytest.mark.parametrize("name", SHOWN)
def test_it_prints_in_light_colours_with_nothing_cut(browser, paths, name):
    with Opened(browser, paths[name], width=A4_PX, scheme="dark") as opened:
        page = opened.page
        pdf = page.pdf(prefer_css_page_size=True, print_background=True)
        pages = len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf))
        assert 1 < pages < 20
        assert set(re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)) == {(b"594.95996", b"841.91998")}
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print")
        assert page.evaluate(WIDER) == []
        over = """() => [...document.querySelectorAll("table, pre, svg, dd")].filter(each =>
          each.getBoundingClientRect().right > innerWidth + 1).map(each => each.outerHTML.slice(0, 80))"""
        assert page.evaluate(over) == []
        hidden = """() => [...document.querySelectorAll(".scroll")].filter(each =>
          getComputedStyle(each).overflowY !== "visible").length"""
        assert page.evaluate(hidden) == 0
        assert page.evaluate("document.querySelector('details').open")
        colours = [page.evaluate(VARIABLES, name) for name in ("html", ".chart svg")]
        assert len(set(colours[0].split())) > 8
    with Opened(browser, paths[name], scheme="light") as opened:
        of_screen = [opened.page.evaluate(VARIABLES, name) for name in ("html", ".chart svg")]
        assert colours == [each.replace("#f5f7fa", "#fff") for each in of_screen]


def test_long_tables_print_their_first_rows_and_say_so(browser, paths):
    with Opened(browser, paths["random records"], width=A4_PX) as opened:
        opened.page.emulate_media(media="print")
        rows = opened.page.locator("[data-of=trades] tbody tr").filter(visible=True)
        assert rows.count() == 40
        assert opened.page.locator(".printed").filter(visible=True).count() >= 1
        opened.page.emulate_media(media="screen")
        assert opened.page.locator(".printed").filter(visible=True).count() == 0
