"""Of 1,000 random cases at least so many are liquidated, cut to what cash pays, or ambiguous."""

from collections import Counter

from engines import Case, Outcome, run_btcore
from hypothesis import HealthCheck, Phase, given, settings
from markets import cases
from strategy_scripts import Script, scripted

CASES = 1000
LEAST = {"liquidated": 50, "two symbols liquidated": 20, "cut by cash": 50, "ambiguous bar": 100}
FORCED = 4  # of an order's flags


def branches(outcome: Outcome) -> list[str]:
    """The branches that the run has reached."""
    liquidated = {order["symbol"] for order in outcome.orders if order["flags"] & FORCED}
    found = {
        "liquidated": bool(liquidated),
        "two symbols liquidated": len(liquidated) > 1,
        "cut by cash": any(order["reason"] == "cash" for order in outcome.orders),
        "ambiguous bar": outcome.ambiguous_bars > 0,
    }
    return [name for name, reached in found.items() if reached]


def test_random_cases_reach_rare_branches() -> None:
    counts: Counter[str] = Counter()

    @settings(
        max_examples=CASES,
        phases=(Phase.generate,),
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(cases())
    def count(drawn: tuple[Case, Script]) -> None:
        case, script = drawn
        counts["cases"] += 1
        counts.update(branches(run_btcore(case, scripted(script))))

    count()
    assert counts["cases"] >= CASES
    assert {name: counts[name] for name, least in LEAST.items() if counts[name] < least} == {}
