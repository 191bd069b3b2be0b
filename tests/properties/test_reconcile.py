"""The account of every random run is what its fills, splits and cash flows make it, exactly."""

import tempfile
from pathlib import Path

import pytest
from engines import Case, result_of
from hypothesis import HealthCheck, given, settings
from markets import EXAMPLES, cases
from strategy_scripts import Script, scripted

import btcore as bt

many = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


def check(case: Case, script: Script) -> None:
    result = result_of(case, scripted(script))
    found = result.reconcile()
    assert found.is_exact, found
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.npz"
        result.save(path)
        assert bt.load_result(path).reconcile() == found


@many
@given(cases())
def test_cash_positions_and_equity_at_every_point(drawn: tuple[Case, Script]) -> None:
    check(*drawn)


@pytest.mark.long
@settings(many, max_examples=10 * EXAMPLES)
@given(cases())
def test_many_cases(drawn: tuple[Case, Script]) -> None:
    check(*drawn)
