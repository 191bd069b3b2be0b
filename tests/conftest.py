"""Random tests: the same cases on every run, new ones with BTCORE_RANDOM=1. Long tests: an hour each.

The case of a failure is printed as it was drawn. BTCORE_SHRINK=1 looks for a smaller one, which may take
longer than the time limit of a test, whose process then ends without a word.
"""

import os
import shutil
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import Phase, settings

ARGUMENTS = (
    "--no-sandbox", "--headless", "--disable-gpu", "--disable-background-networking", "--no-first-run",
)  # fmt: skip
NAMES = ("chromium", "chromium-browser", "google-chrome")
PHASES = [phase for phase in Phase if phase != Phase.shrink or os.environ.get("BTCORE_SHRINK") == "1"]

# Ray reads it when it is imported, which the collection of tests does: its addresses of 127.0.0.1 stay such.
os.environ.update(RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER="0", RAY_USAGE_STATS_ENABLED="0")

# A shell starts what runs in its background with Ctrl-C ignored, and the tests' processes would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# No deadline: the time of one case depends on the machine.
settings.register_profile(
    "btcore", deadline=None, derandomize=os.environ.get("BTCORE_RANDOM") != "1", phases=PHASES
)
settings.load_profile("btcore")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(pytest.mark.timeout(3600))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, from $CHROMIUM or the path, driven by Playwright; skipped where one of them is missing.

    Of a module, not of the session: Playwright has a loop of asyncio, beside which no other can run.
    """
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("there is no Chromium: apt-get install chromium")
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        yield started
        started.close()
