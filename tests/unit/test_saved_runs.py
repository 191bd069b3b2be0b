"""Results are those of the release that saved them, and change only where a release says so."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from saved_runs import all_results, digests_as_in_0_1_0, result_digests, sweep_digests

from btcore.backtest.manifest import describe_settings
from btcore.config import Execution, Instrument

SAVED = Path(__file__).parents[1] / "saved"
LATER, FIRST = ("0.6.0", "0.5.0"), "0.1.0"
DIGESTS = {
    version: json.loads((SAVED / version / "fingerprints.json").read_text()) for version in (*LATER, FIRST)
}
BEFORE = DIGESTS[FIRST]
BY_WEIGHT = ("buy_and_hold", "ma_crossover", "ema_crossover", "momentum", "mean_reversion", "rsi", "targets")
# Since 0.5.0 orders by weight reserve the commission on slippage too, and a fill that raises a position is
# cut to what equity pays. So these runs, at leverage 1 and sized by weight, have other quantities.
RESIZED = {
    *(f"{name} {data}" for name in BY_WEIGHT for data in ("day", "minute", "quotes", "both")),
    "calendar",
    "dip",
} - {"targets minute", "targets quotes", "targets both"}


def describe_as(patch: pytest.MonkeyPatch, version: str) -> None:
    """Gives manifests that version, and the default of `limit_fill` the name that it had before 0.6.0."""

    def describe(settings: Execution | Instrument) -> dict[str, Any]:
        named = isinstance(settings, Execution) and settings.limit_fill is None
        return describe_settings(settings) | ({"limit_fill": "through"} if named else {})

    patch.setattr("btcore.backtest.manifest.__version__", version)
    if version in ("0.1.0", "0.5.0"):
        patch.setattr("btcore.backtest.manifest.describe_settings", describe)


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, Any]]:
    """The digests of every run by the version that it is described as."""
    by_version = {}
    for version in LATER:
        with pytest.MonkeyPatch.context() as patch:
            describe_as(patch, version)
            by_version[version] = {name: result_digests(result) for name, result in all_results().items()}
            by_version[version] |= sweep_digests()
    return by_version


@pytest.fixture(scope="module")
def found_before() -> Iterator[dict[str, Any]]:
    with pytest.MonkeyPatch.context() as patch:
        describe_as(patch, FIRST)
        yield {name: digests_as_in_0_1_0(result) for name, result in all_results().items()}


def test_every_run_is_saved(found: dict[str, Any]) -> None:
    assert all(list(found["0.6.0"]) == list(saved) for saved in DIGESTS.values())


@pytest.mark.parametrize(("version", "name"), [(v, name) for v in LATER for name in DIGESTS[v]])
def test_a_run_has_the_bytes_of_the_saved_one(found: dict[str, Any], version: str, name: str) -> None:
    # Until 0.6.0 the sums of targets were made by numpy's `@`, whose last bit depends on the processor.
    if (version, name) != ("0.5.0", "targets day"):
        assert found[version][name] == DIGESTS[version][name]


@pytest.mark.parametrize("name", [name for name in BEFORE if not name.startswith("sweep")])
def test_a_run_has_the_bytes_of_0_1_0_where_no_rule_has_changed(
    found_before: dict[str, Any], name: str
) -> None:
    changed = [part for part, value in BEFORE[name].items() if found_before[name][part] != value]
    assert ("equity_curve" in changed) == (name in RESIZED)
    if name not in RESIZED:
        assert changed == []
