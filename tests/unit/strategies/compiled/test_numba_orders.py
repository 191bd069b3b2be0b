"""A strategy in Numba does what the same strategy does in Python, bit for bit."""

from math import nan
from threading import Thread
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import btcore as bt
from btcore import jit, model
from btcore.rules.order_terms import TIME_IN_FORCE, TRAIL_BY

N = 4000
TERMS = bt.Execution(slippage_bps=0.5, commission_bps=0.3, latency_ms=40.0, response_latency_ms=30.0)


def quotes(seed: int, n: int = N) -> bt.Quotes:
    rng = np.random.default_rng(seed)
    mid = np.round(100.0 * np.exp(np.cumsum(rng.normal(0.0, 2e-4, n))), 3)
    size = rng.integers(1, 50, n).astype(float)
    return bt.Quotes(np.arange(n) * 10**8 + seed, mid - 0.005, mid + 0.005, size, size[::-1].copy())


def bars(seed: int, n: int = N) -> bt.Bars:
    rng = np.random.default_rng(seed)
    close = np.round(50.0 * np.exp(np.cumsum(rng.normal(0.0, 2e-3, n))), 2)
    opening = np.concatenate([close[:1], close[:-1]])
    high, low = np.maximum(opening, close) + 0.01, np.minimum(opening, close) - 0.01
    return bt.Bars(np.arange(n) * 10**9, opening, high, low, close, np.full(n, 10.0), interval="1s")


def trades(seed: int, n: int = N) -> bt.Trades:
    rng = np.random.default_rng(seed)
    return bt.Trades(
        np.arange(n) * 10**9,
        np.round(20.0 + rng.normal(0.0, 0.2, n).cumsum() / 50.0, 2),
        rng.integers(1, 9, n),
    )


def play(data: Any, strategy: Any, params: Any = None, **options: Any) -> bt.Result:
    return bt.run(data, strategy, params, progress=False, **{"execution": TERMS, **options})


def assert_same(one: bt.Result, other: bt.Result) -> None:
    """Every table to the last bit, and metrics that are no less the same."""
    for name in ("equity_curve", "trades", "orders", "exposures", "round_trips"):
        a, b = getattr(one, name), getattr(other, name)
        assert a.dtype == b.dtype
        assert a.tobytes() == b.tobytes(), name
    assert repr(one.metrics) == repr(other.metrics)


# -- two moving averages, of as many symbols as there are ----------------------------------------------------

EMA = np.dtype([("fast", "f8"), ("slow", "f8"), ("seen", "i8"), ("stance", "i8")], align=True)


@jit.cfunc(EMA)
def cross(first: Any, market: Any, account: Any, out: Any) -> int:
    own = jit.at(first, market.symbol)
    px = jit.mid(market)
    if own.seen == 0:
        own.fast = own.slow = px
    own.seen += 1
    own.fast += 0.1 * (px - own.fast)
    own.slow += 0.01 * (px - own.slow)
    stance = 1 if own.fast > own.slow else -1
    if own.seen > 50 and stance != own.stance:
        own.stance = stance
        jit.order_target_percent(market, account, out, market.symbol, 0.4 * stance)
    return 0


class Cross(bt.Strategy):
    def on_start(self, ctx: bt.Context) -> None:
        self.own = {symbol: [0.0, 0.0, 0, 0] for symbol in ctx.symbols}

    def on_quote(self, ctx: bt.Context, quote: bt.QuoteEvent) -> None:
        fast, slow, seen, stance = self.own[quote.symbol]
        px = 0.5 * (quote.bid + quote.ask)
        if seen == 0:
            fast = slow = px
        fast += 0.1 * (px - fast)
        slow += 0.01 * (px - slow)
        now = 1 if fast > slow else -1
        if seen + 1 > 50 and now != stance:
            stance = now
            ctx.order_target_percent(quote.symbol, 0.4 * stance)
        self.own[quote.symbol] = [fast, slow, seen + 1, stance]


@pytest.mark.parametrize("symbols", ["A", "AB", "ABC"])
def test_a_cross_is_the_same_in_both(symbols: str) -> None:
    data = {symbol: quotes(seed) for seed, symbol in enumerate(symbols)}
    python = Cross()
    compiled = bt.Compiled(cross, np.zeros(len(symbols), EMA), events="quotes")
    player = compiled.handler()
    result = play(data, python)
    assert len(result.trades) > 20
    assert_same(play(data, player), result)
    assert [tuple(row) for row in player.final_state] == [tuple(own) for own in python.own.values()]


def test_one_object_plays_any_number_of_runs() -> None:
    compiled = bt.Compiled(cross, np.zeros(1, EMA), events=["quotes"])
    first, second = play({"A": quotes(1)}, compiled), play({"A": quotes(1)}, compiled)
    assert_same(first, second)
    assert first.fingerprint == second.fingerprint
    assert compiled.state["seen"] == 0
    player = compiled.handler()
    play({"A": quotes(1)}, player)
    with pytest.raises(bt.ConfigError, match="has already been used for a run"):
        play({"A": quotes(1)}, player)


