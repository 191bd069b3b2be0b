"""`Orders`, `Context` and the Numba functions apply the same rules to every combination of order terms."""

from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pytest

import btcore as bt
from btcore import jit
from btcore.config import MAX_LATENCY_MS
from btcore.model import OrderType, TimeInForce, TrailBy
from btcore.results.labels import ORDER_TYPES
from btcore.rules import order_terms
from btcore.rules.order_terms import CONFLICTS, TIME_IN_FORCE, TRAIL_BY, Conflict, type_and_conflict

PRICES = ("limit", "stop", "touch", "trail", "limit_offset")
COLUMNS = {"limit": "limit_price", "stop": "stop_price", "touch": "touch_price"}
QUOTES = bt.Quotes(np.arange(4) * 10**9, np.full(4, 99.0), np.full(4, 101.0))
LATER = 10**18


class Terms(NamedTuple):
    prices: tuple[str, ...]
    time_in_force: str
    has_expiry: bool
    post_only: bool


COMBINATIONS = [
    Terms(tuple(name for name, given in zip(PRICES, prices, strict=True) if given), *others)
    for prices in product([False, True], repeat=len(PRICES))
    for others in product(TIME_IN_FORCE, [False, True], [False, True])
]


def expected(terms: Terms) -> str:
    """The order type, or the text of the conflict, by the C rules."""
    order_type, conflict = type_and_conflict(
        **dict.fromkeys(terms.prices, True),
        time_in_force=TIME_IN_FORCE[terms.time_in_force],
        has_expiry=terms.has_expiry,
        post_only=terms.post_only,
    )
    return ORDER_TYPES[order_type] if conflict == Conflict.NO_CONFLICT else CONFLICTS[conflict]


def test_every_type_and_every_conflict_occurs() -> None:
    found = {expected(terms) for terms in COMBINATIONS}
    others = {
        CONFLICTS[conflict] for conflict in Conflict if conflict.name.startswith(("TO_LIMIT", "FROM_FILL"))
    }
    assert found == {*ORDER_TYPES, *CONFLICTS.values()} - others - {"market_to_limit"}
    assert set(CONFLICTS) == set(Conflict) - {Conflict.NO_CONFLICT}


def test_columns_of_orders() -> None:
    for terms in COMBINATIONS:
        given: dict[str, Any] = {COLUMNS.get(name, name): 1.0 for name in terms.prices}
        try:
            orders = bt.Orders(
                [0],
                "A",
                "buy",
                1.0,
                **given,
                time_in_force=terms.time_in_force,
                expires=LATER if terms.has_expiry else None,
                post_only=terms.post_only,
            )
            found = ORDER_TYPES[int(orders.order_type[0])]
        except bt.OrderError as error:
            found = str(error).removeprefix("orders[0]: ")
        assert found == expected(terms), terms


def test_a_column_of_all_types() -> None:
    """Types are per row, and a conflict is reported with the first of its rows."""
    valid = [terms for terms in COMBINATIONS if expected(terms) in ORDER_TYPES]
    prices = {
        COLUMNS.get(name, name): [1.0 if name in terms.prices else np.nan for terms in valid]
        for name in PRICES
    }
    asked: dict[str, Any] = {
        "time_in_force": [terms.time_in_force for terms in valid],
        "expires": np.array(["2030-01-01" if terms.has_expiry else "NaT" for terms in valid], "M8[ns]"),
        "post_only": [terms.post_only for terms in valid],
    }
    orders = bt.Orders(np.arange(len(valid)), "A", "buy", 1.0, **prices, **asked)
    assert [ORDER_TYPES[code] for code in orders.order_type] == [expected(terms) for terms in valid]
    prices["limit_offset"][5], prices["trail"][5] = 1.0, np.nan
    with pytest.raises(bt.OrderError, match=r"^orders\[5\]: limit_offset is for"):
        bt.Orders(np.arange(len(valid)), "A", "buy", 1.0, **prices, **asked)


def test_context() -> None:
    class Sends(bt.Strategy):
        def on_start(self, ctx: bt.Context) -> None:
            for terms in COMBINATIONS:
                given: dict[str, Any] = dict.fromkeys(terms.prices, 1.0)
                try:
                    ctx.buy(
                        "A",
                        1.0,
                        **given,
                        time_in_force=terms.time_in_force,  # type: ignore[arg-type]
                        expires=LATER if terms.has_expiry else None,
                        post_only=terms.post_only,
                    )
                    outcomes.append("")
                except bt.OrderError as error:
                    outcomes.append(str(error).removeprefix("A: "))

    outcomes: list[str] = []
    sent = iter(bt.run({"A": QUOTES}, Sends).orders["order_type"].tolist())
    found = [outcome or next(sent) for outcome in outcomes]
    assert found == [expected(terms) for terms in COMBINATIONS]
    assert next(sent, None) is None


STATE = np.dtype(
    [(name, "f8") for name in PRICES] + [("time_in_force", "i8"), ("expires", "i8"), ("post_only", "i8")],
    align=True,
)


