"""Results are those of the release that saved them, to the last byte."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from saved_runs import all_digests

SAVED_BY = "0.1.0"
SAVED = json.loads((Path(__file__).parents[1] / "saved" / SAVED_BY / "fingerprints.json").read_text())


@pytest.fixture(scope="module")
def found() -> Iterator[dict[str, Any]]:
    with pytest.MonkeyPatch.context() as patch:  # the fingerprint includes the version
        patch.setattr("btcore.backtest.manifest.__version__", SAVED_BY)
        yield all_digests()


def test_every_run_is_saved(found: dict[str, Any]) -> None:
    assert list(found) == list(SAVED)


@pytest.mark.parametrize("name", SAVED)
def test_a_run_has_the_bytes_of_the_saved_one(found: dict[str, Any], name: str) -> None:
    assert found[name] == SAVED[name]