def test_runs_in_threads_do_not_mix() -> None:
    compiled = bt.Compiled(cross, np.zeros(1, EMA), events="quotes")
    markets = [{"A": quotes(seed)} for seed in range(6)]
    alone = [play(data, compiled) for data in markets]
    found: dict[int, bt.Result] = {}

    def work(i: int) -> None:
        found[i] = play(markets[i], compiled)

    threads = [Thread(target=work, args=(i,)) for i in range(len(markets))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i, result in enumerate(alone):
        assert_same(found[i], result)


# -- market and account data ---------------------------------------------------------------------------------

SEEN = np.dtype([("rows", "i8"), ("seen", "f8", (400, 12))], align=True)


@jit.cfunc(SEEN)
def look(own: Any, market: Any, account: Any, out: Any) -> int:
    row = own.seen[own.rows]
    own.rows += 1
    row[0], row[1] = market.kind, market.now
    row[2], row[3], row[4] = jit.equity(account), account.cash, jit.position(account, 0)
    row[5] = jit.holding(account, 0).mark
    if market.kind == jit.QUOTE:
        newest = jit.quote(market)
        row[6], row[7], row[8] = newest.ts, jit.bid(market), jit.ask(market)
        row[9], row[10] = newest.bid_qty, newest.ask_qty
    if market.kind == jit.TRADE:
        newest = jit.trade(market)
        row[6], row[7], row[8], row[9] = newest.ts, newest.px, newest.qty, newest.side
    if market.kind == jit.BAR:
        newest = jit.ticker(market, 0).bar
        row[6], row[7], row[8], row[9] = newest.ts, newest.open, newest.high, newest.low
        row[10], row[11] = jit.bar(market).close, newest.volume
    if market.kind == jit.FILL:
        told = jit.fill(market)
        row[6], row[7], row[8], row[9] = told.ts, told.order_id, told.side, told.last_qty
        row[10], row[11] = told.last_px, told.commission
    if market.kind == jit.START:
        jit.buy(out, 0, 3.0)
        jit.set_timer(out, 7 * 10**9 + 5)
    if market.kind == jit.TIMER:
        jit.sell(out, 0, 1.0)
    return 0


class Look(bt.Strategy):
    """What `look` writes down, by Python's names."""

    def on_start(self, ctx: bt.Context) -> None:
        self.seen: list[list[float]] = []
        self.see(ctx, 5)
        ctx.buy("A", 3.0)
        ctx.set_timer(7 * 10**9 + 5)

    def see(self, ctx: bt.Context, kind: int, *values: float) -> None:
        mark = ctx.mark("A")
        known = (kind, ctx.now, ctx.equity, ctx.cash, ctx.position("A"), 0.0 if np.isnan(mark) else mark)
        self.seen.append([*map(float, known), *map(float, values), *[0.0] * (6 - len(values))])

    def on_quote(self, ctx: bt.Context, q: bt.QuoteEvent) -> None:
        self.see(ctx, 0, q.timestamp, q.bid, q.ask, q.bid_size, q.ask_size)

    def on_trade(self, ctx: bt.Context, t: bt.TradeEvent) -> None:
        self.see(ctx, 1, t.timestamp, t.price, t.size, t.side)

    def on_bar(self, ctx: bt.Context, b: bt.BarEvent) -> None:
        self.see(ctx, 2, b.timestamp, b.open, b.high, b.low, b.close, b.volume)

    def on_fill(self, ctx: bt.Context, f: bt.FillEvent) -> None:
        self.see(ctx, 3, f.timestamp, f.order_id, f.side, f.quantity, f.price, f.commission)

    def on_timer(self, ctx: bt.Context) -> None:
        self.see(ctx, 4)
        ctx.sell("A", 1.0)

    def on_end(self, ctx: bt.Context) -> None:
        self.see(ctx, 6)


def test_both_read_the_same_data() -> None:
    data = {"A": (quotes(1, 100), trades(2, 20), bars(3, 20))}
    python = Look()
    events = ["start", "quotes", "trades", "bars", "fills", "end"]
    player = bt.Compiled(look, np.zeros(1, SEEN), events=events).handler()
    assert_same(play(data, player), play(data, python))
    (own,) = player.final_state
    assert {row[0] for row in python.seen} == set(range(7))
    np.testing.assert_array_equal(own["seen"][: own["rows"]], python.seen)


@pytest.mark.parametrize("name", ["quotes", "trades", "bars", "fills", "start", "end"])
def test_only_the_chosen_events_arrive(name: str) -> None:
    data = {"A": (quotes(1, 100), trades(2, 20), bars(3, 20))}
    player = bt.Compiled(look, np.zeros(1, SEEN), events=[name]).handler()
    play(data, player)
    (own,) = player.final_state
    kinds = own["seen"][: own["rows"], 0]
    expected = ["quotes", "trades", "bars", "fills", "timer", "start", "end"].index(name)
    if name == "start":  # it sets the timer
        assert kinds.tolist() == [jit.START, jit.TIMER]
    elif name == "fills":
        assert kinds.tolist() == []  # nothing was ever sent
    else:
        assert set(kinds.tolist()) == {expected}


# -- order terms ---------------------------------------------------------------------------------------------

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
def asked(draw: st.DrawFn) -> dict[str, Any]:
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
@given(terms=asked(), child=st.booleans())
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


# -- what goes wrong -----------------------------------------------------------------------------------------

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
        (13, 0, 0.0, "post_only and reduce_only are not both True or False"),
        (14, 0, 0.0, "parent is not the id of an order that was sent before"),
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
            told = jit.order(account, 1)
            own.status[own.calls] = told.known_status
            own.filled = told.filled_qty
        own.calls += 1
        return 0

    player = bt.Compiled(follow, np.zeros(1, dtype), events="quotes").handler()
    play({"A": quotes(1, 50)}, player, execution=bt.Execution(latency_ms=150.0))
    (own,) = player.final_state
    assert own["status"].tolist() == [0, 0, *[int(model.Status.FILLED)] * 3]
    assert own["filled"] == 4.0
