"""The tests of this folder run against both engines."""

import pytest
from engines import ENGINES, EngineRun


@pytest.fixture(params=["reference", "btcore"])
def engine(request: pytest.FixtureRequest) -> EngineRun:
    return ENGINES[request.param]
