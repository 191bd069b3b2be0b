"""Strategies without look-ahead pass: built-ins, arrays, callbacks and random scripts."""

from dataclasses import fields

import numpy as np
import pytest
from engines import Case, containers
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lookahead_data import DAY, HOUR, ONE, START, TICKS, YEAR, Follow, ends, honest, markets, rising, sides
from markets import EXAMPLES, cases
from strategy_scripts import Script, scripted

import btcore as bt
from btcore.audit.lookahead import leakcheck
from btcore.strategies import STRATEGIES, check_params, make_handler


@pytest.mark.parametrize("market", list(markets()))
@pytest.mark.parametrize("name", STRATEGIES)
def test_built_ins_pass(name, market):
    data = markets()[market]
    report = leakcheck(data, name, execution=bt.Execution(latency_ms=30, slippage_bps=1), cuts=6)
    assert (report.runs, len(report.cuts), report.remade) == (13, 6, False)
    assert report.orders_checked > 0
    if not STRATEGIES[name].module:
        return  # it is not compiled

    def compiled(source):
        return make_handler(name, check_params(name, {}), len(source))

    report = leakcheck(data, compiled, cuts=6)
    assert (report.runs, report.remade) == (19, True)


class Sender(bt.Strategy):
    """Orders of every lifetime and many types at every bar."""

    def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
        ctx.buy("A", 1, limit=bar.low, time_in_force="DAY")
        ctx.sell("A", 2, time_in_force="CLS")
        ctx.buy("A", 3, time_in_force="OPG")
        ctx.sell("A", 1, trail=0.01 * bar.close)
        ctx.bracket("A", 1, side="buy", take_profit=bar.close * 1.01, stop_loss=bar.close * 0.99)


RULES = {
    "close": {"bar_fill": "close"},
    "closed at the end": {"bar_fill": "close", "close_at_end": True},
    "through": {"limit_fill": "through"},
    "share of the volume": {"volume_share": 0.0001},
}


@pytest.mark.parametrize("market", ["bars", "bid and ask"])
@pytest.mark.parametrize("rule", list(RULES))
def test_rules_of_bars_pass(market, rule):
    if market == "bid and ask" and rule == "share of the volume":
        return  # they have no volume
    data, execution = markets()[market], bt.Execution(**RULES[rule])
    report = leakcheck(data, Sender, cuts=6, execution=execution, calendar="XNYS")
    assert report.orders_checked > 100
    says_so = any("fill at the close on which they are decided" in line for line in report.cautions)
    assert says_so == (execution.bar_fill == "close")
    assert leakcheck(data, honest, cuts=6, execution=execution).fills_checked > 0


def test_the_age_of_quotes_passes():
    class Taker(bt.Strategy):
        def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
            ctx.buy("A", 1, time_in_force="IOC")
            ctx.sell("A", 1)

    execution = bt.Execution(max_quote_age="1s", consume="until_refresh", close_at_end=True, latency_ms=700)
    assert leakcheck(markets()["all kinds"], Taker, cuts=4, execution=execution).orders_checked > 10


def test_bars_beside_quotes_pass():
    class Rester(bt.Strategy):
        def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
            ctx.buy("A", 1, limit=bar.low)
            ctx.sell("A", 1, stop=bar.low)
            ctx.buy("A", 1)

    data = {"A": (markets()["quotes"]["A"], bt.sample_bars("A", *TICKS, "1min"))}
    report = leakcheck(data, Rester, cuts=6, execution=bt.Execution(resting_on="bars"))
    assert report.orders_checked > 50
    assert report.fills_checked > 10


def shifted_by_a_row(data):
    """Yesterday's signal in today's row. Today's bar has begun by then; its prices are not known."""
    bars = data["A"]
    return bt.Orders(bars.timestamp[1:], "A", sides(np.diff(bars.close, prepend=100.0) > 0)[:-1], 1)


def followed(data):
    close = data["A"].close
    return Follow(targets=tuple(np.sign(np.diff(close, prepend=close[0])).tolist()))


def fit_to_the_first_rows(data):
    """No cut is before the first order, so these rows are always there."""
    slope = np.polyfit(np.arange(30), data["A"].close[:30], 1)[0]
    return bt.Orders(ends(data["A"])[30:], "A", "buy", 1.0 + abs(slope))


@pytest.mark.parametrize("make", [honest, shifted_by_a_row, followed, fit_to_the_first_rows])
def test_honest_functions_of_the_data_pass(make):
    report = leakcheck(ONE, make, cuts=40)
    assert report.remade
    assert report.orders_checked > 100
    assert report.fills_checked > 80


