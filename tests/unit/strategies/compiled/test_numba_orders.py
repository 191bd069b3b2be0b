"""Orders of every shape from Numba equal the same orders from Python; invalid ones end the run."""

from math import nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba_runs import assert_same, bars, play, quotes

import btcore as bt
from btcore import jit, model
from btcore.rules.order_terms import TIME_IN_FORCE, TRAIL_BY

ORDER = np.dtype(
    [("calls", "i8"), ("child", "i8"), ("symbol", "i8"), ("side", "i8")]
    + [(name, "f8") for name in ("quantity", "limit", "stop", "touch", "trail", "limit_offset")]
    + [(name, "i8") for name in ("trail_by", "time_in_force", "expires", "oco", "post_only", "reduce_only")]
    + [("latency_ms", "f8")],
    align=True,
)


@jit.cfunc(ORDER)
def send(own: Any, market: Any, account: Any, out: Any) -> int:
    own.calls += 1
    if own.calls == 40:
        jit.order_target(account, out, 0, -5.0)
        parent = jit.submit(
            out, own.symbol, own.side, own.quantity, own.limit, own.stop, own.touch, own.trail,
            limit_offset=own.limit_offset, trail_by=own.trail_by, time_in_force=own.time_in_force,
            expires=own.expires, oco=own.oco, post_only=own.post_only, reduce_only=own.reduce_only,
            latency_ms=own.latency_ms,
        )  # fmt: skip
        if own.child:
            jit.submit(out, own.symbol, -own.side, own.quantity, own.limit, parent=parent, oco=7)
            jit.submit(out, own.symbol, -own.side, own.quantity, stop=own.stop, parent=parent, oco=7)
    if own.calls == 150:
        jit.amend(out, 2, quantity=own.quantity + 1.0)
        jit.cancel(out, 1)
    return 0


class Send(bt.Strategy):
    def __init__(self, terms: dict[str, Any], child: bool) -> None:
        self.terms, self.child, self.calls = terms, child, 0

    def on_quote(self, ctx: bt.Context, quote: bt.QuoteEvent) -> None:
        self.calls += 1
        symbol, side, quantity = (self.terms[name] for name in ("symbol", "side", "quantity"))
        if self.calls == 40:
            terms = {n: v for n, v in self.terms.items() if n not in ("symbol", "side", "quantity")}
            ctx.order_target("A", -5.0)
            parent = ctx.send(symbol, side, quantity, **terms)
            if self.child:
                ctx.send(symbol, -side, quantity, limit=terms["limit"], parent=parent, oco=7)
                ctx.send(symbol, -side, quantity, stop=terms["stop"], parent=parent, oco=7)
        if self.calls == 150:
            ctx.amend(2, quantity=quantity + 1.0)
            ctx.cancel(1)


near = st.sampled_from([99.5, 99.9, 100.0, 100.1, 100.5])


SHAPES = [
    (),
    ("limit",),
    ("stop",),
    ("limit", "stop"),
    ("touch",),
    ("touch", "limit"),
    ("trail",),
    ("trail", "stop"),
]


SHAPES += [
    ("trail", "limit_offset"),
    ("touch", "stop"),
    ("trail", "touch"),
    ("limit_offset",),
]  # the last three exclude each other


@st.composite
def order_terms(draw: st.DrawFn) -> dict[str, Any]:
    """Terms of an order, valid in most cases."""
    shape = draw(st.sampled_from(SHAPES[:9] * 3 + SHAPES[9:]))
    force = draw(st.sampled_from(["GTC"] * 4 + list(TIME_IN_FORCE)))
    prices = {name: draw(near) if name in shape else None for name in ("limit", "stop", "touch")}
    seldom = draw(st.integers(0, 9)) == 0
    return {
        "symbol": "A",
        "side": draw(st.sampled_from([1, -1])),
        "quantity": draw(st.sampled_from([0.0, -1.0, nan] if seldom else [1.0, 2.5, 40.0])),
        **prices,
        "trail": draw(st.sampled_from([0.05, 0.5])) if "trail" in shape else None,
        "limit_offset": draw(st.sampled_from([0.0, 0.1])) if "limit_offset" in shape else None,
        "trail_by": draw(st.sampled_from(list(TRAIL_BY))),
        "time_in_force": force,
        "expires": 20 * 10**9 if (force == "GTD") != seldom else None,
        "oco": draw(st.sampled_from([0, 0, 3, -1 if seldom else 3])),
        "post_only": draw(st.integers(0, 3)) == 0,
        "reduce_only": draw(st.integers(0, 3)) == 0,
        "latency_ms": draw(st.sampled_from([None, 0.0, 12.5, -1.0 if seldom else 2000.0])),
    }


def as_state(terms: dict[str, Any], child: bool) -> Any:
    codes = {
        "symbol": 0,
        "trail_by": TRAIL_BY[terms["trail_by"]],
        "time_in_force": TIME_IN_FORCE[terms["time_in_force"]],
        "expires": jit.NEVER if terms["expires"] is None else terms["expires"],
    }
    state = np.zeros(1, ORDER)
    state["child"] = child
    for name, value in {**terms, **codes}.items():
        state[name] = nan if value is None else value
    return state


