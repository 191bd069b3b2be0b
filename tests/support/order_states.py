"""Runs observed event by event, and the sequence of states of each order."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import btcore as bt
from btcore.backtest import fast_paths
from btcore.results.tables import orders as orders_table

State = str  # "status leaves/cumulative [reason]", as "PARTIAL 30/70"


def unhashed(make: Callable[[type], type]) -> Callable[[type], type]:
    """The maker's class without a source file, which every run would read and hash, slowly."""

    def made(base: type) -> type:
        cls = make(base)
        cls.__module__ = "nowhere"
        return cls

    return made


def watched(data: dict[str, Any], strategy: Any, **terms: Any) -> tuple[bt.Result, list[list[Any]]]:
    """The result, and the rows of the table of orders after each event."""
    observed: list[list[Any]] = []

    def observe(engine: Any) -> None:
        observed.append(
            list(orders_table(SimpleNamespace(orders=engine.orders(), symbols=tuple(data), tags={})))
        )

    def play(make: Callable[[], Any], tell: Any, handler: Any = None) -> Any:
        engine = make()
        left = True
        while left:
            left = engine.advance(1)
            observe(engine)
        engine.finish()
        observe(engine)
        return engine

    with (
        patch.object(fast_paths, "play_to_end", play),
        patch.object(fast_paths, "is_plain", lambda *_: False),
    ):
        return bt.run(data, strategy, **terms), observed


def state(row: Any) -> State:
    """ "SENT" before arrival, else the status; then leaves/filled quantity and the reason."""
    name = {"partially_filled": "PARTIAL"}.get(row["status"], str(row["status"]).upper())
    if name == "NEW" and row["arrived_at"] < 0:
        name = "SENT"
    return f"{name} {row['leaves_quantity']:g}/{row['filled_quantity']:g} {row['reason']}".strip()


def history(observed: list[list[Any]], order_id: int) -> list[Any]:
    """Each row of the order whose state differs from the one before."""
    states: list[Any] = []
    for row in (r for rows in observed for r in rows if r["order_id"] == order_id):
        if not states or state(states[-1]) != state(row):
            states.append(row)
    return states


def is_ended(row: Any) -> bool:
    return str(row["status"]) in ("filled", "canceled", "expired", "rejected")
