"""Sequences of states of an order, as in the matrices of the FIX specification (4.4, appendix D).

A: plain orders; B: cancels; C and D: replacements; E and H: restatements and days; F: refusals; I: immediate
orders. Unless a row says otherwise, the order is a buy of 100 with a limit of 100, sent at 1 s. Every request
has a latency of one second, so it arrives at 2 s. The ask is 110; an offer `{t: n}` is an ask of 100 for n
units, from t s for a quarter of a second.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from engines import ENGINES, Case, containers
from hand_cases import at, both, buy, planned, quotes, sell
from order_states import history, is_ended, state, unhashed, watched

import btcore as bt
from btcore.config import Execution, Instrument

Act = Callable[[Any], Any]
SENT, NEW = "SENT 100/0", "NEW 100/0"


def order(**terms: Any) -> Act:
    return buy(100, **{"limit": 100.0, **terms})


def amend(**terms: Any) -> Act:
    return lambda ctx: ctx.amend(1, **terms)


def cancel(ctx: Any) -> None:
    ctx.cancel(1)


def market(offers: dict[float, float], first: int, rows: tuple[tuple[float, ...], ...]) -> dict[str, Any]:
    """The offers, or the rows given, and a second symbol whose ticks show each state."""
    offered = [(first, 90.0, 110.0, 999.0, 999.0)]
    for t, size in offers.items():
        offered += [(t, 90, 100, 999, size), (t + 0.25, 90, 110, 999, 999)]
    clock = [(first + step / 2, 1, 1, 9, 9) for step in range(25)]
    sized = [(*r, 9, 9)[:5] for r in rows]
    return {"A": quotes(*(sized or offered)), "Z": quotes(*clock)}


def row(
    name: str,
    plan: dict[float, Act],
    offers: dict[float, float],
    *expected: str,
    first: int = 0,
    rows: tuple[tuple[float, ...], ...] = (),
    a: Instrument | None = None,
    capital: float = 1e6,
    **terms: Any,
) -> Any:
    instruments = {} if a is None else {"A": a}
    case = Case(
        market(offers, first, rows),
        execution=Execution(**{"latency_ms": 1000.0, "displayed_size": True, **terms}),
        instruments=instruments,
        initial_capital=capital,
    )
    return pytest.param(case, plan, expected, id=name)


PLAIN = [
    row(
        "A.1.a filled order",
        {1: order()},
        {3: 20, 5: 30, 7: 50},
        SENT, NEW, "PARTIAL 80/20", "PARTIAL 50/50", "FILLED 0/100",
    ),
    row(
        "A.1.b part-filled day order, the day is over",
        {-9: order(time_in_force="DAY")},
        {-6: 20, 1: 80},
        SENT, NEW, "PARTIAL 80/20", "EXPIRED 0/20 day",
        first=-10,
    ),
    row(
        "A an order without a day continues",
        {-9: order()},
        {-6: 20, 1: 80},
        SENT, NEW, "PARTIAL 80/20", "FILLED 0/100",
        first=-10,
    ),
    row("A still open when the data ends", {1: order()}, {3: 20}, SENT, NEW, "PARTIAL 80/20",
        "EXPIRED 0/20 end_of_data"),
    row("A in flight when the data ends", {11.5: order()}, {}, SENT, "EXPIRED 0/0 end_of_data"),
]  # fmt: skip

CANCELS = [
    row("B.1.a zero-filled", {1: order(), 3: cancel}, {}, SENT, NEW, "CANCELED 0/0 requested"),
    row(
        "B.1.b part-filled, with executions while the cancel is on its way",
        {1: order(), 4.5: cancel},
        {3: 20, 5: 50, 7: 30},
        SENT, NEW, "PARTIAL 80/20", "PARTIAL 30/70", "CANCELED 0/70 requested",
    ),
    row(
        "B.1.c filled before the cancel arrives",
        {1: order(), 4.5: cancel},
        {3: 20, 5: 80},
        SENT, NEW, "PARTIAL 80/20", "FILLED 0/100",
    ),
    row(
        "B.1.c the fill and the cancel at one instant: the cancel was due first",
        {1: order(), 4: cancel},
        {3: 20, 5: 80},
        SENT, NEW, "PARTIAL 80/20", "CANCELED 0/20 requested",
    ),
    row("B.1.d before the order has arrived", {1: order(latency_ms=4000), 2: cancel}, {6: 100},
        SENT, "CANCELED 0/0 requested"),
    row("B.1.e crossing the order's arrival", {1: order(latency_ms=4000), 4.5: cancel}, {7: 100},
        SENT, NEW, "CANCELED 0/0 requested"),
    row("B cancelled twice", {1: order(), 3: both(cancel, cancel), 5: cancel}, {7: 100},
        SENT, NEW, "CANCELED 0/0 requested"),
]  # fmt: skip

REPLACEMENTS = [
    row("C.1.a zero-filled, increased", {1: order(), 3: amend(quantity=110)}, {7: 110},
        SENT, NEW, "NEW 110/0", "FILLED 0/110"),
    row(
        "C.1.b part-filled, increased, with an execution while that is on its way",
        {1: order(), 4.5: amend(quantity=120)},
        {3: 60, 5: 10, 7: 50},
        SENT, NEW, "PARTIAL 40/60", "PARTIAL 30/70", "PARTIAL 50/70", "FILLED 0/120",
    ),
    row("C.1.c filled, increased too late", {1: order(), 4.5: amend(quantity=120)}, {5: 100, 7: 20},
        SENT, NEW, "FILLED 0/100"),
    row("C.1 a hair earlier than the fill it comes in time", {1: order(), 3.5: amend(quantity=120)}, {5: 120},
        SENT, NEW, "NEW 120/0", "FILLED 0/120"),
    row("C.2.a a new price comes after the fill", {1: order(), 4.5: amend(limit=95)}, {5: 100},
        SENT, NEW, "FILLED 0/100"),
    row("C.2 a new price comes before the offer", {1: order(), 3.5: amend(limit=95)}, {5: 100},
        SENT, NEW, "EXPIRED 0/0 end_of_data"),
    row("C.2 a new price takes the standing quote", {1: order(), 3: amend(limit=110)}, {},
        SENT, NEW, "FILLED 0/100"),
    row(
        "C.3.a decreased to more than is filled by then",
        {1: order(), 4.5: amend(quantity=80)},
        {5: 50, 7: 50},
        SENT, NEW, "PARTIAL 50/50", "PARTIAL 30/50", "FILLED 0/80",
    ),
    row("C.3.b decreased to what is filled by then", {1: order(), 4.5: amend(quantity=70)}, {5: 70, 7: 30},
        SENT, NEW, "PARTIAL 30/70", "CANCELED 0/70 requested"),
    row("C.3.c decreased to less than is filled", {1: order(), 4.5: amend(quantity=70)}, {5: 80, 7: 20},
        SENT, NEW, "PARTIAL 20/80", "CANCELED 0/80 requested"),
    row("D one accepted, then another", {1: order(), 3: amend(quantity=70), 5: amend(quantity=60)}, {7: 99},
        SENT, NEW, "NEW 70/0", "NEW 60/0", "FILLED 0/60"),
    row("D one refused, then another accepted", {1: order(), 3: amend(quantity=70), 5: amend(quantity=60)},
        {7: 100}, SENT, NEW, "NEW 60/0", "FILLED 0/60", a=Instrument(lot_size=20)),
    row("D one right after another", {1: order(), 3: both(amend(quantity=70), amend(quantity=60))}, {7: 100},
        SENT, NEW, "NEW 60/0", "FILLED 0/60"),
    row("D both refused", {1: order(), 3: both(amend(quantity=70), amend(limit=99.5))}, {7: 100},
        SENT, NEW, "FILLED 0/100", a=Instrument(lot_size=20, tick_size=1)),
    row("D changed on its way", {1: order(latency_ms=3000), 2: amend(quantity=70)}, {7: 100},
        SENT, "SENT 70/0", "NEW 70/0", "FILLED 0/70"),
    row("D a replacement and a cancel behind it", {1: order(), 3: both(amend(quantity=70), cancel)}, {7: 100},
        SENT, NEW, "CANCELED 0/0 requested"),
]  # fmt: skip

RESTATED = [
    row(
        "E, H a part-filled order through a 2:1 split",
        {1: order()},
        {3: 20, 7: 160},
        SENT, NEW, "PARTIAL 80/20", "PARTIAL 160/40", "EXPIRED 0/40 end_of_data",
        a=Instrument(splits=[(at(5), 2.0)]),  # its limit is 50 then, the offers stay at 100
    ),
    row("E through a reverse split", {1: order()}, {3: 20, 7: 99}, SENT, NEW, "PARTIAL 80/20",
        "PARTIAL 40/10", "FILLED 0/50", a=Instrument(splits=[(at(5), 0.5)])),
    row("E less than a lot is left of it", {1: order()}, {}, SENT, NEW, "CANCELED 0/0 requested",
        a=Instrument(lot_size=100, splits=[(at(5), 0.5)])),
]  # fmt: skip

IMMEDIATE = [
    row("I.1.a FOK that cannot be filled", {1: order(limit=110.0, time_in_force="FOK")}, {},
        SENT, "CANCELED 0/0 fok", rows=((0, 90, 110, 9, 99), (12, 90, 110))),
    row("I FOK filled whole", {1: order(limit=110.0, time_in_force="FOK")}, {}, SENT, "FILLED 0/100"),
    row("I.1.b IOC that cannot be hit", {1: order(time_in_force="IOC")}, {3: 100}, SENT, "CANCELED 0/0 ioc"),
    row("I IOC filled in part", {1: order(limit=110.0, time_in_force="IOC")}, {},
        SENT, "CANCELED 0/20 ioc", rows=((0, 90, 110, 9, 20), (12, 90, 110))),
    row("I IOC filled whole", {1: order(limit=110.0, time_in_force="IOC")}, {}, SENT, "FILLED 0/100"),
    row("I GTD part-filled", {1: order(time_in_force="GTD", expires=at(6))}, {3: 20, 7: 80},
        SENT, NEW, "PARTIAL 80/20", "EXPIRED 0/20 gtd"),
    row("I GTD that has passed on arrival", {1: order(limit=110.0, time_in_force="GTD", expires=at(1.5))},
        {3: 100}, SENT, "EXPIRED 0/0 gtd"),
    row("I GTD that passes as it arrives", {1: order(limit=110.0, time_in_force="GTD", expires=at(2))},
        {3: 100}, SENT, "EXPIRED 0/0 gtd"),
    row("I at the opening, filled in part", {-9: order(time_in_force="OPG")}, {}, SENT, NEW,
        "CANCELED 0/20 opening", first=-10, rows=((-10, 90, 100), (0, 90, 100, 9, 20), (2, 90, 100))),
    row("I at the close, filled in part", {-9: order(time_in_force="CLS")}, {}, SENT, NEW,
        "CANCELED 0/20 closing", first=-10, rows=((-10, 90, 110), (-1, 90, 100, 9, 20), (2, 90, 100))),
]  # fmt: skip

UP, DOWN = (5, 104, 105, 99, 99), (5, 95, 96, 99, 99)
OPEN, LATE = (0, 99, 100, 99, 99), (7, 99, 100, 99, 99)
TRIGGERS = [
    row("stop triggered, then filled", {1: order(limit=None, stop=105.0)}, {}, SENT, NEW,
        "PARTIAL 1/99", "FILLED 0/100", rows=(OPEN, UP, LATE)),
    row("stop-limit triggered, rests, then filled", {1: buy(100, stop=105.0, limit=101.0)}, {},
        SENT, NEW, "PARTIAL 1/99", "FILLED 0/100", rows=(OPEN, UP, LATE, (8, 99, 100, 9, 9))),
    row("stop never triggered", {1: order(limit=None, stop=106.0)}, {}, SENT, NEW, "EXPIRED 0/0 end_of_data",
        rows=(OPEN, UP, LATE)),
    row("stop that triggers as it arrives", {1: order(limit=None, stop=100.0)}, {},
        SENT, "PARTIAL 1/99", "FILLED 0/100", rows=(OPEN, UP)),
    row("stop that is FOK from its trigger on", {1: order(limit=None, stop=105.0, time_in_force="FOK")}, {},
        SENT, NEW, "CANCELED 0/0 fok", rows=(OPEN, UP, LATE)),
    row("market if touched", {1: order(limit=None, touch=96.0, time_in_force="IOC")}, {},
        SENT, NEW, "CANCELED 0/99 ioc", rows=(OPEN, DOWN, LATE)),
    row("trailing stop", {1: buy(50, trail=5.0)}, {}, "SENT 50/0", "NEW 50/0", "FILLED 0/50",
        rows=(OPEN, UP, LATE)),
]  # fmt: skip

REFUSED = [
    row(f"F rejected: {reason}", {1: order(**given)}, {3: 100}, SENT, f"REJECTED 0/0 {reason}", a=a, **terms)
    for reason, given, a, terms in (
        ("lot_size", {}, Instrument(lot_size=30), {}),
        ("tick_size", {"limit": 100.25}, Instrument(tick_size=0.5), {}),
        ("min_notional", {}, Instrument(min_notional=10_001), {}),
        ("buying_power", {}, None, {"capital": 9_999}),
        ("post_only", {"limit": 110.0, "post_only": True}, None, {}),
        ("invalid_price", {"limit": None, "trail": 2.0, "trail_by": "ticks"}, None, {}),
    )
]
REFUSED += [
    row("F rejected: short_sale", {1: sell(100)}, {}, SENT, "REJECTED 0/0 short_sale", account="cash"),
    row("F an amendment that would take", {1: order(post_only=True), 4: amend(limit=110)}, {3: 20},
        SENT, NEW, "PARTIAL 80/20", "CANCELED 0/20 post_only"),
    row("F no more than there is to reduce",
        {1: both(order(limit=110.0, reduce_only=True, latency_ms=2000), sell(20))}, {},
        SENT, "CANCELED 0/20 reduce_only"),
    row("F nothing to reduce", {1: order(limit=110.0, reduce_only=True)}, {},
        SENT, "CANCELED 0/0 reduce_only"),
    row("F no more than cash pays", {1: buy(100, stop=105.0)}, {}, SENT, NEW, "CANCELED 0/95 cash",
        rows=(OPEN, (5, 109, 110, 99, 100)), a=Instrument(lot_size=1), account="cash", capital=10_500),
    row("F liquidated", {1: both(buy(20, limit=95.0), buy(100))}, {}, "SENT 20/0", "NEW 20/0",
        "CANCELED 0/0 liquidation", rows=(OPEN, (1, 99, 100, 99, 100), (5, 97, 98, 99, 99)),
        capital=2_600, leverage=5, maintenance_margin=0.25),
    row("F the other of its group was filled", {1: both(order(oco=1), sell(1, oco=1, limit=92.0))}, {}, SENT,
        NEW, "CANCELED 0/0 oco", rows=((0, 90, 110, 9, 9), (5, 92, 110, 9, 9))),
]  # fmt: skip

ROWS = [*PLAIN, *CANCELS, *REPLACEMENTS, *RESTATED, *IMMEDIATE, *TRIGGERS, *REFUSED]


def run(case: Case, plan: dict[float, Act]) -> tuple[bt.Result, list[list[Any]]]:
    return watched(
        {symbol: containers(stream) for symbol, stream in case.streams.items()},
        unhashed(planned(plan))(bt.Strategy)(),
        execution=case.execution,
        instruments=case.instruments,
        initial_capital=case.initial_capital,
    )


@pytest.mark.parametrize(("case", "plan", "expected"), ROWS)
def test_an_order_goes_through_these_states(
    case: Case, plan: dict[float, Act], expected: tuple[str, ...]
) -> None:
    result, looks = run(case, plan)
    found = history(looks, 1)
    assert [state(r) for r in found] == list(expected)
    split = next((r for _, r in case.instruments.get("A", Instrument()).splits), 1.0)
    for before, after in pairwise(found):
        assert not is_ended(before), "an order ends once"
        assert after["filled_quantity"] >= before["filled_quantity"] * min(split, 1.0)
    for r in found:
        left = 0.0 if is_ended(r) else r["quantity"] - r["filled_quantity"]
        assert r["leaves_quantity"] == left
        assert (r["reason"] == "") == (not is_ended(r) or r["status"] == "filled")
    assert all(is_ended(r) for r in result.orders)
    mine = result.trades[result.trades["order_id"] == 1]
    assert split != 1.0 or mine["quantity"].sum() == found[-1]["filled_quantity"]
    assert all(found[-1]["closed_at"] >= mine["timestamp"])


@pytest.mark.parametrize(("case", "plan", "expected"), ROWS)
def test_the_second_engine_ends_in_the_same_state(
    case: Case, plan: dict[float, Act], expected: tuple[str, ...]
) -> None:
    end = ENGINES["reference"](case, planned(plan)).orders[0]
    assert f"{end['status']} 0/{end['filled']:g} {end['reason']}".strip() == expected[-1]
