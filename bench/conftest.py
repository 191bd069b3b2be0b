"""What the benchmarks share."""

import tempfile

import pytest

from .data import BUILD


@pytest.fixture
def folder():
    """An empty folder on the disk of the build, gone afterwards: some hold gigabytes."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD) as made:
        yield made
