"""Pages in Chromium: skipped where it or Playwright is missing. A page that requests another file fails."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from interactive_charts import HOURS, Brackets
from pages import Opener

import btcore as bt


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


@pytest.fixture(scope="session")
def result() -> bt.Result:
    return bt.run({"AAPL": HOURS}, Brackets)


@pytest.fixture(scope="session")
def bars(result: bt.Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("charts") / "bars.html"
    result.plot(path)
    return path