class Busy(bt.Strategy):
    """Calls every order method."""

    every: int = 3

    def on_start(self, ctx):
        self.count = 0
        ctx.set_timer(ctx.now + 12 * HOUR)

    def on_bar(self, ctx, bar):
        self.count += 1
        if self.count % self.every == 0:
            self.count = 0
            ctx.buy("A", 1, limit=bar.close * 0.99, oco=self.every)
            ctx.sell("A", 1, stop=bar.close * 0.98, time_in_force="DAY", oco=self.every)
        for order_id in ctx.open_orders()[:1]:
            ctx.amend(order_id, quantity=3)
        for order_id in ctx.open_orders()[4:]:
            ctx.cancel(order_id)
        ctx.log(f"{self.count} at {ctx.now}")

    def on_fill(self, ctx, fill):
        ctx.order_target_percent("A", 0.1)

    def on_timer(self, ctx):
        ctx.buy("A", 1)
        ctx.set_timer(ctx.now + 3 * DAY)

    def on_end(self, ctx):
        ctx.order_target("A", 0)
        ctx.log("the end")


@pytest.mark.parametrize("how", ["class", "instance", "function", "function to a class"])
def test_a_python_strategy_passes(how):
    given = {
        "class": (Busy, {"every": 2}),
        "instance": (Busy(every=2), None),
        "function": (lambda data: Busy(every=2), None),
        "function to a class": (lambda data: Busy, lambda data: {"every": 2}),
    }[how]
    report = leakcheck(ONE, *given, cuts=10, execution=bt.Execution(latency_ms=1000))
    assert report.orders_checked > 100
    assert report.remade == how.startswith("function")


def test_a_strategy_that_fails_in_the_altered_future_passes():
    class Fragile(bt.Strategy):
        def on_bar(self, ctx, bar):
            if not YEAR.low.min() <= bar.close <= YEAR.high.max():
                raise ArithmeticError(bar.close)
            ctx.buy("A", 1)

    assert leakcheck(ONE, Fragile).orders_checked > 100
    assert leakcheck(ONE, lambda data: Fragile()).orders_checked > 100


def test_an_instance_is_not_changed():
    strategy = Busy()
    leakcheck(ONE, strategy)
    assert vars(strategy) == {"every": 3}


@settings(
    max_examples=EXAMPLES // 10, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)  # fmt: skip
@given(cases(), st.integers(0, 3), st.booleans())
def test_random_scripts_on_random_markets_pass(drawn: tuple[Case, Script], seed: int, made: bool):
    """The engine shows no later data, and the check reports no look-ahead where there is none."""
    case, script = drawn
    data = {
        symbol: containers(stream, case.instruments.get(symbol, bt.Instrument()).negative_prices)
        for symbol, stream in case.streams.items()
    }
    options = {
        f.name: getattr(case, f.name) for f in fields(case) if f.name not in ("streams", "sessions", "others")
    }
    maker = scripted(script)(bt.Strategy)
    maker.__module__ = "nowhere"  # without a source file to hash, which would take longer than the run
    try:
        bt.run(data, maker, progress=False, **options)
    except bt.StrategyError:
        return  # the script sends an invalid order
    try:
        leakcheck(data, (lambda _: maker()) if made else maker, cuts=3, seed=seed, **options)
    except bt.DataError as error:
        if "there is no time" not in str(error):  # the data are too short to cut
            raise


def test_a_cancel_waits_for_a_bar_that_has_begun_in_the_shortened_run_too():
    """Otherwise the cancel would free buying power at once, and the hourly order would fill."""

    class Swap(bt.Strategy):
        def on_start(self, ctx):
            self.day = ctx.buy("A", 9, limit=50.0)

        def on_bar(self, ctx, bar):
            if bar.symbol == "B" and bar.timestamp == START + 30 * HOUR:
                ctx.cancel(self.day)
                ctx.buy("B", 1)

    data = {"A": rising(5), "B": rising(120, HOUR)}
    result = bt.run(data, Swap, initial_capital=460.0)
    assert result.orders["reason"].tolist() == ["requested", "buying_power"]
    assert leakcheck(data, Swap, initial_capital=460.0, cuts=30).orders_checked == 2


def test_a_bar_is_not_taken_for_the_last_of_its_session_in_the_shortened_run():
    """At a cut between the two bars of A, an order at the close waits for the second."""

    class AtTheClose(bt.Strategy):
        def on_start(self, ctx):
            ctx.buy("A", 1, time_in_force="CLS")

    hours = rising(20, HOUR)
    apart = [hours.slice(START + a * HOUR, START + (a + 1) * HOUR).columns for a in (2, 15)]
    twice = bt.Bars(**{n: np.concatenate([c[n] for c in apart]) for n in apart[0]}, interval="1h")
    data = {"A": twice, "B": hours}
    assert bt.run(data, AtTheClose).trades["timestamp"].tolist() == [START + 16 * HOUR]
    assert leakcheck(data, AtTheClose, cuts=15).orders_checked == 1
