"""Look-ahead of many kinds is found and named."""

import re
from itertools import pairwise

import numpy as np
import pytest
from lookahead_data import DAY, ONE, SECOND, START, TICKS, YEAR, Follow, ends, honest, sides

import btcore as bt
from btcore.audit.lookahead import LookaheadError, leakcheck
from btcore.times.clock import moment_text

# -- leaks ------------------------------------------------------------------------------------------------


def tomorrows_close(data):
    close = data["A"].close
    return Follow(targets=(*[float(later > now) for now, later in pairwise(close)], 0.0))


def centred_mean(data):
    bars = data["A"]
    mean = np.convolve(bars.close, np.ones(5) / 5, "same")[: len(bars)]
    return bt.Orders(ends(bars), "A", sides(bars.close < mean), 1)


def z_score_of_the_sample(data):
    bars = data["A"]
    z = (bars.close - bars.close.mean()) / bars.close.std()
    rows = np.abs(z) > 1
    return bt.Orders(ends(bars)[rows], "A", sides(z[rows] < 0), 1)


def fit_to_the_sample(data):
    close = data["A"].close
    slope = np.polyfit(np.arange(len(close)), close, 1)[0]
    return Follow(targets=tuple(float(slope * n) for n in range(len(close))))


def own_bar_at_its_open(data):
    bars = data["A"]
    return bt.Orders(bars.timestamp, "A", sides(bars.close > bars.open), 1)


def only_the_quantity(data):
    bars = data["A"]
    size = np.r_[np.abs(np.diff(bars.close)), 1.0] + 1.0
    return bt.Orders(ends(bars), "A", sides(np.arange(len(bars)) % 2 == 0), size)


def only_the_limit(data):
    bars = data["A"]
    return bt.Orders(ends(bars), "A", "buy", 1, limit_price=np.r_[bars.low[1:], 50.0])


LEAKS = [
    tomorrows_close, centred_mean, z_score_of_the_sample, fit_to_the_sample, own_bar_at_its_open,
    only_the_quantity, only_the_limit,
]  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("leak", LEAKS)
def test_a_leak_is_caught(leak, seed):
    with pytest.raises(LookaheadError, match=r"with the future after .*Z (truncated|perturbed)"):
        leakcheck(ONE, leak, seed=seed)


@pytest.mark.parametrize("seed", range(20))
def test_one_cut_catches_the_sign_of_the_next_bar(seed):
    """The next bar is altered twice, once upwards and once downwards."""

    def next_sign(data):
        bars = data["A"]
        return bt.Orders(ends(bars)[:-1], "A", sides(np.diff(bars.close) > 0), 1)

    with pytest.raises(LookaheadError):
        leakcheck(ONE, next_sign, cuts=1, seed=seed)


def test_the_error_names_order_field_values_cut_and_change():
    with pytest.raises(bt.StrategyError) as caught:
        leakcheck(ONE, centred_mean)
    found = re.fullmatch(
        r"order (\d+) sent at (\S+Z): side is (buy|sell), with the future after (\S+Z) "
        r"(?:truncated|perturbed) it is (buy|sell)",
        str(caught.value),
    )
    number, sent_at, was, cut, now = found.groups()
    order = bt.run(ONE, centred_mean(ONE)).orders[int(number) - 1]
    assert (moment_text(int(order["sent_at"])), order["side"]) == (sent_at, was)
    assert {was, now} == {"buy", "sell"}
    assert sent_at <= cut


def test_a_leak_in_the_quantity_alone_is_named_as_such():
    with pytest.raises(LookaheadError, match=r"^order \d+ sent at \S+: quantity is \S+, with"):
        leakcheck(ONE, only_the_quantity)
    with pytest.raises(LookaheadError, match=r"^order \d+ sent at \S+: limit_price is \S+, with"):
        leakcheck(ONE, only_the_limit)


def test_a_fit_of_a_built_ins_parameters_is_caught():
    def best(data):
        trials = {n: bt.run(data, "momentum", {"lookback_period": n}, progress=False) for n in range(2, 12)}
        return {"lookback_period": max(trials, key=lambda n: trials[n].metrics["final_equity"])}

    with pytest.raises(LookaheadError):
        leakcheck(ONE, "momentum", best)
    report = leakcheck(ONE, "momentum", lambda data: {"lookback_period": 5})
    assert report.remade
    assert report.orders_checked > 20


def test_a_leak_that_truncation_hides_is_caught_by_perturbation():
    """Without later rows the strategy uses a default that happens to equal the true value."""

    def peek(data):
        prints = data["A"]
        up = np.r_[prints.price[2:] > prints.price[:-2], True, True]
        return bt.Orders(prints.timestamp, "A", sides(up), 1)

    prints = bt.Trades(START + SECOND * np.arange(50), 100.0 + np.arange(50))
    with pytest.raises(LookaheadError, match="perturbed it is sell"):
        leakcheck({"A": prints}, peek)


