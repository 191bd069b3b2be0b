"""Pages in Chromium: skipped where it or Playwright is missing. A page that requests another file fails."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pages import Opener

ARGUMENTS = (
    "--no-sandbox", "--headless", "--disable-gpu", "--disable-background-networking", "--no-first-run",
)  # fmt: skip
NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, from $CHROMIUM or the path, driven by Playwright."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("there is no Chromium: apt-get install chromium")
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Any) -> Iterator[Opener]:
    """Opens a file with options of a browser context; fails if it requests other files or raises an error."""
    contexts, asked, errors = [], list[str](), list[str]()

    def opened(path: Path, **options: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 1200, "height": 900}} | options)
        contexts.append(context)
        page = context.new_page()
        own = path.as_uri()
        page.on("request", lambda request: None if request.url == own else asked.append(request.url[:200]))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(own)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [url for url in asked if not url.startswith(("data:", "blob:", "about:"))] == []
    assert errors == []
