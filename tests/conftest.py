"""Random tests: the same cases on every run, new ones with BTCORE_RANDOM=1. Long tests: an hour each."""

import os

import pytest
from hypothesis import settings

# No deadline: the time of one case depends on the machine.
settings.register_profile("btcore", deadline=None, derandomize=os.environ.get("BTCORE_RANDOM") != "1")
settings.load_profile("btcore")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(pytest.mark.timeout(3600))
