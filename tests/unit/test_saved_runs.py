"""Results are those of the release that saved them, and change only where a release says so."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from saved_runs import all_results, digests_as_in_0_1_0, result_digests, sweep_digests

import btcore as bt
from btcore.backtest.manifest import describe_settings
from btcore.config import Execution, Instrument

SAVED = Path(__file__).parents[1] / "saved"
LATEST, FIRST = "0.5.0", "0.1.0"
NOW, BEFORE = (json.loads((SAVED / version / "fingerprints.json").read_text()) for version in (LATEST, FIRST))
BY_WEIGHT = ("buy_and_hold", "ma_crossover", "ema_crossover", "momentum", "mean_reversion", "rsi", "targets")
# Since 0.5.0 orders by weight reserve the commission on slippage too, and a fill that raises a position is
# cut to what equity pays. So these runs, at leverage 1 and sized by weight, have other quantities.
RESIZED = {
    *(f"{name} {data}" for name in BY_WEIGHT for data in ("day", "minute", "quotes", "both")),
    "calendar",
    "dip",
} - {"targets minute", "targets quotes", "targets both"}


@pytest.fixture(scope="module")
def results() -> dict[str, bt.Result]:
    return all_results()


def describe_as(patch: pytest.MonkeyPatch, version: str) -> None:
    """Gives manifests that version, and the default of `limit_fill` the name that it had before 0.6.0."""

    def describe(settings: Execution | Instrument) -> dict[str, Any]:
        named = isinstance(settings, Execution) and settings.limit_fill is None
        return describe_settings(settings) | ({"limit_fill": "through"} if named else {})

    patch.setattr("btcore.backtest.manifest.__version__", version)
    patch.setattr("btcore.backtest.manifest.describe_settings", describe)


@pytest.fixture(scope="module")
def found(results: dict[str, bt.Result]) -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        describe_as(patch, LATEST)
        return {name: result_digests(result) for name, result in results.items()} | sweep_digests()


@pytest.fixture(scope="module")
def found_before() -> Iterator[dict[str, Any]]:
    with pytest.MonkeyPatch.context() as patch:
        describe_as(patch, FIRST)
        yield {name: digests_as_in_0_1_0(result) for name, result in all_results().items()}


def test_every_run_is_saved(found: dict[str, Any]) -> None:
    assert list(found) == list(NOW) == list(BEFORE)


# Until 0.6.0 the sums of targets were made by numpy's `@`, whose last bit depends on the processor.
@pytest.mark.parametrize("name", [name for name in NOW if name != "targets day"])
def test_a_run_has_the_bytes_of_the_saved_one(found: dict[str, Any], name: str) -> None:
    assert found[name] == NOW[name]


@pytest.mark.parametrize("name", [name for name in BEFORE if not name.startswith("sweep")])
def test_a_run_has_the_bytes_of_0_1_0_where_no_rule_has_changed(
    found_before: dict[str, Any], name: str
) -> None:
    changed = [part for part, value in BEFORE[name].items() if found_before[name][part] != value]
    assert ("equity_curve" in changed) == (name in RESIZED)
    if name not in RESIZED:
        assert changed == []
