"""A plugin of pytest for runs with a fault: short tests first, none of the reference engine, no shrinking.

BTCORE_MUTATION_TIMES names a file with the seconds of each test. A run that finds no such file writes it.
"""

import json
import os
from pathlib import Path

import pytest
from hypothesis import Phase, settings

TIMES = Path(os.environ["BTCORE_MUTATION_TIMES"])
UNKNOWN = 1.0  # seconds of a test that has not run
seconds: dict[str, float] = {}
known: dict[str, float] = json.loads(TIMES.read_text()) if TIMES.exists() else {}


def is_of_reference(item: pytest.Item) -> bool:
    """True for a test that does not run the compiled engine."""
    return "[reference" in item.nodeid or "-reference" in item.nodeid or "the_reference" in item.nodeid


def pytest_sessionstart() -> None:
    phases = [Phase.explicit, Phase.generate]
    settings.register_profile("mutation", settings.get_profile("btcore"), phases=phases, database=None)
    settings.load_profile("mutation")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [item for item in items if is_of_reference(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if not is_of_reference(item)]
    items.sort(key=lambda item: known.get(item.nodeid, UNKNOWN))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    seconds[report.nodeid] = seconds.get(report.nodeid, 0.0) + report.duration


def pytest_sessionfinish(exitstatus: int) -> None:
    if exitstatus == 0 and not TIMES.exists():
        TIMES.write_text(json.dumps(seconds))