@settings(max_examples=400, deadline=None)
@given(terms=order_terms(), child=st.booleans())
def test_any_terms_give_the_same_result(terms: dict[str, Any], child: bool) -> None:
    """With any terms both have the same orders and fills, or both have an error."""
    child = child and terms["stop"] is not None
    data = {"A": quotes(5, 400)}
    outcomes = []
    for strategy in (
        Send(terms, child),
        bt.Compiled(send, as_state(terms, child), events="quotes"),
    ):
        try:
            outcomes.append(play(data, strategy))
        except bt.StrategyError as error:
            outcomes.append(type(error))
    python, compiled = outcomes
    if isinstance(python, bt.Result) and isinstance(compiled, bt.Result):
        assert_same(compiled, python)
    else:
        assert python == compiled


FAULTY = np.dtype([("what", "i8"), ("symbol", "i8"), ("quantity", "f8")], align=True)


@jit.cfunc(FAULTY)
def err(own: Any, market: Any, account: Any, out: Any) -> int:
    symbol, quantity = own.symbol, own.quantity
    if own.what == 0:
        jit.buy(out, symbol, quantity)
    if own.what == 1:
        jit.order_target(account, out, symbol, quantity)
    if own.what == 2:
        jit.order_target_percent(market, account, out, symbol, quantity)
    if own.what == 3:
        jit.cancel(out, symbol)
    if own.what == 4:
        jit.amend(out, symbol, quantity)
    if own.what == 5:
        jit.submit(out, 0, 1, 1.0, oco=-1)
    if own.what == 6:
        return symbol
    if own.what == 7:
        jit.position(account, symbol)
    if own.what == 8:
        jit.ticker(market, symbol)
    if own.what == 9:
        jit.order(account, symbol)
    if own.what == 10:
        jit.buy(out, 0, 1.0 / quantity)
    if own.what == 11:
        jit.submit(out, 0, 1, 1.0, trail=1.0, trail_by=3)
    if own.what == 12:
        jit.submit(out, 0, 1, 1.0, time_in_force=7)
    if own.what == 13:
        jit.submit(out, 0, 1, 1.0, post_only=2, reduce_only=1)
    if own.what == 14:
        jit.submit(out, 0, 1, 1.0, parent=1)
    if own.what == 15:
        jit.submit(out, 0, 1, 1.0, latency_ms=-1.0)
    if own.what == 16:
        jit.submit(out, 0, 1, 1.0, stop=1.0, touch=1.0)
    return 0


@pytest.mark.parametrize(
    ("what", "symbol", "quantity", "message"),
    [
        *((what, symbol, 1.0, "a symbol that is not in") for what in (0, 1, 2) for symbol in (-1, 2, 2**32)),
        *((0, 0, quantity, "quantity of an order .* is not a positive number") for quantity in (nan, 0.0)),
        *((what, 0, nan, "a target is not a finite number") for what in (1, 2)),
        (2, 1, 0.5, "no price yet"),
        *((what, order_id, 1.0, "an order|never sent") for what in (3, 4) for order_id in (0, 1, -5)),
        (5, 0, 0.0, "oco is not 0 or a positive group number"),
        (11, 0, 0.0, "trail_by is not one of PRICE, PERCENT, TICKS"),
        (12, 0, 0.0, "time_in_force is not one of GTC, DAY, IOC, FOK, GTD, OPG, CLS"),
        (13, 0, 0.0, "post_only, reduce_only, market_to_limit or from_fill is neither True nor False"),
        (14, 0, 0.0, "parent is neither 0 nor the id of an order that was sent before"),
        (15, 0, 0.0, "latency_ms is not between 0 and 86400000, a day"),
        (16, 0, 0.0, "a stop price and a touch price exclude each other"),
        (6, 3, 0.0, "it returned 3"),
        *((what, symbol, 0.0, "it raised an exception") for what in (7, 8, 9) for symbol in (-1, 2)),
        (10, 0, 0.0, "it raised an exception"),
    ],
)
def test_invalid_calls_end_the_run(what: int, symbol: int, quantity: float, message: str) -> None:
    data = {"A": quotes(1, 100), "B": bars(1, 100)}
    state = np.array([(what, symbol, quantity)], FAULTY)
    with pytest.raises(bt.StrategyError, match=rf"^at 1970-01-01T.*strategy failed: .*({message})"):
        play(data, bt.Compiled(err, state, events="quotes"))


def test_an_order_can_be_looked_at_once_it_is_sent() -> None:
    dtype = np.dtype([("calls", "i8"), ("status", "i8", (5,)), ("filled", "f8")], align=True)

    @jit.cfunc(dtype)
    def follow(own: Any, market: Any, account: Any, out: Any) -> int:
        if own.calls == 0:
            jit.buy(out, 0, 4.0)
        elif own.calls < 5:
            order = jit.order(account, 1)
            own.status[own.calls] = order.known_status
            own.filled = order.filled_qty
        own.calls += 1
        return 0

    player = bt.Compiled(follow, np.zeros(1, dtype), events="quotes").handler()
    play({"A": quotes(1, 50)}, player, execution=bt.Execution(latency_ms=150.0))
    (own,) = player.final_state
    assert own["status"].tolist() == [0, 0, *[int(model.Status.FILLED)] * 3]
    assert own["filled"] == 4.0
