"""`bt.compiled`: equal to a hand-written `jit.cfunc`, with parameters, states of symbols, and in sweeps."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba_runs import assert_same, bars, play, quotes, trades

import btcore as bt
from btcore import jit

OWN = np.dtype([("fast", "f8"), ("slow", "f8"), ("seen", "i8"), ("stance", "i8")], align=True)


@jit.cfunc(OWN)
def by_hand(first: Any, market: Any, account: Any, out: Any) -> int:
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


@bt.compiled(
    events="quotes", rate=0.1, slow_rate=0.01, state={"fast": 0.0, "slow": 0.0, "seen": 0, "stance": 0}
)
def cross(state: Any, event: Any, account: Any) -> None:
    if state.seen == 0:
        state.fast = state.slow = event.mid
    state.seen += 1
    state.fast += state.rate * (event.mid - state.fast)
    state.slow += state.slow_rate * (event.mid - state.slow)
    stance = 1 if state.fast > state.slow else -1
    if state.seen > 50 and stance != state.stance:
        state.stance = stance
        account.order_target_percent(event.symbol, 0.4 * stance)


@pytest.mark.parametrize("symbols", ["A", "AB", "ABC"])
def test_it_equals_a_function_by_hand(symbols: str) -> None:
    data = {symbol: quotes(seed) for seed, symbol in enumerate(symbols)}
    hand = bt.Compiled(by_hand, np.zeros(len(symbols), OWN), events="quotes").handler()
    made = cross.handler(len(symbols))
    expected = play(data, hand)
    assert len(expected.trades) > 20
    assert_same(play(data, made), expected)
    assert_same(play(data, cross), expected)
    assert hand.final_state is not None
    assert made.final_state is not None
    assert (made.final_state[list(OWN.names or ())] == hand.final_state).all()


@bt.compiled(
    fast=5,
    slow=20,
    weight=1.0,
    short=False,
    state=lambda slow, fast: {
        "long_mean": jit.indicator("sma", slow),
        "mean": jit.indicator("sma", fast),
        "stance": 0,
    },
)
def averages(state: Any, event: Any, account: Any) -> None:
    """Two means, whose states have lengths that follow from the parameters."""
    fast = jit.update(state.mean, event.close)
    slow = jit.update(state.long_mean, event.close)
    if np.isnan(slow) or abs(fast - slow) <= 1e-12 * slow:  # equal up to rounding, as in ma_crossover
        return
    stance = 1 if fast > slow else (-1 if state.short else 0)
    if stance != state.stance:
        state.stance = stance
        account.order_target_percent(event.symbol, state.weight * stance)


GRID: dict[str, Any] = {"fast": [3, 5, 9], "slow": [20, 50], "short": [False, True]}


def test_a_sweep_equals_runs_and_the_built_in() -> None:
    data = {"A": bars(1)}
    swept = bt.sweep(data, averages, GRID, progress=False)
    names = {"fast": "short_period", "slow": "long_period", "short": "allow_short"}
    built_in = bt.sweep(data, "ma_crossover", {names[k]: v for k, v in GRID.items()}, progress=False)
    assert len(swept) == 12
    assert len(swept.refused) == 0
    assert swept.table.tobytes() == built_in.table.tobytes()
    params = {"fast": 9, "slow": 50, "short": True}
    run = bt.run(data, averages, params, progress=False)
    assert repr(swept.run(11).metrics) == repr(run.metrics)
    assert_same(bt.run(data, averages(fast=9, slow=50, short=True), progress=False), run)


def test_a_sweep_does_not_compile_again() -> None:
    assert averages(slow=77).function is averages.function


def test_parameters_are_checked() -> None:
    data = {"A": bars(1, 100)}
    for params, message in [
        (
            {"fats": 3},
            r"strategy.params.fats: averages has no such parameter; it has fast, slow, weight, short",
        ),
        ({"fast": 3.5}, r"strategy.params.fast: 3.5 is not a whole number, as its default 5 is"),
        ({"fast": True}, r"strategy.params.fast: True is not a whole number"),
        ({"short": 1}, r"strategy.params.short: 1 is not True or False, as its default False is"),
        ({"weight": "1"}, r"strategy.params.weight: '1' is not a number"),
        ({"fast": 2**63}, r"strategy.params.fast: 9223372036854775808 does not fit into 64 bits"),
        ({"fast": 0}, r"sma\.period"),
    ]:
        with pytest.raises(bt.ConfigError, match=message):
            bt.run(data, averages, params)
    assert averages(weight=1).params["weight"] == 1.0
    with pytest.raises(
        bt.ConfigError,
        match=r"params.fats: the strategy has no such parameter \(did you mean 'fast'\?\), only fast",
    ):
        bt.sweep(data, averages, {"fats": [3]})
    swept = bt.sweep(data, averages, {"fast": [0, 3]}, progress=False)
    assert len(swept) == 1
    assert "sma.period" in swept.refused[0].reason


def test_the_manifest_has_parameters_and_a_run_is_repeated_with_them() -> None:
    data = {"A": bars(1)}
    one, other = (bt.run(data, averages, {"slow": n}, progress=False) for n in (30, 40))
    described = one.manifest["run"]["strategy"]
    assert described["kind"] == "compiled"
    assert described["params"] == {"fast": 5, "slow": 30, "weight": 1.0, "short": False}
    assert described["name"] == f"{__name__}.averages"
    assert one.fingerprint != other.fingerprint
    assert bt.run(data, averages(slow=30), progress=False).fingerprint == one.fingerprint
    assert bt.replay(one, data, strategy=averages).is_equal


def test_each_symbol_has_a_state_or_all_share_one() -> None:
    def count(state: Any, event: Any, account: Any) -> None:
        state.calls += 1
        state.seen[event.symbol] += event.close

    data = {"A": bars(1, 100), "B": bars(2, 100)}
    sums = [bars(seed, 100).close.cumsum()[-1] for seed in (1, 2)]
    apart = bt.compiled(state={"calls": 0, "seen": np.zeros(2)})(count).handler(2)
    play(data, apart)
    assert apart.final_state is not None
    assert apart.final_state["calls"].tolist() == [100, 100]
    assert apart.final_state["seen"].tolist() == [[sums[0], 0.0], [0.0, sums[1]]]
    shared = bt.compiled(state={"calls": 0, "seen": np.zeros(2)}, shared=True)(count).handler(2)
    play(data, shared)
    assert shared.final_state is not None
    assert shared.final_state["calls"].tolist() == [200]
    assert shared.final_state["seen"].tolist() == [sums]


def test_the_end_and_timers_have_the_state_of_the_first_symbol() -> None:
    @bt.compiled(events=["start", "bars", "end"], state={"bars": 0, "others": 0})
    def count(state: Any, event: Any, account: Any) -> None:
        if event.kind == jit.BAR:
            state.bars += 1
            return
        state.others += 1
        if event.kind == jit.START:
            account.set_timer(50 * 10**9)

    player = count.handler(2)
    play({"A": bars(1, 100), "B": bars(2, 200)}, player)
    assert player.final_state is not None
    assert player.final_state["bars"].tolist() == [100, 200]
    assert player.final_state["others"].tolist() == [3, 0]


@pytest.mark.parametrize("name", ["price", "order_id", "quantity"])
def test_a_field_of_fills_at_another_event_ends_the_run(name: str) -> None:
    scope: dict[str, Any] = {}
    exec(f"def reads(state, event, account):\n    state.seen = 1.0 * event.{name}", scope)
    reads = bt.compiled(events=["bars", "fills"], state={"seen": 0.0})(scope["reads"])
    with pytest.raises(bt.StrategyError, match=r"it raised an exception"):
        play({"A": bars(1, 10)}, reads)


def test_a_handler_of_too_few_symbols_is_an_error() -> None:
    with pytest.raises(bt.StrategyError, match=r"made for fewer symbols than the run has"):
        play({"A": quotes(1), "B": quotes(2)}, cross.handler())


def test_an_index_beyond_an_array_is_an_error() -> None:
    @bt.compiled(state={"seen": np.zeros(3), "n": 0})
    def beyond(state: Any, event: Any, account: Any) -> None:
        state.seen[state.n] = event.close
        state.n += 1

    with pytest.raises(bt.StrategyError, match=r"it raised an exception"):
        play({"A": bars(1, 10)}, beyond)


NAMES = ["kind", "now", "equity", "cash", "position", "mark"]


@bt.compiled(
    events=["start", "quotes", "trades", "bars", "fills", "end"],
    state={"rows": 0, "seen": np.zeros(400 * 12)},
)
def look(state: Any, event: Any, account: Any) -> None:
    row = state.seen[12 * state.rows : 12 * state.rows + 12]
    state.rows += 1
    row[0], row[1], row[2], row[3] = event.kind, event.now, account.equity, account.cash
    row[4], row[5] = account.position(0), account.mark(0)
    if event.kind == jit.QUOTE:
        row[6], row[7], row[8], row[9] = event.timestamp, event.bid, event.ask, event.bid_size
        row[10], row[11] = event.ask_size, event.mid
    if event.kind == jit.TRADE:
        row[6], row[7], row[8], row[9] = event.timestamp, event.price, event.size, event.side
    if event.kind == jit.BAR:
        row[6], row[7], row[8], row[9] = event.timestamp, event.open, event.high, event.low
        row[10], row[11] = event.close, event.volume
    if event.kind == jit.FILL:
        row[6], row[7], row[8], row[9] = event.timestamp, event.order_id, event.side, event.quantity
        row[10], row[11] = event.price, event.commission
    if event.kind == jit.START:
        account.buy(0, 3.0)
        account.set_timer(7 * 10**9 + 5)
    if event.kind == jit.TIMER:
        account.sell(0, 1.0)


class Look(bt.Strategy):
    """What `look` writes down."""

    def on_start(self, ctx: bt.Context) -> None:
        self.seen: list[list[float]] = []
        self.see(ctx, 5)
        ctx.buy("A", 3.0)
        ctx.set_timer(7 * 10**9 + 5)

    def see(self, ctx: bt.Context, kind: int, *values: float) -> None:
        known = (kind, ctx.now, ctx.equity, ctx.cash, ctx.position("A"), ctx.mark("A"))
        self.seen.append([*map(float, known), *map(float, values), *[0.0] * (6 - len(values))])

    def on_quote(self, ctx: bt.Context, q: bt.QuoteEvent) -> None:
        self.see(ctx, 0, q.timestamp, q.bid, q.ask, q.bid_size, q.ask_size, q.mid)

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


def test_every_field_is_that_of_callbacks() -> None:
    data = {"A": (quotes(1, 100), trades(2, 20), bars(3, 20))}
    player = look.handler()
    python = play(data, Look())
    assert_same(play(data, player), python)
    assert player.final_state is not None
    (own,) = player.final_state
    assert {row[0] for row in python.strategy.seen} == set(range(7))
    np.testing.assert_array_equal(own["seen"].reshape(-1, 12)[: own["rows"]], python.strategy.seen)


@bt.compiled(events=["quotes", "fills"], state={"n": 0, "last": 0})
def orders(state: Any, event: Any, account: Any) -> None:
    if event.kind == jit.FILL:
        return
    state.n += 1
    n = state.n % 9
    if n == 1:
        state.last = account.send(
            event.symbol, "buy", 5, limit=event.bid - 0.05, time_in_force="DAY", post_only=True
        )
    elif n == 2:
        account.amend(state.last, limit=event.bid)
    elif n == 3:
        account.send(event.symbol, "sell", 2, trail=1.0, trail_by="percent")
    elif n == 4:
        account.cancel(state.last)
    elif n == 5:
        account.send(event.symbol, -1, 1.0, touch=event.ask + 0.02, oco=3)
    elif n == 6:
        account.order_target(event.symbol, 4.0)
    elif n == 7:
        account.buy(event.symbol, 1, stop=event.ask + 0.01)
    elif n == 8 and account.average_price(event.symbol) > 0.0:
        account.close(event.symbol)


class Orders(bt.Strategy):
    """The orders of `orders`."""

    def on_start(self, ctx: bt.Context) -> None:
        self.n, self.last = 0, 0

    def on_fill(self, ctx: bt.Context, fill: bt.FillEvent) -> None:
        pass

    def on_quote(self, ctx: bt.Context, q: bt.QuoteEvent) -> None:
        self.n += 1
        match self.n % 9:
            case 1:
                self.last = ctx.buy("A", 5, limit=q.bid - 0.05, time_in_force="DAY", post_only=True)
            case 2:
                ctx.amend(self.last, limit=q.bid)
            case 3:
                ctx.sell("A", 2, trail=1.0, trail_by="percent")
            case 4:
                ctx.cancel(self.last)
            case 5:
                ctx.sell("A", 1.0, touch=q.ask + 0.02, oco=3)
            case 6:
                ctx.order_target("A", 4.0)
            case 7:
                ctx.buy("A", 1, stop=q.ask + 0.01)
            case 8 if ctx.average_price("A") > 0.0:
                ctx.close("A")


def test_every_order_is_that_of_callbacks() -> None:
    data = {"A": quotes(4, 1000)}
    expected = play(data, Orders())
    assert len(set(expected.orders["order_type"])) >= 5
    assert len(expected.trades) > 100
    assert_same(play(data, orders), expected)


def test_a_call_that_is_invalid_ends_the_run() -> None:
    @bt.compiled
    def bad(state: Any, event: Any, account: Any) -> None:
        account.buy(event.symbol, -1.0)

    with pytest.raises(bt.StrategyError, match=r"quantity of an order .* is not a positive number"):
        play({"A": bars(1, 10)}, bad)


def test_leakcheck_plays_it_with_its_parameters() -> None:
    data = {"A": bars(1, 400)}
    for params in (None, {"fast": 3}):
        report = bt.leakcheck(data, averages, params, cuts=3)
        assert report.orders_checked > 5
        assert not report.remade


def test_without_numba_the_error_names_the_extra() -> None:
    script = (
        "import sys; sys.modules['numba'] = None\n"
        "import btcore as bt\n"
        "try:\n"
        "    bt.compiled(lambda state, event, account: None)\n"
        "except ModuleNotFoundError as error:\n"
        "    print(error, error.name)\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "numba is not installed: pip install 'btcore[numba]' numba"


def test_the_page_lists_every_field_and_method() -> None:
    from btcore.strategies.compiled.numba_views import ALWAYS, FIELDS, METHODS, MONEY

    page = (Path(__file__).parents[4] / "docs" / "strategies.md").read_text()
    rows = dict(re.findall(r"^\| (`?[^|]+?) \| (.+) \|$", page[page.index("| argument | fields") :], re.M))
    listed = {name: re.findall(r"`(\w+)", text) for name, text in rows.items()}
    assert [name for name in listed["`event`, always"] if name not in {"jit", "btcore"}] == list(ALWAYS)
    for kind, fields in FIELDS.items():
        assert listed[f"of {kind}"] == list(fields)
    assert {*listed["`account`"], *listed["its orders"]} - {"Context"} == {*MONEY, *METHODS}
