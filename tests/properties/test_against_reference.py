"""Both engines agree on random cases: orders, fills, money, curve, and everything the strategy saw."""

from dataclasses import replace

import pytest
from cost_models import MODELS
from engines import Case, assert_engines_agree, run_reference
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from markets import EXAMPLES, cases
from strategy_scripts import Script, scripted

from btcore.costs import CostModel

many = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


@many
@given(cases())
def test_the_engine_agrees_with_the_reference(drawn: tuple[Case, Script]) -> None:
    case, script = drawn
    assert_engines_agree(case, scripted(script))


@pytest.mark.long
@settings(many, max_examples=10 * EXAMPLES)
@given(cases())
def test_the_engine_agrees_with_the_reference_on_many_cases(drawn: tuple[Case, Script]) -> None:
    """Ten times as many cases, and other ones; the same on every run, unless BTCORE_RANDOM=1."""
    case, script = drawn
    assert_engines_agree(case, scripted(script))


@many
@given(cases(), st.sampled_from(MODELS))
def test_the_engine_agrees_with_the_reference_on_cost_models(
    drawn: tuple[Case, Script], model: CostModel
) -> None:
    case, script = drawn
    assume(
        not any(each.negative_prices for each in case.instruments.values())
    )  # a model returns prices above 0
    assert_engines_agree(replace(case, cost_model=model), scripted(script))


@many
@given(cases())
def test_the_reference_holds_its_invariants(drawn: tuple[Case, Script]) -> None:
    case, script = drawn
    outcome = run_reference(case, scripted(script))
    stamps = [point["ts"] for point in outcome.equity]
    assert stamps == sorted(set(stamps))
    assert outcome.equity[0]["equity"] == case.initial_capital