def test_a_leak_in_cancels_and_in_amendments_is_caught():
    """The orders are the same; only their cancels and amendments depend on later data."""

    def knows(verb):
        class Knowing(bt.Strategy):
            rises: tuple[bool, ...] = ()

            def on_start(self, ctx):
                self.row = 0

            def on_bar(self, ctx, bar):
                for order_id in ctx.open_orders():
                    if self.rises[self.row]:
                        ctx.cancel(order_id) if verb == "cancel" else ctx.amend(order_id, quantity=2)
                ctx.buy("A", 1, limit=bar.close * 0.99)
                self.row += 1

        return lambda data: Knowing(rises=(*(np.diff(data["A"].close) > 0).tolist(), False))

    with pytest.raises(LookaheadError, match=r"(status|reason|closed_at) is"):
        leakcheck(ONE, knows("cancel"))
    with pytest.raises(LookaheadError, match="quantity is 2"):
        leakcheck(ONE, knows("amend"))


def test_a_leak_that_makes_the_run_fail_is_caught():
    class Reads(bt.Strategy):
        close: tuple[float, ...] = ()

        def on_start(self, ctx):
            self.row = 0

        def on_bar(self, ctx, bar):
            self.row += 1
            if self.row < 250 and self.close[self.row + 1] > 0:
                ctx.buy("A", 1)

    with pytest.raises(
        LookaheadError, match=r"the run succeeds, but with .* it fails: .*IndexError"
    ) as caught:
        leakcheck(ONE, lambda data: Reads(close=tuple(data["A"].close.tolist())))
    assert isinstance(caught.value.__cause__, bt.StrategyError)


def test_a_leak_between_two_events_is_caught_and_its_honest_twin_is_not():
    """Monday's order is sent at midnight, two days after Friday's bar; Tuesday's bar is not known then."""
    weekdays = np.flatnonzero(np.arange(200) % 7 < 5)
    close = 100.0 + np.random.default_rng(3).normal(0, 1, len(weekdays)).cumsum()
    bars = bt.Bars(START + DAY * weekdays, close, close, close, close, interval="1d")

    def mondays(peeks):
        def make(data):
            bars = data["A"]
            first = np.flatnonzero(np.diff(bars.timestamp) > DAY)
            at = bars.timestamp[first + 1]
            past, ahead = bars.close[first], bars.close[first + 1]
            size = ahead if peeks else past
            return bt.Orders(at, "A", "buy", size / 100.0)

        return make

    with pytest.raises(LookaheadError, match="quantity"):
        leakcheck({"A": bars}, mondays(True), initial_capital=1e9, cuts=1)
    report = leakcheck({"A": bars}, mondays(False), cuts=12)
    assert report.orders_checked > 20
    assert not set(report.cuts) <= set(ends(bars).tolist())

    # With compiled code, cuts are at events only.
    report = leakcheck({"A": bars}, lambda data: mondays(False)(data).handler(("A",)), cuts=12)
    assert set(report.cuts) <= set(ends(bars).tolist())


def test_a_leak_in_compiled_code_made_from_data_is_caught():
    with pytest.raises(LookaheadError):
        leakcheck(ONE, lambda data: centred_mean(data).handler(("A",)))
    assert leakcheck(ONE, lambda data: honest(data).handler(("A",))).orders_checked > 100


@pytest.mark.parametrize("kind", ["quotes", "trades"])
def test_a_leak_on_ticks_is_caught(kind):
    ticks = (bt.sample_quotes if kind == "quotes" else bt.sample_trades)("A", *TICKS)

    def shifted(by):
        def make(data):
            price = data["A"].bid if kind == "quotes" else data["A"].price
            up = np.r_[np.zeros(20, bool), price[20:] > price[:-20]]
            rows = np.arange(100, len(price), 7)
            return bt.Orders(data["A"].timestamp[rows], "A", sides(np.roll(up, -by)[rows]), 1)

        return make

    assert leakcheck({"A": ticks}, shifted(0)).fills_checked > 50
    with pytest.raises(LookaheadError):
        leakcheck({"A": ticks}, shifted(1))


def test_data_before_the_start_are_known_and_after_the_end_are_not():
    def by_mean(rows):
        def make(data):
            bars = data["A"]
            mean = bars.close[rows(bars)].mean()
            return bt.Orders(ends(bars), "A", sides(bars.close < mean), 1)

        return make

    dates = {"start": "2024-05-01", "end": "2024-09-01"}
    inside, later = (np.datetime64(date, "ns").astype(np.int64) for date in dates.values())
    report = leakcheck(ONE, by_mean(lambda bars: ends(bars) <= inside), **dates)
    assert report.orders_checked > 80
    assert inside < report.cuts[0] < report.cuts[-1] < later
    with pytest.raises(LookaheadError):
        leakcheck(ONE, by_mean(lambda bars: (ends(bars) <= inside) | (bars.timestamp >= later)), **dates)


@pytest.mark.parametrize("change", ["truncated", "perturbed"])
def test_an_engine_that_shows_later_data_would_be_caught(change, monkeypatch):
    """Even with a strategy that is not a function of the data."""

    def run(data, strategy, params, **options):
        shorter = len(data["A"]) < len(YEAR)
        other = shorter if change == "truncated" else not shorter and data["A"] != YEAR
        return bt.run(data, bt.Orders(ends(YEAR), "A", "sell" if other else "buy", 1), params, **options)

    monkeypatch.setattr("btcore.audit.lookahead.run", run)
    with pytest.raises(LookaheadError, match=f"side is buy, with the future after .* {change} it is sell"):
        leakcheck(ONE, "buy_and_hold")
