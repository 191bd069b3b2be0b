"""Small markets and plans for the rules worked out by hand, and their outcomes in short form.

Times are seconds after midnight UTC. A strategy is a plan: actions at the first event at or after a time.
"""

from collections.abc import Callable
from typing import Any

import pytest
from engines import Case, EngineRun, Outcome
from random_rows import SECOND

from btcore.config import Execution, Instrument

MIDNIGHT = 1_705_276_800 * SECOND  # 2024-01-15 00:00 UTC
BUY, SELL = 1, -1
HOUR = 3600
Plan = dict[float | str, Callable[[Any], Any]]


def at(seconds: float) -> int:
    return MIDNIGHT + int(seconds * SECOND)


def seconds(ts: int) -> float | None:
    return None if ts < 0 else (ts - MIDNIGHT) / SECOND


def timed(rows: tuple[tuple[float, ...], ...]) -> list[tuple[float, ...]]:
    return [(at(row[0]), *row[1:]) for row in rows]


def quotes(*rows: tuple[float, ...]) -> dict[str, Any]:
    return {"quotes": timed(rows)}


def trades(*rows: tuple[float, ...]) -> dict[str, Any]:
    return {"trades": timed(rows)}


def bars(*rows: tuple[float, ...], interval: float = 1) -> dict[str, Any]:
    """Rows of (open's time, open, high, low, close[, volume])."""
    full = [row if len(row) == 6 else (*row, 100.0) for row in rows]
    return {"bars": timed(tuple(full)), "interval": int(interval * SECOND)}


def sided(*rows: tuple[Any, ...]) -> dict[str, Any]:
    """Bars of bid and ask, from rows of (time, bid, ask); each side is (open, high, low, close)."""
    mids = [(ts, *((b + a) / 2 for b, a in zip(bid, ask, strict=True))) for ts, bid, ask in rows]
    return bars(*mids) | {"sides": {at(ts): (bid, ask) for ts, bid, ask in rows}}


def planned(plan: Plan) -> Callable[[type], type]:
    """A strategy that follows the plan ("start" is on_start) and records every call as (hook, seconds)."""

    def make(base: type) -> type:
        def hook(name: str, acts: bool) -> Callable[..., None]:
            def call(self: Any, ctx: Any, *_: Any) -> None:
                self.calls.append((name, seconds(ctx.now)))
                for when in [w for w in self.todo if acts and w != "start" and ctx.now >= at(w)]:
                    self.todo.pop(when)(ctx)

            return call

        def on_start(self: Any, ctx: Any) -> None:
            self.calls, self.todo = [], dict(plan)
            self.todo.pop("start", lambda ctx: None)(ctx)

        hooks = {
            f"on_{name}": hook(name, name != "fill") for name in ("bar", "quote", "trade", "fill", "timer")
        }
        return type("Planned", (base,), {"on_start": on_start, **hooks})

    return make


def play(
    engine: EngineRun,
    plan: Plan,
    streams: dict[str, Any],
    instruments: dict[str, Instrument] | None = None,
    **terms: Any,
) -> Outcome:
    """One run. Keywords that are not fields of Case go to Execution."""
    own = {name: terms.pop(name) for name in list(terms) if name in Case.__dataclass_fields__}
    case = Case(streams, execution=Execution(**terms), instruments=instruments or {}, **own)
    return engine(case, planned(plan))


def fills(outcome: Outcome) -> list[tuple[Any, ...]]:
    """(seconds, order, signed quantity, price, liquidity)"""
    return [
        (
            seconds(f["ts"]),
            f["order_id"],
            f["side"] * f["quantity"],
            pytest.approx(f["price"]),
            f["liquidity"],
        )
        for f in outcome.fills
    ]


def ends(outcome: Outcome) -> list[tuple[Any, ...]]:
    """(status, reason, seconds of closing) of each order"""
    return [(o["status"], o["reason"], seconds(o["ts_closed"])) for o in outcome.orders]


def buy(*arguments: Any, **terms: Any) -> Callable[[Any], Any]:
    return lambda ctx: ctx.buy("A", *arguments, **terms)


def sell(*arguments: Any, **terms: Any) -> Callable[[Any], Any]:
    return lambda ctx: ctx.sell("A", *arguments, **terms)


def both(*actions: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda ctx: [action(ctx) for action in actions]


# Quotes at 100 / 101, then an ask of 102 at 3 s and a bid of 103 at 5 s; bars that rise by one a second.
QUOTES = quotes((0, 100, 101), (1, 100, 101), (3, 101, 102), (5, 103, 104), (7, 103, 104))
RISING = bars(*((t, 100 + t, 101 + t, 99 + t, 100.5 + t) for t in range(5)))
# From 100 / 101 down to 97 / 98 at 2 s, back to 99 / 100 at 4 s and up to 103 / 104 at 6 s.
DIP = quotes((0, 100, 101), (1, 100, 101), (2, 97, 98), (4, 99, 100), (6, 103, 104), (8, 103, 104))
