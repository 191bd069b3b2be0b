"""Ladders without assumptions and with few draws, and comparisons of their steps with runs."""

from collections.abc import Mapping
from typing import Any

import btcore as bt
from btcore.research.stress.steps import Step
from btcore.results.result import Result
from btcore.results.tables import TABLES

NOTHING: dict[str, Any] = {
    "spread_bps": None,
    "commission_bps": None,
    "latency_ms": None,
    "volume_share": None,
    "displayed_size": False,
}
QUICK: dict[str, Any] = {"draws": 5, "progress": False}


def assert_equal(one: Result, other: Result) -> None:
    for name in TABLES:
        assert one.table(name).tobytes() == other.table(name).tobytes(), name
    assert one.metrics == other.metrics
    assert one.fingerprint == other.fingerprint
    assert one.logs == other.logs


def by_name(ladder: bt.Ladder) -> dict[str, Step]:
    return {step.name: step for step in ladder.steps}


def metrics_at(ladder: bt.Ladder, name: str) -> Mapping[str, Any]:
    step = by_name(ladder)[name]
    assert step.metrics is not None, step.reason
    return step.metrics
