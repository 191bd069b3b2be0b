"""An empty catalog."""

import pytest

from btcore.data import Catalog


@pytest.fixture
def catalog(tmp_path):
    return Catalog(tmp_path / "data")
