"""The same strategy in Numba and in Python receives the same events and has the same results, bit for bit."""

from threading import Thread
from typing import Any

import numpy as np
import pytest
from numba_runs import assert_same, bars, play, quotes, trades

import btcore as bt
from btcore import jit

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
    compiled = bt.Compiled(cross, np.zeros(len(symbols), EMA), events="quotes")
    player = compiled.handler()
    result = play(data, Cross())
    assert len(result.trades) > 20
    assert_same(play(data, player), result)
    assert [tuple(row) for row in player.final_state] == [tuple(own) for own in result.strategy.own.values()]


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
        fill = jit.fill(market)
        row[6], row[7], row[8], row[9] = fill.ts, fill.order_id, fill.side, fill.last_qty
        row[10], row[11] = fill.last_px, fill.commission
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
    events = ["start", "quotes", "trades", "bars", "fills", "end"]
    player = bt.Compiled(look, np.zeros(1, SEEN), events=events).handler()
    python = play(data, Look())
    assert_same(play(data, player), python)
    (own,) = player.final_state
    assert {row[0] for row in python.strategy.seen} == set(range(7))
    np.testing.assert_array_equal(own["seen"][: own["rows"]], python.strategy.seen)


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


SLOW = np.dtype([("sum", "f8"), ("seen", "i8")], align=True)


@jit.cfunc(SLOW)
def by_others(own: Any, market: Any, account: Any, out: Any) -> int:
    if market.kind == jit.OTHER_BAR:
        other = jit.other_bar(market)
        own.seen += 1
        own.sum += other.bar.close * (1 + other.resolution) + (other.end - other.bar.ts)
        jit.submit(out, other.symbol, 1 if own.seen % 2 else -1, 10.0 + other.resolution)
    return 0


class ByOthers(bt.Strategy):
    def on_start(self, ctx: bt.Context) -> None:
        self.seen, self.sum = 0, 0.0

    def on_other_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
        number = ("5s", "7 ticks").index(bar.resolution)
        self.seen += 1
        self.sum += bar.close * (1 + number) + (ctx.now - bar.timestamp)
        ctx.send(bar.symbol, 1 if self.seen % 2 else -1, 10.0 + number)


def test_bars_of_other_resolutions_are_the_same_in_both() -> None:
    data, built = {"A": trades(1), "B": trades(2)}, ["5s", "7 ticks"]
    player = bt.Compiled(by_others, np.zeros(1, SLOW), events="other_bars").handler()
    result = play(data, ByOthers(), build_bars=built)
    assert len(result.trades) > 500
    assert_same(play(data, player, build_bars=built), result)
    assert player.final_state[0].item() == (result.strategy.sum, result.strategy.seen)
    bars_ = {"A": (bars(1), bt.resample(bars(1), "10s"))}
    one = play(bars_, bt.Compiled(by_others, np.zeros(1, SLOW), events="other_bars"))
    assert len(one.trades) == 399


@bt.compiled(events=["bars", "other_bars"], state={"sum": 0.0, "seen": 0})
def both(state: Any, event: Any, account: Any) -> None:
    if event.kind == jit.OTHER_BAR:
        state.seen += 1
        state.sum += event.close * (1 + event.resolution)
        account.order_target(event.symbol, 10.0 if state.seen % 2 else -10.0)
    elif event.close < 1.0:
        account.order_target(event.symbol, 0.0)


class Both(bt.Strategy):
    seen = 0

    def on_other_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
        self.seen += 1
        ctx.order_target(bar.symbol, 10.0 if self.seen % 2 else -10.0)


def test_a_plain_function_has_the_fields_of_bars_of_other_resolutions() -> None:
    data = {"A": (bars(1), bt.resample(bars(1), "10s"))}
    result = play(data, Both())
    assert len(result.trades) > 300
    assert_same(play(data, both), result)
