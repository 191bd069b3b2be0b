"""Callbacks for rejections, ends and triggers: both engines call them alike, and they change nothing."""

from typing import Any

from engines import Case, Maker, Outcome, run_btcore, run_reference
from hypothesis import given
from markets import cases
from strategy_scripts import Script, scripted
from variations import law

HOOKS = ("on_reject", "on_cancel", "on_trigger")


def recording(make: Maker, hooks: tuple[str, ...] = HOOKS) -> Maker:
    """The strategy, which also records each report of an order: callback, time and id."""

    def made(base: type) -> type:
        def hook(name: str) -> Any:
            def call(self: Any, ctx: Any, order: Any) -> None:
                number = order.order_id if hasattr(order, "order_id") else order.id
                self.__dict__.setdefault("reports", []).append((name, ctx.now, number))

            return call

        return type("Recording", (make(base),), {name: hook(name) for name in hooks})

    return made


def reports(outcome: Outcome) -> list[tuple[str, int, int]]:
    return getattr(outcome.strategy, "reports", [])


@law
@given(cases())
def test_both_engines_report_the_same(drawn: tuple[Case, Script]) -> None:
    case, make = drawn[0], recording(scripted(drawn[1]))
    ours, theirs = run_btcore(case, make), run_reference(case, make)
    assert reports(ours) == reports(theirs)


@law
@given(cases())
def test_without_latency_of_responses_they_change_nothing(drawn: tuple[Case, Script]) -> None:
    """With it a report of a trigger takes a draw of the jitter, so that others have other draws."""
    case, make = drawn[0], scripted(drawn[1])
    hooks = HOOKS if case.execution.response_jitter_ms == 0 else HOOKS[:2]
    watched, plain = run_btcore(case, recording(make, hooks)), run_btcore(case, make)
    for part in ("fills", "orders", "equity", "logs"):
        assert str(getattr(watched, part)) == str(getattr(plain, part))  # NaN equals NaN


@law
@given(cases())
def test_every_end_before_that_of_the_data_is_reported_once(drawn: tuple[Case, Script]) -> None:
    case, make = drawn[0], recording(scripted(drawn[1]))
    outcome = run_btcore(case, make)
    ended = [
        (order["id"], order["status"] == "REJECTED")
        for order in outcome.orders
        if order["status"] in ("REJECTED", "CANCELED", "EXPIRED") and order["reason"] != "end_of_data"
    ]
    found = [(number, name == "on_reject") for name, _, number in reports(outcome) if name != "on_trigger"]
    assert set(found) <= set(ended)
    assert len(found) == len(set(found))
    has_latency = case.execution.response_latency_ms or case.execution.response_jitter_ms
    if not has_latency:
        assert set(found) == set(ended)
