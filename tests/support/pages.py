"""What tests of pages in a browser share."""

from collections.abc import Callable
from typing import Any

import pytest

# `open_page` of tests/browser/conftest.py: takes a path and options of a browser context, gives a page.
Opener = Callable[..., Any]


def serious(page: Any) -> list[str]:
    """What axe finds on a page that is serious or critical, with the first place of each."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(page).response["violations"]
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:200]}"
        for each in found
        if each["impact"] in {"serious", "critical"}
    ]