@jit.cfunc(STATE)
def send(own: Any, market: Any, account: Any, out: Any) -> int:
    jit.submit(
        out, 0, 1, 1.0, own.limit, own.stop, own.touch, own.trail, own.limit_offset, jit.PRICE,
        own.time_in_force, own.expires, 0, 0, own.post_only,
    )  # fmt: skip
    return 0


def test_numba() -> None:
    for terms in COMBINATIONS:
        state = np.zeros(1, STATE)
        for name in PRICES:
            state[name] = 1.0 if name in terms.prices else np.nan
        state["time_in_force"] = TIME_IN_FORCE[terms.time_in_force]
        state["expires"] = LATER if terms.has_expiry else jit.NEVER
        state["post_only"] = terms.post_only
        try:
            result = bt.run({"A": QUOTES}, bt.Compiled(send, state, events="start"), progress=False)
            found = str(result.orders["order_type"][0])
        except bt.StrategyError as error:
            found = str(error).partition("OrderError: ")[2]
        assert found == expected(terms), terms


def test_tables_have_every_code() -> None:
    assert list(TIME_IN_FORCE.values()) == list(map(int, TimeInForce))
    assert list(TRAIL_BY.values()) == list(map(int, TrailBy))
    assert len(ORDER_TYPES) == len(OrderType)


def test_orders_and_settings_have_the_same_greatest_latency() -> None:
    assert order_terms.MAX_LATENCY_MS == MAX_LATENCY_MS


FROM_FILL = list(product([False, True], ["", "limit", "stop", "touch"]))  # with a parent, and the price given


def expected_of_child(has_parent: bool, price: str) -> str:
    order_type, conflict = type_and_conflict(
        **({price: True} if price else {}), from_fill=True, has_parent=has_parent
    )
    return ORDER_TYPES[order_type] if conflict == Conflict.NO_CONFLICT else CONFLICTS[conflict]


def test_fractions_in_columns_of_orders() -> None:
    for has_parent, price in FROM_FILL:
        given: dict[str, Any] = {f"{price}_price": [99.0, -0.5]} if price else {}
        given |= {"parent": [-1, 0 if has_parent else -1], "from_fill": [False, True]}
        try:
            orders = bt.Orders([0, 0], "A", "buy", 1.0, **given)
            found = ORDER_TYPES[int(orders.order_type[1])]
        except bt.OrderError as error:
            found = str(error).removeprefix("orders[1]: ")
        assert found == expected_of_child(has_parent, price), (has_parent, price)


def test_fractions_in_callbacks() -> None:
    class Sends(bt.Strategy):
        def on_start(self, ctx: bt.Context) -> None:
            parent = ctx.buy("A", 1.0)
            for has_parent, price in FROM_FILL:
                given: dict[str, Any] = {price: -0.5} if price else {}
                try:
                    ctx.buy("A", 1.0, **given, parent=parent if has_parent else 0, from_fill=True)
                    outcomes.append("")
                except bt.OrderError as error:
                    outcomes.append(str(error).removeprefix("A: "))

    outcomes: list[str] = []
    sent = iter(bt.run({"A": QUOTES}, Sends).orders["order_type"].tolist()[1:])
    found = [outcome or next(sent) for outcome in outcomes]
    assert found == [expected_of_child(*case) for case in FROM_FILL]


CHILD = np.dtype([("limit", "f8"), ("stop", "f8"), ("touch", "f8"), ("has_parent", "i8")], align=True)


@jit.cfunc(CHILD)
def send_child(own: Any, market: Any, account: Any, out: Any) -> int:
    parent = jit.submit(out, 0, 1, 1.0)
    jit.submit(
        out, 0, 1, 1.0, limit=own.limit, stop=own.stop, touch=own.touch, parent=parent * own.has_parent,
        from_fill=True,
    )  # fmt: skip
    return 0


def test_fractions_in_numba() -> None:
    for has_parent, price in FROM_FILL:
        state = np.zeros(1, CHILD)
        for name in ("limit", "stop", "touch"):
            state[name] = -0.5 if name == price else np.nan
        state["has_parent"] = has_parent
        try:
            result = bt.run({"A": QUOTES}, bt.Compiled(send_child, state, events="start"), progress=False)
            found = str(result.orders["order_type"][1])
        except bt.StrategyError as error:
            found = str(error).partition("OrderError: ")[2]
        assert found == expected_of_child(has_parent, price), (has_parent, price)


def test_a_fraction_of_minus_one_is_refused_in_columns_and_by_numba() -> None:
    with pytest.raises(
        bt.OrderError, match=r"orders\[1\]: stop_price -1.0 is not a fraction of the parent's price"
    ):
        bt.Orders([0, 0], "A", "buy", 1.0, stop_price=[9.0, -1.0], parent=[-1, 0], from_fill=[False, True])
    state = np.array([(np.nan, -1.0, np.nan, 1)], CHILD)
    with pytest.raises(bt.StrategyError, match="a price is not a fraction of the parent's price above -1"):
        bt.run({"A": QUOTES}, bt.Compiled(send_child, state, events="start"), progress=False)
