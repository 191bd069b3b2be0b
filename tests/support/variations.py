"""Shared by the property tests: Hypothesis settings, a run, and changed cases and scripts."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from engines import Case, Maker, Outcome, run_btcore
from hypothesis import HealthCheck, assume, settings
from markets import EXAMPLES
from msgspec import structs
from order_states import unhashed
from strategy_scripts import Action, Script

from btcore.errors import BtcoreError

law = settings(
    max_examples=max(EXAMPLES // 40, 1),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


FREE_REFUSALS, REFUSED_SHARE = 20, 0.1
counts = Counter[str]()  # of the cases played in this process


def accepted(run: Callable[[], Any]) -> Any:
    """What `run` returns. A case that btcore refuses is skipped; AssertionError if a tenth of them are."""
    counts["played"] += 1
    try:
        return run()
    except BtcoreError as error:
        counts["refused"] += 1
        most = FREE_REFUSALS + REFUSED_SHARE * counts["played"]
        if counts["refused"] > most:
            raise AssertionError(f"{counts['refused']} of {counts['played']} cases are refused") from error
        assume(False)
        raise


def play(case: Case, make: Maker) -> Outcome:
    """The outcome in btcore."""
    return accepted(lambda: run_btcore(case, unhashed(make)))


def terms(case: Case, **execution: Any) -> Case:
    return replace(case, execution=structs.replace(case.execution, **execution))


def instruments(case: Case, **given: Any) -> Case:
    changed = {symbol: structs.replace(i, **given) for symbol, i in case.instruments.items()}
    return replace(case, instruments=changed)


def map_actions(script: Script, change: Callable[[Action], Action | None]) -> Script:
    """The script with each action changed, or dropped where `change` returns None."""
    kept = {call: [change(action) for action in todo] for call, todo in script.actions.items()}
    return replace(script, actions={call: [a for a in todo if a] for call, todo in kept.items()}, legs=False)


def without(*names: str) -> Callable[[Action], Action]:
    """A function that removes those terms from an action."""
    return lambda a: replace(a, terms={name: v for name, v in a.terms.items() if name not in names})


def at_once(action: Action) -> Action | None:
    """The action without its own latency; None for a timer. Nothing is then ever in flight."""
    return None if action.verb == "set_timer" else without("latency_ms")(action)


def ends(outcome: Outcome) -> list[tuple[Any, ...]]:
    return [(o["status"], o["reason"], o["ts_arrived"], o["ts_closed"]) for o in outcome.orders]


NO_DELAY = {
    "latency_ms": 0.0,
    "response_latency_ms": 0.0,
    "latency_jitter_ms": 0.0,
    "response_jitter_ms": 0.0,
}
FREE = {
    "slippage_bps": 0.0,
    "slippage_ticks": 0.0,
    "slippage_volume": 0.0,
    "slippage_sqrt": 0.0,
    "commission_bps": 0.0,
    "maker_bps": None,
    "taker_bps": None,
    "commission_per_share": 0.0,
    "commission_min": None,
    "commission_max": None,
    "commission_tiers": [],
    "commission_per_order": 0.0,
    "commission_max_bps": None,
    "commission_round_to": 0.0,
    "slippage_entry_bps": 0.0,
}
NO_LIMITS = dict.fromkeys(
    ("max_order", "max_position", "max_open_orders", "max_loss", "max_orders_per_second")
)
OWN_COSTS = dict.fromkeys(("commission", "slippage", "maker_bps", "taker_bps"))  # none of an instrument


def free_of_costs(case: Case, **kept: Any) -> Case:
    """The case without commission and slippage but the settings of the run in `kept`."""
    return instruments(terms(case, **{**FREE, **kept}), **OWN_COSTS)


def rich(case: Case) -> Case:
    """The case with so much capital that no check fails, in a margin account without interest."""
    ample = {"account": "margin", "leverage": 1000.0, "maintenance_margin": 0.0}
    case = terms(case, cash_rate=0.0, debit_rate=0.0, **ample, **NO_LIMITS)
    case = instruments(case, initial_margin=None, maintenance_margin=None)
    return replace(case, initial_capital=1e8)
