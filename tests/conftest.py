"""Random tests: the same cases on every run, new ones with BTCORE_RANDOM=1. Long tests: an hour each.

The case of a failure is printed as it was drawn. BTCORE_SHRINK=1 looks for a smaller one, which may take
longer than the time limit of a test, whose process then ends without a word.
"""

import os

import pytest
from hypothesis import Phase, settings

PHASES = [phase for phase in Phase if phase != Phase.shrink or os.environ.get("BTCORE_SHRINK") == "1"]

# No deadline: the time of one case depends on the machine.
settings.register_profile(
    "btcore", deadline=None, derandomize=os.environ.get("BTCORE_RANDOM") != "1", phases=PHASES
)
settings.load_profile("btcore")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(pytest.mark.timeout(3600))
