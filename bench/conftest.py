"""Fixtures of the benchmarks."""

import tempfile

import pytest

from .data import BUILD


@pytest.fixture
def folder():
    """An empty folder below build/, removed afterwards, as some hold gigabytes."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD) as name:
        yield name
